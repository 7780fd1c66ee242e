// What a page of plain JavaScript gives: a scan over one Float32Array.

/** @type {import('./index.js').Peer} */
export const jsFlat = {
  name: 'js-flat',
  packages: [],
  kind: 'js',
  exact: true,
  version: () => process.version,
  async load() {
    return async ({ dimensions, metric, rows }) => {
      const vectors = new Float32Array(rows * dimensions), ids = new Uint32Array(rows);
      const cosine = metric === 'cosine';
      let count = 0;
      return {
        add(slice, sliceIds) {
          vectors.set(slice, count * dimensions);
          ids.set(sliceIds, count);
          if (cosine) for (let i = 0; i < sliceIds.length; i++) normalize(vectors, (count + i) * dimensions, dimensions);
          count += sliceIds.length;
        },
        search: (query, k) => nearest(vectors, count, query, k, cosine).map((slot) => ids[slot]),
        bytes: () => ({ index: vectors.byteLength + ids.byteLength, from: 'its two arrays' }),
      };
    };
  },
};

function nearest(vectors, count, query, k, cosine) {
  const dimensions = query.length;
  const measure = cosine ? negativeDot : squaredDistance;
  const slots = [], distances = [];
  for (let slot = 0; slot < count; slot++) {
    const distance = measure(vectors, slot * dimensions, query, dimensions);
    if (slots.length === k && !(distance < distances[k - 1])) continue;
    let at = slots.length < k ? slots.length : k - 1;
    for (; at > 0 && distances[at - 1] > distance; at--) { distances[at] = distances[at - 1]; slots[at] = slots[at - 1]; }
    distances[at] = distance; slots[at] = slot;
  }
  return slots;
}

/** Four sums, because one would wait for itself. Trailing dimensions are added one by one. */
function negativeDot(vectors, start, query, dimensions) {
  let a = 0, b = 0, c = 0, e = 0, d = 0;
  for (; d + 4 <= dimensions; d += 4) {
    a += vectors[start + d] * query[d]; b += vectors[start + d + 1] * query[d + 1];
    c += vectors[start + d + 2] * query[d + 2]; e += vectors[start + d + 3] * query[d + 3];
  }
  for (; d < dimensions; d++) a += vectors[start + d] * query[d];
  return -(a + b + c + e);
}

function squaredDistance(vectors, start, query, dimensions) {
  let a = 0, b = 0, c = 0, e = 0, d = 0;
  for (; d + 4 <= dimensions; d += 4) {
    const w = vectors[start + d] - query[d], x = vectors[start + d + 1] - query[d + 1];
    const y = vectors[start + d + 2] - query[d + 2], z = vectors[start + d + 3] - query[d + 3];
    a += w * w; b += x * x; c += y * y; e += z * z;
  }
  for (; d < dimensions; d++) { const w = vectors[start + d] - query[d]; a += w * w; }
  return a + b + c + e;
}

function normalize(vectors, start, dimensions) {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) sum += vectors[start + d] ** 2;
  const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
  for (let d = 0; d < dimensions; d++) vectors[start + d] *= scale;
}
