/**
 * The catalog: which collections there are, their schemas, and their shards. A log of changes of its own, and a snapshot of what
 * they come to. Every change raises the revision, and a change that was made with another revision in mind is refused.
 */
import { VectileError } from '../errors.js';
import { decodeJson, encodeJson } from '../storage/checked-json.js';
import type { OpenStore, ShardLog } from '../storage/storage.js';
import { newId } from './ids.js';
import type { Schema } from './schema.js';

export interface CatalogEntry {
  schema: Schema;
  /** 32 hexadecimal digits. */
  shard: string;
}

/** One record of the log; a change without an entry is a deletion. */
interface CatalogChange {
  revision: number;
  time: number;
  database: string;
  name?: string;
  entry?: CatalogEntry;
}

interface CatalogSnapshot {
  format: number;
  database: string;
  revision: number;
  /** Sequence number of the last record that is in it. */
  seq: number;
  collections: CatalogEntry[];
}

const FORMAT = 1;
const LOG = 'catalog/log';
const SNAPSHOT = 'catalog/snapshot';
/** Changes after which a snapshot is written. */
const SNAPSHOT_RECORDS = 100;

export const newHexId = (): string => newId().replaceAll('-', '');

export class Catalog {
  /** 32 hexadecimal digits, made with the database. */
  database = '';
  revision = 0;
  readonly collections = new Map<string, CatalogEntry>();
  readonly #store: OpenStore;
  readonly #log: ShardLog;
  readonly #readOnly: boolean;
  readonly #now: () => number;
  readonly #watchers = new Set<(name: string) => void>();
  #etag: string | undefined;
  #seq = 0;
  #sinceSnapshot = 0;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(store: OpenStore, log: ShardLog, readOnly: boolean, now: () => number) {
    this.#store = store;
    this.#log = log;
    this.#readOnly = readOnly;
    this.#now = now;
  }

  static async open(store: OpenStore, readOnly: boolean, now: () => number): Promise<Catalog> {
    const catalog = new Catalog(store, await store.log(LOG), readOnly, now);
    try {
      await catalog.#readSnapshot();
      await catalog.refresh();
      if (!readOnly && !catalog.database) await catalog.#append({ revision: 1, time: now(), database: newHexId() });
      return catalog;
    } catch (cause) {
      await catalog.#log.close();
      throw cause;
    }
  }

  /** Calls back with the name of every collection that is made, changed or deleted; returns how to stop that. */
  watch(watcher: (name: string) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /**
   * Makes, replaces or (without an entry) deletes what the catalog knows of a collection. `decide` sees it as it is when its
   * turn has come, and may throw; undefined leaves it so. Resolves when the change is durable.
   */
  change(name: string, decide: (present: CatalogEntry | undefined) => CatalogEntry | 'delete' | undefined): Promise<void> {
    const changed = this.#changing.then(async () => {
      const decision = decide(this.collections.get(name));
      if (decision === undefined) return;
      const change: CatalogChange = { revision: this.revision + 1, time: this.#now(), database: this.database, name };
      await this.#append(decision === 'delete' ? change : { ...change, entry: decision });
    });
    this.#changing = changed.catch(() => {});
    return changed;
  }

  /** Read-only: takes up what a writer has changed since. */
  async refresh(): Promise<void> {
    try {
      await this.#replay();
    } catch (cause) {
      if (!(cause instanceof VectileError) || cause.code !== 'LOG_CONFLICT') throw cause;
      await this.#readSnapshot();
      await this.#replay();
    }
  }

  async close(): Promise<void> {
    await this.#changing;
    await this.#log.close();
  }

  async #readSnapshot(): Promise<void> {
    const found = await this.#store.blobs.get(SNAPSHOT);
    if (!found) return;
    const snapshot = decodeJson(found.bytes, SNAPSHOT) as CatalogSnapshot;
    if (snapshot.format !== FORMAT) throw new VectileError('STORAGE_VERSION', `${SNAPSHOT}: expected format ${FORMAT}, got ${snapshot.format}`);
    const former = [...this.collections.keys()];
    this.#etag = found.etag;
    this.database = snapshot.database;
    this.revision = snapshot.revision;
    this.#seq = snapshot.seq;
    this.collections.clear();
    for (const entry of snapshot.collections) this.collections.set(entry.schema.name, entry);
    for (const name of new Set([...former, ...this.collections.keys()])) this.#tell(name);
  }

  async #replay(): Promise<void> {
    for await (const { seq, records } of this.#log.read(this.#seq + 1)) {
      for (const [i, bytes] of records.entries()) {
        if (seq + i <= this.#seq) continue;
        const change = decodeJson(bytes, `${LOG}, record ${seq + i}`) as CatalogChange;
        if (this.database && change.database !== this.database) {
          throw new VectileError('STORAGE_CORRUPT', `${LOG}, record ${seq + i}: expected database ${this.database}, got ${change.database}`);
        }
        this.#apply(change);
      }
    }
    if (!this.#readOnly && this.#log.nextSeq !== this.#seq + 1) {
      throw new VectileError('STORAGE_CORRUPT', `${LOG}: expected records up to ${this.#seq}, as the snapshot says, got up to ${this.#log.nextSeq - 1}`);
    }
  }

  async #append(change: CatalogChange): Promise<void> {
    await this.#log.append([encodeJson(change)], this.#seq + 1, 'sync');
    this.#apply(change);
    if (this.#sinceSnapshot >= SNAPSHOT_RECORDS) await this.#writeSnapshot().catch(() => {}); // the log has it all
  }

  #apply({ database, revision, name, entry }: CatalogChange): void {
    this.database = database;
    this.revision = revision;
    this.#seq++;
    this.#sinceSnapshot++;
    if (name === undefined) return;
    if (entry) this.collections.set(name, entry);
    else this.collections.delete(name);
    this.#tell(name);
  }

  async #writeSnapshot(): Promise<void> {
    const { database, revision } = this;
    const encoded = encodeJson({ format: FORMAT, database, revision, seq: this.#seq, collections: [...this.collections.values()] } satisfies CatalogSnapshot);
    const { blobs } = this.#store;
    const { etag } = this.#etag === undefined ? await blobs.putIfAbsent(SNAPSHOT, encoded) : await blobs.putIfMatch(SNAPSHOT, encoded, this.#etag);
    this.#etag = etag;
    this.#sinceSnapshot = 0;
    await this.#log.trim(this.#seq + 1);
  }

  #tell(name: string): void {
    for (const watcher of this.#watchers) watcher(name);
  }
}
