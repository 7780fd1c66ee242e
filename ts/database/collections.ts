/** The collections of a database, as its users see them. */
import { checkOptions, oneOf } from '../engine/checks.js';
import { call, type CallOptions } from './calls.js';
import { Collection } from './collection.js';
import type { CollectionHost } from './host.js';
import { MODEL_OPTIONS, modelsOf, type ModelOptions, type Models } from './models.js';
import { checkCollectionName, configOf, createSchema, type Schema } from './schema.js';
import type { CollectionConfig, Properties, StoredConfig } from './typed.js';

export interface CollectionsHost {
  schemas(): Schema[];
  has(name: string): boolean;
  create(schema: Schema, models: Models): Promise<CollectionHost>;
  use(name: string, models: Models): CollectionHost;
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
      const models = modelsOf(config);
      const isUsed = (): boolean => ifExists === 'use' && this.#host.has(schema.name);
      const made = isUsed() ? undefined : await this.#host.create(schema, models).catch((cause: unknown) => { if (!isUsed()) throw cause; });
      return new Collection<P>(made ?? this.#host.use(schema.name, models));
    });
  }

  /**
   * A collection by name; whether it is there shows when it is used. Models and functions are not stored: vectorizer, generator and
   * reranker are given here, and serve all who use the collection until others are given. Of a collection that was made with a
   * vectorizer, texts are refused without a vector, VECTORIZER_MISSING, unless it is given, or null; and one of another name than that
   * which its vectors were made with, VECTORIZER_MISMATCH.
   */
  use<P extends object = Properties>(name: string, options: ModelOptions = {}): Collection<P> {
    checkCollectionName(name);
    checkOptions(options, MODEL_OPTIONS);
    return new Collection<P>(this.#host.use(name, modelsOf(options)));
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
