/**
 * Objects for which a filter is true, while others may write. A shard tells which slots they have, at one moment; what was
 * written after it, maybe to another object in the same slot, is known by its revision and asked for anew.
 */
import type { Deadline } from '../search/deadline.js';
import { conjunction } from '../search/filter-nodes.js';
import type { FilterNode } from '../search/filter.js';
import type { SlotSet } from '../search/slot-set.js';
import { pause } from '../shard/pause.js';
import type { Shard } from '../shard/shard.js';
import type { StoredObject } from '../shard/types.js';
import { checkAborted } from './calls.js';

export interface Selection {
  readonly slots: SlotSet;
  /** Objects of a later revision were written afterwards. */
  readonly seq: number;
}

export interface Want { readonly vectors?: boolean }

/** Does work with a shard. */
export type Turn = <T>(work: (host: { shard(): Promise<Shard> }) => Promise<T>) => Promise<T>;

/** Objects read at a time. */
const PAGE = 256;

export async function selectObjects(shard: Shard, filter: FilterNode, deadline?: Deadline): Promise<Selection> {
  // asked first: what is written while the answer is on its way counts as later
  const { seq } = shard;
  return { slots: await shard.select(filter, deadline), seq };
}

/** The same of some objects only. */
export function selectAmong(shard: Shard, filter: FilterNode, ids: readonly string[], deadline?: Deadline): Promise<Selection> {
  return selectObjects(shard, conjunction([{ kind: 'ids', ids }, filter]), deadline);
}

/**
 * All objects from a slot on, or those for which the filter is true, in the order of their slots, page by page. An object that is
 * there and matches throughout comes once; one that comes, goes or changes meanwhile may come or not, but only as one that matches.
 * `turn` gives the shard for one page, or the filter; between them it may be closed.
 */
export async function* pagesOf(
  turn: Turn, filter: FilterNode | undefined, want: Want, signal: AbortSignal | undefined, from = 0, deadline?: Deadline,
): AsyncGenerator<StoredObject[], void, undefined> {
  const selection = filter && await turn(async (host) => selectObjects(await host.shard(), filter, deadline));
  for (let next = from; next >= 0;) {
    checkAborted(signal);
    const page = await turn(async (host) => {
      const shard = await host.shard();
      const { objects, next: following } = await shard.scan(next, PAGE, { ...want, ...selection && { filter: selection.slots } });
      return { objects: selection ? await matching(shard, filter!, selection.seq, objects, want, deadline) : objects, next: following };
    });
    yield page.objects;
    next = page.next;
    await pause(); // where nothing is waited for, everything else has its turn here
  }
}

/** Without those that were written since and do not match any more; the others as they are by now. */
async function matching(
  shard: Shard, filter: FilterNode, seq: number, objects: StoredObject[], want: Want, deadline: Deadline | undefined,
): Promise<StoredObject[]> {
  if (objects.every(({ revision }) => revision <= seq)) return objects;
  const kept = new Map(objects.filter(({ revision }) => revision <= seq).map((object) => [object.slot, object]));
  for (let doubtful = objects.filter(({ revision }) => revision > seq); doubtful.length;) {
    const { slots } = await selectAmong(shard, filter, doubtful.map(({ id }) => id), deadline);
    const again: Promise<StoredObject | undefined>[] = [];
    for (const object of doubtful) {
      // revisions only grow: if it is the same now, it was when the filter was evaluated
      if (shard.revisionOf(object.slot) !== object.revision) again.push(shard.get(object.id, want).then((read) => read?.slot === object.slot ? read : undefined));
      else if (slots.has(object.slot)) kept.set(object.slot, object);
    }
    doubtful = (await Promise.all(again)).filter((object) => object !== undefined);
  }
  return [...kept.values()].sort((a, b) => a.slot - b.slot);
}
