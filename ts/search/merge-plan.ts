/**
 * Which parts to merge next. Parts lie in order of age, and only neighbors are merged, so that of two parts that have an object
 * the later one stays the later one.
 *
 * A run of parts is merged if it has at least RUN_MIN of them and the largest is at most a GROWTH-th of it: so each byte that is
 * written again comes into a part at least GROWTH times as large, O(log n) times in all, and parts come to be of levels, as in
 * any log-structured merge tree (O'Neil et al. 1996), whatever the sizes in which they were sealed.
 */

export interface Mergeable {
  readonly bytes: number;
  readonly count: number;
  readonly staleCount: number;
}

/** parts[from] … parts[to − 1] */
export interface Run {
  readonly from: number;
  readonly to: number;
}

const RUN_MIN = 8;
const RUN_MAX = 64;
const GROWTH = 4;
/** Of the result: inputs and result are in memory at once. */
const BYTES_MAX = 64 << 20;
/** With more of them that could be merged, any run will do. */
const PARTS_MAX = 32;

/** `fully`: as few parts as can be, and hardly anything stale in them. */
export function planMerge(parts: readonly Mergeable[], fully: boolean): Run | undefined {
  const sizes = parts.map(({ bytes, count, staleCount }) => bytes * (1 - staleCount / count));
  const isCrowded = sizes.reduce((count, size) => count + Number(size * 2 <= BYTES_MAX), 0) > PARTS_MAX;
  const runMin = fully || isCrowded ? 2 : RUN_MIN;
  const growth = fully || isCrowded ? 1 : GROWTH;
  let best: Run | undefined;
  let bestGain = 0;
  for (let from = 0; from < sizes.length; from++) {
    let total = 0;
    let largest = 0;
    for (let to = from + 1; to <= Math.min(sizes.length, from + RUN_MAX); to++) {
      const size = sizes[to - 1]!;
      total += size;
      if (total > BYTES_MAX) break;
      largest = Math.max(largest, size);
      if (to - from < runMin || largest * growth > total) continue;
      // parts there will be fewer, for each byte that is written; or as few as can be
      const gain = fully ? to - from : (to - from - 1) / (total + 1);
      if (gain > bestGain) [best, bestGain] = [{ from, to }, gain];
    }
  }
  return best ?? wasteful(parts, fully);
}

/** A part that is to be written anew for itself, because more than half of it is stale. */
function wasteful(parts: readonly Mergeable[], fully: boolean): Run | undefined {
  const from = parts.findIndex(({ count, staleCount }) => staleCount * (fully ? 20 : 2) > count);
  return from < 0 ? undefined : { from, to: from + 1 };
}
