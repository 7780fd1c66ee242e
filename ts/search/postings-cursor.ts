/**
 * Walks a term's postings in ascending order of ordinals, decoding only the blocks that are needed. Knows what a frequency
 * counts for in an object (a summand of T, see bm25-model.ts), not how scores are made of it.
 */
import type { LengthFactor } from './bm25-model.js';
import { BLOCK } from './types.js';
import type { Postings, Terms } from './types.js';

const none: Uint32Array = new Uint32Array(0);
/** Pairs of arrays of BLOCK entries that no cursor holds at present. */
const pool: Uint32Array[] = [];

export class PostingsCursor {
  /** The block it is at. */
  block = 0;
  /** The block that is in the arrays, `count` entries of which those before `at` have been passed; −1 if none. */
  decoded = -1;
  ordinals = none;
  frequencies = none;
  at = 0;
  count = 0;

  constructor(readonly postings: Postings, readonly terms: Terms, readonly factor: LengthFactor) {}

  /** Moves to the first block that ends at `ordinal` or later; false if there is none. */
  seekBlock(ordinal: number): boolean {
    const postings = this.postings, count = postings.blockCount;
    let block = this.block;
    while (block < count && postings.lastOf(block) < ordinal) block++;
    this.block = block;
    return block < count;
  }

  decode(): void {
    if (this.ordinals === none) {
      this.ordinals = pool.pop() ?? new Uint32Array(BLOCK);
      this.frequencies = pool.pop() ?? new Uint32Array(BLOCK);
    }
    this.count = this.postings.decode(this.block, this.ordinals, this.frequencies);
    this.decoded = this.block;
    this.at = 0;
  }

  /** Gives the arrays back. */
  release(): void {
    if (this.ordinals !== none) pool.push(this.ordinals, this.frequencies);
    this.ordinals = this.frequencies = none;
    this.decoded = -1;
  }

  /** Moves to `from`; at least every value among the ordinals in [from, to), 0 if none is known to be there. */
  boundIn(from: number, to: number): number {
    if (!this.seekBlock(from)) return 0;
    if (this.decoded === this.block && this.at < this.count && this.ordinals[this.at]! >= to) return 0;
    const postings = this.postings, count = postings.blockCount;
    let bound = 0;
    for (let block = this.block; block < count; block++) {
      const most = this.boundOf(block);
      if (most > bound) bound = most;
      if (postings.lastOf(block) >= to - 1) break;
    }
    return bound;
  }

  boundOf(block: number): number {
    return this.postings.maxFrequencyOf(block) * this.factor.of(this.postings.minTokensOf(block));
  }

  /** The value of an object, 0 if it does not have the term. Ordinals must not descend. */
  valueAt(ordinal: number): number {
    return this.seekBlock(ordinal) ? this.valueInBlock(ordinal) : 0;
  }

  /** The same, if the block it is at ends at `ordinal` or later. */
  valueInBlock(ordinal: number): number {
    if (this.decoded !== this.block) this.decode();
    const ordinals = this.ordinals;
    let at = this.at;
    while (ordinals[at]! < ordinal) at++;
    this.at = at;
    return ordinals[at] === ordinal ? this.frequencies[at]! * this.factor.of(this.terms.tokensOf(ordinal)) : 0;
  }
}
