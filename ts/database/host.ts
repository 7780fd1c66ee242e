/** What the calls of a collection ask of its database. */
import type { Analyzer } from '../search/analyzer.js';
import type { PropertySpec } from '../search/types.js';
import type { ChangeEvent } from '../shard/types.js';
import type { Durability } from '../storage/storage.js';
import type { Shard } from '../shard/shard.js';
import type { Schema } from './schema.js';
import type { Vectorizer } from './typed.js';

export interface CollectionHost {
  readonly name: string;
  /** Null: there shall be none. */
  readonly vectorizer: Vectorizer | null | undefined;
  readonly durability: Durability;
  /** As it is now. Throws COLLECTION_MISSING, CLOSED. */
  schema(): Schema;
  /** Open, with all that was written. Throws what is wrong with it, and as `schema` does. */
  shard(): Promise<Shard>;
  /** What cuts texts into the terms of the index, by the schema as it is now. */
  analyzer(): Promise<Analyzer>;
  /** The same, once it knows every named vector and property that `schema` has had before: what it does not know it would not index. */
  writable(): Promise<Shard>;
  /** Throws STEMMER_MISSING for a language that there is no stemmer of. To be asked before a schema names it. */
  checkStemmers(specs: readonly PropertySpec[]): Promise<void>;
  /** Replaces the schema by what `change` makes of it, and readies the shard for it. */
  changeSchema(change: (schema: Schema) => Schema): Promise<void>;
  subscribe(listener: (event: ChangeEvent) => void): () => void;
  /** Slots of objects that pages have ended with, by id. */
  readonly pageEnds: Map<string, number>;
}
