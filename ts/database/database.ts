/** The database: a store, its catalog, and the shards of its collections. */
import { VectileError, invalid } from '../errors.js';
import { checkOptions } from '../engine/checks.js';
import { openAnalyzer } from '../search/analyzer.js';
import type { Stemmer } from '../search/stemming.js';
import type { PropertySpec } from '../search/types.js';
import type { ShardHandle } from '../shard/handle.js';
import { handlesMax, hostMemory } from '../storage/fs.js';
import type { Durability, OpenStore, Store } from '../storage/storage.js';
import { call, type CallOptions } from './calls.js';
import { Catalog, newHexId, type CatalogEntry } from './catalog.js';
import { Cluster, nodeStatus, type ClusterHost } from './cluster.js';
import { Collections } from './collections.js';
import { hostOf, type HostPlaces } from './collection-hosts.js';
import { exportDatabase } from './export.js';
import { exportedCollection, type ExportOptions } from './exported.js';
import type { CollectionHost } from './host.js';
import { importDatabase, type ByteSource } from './import.js';
import { ImportedCollections } from './imported.js';
import type { Models } from './models.js';
import { OpenCollections, SHARDS, type OpenShard } from './open-collections.js';
import { LIMITS, Pressure, pressureLimits } from './pressure.js';
import { prometheusText } from './prometheus.js';
import { Resharding } from './reshard.js';
import { ShardPool } from './shard-pool.js';
import { ShardThreads } from './shard-threads.js';
import { specsOf } from './specs.js';
import { shardCountOf, type Schema } from './schema.js';
import { collectionStats, tenantsStats, type DatabaseStats } from './stats.js';
import { TenantStates } from './tenant-states.js';
import { Uses } from './uses.js';

export type { ExportOptions } from './exported.js';
export type { CollectionStats, DatabaseStats } from './stats.js';
export { Collections } from './collections.js';

export interface OpenOptions {
  /** `memory()`, `indexedDB(name)`, `fs(path)`. */
  store: Store;
  /** When writes that do not say are acknowledged. Default `sync`. */
  durability?: Durability;
  /** Opens beside a writer, and follows it within a second. Nothing may be written. */
  readOnly?: boolean;
  /** What `export` gave, to be put into an empty store: all of it, or nothing if it fails. Throws STORAGE_CORRUPT if it is not whole. */
  from?: ByteSource;
  /** Bytes of the inverted indexes of all collections that are kept in memory; the rest is read when it is asked for. Default 64 MiB. */
  invertedBytesMax?: number;
  /**
   * Shards of tenants that are open at a time; a call that needs another one waits until one that is not in use is closed. Default
   * 1,000 where there is a file system, or half of the files that the process may have open, if that is less and Linux tells; elsewhere 24, because
   * browsers allow few WebAssembly memories.
   */
  openShardsMax?: number;
  /** Bytes that open shards of tenants have in memory; past it those that are not in use are closed. Default none. */
  openBytesMax?: number;
  /**
   * Worker threads that shards live in, beside this one, which then is never busy for long; started as shards are opened. Default: one
   * less than the machine has cores, at least 1; in browsers 1. With 0, shards live in this thread. So they do, unless a number is given,
   * where no thread can be started, with `memory()`, and with `stemmers` or `now`, which are functions.
   */
  threads?: number;
  /** A store to which tenants can be moved, by `tenants.offload`. It is opened and closed with the database. */
  offload?: Store;
  /**
   * Percentages, 0 being none. Past how much of the disk that has the folder, or of the quota, in use by whomever, writes of objects throw
   * SHARD_READ_ONLY, until it is less again: default 0; and when `cluster.nodes` warns: default 80.
   */
  diskUseReadonlyPercentage?: number;
  diskUseWarningPercentage?: number;
  /** The same of memory, of what the process has over what it may have. Default 0. */
  memoryReadonlyPercentage?: number;
  memoryWarningPercentage?: number;
  /** Bytes that are in use, and all there are; by default as Node, Bun and Deno tell, elsewhere unknown. */
  memoryUse?: () => { used: number; total: number } | undefined;
  /** Functions that bring words to their stems, by language, where the package `@orama/stemmers` cannot be imported by name. */
  stemmers?: Readonly<Record<string, Stemmer>>;
  /** Milliseconds since 1970; default Date.now. */
  now?: () => number;
}

