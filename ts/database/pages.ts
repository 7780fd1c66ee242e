/** All objects of shards, page by page, while others may write. */
import { VectileError } from '../errors.js';
import type { FilterNode } from '../search/filter.js';
import { checkAborted } from '../shard/abort.js';
import type { Want } from '../shard/handle.js';
import { pause } from '../shard/pause.js';
import type { StoredObject } from '../shard/types.js';
import type { Shards } from './shards.js';

/** Does work with shards. Between two turns they may be closed. */
export type Turn = <T>(work: (host: { shards(): Promise<Shards> }) => Promise<T>) => Promise<T>;

export interface Objects {
  filter?: FilterNode | undefined;
  /** The id of an object; those after it are given. */
  after?: string | undefined;
  want?: Want;
}

/** Objects read at a time. */
const PAGE = 256;

/**
 * Shard by shard. An object that is there, and matches, throughout comes once; one that comes, goes or changes meanwhile may come or
 * not, but only as one that matches. Throws OBJECT_MISSING if the one to go on from is not there, RESHARDED if others take the place of the shards.
 */
export async function* objectsOf(turn: Turn, { filter, after, want }: Objects, signal: AbortSignal | undefined): AsyncGenerator<StoredObject[], void, undefined> {
  let shard = 0, from = 0;
  let before: Shards | undefined;
  /** A shard by its number, and a slot, mean the same from page to page. */
  const same = async (host: { shards(): Promise<Shards> }): Promise<Shards> => {
    const shards = await host.shards();
    shards.checkSame(before);
    return before = shards;
  };
  if (after !== undefined) {
    const place = await turn(async (host) => {
      const shards = await same(host);
      const number = shards.numberOf(after);
      return { number, found: await shards.parts[number]!.handle.find(after) };
    });
    if (!place.found) throw new VectileError('OBJECT_MISSING', `after: expected the id of an object, got ${JSON.stringify(after)}`);
    shard = place.number;
    from = place.found.slot + 1;
  }
  for (;;) {
    checkAborted(signal);
    const page = await turn(async (host) => (await same(host)).parts[shard]?.handle.page({ from, limit: PAGE, filter, ...want && { want } }));
    if (!page) return;
    yield page.objects;
    if (page.next < 0) shard++;
    from = Math.max(0, page.next);
    await pause(); // where nothing is waited for, everything else has its turn here
  }
}
