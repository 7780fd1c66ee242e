/** The collections of a database, as its users see them. */
import { invalid } from '../errors.js';
import { checkOptions } from '../engine/checks.js';
import { call, type CallOptions } from './calls.js';
import { Collection } from './collection.js';
import type { CollectionHost } from './host.js';
import { checkCollectionName, configOf, createSchema, type Schema } from './schema.js';
import type { CollectionConfig, Properties, Vectorizer } from './typed.js';

export interface CollectionsHost {
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