const OPTIONS = [
  'store', 'durability', 'readOnly', 'from', 'invertedBytesMax', 'openShardsMax', 'openBytesMax', 'threads', 'offload', ...Object.keys(LIMITS), 'memoryUse', 'stemmers', 'now',
];
const INVERTED_BYTES = 64 << 20;
const OPEN_SHARDS = 1000;
const OPEN_SHARDS_IN_BROWSERS = 24;
const DURABILITIES: readonly Durability[] = ['sync', 'flush', 'none'];
const THREADS_MAX = 1024;
const REFRESH_MS = 250;

/** An open database. Made by `open`. */
export class Database {
  readonly collections: Collections;
  readonly cluster: Cluster;
  readonly #store: OpenStore;
  readonly #catalog: Catalog;
  readonly #threads: ShardThreads;
  readonly #open: OpenCollections;
  readonly #pool: ShardPool;
  readonly #states: TenantStates;
  readonly #resharding: Resharding;
  readonly #places: HostPlaces;
  readonly #pressure: Pressure;
  readonly #clusterHost: ClusterHost;
  readonly #offload: OpenStore | undefined;
  readonly #readOnly: boolean;
  readonly #stemmers: Readonly<Record<string, Stemmer>>;
  readonly #models = new Map<string, Models>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closing: Promise<void> | undefined;
  /** Calls that write: objects, collections, schemas. */
  readonly #writes = new Uses();
  #isClosed = false;

