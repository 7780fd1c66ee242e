/** The database: a store, its catalog, and the shards of its collections. */
import { VectileError, invalid } from '../errors.js';
import { checkOptions } from '../engine/checks.js';
import { Shard } from '../shard/shard.js';
import type { ChangeEvent, FieldSpec, ShardStats } from '../shard/types.js';
import type { Durability, OpenStore, Store } from '../storage/storage.js';
import type { IndexStats } from '../types.js';
import { call, type CallOptions } from './calls.js';
import { Catalog, newHexId, type CatalogEntry } from './catalog.js';
import { Collection } from './collection.js';
import { exportDatabase, importDatabase } from './export.js';
import type { CollectionHost } from './host.js';
import { checkCollectionName, configOf, createSchema, type Schema } from './schema.js';
import type { CollectionConfig, Properties, Vectorizer } from './typed.js';

export interface OpenOptions {
  /** `memory()`, `indexedDB(name)`, `fs(path)`. */
  store: Store;
  /** When writes that do not say are acknowledged. Default `sync`. */
  durability?: Durability;
  /** Opens beside a writer, and follows it within a second. Nothing may be written. */
  readOnly?: boolean;
  /** What `export` gave, to be put into an empty store. */
  from?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Milliseconds since 1970; default Date.now. */
  now?: () => number;
}

export interface CollectionStats {
  objects: number;
  /** In memory; `table`: ids, places and revisions. */
  memory: ShardStats['memory'];
  disk: ShardStats['disk'];
  written: ShardStats['written'];
  /** By name of the vector: how many, how many are not linked yet, and what the index says. */
  vectors: Record<string, { count: number; unlinked: number; index: IndexStats | undefined }>;
}

export interface DatabaseStats {
  collections: Record<string, CollectionStats>;
  objects: number;
  bytes: { memory: number; disk: number };
}

interface OpenCollection {
  shard: Promise<Shard>;
  listeners: Set<(event: ChangeEvent) => void>;
  pageEnds: Map<string, number>;
}

const OPTIONS = ['store', 'durability', 'readOnly', 'from', 'now'];
const DURABILITIES: readonly Durability[] = ['sync', 'flush', 'none'];
const REFRESH_MS = 250;
const SHARDS = 'shards/';

