/**
 * The shards of a database's collections that are open, kept in step with the catalog: one of each collection, opened on first use
 * and kept; or those of its tenants, which the pool opens and closes. One that is damaged fails alone.
 */
import { VectileError } from '../errors.js';
import type { ShardHandle } from '../shard/handle.js';
import type { ChangeEvent, FieldSpec } from '../shard/types.js';
import type { Catalog, CatalogEntry } from './catalog.js';
import { openAnalyzer, type Analyzer } from '../search/analyzer.js';
import type { Stemmer } from '../search/stemming.js';
import type { PropertySpec } from '../search/types.js';
import type { Durability } from '../storage/storage.js';
import { fieldsOf } from './fields.js';
import type { Schema } from './schema.js';
import type { ShardThreads } from './shard-threads.js';
import { specsOf } from './specs.js';
import { Uses } from './uses.js';

export const SHARDS = 'shards/';

type Listeners = Set<(event: ChangeEvent) => void>;

/** What outlives the closing of a shard. */
export interface Surroundings {
  readonly listeners: Listeners;
  readonly pageEnds: Map<string, number>;
}

/** A shard of a collection, or of one of its tenants. */
export interface ShardEntry {
  schema: Schema;
  shard: string;
}

export interface OpenShard extends Surroundings {
  readonly shardId: string;
  readonly shard: Promise<ShardHandle>;
  /** What `shard` has come to; neither while it is being opened. */
  opened: ShardHandle | undefined;
  failure: Error | undefined;
  /** When the shard has all of the newest schema; and when it has at least all named vectors and properties that it did not know. */
  configured: Promise<unknown>;
  extended: Promise<unknown>;
}

/** Calls that use the shards there are, until others take their place. */
export interface Users {
  /** All of them. */
  readonly readers: Uses;
  readonly writers: Uses;
}

interface OpenCollection {
  schema: Schema;
  spec: ShardSpec;
  /** Of the newest schema. */
  analyzer: Promise<Analyzer>;
  /** By id. */
  readonly shards: Map<string, OpenShard>;
  /** Of a collection without tenants. */
  readonly listeners: Listeners;
  users: Users;
  /** Writes that have not begun wait for it, and fail if it does. */
  gate: Promise<void> | undefined;
}

/** What a shard knows of a schema. */
interface ShardSpec {
  readonly fields: FieldSpec[];
  readonly properties: PropertySpec[];
}

interface SharedOptions {
  threads: ShardThreads;
  durability: Durability;
  readOnly: boolean;
  stemmers: Readonly<Record<string, Stemmer>>;
}

export const newSurroundings = (): Surroundings => ({ listeners: new Set(), pageEnds: new Map() });

export class OpenCollections {
  readonly #open = new Map<string, OpenCollection>();
  readonly #catalog: Catalog;
  readonly #options: SharedOptions;

