/** Choosing a node's neighbors: the heuristic of Malkov & Yashunin (arXiv 1603.09320, algorithm 4). */
import { NONE, State } from "../layout";
import { Index, clearBit, hasBit, setBit } from "../image";
import { Workspace } from "../scratch";
import { clearPool, distanceAt, slotAt } from "../pool";
import { measureAround } from "../measure";

/**
 * Writes to `links` those of the pool, nearest first, that are nearer to the node than to any neighbor chosen before,
 * so that links spread in all directions; at most `limit`, ended by NONE up to `max`. Returns how many.
 */
export function chooseNeighbors<P>(index: Index, work: Workspace, full: P, links: usize, limit: u32, max: u32): u32 {
  let chosen: u32 = 0;
  for (let i: u32 = 0, n = work.poolSize; i < n && chosen < limit; i++) {
    const slot = slotAt(work, i);
    if (index.state(slot) & (State.Twin | State.Tombstone)) continue;
    if (isCovered(work, full, slot, distanceAt(work, i), chosen)) continue;
    store<u32>(links + (<usize>chosen << 2), slot);
    store<usize>(work.chosen + (<usize>chosen << 2), full.hold(slot, chosen));
    chosen++;
  }
  for (let i = chosen; i < max; i++) store<u32>(links + (<usize>i << 2), NONE);
  return chosen;
}

/** Adds the nearest of the pool that were not chosen, up to `limit`: keepPrunedConnections of the same algorithm. */
export function keepPruned(index: Index, work: Workspace, links: usize, chosen: u32, limit: u32): u32 {
  for (let i: u32 = 0, n = work.poolSize; i < n && chosen < limit; i++) {
    const slot = slotAt(work, i);
    if (index.state(slot) & (State.Twin | State.Tombstone) || contains(links, chosen, slot)) continue;
    store<u32>(links + (<usize>(chosen++) << 2), slot);
  }
  return chosen;
}

/** Whether one of the first `count` links is `slot`; behind the end of a list there is only NONE. */
export function contains(links: usize, count: u32, slot: u32): bool {
  for (let i: u32 = 0; i < count; i++) if (load<u32>(links + (<usize>i << 2)) == slot) return true;
  return false;
}

/** Whether one of the chosen is nearer to `slot` than `distance`. */
@inline function isCovered<P>(work: Workspace, full: P, slot: u32, distance: f32, chosen: u32): bool {
  if (!chosen) return false;
  const bound = f32x4.splat(distance);
  full.focus(slot);
  for (let i: u32 = 0; i < chosen; i += 4) {
    const at = work.chosen + (<usize>i << 2);
    const a = load<usize>(at);
    const b = i + 1 < chosen ? load<usize>(at, 4) : a;
    const c = i + 2 < chosen ? load<usize>(at, 8) : a;
    const d = i + 3 < chosen ? load<usize>(at, 12) : a;
    if (v128.any_true(f32x4.lt(full.aroundHeld(a, b, c, d), bound))) return true;
  }
  return false;
}

/** Adds `neighbor` to a node's list; a full list is chosen anew from its members and the newcomer. */
export function addLink<P>(index: Index, work: Workspace, full: P, node: u32, neighbor: u32, level: u32): void {
  if (!index.reaches(node, level) || index.state(node) & State.Twin) return;
  const links = index.links(node, level);
  const max = index.linksMax(level);
  let count: u32 = 0;
  for (; count < max; count++) {
    const link = load<u32>(links + (<usize>count << 2));
    if (link == neighbor) return;
    if (link == NONE) break;
  }
  if (count < max) {
    store<u32>(links + (<usize>count << 2), neighbor);
    return;
  }
  chooseAnew(index, work, full, node, level, neighbor);
}

/**
 * Chooses a node's list anew from the nodes it links to, with tombstones replaced by the nodes those link to, and from
 * `newcomer` unless that is NONE. Returns how many were chosen.
 */
export function chooseAnew<P>(index: Index, work: Workspace, full: P, node: u32, level: u32, newcomer: u32): u32 {
  const links = index.links(node, level);
  const max = index.linksMax(level);
  clearPool(work, index.efConstruction > max ? index.efConstruction : max + 1);
  clearVisitedAround(index, work, links, max, level);
  setBit(work.visited, node);
  let count: u32 = 0;
  if (newcomer != NONE) {
    clearBit(work.visited, newcomer);
    count = gatherOne(work, newcomer, count);
  }
  for (let i: u32 = 0; i < max; i++) {
    const link = load<u32>(links + (<usize>i << 2));
    if (link == NONE) break;
    if (!(index.state(link) & State.Tombstone)) count = gatherOne(work, link, count);
    else if (index.reaches(link, level)) count = gather(index, work, index.links(link, level), max, count);
    if (count < max) continue;
    measureAround(work, full, node, count);
    count = 0;
  }
  measureAround(work, full, node, count);
  return chooseNeighbors(index, work, full, links, max, max);
}

/** Adds a slot to the batch, unless it was there before. */
@inline function gatherOne(work: Workspace, slot: u32, count: u32): u32 {
  if (hasBit(work.visited, slot)) return count;
  setBit(work.visited, slot);
  store<u32>(work.batch + (<usize>count << 2), slot);
  return count + 1;
}

/** Adds what a list names, each once and no tombstones. */
function gather(index: Index, work: Workspace, links: usize, max: u32, count: u32): u32 {
  for (let at = links, end = links + (<usize>max << 2); at < end; at += 4) {
    const link = load<u32>(at);
    if (link == NONE) break;
    if (!(index.state(link) & State.Tombstone)) count = gatherOne(work, link, count);
  }
  return count;
}

/** Clears the visited bits of all that may be gathered; cheaper than clearing all bits for each list. */
function clearVisitedAround(index: Index, work: Workspace, links: usize, max: u32, level: u32): void {
  for (let i: u32 = 0; i < max; i++) {
    const link = load<u32>(links + (<usize>i << 2));
    if (link == NONE) break;
    clearBit(work.visited, link);
    if (!(index.state(link) & State.Tombstone) || !index.reaches(link, level)) continue;
    const beyond = index.links(link, level);
    for (let j: u32 = 0; j < max; j++) {
      const second = load<u32>(beyond + (<usize>j << 2));
      if (second == NONE) break;
      clearBit(work.visited, second);
    }
  }
}
