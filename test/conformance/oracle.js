/** What distances and nearest neighbors are: plain JavaScript in f64, against which everything is measured. */

export const METRICS = ['cosine', 'dot', 'l2-squared', 'manhattan', 'hamming'];

const EPSILON = 2 ** -24;

/** The distance, and how far an f32 computation may be from it. */
export function measure(metric, x, y) {
  const n = x.length;
  let sum = 0, size = 0;
  const add = (term) => { sum += term; size += Math.abs(term); };
  switch (metric) {
    case 'cosine': {
      const lengths = length(x) * length(y);
      for (let i = 0; i < n; i++) add(-(x[i] * y[i]) / lengths);
      return { distance: 1 + sum, tolerance: tolerance(n, size + 1) };
    }
    case 'dot':
      for (let i = 0; i < n; i++) add(-x[i] * y[i]);
      return { distance: sum, tolerance: tolerance(n, size) };
    case 'l2-squared':
      for (let i = 0; i < n; i++) add((x[i] - y[i]) ** 2);
      return { distance: sum, tolerance: tolerance(n, size) };
    case 'manhattan':
      for (let i = 0; i < n; i++) add(Math.abs(x[i] - y[i]));
      return { distance: sum, tolerance: tolerance(n, size) };
    case 'hamming':
      for (let i = 0; i < n; i++) if (x[i] !== y[i]) sum++;
      return { distance: sum, tolerance: 0 };
    default:
      throw new Error(`metric: expected one of ${METRICS}, got ${metric}`);
  }
}

/**
 * The sum of n terms of total size `size` in eight running sums: each term is rounded a few times by itself and once per
 * addition, of which there are n / 8 and a few at the end.
 */
function tolerance(n, size) {
  return (n / 8 + 8) * EPSILON * size + 2 ** -126;
}

export function length(x) {
  let squares = 0;
  for (const value of x) squares += value * value;
  return Math.sqrt(squares);
}

/** All `[id, vector]` pairs as `{ id, distance, tolerance }`, nearest first. */
export function ranked(metric, query, entries) {
  const all = [];
  for (const [id, vector] of entries) all.push({ id, ...measure(metric, query, vector) });
  return all.sort((a, b) => a.distance - b.distance);
}

/** Distances only, fast, for large sets: `row(i)` for i in `ids`. Returns the k least, ascending. */
export function nearestDistances(metric, query, ids, row, k) {
  const distances = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) distances[i] = measure(metric, query, row(ids[i])).distance;
  return distances.sort().subarray(0, k);
}

/** How many of the hits are as near as the k-th nearest there is: ties are fair. */
export function hitsWithin(distances, exact) {
  const farthest = exact[exact.length - 1];
  const limit = farthest + Math.abs(farthest) * 1e-5 + 1e-6;
  let count = 0;
  for (const distance of distances) if (distance <= limit) count++;
  return count;
}
