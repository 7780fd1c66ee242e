/** A collection as its users hold it. It holds no data itself: everything is asked of the database when it is needed. */
import { invalid } from '../errors.js';
import type { ChangeEvent } from '../shard/types.js';
import { Aggregate } from './aggregate.js';
import { checkAborted } from '../shard/abort.js';
import { call, checkSignal, type CallOptions } from './calls.js';
import { checkOptions } from '../engine/checks.js';
import { Data } from './data.js';
import type { FilterInput } from './filters.js';
import { filterOf } from './hits.js';
import type { CollectionHost } from './host.js';
import { checkId } from './ids.js';
import { Generate } from './generate.js';
import { Query } from './query.js';
import {
  RETURN_OPTIONS, resultMaker, type MetadataNames, type PropertyNames, type ReturnOptions, type Returned, type StoredResult, type Sure,
} from './results.js';
import type { ReshardProgress } from './reshard.js';
import { addProperty, addVector, checkShardCount, configOf, dropVector, updateSchema, type Schema } from './schema.js';
import { objectsOf } from './pages.js';
import { specsOf } from './specs.js';
import { Tenants, checkTenantName } from './tenants.js';
import type { CollectionUpdate, Properties, PropertyConfig, StoredConfig, VectorConfig } from './typed.js';

export type { ChangeEvent } from '../shard/types.js';
export type { ReshardProgress } from './reshard.js';

export interface IteratorOptions<P extends object = Properties, N extends PropertyNames<P> = PropertyNames<P>, R extends MetadataNames = MetadataNames>
  extends ReturnOptions<P, N, R> {
  /** Only objects for which it is true. */
  filters?: FilterInput<P>;
  /** The id of an object; those after it are given. */
  after?: string;
  signal?: AbortSignal;
}

export interface ReshardOptions extends CallOptions {
  /** Called after every page of objects that was copied. What it throws ends the resharding. */
  onProgress?: (progress: ReshardProgress) => void;
}

/**
 * A collection, or one of its tenants. `P` types its properties. Calls throw COLLECTION_MISSING once it is deleted, and CLOSED once the
 * database is.
 */
export class Collection<P extends object = Properties> {
  readonly name: string;
  /** Of which tenant the objects are; undefined where there are none, or none is named. */
  readonly tenant: string | undefined;
  readonly config: Config<P>;
  readonly data: Data<P>;
  readonly query: Query<P>;
  readonly generate: Generate<P>;
  readonly aggregate: Aggregate<P>;
  readonly tenants: Tenants;
  readonly #host: CollectionHost;

  /** @internal */
  constructor(host: CollectionHost) {
    this.name = host.name;
    this.tenant = host.tenant;
    this.#host = host;
    this.config = new Config(host);
    this.data = new Data(host);
    this.query = new Query(host);
    this.generate = new Generate(host, this.query);
    this.aggregate = new Aggregate(host);
    this.tenants = new Tenants(host.tenants);
  }

