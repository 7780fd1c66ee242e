/** How the calls of collections, and of their tenants, come to their shards. */
import { VectileError, invalid } from '../errors.js';
import type { PropertySpec } from '../search/types.js';
import type { Durability } from '../storage/storage.js';
import { checkAborted } from '../shard/abort.js';
import type { Catalog, CatalogEntry } from './catalog.js';
import type { CollectionHost, ShardHost, UseOptions } from './host.js';
import type { OpenCollections, OpenShard } from './open-collections.js';
import type { Models } from './models.js';
import type { Resharding } from './reshard.js';
import type { Schema } from './schema.js';
import { Shards } from './shards.js';
import type { Pin, ShardPool } from './shard-pool.js';
import { each, type TenantStates } from './tenant-states.js';
import type { TenantEntry } from './tenant-catalog.js';
import { tenantMissing, type TenantsHost } from './tenants.js';

export interface HostPlaces {
  catalog: Catalog;
  open: OpenCollections;
  resharding: Resharding;
  pool: ShardPool;
  states: TenantStates;
  durability: Durability;
  readOnly: boolean;
  /** There is a store that tenants are moved to. */
  canOnload: boolean;
  /** By collection. */
  models: ReadonlyMap<string, Models>;
  /** Throws CLOSED; and COLLECTION_MISSING. */
  entry(name: string): CatalogEntry;
  checkStemmers(specs: readonly PropertySpec[]): Promise<void>;
  changeSchema(name: string, change: (schema: Schema) => Schema): Promise<void>;
  /** Throws SHARD_READ_ONLY while there is no room for more. */
  checkRoom(): Promise<void>;
  writing<T>(work: () => Promise<T>): Promise<T>;
}

/** Of a collection without tenants, or with tenants and none named. */
export function hostOf(places: HostPlaces, name: string, tenant?: string): CollectionHost {
  const { catalog, open, pool, models } = places;
  const schema = () => places.entry(name).schema;
  const host: CollectionHost = {
    name,
    tenant,
    database: places,
    durability: places.durability,
    models: () => models.get(name) ?? {},
    schema,
    analyzer: async () => open.analyzer(schema()),
    checkStemmers: places.checkStemmers,
    changeSchema: (change) => places.changeSchema(name, change),
    reshard: (count, options) => places.resharding.reshard(name, count, options),
    subscribe(listener) {
      const entry = places.entry(name);
      checkTenancy(entry.schema, tenant);
      if (tenant === undefined) {
        return open.subscribe(entry, listener);
      }
      const present = catalog.tenants.of(name).get(tenant);
      if (!present) throw tenantMissing(tenant);
      const { surroundings: { listeners }, subscribed } = pool.surroundings({ schema: entry.schema, shard: present.shard });
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        subscribed();
      };
    },
    check(options = {}) {
      const entry = catalog.collections.get(name);
      if (!entry) return; // whoever asks for it is told
      checkTenancy(entry.schema, tenant);
      if (tenant !== undefined) checkTenant(places, entry.schema, tenant, options);
    },
    async use(work, options = {}) {
      for (;;) {
        const { revision } = catalog;
        host.check(options);
        const access = tenant === undefined ? plainAccess(places, host) : tenantAccess(places, host, tenant, options);
        try {
          return await work(access.host);
        } catch (cause) {
          if (!places.readOnly || !isDamage(cause) || !await hasChanged(catalog, revision)) throw cause;
        } finally {
          access.end();
        }
      }
    },
    writing: places.writing,
    withTenant: (other) => hostOf(places, name, other),
    tenants: tenantsHost(places, name),
  };
  return host;
}

interface Access {
  host: ShardHost;
  /** The shards may be closed from here on. */
  end(): void;
}

/** Of a collection without tenants. Shards are those there are when it asks for them. */
function plainAccess({ open, entry, checkRoom }: HostPlaces, host: CollectionHost): Access {
  const ends: (() => void)[] = [];
  let hasEnded = false;
  const held = (now: CatalogEntry, isWriting: boolean): OpenShard[] => {
    const { shards, end } = open.hold(now, isWriting);
    if (hasEnded) end();
    else ends.push(end);
    return shards;
  };
  return {
    host: {
      ...host,
      async shards() {
        for (;;) {
          const { name } = host;
          const now = entry(name);
          const shards = await shardsOf(held(now, false));
          // others may have taken their place before they were open
          if (entry(name).shards.every((shard, i) => shard === now.shards[i])) return shards;
        }
      },
      async writable() {
        await checkRoom();
        for (let gate = open.gate(host.name); gate; gate = open.gate(host.name)) await gate;
        return writable(held(entry(host.name), true));
      },
    },
    end() {
      hasEnded = true;
      for (const end of ends) end();
    },
  };
}

