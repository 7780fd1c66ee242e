/** What a database and its collections come to, in counts and bytes. */
import { VectileError } from '../errors.js';
import type { ShardStats } from '../shard/types.js';
import type { Shard } from '../shard/shard.js';
import type { IndexStats } from '../types.js';
import type { Schema } from './schema.js';

export interface CollectionStats {
  objects: number;
  /** In memory; `table`: ids, places and revisions. */
  memory: ShardStats['memory'];
  disk: ShardStats['disk'];
  written: ShardStats['written'];
  /** By name of the vector: how many, how many are not linked yet, and what the index says. */
  vectors: Record<string, { count: number; unlinked: number; index: IndexStats | undefined }>;
  /** Parts and bytes of the inverted index; undefined if it cannot be used. */
  inverted: ShardStats['inverted'] | undefined;
  /** Why it cannot be used, or why its writes are refused. Counts of one that cannot be used are 0. */
  failure: VectileError | undefined;
}

export interface DatabaseStats {
  collections: Record<string, CollectionStats>;
  objects: number;
  bytes: { memory: number; disk: number };
}

export async function collectionStats(schema: Schema, opening: Promise<Shard>): Promise<CollectionStats> {
  let shard: Shard;
  try {
    shard = await opening;
  } catch (failure) {
    if (!(failure instanceof VectileError)) throw failure;
    const none = { objects: 0, memory: { table: 0, unflushed: 0, indexes: 0, inverted: 0 }, disk: { log: 0, segments: 0, snapshot: 0, total: 0 }, written: { snapshots: 0, log: 0 } };
    return { ...none, vectors: {}, inverted: undefined, failure };
  }
  const { objects, memory, disk, written, vectors: byNumber, inverted } = await shard.stats();
  const vectors: CollectionStats['vectors'] = Object.create(null);
  for (const { number, name } of schema.vectors) vectors[name] = byNumber.get(number) ?? { count: 0, unlinked: 0, index: undefined };
  return { objects, memory, disk, written, vectors, inverted, failure: shard.failure };
}
