/** The shards of a database's collections, opened on first use and kept in step with the catalog. One that is damaged fails alone. */
import { Shard, type ShardOptions } from '../shard/shard.js';
import type { ChangeEvent, FieldSpec } from '../shard/types.js';
import type { Catalog, CatalogEntry } from './catalog.js';
import { openAnalyzer, type Analyzer } from '../search/analyzer.js';
import type { PropertySpec } from '../search/types.js';
import { fieldsOf } from './fields.js';
import type { Schema } from './schema.js';
import { specsOf } from './specs.js';

export const SHARDS = 'shards/';

export interface OpenCollection {
  readonly shardId: string;
  readonly shard: Promise<Shard>;
  /** When the shard has all of the newest schema; and when it has at least all named vectors and properties that it did not know. */
  configured: Promise<unknown>;
  extended: Promise<unknown>;
  spec: ShardSpec;
  /** Of the newest schema. */
  analyzer: Promise<Analyzer>;
  readonly listeners: Set<(event: ChangeEvent) => void>;
  readonly pageEnds: Map<string, number>;
}

/** What a shard knows of a schema. */
interface ShardSpec {
  readonly fields: FieldSpec[];
  readonly properties: PropertySpec[];
}

type SharedOptions = Omit<ShardOptions, 'prefix' | 'identity' | keyof ShardSpec>;

export class OpenCollections {
  readonly #open = new Map<string, OpenCollection>();
  readonly #catalog: Catalog;
  readonly #options: SharedOptions;

  constructor(catalog: Catalog, options: SharedOptions) {
    this.#catalog = catalog;
    this.#options = options;
    catalog.watch((name) => this.#follow(name));
  }

  /** Opens it if it is not open. */
  of(name: string, entry: CatalogEntry): OpenCollection {
    return this.#open.get(name) ?? this.adopt(entry, this.openShard(entry));
  }

  get(name: string): OpenCollection | undefined { return this.#open.get(name); }

  openShard({ schema, shard }: CatalogEntry): Promise<Shard> {
    const identity = { database: this.#catalog.database, shard };
    return Shard.open({ ...this.#options, prefix: SHARDS + shard, identity, ...specOf(schema) });
  }

  /** Takes up a shard that was opened with this schema. */
  adopt({ schema, shard: shardId }: CatalogEntry, opening: Promise<Shard>): OpenCollection {
    const listeners = new Set<(event: ChangeEvent) => void>();
    const shard = opening.then((opened) => {
      opened.onChange = (events) => {
        for (const event of events) for (const listener of [...listeners]) tell(listener, event);
      };
      return opened;
    });
    shard.catch(() => {}); // it is told to whoever uses the collection
    const spec = specOf(schema);
    const analyzer = this.#analyzerOf(spec);
    const collection = { shardId, shard, configured: shard, extended: shard, spec, analyzer, listeners, pageEnds: new Map<string, number>() };
    this.#open.set(schema.name, collection);
    return collection;
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const { shard } of this.#open.values()) {
      const opened = await shard.catch(() => undefined);
      await opened?.close().catch((cause: unknown) => failures.push(cause));
    }
    if (failures.length) throw failures[0];
  }

  /** At once with the change of the catalog: whoever sees the new schema finds what it has to wait for. */
  #follow(name: string): void {
    const collection = this.#open.get(name);
    if (!collection) return;
    const entry = this.#catalog.collections.get(name);
    if (entry?.shard !== collection.shardId) {
      this.#open.delete(name);
      // a writer closes it itself, before it removes the files
      if (this.#options.readOnly) void collection.shard.then((shard) => shard.close()).catch(() => {});
      return;
    }
    const spec = specOf(entry.schema);
    const former = collection.spec;
    if (JSON.stringify(spec) === JSON.stringify(former)) return;
    collection.spec = spec;
    collection.analyzer = this.#analyzerOf(spec);
    collection.configured = collection.shard.then((shard) => shard.configure(spec.fields, spec.properties));
    collection.configured.catch(() => {}); // it is awaited by who has changed the schema
    const isExtended = spec.fields.some(({ number }) => !former.fields.some((known) => known.number === number)) || spec.properties.length > former.properties.length;
    if (isExtended) collection.extended = collection.configured;
  }

  #analyzerOf({ properties }: ShardSpec): Promise<Analyzer> {
    const analyzer = openAnalyzer(properties, this.#options.stemmers);
    analyzer.catch(() => {}); // it is told to whoever asks for it
    return analyzer;
  }
}

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
