/**
 * What tenants go through: made, activated, deactivated, moved to another store and back, removed. Each step is a record of the
 * catalog, and the order of the steps is what makes a crash harmless (docs/tenants.md draws it): what counts is switched by one
 * record, what does not count any more is removed after it, and `resume` does what was left undone.
 */
import { VectileError, invalid } from '../errors.js';
import { removeShard } from '../shard/remove.js';
import type { OpenStore } from '../storage/storage.js';
import type { Catalog } from './catalog.js';
import { newHexId } from './catalog.js';
import { copyAway, copyBack, isWhole, removeCopy, type OffloadPlace } from './offload.js';
import { SHARDS, type OpenCollections, type ShardEntry } from './open-collections.js';
import type { ShardPool } from './shard-pool.js';
import { tenantMissing, type TenantInput } from './tenants.js';
import type { TenantEntry } from './tenant-catalog.js';
import type { TenantStatus } from './typed.js';
import { Uses } from './uses.js';

/** Tenants, or shards, that are seen to at a time. */
const AT_ONCE = 8;

export interface TenantPlaces {
  store: OpenStore;
  /** Where tenants are moved to. */
  offload: OpenStore | undefined;
  catalog: Catalog;
  open: OpenCollections;
  pool: ShardPool;
  /** Throws if the database is closed, or nothing may be written. */
  check(): void;
  /** Throws SHARD_READ_ONLY while there is no room for more. */
  checkRoom(): Promise<void>;
}

interface Named extends TenantEntry {
  readonly name: string;
}

export class TenantStates {
  readonly #places: TenantPlaces;
  /** By shard: what is done with it last. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Those that may not have come to their turns. */
  readonly #removals = new Uses();

  constructor(places: TenantPlaces) {
    this.#places = places;
  }

