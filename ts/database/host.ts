/** What the calls of a collection ask of its database. */
import type { Analyzer } from '../search/analyzer.js';
import type { PropertySpec } from '../search/types.js';
import type { ChangeEvent } from '../shard/types.js';
import type { Durability } from '../storage/storage.js';
import type { Models } from './models.js';
import type { ReshardOptions } from './reshard.js';
import type { Schema } from './schema.js';
import type { Shards } from './shards.js';
import type { TenantsHost } from './tenants.js';

export interface UseOptions {
  /** Objects will be inserted: a tenant that is not there may be made. */
  inserts?: boolean;
}

/** Of a collection, or of one of its tenants. */
export interface CollectionHost {
  readonly name: string;
  readonly tenant: string | undefined;
  /** Of which database it is: one and the same object for all hosts of one. */
  readonly database: object;
  /** As they were given last. */
  models(): Models;
  readonly durability: Durability;
  /** As it is now. Throws COLLECTION_MISSING, CLOSED. */
  schema(): Schema;
  /** What cuts texts into the terms of the index, by the schema as it is now. */
  analyzer(): Promise<Analyzer>;
  /** Throws STEMMER_MISSING for a language that there is no stemmer of. To be asked before a schema names it. */
  checkStemmers(specs: readonly PropertySpec[]): Promise<void>;
  /** Replaces the schema by what `change` makes of it, and readies the shards for it. */
  changeSchema(change: (schema: Schema) => Schema): Promise<void>;
  /** Gives the collection another number of shards. */
  reshard(count: number, options: ReshardOptions): Promise<void>;
  subscribe(listener: (event: ChangeEvent) => void): () => void;
  /** Throws TENANT_REQUIRED, TENANT_MISSING, TENANT_INACTIVE, TENANT_OFFLOADED, if objects cannot be asked for. */
  check(options?: UseOptions): void;
  /**
   * Does work with objects, which begins at once. From when it has asked for the shards until it ends, they are not closed. It
   * must not do such work within: if the tenant is to become INACTIVE, that one waits for this one. Beside a writer it is done again if
   * files were taken away meanwhile. Throws as `check` does.
   */
  use<T>(work: (host: ShardHost) => Promise<T> | T, options?: UseOptions): Promise<T>;
  /** What closing the database waits for. Throws CLOSED once it is being closed. */
  writing<T>(work: () => Promise<T>): Promise<T>;
  /** The same collection, and one of its tenants. */
  withTenant(name: string): CollectionHost;
  readonly tenants: TenantsHost;
}

export interface ShardHost extends CollectionHost {
  /** Open, with all that was written. Throws what is wrong with one of them, and as `schema` and `check` do. */
  shards(): Promise<Shards>;
  /** The same, once they know every named vector and property that `schema` has had before: what they do not know they would not index. */
  writable(): Promise<Shards>;
}
