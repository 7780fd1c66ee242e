// One value of IndexedDB, for engines that leave keeping what they save to their users.

const request = (asked) => new Promise((resolve, reject) => {
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

async function inStore(mode, use) {
  const asked = indexedDB.open('saved', 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore('values');
  const database = await request(asked);
  try {
    const transaction = database.transaction('values', mode);
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
    });
    const result = await request(use(transaction.objectStore('values')));
    await done;
    return result;
  } finally { database.close(); }
}

export const putValue = (value) => inStore('readwrite', (store) => store.put(value, 'index'));
export const getValue = () => inStore('readonly', (store) => store.get('index'));
