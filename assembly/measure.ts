/** Distances of a batch of slots, offered to the pool: the inner step of every search. */
import { Workspace } from "./scratch";
import { offer } from "./pool";

/**
 * Measures batch[0 … count) against the query. All rows are touched first: the loads are few and independent, so the
 * processor has them under way together, which is as near to prefetching as WebAssembly comes.
 */
export function measureBatch<S>(work: Workspace, scorer: S, count: u32): void {
  touch(work, scorer, work.batch, count);
  measure(work, scorer, work.batch, count);
}

/** The same against the vector of `node`. */
export function measureAround<S>(work: Workspace, scorer: S, node: u32, count: u32): void {
  if (!count) return;
  scorer.focus(node);
  touch(work, scorer, work.batch, count);
  const end = work.batch + (<usize>count << 2);
  for (let at = work.batch; at < end; at += 16) {
    const a = load<u32>(at), b = load<u32>(at, 4), c = load<u32>(at, 8), d = load<u32>(at, 12);
    offerFour(work, scorer.around(a, b, c, d), a, b, c, d, end - at);
  }
}

/** Starts fetching the rows of a batch, and fills it up to a multiple of four. */
@inline export function touch<S>(work: Workspace, scorer: S, batch: usize, count: u32): void {
  if (!count) return;
  const end = batch + (<usize>count << 2);
  let seen: u32 = 0;
  for (let at = batch; at < end; at += 4) seen |= scorer.touch(load<u32>(at));
  work.sink = seen;
  work.measured += count;
  const last = load<u32>(end - 4);
  store<u32>(end, last);
  store<u32>(end, last, 4);
  store<u32>(end, last, 8);
}

/** Measures a batch that was touched. */
export function measure<S>(work: Workspace, scorer: S, batch: usize, count: u32): void {
  const end = batch + (<usize>count << 2);
  for (let at = batch; at < end; at += 16) {
    const a = load<u32>(at), b = load<u32>(at, 4), c = load<u32>(at, 8), d = load<u32>(at, 12);
    offerFour(work, scorer.distances(a, b, c, d), a, b, c, d, end - at);
  }
}

/** `left`: bytes of the batch from `a` on; what lies beyond is filling. */
@inline export function offerFour(work: Workspace, distances: v128, a: u32, b: u32, c: u32, d: u32, left: usize): void {
  if (!v128.any_true(f32x4.lt(distances, f32x4.splat(work.poolWorst)))) return;
  offerNearer(work, f32x4.extract_lane(distances, 0), a);
  if (left > 4) offerNearer(work, f32x4.extract_lane(distances, 1), b);
  if (left > 8) offerNearer(work, f32x4.extract_lane(distances, 2), c);
  if (left > 12) offerNearer(work, f32x4.extract_lane(distances, 3), d);
}

@inline function offerNearer(work: Workspace, distance: f32, slot: u32): void {
  if (distance < work.poolWorst) offer(work, distance, slot);
}
