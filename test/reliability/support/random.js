/** Random numbers and vectors by seeds: what was written is known again by a number. */

/** mulberry32 */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const DIMENSIONS = 16;

export function vectorOf(seed) {
  const random = randomOf(seed * 2654435761);
  return Float32Array.from({ length: DIMENSIONS }, () => random() * 2 - 1);
}

export const pick = (random, items) => items[Math.floor(random() * items.length)];
