/** The collections of a database, as its users see them. */
import { checkCallback, checkOptions, oneOf } from '../engine/checks.js';
import { call, type CallOptions } from './calls.js';
import { Collection } from './collection.js';
import type { CollectionHost } from './host.js';
import { checkCollectionName, configOf, createSchema, type Schema } from './schema.js';
import type { CollectionConfig, Properties, StoredConfig, Vectorizer } from './typed.js';

export interface CollectionsHost {
  schemas(): Schema[];
  has(name: string): boolean;
  create(schema: Schema, vectorizer: Vectorizer | undefined): Promise<void>;
  use(name: string, vectorizer: Vectorizer | null | undefined): CollectionHost;
  remove(name: string): Promise<void>;
}

export interface CreateOptions extends CallOptions {
  /** `use`: a collection of that name is taken as it is, whatever else the configuration says. Default `throw`. */
  ifExists?: 'throw' | 'use';
}

/** The collections of a database. */
export class Collections {
  readonly #host: CollectionsHost;

  /** @internal */
  constructor(host: CollectionsHost) {
    this.#host = host;
  }

  /** Makes a collection. Throws COLLECTION_EXISTS, unless the one that is there may be used. */
  create<P extends object = Properties>(config: CollectionConfig<P>, options?: CreateOptions): Promise<Collection<P>> {
    return call(options, ['ifExists'], async () => {
      const { ifExists = 'throw' } = options ?? {};
      oneOf('ifExists', ifExists, ['throw', 'use']);
      const schema = createSchema(config);
      const isUsed = (): boolean => ifExists === 'use' && this.#host.has(schema.name);
      if (!isUsed()) await this.#host.create(schema, config.vectorizer).catch((cause: unknown) => { if (!isUsed()) throw cause; });
      return new Collection<P>(this.#host.use(schema.name, config.vectorizer));
    });
  }

  /**
   * A collection by name; whether it is there shows when it is used. Functions are not stored: the vectorizer is given here. Of a
   * collection that was made with one, texts are refused without a vector, VECTORIZER_MISSING, unless it is given, or null.
   */
  use<P extends object = Properties>(name: string, options: { vectorizer?: Vectorizer | null } = {}): Collection<P> {
    checkCollectionName(name);
    checkOptions(options, ['vectorizer']);
    const { vectorizer } = options;
    if (vectorizer !== null) checkCallback('vectorizer', vectorizer);
    return new Collection<P>(this.#host.use(name, vectorizer));
  }

  exists(name: string, options?: CallOptions): Promise<boolean> {
    return call(options, [], () => {
      checkCollectionName(name);
      return this.#host.has(name);
    });
  }

  /** Configurations of all collections, in the order they were made. */
  listAll(options?: CallOptions): Promise<StoredConfig[]> {
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
