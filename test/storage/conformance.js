/**
 * What every store must do (ts/storage/storage.ts), as a list of named cases for any runtime: nothing is imported here, and a case
 * throws if it does not hold. `make()` gives a new, empty place; a place can be opened, closed and opened again.
 */

export const cases = [];
const add = (name, run) => cases.push({ name, run });

/** A case with a store opened for writing, and closed in the end. */
const addOpened = (name, run) => add(name, async (make) => {
  const place = await make();
  const store = await place.open({ readOnly: false });
  try {
    await run(store, place);
  } finally {
    await store.close();
  }
});

// —— Logs ————————————————————————————————————————————————————————————————————————————

addOpened('a log that is not there is empty and starts at record 1', async (store) => {
  const log = await store.log('logs/a');
  equal(log.nextSeq, 1);
  equal(log.bytes, 0);
  equal(await entriesOf(log, 1), []);
  await log.close();
});

addOpened('records are numbered densely from 1, and read as they were appended', async (store) => {
  const log = await store.log('logs/a');
  await log.append([bytes(1), bytes(2, 3)], 1, 'sync');
  equal(log.nextSeq, 3);
  await log.append([bytes()], 3, 'flush');
  await log.append([bytes(4)], 4, 'none');
  equal(log.nextSeq, 5);
  equal(await entriesOf(log, 1), [[1, [[1], [2, 3]]], [3, [[]]], [4, [[4]]]]);
  equal(log.bytes > 0, true);
  await log.close();
});

addOpened('to append nothing is to do nothing', async (store) => {
  const log = await store.log('logs/a');
  await log.append([], 1, 'sync');
  equal(log.nextSeq, 1);
  equal(await entriesOf(log, 1), []);
  await log.close();
});

addOpened('an append after another record than the last is refused, and changes nothing', async (store) => {
  const log = await store.log('logs/a');
  await log.append([bytes(1)], 1, 'sync');
  for (const expected of [0, 1, 3]) await rejects('LOG_CONFLICT', () => log.append([bytes(2)], expected, 'sync'));
  equal(log.nextSeq, 2);
  await log.append([bytes(3)], 2, 'sync');
  equal(await entriesOf(log, 1), [[1, [[1]]], [2, [[3]]]]);
  await log.close();
});

addOpened('a log is read from the entry that holds a record', async (store) => {
  const log = await store.log('logs/a');
  for (let seq = 1; seq <= 30; seq += 3) await log.append([bytes(seq), bytes(seq + 1), bytes(seq + 2)], seq, 'flush');
  for (const from of [1, 2, 14, 28, 30]) {
    const entries = await entriesOf(log, from);
    const first = from - ((from - 1) % 3);
    equal(entries[0], [first, [[first], [first + 1], [first + 2]]]);
    equal(entries.length, (31 - first) / 3);
  }
  equal(await entriesOf(log, 31), []);
  await log.close();
});

addOpened('records are copied', async (store) => {
  const log = await store.log('logs/a');
  const record = bytes(1, 2);
  await log.append([record], 1, 'none');
  record.fill(9);
  const [entry] = await collect(log.read(1));
  equal([...entry.records[0]], [1, 2]);
  entry.records[0].fill(7);
  equal(await entriesOf(log, 1), [[1, [[1, 2]]]]);
  await log.close();
});

for (const durability of ['sync', 'flush', 'none']) {
  add(`what was appended with ${durability} is there when the store is opened again`, async (make) => {
    const place = await make();
    await opened(place, async (store) => {
      const log = await store.log('logs/a');
      for (let seq = 1; seq <= 20; seq++) await log.append([bytes(seq, 0, 0)], seq, durability);
      await log.close();
    });
    await opened(place, async (store) => {
      const log = await store.log('logs/a');
      equal(log.nextSeq, 21);
      await log.append([bytes(21)], 21, durability);
      await log.sync();
      equal((await entriesOf(log, 1)).map(([seq]) => seq), Array.from({ length: 21 }, (_, i) => i + 1));
      await log.close();
    });
  });
}

