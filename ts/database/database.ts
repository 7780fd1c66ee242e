/** The database: a store, its catalog, and the shards of its collections. */
import { VectileError, invalid } from '../errors.js';
import { checkOptions } from '../engine/checks.js';
import { openAnalyzer } from '../search/analyzer.js';
import { SectionCache } from '../search/section-cache.js';
import type { Stemmer } from '../search/stemming.js';
import type { PropertySpec } from '../search/types.js';
import { Shard } from '../shard/shard.js';
import type { Durability, OpenStore, Store } from '../storage/storage.js';
import { call, type CallOptions } from './calls.js';
import { Catalog, newHexId, type CatalogEntry } from './catalog.js';
import { Collections } from './collections.js';
import { exportDatabase } from './export.js';
import { fieldsOf } from './fields.js';
import type { CollectionHost } from './host.js';
import { importDatabase, type ByteSource } from './import.js';
import { OpenCollections, SHARDS, type OpenCollection } from './open-collections.js';
import { specsOf } from './specs.js';
import type { Schema } from './schema.js';
import { collectionStats, type DatabaseStats } from './stats.js';
import type { Vectorizer } from './typed.js';

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
  /** Functions that bring words to their stems, by language, where the package `@orama/stemmers` cannot be imported by name. */
  stemmers?: Readonly<Record<string, Stemmer>>;
  /** Milliseconds since 1970; default Date.now. */
  now?: () => number;
}

const OPTIONS = ['store', 'durability', 'readOnly', 'from', 'invertedBytesMax', 'stemmers', 'now'];
const INVERTED_BYTES = 64 << 20;
const DURABILITIES: readonly Durability[] = ['sync', 'flush', 'none'];
const REFRESH_MS = 250;

/** An open database. Made by `open`. */
export class Database {
  readonly collections: Collections;
  readonly #store: OpenStore;
  readonly #catalog: Catalog;
  readonly #open: OpenCollections;
  readonly #durability: Durability;
  readonly #readOnly: boolean;
  readonly #stemmers: Readonly<Record<string, Stemmer>>;
  readonly #vectorizers = new Map<string, Vectorizer | null>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closing: Promise<void> | undefined;
  /** Removals that are under way. */
  readonly #removing = new Set<Promise<void>>();

  private constructor(store: OpenStore, catalog: Catalog, { durability = 'sync', readOnly = false, invertedBytesMax = INVERTED_BYTES, stemmers = {}, now = Date.now }: OpenOptions) {
    this.#store = store;
    this.#catalog = catalog;
    this.#durability = durability;
    this.#readOnly = readOnly;
    this.#stemmers = stemmers;
    this.#open = new OpenCollections(catalog, { store, durability, readOnly, now, stemmers, sections: new SectionCache(invertedBytesMax) });
    this.collections = new Collections({
      schemas: () => this.#entries().map(({ schema }) => schema),
      has: (name) => this.#entries().some(({ schema }) => schema.name === name),
      create: (schema, vectorizer) => this.#create(schema, vectorizer),
      use: (name, vectorizer) => this.#use(name, vectorizer),
      remove: (name) => this.#remove(name),
    });
  }

  /** @internal */
  static async open(options: OpenOptions): Promise<Database> {
    checkOptions(options, OPTIONS);
    const { store, durability = 'sync', readOnly = false, from, invertedBytesMax = INVERTED_BYTES, stemmers = {}, now = Date.now } = options ?? {};
    if (typeof store?.open !== 'function') throw invalid('store', 'a store, such as memory() or indexedDB(name)', store);
    if (!DURABILITIES.includes(durability)) throw invalid('durability', `one of ${DURABILITIES.join(', ')}`, durability);
    if (typeof readOnly !== 'boolean') throw invalid('readOnly', 'true or false', readOnly);
    if (!(typeof invertedBytesMax === 'number' && invertedBytesMax >= 0)) throw invalid('invertedBytesMax', 'a number of bytes', invertedBytesMax);
    if (typeof stemmers !== 'object' || stemmers === null) throw invalid('stemmers', 'functions by language', stemmers);
    if (typeof now !== 'function') throw invalid('now', 'a function', now);
    if (from !== undefined && readOnly) throw invalid('from', 'none where nothing may be written', from);
    const opened = await store.open({ readOnly });
    let database: Database | undefined;
    try {
      database = new Database(opened, await Catalog.open(opened, readOnly, now), options);
      await database.#start(from);
      return database;
    } catch (cause) {
      await (database ?? opened).close().catch(() => {});
      throw cause;
    }
  }

