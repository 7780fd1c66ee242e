// Exact nearest neighbours in double precision, and recall counted against them.

/** Distances as every engine here means them: smaller is nearer. */
export function distanceOf(metric) {
  const distance = { cosine: cosineDistance, 'l2-squared': squaredDistance }[metric];
  if (!distance) throw new Error(`metric: expected cosine or l2-squared, got ${metric}`);
  return distance;
}

function squaredDistance(a, aStart, b, bStart, dimensions) {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) { const x = a[aStart + d] - b[bStart + d]; sum += x * x; }
  return sum;
}

function cosineDistance(a, aStart, b, bStart, dimensions) {
  let ab = 0, aa = 0, bb = 0;
  for (let d = 0; d < dimensions; d++) { const x = a[aStart + d], y = b[bStart + d]; ab += x * y; aa += x * x; bb += y * y; }
  return aa === 0 || bb === 0 ? 1 : 1 - ab / Math.sqrt(aa * bb);
}

/**
 * The `k` nearest rows of every query. Four queries share each pass over a row: the rows are read a quarter as often
 * and four independent sums keep the processor busy.
 * @returns {{ ids: Uint32Array, distances: Float64Array, k: number }} query-major, ascending
 */
export function exactNeighbors({ base, queries, dimensions, metric }, k, onProgress) {
  const rows = base.length / dimensions, count = queries.length / dimensions;
  const top = Array.from({ length: count }, () => new Nearest(k));
  const cosine = metric === 'cosine';
  const rowNorms = squaredNorms(base, dimensions), queryNorms = squaredNorms(queries, dimensions);
  // |q − x|² = |q|² + |x|² − 2 q·x loses nothing that matters in doubles over f32 inputs.
  const toDistance = cosine
    ? (dot, q, row) => (queryNorms[q] * rowNorms[row] === 0 ? 1 : 1 - dot / Math.sqrt(queryNorms[q] * rowNorms[row]))
    : (dot, q, row) => Math.max(0, queryNorms[q] + rowNorms[row] - 2 * dot);

  const block = new Float64Array(4 * dimensions);
  for (let q = 0; q < count; q += 4) {
    const inBlock = Math.min(4, count - q);
    block.fill(0).set(queries.subarray(q * dimensions, (q + inBlock) * dimensions));
    const dots = new Float64Array(4);
    for (let row = 0; row < rows; row++) {
      fourDots(block, base, row * dimensions, dimensions, dots);
      for (let i = 0; i < inBlock; i++) top[q + i].offer(toDistance(dots[i], q + i, row), row);
    }
    onProgress?.(q + inBlock, count);
  }

  const ids = new Uint32Array(count * k), distances = new Float64Array(count * k);
  top.forEach((nearest, q) => { ids.set(nearest.ids, q * k); distances.set(nearest.distances, q * k); });
  return { ids, distances, k };
}

function fourDots(block, base, start, dimensions, out) {
  const second = dimensions, third = 2 * dimensions, fourth = 3 * dimensions;
  let a = 0, b = 0, c = 0, e = 0;
  for (let d = 0; d < dimensions; d++) {
    const x = base[start + d];
    a += x * block[d]; b += x * block[second + d]; c += x * block[third + d]; e += x * block[fourth + d];
  }
  out[0] = a; out[1] = b; out[2] = c; out[3] = e;
}

function squaredNorms(vectors, dimensions) {
  const norms = new Float64Array(vectors.length / dimensions);
  for (let row = 0, at = 0; row < norms.length; row++) {
    let sum = 0;
    for (const end = at + dimensions; at < end; at++) sum += vectors[at] * vectors[at];
    norms[row] = sum;
  }
  return norms;
}

/** The k smallest distances seen, ascending. Insertion is O(k), but rare after the first rows. */
class Nearest {
  constructor(k) { this.distances = new Float64Array(k).fill(Infinity); this.ids = new Uint32Array(k); }
  offer(distance, id) {
    const { distances, ids } = this;
    let at = distances.length - 1;
    if (!(distance < distances[at])) return;
    for (; at > 0 && distances[at - 1] > distance; at--) { distances[at] = distances[at - 1]; ids[at] = ids[at - 1]; }
    distances[at] = distance; ids[at] = id;
  }
}

/**
 * Share of the k nearest that `found` holds. A hit counts when its true distance is at most the true k-th distance
 * (with a hair of tolerance), so that any of several equally distant rows is right. An id counts once.
 * @param {ArrayLike<number | bigint | string>} found ids returned for query number `query`
 */
export function recallOf(data, query, found, k) {
  const { base, queries, dimensions, metric, truth } = data;
  const distance = distanceOf(metric);
  const bound = truth.distances[query * truth.k + k - 1] * (1 + 1e-5) + 1e-6;
  const seen = new Set();
  let hits = 0;
  for (let i = 0; i < Math.min(k, found.length); i++) {
    const id = Number(found[i]);
    if (seen.has(id) || !(id >= 0 && id < data.rows)) continue;
    seen.add(id);
    if (distance(queries, query * dimensions, base, id * dimensions, dimensions) <= bound) hits++;
  }
  return hits / k;
}
