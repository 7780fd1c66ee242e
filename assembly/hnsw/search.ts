/**
 * The beam search of Malkov & Yashunin (arXiv 1603.09320, algorithms 2 and 5) over one sorted pool. It is written once,
 * for every scorer S and filter F. It reads the index and writes only to its scratch area.
 */
import { NONE, State } from "../layout";
import { Index, hasBit, setBit } from "../image";
import { Workspace, clearVisited } from "../scratch";
import { Allowed, Everything } from "../filter";
import { clearPool, slotAt, takeNearest } from "../pool";
import { measure, touch } from "../measure";

/**
 * Fills the pool with the `width` nearest nodes of `level` that the search finds from `start`; never with `except`. Without
 * a filter the two nearest candidates are expanded together, so that more rows are on their way at a time; the second is
 * rarely one that the first's neighbors would have pushed out.
 */
export function beam<S, F>(index: Index, work: Workspace, scorer: S, filter: F, start: u32, level: u32, width: u32, except: u32 = NONE): void {
  clearVisited(index, work);
  clearPool(work, width);
  if (except != NONE) setBit(work.visited, except);
  const batch = work.batch;
  let count = seed(index, work, filter, start, level);
  for (;;) {
    touch(work, scorer, batch, count);
    measure(work, scorer, batch, count);
    const slot = takeNearest(work);
    if (slot == NONE) return;
    count = unvisitedNeighbors(index, work, filter, slot, level, batch);
    if (filter.passesAll) {
      const second = takeNearest(work);
      if (second != NONE) count += unvisitedNeighbors(index, work, filter, second, level, batch + (<usize>count << 2));
    }
    if (!level) touchNext(index, work);
  }
}

/** Starts fetching the list of the candidate that will be expanded next, if nothing nearer is found. */
@inline function touchNext(index: Index, work: Workspace): void {
  if (work.poolCursor >= work.poolSize) return;
  const links = index.links(slotAt(work, work.poolCursor), 0);
  work.sink = load<u32>(links) | load<u32>(links, 64);
}

/** The node above `level` nearest to the query that greedy steps reach from the entry; never `except`, which is not it. */
export function descend<S>(index: Index, work: Workspace, scorer: S, level: u32, except: u32 = NONE): u32 {
  let nearest = index.entry;
  let best = f32x4.extract_lane(scorer.distances(nearest, nearest, nearest, nearest), 0);
  for (let l = index.entryLevel; l > level; l--) {
    for (let from = NONE; from != nearest;) {
      from = nearest;
      if (!index.reaches(from, l)) break;
      const links = index.links(from, l);
      for (let i: u32 = 0, n = index.m; i < n; i += 4) {
        const at = links + (<usize>i << 2);
        if (load<u32>(at) == NONE) break;
        const a = linkOr(from, at, i, n, except), b = linkOr(from, at + 4, i + 1, n, except);
        const c = linkOr(from, at + 8, i + 2, n, except), d = linkOr(from, at + 12, i + 3, n, except);
        const distances = scorer.distances(a, b, c, d);
        work.measured += 4;
        if (f32x4.extract_lane(distances, 0) < best) { best = f32x4.extract_lane(distances, 0); nearest = a; }
        if (f32x4.extract_lane(distances, 1) < best) { best = f32x4.extract_lane(distances, 1); nearest = b; }
        if (f32x4.extract_lane(distances, 2) < best) { best = f32x4.extract_lane(distances, 2); nearest = c; }
        if (f32x4.extract_lane(distances, 3) < best) { best = f32x4.extract_lane(distances, 3); nearest = d; }
      }
    }
  }
  return nearest;
}

/** The link at an address, or the node itself where there is none. */
@inline function linkOr(node: u32, at: usize, i: u32, n: u32, except: u32): u32 {
  if (i >= n) return node;
  const link = load<u32>(at);
  return link == NONE || link == except ? node : link;
}

