/**
 * The catalog: which collections there are, their schemas, shards and tenants. A log of changes of its own, and a snapshot of what
 * they come to, written when the log has grown as large. Every change raises the revision; changes take turns, and each decides by what the one before has left.
 */
import { VectileError } from '../errors.js';
import { decodeJson, encodeJson } from '../storage/checked-json.js';
import type { OpenStore, ShardLog } from '../storage/storage.js';
import { newId } from './ids.js';
import type { Schema } from './schema.js';
import { TenantCatalog, type Purged, type TenantChange, type TenantEntry, type TenantsSnapshot } from './tenant-catalog.js';

export interface CatalogEntry {
  schema: Schema;
  /** 32 hexadecimal digits each. A collection with tenants has none of its own. */
  shards: readonly string[];
}

/** One record of the log: that the database, a collection, its next schema or tenants are there, or that a shard is not to stay. */
interface CatalogChange {
  revision: number;
  time: number;
  database: string;
  /** Of the collection. */
  name?: string;
  /** What it is from now on; absent if it is deleted. */
  entry?: CatalogEntry;
  /** Shards whose files are to be removed, unless an entry names them later. */
  dropped?: readonly string[];
  /** Of the collection `of`. */
  tenants?: TenantChange & { of: string };
  /** What was removed since the record before. */
  purged?: Purged;
}

interface CatalogSnapshot {
  format: number;
  database: string;
  revision: number;
  /** Sequence number of the last record that is in it. */
  seq: number;
  collections: CatalogEntry[];
  dropped: string[];
  tenants?: TenantsSnapshot;
}

/** What decides about tenants of a collection. */
interface TenantTurn {
  of: string;
  names: readonly string[];
  decide: (tenants: ReadonlyMap<string, TenantEntry>, schema: Schema) => TenantChange | undefined;
  resolve(): void;
  reject(cause: unknown): void;
}

/** The second one may have tenants. Until a collection has them the first is written, for releases that do not know of them. */
const FORMATS = [1, 2];
const LOG = 'catalog/log';
const SNAPSHOT = 'catalog/snapshot';
/** A snapshot is written after so many changes, and as many bytes of them as the last one has. */
const SNAPSHOT_RECORDS = 100;

export const newHexId = (): string => newId().replaceAll('-', '');

