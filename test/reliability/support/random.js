/** Vectors by seeds: what was written is known again by a number. */
import { random } from '../../conformance/random.js';

export { pick, random as randomOf } from '../../conformance/random.js';

export const DIMENSIONS = 16;

export function vectorOf(seed) {
  const next = random(seed * 2654435761);
  return Float32Array.from({ length: DIMENSIONS }, () => next() * 2 - 1);
}
