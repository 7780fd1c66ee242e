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

/** How many standard deviations nearer than its code says the next hit would have to be to be worth measuring. */
const DEVIATIONS: f32 = 4;

/**
 * Fills the pool with the nearest `k` of the first `count` hits, by their full vectors. `adaptive`: ends as soon as no hit
 * to come is likely to be among them. They are in order of their code distances, and by how much these are off is known
 * from those measured: if the next would have to be nearer by more than `DEVIATIONS` of it, so would all that follow.
 */
export function rescoreHits<P>(work: Workspace, full: P, count: u32, k: u32, adaptive: bool): void {
  clearPool(work, k);
  let errors = f32x4.splat(0), squares = errors;
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
      if (i + 4 > n) break;
      const error = f32x4.sub(distances, v128.load(work.hitDistances + (<usize>(done + i) << 2)));
      errors = f32x4.add(errors, error);
      squares = f32x4.add(squares, f32x4.mul(error, error));
    }
    done += n;
    if (!adaptive || done >= count || work.poolSize < k) continue;
    const mean = lanesOf(errors) / <f32>done;
    const deviation = Mathf.sqrt(max<f32>(lanesOf(squares) / <f32>done - mean * mean, 0));
    if (load<f32>(work.hitDistances + (<usize>done << 2)) + mean - DEVIATIONS * deviation > work.poolWorst) break;
  }
  work.rescored = done;
}

@inline function lanesOf(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3);
}
