/** Deleting objects for which a filter is true, in all shards at once. */
import type { FilterNode } from '../search/filter.js';
import type { DeleteManyOptions, DeleteManyResult } from '../shard/handle.js';
import type { Shards } from './shards.js';

export async function deleteFromAll(shards: Shards, filter: FilterNode, options: DeleteManyOptions, signal: AbortSignal | undefined): Promise<DeleteManyResult> {
  const { dryRun, verbose } = options;
  const all: DeleteManyResult = { matches: 0, successful: 0, failed: 0, dryRun, ...verbose && { objects: [] } };
  for (const { matches, successful, failed, objects = [] } of await shards.each((handle) => handle.deleteMany(filter, options, signal))) {
    all.matches += matches;
    all.successful += successful;
    all.failed += failed;
    for (const object of objects) all.objects?.push(object);
  }
  return all;
}
