/** How long the last searches took. */
const KEPT = 200;

export class Latencies {
  readonly #ms: number[] = [];

  add(ms: number): void {
    this.#ms.push(ms);
    if (this.#ms.length > KEPT) this.#ms.shift();
  }

  get summary(): { count: number; p50: number; p99: number } {
    return { count: this.#ms.length, p50: quantile(this.#ms, 0.5), p99: quantile(this.#ms, 0.99) };
  }
}

/** Of values in any order; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]! : NaN;
}