addOpened('a record of 5 MB, and many in one append', async (store) => {
  const log = await store.log('logs/a');
  const big = pattern(5 << 20, 1);
  await log.append([big], 1, 'sync');
  const many = Array.from({ length: 20_000 }, (_, i) => bytes(i & 255, i >> 8));
  await log.append(many, 2, 'sync');
  equal(log.nextSeq, 20_002);
  await log.close();
  const again = await store.log('logs/a');
  equal(again.nextSeq, 20_002);
  const entries = await collect(again.read(1));
  equal(entries.length, 2);
  equal(isSame(entries[0].records[0], big), true);
  equal(entries[1].records.every((record, i) => isSame(record, many[i])), true);
  equal(entries[1].records.length, many.length);
  await again.close();
});

addOpened('trimming forgets no more than it may, and the numbers go on', async (store) => {
  const log = await store.log('logs/a');
  for (let seq = 1; seq <= 9; seq++) await log.append([bytes(seq)], seq, 'sync');
  await log.trim(5);
  equal(log.nextSeq, 10);
  equal((await entriesOf(log, 5)).map(([seq]) => seq), [5, 6, 7, 8, 9]);
  await log.trim(1);
  equal((await entriesOf(log, 5)).length, 5);
  await log.append([bytes(10)], 10, 'sync');
  equal((await entriesOf(log, 5)).length, 6);
  await log.close();
});

add('a log that was trimmed to its end goes on where it was, opened again, too', async (make) => {
  const place = await make();
  await opened(place, async (store) => {
    const log = await store.log('logs/a');
    await log.append([bytes(1), bytes(2), bytes(3)], 1, 'sync');
    await log.trim(4);
    equal(log.nextSeq, 4);
    await rejects('LOG_CONFLICT', () => entriesOf(log, 1));
    equal(await entriesOf(log, 4), []);
    await log.close();
  });
  await opened(place, async (store) => {
    const log = await store.log('logs/a');
    equal(log.nextSeq, 4);
    await rejects('LOG_CONFLICT', () => log.append([bytes(1)], 1, 'sync'));
    await rejects('LOG_CONFLICT', () => entriesOf(log, 3));
    await log.append([bytes(4)], 4, 'sync');
    equal(await entriesOf(log, 4), [[4, [[4]]]]);
    await log.close();
  });
});

addOpened('logs are apart, listed by prefix, and deleted for good', async (store) => {
  for (const name of ['shards/a/log', 'shards/b/log', 'other']) {
    const log = await store.log(name);
    await log.append([bytes(1)], 1, 'sync');
    await log.close();
  }
  equal(await store.logs(''), ['other', 'shards/a/log', 'shards/b/log']);
  equal(await store.logs('shards/'), ['shards/a/log', 'shards/b/log']);
  equal(await store.logs('shards/b'), ['shards/b/log']);
  equal(await store.logs('none'), []);
  await store.deleteLog('shards/a/log');
  equal(await store.logs('shards/'), ['shards/b/log']);
  await store.deleteLog('shards/a/log');
  for (const prefix of ['shards/a/', 'shards/', '']) await store.syncDeleted(prefix);
  equal(await store.logs(''), ['other', 'shards/b/log']);
  const log = await store.log('shards/a/log');
  equal(log.nextSeq, 1);
  await log.append([bytes(5)], 1, 'sync');
  equal(await entriesOf(log, 1), [[1, [[5]]]]);
  await log.close();
});

addOpened('a log that nothing was appended to leaves nothing', async (store) => {
  const log = await store.log('shards/a/log');
  await log.trim(1);
  await log.close();
  equal(await store.logs(''), []);
  equal(await store.bytes('shards/'), 0);
});

add('a log can begin with any number, in place of another, and does so in later openings', async (make) => {
  const place = await make();
  const store = await place.open({ readOnly: false });
  const former = await store.log('shards/a/log');
  await former.append([bytes(1), bytes(2)], 1, 'sync');
  await former.close();
  await store.beginLog('shards/a/log', 41);
  const log = await store.log('shards/a/log');
  equal([log.nextSeq, await entriesOf(log, 41)], [41, []]);
  await rejects('LOG_CONFLICT', () => collect(log.read(1)));
  await rejects('LOG_CONFLICT', () => log.append([bytes(9)], 3, 'sync'));
  await store.close();
  const again = await place.open({ readOnly: false });
  const reopened = await again.log('shards/a/log');
  equal(reopened.nextSeq, 41);
  await reopened.append([bytes(7)], 41, 'sync');
  equal(await entriesOf(reopened, 41), [[41, [[7]]]]);
  await reopened.close();
  await again.deleteLog('shards/a/log');
  equal(await again.logs(''), []);
  await again.close();
});