  async create(collection: string, tenants: readonly Required<TenantInput>[]): Promise<void> {
    this.#places.check();
    const names = tenants.map(({ name }) => name);
    await this.#places.catalog.changeTenants(collection, names, (present) => {
      const wanted = new Map<string, TenantStatus>();
      for (const { name, status } of tenants) if (!present.has(name) && !wanted.has(name)) wanted.set(name, status);
      return { put: [...wanted].map(([name, status]) => [name, newHexId(), status]) };
    });
  }

  /** Makes tenants ACTIVE or INACTIVE, wherever their files are. */
  async bring(collection: string, names: readonly string[], status: 'ACTIVE' | 'INACTIVE'): Promise<void> {
    const tenants = this.#tenants(collection, names);
    await this.#inTurn(tenants, async () => {
      await this.#takeBack(collection, tenants);
      await this.#put(collection, tenants, ({ status: present }) => (present === 'ACTIVE' || present === 'INACTIVE' ? status : undefined));
      await each(tenants, async (tenant) => {
        if (this.#statusOf(collection, tenant) === 'OFFLOADED') await this.#bringBack(collection, tenant, status);
        else if (status === 'INACTIVE') await this.#places.pool.leave(tenant.shard);
      });
    });
  }

  async offload(collection: string, names: readonly string[]): Promise<void> {
    const tenants = this.#tenants(collection, names);
    if (!this.#places.offload) throw invalid('offload', 'a store, given as open({ offload })', undefined);
    await this.#inTurn(tenants, async () => {
      await this.#takeBack(collection, tenants);
      const here = tenants.filter((tenant) => this.#statusOf(collection, tenant) !== 'OFFLOADED');
      // what an earlier copy has left must not be taken for this one
      await this.removeCopies(here.map(({ shard }) => shard).filter((shard) => this.#places.catalog.tenants.copies.has(shard)));
      await this.#put(collection, here, ({ status }) => (status === 'ACTIVE' || status === 'INACTIVE' ? 'OFFLOADING' : undefined));
      await each(here, (tenant) => this.#takeAway(collection, tenant));
    });
  }

  /** Those that are there. */
  async remove(collection: string, names: readonly string[]): Promise<void> {
    const end = this.#removals.begin();
    await this.#remove(collection, names).finally(end);
  }

  async #remove(collection: string, names: readonly string[]): Promise<void> {
    this.#places.check();
    const present = this.#places.catalog.tenants.of(collection);
    const tenants = names.flatMap((name): Named[] => (present.has(name) ? [{ name, ...present.get(name)! }] : []));
    const shardOf = new Map(tenants.map(({ name, shard }) => [name, shard]));
    await this.#places.catalog.changeTenants(collection, names, (now) => ({ removed: names.filter((name) => now.has(name) && now.get(name)!.shard === shardOf.get(name)) }));
    await this.removeShards(tenants.map(({ shard }) => shard));
  }

  /** Every byte of shards that the catalog has dropped, when nobody uses them any more. */
  async removeShards(shards: readonly string[]): Promise<void> {
    const { pool, catalog } = this.#places;
    await each(shards, (shard) => this.#inTurn([{ shard }], async () => {
      await pool.leave(shard, { discard: true }).catch(() => {});
      if (catalog.tenants.dropped.has(shard)) await this.#removeFiles(shard);
      if (catalog.tenants.copies.has(shard)) await this.removeCopies([shard]);
    }));
  }

  /** After a crash: finishes what was moved whole, takes back what was not, and removes what was to be removed. */
  async resume(): Promise<void> {
    const { catalog, offload } = this.#places;
    for (const { schema: { name: collection } } of catalog.collections.values()) {
      const moving = [...catalog.tenants.of(collection)].map(([name, tenant]): Named => ({ name, ...tenant })).filter(({ status }) => status === 'OFFLOADING' || status === 'ONLOADING');
      const arrived = new Set<string>();
      for (const tenant of moving) if (tenant.status === 'OFFLOADING' && offload && await isWhole(offload, this.#identity(tenant))) arrived.add(tenant.name);
      await this.#put(collection, moving, ({ status }, name) => {
        if (status === 'ONLOADING' || arrived.has(name)) return 'OFFLOADED';
        return status === 'OFFLOADING' ? 'INACTIVE' : undefined;
      });
    }
    await each([...catalog.tenants.dropped], (shard) => this.#removeFiles(shard));
    await this.removeCopies([...catalog.tenants.copies]);
  }

  /** Of shards whose copies count for nothing. Without the other store, they stay for another time. */
  async removeCopies(shards: readonly string[]): Promise<void> {
    const { offload, catalog } = this.#places;
    if (!offload) return;
    await each(shards, async (shard) => {
      await removeCopy(offload, this.#identity({ shard }));
      catalog.purge({ copies: [shard] });
    });
  }

  /** Waits for all that is under way. */
  async settled(): Promise<void> {
    await this.#removals.ended();
    while (this.#turns.size) await Promise.allSettled(this.#turns.values());
  }

  // What follows is how the above is done.

  /** In their turn: who had moved them could not even say that it failed. They are where they were, until a move is whole. */
  #takeBack(collection: string, tenants: readonly Named[]): Promise<void> {
    const onTheirWay = tenants.filter((tenant) => ['ONLOADING', 'OFFLOADING'].includes(this.#statusOf(collection, tenant)!));
    return this.#put(collection, onTheirWay, ({ status }) => (status === 'ONLOADING' ? 'OFFLOADED' : 'INACTIVE'));
  }

  async #takeAway(collection: string, tenant: Named): Promise<void> {
    const { pool, open, store, offload } = this.#places;
    if (this.#statusOf(collection, tenant) !== 'OFFLOADING') return;
    const place = this.#placeOf(tenant, offload!);
    try {
      await pool.leave(tenant.shard);
      let nextSeq = 1;
      if ((await store.logs(place.prefix)).length || (await store.blobs.list(place.prefix)).length) {
        const shard = await open.openShard(this.#entry(collection, tenant.shard));
        try {
          await shard.snapshot();
          nextSeq = await shard.lastSeq() + 1;
        } finally {
          await shard.close({ discard: true });
        }
      }
      await copyAway(place, nextSeq);
    } catch (cause) {
      // files are all here; what the copy has left is removed before there is another
      if (!this.#isClosed()) await this.#put(collection, [tenant], () => 'INACTIVE').catch(() => {});
      throw cause;
    }
    await this.#put(collection, [tenant], () => 'OFFLOADED');
    await this.#removeFiles(tenant.shard);
  }

  async #bringBack(collection: string, tenant: Named, status: 'ACTIVE' | 'INACTIVE'): Promise<void> {
    const { offload, catalog } = this.#places;
    if (!offload) {
      throw new VectileError('TENANT_OFFLOADED', `tenant: expected open({ offload }) with the store that has ${JSON.stringify(tenant.name)}, got none`);
    }
    await this.#places.checkRoom();
    // what is left here of former times must not be among what comes
    if (catalog.tenants.dropped.has(tenant.shard)) await this.#removeFiles(tenant.shard);
    await this.#put(collection, [tenant], () => 'ONLOADING');
    try {
      await copyBack(this.#placeOf(tenant, offload));
    } catch (cause) {
      if (!this.#isClosed()) {
        await this.#put(collection, [tenant], () => 'OFFLOADED').catch(() => {});
        await this.#removeFiles(tenant.shard).catch(() => {});
      }
      throw cause;
    }
    await this.#put(collection, [tenant], () => status);
    await this.removeCopies([tenant.shard]);
  }

  async #removeFiles(shard: string): Promise<void> {
    const { store, catalog } = this.#places;
    const prefix = SHARDS + shard;
    store.blobs.release(`${prefix}/`);
    await removeShard(store, prefix);
    const left = [...(await store.blobs.list(`${prefix}/`)).map(({ name }) => name), ...await store.logs(`${prefix}/`)];
    if (left.length) throw new VectileError('STORAGE_FAILED', `${left[0]}: expected it to be removed, got it still there`);
    // or else a power cut might bring files back when nothing is known of them any more
    await store.syncDeleted(`${prefix}/`);
    catalog.purge({ shards: [shard] });
  }

  /** One record for all that change, if any does. A tenant that was removed meanwhile, or is another one, stays as it is. */
  async #put(collection: string, tenants: readonly Named[], next: (present: TenantEntry, name: string) => TenantStatus | undefined): Promise<void> {
    if (!tenants.length) return;
    await this.#places.catalog.changeTenants(collection, tenants.map(({ name }) => name), (present) => ({
      put: tenants.flatMap(({ name, shard }): [string, string, TenantStatus][] => {
        const now = present.get(name);
        if (now?.shard !== shard) return [];
        const status = next(now, name);
        return status === undefined || status === now.status ? [] : [[name, shard, status]];
      }),
    }));
  }

  /** Throws TENANT_MISSING unless all are there. */
  #tenants(collection: string, names: readonly string[]): Named[] {
    this.#places.check();
    const present = this.#places.catalog.tenants.of(collection);
    return names.map((name) => {
      const tenant = present.get(name);
      if (!tenant) throw tenantMissing(name);
      return { name, ...tenant };
    });
  }

  /** Undefined if it was removed. */
  #statusOf(collection: string, { name, shard }: Named): TenantStatus | undefined {
    const present = this.#places.catalog.tenants.of(collection).get(name);
    return present?.shard === shard ? present.status : undefined;
  }

  #entry(collection: string, shard: string): ShardEntry {
    const entry = this.#places.catalog.collections.get(collection);
    if (!entry) throw new VectileError('COLLECTION_MISSING', `name: expected that of a collection, got ${JSON.stringify(collection)}`);
    return { schema: entry.schema, shard };
  }

  #placeOf(tenant: Named, offload: OpenStore): OffloadPlace {
    const { store, check } = this.#places;
    return { store, prefix: `${SHARDS}${tenant.shard}/`, offload, identity: this.#identity(tenant), check };
  }

  #identity({ shard }: { shard: string }): { database: string; shard: string } {
    return { database: this.#places.catalog.database, shard };
  }

  #isClosed(): boolean {
    try {
      this.#places.check();
      return false;
    } catch {
      return true;
    }
  }

  /** After all that was begun with any of these shards; what comes for them waits. */
  #inTurn<T>(tenants: readonly { shard: string }[], work: () => Promise<T>): Promise<T> {
    const before = new Set(tenants.map(({ shard }) => this.#turns.get(shard)));
    const turn = Promise.all([...before].map((earlier) => earlier?.catch(() => {}))).then(work);
    for (const { shard } of tenants) this.#turns.set(shard, turn);
    const end = () => {
      for (const { shard } of tenants) if (this.#turns.get(shard) === turn) this.#turns.delete(shard);
    };
    turn.then(end, end);
    return turn;
  }
}

/** Several at a time; all are done, and then the first failure is thrown. */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++]!).catch((cause: unknown) => failures.push(cause));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  if (failures.length) throw failures[0];
}
