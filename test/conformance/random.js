/** Seeded randomness for tests: the same seed gives the same numbers on every runtime. */

/** Numbers in [0, 1): mulberry32. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An integer in [from, to). */
export const integer = (next, from, to) => from + Math.floor(next() * (to - from));

export const pick = (next, list) => list[integer(next, 0, list.length)];

/** Roughly normal, of variance 1. */
export const normal = (next) => (next() + next() + next() + next() - 2) * Math.sqrt(3);

export const vector = (next, dimensions) => Float32Array.from({ length: dimensions }, () => normal(next));

/** A random order of 0 … count − 1. */
export function shuffled(next, count) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = integer(next, 0, i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** `count` rows around `clusters` centers: nearer to real data than noise, in which all distances are alike. */
export function clustered(next, count, dimensions, clusters = Math.ceil(count / 100), spread = 0.4) {
  const centers = Array.from({ length: clusters }, () => vector(next, dimensions));
  const rows = new Float32Array(count * dimensions);
  const labels = new Uint32Array(count);
  for (let row = 0; row < count; row++) {
    labels[row] = integer(next, 0, clusters);
    const center = centers[labels[row]];
    for (let i = 0; i < dimensions; i++) rows[row * dimensions + i] = center[i] + spread * normal(next);
  }
  return { rows, labels, row: (i) => rows.subarray(i * dimensions, (i + 1) * dimensions) };
}

/** 0, 1, … count − 1 */
export const sequence = (count, from = 0) => Uint32Array.from({ length: count }, (_, i) => from + i);
