/** Generated cases: a failure names the seed of its case, and SEED=… runs that one alone. */
import { randomOf } from '../../reliability/support/random.js';

export { integer, shuffled } from '../../conformance/random.js';
export { pick, randomOf } from '../../reliability/support/random.js';

/** `check(random)` throws if something is wrong. */
export function cases(count, check) {
  const only = process.env.SEED;
  for (const seed of only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)]) {
    try {
      check(randomOf(seed));
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
}

/** `count` of 0 … below − 1, none twice, in random order. */
export function distinct(random, count, below) {
  const all = Array.from({ length: below }, (_, i) => i);
  return Array.from({ length: Math.min(count, below) }, () => all.splice(Math.floor(random() * all.length), 1)[0]);
}