// —— Blobs ———————————————————————————————————————————————————————————————————————————

addOpened('what is held of blobs is given back, and they can be read again', async (store) => {
  for (const name of ['shards/a/one', 'shards/a/two', 'shards/b/one']) await store.blobs.put(name, [bytes(1, 2, 3)]);
  for (const name of ['shards/a/one', 'shards/b/one']) await store.blobs.getRange(name, 0, 1);
  store.blobs.release('shards/a/');
  store.blobs.release('none');
  equal([...await store.blobs.getRange('shards/a/one', 1, 2)], [2, 3]);
  equal([...await store.blobs.getRange('shards/b/one', 1, 2)], [2, 3]);
  store.blobs.release('');
});

addOpened('a blob is what was put last', async (store) => {
  equal(await store.blobs.get('a'), undefined);
  const put = await store.blobs.put('a', [bytes(1, 2), bytes(), bytes(3)]);
  equal(put.bytes, 3);
  const got = await store.blobs.get('a');
  equal([...got.bytes], [1, 2, 3]);
  equal(got.etag, put.etag);
  await store.blobs.put('a', chunks(bytes(4), bytes(5)));
  equal([...(await store.blobs.get('a')).bytes], [4, 5]);
  await store.blobs.put('a', []);
  equal([...(await store.blobs.get('a')).bytes], []);
});

addOpened('blobs are copied', async (store) => {
  const content = bytes(1, 2);
  await store.blobs.put('a', [content]);
  content.fill(9);
  (await store.blobs.get('a')).bytes.fill(8);
  (await store.blobs.getRange('a', 0, 2)).fill(7);
  equal([...(await store.blobs.get('a')).bytes], [1, 2]);
});

addOpened('a chunk may be used again once the next one is asked for', async (store) => {
  const chunk = new Uint8Array(3);
  await store.blobs.put('a', (function* () {
    for (let i = 1; i <= 3; i++) yield chunk.fill(i);
  })());
  equal([...(await store.blobs.get('a')).bytes], [1, 1, 1, 2, 2, 2, 3, 3, 3]);
});

addOpened('a put whose chunks fail leaves the blob as it was', async (store) => {
  await store.blobs.put('a', [bytes(1)]);
  const failing = (async function* () {
    yield bytes(2);
    throw new Error('no more');
  })();
  let message;
  await store.blobs.put('a', failing).catch((error) => { message = error.message; });
  equal(message.includes('no more'), true);
  equal([...(await store.blobs.get('a')).bytes], [1]);
  equal((await store.blobs.list('')).filter(({ name }) => name !== 'vectile.json').map(({ name }) => name), ['a']);
});

addOpened('putIfAbsent and putIfMatch refuse what they do not find', async (store) => {
  const first = await store.blobs.putIfAbsent('m/a', bytes(1));
  await rejects('BLOB_CONFLICT', () => store.blobs.putIfAbsent('m/a', bytes(2)));
  const second = await store.blobs.putIfMatch('m/a', bytes(2), first.etag);
  await rejects('BLOB_CONFLICT', () => store.blobs.putIfMatch('m/a', bytes(3), first.etag));
  equal([...(await store.blobs.get('m/a')).bytes], [2]);
  equal((await store.blobs.get('m/a')).etag, second.etag);
  await rejects('BLOB_CONFLICT', () => store.blobs.putIfMatch('m/b', bytes(1), first.etag));
  equal(await store.blobs.get('m/b'), undefined);
});

add('etags hold when the store is opened again', async (make) => {
  const place = await make();
  const { etag } = await opened(place, (store) => store.blobs.put('a', [bytes(1, 2, 3)]));
  await opened(place, async (store) => {
    equal((await store.blobs.get('a')).etag, etag);
    await store.blobs.putIfMatch('a', bytes(4), etag);
  });
  await opened(place, async (store) => equal([...(await store.blobs.get('a')).bytes], [4]));
});

