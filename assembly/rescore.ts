/** Measuring the survivors of a search again, with better vectors than it went by. */
import { Workspace } from "./scratch";
import { scanList } from "./scan";
import { slotAt } from "./pool";

/** Keeps the nearest `count` of the pool, by their full vectors. */
export function rescorePool<P>(work: Workspace, full: P, count: u32): void {
  const n = min(count, work.poolSize);
  for (let i: u32 = 0; i < n; i++) store<u32>(work.candidates + (<usize>i << 2), slotAt(work, i));
  scanList(work, full, work.candidates, n, n);
}

/** Fills the pool with the nearest `k` of the first `count` hits, by their full vectors. */
export function rescoreHits<P>(work: Workspace, full: P, count: u32, k: u32): void {
  memory.copy(work.candidates, work.hitSlots, <usize>count << 2);
  scanList(work, full, work.candidates, count, k);
  work.rescored = count;
}
