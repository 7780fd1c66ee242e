/**
 * Objects for which a filter is true, while others may write. The index tells which slots they have, at one moment; what was
 * written after it, maybe to another object in the same slot, is known by its revision and asked for anew.
 */
import type { Deadline } from '../search/deadline.js';
import { conjunction } from '../search/filter-nodes.js';
import type { FilterNode } from '../search/filter.js';
import type { SlotSet } from '../search/slot-set.js';
import type { Page, PageRequest, Want } from './handle.js';
import type { Shard } from './shard.js';
import type { StoredObject } from './types.js';

export interface Selection {
  readonly slots: SlotSet;
  /** Objects of a later revision were written afterwards. */
  readonly seq: number;
}

export async function selectObjects(shard: Shard, filter: FilterNode, deadline?: Deadline): Promise<Selection> {
  // asked first: what is written while the answer is on its way counts as later
  const { seq } = shard;
  return { slots: await shard.select(filter, deadline), seq };
}

/** The same of some objects only. */
export function selectAmong(shard: Shard, filter: FilterNode, ids: readonly string[], deadline?: Deadline): Promise<Selection> {
  return selectObjects(shard, conjunction([{ kind: 'ids', ids }, filter]), deadline);
}

/** The newest selection of a shard: as long as nothing is written, page follows page without evaluating the filter again. */
export class LastSelection {
  #filter = '';
  #selection: Selection | undefined;

  async of(shard: Shard, filter: FilterNode, deadline: Deadline | undefined): Promise<Selection> {
    const key = JSON.stringify(filter);
    if (this.#selection?.seq === shard.seq && this.#filter === key) return this.#selection;
    const selection = await selectObjects(shard, filter, deadline);
    this.#filter = key;
    this.#selection = selection;
    return selection;
  }

  /** Nothing is kept for a page that may never be asked for. */
  forget(): void { this.#selection = undefined; }
}

/**
 * Objects from a slot on in the order of their slots, which they keep for life. Page after page an object that is there and matches
 * throughout comes once; one that comes, goes or changes meanwhile may come or not, but only as one that matches.
 */
export async function pageOf(shard: Shard, last: LastSelection, { from, limit, offset = 0, filter, want = {}, deadline }: PageRequest): Promise<Page> {
  if (!filter) {
    const { slot, skipped } = shard.skip(from, offset);
    return { ...await shard.scan(slot, limit, want), skipped };
  }
  const { slots, seq } = await last.of(shard, filter, deadline);
  let start = slots.next(from), skipped = 0;
  for (; start >= 0 && skipped < offset; skipped++) start = slots.next(start + 1);
  if (start < 0) {
    last.forget();
    return { objects: [], next: -1, skipped };
  }
  const { objects, next } = await shard.scan(start, limit, want, slots);
  if (next < 0) last.forget();
  return { objects: await matching(shard, filter, seq, objects, want, deadline), next, skipped };
}

/** Without those that were written since and do not match any more; the others as they are by now. */
async function matching(
  shard: Shard, filter: FilterNode, seq: number, objects: StoredObject[], want: Want, deadline: Deadline | undefined,
): Promise<StoredObject[]> {
  if (objects.every(({ revision }) => revision <= seq)) return objects;
  const kept = new Map(objects.filter(({ revision }) => revision <= seq).map((object) => [object.slot, object]));
  for (let doubtful = objects.filter(({ revision }) => revision > seq); doubtful.length;) {
    const { slots } = await selectAmong(shard, filter, doubtful.map(({ id }) => id), deadline);
    const again: StoredObject[] = [];
    const changed: string[] = [];
    for (const object of doubtful) {
      // revisions only grow: if it is the same now, it was when the filter was evaluated
      if (shard.revisionOf(object.slot) !== object.revision) changed.push(object.id);
      else if (slots.has(object.slot)) kept.set(object.slot, object);
    }
    const read = await shard.getMany(changed, want);
    for (const object of read) if (object && doubtful.some(({ id, slot }) => id === object.id && slot === object.slot)) again.push(object);
    doubtful = again;
  }
  return [...kept.values()].sort((a, b) => a.slot - b.slot);
}