/** Beside a writer, files of a shard may be taken away before it is known here why. */
const isDamage = (cause: unknown): boolean => cause instanceof VectileError && cause.code === 'STORAGE_CORRUPT';

async function hasChanged(catalog: Catalog, revision: number): Promise<boolean> {
  await catalog.refresh();
  return catalog.revision !== revision;
}

async function writable(open: readonly OpenShard[]): Promise<Shards> {
  for (const { extended } of open) await extended;
  return shardsOf(open);
}

export async function shardsOf(open: readonly OpenShard[]): Promise<Shards> {
  return new Shards(await Promise.all(open.map(async ({ shardId, shard, pageEnds }) => ({ id: shardId, handle: await shard, pageEnds }))));
}

/** The shard of a tenant is looked up, and kept open, from when it is first asked for. */
function tenantAccess(places: HostPlaces, host: CollectionHost, tenant: string, options: UseOptions): Access {
  const { pool, states, entry } = places;
  let pinning: Promise<Pin> | undefined;
  let pin: Pin | undefined;
  let hasEnded = false;
  const pinned = async (): Promise<Pin> => {
    for (;;) {
      const collection = entry(host.name);
      const present = checkTenant(places, collection.schema, tenant, options);
      if (present?.status === 'ACTIVE') {
        pin = pool.pin({ schema: collection.schema, shard: present.shard });
        if (hasEnded) pool.unpin(pin);
        return pin;
      }
      if (present) await states.bring(host.name, [tenant], 'ACTIVE');
      else await states.create(host.name, [{ name: tenant, status: 'ACTIVE' }]);
    }
  };
  const open = async () => pool.opened(await (pinning ??= pinned()));
  return {
    host: {
      ...host,
      shards: async () => shardsOf([await open()]),
      // before a tenant is made, or opened, for it
      async writable() {
        await places.checkRoom();
        return writable([await open()]);
      },
    },
    end() {
      hasEnded = true;
      if (pin) pool.unpin(pin);
    },
  };
}

function checkTenancy({ name, multiTenancy }: Schema, tenant: string | undefined): void {
  if (multiTenancy && tenant === undefined) throw new VectileError('TENANT_REQUIRED', `tenant: expected one of ${name}, by withTenant(name), got none`);
  if (!multiTenancy && tenant !== undefined) throw invalid('tenant', `none, as ${name} has no tenants`, tenant);
}

/** The tenant, if it can be used or becomes so by being used; undefined if it is not there, and is made by being used. */
function checkTenant({ catalog, readOnly, canOnload }: HostPlaces, { name, multiTenancy }: Schema, tenant: string, { inserts = false }: UseOptions): TenantEntry | undefined {
  const present = catalog.tenants.of(name).get(tenant);
  if (!present) {
    if (inserts && multiTenancy!.autoTenantCreation && !readOnly) return undefined;
    throw tenantMissing(tenant);
  }
  const { status } = present;
  if (status === 'ACTIVE') return present;
  const isActivated = multiTenancy!.autoTenantActivation && !readOnly;
  if (status === 'INACTIVE') {
    if (isActivated) return present;
    throw new VectileError('TENANT_INACTIVE', `tenant: expected one that is ACTIVE, got ${JSON.stringify(tenant)}, which is INACTIVE`);
  }
  if (isActivated && canOnload) return present;
  throw new VectileError('TENANT_OFFLOADED', `tenant: expected one that is ACTIVE, got ${JSON.stringify(tenant)}, which is ${status}`);
}

function tenantsHost(places: HostPlaces, name: string): TenantsHost {
  const { catalog, states } = places;
  const tenantOf = (tenant: string) => {
    const present = catalog.tenants.of(name).get(tenant);
    return present && { name: tenant, status: present.status };
  };
  return {
    check() {
      if (!places.entry(name).schema.multiTenancy) throw invalid('tenants', 'a collection with multiTenancy enabled', name);
    },
    get: tenantOf,
    names: () => catalog.tenants.names(name),
    create: (tenants) => places.writing(() => states.create(name, tenants)),
    activate: (names) => states.bring(name, names, 'ACTIVE'),
    deactivate: (names) => states.bring(name, names, 'INACTIVE'),
    offload: (names) => states.offload(name, names),
    remove: (names) => states.remove(name, names),
    async warm(names, signal) {
      const hosts = names.map((tenant) => hostOf(places, name, tenant));
      for (const host of hosts) host.check();
      await each(hosts, (host) => host.use(async (access) => {
        checkAborted(signal);
        await access.shards();
      }));
    },
  };
}
