/**
 * A connection to a database, which is opened again when it is lost, and transactions, which are done or have changed
 * nothing. It knows rows by their keys, not what they hold, but for one: `state` says whose the database is.
 */
import { openDB, type IDBPDatabase } from 'idb';
import { VectileError, invalid } from '../errors.js';

const VERSION = 1;
const STORES = ['state', 'logs', 'frames', 'files', 'parts'] as const;
/** What a transaction ends with when its connection is lost, or the browser cannot say why. It may have been done. */
const LOST = ['InvalidStateError', 'AbortError', 'UnknownError'];

export type StoreName = (typeof STORES)[number];

/** Rows of one kind, within a transaction. A write that fails ends the transaction, which tells. */
export interface Rows {
  get<T>(key: IDBValidKey): Promise<T | undefined>;
  /** In the order of their keys. */
  getAll<T>(range: IDBKeyRange, count?: number): Promise<T[]>;
  keys<K>(range: IDBKeyRange, count?: number): Promise<K[]>;
  lastKey<K>(range: IDBKeyRange): Promise<K | undefined>;
  put(value: unknown, key: IDBValidKey): void;
  delete(key: IDBValidKey | IDBKeyRange): void;
}

/** Must await rows and nothing else, and be of the same effect if done twice. */
export type Work<T> = (rows: (store: StoreName) => Rows) => Promise<T> | T;

export class Connection {
  readonly name: string;
  #mayCreate: boolean;
  /** The connection in use, and the promise of it. */
  #current: IDBPDatabase | undefined;
  #opening: Promise<IDBPDatabase> | undefined;
  #isClosed = false;
  /** The row `id` of the database that was opened first; one made anew under its name is another. */
  #id: string | undefined;
  /** The row `epoch` as its writer has left it; 0 if nothing is written. */
  #epoch = 0;

  /** Unless it `mayCreate`, a database that is not there is not made, but STORE_MISSING. */
  constructor(name: string, mayCreate: boolean) {
    this.name = name;
    this.#mayCreate = mayCreate;
  }

  /** From here on, transactions are only for the database of this id, and they write only while the epoch is this one. */
  bind(id: string, epoch: number): void {
    this.#id = id;
    this.#epoch = epoch;
    this.#mayCreate = false;
  }

  read<T>(stores: StoreName[], work: Work<T>): Promise<T> {
    return this.#run(stores, 'readonly', 'relaxed', work);
  }

  /** `strict` resolves when what was written is on the disk, `relaxed` when the system has it. */
  write<T>(stores: StoreName[], durability: 'strict' | 'relaxed', work: Work<T>): Promise<T> {
    return this.#run(this.#epoch ? [...stores, 'state'] : stores, 'readwrite', durability, work);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.then((database) => database.close(), () => {});
  }

  /** A transaction that was lost, done or not, is done once more. */
  async #run<T>(stores: StoreName[], mode: 'readonly' | 'readwrite', durability: 'strict' | 'relaxed', work: Work<T>): Promise<T> {
    for (let isAgain = false; ; isAgain = true) {
      let database: IDBPDatabase | undefined;
      try {
        database = await this.#open();
        return await this.#transact(database, stores, mode, durability, work);
      } catch (cause) {
        const error = databaseError(cause, this.name);
        if (!database || !LOST.includes(nameOf(cause))) {
          // whatever it was the second time, the first may have been done
          throw isAgain && error.code === 'STORAGE_FULL' ? new VectileError('STORAGE_FAILED', error.message, { cause }) : error;
        }
        if (isAgain || this.#isClosed) throw error;
        this.#drop(database);
      }
    }
  }