  constructor(catalog: Catalog, options: SharedOptions) {
    this.#catalog = catalog;
    this.#options = options;
    catalog.watch((name) => this.#follow(name));
  }

  /** The shards of a collection; they are opened if they are not open. */
  of({ schema, shards }: CatalogEntry): OpenShard[] {
    const { shards: open } = this.#of(schema);
    return shards.map((shard) => {
      const present = open.get(shard);
      return present && !isForNow(present.failure) ? present : this.adopt({ schema, shard }, this.openShard({ schema, shard }));
    });
  }

  /** The same. Until `end` they are not closed, even if others take their place. `isWriting`: nor do these before. */
  hold(entry: CatalogEntry, isWriting = false): { shards: OpenShard[]; end(): void } {
    const shards = this.of(entry);
    const { readers, writers } = this.users(entry);
    const ends = isWriting ? [readers.begin(), writers.begin()] : [readers.begin()];
    return { shards, end: () => { for (const end of ends) end(); } };
  }

  users({ schema }: CatalogEntry): Users { return this.#of(schema).users; }

  gate(name: string): Promise<void> | undefined { return this.#open.get(name)?.gate; }

  setGate(name: string, gate: Promise<void> | undefined): void {
    gate?.catch(() => {}); // it is told to who writes
    const collection = this.#open.get(name);
    if (collection) collection.gate = gate;
  }

  /** Of a collection without tenants. */
  subscribe(entry: CatalogEntry, listener: (event: ChangeEvent) => void): () => void {
    this.of(entry);
    const { listeners } = this.#of(entry.schema);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Those of a collection that are open. */
  get(name: string): OpenShard[] { return [...this.#open.get(name)?.shards.values() ?? []]; }

  analyzer(schema: Schema): Promise<Analyzer> { return this.#of(schema).analyzer; }

  /** When all open shards of a collection have all of its newest schema. */
  async configured({ name }: Schema): Promise<void> {
    await Promise.all([...this.#open.get(name)?.shards.values() ?? []].map(({ configured }) => configured));
  }

  /** `firstSeq`: it is made, and that is the number of its first record. */
  async openShard({ schema, shard: shardId }: ShardEntry, firstSeq?: number): Promise<ShardHandle> {
    const { threads, durability, readOnly } = this.#options;
    const identity = { database: this.#catalog.database, shard: shardId };
    const shard = await threads.open({ prefix: SHARDS + shardId, identity, durability, readOnly, ...specOf(schema), firstSeq });
    // or its files were taken away, because others have its objects now
    if (readOnly && !await shard.lastSeq()) await this.#catalog.refresh();
    return shard;
  }

  /** Takes up a shard that was opened with this schema. */
  adopt({ schema, shard: shardId }: ShardEntry, opening: Promise<ShardHandle>, surroundings?: Surroundings): OpenShard {
    const { listeners, pageEnds } = surroundings ?? { ...newSurroundings(), listeners: this.#of(schema).listeners };
    const shard = opening.then((opened) => {
      opened.onChange = (events) => {
        for (const event of events) for (const listener of [...listeners]) tell(listener, event);
      };
      return opened;
    });
    const open: OpenShard = { shardId, shard, opened: undefined, failure: undefined, configured: shard, extended: shard, listeners, pageEnds };
    // it is told to whoever uses the collection
    shard.then((handle) => { open.opened = handle; }, (cause: Error) => { open.failure = cause; });
    this.#of(schema).shards.set(shardId, open);
    return open;
  }

  /** A shard that is closed, or will be. */
  forget({ schema: { name } }: ShardEntry, open: OpenShard): void {
    const shards = this.#open.get(name)?.shards;
    if (shards?.get(open.shardId) === open) shards.delete(open.shardId);
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const { shards } of this.#open.values()) {
      for (const { shard } of shards.values()) {
        const opened = await shard.catch(() => undefined);
        await opened?.close().catch((cause: unknown) => failures.push(cause));
      }
    }
    if (failures.length) throw failures[0];
  }

  #of(schema: Schema): OpenCollection {
    let collection = this.#open.get(schema.name);
    if (!collection) {
      const spec = specOf(schema);
      this.#open.set(schema.name, collection = {
        schema, spec, analyzer: this.#analyzerOf(spec), shards: new Map(), listeners: new Set(), users: newUsers(), gate: undefined,
      });
    }
    return collection;
  }

  /** At once with the change of the catalog: whoever sees the new schema finds what it has to wait for. */
  #follow(name: string): void {
    const collection = this.#open.get(name);
    if (!collection) return;
    const entry = this.#catalog.collections.get(name);
    const isLeft = (shardId: string) => !entry || !entry.schema.multiTenancy && !entry.shards.includes(shardId);
    const left = [...collection.shards.values()].filter(({ shardId }) => isLeft(shardId));
    const { readers } = collection.users;
    if (left.length) collection.users = newUsers();
    for (const { shardId, shard } of left) {
      collection.shards.delete(shardId);
      // a writer closes it itself, before it removes the files
      if (this.#options.readOnly) void readers.ended().then(() => shard).then((opened) => opened.close()).catch(() => {});
    }
    if (!entry) return void this.#open.delete(name);
    if (entry.schema === collection.schema) return;
    collection.schema = entry.schema;
    const spec = specOf(entry.schema);
    const former = collection.spec;
    if (JSON.stringify(spec) === JSON.stringify(former)) return;
    collection.spec = spec;
    collection.analyzer = this.#analyzerOf(spec);
    const isExtended = spec.fields.some(({ number }) => !former.fields.some((known) => known.number === number)) || spec.properties.length > former.properties.length;
    for (const open of collection.shards.values()) {
      open.configured = open.shard.then((shard) => shard.configure(spec.fields, spec.properties));
      open.configured.catch(() => {}); // it is awaited by who has changed the schema
      if (isExtended) open.extended = open.configured;
    }
  }

  #analyzerOf({ properties }: ShardSpec): Promise<Analyzer> {
    const analyzer = openAnalyzer(properties, this.#options.stemmers);
    analyzer.catch(() => {}); // it is told to whoever asks for it
    return analyzer;
  }
}

/** There was no thread to open it in: the next user tries again. */
const isForNow = (failure: Error | undefined): boolean => failure instanceof VectileError && (failure.code === 'WORKER_LOST' || failure.code === 'WORKER_UNAVAILABLE');

const newUsers = (): Users => ({ readers: new Uses(), writers: new Uses() });

function specOf(schema: Schema): ShardSpec {
  return { fields: fieldsOf(schema), properties: specsOf(schema) };
}

function tell(listener: (event: ChangeEvent) => void, event: ChangeEvent): void {
  try {
    listener(event);
  } catch {
    // a listener is no part of the write it hears of
  }
}
