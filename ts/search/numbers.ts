/**
 * A section of distinct numbers, ascending, each with the ordinals of objects that have it. Knows not what they stand for.
 *
 *   keys      f64[keys]
 *   starts    u32: in the plain form [keys + 1], key i is of ordinals[starts[i]:starts[i + 1]], or empty where each is of one
 *             object; in the form with lists [keys]: where each one's list starts
 *   ordinals  u32, ascending within a key; plain form only
 *   skips, lists  see postings.ts; form with lists only
 *
 * Plain, a range of keys is a range of ordinals: nothing is to be decoded. Lists are smaller where keys have many objects.
 */
import { Lists, PostingsWriter } from './postings.js';
import { Columns, packColumns } from './section.js';
import { BLOCK, type Numbers, type Postings } from './types.js';

/** Objects a key has on average from which there are lists. They are 1 to 3 bytes an object where the plain form has 4. */
const LISTS_FROM = 8;
/** Ordinals written between two yields. */
const SLICE = 32_768;

/** Of ordinals[starts[i]:starts[i + 1]] per key, keys and the ordinals of each ascending. Undefined if there are none. */
export function* writeNumbers(keys: Float64Array, starts: Uint32Array, ordinals: Uint32Array): Generator<void, Uint8Array | undefined> {
  const none = new Uint32Array(0);
  if (keys.length === 0) return undefined;
  if (ordinals.length < keys.length * LISTS_FROM) {
    return yield* packColumns([keys, ordinals.length > keys.length ? starts : none, ordinals, none, none]);
  }
  const lists = new PostingsWriter(undefined, ordinals.length);
  const listStarts = new Uint32Array(keys.length);
  let untilYield = SLICE;
  for (let key = 0; key < keys.length; key++) {
    const end = starts[key + 1]!;
    for (let from = starts[key]!; from < end; from += SLICE) {
      const to = Math.min(end, from + SLICE);
      for (let i = from; i < to; i++) lists.add(ordinals[i]!, 1);
      if ((untilYield -= to - from + 8) <= 0) {
        untilYield = SLICE;
        yield;
      }
    }
    listStarts[key] = lists.end();
  }
  return yield* packColumns([keys, listStarts, none, lists.skips, lists.bytes]);
}

export class NumbersSection implements Numbers {
  readonly keys: Float64Array;
  readonly #starts: Uint32Array;
  readonly #ordinals: Uint32Array;
  readonly #lists: Lists | undefined;

  constructor(section: Uint8Array) {
    const columns = new Columns(section);
    this.keys = columns.f64(0);
    this.#starts = columns.u32(1);
    this.#ordinals = columns.u32(2);
    const bytes = columns.u8(4);
    if (bytes.length > 0) this.#lists = new Lists(bytes, columns.u32(3));
  }

  countOf(index: number): number {
    return this.#lists ? this.#lists.countAt(this.#starts[index]!) : this.#start(index + 1) - this.#start(index);
  }

  /** The arrays are valid until the callback returns. */
  each(from: number, to: number, visit: (ordinals: Uint32Array, count: number) => void): void {
    if (from >= to) return;
    if (!this.#lists) {
      const ordinals = this.#ordinals.subarray(this.#start(from), this.#start(to));
      visit(ordinals, ordinals.length);
      return;
    }
    const ordinals = new Uint32Array(BLOCK);
    for (let index = from; index < to; index++) {
      const list = this.#lists.at(this.#starts[index]!);
      for (let block = 0; block < list.blockCount; block++) visit(ordinals, list.decode(block, ordinals));
    }
  }

  /** The only ordinal of a key; −1 if it has several, or a list. */
  single(index: number): number {
    if (this.#lists) return -1;
    const start = this.#start(index);
    return this.#start(index + 1) === start + 1 ? this.#ordinals[start]! : -1;
  }

  postings(index: number): Postings {
    return this.#lists?.at(this.#starts[index]!) ?? new PlainList(this.#ordinals.subarray(this.#start(index), this.#start(index + 1)));
  }

  /** Ordinals of all keys together; those of an object with several keys repeated. */
  get total(): number {
    if (!this.#lists) return this.#ordinals.length;
    return this.#starts.reduce((sum, start) => sum + this.#lists!.countAt(start), 0);
  }

  #start(index: number): number { return this.#starts.length ? this.#starts[index]! : index; }
}

/** Ordinals that are there already, as postings. */
class PlainList implements Postings {
  readonly count: number;
  readonly blockCount: number;
  readonly #ordinals: Uint32Array;

  constructor(ordinals: Uint32Array) {
    this.#ordinals = ordinals;
    this.count = ordinals.length;
    this.blockCount = Math.ceil(ordinals.length / BLOCK);
  }

  lastOf(block: number): number { return this.#ordinals[Math.min(this.count, (block + 1) * BLOCK) - 1]!; }
  maxFrequencyOf(): number { return 1; }
  minTokensOf(): number { return 0; }

  decode(block: number, ordinals: Uint32Array): number {
    const from = block * BLOCK;
    const count = Math.min(BLOCK, this.count - from);
    for (let i = 0; i < count; i++) ordinals[i] = this.#ordinals[from + i]!;
    return count;
  }
}
