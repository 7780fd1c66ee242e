/** Collections and their tenants as they are exported: page by page, each tenant open only as long as it is read. */
import { VectileError } from '../errors.js';
import { hostOf, shardsOf, type HostPlaces } from './collection-hosts.js';
import type { ExportedCollection, ExportedTenant } from './export.js';
import type { Turn } from './pages.js';
import { tenantMissing } from './tenants.js';
import type { TenantStatus } from './typed.js';

export interface ExportOptions {
  /** What becomes of tenants whose files are not here: the export throws TENANT_OFFLOADED, or goes on without them. Default `refuse`. */
  offloaded?: 'refuse' | 'skip';
}

export function exportedCollection(places: HostPlaces, name: string, offloaded: 'refuse' | 'skip'): ExportedCollection {
  const schema = () => places.entry(name).schema;
  const turn: Turn = (work) => hostOf(places, name).use(work);
  return { schema, turn, tenants: schema().multiTenancy && tenantsOf(places, name, offloaded) };
}

function* tenantsOf({ catalog, entry, pool }: HostPlaces, collection: string, offloaded: 'refuse' | 'skip'): Generator<ExportedTenant> {
  const isHere = (name: string): boolean => {
    const status = catalog.tenants.of(collection).get(name)?.status;
    if (status === 'ACTIVE' || status === 'INACTIVE') return true;
    if (status === undefined || offloaded === 'skip') return false;
    throw movedAway(name, status);
  };
  for (const name of catalog.tenants.names(collection)) {
    if (!isHere(name)) continue;
    const { shard, status } = catalog.tenants.of(collection).get(name)!;
    let hasBegun = false;
    yield {
      name,
      status,
      turn(work) {
        const present = catalog.tenants.of(collection).get(name);
        if (present?.shard !== shard || !isHere(name)) {
          if (!hasBegun) return undefined;
          throw present?.shard === shard ? movedAway(name, present.status) : tenantMissing(name); // a part of a tenant is none
        }
        hasBegun = true;
        const pin = pool.pin({ schema: entry(collection).schema, shard });
        return work({ shards: async () => shardsOf([await pool.opened(pin)]) }).finally(() => pool.unpin(pin));
      },
      async end() {
        if (catalog.tenants.of(collection).get(name)?.status !== 'ACTIVE') await pool.leave(shard);
      },
    };
  }
}

function movedAway(name: string, status: TenantStatus): VectileError {
  return new VectileError('TENANT_OFFLOADED', `export: expected tenants whose files are here, got ${JSON.stringify(name)}, which is ${status}`);
}
