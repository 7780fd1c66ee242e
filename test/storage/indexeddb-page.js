/** What the tests of IndexedDB do in a page: it is bundled, and called by name from outside. */
import { attachStore } from '../../ts/storage/attach.js';
import { sharingOf } from '../../ts/storage/sharing.js';
import { indexedDB as storeIn } from '../../ts/storage/indexeddb.js';
import { attached } from './attached.js';
import { cases } from './conformance.js';

let opened;
let count = 0;

globalThis.tests = {
  names: () => cases.map(({ name }) => name),

  /** Runs one case, on a store that is opened, or attached to; says what is wrong. */
  async conformance(name, isAttached) {
    const { run } = cases.find((one) => one.name === name);
    try {
      const make = () => storeIn(`conformance-${name}-${count++}`);
      await run(isAttached ? () => attached(make()) : make);
    } catch (error) {
      return String(error.stack ?? error);
    }
  },

  async open(name, readOnly = false) {
    opened = await storeIn(name).open({ readOnly });
    return opened.epoch;
  },

  close: () => opened.close(),

  /**
   * Calls `body`, the text of an async function of the opened store, helpers, and what is given; returns its result, or the code
   * and message of its error.
   */
  async run(body, ...given) {
    const AsyncFunction = (async () => {}).constructor;
    try {
      return { result: await new AsyncFunction('store', 'help', 'given', body)(opened, help, given) };
    } catch (error) {
      return { code: error.code ?? error.name, message: error.message, stack: error.stack };
    }
  },

  /** Appends without end, with a blob now and then, and tells of what is acknowledged. */
  async write(name, durability, recordBytes) {
    const store = await storeIn(name).open({ readOnly: false });
    const log = await store.log('log');
    for (let i = 0; ; i++) {
      const seq = log.nextSeq;
      const records = Array.from({ length: 1 + (seq % 3) }, (_, at) => help.record(seq + at, recordBytes));
      await log.append(records, seq, durability);
      globalThis.acknowledge({ seq: log.nextSeq - 1, blob: 0 });
      if (i % 8 !== 7) continue;
      await store.blobs.put('blob', help.blob(seq));
      globalThis.acknowledge({ seq: 0, blob: seq });
    }
  },

  /** Opens what `write` has written, and compares all of it with what it should be; gives the last of each. */
  async check(name, recordBytes) {
    const store = await help.openSoon(name);
    try {
      const log = await store.log('log');
      let seq = 0;
      for await (const entry of log.read(1)) {
        if (entry.seq !== seq + 1 || entry.records.length !== 1 + (entry.seq % 3)) throw new Error(`entry ${entry.seq} of ${entry.records.length} records after ${seq}`);
        for (const record of entry.records) if (!help.isSame(record, help.record(++seq, recordBytes))) throw new Error(`record ${seq} is another one`);
      }
      if (log.nextSeq !== seq + 1) throw new Error(`nextSeq is ${log.nextSeq} after ${seq}`);
      const found = await store.blobs.get('blob');
      const blob = found ? new Uint32Array(found.bytes.buffer, 0, 1)[0] : 0;
      if (found && !help.isSame(found.bytes, join(help.blob(blob)))) throw new Error(`blob ${blob} is another one`);
      const sizes = (await help.raw(name, 'parts', (rows) => rows.getAll())).map(({ content }) => content.size);
      if (String(sizes) !== (found ? String(found.bytes.length) : '')) throw new Error(`blobs of ${sizes} bytes are there for one of ${found?.bytes.length}`);
      return { seq, blob };
    } finally {
      await store.close();
    }
  },
};

const help = {
  bytes: (...values) => Uint8Array.from(values),

  async entries(log, from = 1) {
    const all = [];
    for await (const { seq, records } of log.read(from)) all.push([seq, records.map((record) => [...record])]);
    return all;
  },

  record: (seq, bytes) => new Uint8Array(bytes + (seq % 7)).fill(seq),

  /** Chunks that are two and a half megabytes. */
  *blob(seed) {
    for (let i = 0; i < 10; i++) yield new Uint8Array(Uint32Array.from({ length: 1 << 16 }, (_, at) => (i || at ? seed * (at + i) : seed)).buffer);
  },

  isSame: (a, b) => a.length === b.length && a.every((value, i) => value === b[i]),

  /** Opens for writing as soon as the lock of a page that was killed is free. */
  async openSoon(name) {
    for (let end = Date.now() + 5000; ;) {
      try {
        return await storeIn(name).open({ readOnly: false });
      } catch (error) {
        if (error.code !== 'STORE_LOCKED' || Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  },

  /** One request to one of the object stores, past the store; the connection is closed again. */
  async raw(name, objects, request) {
    const database = await promiseOf(indexedDB.open(name));
    try {
      return await promiseOf(request(database.transaction(objects, 'readwrite').objectStore(objects)));
    } finally {
      database.close();
    }
  },

  deleteDatabase: (name) => promiseOf(indexedDB.deleteDatabase(name)),
  storeIn,
  attachStore,
  sharingOf,
};

function promiseOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

function join(chunks) {
  const all = [...chunks];
  const whole = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of all) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