  private constructor(store: OpenStore, offload: OpenStore | undefined, catalog: Catalog, options: OpenOptions) {
    const { durability = 'sync', readOnly = false, invertedBytesMax = INVERTED_BYTES, stemmers } = options;
    const { openShardsMax = openShardsDefault(), openBytesMax = Infinity } = options;
    this.#store = store;
    this.#offload = offload;
    this.#catalog = catalog;
    this.#readOnly = readOnly;
    this.#stemmers = stemmers ?? {};
    this.#threads = new ShardThreads({ store, threads: options.threads, stemmers, now: options.now, sectionBytesMax: invertedBytesMax });
    this.#open = new OpenCollections(catalog, { threads: this.#threads, durability, readOnly, stemmers: this.#stemmers });
    this.#pool = new ShardPool(this.#open, (shard) => store.blobs.release(`${SHARDS}${shard}/`), { shardsMax: openShardsMax, bytesMax: openBytesMax });
    this.#states = new TenantStates({ store, offload, catalog, open: this.#open, pool: this.#pool, check: () => this.#checkWritable(), checkRoom: () => this.#pressure.check() });
    this.#resharding = new Resharding({
      catalog, open: this.#open, check: () => this.#checkWritable(), checkRoom: () => this.#pressure.check(), entry: (name) => this.#entry(name), removeShards: (shards) => this.#states.removeShards(shards),
    });
    this.#pressure = new Pressure(pressureLimits(options), () => store.space(), options.memoryUse ?? hostMemory);
    this.#places = {
      catalog, open: this.#open, resharding: this.#resharding, pool: this.#pool, states: this.#states, durability, readOnly, canOnload: offload !== undefined, models: this.#models,
      entry: (name) => this.#entry(name),
      checkStemmers: (specs) => this.#checkStemmers(specs),
      changeSchema: (name, change) => this.#changeSchema(name, change),
      checkRoom: () => this.#pressure.check(),
      writing: (work) => this.#writing(work),
    };
    if (readOnly) catalog.watch((name) => this.#pool.keep(name, (shard) => this.#isActive(name, shard)));
    this.collections = new Collections({
      schemas: () => this.#entries().map(({ schema }) => schema),
      has: (name) => this.#entries().some(({ schema }) => schema.name === name),
      create: (schema, models) => this.#writing(() => this.#create(schema, models)),
      use: (name, models) => this.#use(name, models),
      remove: (name) => this.#writing(() => this.#remove(name)),
    });
    this.#clusterHost = { entries: () => this.#entries(), tenants: catalog.tenants, open: this.#open, pool: this.#pool, readOnly, uses: () => this.#pressure.look() };
    this.cluster = new Cluster(this.#clusterHost);
  }

  /** @internal */
  static async open(options: OpenOptions): Promise<Database> {
    checkOptions(options, OPTIONS);
    const { store, durability = 'sync', readOnly = false, from, invertedBytesMax = INVERTED_BYTES, stemmers = {}, now = Date.now } = options ?? {};
    if (typeof store?.open !== 'function') throw invalid('store', 'a store, such as memory() or indexedDB(name)', store);
    if (!DURABILITIES.includes(durability)) throw invalid('durability', `one of ${DURABILITIES.join(', ')}`, durability);
    if (typeof readOnly !== 'boolean') throw invalid('readOnly', 'true or false', readOnly);
    if (!(typeof invertedBytesMax === 'number' && invertedBytesMax >= 0)) throw invalid('invertedBytesMax', 'a number of bytes', invertedBytesMax);
    checkBudget('openShardsMax', options?.openShardsMax);
    checkBudget('openBytesMax', options?.openBytesMax);
    checkThreads(options?.threads);
    if (options?.offload !== undefined && typeof options.offload?.open !== 'function') throw invalid('offload', 'a store, such as fs(path)', options.offload);
    pressureLimits(options);
    if (options.memoryUse !== undefined && typeof options.memoryUse !== 'function') throw invalid('memoryUse', 'a function', options.memoryUse);
    if (typeof stemmers !== 'object' || stemmers === null) throw invalid('stemmers', 'functions by language', stemmers);
    if (typeof now !== 'function') throw invalid('now', 'a function', now);
    if (from !== undefined && readOnly) throw invalid('from', 'none where nothing may be written', from);
    const opened = await store.open({ readOnly });
    let offload: OpenStore | undefined;
    let database: Database | undefined;
    try {
      if (!readOnly) offload = await options.offload?.open({ readOnly });
      database = new Database(opened, offload, await Catalog.open(opened, readOnly, now), options);
      await database.#start(from);
      return database;
    } catch (cause) {
      await (database ?? opened).close().catch(() => {});
      if (!database) await offload?.close().catch(() => {});
      throw cause;
    }
  }

  /** Counts and bytes. A damaged collection is among them, with what is wrong with it. */
  stats(options?: CallOptions): Promise<DatabaseStats> { return call(options, [], () => this.#stats()); }

  /** The same, and how shards and tenants are, in the text form of Prometheus. */
  metrics(options?: CallOptions): Promise<string> {
    return call(options, [], async () => prometheusText(await this.#stats(), await nodeStatus(this.#clusterHost, this.#entries())));
  }

  /** Writes a snapshot of every collection now, and of every tenant that is open, and lets their logs go. It happens by itself when it is worth it. */
  snapshot(options?: CallOptions): Promise<void> {
    return call(options, [], () => this.#forAll((shard) => shard.snapshot()));
  }

  /** The same, and gives all disk space back that replaced and deleted objects have left. */
  compact(options?: CallOptions): Promise<void> {
    return call(options, [], () => this.#forAll((shard) => shard.compact()));
  }

  /**
   * The whole database as one file with checksums, for `open({ store, from })`. Writes may go on: an object that is there
   * throughout is in it once, one that is written meanwhile as it was before or after. Vectorizers and other models are not in it, but the name of a vectorizer is. Tenants that are
   * INACTIVE are read, and stay so; with one that is OFFLOADED, or on its way, it throws TENANT_OFFLOADED, unless they are skipped.
   */
  export(options: ExportOptions = {}): AsyncGenerator<Uint8Array> {
    checkOptions(options, ['offloaded']);
    const { offloaded = 'refuse' } = options;
    if (offloaded !== 'refuse' && offloaded !== 'skip') throw invalid('offloaded', 'refuse or skip', offloaded);
    const names = this.#entries().map(({ schema }) => schema.name);
    return exportDatabase(names.map((name) => exportedCollection(this.#places, name, offloaded)));
  }

  /** Waits for writes that are under way, and gives the store back. Calls throw CLOSED then, and writes as soon as it is called. `insertMany` of what is no array ends with CLOSED after a batch. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> { await this.close(); }

  // What follows is how the above is done.

  async #stats(): Promise<DatabaseStats> {
    const collections: DatabaseStats['collections'] = Object.create(null);
    let objects = 0;
    let memory = 0;
    for (const { schema: { name } } of this.#entries()) {
      const entry = this.#catalog.collections.get(name);
      if (!entry) continue; // it was deleted meanwhile
      const { schema } = entry;
      const stats = await (schema.multiTenancy
        ? tenantsStats(schema, this.#catalog.tenants.of(name).values(), this.#pool.of(name))
        : this.#holding(entry, (shards) => collectionStats(schema, shards)));
      collections[name] = stats;
      objects += stats.objects;
      memory += stats.memory.table + stats.memory.unflushed + stats.memory.indexes + stats.memory.inverted;
    }
    return { collections, objects, bytes: { memory, disk: await this.#store.bytes('') } };
  }

  async #start(from: ByteSource | undefined): Promise<void> {
    if (!this.#readOnly) await this.#sweep();
    await Promise.all(this.#entries().flatMap(({ schema }) => this.#shardsOf(schema.name).map((shard) => shard.catch(() => {}))));
    if (from !== undefined) await this.#import(from);
    if (!this.#readOnly) return;
    this.#timer = setInterval(() => void this.#catalog.refresh().catch(() => {}), REFRESH_MS);
    (this.#timer as { unref?(): void }).unref?.();
  }

  /** Removes what shards have left that were deleted, moved, or imported in part, when the process ended. */
  async #sweep(): Promise<void> {
    const { tenants } = this.#catalog;
    // a catalog that was lost is not taken for an empty one; with tenants there may be too many to look
    if (!this.#entries().some(({ schema }) => schema.multiTenancy)) {
      const known = new Set(this.#entries().flatMap(({ shards }) => shards));
      const names = [...(await this.#store.blobs.list(SHARDS)).map(({ name }) => name), ...(await this.#store.logs(SHARDS))];
      for (const shard of new Set(names.map((name) => name.split('/')[1]!))) {
        if (known.has(shard) || tenants.dropped.has(shard)) continue;
        throw new VectileError('STORAGE_CORRUPT', `${SHARDS}${shard}: expected a collection of the catalog to have it, got none`);
      }
    }
    await this.#states.resume();
  }

  /** The collections are there with one record of the catalog, once all their objects are. */
  async #import(from: ByteSource): Promise<void> {
    const present = this.#entries().length;
    if (present) throw invalid('from', 'an empty store to put it into', `one with ${present} collections`);
    await this.#pressure.check();
    const imported = new ImportedCollections(this.#catalog, this.#open);
    try {
      await importDatabase(from, imported);
      await imported.finish();
    } catch (cause) {
      await imported.discard();
      await this.#states.removeShards(imported.shards).catch(() => {}); // it is tried again when the store is opened
      throw cause;
    }
  }

  async #create(schema: Schema, models: Models): Promise<CollectionHost> {
    this.#checkWritable();
    await this.#checkStemmers(specsOf(schema));
    await this.#catalog.change(schema.name, (present) => {
      if (present) throw new VectileError('COLLECTION_EXISTS', `name: expected one that is not taken (use gives the collection that is there), got ${JSON.stringify(schema.name)}`);
      return { schema, shards: Array.from({ length: shardCountOf(schema) }, newHexId) };
    });
    await Promise.all(this.#shardsOf(schema.name));
    return this.#use(schema.name, models);
  }

  async #checkStemmers(specs: readonly PropertySpec[]): Promise<void> { await openAnalyzer(specs, this.#stemmers); }

  async #remove(name: string): Promise<void> {
    this.#checkWritable();
    this.#entry(name);
    let shards: string[] = [];
    let open: OpenShard[] = [];
    await this.#catalog.change(name, (present) => {
      if (!present) throw missing(name);
      shards = [...present.shards, ...[...this.#catalog.tenants.of(name).values()].map((tenant) => tenant.shard)];
      open = this.#open.get(name).filter(({ shardId }) => present.shards.includes(shardId));
      return 'delete';
    });
    this.#models.delete(name);
    for (const { shard } of open) await shard.then((opened) => opened.close({ discard: true })).catch(() => {});
    await this.#states.removeShards(shards);
  }

  #use(name: string, models: Models): CollectionHost {
    this.#checkOpen();
    this.#models.set(name, { ...this.#models.get(name), ...models });
    return hostOf(this.#places, name);
  }

  async #changeSchema(name: string, change: (schema: Schema) => Schema): Promise<void> {
    this.#checkWritable();
    await this.#catalog.change(name, (present) => {
      if (!present) throw missing(name);
      const schema = change(present.schema);
      return schema === present.schema ? undefined : { ...present, schema };
    });
    await this.#open.configured(this.#entry(name).schema);
  }

  /** Writes that have begun go on while the database is being closed. */
  async #writing<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw closed();
    const end = this.#writes.begin();
    try {
      return await work();
    } finally {
      end();
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed();
  }

  #checkWritable(): void {
    this.#checkOpen();
    if (this.#readOnly) throw new VectileError('STORE_READ_ONLY', 'database: expected one open for writing, got one opened read-only');
  }

  #entries(): CatalogEntry[] {
    this.#checkOpen();
    return [...this.#catalog.collections.values()];
  }

  #entry(name: string): CatalogEntry {
    this.#checkOpen();
    const entry = this.#catalog.collections.get(name);
    if (!entry) throw missing(name);
    return entry;
  }

  #isActive(name: string, shard: string): boolean {
    for (const tenant of this.#catalog.tenants.of(name).values()) if (tenant.shard === shard) return tenant.status === 'ACTIVE';
    return false;
  }

  /** Of a collection without tenants. */
  #shardsOf(name: string): Promise<ShardHandle>[] { return this.#open.of(this.#entry(name)).map(({ shard }) => shard); }

  /** They are not closed before the work is done, even if others take their place. */
  async #holding<T>(entry: CatalogEntry, work: (shards: Promise<ShardHandle>[]) => Promise<T>): Promise<T> {
    const { shards, end } = this.#open.hold(entry);
    try {
      return await work(shards.map(({ shard }) => shard));
    } finally {
      end();
    }
  }

  /** Of every collection and every open tenant, whatever happens to another. */
  async #forAll(work: (shard: ShardHandle) => Promise<void>): Promise<void> {
    const failures: unknown[] = [];
    for (const { schema: { name } } of this.#entries()) {
      // one that was deleted meanwhile has nothing to be written
      const fail = (cause: unknown) => void (this.#catalog.collections.has(name) && failures.push(cause));
      await this.#pool.forEach(name, (shard) => work(shard).catch(fail));
      const entry = this.#catalog.collections.get(name);
      if (entry) await this.#holding(entry, async (shards) => { for (const shard of shards) await shard.then(work).catch(fail); });
    }
    if (failures.length) throw failures[0];
  }

  async #close(): Promise<void> {
    if (this.#writes.isInUse) await this.#writes.ended(); // or else it is closed before the caller goes on
    this.#isClosed = true;
    clearInterval(this.#timer);
    const failures: unknown[] = [];
    const fail = (cause: unknown) => void failures.push(cause);
    await this.#resharding.settled();
    await this.#states.settled();
    await this.#pool.close().catch(fail);
    await this.#open.close().catch(fail);
    await this.#threads.close().catch(fail);
    await this.#catalog.close().catch(fail);
    await this.#offload?.close().catch(fail);
    await this.#store.close();
    if (failures.length) throw failures[0];
  }
}

/** A tenant that is open has one file open, its log; half of those there may be are left to others. */
function openShardsDefault(): number {
  const files = handlesMax();
  return files === undefined ? OPEN_SHARDS_IN_BROWSERS : Math.max(1, Math.min(OPEN_SHARDS, Math.floor(files / 2)));
}

function checkBudget(argument: string, value: number | undefined): void {
  if (value !== undefined && !(typeof value === 'number' && value >= 1)) throw invalid(argument, 'a number from 1', value);
}

function checkThreads(threads: number | undefined): void {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 0 && threads <= THREADS_MAX)) throw invalid('threads', `a number from 0 to ${THREADS_MAX}`, threads);
}

function closed(): VectileError {
  return new VectileError('CLOSED', 'database: expected one in use, got one closed');
}

function missing(name: string): VectileError {
  return new VectileError('COLLECTION_MISSING', `name: expected that of a collection, got ${JSON.stringify(name)}`);
}
