/** Measuring the survivors of a search again, with better vectors than it went by. */
import { Workspace } from "./scratch";
import { scanList } from "./scan";
import { clearPool, slotAt } from "./pool";
import { offerFour, touch } from "./measure";

/** Keeps the nearest `count` of the pool, by their full vectors. */
export function rescorePool<P>(work: Workspace, full: P, count: u32): void {
  const n = min(count, work.poolSize);
  for (let i: u32 = 0; i < n; i++) store<u32>(work.candidates + (<usize>i << 2), slotAt(work, i));
  scanList(work, full, work.candidates, n, n);
}

/** Hits measured between two looks at whether the rest is worth it; a multiple of four. */
const BATCH: u32 = 16;

/** Fewer different code distances than this say nothing of how far off they are. */
const OBSERVATIONS_MIN: u32 = 8;

/** How many standard deviations nearer than its code says the next hit would have to be to be worth measuring. */
const DEVIATIONS: f64 = 4;

/**
 * Fills the pool with the nearest `k` of the first `count` hits, by their full vectors. `adaptive`: ends as soon as no hit
 * to come is likely to be among them. They are in order of their code distances, and by how much these are off is known
 * from those measured: if the next would have to be nearer by more than `DEVIATIONS` of it, so would all that follow.
 */
export function rescoreHits<P>(work: Workspace, full: P, count: u32, k: u32, adaptive: bool): void {
  clearPool(work, k);
  // in doubles and around the first, so that neither tiny errors nor a large common one are lost; equal vectors count once
  let first: f64 = 0, errors: f64 = 0, squares: f64 = 0;
  let observations: u32 = 0;
  let last: f32 = NaN;
  let done: u32 = 0;
  while (done < count) {
    const n = min(BATCH, count - done);
    memory.copy(work.batch, work.hitSlots + (<usize>done << 2), <usize>n << 2);
    touch(work, full, work.batch, n);
    for (let i: u32 = 0; i < n; i += 4) {
      const at = work.batch + (<usize>i << 2);
      const a = load<u32>(at), b = load<u32>(at, 4), c = load<u32>(at, 8), d = load<u32>(at, 12);
      const distances = full.distances(a, b, c, d);
      offerFour(work, distances, a, b, c, d, <usize>(n - i) << 2);
      if (!adaptive) continue;
      v128.store(work.folded, distances);
      for (let j: u32 = 0, left = min<u32>(4, n - i); j < left; j++) {
        const code = load<f32>(work.hitDistances + (<usize>(done + i + j) << 2));
        if (code == last) continue;
        last = code;
        const error = <f64>load<f32>(work.folded + (<usize>j << 2)) - <f64>code;
        if (!observations++) first = error;
        errors += error - first;
        squares += (error - first) * (error - first);
      }
    }
    done += n;
    if (!adaptive || done >= count || work.poolSize < k || observations < OBSERVATIONS_MIN) continue;
    const mean = errors / observations;
    const deviation = sqrt(max<f64>(squares / observations - mean * mean, 0));
    if (<f64>load<f32>(work.hitDistances + (<usize>done << 2)) + first + mean - DEVIATIONS * deviation > work.poolWorst) break;
  }
  work.rescored = done;
}