export class Catalog {
  /** 32 hexadecimal digits, made with the database. */
  database = '';
  revision = 0;
  readonly collections = new Map<string, CatalogEntry>();
  readonly tenants = new TenantCatalog();
  readonly #store: OpenStore;
  readonly #log: ShardLog;
  readonly #readOnly: boolean;
  readonly #now: () => number;
  readonly #watchers = new Set<(name: string) => void>();
  #etag: string | undefined;
  #seq = 0;
  #sinceSnapshot = 0;
  #bytesSinceSnapshot = 0;
  #snapshotBytes = 0;
  #format = FORMATS[0]!;
  /** To be noted with the next change. */
  #purged: Purged = { shards: [], copies: [] };
  #tenantTurns: TenantTurn[] = [];
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
      await this.#append([decision === 'delete' ? { name, ...present && { dropped: present.shards } } : { name, entry: decision, ...present && { dropped: present.shards.filter((shard) => !decision.shards.includes(shard)) } }]);
    });
  }

  /**
   * Changes tenants of a collection; all of it is one record. `decide` sees them as they are when its turn has come, and may throw;
   * it may look at those of `names` only, because other changes are written together with it. Throws if there is no such collection.
   */
  changeTenants(of: string, names: readonly string[], decide: TenantTurn['decide']): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#tenantTurns.push({ of, names, decide, resolve, reject }) === 1) void this.#inTurn(() => this.#turnTenants());
    });
  }

  /** Makes collections whose names are not taken, and their tenants: all of them, or none if it fails. */
  addAll(entries: readonly CatalogEntry[], tenants: ReadonlyMap<string, TenantChange> = new Map()): Promise<void> {
    return this.#inTurn(() => this.#append([
      ...entries.map((entry) => ({ name: entry.schema.name, entry })), ...[...tenants].map(([of, change]) => ({ tenants: { of, ...change } })),
    ]));
  }

  /** Notes that files of shards are gone, which `drop`, or a change of tenants, has said should. It is durable some time later. */
  purge(purged: Partial<Purged>): void {
    const { shards = [], copies = [] } = purged;
    this.tenants.purge({ shards, copies });
    this.#purged.shards.push(...shards);
    this.#purged.copies.push(...copies);
  }

  /** Notes that shards are to be removed unless a collection is made of them. */
  drop(shards: readonly string[]): Promise<void> {
    return this.#inTurn(() => this.#append([{ dropped: shards }]));
  }

  /** Read-only: takes up what a writer has changed since. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#follow().finally(() => { this.#refreshing = undefined; });
    return this.#refreshing;
  }

  async close(): Promise<void> {
    for (let last; last !== this.#changing;) await (last = this.#changing); // a turn may make another one
    await this.#refreshing?.catch(() => {});
    // or else they would be looked for when it is opened, which takes time if there are many
    if (this.#purged.shards.length + this.#purged.copies.length) await this.#append([{}]).catch(() => {});
    await this.#log.close();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(work);
    this.#changing = changed.catch(() => {});
    return changed;
  }

  /** Writes what goes together of the changes that wait: no tenant is in two of them. */
  async #turnTenants(): Promise<void> {
    const turns: TenantTurn[] = [];
    const touched = new Set<string>();
    while (this.#tenantTurns.length) {
      const { of, names } = this.#tenantTurns[0]!;
      const keys = names.map((name) => `${of}/${name}`);
      if (keys.some((key) => touched.has(key))) break;
      for (const key of keys) touched.add(key);
      turns.push(this.#tenantTurns.shift()!);
    }
    if (this.#tenantTurns.length) void this.#inTurn(() => this.#turnTenants());
    const decided: TenantTurn[] = [];
    const changes: (TenantChange & { of: string })[] = [];
    for (const turn of turns) {
      const { of, decide, resolve, reject } = turn;
      try {
        const entry = this.collections.get(of);
        if (!entry?.schema.multiTenancy) throw new VectileError('COLLECTION_MISSING', `name: expected that of a collection with tenants, got ${JSON.stringify(of)}`);
        const change = decide(this.tenants.of(of), entry.schema);
        if (!change?.put?.length && !change?.removed?.length) {
          resolve();
          continue;
        }
        decided.push(turn);
        changes.push({ of, ...change });
      } catch (cause) {
        reject(cause);
      }
    }
    try {
      await this.#append(changes.map((tenants) => ({ tenants })));
      for (const { resolve } of decided) resolve();
    } catch (cause) {
      for (const { reject } of decided) reject(cause);
    }
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
    if (!FORMATS.includes(snapshot.format)) throw new VectileError('STORAGE_VERSION', `${SNAPSHOT}: expected format ${FORMATS.join(' or ')}, got ${snapshot.format}`);
    const former = [...this.collections.keys()];
    this.#etag = found.etag;
    this.#format = snapshot.format;
    this.#snapshotBytes = found.bytes.length;
    this.#bytesSinceSnapshot = 0;
    this.database = snapshot.database;
    this.revision = snapshot.revision;
    this.#seq = snapshot.seq;
    this.collections.clear();
    this.tenants.clear();
    if (snapshot.tenants) this.tenants.load(snapshot.tenants);
    this.tenants.dropped.clear();
    for (const shard of snapshot.dropped) this.tenants.dropped.add(shard);
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
        this.#bytesSinceSnapshot += bytes.length;
      }
    }
    if (!this.#readOnly && this.#log.nextSeq !== this.#seq + 1) {
      throw new VectileError('STORAGE_CORRUPT', `${LOG}: expected records up to ${this.#seq}, as the snapshot says, got up to ${this.#log.nextSeq - 1}`);
    }
  }

  /** As one unit. The first change of all makes the database. */
  async #append(contents: readonly Pick<CatalogChange, 'name' | 'entry' | 'dropped' | 'tenants'>[]): Promise<void> {
    if (!contents.length) return;
    if (this.#format === FORMATS[0] && contents.some(({ entry }) => entry?.schema.multiTenancy)) await this.#writeSnapshot(FORMATS[1]!);
    const time = this.#now();
    const database = this.database || newHexId();
    const changes = contents.map((content, i): CatalogChange => ({ revision: this.revision + 1 + i, time, database, ...content }));
    const purged = this.#purged;
    if (purged.shards.length + purged.copies.length) changes[0]!.purged = purged;
    this.#purged = { shards: [], copies: [] };
    const records = changes.map(encodeJson);
    try {
      await this.#log.append(records, this.#seq + 1, 'sync');
    } catch (cause) {
      this.#purged = { shards: [...purged.shards, ...this.#purged.shards], copies: [...purged.copies, ...this.#purged.copies] };
      throw cause;
    }
    for (const change of changes) this.#apply(change);
    for (const { length } of records) this.#bytesSinceSnapshot += length;
    if (this.#sinceSnapshot >= SNAPSHOT_RECORDS && this.#bytesSinceSnapshot >= this.#snapshotBytes) await this.#writeSnapshot().catch(() => {}); // the log has it all
  }

  #apply({ database, revision, name, entry, dropped, tenants, purged }: CatalogChange): void {
    this.database = database;
    this.revision = revision;
    this.#seq++;
    this.#sinceSnapshot++;
    if (purged) this.tenants.purge(purged);
    for (const shard of dropped ?? []) this.tenants.dropped.add(shard);
    for (const shard of entry?.shards ?? []) this.tenants.dropped.delete(shard);
    if (tenants) {
      this.tenants.change(tenants.of, tenants);
      this.#tell(tenants.of);
    }
    if (name === undefined) return;
    if (entry) {
      this.collections.set(name, entry);
    } else {
      this.collections.delete(name);
      this.tenants.remove(name);
    }
    this.#tell(name);
  }

  async #writeSnapshot(format = this.#format): Promise<void> {
    const { database, revision } = this;
    const encoded = encodeJson({
      format, database, revision, seq: this.#seq, collections: [...this.collections.values()], dropped: [...this.tenants.dropped],
      ...format !== FORMATS[0] && { tenants: this.tenants.snapshot() },
    } satisfies CatalogSnapshot);
    const { blobs } = this.#store;
    const { etag } = this.#etag === undefined ? await blobs.putIfAbsent(SNAPSHOT, encoded) : await blobs.putIfMatch(SNAPSHOT, encoded, this.#etag);
    this.#etag = etag;
    this.#format = format;
    this.#snapshotBytes = encoded.length;
    this.#sinceSnapshot = this.#bytesSinceSnapshot = 0;
    await this.#log.trim(this.#seq + 1);
  }

  #tell(name: string): void {
    for (const watcher of this.#watchers) watcher(name);
  }
}
