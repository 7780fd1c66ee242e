// Seeded random numbers (mulberry32), so that everyone draws the same queries and rows.

/** @returns {() => number} uniform in [0, 1) */
export function randomSource(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns {() => number} normally distributed around 0 with a deviation of 1 */
export function gaussianSource(seed) {
  const random = randomSource(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The numbers 0…n−1 in random order. */
export function permutation(n, seed) {
  const random = randomSource(seed);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Copies the named rows of a row-major matrix. */
export function takeRows(vectors, dimensions, rows) {
  const out = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => out.set(vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions));
  return out;
}
