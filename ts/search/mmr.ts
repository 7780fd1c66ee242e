/**
 * Hits that differ from each other: maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998, §2), in the form that Weaviate
 * gives it. Distances are those of vectors as they were added, in f64.
 */
import type { Metric } from '../types.js';

export interface Diversity {
  /** λ, 0 … 1: at 1 the nearest are chosen, at 0 those farthest from the chosen. */
  readonly balance: number;
  /** Hits wanted. */
  readonly k: number;
}

/**
 * Places of candidates in the order in which they are chosen: first the nearest, then whichever has the highest
 * −λ · distance to the query + (1 − λ) · least distance to one chosen before. Ties go to the earlier candidate. Those without a
 * vector are left out. O(k · candidates · dimensions).
 */
export function diversify(
  distances: ArrayLike<number>, vectors: readonly (Float32Array | undefined)[], metric: Metric, { balance, k }: Diversity,
): number[] {
  const distance = distanceOf(metric);
  const lengths = vectors.map((vector) => vector && metric === 'cosine' ? Math.sqrt(-dot(vector, vector)) : 1);
  const left = vectors.flatMap((vector, i) => vector ? [i] : []);
  const leastOf = new Float64Array(vectors.length).fill(Infinity);
  const chosen: number[] = [];
  while (chosen.length < k && left.length > 0) {
    const last = chosen.at(-1);
    let best = 0, bestScore = -Infinity;
    for (let at = 0; at < left.length; at++) {
      const i = left[at]!;
      let score = -distances[i]!;
      if (last !== undefined) {
        leastOf[i] = Math.min(leastOf[i]!, distance(vectors[last]!, vectors[i]!, lengths[last]! * lengths[i]!));
        score = balance * score + (1 - balance) * leastOf[i]!;
      }
      if (score > bestScore) {
        best = at;
        bestScore = score;
      }
    }
    chosen.push(...left.splice(best, 1));
  }
  return chosen;
}

/** `lengths`: product of those of both vectors; cosine only. */
function distanceOf(metric: Metric): (x: Float32Array, y: Float32Array, lengths: number) => number {
  switch (metric) {
    case 'cosine': return (x, y, lengths) => 1 + dot(x, y) / lengths;
    case 'dot': return dot;
    case 'l2-squared': return squared;
    case 'manhattan': return manhattan;
    case 'hamming': return hamming;
  }
}

/** Negated, as the metric is. */
function dot(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum -= x[i]! * y[i]!;
  return sum;
}

function squared(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i]! - y[i]!) ** 2;
  return sum;
}

function manhattan(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i]! - y[i]!);
  return sum;
}

function hamming(x: Float32Array, y: Float32Array): number {
  let count = 0;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) count++;
  return count;
}
