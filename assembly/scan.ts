/** Exact search: measures every slot it is given, a batch at a time. */
import { Region } from "./layout";
import { Index } from "./image";
import { Workspace } from "./scratch";
import { clearPool, offer } from "./pool";
import { measureBatch } from "./measure";

const BATCH: u32 = 32;

/** Every slot below the extent; right while none is free. */
export function scanAll<S>(index: Index, work: Workspace, scorer: S, k: u32): void {
  clearPool(work, k);
  if (isDefined(scorer.block)) return scanBlocks(index, work, scorer);
  for (let slot: u32 = 0, extent = index.extent; slot < extent;) {
    const count = min(BATCH, extent - slot);
    for (let i: u32 = 0; i < count; i++) store<u32>(work.batch + (<usize>i << 2), slot++);
    measureBatch(work, scorer, count);
  }
}

/** The same where a scorer measures a block of 32 slots at once. */
function scanBlocks<S>(index: Index, work: Workspace, scorer: S): void {
  const distances = scorer.blockDistances;
  for (let first: u32 = 0, extent = index.extent; first < extent; first += 32) {
    scorer.block(first, distances);
    work.measured += 32;
    for (let i: u32 = 0, n = min<u32>(32, extent - first); i < n; i += 4) {
      const at = distances + (<usize>i << 2);
      if (!v128.any_true(f32x4.lt(v128.load(at), f32x4.splat(work.poolWorst)))) continue;
      for (let j: u32 = i, end = min<u32>(i + 4, n); j < end; j++) {
        const distance = load<f32>(distances + (<usize>j << 2));
        if (distance < work.poolWorst) offer(work, distance, first + j);
      }
    }
  }
}

/** The slots whose bit is set in `bits`. */
export function scanBitmap<S>(index: Index, work: Workspace, scorer: S, bits: usize, k: u32): void {
  clearPool(work, k);
  let count: u32 = 0;
  for (let word: u32 = 0, words = (index.extent + 31) >> 5; word < words; word++) {
    for (let left = load<u32>(bits + (<usize>word << 2)); left; left &= left - 1) {
      store<u32>(work.batch + (<usize>(count++) << 2), (word << 5) + ctz(left));
    }
    if (count < BATCH) continue;
    measureBatch(work, scorer, count);
    count = 0;
  }
  measureBatch(work, scorer, count);
}

/** The slots of a list of `n`, all below the extent. */
export function scanList<S>(work: Workspace, scorer: S, slots: usize, n: u32, k: u32): void {
  clearPool(work, k);
  for (let i: u32 = 0; i < n;) {
    const count = min(BATCH, n - i);
    memory.copy(work.batch, slots + (<usize>i << 2), <usize>count << 2);
    measureBatch(work, scorer, count);
    i += count;
  }
}