addOpened('ranges of blobs', async (store) => {
  await store.blobs.put('a', [bytes(0, 1, 2, 3, 4)]);
  const ways = [(...range) => store.blobs.getRange(...range)];
  if (store.blobs.getRangeSync) ways.push(async (...range) => store.blobs.getRangeSync(...range));
  for (const getRange of ways) {
    equal([...(await getRange('a', 0, 5))], [0, 1, 2, 3, 4]);
    equal([...(await getRange('a', 1, 3))], [1, 2, 3]);
    equal([...(await getRange('a', 5, 0))], []);
    await rejects('STORAGE_CORRUPT', () => getRange('a', 3, 3));
    await rejects('STORAGE_CORRUPT', () => getRange('a', 9, 1));
    await rejects('BLOB_MISSING', () => getRange('b', 0, 1));
  }
  await store.blobs.put('a', [bytes(7, 8)]);
  for (const getRange of ways) equal([...(await getRange('a', 0, 2))], [7, 8]);
  await store.blobs.delete('a');
  for (const getRange of ways) await rejects('BLOB_MISSING', () => getRange('a', 0, 1));
});

addOpened('blobs are listed by prefix, in order, with their sizes', async (store) => {
  for (const [name, length] of [['b/2', 2], ['b/10', 1], ['a', 3], ['b/c/d', 4], ['bb', 5]]) await store.blobs.put(name, [new Uint8Array(length)]);
  const list = async (prefix) => (await store.blobs.list(prefix)).filter(({ name }) => name !== 'vectile.json').map(({ name, bytes }) => `${name} ${bytes}`);
  equal(await list(''), ['a 3', 'b/10 1', 'b/2 2', 'b/c/d 4', 'bb 5']);
  equal(await list('b/'), ['b/10 1', 'b/2 2', 'b/c/d 4']);
  equal(await list('b'), ['b/10 1', 'b/2 2', 'b/c/d 4', 'bb 5']);
  equal(await list('b/1'), ['b/10 1']);
  equal(await list('b/c'), ['b/c/d 4']);
  equal(await list('nothing/here'), []);
  await store.blobs.delete('b/c/d');
  await store.blobs.delete('b/c/d');
  await store.blobs.delete('nothing/here');
  equal(await list('b/'), ['b/10 1', 'b/2 2']);
  await store.blobs.put('b/c/e', [bytes(1)]);
  equal(await list('b/c'), ['b/c/e 1']);
});

addOpened('a blob of 20 MB in chunks of many sizes', async (store) => {
  const whole = pattern(20 << 20, 2);
  const { bytes: length } = await store.blobs.put('big', (async function* () {
    for (let at = 0, size = 1; at < whole.length; at += size, size = Math.min(3 << 20, size * 3)) yield whole.subarray(at, at + size);
  })());
  equal(length, whole.length);
  equal(isSame((await store.blobs.get('big')).bytes, whole), true);
  equal(isSame(await store.blobs.getRange('big', (10 << 20) - 7, 1 << 20), whole.subarray((10 << 20) - 7, (11 << 20) - 7)), true);
});

addOpened('ranges are read into memory that is given for them, or past it where it has no room', async (store) => {
  const whole = pattern(5 << 20, 3);
  await store.blobs.put('big', [whole]);
  let into = new Uint8Array(1 << 20);
  for (const [start, length] of [[0, 1 << 20], [700_001, 900_000], [700_001, 900_000], [0, 5], [1 << 20, 2 << 20], [(5 << 20) - 400_003, 400_003]]) {
    const found = await store.blobs.getRange('big', start, length, into);
    equal(isSame(found, whole.subarray(start, start + length)), true);
    into = new Uint8Array(found.buffer);
  }
  await rejects('STORAGE_CORRUPT', () => store.blobs.getRange('big', (5 << 20) - 1, 2, into));
});

addOpened('many puts and deletes at once', async (store) => {
  await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    await store.blobs.put(`many/${i % 3}/${i}`, [bytes(i)]);
    if (i % 2) await store.blobs.delete(`many/${i % 3}/${i}`);
  }));
  const left = await store.blobs.list('many/');
  equal(left.length, 30);
  for (const { name } of left) equal([...(await store.blobs.get(name)).bytes], [Number(name.split('/')[2])]);
});

