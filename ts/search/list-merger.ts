/** Several lists of ordinals, each renumbered by a map of its own, given out as one. Knows neither keys nor sections. */
import { BLOCK, type Postings } from './types.js';

/** In a map, in place of a new ordinal. */
export const STALE = 0xffffffff;

export interface ListSink {
  add(ordinal: number, frequency: number): void;
}

/** One of the lists that are merged, read block by block. */
class Source {
  readonly ordinals = new Uint32Array(BLOCK);
  readonly frequencies = new Uint32Array(BLOCK).fill(1);
  at = 0;
  count = 0;
  #postings: Postings | undefined;
  #map: Uint32Array = new Uint32Array(0);
  #block = 0;

  /** False if it has no live ordinal. */
  open(postings: Postings, map: Uint32Array): boolean {
    this.#postings = postings;
    this.#map = map;
    this.#block = 0;
    return this.fill();
  }

  /** The next block's live ordinals, as new ones; false at the end. */
  fill(): boolean {
    const postings = this.#postings!;
    const map = this.#map;
    const { ordinals, frequencies } = this;
    this.at = 0;
    this.count = 0;
    while (this.count === 0 && this.#block < postings.blockCount) {
      const length = postings.decode(this.#block++, ordinals, frequencies);
      let count = 0;
      for (let i = 0; i < length; i++) {
        const ordinal = map[ordinals[i]!]!;
        if (ordinal === STALE) continue;
        ordinals[count] = ordinal;
        frequencies[count++] = frequencies[i]!;
      }
      this.count = count;
    }
    return this.count > 0;
  }
}

/** Merges the lists of one key after those of another. No two of them have an ordinal in common. */
export class ListMerger {
  readonly #spare: Source[] = [];
  readonly #sources: Source[] = [];

  open(postings: Postings, map: Uint32Array): void {
    const source = this.#spare.pop() ?? new Source();
    (source.open(postings, map) ? this.#sources : this.#spare).push(source);
  }

  /** Gives about so many ordinals to the sink; returns what is left of the budget: more than 0 only if all are given. */
  step(sink: ListSink, budget: number): number {
    const sources = this.#sources;
    while (sources.length > 0) {
      if (budget <= 0) return 0;
      let first = 0;
      let least = Infinity;
      let second = Infinity;
      for (let i = 0; i < sources.length; i++) {
        const source = sources[i]!;
        const ordinal = source.ordinals[source.at]!;
        if (ordinal < least) {
          second = least;
          least = ordinal;
          first = i;
        } else if (ordinal < second) second = ordinal;
      }
      const source = sources[first]!;
      const { ordinals, frequencies, count } = source;
      let at = source.at;
      do {
        sink.add(ordinals[at]!, frequencies[at]!);
        at++;
      } while (at < count && ordinals[at]! < second);
      budget -= at - source.at;
      source.at = at;
      if (at === count && !source.fill()) {
        sources[first] = sources[sources.length - 1]!;
        sources.pop();
        this.#spare.push(source);
      }
    }
    return budget;
  }
}
