/**
 * The catalog: which collections there are, their schemas, and their shards. A log of changes of its own, and a snapshot of what
 * they come to. Every change raises the revision; changes take turns, and each decides by what the one before has left.
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

/** One record of the log: that the database, a collection or its next schema is there, or that a shard is not to stay. */
interface CatalogChange {
  revision: number;
  time: number;
  database: string;
  /** Of the collection. */
  name?: string;
  /** What it is from now on; absent if it is deleted. */
  entry?: CatalogEntry;
  /** A shard whose files are to be removed, unless an entry names it later. */
  dropped?: string;
}

interface CatalogSnapshot {
  format: number;
  database: string;
  revision: number;
  /** Sequence number of the last record that is in it. */
  seq: number;
  collections: CatalogEntry[];
  dropped: string[];
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
  /** Shards that may have files and belong to no collection: of those that were deleted, and of imports that came to no end. */
  readonly dropped = new Set<string>();
  readonly #store: OpenStore;
  readonly #log: ShardLog;
  readonly #readOnly: boolean;
  readonly #now: () => number;
  readonly #watchers = new Set<(name: string) => void>();
  #etag: string | undefined;
  #seq = 0;
  #sinceSnapshot = 0;
  #changing: Promise<unknown> = Promise.resolve();
  #refreshing: Promise<void> | undefined;

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
      if (!readOnly && !catalog.database) await catalog.#append([{}]);
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
   * Makes, replaces or deletes what the catalog knows of a collection. `decide` sees it as it is when its turn has come, and may
   * throw; undefined leaves it so. Resolves when the change is durable.
   */
  change(name: string, decide: (present: CatalogEntry | undefined) => CatalogEntry | 'delete' | undefined): Promise<void> {
    return this.#inTurn(async () => {
      const present = this.collections.get(name);
      const decision = decide(present);
      if (decision === undefined) return;
      await this.#append([decision === 'delete' ? { name, ...present && { dropped: present.shard } } : { name, entry: decision }]);
    });
  }

  /** Makes collections whose names are not taken: all of them, or none if it fails. */
  addAll(entries: readonly CatalogEntry[]): Promise<void> {
    return this.#inTurn(() => this.#append(entries.map((entry) => ({ name: entry.schema.name, entry }))));
  }

  /** Notes that a shard is to be removed unless a collection is made of it. */
  drop(shard: string): Promise<void> {
    return this.#inTurn(() => this.#append([{ dropped: shard }]));
  }

  /** Read-only: takes up what a writer has changed since. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#follow().finally(() => { this.#refreshing = undefined; });
    return this.#refreshing;
  }

  async close(): Promise<void> {
    await this.#changing;
    await this.#refreshing?.catch(() => {});
    await this.#log.close();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(work);
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #follow(): Promise<void> {
    try {
      await this.#replay();
    } catch (cause) {
      // trimmed behind a newer snapshot
      if (!(cause instanceof VectileError) || cause.code !== 'LOG_CONFLICT') throw cause;
      await this.#readSnapshot();
      await this.#replay().catch((again: unknown) => {
        if (!(again instanceof VectileError) || again.code !== 'LOG_CONFLICT') throw again;
        throw new VectileError('STORAGE_CORRUPT', `${SNAPSHOT}: expected one that the log goes on from, got ${this.#seq ? 'an older one' : 'none'}`, { cause: again });
      });
    }
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
    this.dropped.clear();
    for (const shard of snapshot.dropped) this.dropped.add(shard);
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

  /** As one unit. The first change of all makes the database. */
  async #append(contents: readonly Pick<CatalogChange, 'name' | 'entry' | 'dropped'>[]): Promise<void> {
    if (!contents.length) return;
    const time = this.#now();
    const database = this.database || newHexId();
    const changes = contents.map((content, i): CatalogChange => ({ revision: this.revision + 1 + i, time, database, ...content }));
    await this.#log.append(changes.map(encodeJson), this.#seq + 1, 'sync');
    for (const change of changes) this.#apply(change);
    if (this.#sinceSnapshot >= SNAPSHOT_RECORDS) await this.#writeSnapshot().catch(() => {}); // the log has it all
  }

  #apply({ database, revision, name, entry, dropped }: CatalogChange): void {
    this.database = database;
    this.revision = revision;
    this.#seq++;
    this.#sinceSnapshot++;
    if (dropped !== undefined) this.dropped.add(dropped);
    if (entry) this.dropped.delete(entry.shard);
    if (name === undefined) return;
    if (entry) this.collections.set(name, entry);
    else this.collections.delete(name);
    this.#tell(name);
  }

  async #writeSnapshot(): Promise<void> {
    const { database, revision } = this;
    const encoded = encodeJson({
      format: FORMAT, database, revision, seq: this.#seq, collections: [...this.collections.values()], dropped: [...this.dropped],
    } satisfies CatalogSnapshot);
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