addOpened('bytes counts blobs and logs below a prefix', async (store) => {
  equal(await store.bytes('shards/'), 0);
  await store.blobs.put('shards/a/x', [new Uint8Array(1000)]);
  const log = await store.log('shards/a/log');
  await log.append([new Uint8Array(500)], 1, 'sync');
  const bytes = await store.bytes('shards/a/');
  equal(bytes >= 1500 && bytes < 3000, true);
  equal(await store.bytes('shards/b/'), 0);
  await log.close();
});

// —— Opening —————————————————————————————————————————————————————————————————————————

add('there is one writer at a time, and each has a higher epoch', async (make) => {
  const place = await make();
  let before = 0;
  for (let i = 0; i < 3; i++) {
    const store = await place.open({ readOnly: false });
    equal(store.epoch > before, true);
    before = store.epoch;
    await rejects('STORE_LOCKED', () => place.open({ readOnly: false }));
    await store.close();
    await store.close();
  }
});

add('a place where nothing is cannot be opened read-only', async (make) => {
  const place = await make();
  await rejects('STORE_MISSING', () => place.open({ readOnly: true }));
});

add('a reader beside a writer sees what is added, and cannot write', async (make) => {
  const place = await make();
  await opened(place, async (store) => {
    const log = await store.log('logs/a');
    await log.append([bytes(1)], 1, 'flush');
    await store.blobs.put('a', [bytes(1)]);
    const reader = await place.open({ readOnly: true });
    equal(reader.epoch, 0);
    const view = await reader.log('logs/a');
    equal(await entriesOf(view, 1), [[1, [[1]]]]);
    await log.append([bytes(2), bytes(3)], 2, 'flush');
    await store.blobs.put('a', [bytes(2)]);
    equal(await entriesOf(view, 1), [[1, [[1]]], [2, [[2], [3]]]]);
    equal(view.nextSeq, 4);
    equal([...(await reader.blobs.get('a')).bytes], [2]);
    equal(await reader.logs(''), ['logs/a']);
    const none = await reader.log('logs/none');
    equal(none.nextSeq, 1);
    equal(await entriesOf(none, 1), []);
    for (const write of [
      () => view.append([bytes(9)], view.nextSeq, 'sync'), () => view.trim(2), () => reader.deleteLog('logs/a'), () => reader.syncDeleted(''), () => reader.blobs.put('a', [bytes(9)]),
      () => reader.blobs.putIfAbsent('b', bytes(9)), () => reader.blobs.putIfMatch('a', bytes(9), 'x'), () => reader.blobs.delete('a'),
    ]) await rejects('STORE_READ_ONLY', write);
    await view.close();
    await reader.close();
    await log.append([bytes(4)], 4, 'sync');
    equal((await entriesOf(log, 1)).length, 3);
    await log.close();
  });
});

add('a store that was closed takes no more', async (make) => {
  const place = await make();
  const store = await place.open({ readOnly: false });
  const log = await store.log('logs/a');
  await log.append([bytes(1)], 1, 'sync');
  await log.close();
  await store.close();
  await rejects('CLOSED', () => log.append([bytes(2)], 2, 'sync'));
  await rejects('CLOSED', () => store.blobs.put('a', [bytes(1)]));
  await opened(place, async (again) => {
    const found = await again.log('logs/a');
    equal(await entriesOf(found, 1), [[1, [[1]]]]);
    equal(await again.blobs.get('a'), undefined);
    await found.close();
  });
});

// —— Helpers —————————————————————————————————————————————————————————————————————————

async function opened(place, run) {
  const store = await place.open({ readOnly: false });
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}

const bytes = (...values) => Uint8Array.from(values);

function pattern(length, seed) {
  const content = new Uint8Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    content[i] = state >>> 24;
  }
  return content;
}

async function* chunks(...parts) { yield* parts; }

async function collect(entries) {
  const all = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

const entriesOf = async (log, from) => (await collect(log.read(from))).map(({ seq, records }) => [seq, records.map((record) => [...record])]);

function isSame(a, b) {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function equal(got, expected) {
  const [g, e] = [JSON.stringify(got), JSON.stringify(expected)];
  if (g !== e) throw new Error(`expected ${e}, got ${g}`);
}

async function rejects(code, run) {
  try {
    await run();
  } catch (error) {
    if (error.code === code) return;
    throw new Error(`expected ${code}, got ${error.stack ?? error}`, { cause: error });
  }
  throw new Error(`expected ${code}, got no error`);
}