  async #transact<T>(
    database: IDBPDatabase, stores: StoreName[], mode: 'readonly' | 'readwrite', durability: 'strict' | 'relaxed', work: Work<T>,
  ): Promise<T> {
    const tx = database.transaction(stores, mode as 'readwrite', { durability });
    // idb's own promise is rejected by the first request that fails, when it is not yet said why
    tx.done.catch(() => {});
    const done = new Promise<void>((resolve, reject) => {
      tx.addEventListener('complete', () => resolve());
      tx.addEventListener('abort', () => reject(tx.error ?? new DOMException('The transaction was ended.', 'AbortError')));
    });
    done.catch(() => {});
    try {
      const epoch = mode === 'readwrite' && this.#epoch ? tx.objectStore('state').get('epoch') : undefined;
      epoch?.catch(() => {});
      const result = await work((store) => rowsOf(tx.objectStore(store)));
      if (epoch && (await epoch) !== this.#epoch) {
        throw new VectileError('STORAGE_FAILED', `${this.name}: expected to be its only writer, got another one; it must be opened anew`);
      }
      await done;
      return result;
    } catch (cause) {
      try {
        tx.abort();
      } catch {
        // it has ended already
      }
      await done.catch(() => {});
      throw tx.error ?? cause;
    }
  }

  #open(): Promise<IDBPDatabase> {
    if (this.#isClosed) throw new VectileError('CLOSED', `${this.name}: expected a store in use, got one closed`);
    return (this.#opening ??= this.#connect().catch((cause: unknown) => {
      this.#opening = undefined;
      throw cause;
    }));
  }

  async #connect(): Promise<IDBPDatabase> {
    let isMissing = false;
    let database: IDBPDatabase;
    try {
      database = await openDB(this.name, VERSION, {
        upgrade: (made, _before, _after, tx) => {
          isMissing = !this.#mayCreate;
          tx.done.catch(() => {});
          if (isMissing) tx.abort(); // and nothing is left of it
          else for (const store of STORES) made.createObjectStore(store);
        },
        // another page wants to delete it: let it
        blocking: () => this.#drop(database),
        terminated: () => this.#drop(database),
      });
    } catch (cause) {
      if (!isMissing) throw cause;
      if (this.#id === undefined) throw new VectileError('STORE_MISSING', `${this.name}: expected a database, got nothing`, { cause });
      throw new VectileError('STORAGE_FAILED', `${this.name}: expected the database that was opened, got none: it was deleted`, { cause });
    }
    try {
      const missing = STORES.find((store) => !database.objectStoreNames.contains(store));
      if (missing) throw invalid('name', 'the name of a database of Vectile, or of none', this.name);
      if (this.#id !== undefined && (await database.get('state', 'id')) !== this.#id) {
        throw new VectileError('STORAGE_FAILED', `${this.name}: expected the database that was opened, got another one: it was deleted and made anew`);
      }
    } catch (cause) {
      database.close();
      throw cause;
    }
    return (this.#current = database);
  }

  /** Gives up a connection, whose transactions may end. The next one opens another, unless that was done. */
  #drop(database: IDBPDatabase): void {
    database.close();
    if (this.#current !== database) return;
    this.#current = undefined;
    this.#opening = undefined;
  }
}

function rowsOf(store: {
  get(key: IDBValidKey): Promise<unknown>;
  getAll(range: IDBKeyRange, count?: number): Promise<unknown[]>;
  getAllKeys(range: IDBKeyRange, count?: number): Promise<IDBValidKey[]>;
  openKeyCursor(range: IDBKeyRange, direction: 'prev'): Promise<{ key: IDBValidKey } | null>;
  put(value: unknown, key: IDBValidKey): Promise<unknown>;
  delete(key: IDBValidKey | IDBKeyRange): Promise<void>;
}): Rows {
  return {
    get: <T>(key: IDBValidKey) => store.get(key) as Promise<T | undefined>,
    getAll: <T>(range: IDBKeyRange, count?: number) => store.getAll(range, count) as Promise<T[]>,
    keys: <K>(range: IDBKeyRange, count?: number) => store.getAllKeys(range, count) as Promise<K[]>,
    lastKey: async <K>(range: IDBKeyRange) => (await store.openKeyCursor(range, 'prev'))?.key as K | undefined,
    put: (value, key) => void store.put(value, key).catch(() => {}),
    delete: (key) => void store.delete(key).catch(() => {}),
  };
}

const nameOf = (cause: unknown): string => (cause as { name?: string } | null)?.name ?? 'unknown';

/** Chromium has one name for a large value that it cannot read and one that it cannot write. */
const isWriting = (cause: unknown): boolean => nameOf(cause) === 'DataError' && /write blobs/i.test(String((cause as { message?: unknown }).message));

function databaseError(cause: unknown, name: string): VectileError {
  if (cause instanceof VectileError) return cause;
  const got = `${nameOf(cause)}: ${String((cause as { message?: string } | null)?.message)}`;
  switch (isWriting(cause) ? undefined : nameOf(cause)) {
    case 'QuotaExceededError': return new VectileError('STORAGE_FULL', `${name}: expected room within the quota, got ${got}`, { cause });
    case 'VersionError': return new VectileError('STORAGE_VERSION', `${name}: expected database version ${VERSION}, got ${got}`, { cause });
    // a large value lies in a file of the browser's, which is not what it was
    case 'DataError':
    case 'NotReadableError': return new VectileError('STORAGE_CORRUPT', `${name}: expected rows that can be read, got ${got}`, { cause });
    default: return new VectileError('STORAGE_FAILED', `${name}: expected IndexedDB to do its work, got ${got}`, { cause });
  }
}
