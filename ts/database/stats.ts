/** What a database and its collections come to, in counts and bytes. */
import { VectileError } from '../errors.js';
import type { ShardStats } from '../shard/types.js';
import type { ShardHandle } from '../shard/handle.js';
import type { IndexStats } from '../types.js';
import type { Schema } from './schema.js';
import type { TenantEntry } from './tenant-catalog.js';
import type { TenantStatus } from './typed.js';

export interface CollectionStats {
  /** With tenants, this and all that follows is of those whose shards are open: none is opened to be counted. */
  objects: number;
  /** In memory; `table`: ids, places and revisions. */
  memory: ShardStats['memory'];
  disk: ShardStats['disk'];
  written: ShardStats['written'];
  /** By name of the vector: how many, how many are not linked yet, and what the index says; with tenants it says nothing. */
  vectors: Record<string, { count: number; unlinked: number; index: IndexStats | undefined }>;
  /** Parts and bytes of the inverted index; undefined if it cannot be used, of several shards, and with tenants. */
  inverted: ShardStats['inverted'] | undefined;
  /** Why it cannot be used, or why its writes are refused. Counts of one that cannot be used are 0. */
  failure: VectileError | undefined;
  /** How many there are, by status, and shards of theirs that are open; undefined if the collection has none. */
  tenants?: Record<TenantStatus, number> & { open: number };
}

export interface DatabaseStats {
  collections: Record<string, CollectionStats>;
  objects: number;
  bytes: { memory: number; disk: number };
}

/** Of a collection without tenants. What is told of its shards is added up; of several, no index says anything. */
export async function collectionStats(schema: Schema, opening: readonly Promise<ShardHandle>[]): Promise<CollectionStats> {
  const all = await Promise.all(opening.map((shard) => shardStats(schema, shard)));
  return all.length === 1 ? all[0]! : summed(schema, all);
}

async function shardStats(schema: Schema, opening: Promise<ShardHandle>): Promise<CollectionStats> {
  let shard: ShardHandle, stats: ShardStats;
  try {
    shard = await opening;
    stats = await shard.stats();
  } catch (failure) {
    if (!(failure instanceof VectileError)) throw failure;
    // one that was closed meanwhile is not open
    return { ...none(), vectors: {}, inverted: undefined, failure: failure.code === 'CLOSED' ? undefined : failure };
  }
  const { objects, memory, disk, written, vectors: byNumber, inverted } = stats;
  const vectors: CollectionStats['vectors'] = Object.create(null);
  for (const { number, name } of schema.vectors) vectors[name] = byNumber.get(number) ?? { count: 0, unlinked: 0, index: undefined };
  return { objects, memory, disk, written, vectors, inverted, failure: shard.failure };
}

/** Of a collection with tenants. */
export async function tenantsStats(schema: Schema, tenants: Iterable<TenantEntry>, shards: readonly ShardHandle[]): Promise<CollectionStats> {
  const byStatus = { ...statusCounts(tenants), open: shards.length };
  return { ...summed(schema, await Promise.all(shards.map((shard) => shardStats(schema, Promise.resolve(shard))))), tenants: byStatus };
}

export function statusCounts(tenants: Iterable<TenantEntry>): Record<TenantStatus, number> {
  const counts = { ACTIVE: 0, INACTIVE: 0, OFFLOADED: 0, OFFLOADING: 0, ONLOADING: 0 };
  for (const { status } of tenants) counts[status]++;
  return counts;
}

function summed(schema: Schema, all: readonly CollectionStats[]): CollectionStats {
  const sum: CollectionStats = { ...none(), vectors: Object.create(null), inverted: undefined, failure: undefined };
  for (const { name } of schema.vectors) sum.vectors[name] = { count: 0, unlinked: 0, index: undefined };
  for (const { objects, memory, disk, written, vectors, failure } of all) {
    sum.objects += objects;
    addAll(sum.memory, memory);
    addAll(sum.disk, disk);
    addAll(sum.written, written);
    for (const [name, { count, unlinked }] of Object.entries(vectors)) {
      const { count: countBefore, unlinked: unlinkedBefore } = sum.vectors[name]!;
      sum.vectors[name] = { count: countBefore + count, unlinked: unlinkedBefore + unlinked, index: undefined };
    }
    sum.failure ??= failure;
  }
  return sum;
}

function none(): Pick<CollectionStats, 'objects' | 'memory' | 'disk' | 'written'> {
  return {
    objects: 0, memory: { table: 0, unflushed: 0, indexes: 0, inverted: 0 }, disk: { log: 0, segments: 0, snapshot: 0, total: 0 }, written: { snapshots: 0, log: 0 },
  };
}

function addAll<K extends string>(sum: Record<K, number>, more: Record<K, number>): void {
  for (const key of Object.keys(more) as K[]) sum[key] += more[key];
}