  /** Counts and bytes. A damaged collection is among them, with what is wrong with it. */
  stats(options?: CallOptions): Promise<DatabaseStats> {
    return call(options, [], async () => {
      const collections: DatabaseStats['collections'] = Object.create(null);
      let objects = 0;
      let memory = 0;
      for (const { schema } of this.#entries()) {
        const stats = await collectionStats(schema, this.#shardOf(schema.name));
        collections[schema.name] = stats;
        objects += stats.objects;
        memory += stats.memory.table + stats.memory.unflushed + stats.memory.indexes + stats.memory.inverted;
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

  /**
   * The whole database as one file with checksums, for `open({ store, from })`. Writes may go on: an object that is there
   * throughout is in it once, one that is written meanwhile as it was before or after. Vectorizers are not in it.
   */
  export(): AsyncGenerator<Uint8Array> {
    const names = this.#entries().map(({ schema }) => schema.name);
    return exportDatabase(names.map((name) => ({ schema: () => this.#entry(name).schema, shard: () => this.#shardOf(name) })));
  }

  /** Waits for writes that are under way, and gives the store back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> { await this.close(); }

  // What follows is how the above is done.

  async #start(from: ByteSource | undefined): Promise<void> {
    if (!this.#readOnly) await this.#sweep();
    await Promise.all(this.#entries().map(({ schema }) => this.#shardOf(schema.name).catch(() => {})));
    if (from !== undefined) await this.#import(from);
    if (!this.#readOnly) return;
    this.#timer = setInterval(() => void this.#catalog.refresh().catch(() => {}), REFRESH_MS);
    (this.#timer as { unref?(): void }).unref?.();
  }

  /** Removes what shards have left that were deleted, or imported in part, when the process ended. */
  async #sweep(): Promise<void> {
    const { dropped } = this.#catalog;
    const known = new Set(this.#entries().map(({ shard }) => shard));
    const names = [...(await this.#store.blobs.list(SHARDS)).map(({ name }) => name), ...(await this.#store.logs(SHARDS))];
    for (const shard of new Set(names.map((name) => name.split('/')[1]!))) {
      if (known.has(shard)) continue;
      if (!dropped.has(shard)) throw new VectileError('STORAGE_CORRUPT', `${SHARDS}${shard}: expected a collection of the catalog to have it, got none`);
      await Shard.remove(this.#store, SHARDS + shard);
    }
    dropped.clear();
  }

  /** The collections are there with one record of the catalog, once all their objects are. */
  async #import(from: ByteSource): Promise<void> {
    const present = this.#entries().length;
    if (present) throw invalid('from', 'an empty store to put it into', `one with ${present} collections`);
    const imported: { entry: CatalogEntry; shard: Shard }[] = [];
    try {
      await importDatabase(from, {
        create: async (schema) => {
          const entry = { schema, shard: newHexId() };
          await this.#catalog.drop(entry.shard);
          const shard = await this.#open.openShard(entry);
          imported.push({ entry, shard });
          return shard;
        },
        async change(schema) {
          const { entry, shard } = imported.at(-1)!;
          entry.schema = schema;
          await shard.configure(fieldsOf(schema), specsOf(schema));
        },
      });
      await this.#catalog.addAll(imported.map(({ entry }) => entry));
      for (const { entry, shard } of imported) this.#open.adopt(entry, Promise.resolve(shard));
    } catch (cause) {
      for (const { entry, shard } of imported) {
        await shard.close({ discard: true }).catch(() => {});
        await this.#removeFiles(entry.shard).catch(() => {}); // it is tried again when the store is opened
      }
      throw cause;
    }
  }

  async #create(schema: Schema, vectorizer: Vectorizer | undefined): Promise<void> {
    this.#checkWritable();
    await this.#checkStemmers(specsOf(schema));
    await this.#catalog.change(schema.name, (present) => {
      if (present) throw new VectileError('COLLECTION_EXISTS', `name: expected one that is not taken (use gives the collection that is there), got ${JSON.stringify(schema.name)}`);
      return { schema, shard: newHexId() };
    });
    if (vectorizer) this.#vectorizers.set(schema.name, vectorizer);
    await this.#shardOf(schema.name);
  }

  async #checkStemmers(specs: readonly PropertySpec[]): Promise<void> { await openAnalyzer(specs, this.#stemmers); }

  #remove(name: string): Promise<void> {
    const removing = this.#removeNow(name);
    const settled = removing.catch(() => {}).then(() => void this.#removing.delete(settled));
    this.#removing.add(settled);
    return removing;
  }

  async #removeNow(name: string): Promise<void> {
    this.#checkWritable();
    const entry = this.#entry(name);
    const shard = await this.#open.get(name)?.shard.catch(() => undefined);
    await this.#catalog.change(name, (present) => {
      if (present?.shard !== entry.shard) throw missing(name);
      return 'delete';
    });
    this.#vectorizers.delete(name);
    await shard?.close({ discard: true }).catch(() => {});
    await this.#removeFiles(entry.shard);
  }

  async #removeFiles(shard: string): Promise<void> {
    await Shard.remove(this.#store, SHARDS + shard);
    this.#catalog.dropped.delete(shard);
  }

  #use(name: string, vectorizer: Vectorizer | null | undefined): CollectionHost {
    this.#checkOpen();
    if (vectorizer !== undefined) this.#vectorizers.set(name, vectorizer);
    const vectorizers = this.#vectorizers;
    const collection = () => this.#collection(name);
    return {
      name,
      durability: this.#durability,
      get vectorizer() { return vectorizers.get(name); },
      get pageEnds() { return collection().pageEnds; },
      schema: () => this.#entry(name).schema,
      shard: () => this.#shardOf(name),
      analyzer: async () => collection().analyzer,
      writable: async () => {
        const { shard, extended } = collection();
        await extended;
        return shard;
      },
      checkStemmers: (specs) => this.#checkStemmers(specs),
      changeSchema: (change) => this.#changeSchema(name, change),
      subscribe: (listener) => {
        const { listeners } = collection();
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
  }

  async #changeSchema(name: string, change: (schema: Schema) => Schema): Promise<void> {
    this.#checkWritable();
    await this.#catalog.change(name, (present) => {
      if (!present) throw missing(name);
      const schema = change(present.schema);
      return schema === present.schema ? undefined : { ...present, schema };
    });
    await this.#collection(name).configured;
  }

  #checkOpen(): void {
    if (this.#closing) throw new VectileError('CLOSED', 'database: expected one in use, got one closed');
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

  #collection(name: string): OpenCollection { return this.#open.of(name, this.#entry(name)); }

  async #shardOf(name: string): Promise<Shard> { return this.#collection(name).shard; }

  /** Of every collection, whatever happens to another. */
  async #forAll(work: (shard: Shard) => Promise<void>): Promise<void> {
    const failures: unknown[] = [];
    for (const { schema } of this.#entries()) await this.#shardOf(schema.name).then(work).catch((cause: unknown) => failures.push(cause));
    if (failures.length) throw failures[0];
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    const failures: unknown[] = [];
    await Promise.all(this.#removing);
    await this.#open.close().catch((cause: unknown) => failures.push(cause));
    await this.#catalog.close().catch((cause: unknown) => failures.push(cause));
    await this.#store.close();
    if (failures.length) throw failures[0];
  }
}

function missing(name: string): VectileError {
  return new VectileError('COLLECTION_MISSING', `name: expected that of a collection, got ${JSON.stringify(name)}`);
}
