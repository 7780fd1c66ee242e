/** What the calls of a collection ask of its database. */
import type { ChangeEvent } from '../shard/types.js';
import type { Durability } from '../storage/storage.js';
import type { Shard } from '../shard/shard.js';
import type { Schema } from './schema.js';
import type { Vectorizer } from './typed.js';

export interface CollectionHost {
  readonly name: string;
  readonly vectorizer: Vectorizer | undefined;
  readonly durability: Durability;
  /** As it is now. Throws COLLECTION_MISSING, CLOSED. */
  schema(): Schema;
  /** Open, with all that was written. Throws what is wrong with it, and as `schema` does. */
  shard(): Promise<Shard>;
  /** The same, once it knows every named vector that `schema` has had before: what it does not know it would not index. */
  writable(): Promise<Shard>;
  /** Replaces the schema by what `change` makes of it, and readies the shard for it. */
  changeSchema(change: (schema: Schema) => Schema): Promise<void>;
  subscribe(listener: (event: ChangeEvent) => void): () => void;
  /** Slots of objects that pages have ended with, by id. */
  readonly pageEnds: Map<string, number>;
}
