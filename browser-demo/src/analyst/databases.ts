/** Which of two databases is the analyst's. Another one is made beside it, and takes its place in one step, when it is whole. */
const NAMES = ['vectile-analyst', 'vectile-analyst-2'] as const;
const POINTER = 'vectile-analyst-current';

export async function currentName(): Promise<string> {
  return inPointer('readonly', (rows) => rows.get(0)).then((name) => (NAMES.find((known) => known === name) ?? NAMES[0]));
}

export async function setCurrentName(name: string): Promise<void> {
  await inPointer('readwrite', (rows) => rows.put(name, 0));
}

export const otherName = (name: string): string => NAMES.find((other) => other !== name)!;

/** Where accounts are that were moved away. */
export const archiveName = (name: string): string => `${name}-archive`;

export async function deleteDatabases(name: string): Promise<void> {
  await Promise.all([name, archiveName(name)].map((each) => promiseOf(indexedDB.deleteDatabase(each))));
}

async function inPointer(mode: IDBTransactionMode, use: (rows: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const opening = indexedDB.open(POINTER);
  opening.onupgradeneeded = () => opening.result.createObjectStore('name');
  const database = await promiseOf(opening);
  try {
    const tx = database.transaction('name', mode, { durability: 'strict' });
    const done = new Promise<void>((resolve, reject) => {
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(tx.error);
    });
    const [result] = await Promise.all([promiseOf(use(tx.objectStore('name'))), done]);
    return result;
  } finally {
    database.close();
  }
}

function promiseOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
