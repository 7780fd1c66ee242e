/**
 * The section of a text property's terms, ascending by their UTF-8 bytes, which is the order of their code points. Knows neither
 * texts nor how they are cut.
 *
 *   facts       f64[3]: bytes per count of tokens (0: no frequencies), tokens of all objects, objects that have any
 *   starts      u32[terms + 1]: term i is text[starts[i]:starts[i + 1]]
 *   listStarts  u32[terms]
 *   skips       u32, see postings.ts
 *   tokens      u8, u16 or u32 [objects]; with frequencies only
 *   text, lists u8
 */
import { Lists, PostingsWriter, type PostingList } from './postings.js';
import { Columns, grown, packColumns } from './section.js';
import type { Terms } from './types.js';

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoded = (term: string): Uint8Array => utf8.encode(term);

export interface TokenTotals {
  readonly tokens: number;
  /** Objects with at least one. */
  readonly objects: number;
}

/** Takes terms in ascending order: first the ordinals of each, into `lists`, then its text. */
export class TermsWriter {
  readonly lists: PostingsWriter;
  readonly #tokens: Uint32Array | undefined;
  #count = 0;
  #starts: Uint32Array;
  #listStarts: Uint32Array;
  #text: Uint8Array;

  /** `tokens`: per ordinal, for a property with frequencies. `sizes`: guesses. */
  constructor(tokens: Uint32Array | undefined, sizes: { terms: number; textBytes: number; listBytes: number }) {
    this.lists = new PostingsWriter(tokens, sizes.listBytes);
    this.#tokens = tokens;
    this.#starts = new Uint32Array(sizes.terms + 1);
    this.#listStarts = new Uint32Array(sizes.terms);
    this.#text = new Uint8Array(sizes.textBytes);
  }

  /** A term that no ordinal was added for is left out. */
  add(text: Uint8Array, from: number, to: number): void {
    const list = this.lists.end();
    if (list < 0) return;
    let at = this.#starts[this.#count]!;
    if (at + to - from > this.#text.length) this.#text = grown(this.#text, at + to - from);
    for (let i = from; i < to; i++) this.#text[at++] = text[i]!;
    if (this.#count === this.#listStarts.length) {
      this.#listStarts = grown(this.#listStarts, this.#count + 1);
      this.#starts = grown(this.#starts, this.#listStarts.length + 1);
    }
    this.#listStarts[this.#count++] = list;
    this.#starts[this.#count] = at;
  }

  /** Undefined if there are no terms. */
  *finish(): Generator<void, Uint8Array | undefined> {
    const count = this.#count;
    if (count === 0) return undefined;
    const counts = this.#tokens ?? new Uint32Array(0);
    let total = 0;
    let objects = 0;
    let max = 0;
    for (let ordinal = 0; ordinal < counts.length; ordinal++) {
      const tokens = counts[ordinal]!;
      total += tokens;
      if (tokens > 0) objects++;
      if (tokens > max) max = tokens;
    }
    yield;
    const width = !this.#tokens ? 0 : max < 2 ** 8 ? 1 : max < 2 ** 16 ? 2 : 4;
    return yield* packColumns([
      Float64Array.of(width, total, objects),
      this.#starts.subarray(0, count + 1),
      this.#listStarts.subarray(0, count),
      this.lists.skips,
      narrowed(counts, width),
      this.#text.subarray(0, this.#starts[count]),
      this.lists.bytes,
    ]);
  }
}

function narrowed(values: Uint32Array, width: number): Uint8Array | Uint16Array | Uint32Array {
  return width === 2 ? new Uint16Array(values) : width === 4 ? values : new Uint8Array(values);
}

export class TermsSection implements Terms {
  readonly count: number;
  readonly hasFrequencies: boolean;
  readonly totals: TokenTotals;
  /** Term i is text[starts[i]:starts[i + 1]]. */
  readonly starts: Uint32Array;
  readonly text: Uint8Array;
  readonly #listStarts: Uint32Array;
  readonly #lists: Lists;

  constructor(section: Uint8Array) {
    const columns = new Columns(section);
    const [width, tokens, objects] = columns.f64(0) as unknown as [number, number, number];
    this.hasFrequencies = width > 0;
    this.totals = { tokens, objects };
    this.starts = columns.u32(1);
    this.#listStarts = columns.u32(2);
    this.text = columns.u8(5);
    this.count = this.#listStarts.length;
    const counts = width === 0 ? undefined : width === 1 ? columns.u8(4) : width === 2 ? columns.u16(4) : columns.u32(4);
    this.#lists = new Lists(columns.u8(6), columns.u32(3), counts);
  }

  /** Bytes of all lists. */
  get listBytes(): number { return this.#lists.bytes.length; }

  find(term: string): number {
    const bytes = encoded(term);
    const index = this.#lowerBound(bytes);
    return index < this.count && compareBytes(this.text, this.starts[index]!, this.starts[index + 1]!, bytes, 0, bytes.length) === 0 ? index : -1;
  }

  lowerBound(term: string): number { return this.#lowerBound(encoded(term)); }

  term(index: number): string {
    const from = this.starts[index]!;
    const to = this.starts[index + 1]!;
    // Short ASCII, which most are, is put together faster than the decoder is called.
    if (to - from <= 32) {
      let term = '';
      let at = from;
      for (; at < to && this.text[at]! < 128; at++) term += String.fromCharCode(this.text[at]!);
      if (at === to) return term;
    }
    return utf8Decoder.decode(this.text.subarray(from, to));
  }

  postings(index: number): PostingList { return this.#lists.at(this.#listStarts[index]!); }

  tokensOf(ordinal: number): number { return this.#lists.tokens?.[ordinal] ?? 0; }

  #lowerBound(bytes: Uint8Array): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = low + high >>> 1;
      if (compareBytes(this.text, this.starts[middle]!, this.starts[middle + 1]!, bytes, 0, bytes.length) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Below, at or above 0 as x[from:to] is before, equal to or after the other. */
export function compareBytes(x: Uint8Array, xFrom: number, xTo: number, y: Uint8Array, yFrom: number, yTo: number): number {
  const length = Math.min(xTo - xFrom, yTo - yFrom);
  for (let i = 0; i < length; i++) {
    const difference = x[xFrom + i]! - y[yFrom + i]!;
    if (difference !== 0) return difference;
  }
  return xTo - xFrom - (yTo - yFrom);
}

/** Writes a text, where there are 3 bytes for each of its UTF-16 units, and tells how many it took. */
export function encodeInto(text: string, bytes: Uint8Array): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return utf8.encodeInto(text, bytes).written;
    bytes[i] = unit;
  }
  return text.length;
}