  /**
   * The objects of one tenant; whether it is there shows when it is used. Calls throw TENANT_MISSING, also for what is a tenant of another
   * collection, TENANT_INACTIVE and TENANT_OFFLOADED.
   */
  withTenant(name: string): Collection<P> {
    checkTenantName(name, 'tenant');
    return new Collection<P>(this.#host.withTenant(name));
  }

  /** @internal Whether both are of the same objects: of one collection, or tenant, of one database. */
  isSame(other: Collection<P>): boolean {
    return this.#host.database === other.#host.database && this.name === other.name && this.tenant === other.tenant;
  }

  /** Objects there are. */
  length(options?: CallOptions): Promise<number> {
    return call(options, [], () => this.#host.use(async (host) => (await (await host.shards()).each((handle) => handle.count())).reduce((sum, count) => sum + count, 0)));
  }

  /**
   * All objects, or those for which a filter is true, page by page at constant cost. An object that is there, and matches,
   * throughout is given once; those that come, go or change meanwhile may be given or not, but none that does not match.
   */
  async *iterator<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
    options: IteratorOptions<P, N, R> = {},
  ): AsyncGenerator<StoredResult<Returned<P, N>, Sure<R>>, void, undefined> {
    const { filters, after, signal } = options;
    checkOptions(options, [...RETURN_OPTIONS, 'filters', 'after', 'signal']);
    checkSignal(signal);
    this.#host.check();
    const { wantsVectors, make } = resultMaker<Returned<P, N>, Sure<R>>(this.#host, options);
    const filter = await filterOf(this.#host, filters);
    if (after !== undefined) checkId(after, 'after');
    for await (const objects of objectsOf((work) => this.#host.use(work), { filter, after, want: { vectors: wantsVectors } }, signal)) {
      for (const object of objects) {
        checkAborted(signal);
        yield make(object);
      }
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<StoredResult<P>, void, undefined> { return this.iterator(); }

  /** Calls back after every write that was acknowledged; returns how to stop that. What the listener throws is reported to nobody. */
  subscribe(listener: (event: ChangeEvent) => void): () => void {
    if (typeof listener !== 'function') throw invalid('listener', 'a function', listener);
    return this.#host.subscribe(listener);
  }
}

/** The configuration of a collection. Every change is durable when it is acknowledged. */
export class Config<P extends object = Properties> {
  readonly #host: CollectionHost;

  constructor(host: CollectionHost) {
    this.#host = host;
  }

  /** One that would make this collection again, but for the vectorizer. */
  get(options?: CallOptions): Promise<StoredConfig<P>> {
    return call(options, [], () => configOf<P>(this.#host.schema()));
  }

  /** Changes description, autoSchema, invertedIndex, what tenants do by themselves, and of vectors quantizer, fullVectors, ef and threshold; searches are answered throughout. */
  async update(update: CollectionUpdate, options?: CallOptions): Promise<void> {
    await this.#change(options, (schema) => updateSchema(schema, update));
  }

  /** One more property; objects that are there have none until they are written again. Throws STEMMER_MISSING if there is no stemmer of its language. */
  async addProperty(property: PropertyConfig, options?: CallOptions): Promise<void> {
    await call(options, [], () => this.#host.writing(async () => {
      await this.#host.checkStemmers(specsOf(addProperty(this.#host.schema(), property)));
      await this.#host.changeSchema((schema) => addProperty(schema, property));
    }));
  }

  /** One more named vector; objects that are there have none until they are written again. */
  async addVector(name: string, config: VectorConfig = {}, options?: CallOptions): Promise<void> {
    await this.#change(options, (schema) => addVector(schema, name, config));
  }

  /** Drops a named vector of all objects. */
  async dropVector(name: string, options?: CallOptions): Promise<void> {
    await this.#change(options, (schema) => dropVector(schema, name));
  }

  /**
   * Gives the collection another number of shards, 1 … 256, by copying every object, while it is read and written; disk and memory hold
   * both copies as long. Resolves when the former shards are removed; aborted, or after a crash, all is as it was. Objects get higher
   * revisions. An `iterator` or `export` that is under way throws RESHARDED. Throws RESHARDING if it is under way already,
   * INVALID_ARGUMENT for a collection with tenants, SHARD_READ_ONLY if there is no room.
   */
  async reshard(count: number, options: ReshardOptions = {}): Promise<void> {
    await call(options, ['onProgress'], (signal) => {
      const { onProgress } = options;
      if (onProgress !== undefined && typeof onProgress !== 'function') throw invalid('onProgress', 'a function', onProgress);
      return this.#host.reshard(checkShardCount('count', count), { onProgress, signal });
    });
  }

  #change(options: CallOptions | undefined, change: (schema: Schema) => Schema): Promise<void> {
    return call(options, [], () => this.#host.writing(() => this.#host.changeSchema(change)));
  }
}
