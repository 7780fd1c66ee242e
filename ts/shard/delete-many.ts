/** Deleting objects for which a filter is true, batch by batch: an object that does not match any more when its turn comes stays. */
import { VectileError } from '../errors.js';
import type { FilterNode } from '../search/filter.js';
import { checkAborted } from './abort.js';
import type { DeleteManyOptions, DeleteManyResult } from './handle.js';
import { pause } from './pause.js';
import { selectAmong, selectObjects } from './select.js';
import type { Shard } from './shard.js';
import type { Change } from './types.js';

/** Changes of one record. */
const BATCH = 1000;
/** An object that is written again and again is tried so often. */
const ROUNDS = 10;

export async function deleteMany(
  shard: Shard, filter: FilterNode, { dryRun, verbose, durability, deadline }: DeleteManyOptions, signal: AbortSignal | undefined,
): Promise<DeleteManyResult> {
  const result: DeleteManyResult = { matches: 0, successful: 0, failed: 0, dryRun, ...verbose && { objects: [] } };
  const tell = (id: string, successful: boolean, error?: VectileError) => {
    result.matches++;
    if (successful) result.successful++;
    else if (error) result.failed++;
    result.objects?.push({ id, successful, ...error && { error } });
  };
  if (dryRun) {
    const slots = await shard.select(filter, deadline);
    if (!verbose) return { ...result, matches: slots.count };
    for (const slot of slots) {
      const id = shard.idOf(slot);
      if (id !== undefined) tell(id, false);
    }
    return result;
  }

  let selection = await selectObjects(shard, filter, deadline);
  for (let round = 1; ; round++) {
    /** Written since they were selected. */
    const changed = new Map<string, VectileError | undefined>();
    for (let next = selection.slots.next(0); next >= 0;) {
      checkAborted(signal);
      const changes: Change[] = [];
      for (; next >= 0 && changes.length < BATCH; next = selection.slots.next(next + 1)) {
        const id = shard.idOf(next);
        const ifRevision = shard.revisionOf(next);
        if (id === undefined) continue;
        if (ifRevision > selection.seq) changed.set(id, undefined);
        else changes.push({ id, ifRevision, effect: 'delete' });
      }
      const outcomes = await shard.write(changes, durability);
      outcomes.forEach(({ error }, i) => {
        const { id } = changes[i]!;
        if (error?.code === 'REVISION_MISMATCH') changed.set(id, error);
        else tell(id, !error, error);
      });
      await pause(); // a store that never waits would keep timers and signals out
    }
    if (!changed.size) return result;
    selection = await selectAmong(shard, filter, [...changed.keys()], deadline);
    if (round < ROUNDS) continue;
    for (const slot of selection.slots) {
      const id = shard.idOf(slot);
      if (id !== undefined) tell(id, false, changed.get(id) ?? writtenAgain(id));
    }
    return result;
  }
}

function writtenAgain(id: string): VectileError {
  return new VectileError('REVISION_MISMATCH', `filters: expected ${JSON.stringify(id)} to stay as it was found, got writes`);
}
