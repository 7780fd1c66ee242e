/** What there is where, in the words of Weaviate: one node, its shards, what they hold and how they are. */
import { invalid, type VectileError } from '../errors.js';
import type { ShardStats } from '../shard/types.js';
import { refusal } from './refusal.js';
import { call, type CallOptions } from './calls.js';
import type { CatalogEntry } from './catalog.js';
import type { OpenCollections, OpenShard } from './open-collections.js';
import type { SpaceUse, SpaceUses } from './pressure.js';
import type { ShardPool } from './shard-pool.js';
import { statusCounts } from './stats.js';
import type { TenantCatalog } from './tenant-catalog.js';
import type { TenantStatus } from './typed.js';

/**
 * | status | |
 * | --- | --- |
 * | `READY` | it can be used, and every vector is linked |
 * | `INDEXING` | it can be used; vectors are still to be linked |
 * | `READONLY` | it can be read; writes are refused: `failure`, the thresholds of disk and memory, or a database opened read-only |
 * | `LOADING` | it is being opened |
 * | `LAZY_LOADING` | an ACTIVE tenant that is opened when it is used |
 * | `SHUTDOWN` | it is being closed, or cannot be opened: `failure` |
 */
export type VectorIndexingStatus = 'READY' | 'INDEXING' | 'READONLY' | 'LOADING' | 'LAZY_LOADING' | 'SHUTDOWN';

export interface ShardStatus {
  /** Of the tenant; without tenants, 32 hexadecimal digits. */
  name: string;
  /** Of the collection. */
  class: string;
  /** 0 if it is not loaded: none is opened to be counted. */
  objectCount: number;
  vectorIndexingStatus: VectorIndexingStatus;
  /** Vectors that are not linked yet. */
  vectorQueueLength: number;
  /** A vector of it is quantized. */
  compressed: boolean;
  /** Vectors are being stored in another way, as after a change of the quantizer; not while there are too few to train it on. */
  recoding: boolean;
  loaded: boolean;
  /** Bytes; undefined if it is not loaded. */
  memory: ShardStats['memory'] | undefined;
  disk: ShardStats['disk'] | undefined;
  /** Why it cannot be used, or why its writes are refused. */
  failure: Error | undefined;
}

export interface NodeStatus {
  name: string;
  /** `UNHEALTHY` if a shard has failed. */
  status: 'HEALTHY' | 'UNHEALTHY';
  /** Objects of shards that are loaded, and shards, ACTIVE tenants being one each. */
  stats: { objectCount: number; shardCount: number };
  disk: SpaceUse | undefined;
  memory: SpaceUse | undefined;
}

export interface VerboseNodeStatus extends NodeStatus {
  /** Those of tenants that are ACTIVE, and those of collections without tenants. */
  shards: ShardStatus[];
  /** By collection that has any, how many there are by status. */
  tenants: Record<string, Record<TenantStatus, number>>;
}

export interface NodesOptions extends CallOptions {
  /** Default `minimal`: no shards. */
  output?: 'minimal' | 'verbose';
  /** Only this one. */
  collection?: string;
}

export interface ClusterHost {
  entries(): CatalogEntry[];
  readonly tenants: TenantCatalog;
  readonly open: OpenCollections;
  readonly pool: ShardPool;
  readonly readOnly: boolean;
  uses(): Promise<SpaceUses>;
}

export class Cluster {
  readonly #host: ClusterHost;

  /** @internal */
  constructor(host: ClusterHost) {
    this.#host = host;
  }

  /** The nodes, of which there is one. Throws COLLECTION_MISSING. No shard is opened, and none waited for. */
  nodes(options: NodesOptions & { output: 'verbose' }): Promise<VerboseNodeStatus[]>;
  nodes(options?: NodesOptions): Promise<NodeStatus[]>;
  nodes(options: NodesOptions = {}): Promise<NodeStatus[]> {
    return call(options, ['output', 'collection'], async () => {
      const { output = 'minimal', collection } = options;
      if (output !== 'minimal' && output !== 'verbose') throw invalid('output', 'minimal or verbose', output);
      const entries = this.#host.entries();
      const asked = collection === undefined ? entries : entries.filter(({ schema }) => schema.name === collection);
      if (collection !== undefined && !asked.length) throw refusal('COLLECTION_MISSING', 'collection', 'that of a collection', collection);
      const { shards, tenants, ...node } = await nodeStatus(this.#host, asked);
      return [output === 'verbose' ? { ...node, shards, tenants } : node];
    });
  }
}

export async function nodeStatus({ tenants, open, pool, readOnly, uses }: ClusterHost, entries: readonly CatalogEntry[]): Promise<VerboseNodeStatus> {
  const { disk, memory } = await uses();
  const isReadonly = readOnly || disk?.status === 'READONLY' || memory?.status === 'READONLY';
  const statuses: Promise<ShardStatus>[] = [];
  const counts: VerboseNodeStatus['tenants'] = Object.create(null);
  for (const { schema: { name, multiTenancy }, shards } of entries) {
    const present = open.get(name);
    if (multiTenancy) {
      counts[name] = statusCounts(tenants.of(name).values());
      for (const [tenant, { shard, status }] of tenants.of(name)) {
        if (status === 'ACTIVE') statuses.push(shardStatus(tenant, name, pool.get(shard), isReadonly));
      }
    } else {
      for (const shard of shards) statuses.push(shardStatus(shard, name, { open: present.find(({ shardId }) => shardId === shard), isClosing: false }, isReadonly));
    }
  }
  const shards = await Promise.all(statuses);
  return {
    name: 'local',
    status: shards.some(({ failure }) => failure) ? 'UNHEALTHY' : 'HEALTHY',
    stats: { objectCount: shards.reduce((sum, { objectCount }) => sum + objectCount, 0), shardCount: shards.length },
    disk,
    memory,
    shards,
    tenants: counts,
  };
}

async function shardStatus(name: string, collection: string, place: { open: OpenShard | undefined; isClosing: boolean } | undefined, isReadonly: boolean): Promise<ShardStatus> {
  const { opened, failure: notOpened } = place?.open ?? {};
  const absent = (vectorIndexingStatus: VectorIndexingStatus, failure = notOpened): ShardStatus => ({
    name, class: collection, objectCount: 0, vectorIndexingStatus, vectorQueueLength: 0, compressed: false, recoding: false, loaded: false, memory: undefined, disk: undefined, failure,
  });
  if (notOpened || place?.isClosing) return absent('SHUTDOWN');
  if (!place?.open) return absent('LAZY_LOADING');
  if (!opened) return absent('LOADING');
  const told = await opened.stats().catch((cause: VectileError) => cause);
  if (told instanceof Error) return absent('SHUTDOWN', told.code === 'CLOSED' ? undefined : told); // closed meanwhile, or its thread was lost
  const { objects, vectors, memory, disk } = told;
  const queued = [...vectors.values()].reduce((sum, { unlinked }) => sum + unlinked, 0);
  const vectorIndexingStatus = isReadonly || opened.failure ? 'READONLY' : queued ? 'INDEXING' : 'READY';
  const compressed = [...vectors.values()].some(({ index }) => index && codecName(index.codec) !== 'f32');
  const recoding = [...vectors.values()].some(({ index }) => index?.recoding && index.count >= index.recoding.trainingLimit);
  return { name, class: collection, objectCount: objects, vectorIndexingStatus, vectorQueueLength: queued, compressed, recoding, loaded: true, memory, disk, failure: opened.failure };
}

const codecName = (codec: string | { type: string }): string => (typeof codec === 'string' ? codec : codec.type);
