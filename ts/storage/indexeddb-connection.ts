/** A connection to an IndexedDB database that is opened again when it is lost, and what goes wrong in our words. */
import { openDB, type IDBPDatabase, type IDBPTransaction } from 'idb';
import { VectileError } from '../errors.js';

export type Transaction = IDBPTransaction<unknown, string[], 'readonly' | 'readwrite'>;
/** A transaction in which rows are put and deleted. */
interface WritableStore {
  get(key: IDBValidKey): Promise<unknown>;
  getAll(range?: IDBKeyRange, count?: number): Promise<unknown[]>;
  getAllKeys(range?: IDBKeyRange): Promise<IDBValidKey[]>;
  put(value: unknown, key: IDBValidKey): Promise<unknown>;
  add(value: unknown, key: IDBValidKey): Promise<unknown>;
  delete(key: IDBValidKey | IDBKeyRange): Promise<void>;
}
export interface Rows { objectStore(name: string): WritableStore }

const VERSION = 1;
const STORES = ['state', 'logs', 'frames', 'files', 'chunks'];

export class Connection {
  readonly name: string;
  #database: Promise<IDBPDatabase> | undefined;
  #isClosed = false;

  constructor(name: string) {
    this.name = name;
  }

  /**
   * Runs one transaction. `work` may await its rows and nothing else. Resolves when it is complete; a transaction that is not
   * has changed nothing. A connection that was lost before it began is opened again, once.
   */
  async run<T>(stores: string[], mode: 'readonly' | 'readwrite', durability: 'strict' | 'relaxed', work: (tx: Rows) => Promise<T> | T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      let hasBegun = false;
      try {
        const database = await this.#open();
        const tx = database.transaction(stores, mode, { durability });
        hasBegun = true;
        let result: T;
        try {
          result = await work(tx as unknown as Rows);
        } catch (cause) {
          const done = tx.done.catch(() => {});
          try {
            tx.abort();
          } catch {
            // it has ended already
          }
          await done;
          throw tx.error ?? cause;
        }
        await tx.done;
        return result;
      } catch (cause) {
        const isLost = !hasBegun && (cause as { name?: string } | null)?.name === 'InvalidStateError';
        if (isLost && attempt === 1 && !this.#isClosed) {
          this.#database = undefined;
          continue;
        }
        throw databaseError(cause, this.name);
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    void this.#database?.then((database) => database.close()).catch(() => {});
    this.#database = undefined;
  }

  #open(): Promise<IDBPDatabase> {
    if (this.#isClosed) throw new VectileError('CLOSED', `${this.name}: expected a store in use, got one closed`);
    const forget = () => { this.#database = undefined; };
    this.#database ??= openDB(this.name, VERSION, {
      upgrade(database) {
        for (const store of STORES) if (!database.objectStoreNames.contains(store)) database.createObjectStore(store);
      },
      // another page wants to delete or upgrade it: let it, and open it again when needed
      blocking: (_current, _blocked, event) => {
        (event.target as IDBDatabase).close();
        forget();
      },
      terminated: forget,
    }).catch((cause: unknown) => {
      forget();
      throw cause;
    });
    return this.#database;
  }
}

export function databaseError(cause: unknown, name: string): VectileError {
  if (cause instanceof VectileError) return cause;
  const what = (cause as { name?: string } | null)?.name ?? 'unknown';
  if (what === 'QuotaExceededError') return new VectileError('STORAGE_FULL', `${name}: expected room within the quota, got none`, { cause });
  if (what === 'VersionError') return new VectileError('STORAGE_VERSION', `${name}: expected database version ${VERSION}, got a later one`, { cause });
  return new VectileError('STORAGE_FAILED', `${name}: expected IndexedDB to do its work, got ${what}: ${String((cause as { message?: string } | null)?.message)}`, { cause });
}
