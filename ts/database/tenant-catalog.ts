/**
 * What the catalog knows of tenants: of each collection their names, shards and states; and which shards have left files that are
 * to go. It is changed by records and nothing else, so a log that is read again comes to the same.
 *
 *   ACTIVE      files are here, opened when they are needed
 *   INACTIVE    files are here, not opened
 *   OFFLOADING  files are here, and on their way to the other store; there they count for nothing yet
 *   OFFLOADED   files are in the other store
 *   ONLOADING   files are in the other store, and on their way here; here they count for nothing yet
 */
import type { TenantStatus } from './typed.js';

export interface TenantEntry {
  /** 32 hexadecimal digits. */
  readonly shard: string;
  readonly status: TenantStatus;
}

/** Of one collection: tenants as they are from now on, or names of those that are removed. */
export interface TenantChange {
  put?: [name: string, shard: string, status: TenantStatus][];
  removed?: string[];
}

/** Shards whose files are gone: here, and in the other store. */
export interface Purged {
  shards: string[];
  copies: string[];
}

export interface TenantsSnapshot {
  collections: { name: string; tenants: [name: string, shard: string, status: TenantStatus][] }[];
  copies: string[];
}

const NONE: ReadonlyMap<string, TenantEntry> = new Map();

export class TenantCatalog {
  /** Shards that may have files here and belong to nothing: what was removed, and what was moved away. */
  readonly dropped = new Set<string>();
  /** Shards that may have files in the other store that count for nothing (any more). */
  readonly copies = new Set<string>();
  readonly #collections = new Map<string, Map<string, TenantEntry>>();
  /** Names in order, by collection, until they change. */
  readonly #names = new Map<string, string[]>();

  of(collection: string): ReadonlyMap<string, TenantEntry> { return this.#collections.get(collection) ?? NONE; }

  /** Those of a collection, in order. */
  names(collection: string): readonly string[] {
    let names = this.#names.get(collection);
    if (!names) this.#names.set(collection, names = [...this.of(collection).keys()].sort());
    return names;
  }

  get isEmpty(): boolean { return this.#collections.size === 0; }

  change(collection: string, { put = [], removed = [] }: TenantChange): void {
    let tenants = this.#collections.get(collection);
    if (!tenants) this.#collections.set(collection, tenants = new Map());
    for (const name of removed) {
      const former = tenants.get(name);
      if (!former) continue;
      this.#drop(former);
      tenants.delete(name);
      this.#names.delete(collection);
    }
    for (const [name, shard, status] of put) {
      const former = tenants.get(name);
      if (!former) this.#names.delete(collection);
      this.#move(shard, former?.status, status);
      tenants.set(name, { shard, status });
    }
  }

  /** All of a collection. */
  remove(collection: string): void {
    for (const entry of this.of(collection).values()) this.#drop(entry);
    this.#collections.delete(collection);
    this.#names.delete(collection);
  }

  purge({ shards, copies }: Purged): void {
    for (const shard of shards) this.dropped.delete(shard);
    for (const shard of copies) this.copies.delete(shard);
  }

  snapshot(): TenantsSnapshot {
    const collections = [...this.#collections].map(([name, tenants]) => ({
      name, tenants: [...tenants].map(([tenant, { shard, status }]): [string, string, TenantStatus] => [tenant, shard, status]),
    }));
    return { collections, copies: [...this.copies] };
  }

  /** `dropped` is filled by the catalog, as it is older than tenants. */
  load({ collections, copies }: TenantsSnapshot): void {
    this.clear();
    for (const shard of copies) this.copies.add(shard);
    for (const { name, tenants } of collections) this.#collections.set(name, new Map(tenants.map(([tenant, shard, status]) => [tenant, { shard, status }])));
  }

  clear(): void {
    this.#collections.clear();
    this.#names.clear();
    this.copies.clear();
  }

  #drop({ shard, status }: TenantEntry): void {
    this.dropped.add(shard);
    if (status !== 'ACTIVE' && status !== 'INACTIVE') this.copies.add(shard);
  }

  /** Where files of a shard count, they are not to go. */
  #move(shard: string, former: TenantStatus | undefined, status: TenantStatus): void {
    if (status === 'OFFLOADED') {
      if (former !== undefined) this.dropped.add(shard);
    } else {
      this.dropped.delete(shard);
    }
    if (status === 'OFFLOADING' || status === 'OFFLOADED' || status === 'ONLOADING') this.copies.delete(shard);
    else if (former === 'OFFLOADING' || former === 'ONLOADING') this.copies.add(shard);
  }
}
