/** Chance that can be repeated: a stream of numbers that follows from its seed (splitmix32), the same in every runtime. */
export class Random {
  #state;

  /** @param {number} seed a 32-bit integer */
  constructor(seed) {
    this.#state = seed | 0;
  }

  /** 0 ≤ x < 1 */
  next() {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  }

  /** An integer from `low` to `high`, both possible. */
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  chance(probability) {
    return this.next() < probability;
  }

  /** A key of `weights`, as often as its weight says. */
  weighted(weights) {
    const entries = Object.entries(weights);
    let at = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) if ((at -= weight) < 0) return key;
    return entries.at(-1)[0];
  }
}
