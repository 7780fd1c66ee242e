/**
 * A store in IndexedDB: one database, and in it
 *
 *   state   format, epoch, id of this database
 *   logs    log → numbers and bytes of its ends
 *   frames  [log, first record] → what was appended together, checksum
 *   files   blob → bytes, etag, generation
 *   parts   [blob, generation, i] → what it holds, checksums of its blocks
 *
 * Whatever must hold together is one transaction. Web Locks, which end with the page, let one writer in at a time. Where there
 * are none, or they fail, the epoch sees to it that there is no other one: each transaction that writes looks whether it is still its own.
 */
import { VectileError, invalid } from '../errors.js';
import { IndexedDbBlobs } from './indexeddb-blobs.js';
import { Connection } from './indexeddb-connection.js';
import { IndexedDbLog } from './indexeddb-log.js';
import { takeLock } from './locks.js';
import { canShare, type StoreShare } from './sharing.js';
import type { OpenStore, Store } from './storage.js';

const FORMAT = 1;

/** What logs and blobs ask of their store. */
export interface IndexedDbHost {
  readonly connection: Connection;
  readonly readOnly: boolean;
  readonly epoch: number;
  /** Tells threads of one epoch apart; '' of the one with the lock. */
  readonly tag: string;
  /** Throws if nothing may be written (any more). */
  checkWritable(): void;
}

/** A store in the IndexedDB database of that name, which is made if it is not there. */
export function indexedDB(name: string): Store {
  if (typeof name !== 'string' || !name) throw invalid('name', 'the name of a database', name);
  return {
    kind: 'indexeddb',
    location: name,
    async open({ readOnly }) {
      if (!globalThis.indexedDB) {
        throw new VectileError('INVALID_ARGUMENT', `store: expected one for this runtime, got indexedDB(${JSON.stringify(name)})`);
      }
      const release = readOnly ? () => {} : await takeLock(name);
      const connection = new Connection(name, !readOnly);
      try {
        const epoch = readOnly ? await look(connection) : await takeEpoch(connection);
        const { store, blobs } = openDatabase(connection, { readOnly, epoch, tag: '' }, release);
        if (!readOnly) await blobs.sweep('');
        return store;
      } catch (cause) {
        await connection.close();
        release();
        throw cause;
      }
    },
  };
}

/** Opens a database that another thread of this process has open. */
export async function attachDatabase({ location, readOnly, epoch, tag }: StoreShare): Promise<OpenStore> {
  const connection = new Connection(location, false);
  try {
    await look(connection, epoch);
  } catch (cause) {
    await connection.close();
    throw cause;
  }
  return openDatabase(connection, { readOnly, epoch, tag }, () => {}).store;
}

type Opening = Pick<IndexedDbHost, 'readOnly' | 'epoch' | 'tag'>;

function openDatabase(connection: Connection, { readOnly, epoch, tag }: Opening, release: () => void): { store: OpenStore; blobs: IndexedDbBlobs } {
  const { name } = connection;
  let isClosed = false;
  const host: IndexedDbHost = {
    connection,
    readOnly,
    epoch,
    tag,
    checkWritable() {
      if (readOnly) throw new VectileError('STORE_READ_ONLY', `${name}: expected a store open for writing, got one opened read-only`);
      if (isClosed) throw new VectileError('CLOSED', `${name}: expected a store in use, got one closed`);
    },
  };
  const blobs = new IndexedDbBlobs(host);
  /** Open ones, of which a writer has no two of a name. */
  const logs = new Map<string, IndexedDbLog>();
  const store: OpenStore = {
    epoch,
    blobs,
    async log(name) {
      await logs.get(name)?.close();
      const log = await IndexedDbLog.open(host, name);
      if (readOnly) return log;
      logs.set(name, log);
      log.onClosed = () => { if (logs.get(name) === log) logs.delete(name); };
      return log;
    },
    async beginLog(name, nextSeq) {
      host.checkWritable();
      await logs.get(name)?.close().catch(() => {});
      await IndexedDbLog.begin(host, name, nextSeq);
    },
    logs: (prefix) => connection.read(['logs'], (rows) => rows('logs').keys<string>(under(prefix))),
    async deleteLog(name) {
      host.checkWritable();
      await logs.get(name)?.close().catch(() => {});
      logs.delete(name);
      await connection.write(['logs', 'frames'], 'strict', (rows) => {
        rows('logs').delete(name);
        rows('frames').delete(IDBKeyRange.bound([name, 0], [name, Infinity]));
      });
    },
    // transactions become durable in their order
    async syncDeleted() { host.checkWritable(); },
    async space() {
      const { usage, quota } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
      return usage === undefined || quota === undefined ? undefined : { used: usage, total: quota };
    },
    bytes: (prefix) => connection.read(['logs', 'files'], async (rows) => {
      const ends = await rows('logs').getAll<{ begin: number; end: number }>(under(prefix));
      const files = await rows('files').getAll<{ bytes: number }>(under(prefix));
      return ends.reduce((sum, { begin, end }) => sum + end - begin, 0) + files.reduce((sum, { bytes }) => sum + bytes, 0);
    }),
    async close() {
      if (isClosed) return;
      isClosed = true;
      const closings = await Promise.allSettled([...logs.values()].map((log) => log.close()));
      await connection.close();
      release();
      for (const closing of closings) if (closing.status === 'rejected') throw closing.reason;
    },
  };
  let shares = 0;
  canShare(store, {
    // nothing is left that opening does not look for
    isClean: true,
    share: () => ({ kind: 'indexeddb', location: name, epoch, readOnly, tag: `w${++shares}`, wasClean: true }),
    recover: (prefix) => blobs.sweep(prefix),
  });
  return { store, blobs };
}

/** Makes this connection the one that writes; returns its epoch. */
async function takeEpoch(connection: Connection): Promise<number> {
  const { id, epoch } = await connection.write(['state'], 'strict', async (rows) => {
    const state = rows('state');
    const format = await state.get<number>('format');
    if (format !== undefined) checkFormat(format, connection.name);
    const id = (await state.get<string>('id')) ?? Math.random().toString(36).slice(2);
    const epoch = ((await state.get<number>('epoch')) ?? 0) + 1;
    state.put(FORMAT, 'format');
    state.put(id, 'id');
    state.put(epoch, 'epoch');
    return { id, epoch };
  });
  connection.bind(id, epoch);
  return epoch;
}

/** Whether there is something to read. By itself its epoch is no one's. */
async function look(connection: Connection, epoch = 0): Promise<number> {
  const id = await connection.read(['state'], async (rows) => {
    const format = await rows('state').get<number>('format');
    // it was made, and nothing written before its page ended
    if (format === undefined) throw new VectileError('STORE_MISSING', `${connection.name}: expected a database, got an empty one`);
    checkFormat(format, connection.name);
    return (await rows('state').get<string>('id')) ?? '';
  });
  connection.bind(id, epoch);
  return epoch;
}

function checkFormat(format: number, name: string): void {
  if (format !== FORMAT) throw new VectileError('STORAGE_VERSION', `${name}: expected format ${FORMAT}, got ${format}`);
}

/** Names that start with a prefix. */
export function under(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`);
}
