/**
 * A store in IndexedDB: one database, and in it
 *
 *   state   format, epoch
 *   logs    name → next record, bytes
 *   frames  [log, first record] → what was appended together: bytes, lengths of records, checksum
 *   files   name → bytes, etag, generation, chunks
 *   chunks  [name, generation, i] → bytes, checksum
 *
 * Whatever must hold together is one transaction. One writer is seen to by Web Locks, which end with the page.
 */
import { VectileError, invalid } from '../errors.js';
import { Connection } from './indexeddb-connection.js';
import { IndexedDbBlobs } from './indexeddb-blobs.js';
import { IndexedDbLog } from './indexeddb-log.js';
import { takeLock } from './locks.js';
import type { OpenStore, Store } from './storage.js';

const FORMAT = 1;

/** What logs and blobs ask of their store. */
export interface IndexedDbHost {
  connection: Connection;
  readOnly: boolean;
  epoch: number;
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
      if (!globalThis.indexedDB) throw invalid('store', 'a runtime with IndexedDB', 'none');
      const release = readOnly ? undefined : await takeLock(name);
      try {
        return await openDatabase(name, readOnly, release);
      } catch (cause) {
        release?.();
        throw cause;
      }
    },
  };
}

async function openDatabase(name: string, readOnly: boolean, release: (() => void) | undefined): Promise<OpenStore> {
  if (readOnly && !(await exists(name))) throw missing(name);
  const connection = new Connection(name);
  const state = await connection.run(['state'], readOnly ? 'readonly' : 'readwrite', 'strict', async (tx) => {
    const rows = tx.objectStore('state');
    const format = (await rows.get('format')) as number | undefined;
    const epoch = ((await rows.get('epoch')) as number | undefined) ?? 0;
    if (readOnly || (format !== undefined && format !== FORMAT)) return { format, epoch };
    void rows.put(FORMAT, 'format');
    void rows.put(epoch + 1, 'epoch');
    return { format: FORMAT, epoch: epoch + 1 };
  }).catch((cause: unknown) => {
    connection.close();
    throw cause;
  });
  if (state.format !== FORMAT) {
    connection.close();
    if (state.format === undefined) throw missing(name);
    throw new VectileError('STORAGE_VERSION', `${name}: expected format ${FORMAT}, got ${state.format}`);
  }
  let isClosed = false;
  const host: IndexedDbHost = {
    connection,
    readOnly,
    epoch: readOnly ? 0 : state.epoch,
    checkWritable() {
      if (readOnly) throw new VectileError('STORE_READ_ONLY', `${name}: expected a store open for writing, got one opened read-only`);
      if (isClosed) throw new VectileError('CLOSED', `${name}: expected a store in use, got one closed`);
    },
  };
  const blobs = new IndexedDbBlobs(host);
  if (!readOnly) await blobs.sweep();
  return {
    epoch: host.epoch,
    blobs,
    log: (log) => IndexedDbLog.open(host, log),
    async logs(prefix) {
      const names = await connection.run(['logs'], 'readonly', 'relaxed', (tx) => tx.objectStore('logs').getAllKeys(under(prefix)));
      return (names as string[]).sort();
    },
    async deleteLog(log) {
      host.checkWritable();
      await connection.run(['logs', 'frames'], 'readwrite', 'strict', async (tx) => {
        void tx.objectStore('logs').delete(log);
        void tx.objectStore('frames').delete(IDBKeyRange.bound([log, 0], [log, Infinity]));
      });
    },
    async bytes(prefix) {
      return connection.run(['logs', 'files'], 'readonly', 'relaxed', async (tx) => {
        const rows = [...(await tx.objectStore('logs').getAll(under(prefix))), ...(await tx.objectStore('files').getAll(under(prefix)))] as { bytes: number }[];
        return rows.reduce((sum, { bytes }) => sum + bytes, 0);
      });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      connection.close();
      release?.();
    },
  };
}

/** Names that start with a prefix. */
export function under(prefix: string): IDBKeyRange { return IDBKeyRange.bound(prefix, `${prefix}\uffff`); }

/** Whether there is a database; where that cannot be asked, opening will tell. */
async function exists(name: string): Promise<boolean> {
  const databases = await globalThis.indexedDB.databases?.();
  return databases?.some((database) => database.name === name) ?? true;
}

function missing(name: string): VectileError {
  return new VectileError('STORE_MISSING', `${name}: expected a database, got nothing`);
}
