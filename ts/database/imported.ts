/** Collections and tenants that are being imported: nobody sees them before all are there, and what was made of them is noted to be removed. */
import type { Shard } from '../shard/shard.js';
import { newHexId, type Catalog, type CatalogEntry } from './catalog.js';
import { fieldsOf } from './fields.js';
import type { ImportTarget } from './import.js';
import type { OpenCollections } from './open-collections.js';
import type { Schema } from './schema.js';
import { specsOf } from './specs.js';
import type { TenantChange } from './tenant-catalog.js';

interface Imported {
  entry: CatalogEntry;
  /** Undefined where there are tenants. */
  shard: Shard | undefined;
  tenants: Required<TenantChange>['put'];
}

export class ImportedCollections implements ImportTarget {
  /** Those that may have files. */
  readonly shards: string[] = [];
  readonly #catalog: Catalog;
  readonly #open: OpenCollections;
  readonly #collections: Imported[] = [];
  /** Of the tenant that is being read. */
  #tenant: Shard | undefined;

  constructor(catalog: Catalog, open: OpenCollections) {
    this.#catalog = catalog;
    this.#open = open;
  }

  async create(schema: Schema): Promise<Shard | undefined> {
    const entry = { schema, shard: newHexId() };
    const shard = schema.multiTenancy ? undefined : await this.#openNew(entry);
    this.#collections.push({ entry, shard, tenants: [] });
    return shard;
  }

  async change(schema: Schema): Promise<void> {
    const last = this.#collections.at(-1)!;
    last.entry.schema = schema;
    await (last.shard ?? this.#tenant)?.configure(fieldsOf(schema), specsOf(schema));
  }

  tenant(name: string, status: 'ACTIVE' | 'INACTIVE'): { open(): Promise<Shard> } {
    const { entry, tenants } = this.#collections.at(-1)!;
    const shard = newHexId();
    tenants.push([name, shard, status]);
    return { open: async () => (this.#tenant = await this.#openNew({ ...entry, shard })) };
  }

  async endTenant(): Promise<void> {
    const shard = this.#tenant;
    this.#tenant = undefined;
    await shard?.close();
  }

  /** All of them are there, by one unit of the catalog. */
  async finish(): Promise<void> {
    const tenants = this.#collections.flatMap(({ entry, tenants: put }): [string, TenantChange][] => (put.length ? [[entry.schema.name, { put }]] : []));
    await this.#catalog.addAll(this.#collections.map(({ entry }) => entry), new Map(tenants));
    for (const { entry, shard } of this.#collections) if (shard) this.#open.adopt(entry, Promise.resolve(shard));
  }

  async discard(): Promise<void> {
    for (const shard of [...this.#collections.map((imported) => imported.shard), this.#tenant]) await shard?.close({ discard: true }).catch(() => {});
  }

  async #openNew(entry: CatalogEntry): Promise<Shard> {
    await this.#catalog.drop(entry.shard);
    this.shards.push(entry.shard);
    return this.#open.openShard(entry);
  }
}