/** An open database. Made by `open`. */
export class Database {
  readonly collections: Collections;
  readonly #store: OpenStore;
  readonly #catalog: Catalog;
  readonly #options: OpenOptions;
  readonly #open = new Map<string, OpenCollection>();
  readonly #vectorizers = new Map<string, Vectorizer>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(store: OpenStore, catalog: Catalog, options: OpenOptions) {
    this.#store = store;
    this.#catalog = catalog;
    this.#options = options;
    this.collections = new Collections({
      schemas: () => {
        this.#checkOpen();
        return [...catalog.collections.values()].map(({ schema }) => schema);
      },
      has: (name) => {
        this.#checkOpen();
        return catalog.collections.has(name);
      },
      create: (schema, vectorizer) => this.#create(schema, vectorizer),
      use: (name, vectorizer) => this.#use(name, vectorizer),
      remove: (name) => this.#remove(name),
    });
  }

  /** @internal */
  static async open(options: OpenOptions): Promise<Database> {
    checkOptions(options, OPTIONS);
    const { store, durability = 'sync', readOnly = false, from, now = Date.now } = options ?? {};
    if (typeof store?.open !== 'function') throw invalid('store', 'a store, such as memory() or indexedDB(name)', store);
    if (!DURABILITIES.includes(durability)) throw invalid('durability', DURABILITIES.join(', '), durability);
    if (typeof readOnly !== 'boolean') throw invalid('readOnly', 'true or false', readOnly);
    if (from !== undefined && readOnly) throw invalid('from', 'none where nothing may be written', from);
    const opened = await store.open({ readOnly });
    try {
      const catalog = await Catalog.open(opened, readOnly, now);
      const database = new Database(opened, catalog, { ...options, durability, readOnly, now });
      try {
        await database.#start(from);
        return database;
      } catch (cause) {
        await database.close().catch(() => {});
        throw cause;
      }
    } catch (cause) {
      await opened.close().catch(() => {});
      throw cause;
    }
  }

  /** Counts and bytes. */
  stats(options?: CallOptions): Promise<DatabaseStats> {
    return call(options, [], async () => {
      this.#checkOpen();
      const collections: Record<string, CollectionStats> = Object.create(null);
      let objects = 0;
      let memory = 0;
      for (const [name, { schema }] of this.#catalog.collections) {
        const stats = await (await this.#shardOf(name)).stats();
        const vectors: CollectionStats['vectors'] = Object.create(null);
        for (const { number, name: vector } of schema.vectors) {
          const found = stats.vectors.get(number);
          vectors[vector] = found ?? { count: 0, unlinked: 0, index: undefined };
        }
        const { memory: inMemory, disk, written } = stats;
        collections[name] = { objects: stats.objects, memory: inMemory, disk, written, vectors };
        objects += stats.objects;
        memory += inMemory.table + inMemory.unflushed + inMemory.indexes;
      }
      return { collections, objects, bytes: { memory, disk: await this.#store.bytes('') } };
    });
  }

  /** Writes a snapshot of every collection now, and lets their logs go. It happens by itself when it is worth it. */
  snapshot(options?: CallOptions): Promise<void> {
    return call(options, [], () => this.#forAll((shard) => shard.snapshot()));
  }

  /** The same, and gives all disk space back that replaced and deleted objects have left. */
  compact(options?: CallOptions): Promise<void> {
    return call(options, [], () => this.#forAll((shard) => shard.compact()));
  }

  /** The whole database as one file with checksums, for `open({ store, from })`. Writes may go on; each collection is as the stream passes it. */
  export(): AsyncGenerator<Uint8Array> {
    this.#checkOpen();
    return exportDatabase([...this.#catalog.collections.values()].map(({ schema }) => ({ schema, shard: () => this.#shardOf(schema.name) })));
  }

  /** Waits for writes that are under way, and gives the store back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> { await this.close(); }

  // What follows is how the above is done.

  get #readOnly(): boolean { return this.#options.readOnly === true; }

  #checkOpen(): void {
    if (this.#closing) throw new VectileError('CLOSED', 'database: expected one in use, got one closed');
  }

  /** A shard that is damaged fails alone: when its collection is used. */
  async #start(from: OpenOptions['from']): Promise<void> {
    if (!this.#readOnly) await this.#sweep();
    this.#catalog.watch((name) => {
      if (!this.#catalog.collections.has(name)) this.#forget(name);
      else if (this.#readOnly) void this.#reconfigure(name);
    });
    await Promise.all([...this.#catalog.collections.keys()].map((name) => this.#shardOf(name).catch(() => {})));
    if (from !== undefined) await this.#import(from);
    if (!this.#readOnly) return;
    this.#timer = setInterval(() => void this.#catalog.refresh().catch(() => {}), REFRESH_MS);
    (this.#timer as { unref?(): void }).unref?.();
  }

  async #import(from: NonNullable<OpenOptions['from']>): Promise<void> {
    if (this.#catalog.collections.size) throw invalid('from', 'an empty store to put it into', `one with ${this.#catalog.collections.size} collections`);
    try {
      await importDatabase(from, async (schema) => {
        await this.#create(schema, undefined);
        return this.#shardOf(schema.name);
      });
    } catch (cause) {
      for (const name of [...this.#catalog.collections.keys()]) await this.#remove(name).catch(() => {});
      throw cause;
    }
  }

  /** Removes shards that no collection has: of those deleted when the process ended. */
  async #sweep(): Promise<void> {
    const known = new Set([...this.#catalog.collections.values()].map(({ shard }) => shard));
    const names = [...(await this.#store.blobs.list(SHARDS)).map(({ name }) => name), ...(await this.#store.logs(SHARDS))];
    const found = new Set(names.map((name) => name.split('/')[1]!));
    for (const shard of found) if (!known.has(shard)) await Shard.remove(this.#store, SHARDS + shard);
  }

  async #create(schema: Schema, vectorizer: Vectorizer | undefined): Promise<void> {
    this.#checkOpen();
    this.#checkWritable();
    await this.#catalog.change(schema.name, (present) => {
      if (present) throw new VectileError('COLLECTION_EXISTS', `name: expected one that is not taken, got ${JSON.stringify(schema.name)}`);
      return { schema, shard: newHexId() };
    });
    if (vectorizer) this.#vectorizers.set(schema.name, vectorizer);
    await this.#shardOf(schema.name);
  }

  async #remove(name: string): Promise<void> {
    this.#checkOpen();
    this.#checkWritable();
    const entry = this.#entry(name);
    const shard = await this.#open.get(name)?.shard.catch(() => undefined);
    await this.#catalog.change(name, (present) => (present?.shard === entry.shard ? 'delete' : undefined));
    await shard?.close().catch(() => {});
    this.#vectorizers.delete(name);
    await Shard.remove(this.#store, SHARDS + entry.shard);
  }

  #use(name: string, vectorizer: Vectorizer | undefined): CollectionHost {
    if (vectorizer) this.#vectorizers.set(name, vectorizer);
    const vectorizers = this.#vectorizers;
    const collection = () => this.#collection(name);
    return {
      name,
      durability: this.#options.durability ?? 'sync',
      get vectorizer() { return vectorizers.get(name); },
      get pageEnds() { return collection().pageEnds; },
      schema: () => {
        this.#checkOpen();
        return this.#entry(name).schema;
      },
      shard: () => this.#shardOf(name),
      changeSchema: (change) => this.#changeSchema(name, change),
      subscribe: (listener) => {
        const { listeners } = collection();
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
  }

  async #changeSchema(name: string, change: (schema: Schema) => Schema): Promise<Schema> {
    this.#checkOpen();
    this.#checkWritable();
    await this.#catalog.change(name, (present) => {
      if (!present) throw missing(name);
      const schema = change(present.schema);
      return schema === present.schema ? undefined : { ...present, schema };
    });
    await this.#reconfigure(name);
    return this.#entry(name).schema;
  }

  async #reconfigure(name: string): Promise<void> {
    const shard = await this.#open.get(name)?.shard.catch(() => undefined);
    const entry = this.#catalog.collections.get(name);
    if (shard && entry) await shard.configure(fieldsOf(entry.schema));
  }

  #entry(name: string): CatalogEntry {
    const entry = this.#catalog.collections.get(name);
    if (!entry) throw missing(name);
    return entry;
  }

  async #shardOf(name: string): Promise<Shard> {
    return this.#collection(name).shard;
  }

  #collection(name: string): OpenCollection {
    this.#checkOpen();
    const entry = this.#entry(name);
    const known = this.#open.get(name);
    if (known) return known;
    const listeners = new Set<(event: ChangeEvent) => void>();
    const { durability, now } = this.#options;
    const shard = Shard.open({
      store: this.#store, prefix: SHARDS + entry.shard, identity: { database: this.#catalog.database, shard: entry.shard }, fields: fieldsOf(entry.schema),
      readOnly: this.#readOnly, ...durability && { durability }, ...now && { now },
    }).then((opened) => {
      opened.onChange = (events) => {
        for (const event of events) for (const listener of [...listeners]) tell(listener, event);
      };
      return opened;
    });
    shard.catch(() => {}); // it is told to whoever uses the collection
    const collection = { shard, listeners, pageEnds: new Map<string, number>() };
    this.#open.set(name, collection);
    return collection;
  }

  #forget(name: string): void {
    const collection = this.#open.get(name);
    this.#open.delete(name);
    if (this.#readOnly) void collection?.shard.then((shard) => shard.close()).catch(() => {});
  }

  async #forAll(work: (shard: Shard) => Promise<void>): Promise<void> {
    this.#checkOpen();
    for (const name of [...this.#catalog.collections.keys()]) await work(await this.#shardOf(name));
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    const failures: unknown[] = [];
    for (const { shard } of this.#open.values()) {
      const opened = await shard.catch(() => undefined);
      await opened?.close().catch((cause: unknown) => failures.push(cause));
    }
    await this.#catalog.close().catch((cause: unknown) => failures.push(cause));
    await this.#store.close();
    if (failures.length) throw failures[0];
  }

  #checkWritable(): void {
    if (this.#readOnly) throw new VectileError('STORE_READ_ONLY', 'database: expected one open for writing, got one opened read-only');
  }
}

interface CollectionsHost {
  schemas(): Schema[];
  has(name: string): boolean;
  create(schema: Schema, vectorizer: Vectorizer | undefined): Promise<void>;
  use(name: string, vectorizer: Vectorizer | undefined): CollectionHost;
  remove(name: string): Promise<void>;
}

/** The collections of a database. */
export class Collections {
  readonly #host: CollectionsHost;

  /** @internal */
  constructor(host: CollectionsHost) {
    this.#host = host;
  }

  /** Makes a collection. Throws COLLECTION_EXISTS. */
  create<P extends object = Properties>(config: CollectionConfig<P>, options?: CallOptions): Promise<Collection<P>> {
    return call(options, [], async () => {
      const schema = createSchema(config);
      await this.#host.create(schema, config.vectorizer);
      return new Collection<P>(this.#host.use(schema.name, config.vectorizer));
    });
  }

  /** A collection by name; whether it is there shows when it is used. Functions are not stored: the vectorizer is given here. */
  use<P extends object = Properties>(name: string, options: { vectorizer?: Vectorizer } = {}): Collection<P> {
    checkCollectionName(name);
    checkOptions(options, ['vectorizer']);
    const { vectorizer } = options;
    if (vectorizer !== undefined && typeof vectorizer !== 'function') throw invalid('vectorizer', 'a function', vectorizer);
    return new Collection<P>(this.#host.use(name, vectorizer));
  }

  exists(name: string, options?: CallOptions): Promise<boolean> {
    return call(options, [], () => {
      checkCollectionName(name);
      return this.#host.has(name);
    });
  }

  /** Configurations of all collections, in the order they were made. */
  listAll(options?: CallOptions): Promise<CollectionConfig[]> {
    return call(options, [], () => this.#host.schemas().map((schema) => configOf(schema)));
  }

  /** Deletes a collection and every byte of it. Throws COLLECTION_MISSING. */
  delete(name: string, options?: CallOptions): Promise<void> {
    return call(options, [], () => {
      checkCollectionName(name);
      return this.#host.remove(name);
    });
  }
}

/** Named vectors that have their dimensions, as a shard takes them. */
function fieldsOf(schema: Schema): FieldSpec[] {
  return schema.vectors.flatMap(({ number, dimensions, metric, index, quantizer, fullVectors }) => {
    if (dimensions === undefined) return [];
    const { type, maxConnections = 32, efConstruction = 128, threshold = 0 } = index;
    return [{ number, dimensions, metric, type, maxConnections, efConstruction, threshold, codec: quantizer, fullVectors }];
  });
}

function tell(listener: (event: ChangeEvent) => void, event: ChangeEvent): void {
  try {
    listener(event);
  } catch {
    // a listener is no part of the write it hears of
  }
}

function missing(name: string): VectileError {
  return new VectileError('COLLECTION_MISSING', `name: expected that of a collection, got ${JSON.stringify(name)}`);
}