/** Where a beam begins: the start if it may be found, else what may be found around it, and a few more allowed slots. */
@inline function seed<F>(index: Index, work: Workspace, filter: F, start: u32, level: u32): u32 {
  if (!hasBit(work.visited, start) && filter.accepts(index, start)) {
    setBit(work.visited, start);
    store<u32>(work.batch, start);
    return 1;
  }
  setBit(work.visited, start);
  const count = unvisitedNeighbors(index, work, filter, start, level, work.batch);
  return level || filter.passesAll ? count : spread(index, work, changetype<Allowed>(changetype<usize>(filter)), count);
}

/** At most 8: the batch has room for them beside two lists. */
const SEEDS: u32 = 8;

/** Adds allowed nodes taken evenly over the slots: a filter may allow nothing near the start. */
function spread(index: Index, work: Workspace, filter: Allowed, count: u32): u32 {
  const words = (index.extent + 31) >> 5;
  const bits = changetype<usize>(filter);
  for (let i: u32 = 0; i < SEEDS; i++) {
    let word = <u32>(<u64>words * i / SEEDS);
    const stop = <u32>(<u64>words * (i + 1) / SEEDS);
    while (word < stop && !load<u32>(bits + (<usize>word << 2))) word++;
    if (word == stop) continue;
    const slot = (word << 5) + ctz(load<u32>(bits + (<usize>word << 2)));
    if (index.state(slot) & State.Twin || hasBit(work.visited, slot)) continue;
    setBit(work.visited, slot);
    store<u32>(work.batch + (<usize>(count++) << 2), slot);
  }
  return count;
}

/** Collects in a batch the neighbors of `slot` that are new and may be returned; returns how many. */
@inline function unvisitedNeighbors<F>(index: Index, work: Workspace, filter: F, slot: u32, level: u32, batch: usize): u32 {
  if (level && !index.reaches(slot, level)) return 0;
  const links = index.links(slot, level);
  const max = index.linksMax(level);
  if (filter.passesAll) return collectAll(work, links, max, batch);
  return collectAllowed(index, work, changetype<Allowed>(changetype<usize>(filter)), links, max, level, batch);
}

/** Without branches on what was visited: every link is stored, the count advances only past new ones. */
@inline function collectAll(work: Workspace, links: usize, max: u32, batch: usize): u32 {
  const visited = work.visited;
  let to = batch;
  for (let at = links, end = links + (<usize>max << 2); at < end; at += 4) {
    const link = load<u32>(at);
    if (link == NONE) break;
    const word = visited + ((<usize>link >> 5) << 2);
    const bits = load<u32>(word);
    const bit: u32 = 1 << (link & 31);
    store<u32>(word, bits | bit);
    store<u32>(to, link);
    to += bits & bit ? 0 : 4;
  }
  return <u32>((to - batch) >> 2);
}

/**
 * Only allowed nodes are measured and expanded. Where fewer than a list of them are among the neighbors, the search
 * steps through the others to theirs, as in ACORN (Patel et al., arXiv 2403.04871, §5), until a list is full.
 */
function collectAllowed(index: Index, work: Workspace, filter: Allowed, links: usize, max: u32, level: u32, batch: usize): u32 {
  let count = collectMatching(index, work, filter, links, max, batch, 0);
  for (let at = links, end = links + (<usize>max << 2); at < end && count < max; at += 4) {
    const link = load<u32>(at);
    if (link == NONE) break;
    if (hasBit(work.visited, link)) continue;
    setBit(work.visited, link);
    if (!index.reaches(link, level)) continue;
    count = collectMatching(index, work, filter, index.links(link, level), max, batch, count);
  }
  return count;
}

function collectMatching(index: Index, work: Workspace, filter: Allowed, links: usize, max: u32, batch: usize, count: u32): u32 {
  for (let at = links, end = links + (<usize>max << 2); at < end; at += 4) {
    const link = load<u32>(at);
    if (link == NONE) break;
    if (hasBit(work.visited, link) || !filter.accepts(index, link)) continue;
    setBit(work.visited, link);
    store<u32>(batch + (<usize>(count++) << 2), link);
  }
  return count;
}
