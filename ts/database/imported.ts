/** Collections and tenants that are being imported: nobody sees them before all are there, and what was made of them is noted to be removed. */
import type { ShardHandle } from '../shard/handle.js';
import { newHexId, type Catalog, type CatalogEntry } from './catalog.js';
import { fieldsOf } from './fields.js';
import type { ImportTarget } from './import.js';
import { newSurroundings, type OpenCollections } from './open-collections.js';
import { shardCountOf, type Schema } from './schema.js';
import { Shards } from './shards.js';
import { specsOf } from './specs.js';
import type { TenantChange } from './tenant-catalog.js';

interface Imported {
  entry: CatalogEntry;
  /** None where there are tenants. */
  shards: readonly ShardHandle[];
  tenants: Required<TenantChange>['put'];
}

export class ImportedCollections implements ImportTarget {
  /** Those that may have files. */
  readonly shards: string[] = [];
  readonly #catalog: Catalog;
  readonly #open: OpenCollections;
  readonly #collections: Imported[] = [];
  /** Of the tenant that is being read. */
  #tenant: ShardHandle | undefined;

  constructor(catalog: Catalog, open: OpenCollections) {
    this.#catalog = catalog;
    this.#open = open;
  }

  async create(schema: Schema): Promise<Shards | undefined> {
    const ids = Array.from({ length: shardCountOf(schema) }, newHexId);
    const imported: Imported = { entry: { schema, shards: ids }, shards: [], tenants: [] };
    this.#collections.push(imported);
    if (ids.length) imported.shards = await this.#openNew(schema, ids);
    return ids.length ? together(imported.shards) : undefined;
  }

  async change(schema: Schema): Promise<void> {
    const last = this.#collections.at(-1)!;
    last.entry.schema = schema;
    for (const shard of this.#tenant ? [this.#tenant] : last.shards) await shard.configure(fieldsOf(schema), specsOf(schema));
  }

  tenant(name: string, status: 'ACTIVE' | 'INACTIVE'): { open(): Promise<Shards> } {
    const { entry, tenants } = this.#collections.at(-1)!;
    const shard = newHexId();
    tenants.push([name, shard, status]);
    return {
      open: async () => {
        [this.#tenant] = await this.#openNew(entry.schema, [shard]);
        return together([this.#tenant!]);
      },
    };
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
    for (const { entry: { schema, shards: ids }, shards } of this.#collections) {
      ids.forEach((shard, i) => this.#open.adopt({ schema, shard }, Promise.resolve(shards[i]!)));
    }
  }

  async discard(): Promise<void> {
    for (const shard of [...this.#collections.flatMap(({ shards }) => shards), this.#tenant]) await shard?.close({ discard: true }).catch(() => {});
  }

  async #openNew(schema: Schema, shards: readonly string[]): Promise<ShardHandle[]> {
    await this.#catalog.drop(shards);
    this.shards.push(...shards);
    return Promise.all(shards.map((shard) => this.#open.openShard({ schema, shard })));
  }
}

function together(shards: readonly ShardHandle[]): Shards {
  return new Shards(shards.map((handle, i) => ({ id: String(i), handle, pageEnds: newSurroundings().pageEnds })));
}
