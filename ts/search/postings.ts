/**
 * Lists of ordinals, which are below 2^31, as bytes. Knows neither keys nor objects.
 *
 *   list of a run      varint count × 2 + 1, varint first: consecutive ordinals, each once
 *   list of one block  varint count × 2, block
 *   longer list        blocks, and behind them, where the list is said to start: varint count × 2, varint number of its first skip entry
 *   block              u8 width − 1, + OTHERS if any frequency is not 1; per ordinal as many bytes as the width, 1 … 4:
 *                      ordinal − the one before − 1; before the first of a list is −1. With OTHERS u8 how many these are, then
 *                      of each u8 its place in the block, varint its frequency
 *   skip entry         u32[2]: last ordinal of the block, where the block starts; with frequencies u32[4]: also its highest
 *                      frequency and the fewest tokens of its objects
 *
 * Varints have 7 bits a byte, the lowest first. Within a block all ordinals have one width because a branch for each, as varints
 * need it, takes longer than everything else. A list is written while it streams by: that is why the head of a long one is
 * behind it, and a list that turns out to be a run is taken back.
 */
import { grown } from './section.js';
import { BLOCK, type Postings } from './types.js';

const strideOf = (hasFrequencies: boolean): number => hasFrequencies ? 4 : 2;
const OTHERS = 4;
/** At most: all deltas of 4 bytes, all frequencies varints of 5. */
const BLOCK_BYTES = 2 + BLOCK * (4 + 1 + 5);

/** Takes one list after the other. */
export class PostingsWriter {
  readonly #hasFrequencies: boolean;
  /** Tokens per ordinal, for the skip entries; with frequencies only. */
  readonly #tokens: Uint32Array | undefined;
  #bytes: Uint8Array;
  #size = 0;
  #skips = new Uint32Array(0);
  #skipSize = 0;
  /** What is not written yet of the list. */
  readonly #ordinals = new Uint32Array(BLOCK);
  readonly #frequencies = new Uint32Array(BLOCK);
  #pending = 0;
  /** The list: where it began, how many are written, the first and the last of these. */
  #listStart = 0;
  #skipStart = 0;
  #written = 0;
  #first = 0;
  #last = -1;
  #maxFrequency = 0;

  /** `tokens`: with frequencies, if given. `bytes`: a guess how many there will be. */
  constructor(tokens?: Uint32Array, bytes = 1024) {
    this.#hasFrequencies = tokens !== undefined;
    this.#tokens = tokens;
    this.#bytes = new Uint8Array(bytes);
  }

  /** Ordinals of a list come in ascending order. */
  add(ordinal: number, frequency: number): void {
    if (this.#pending === BLOCK) this.#flush();
    this.#ordinals[this.#pending] = ordinal;
    this.#frequencies[this.#pending++] = frequency;
  }

  /** Ends the list and tells where it starts; −1 if nothing was added. */
  end(): number {
    const pending = this.#pending;
    const count = this.#written + pending;
    if (count === 0) return -1;
    const isLong = this.#written > 0;
    const first = isLong ? this.#first : this.#ordinals[0]!;
    let start = this.#size;
    if (this.#ordinals[pending - 1]! - first === count - 1 && this.#isOnce()) {
      start = this.#size = this.#listStart;
      this.#skipSize = this.#skipStart;
      this.#reserve();
      this.#varint(count * 2 + 1);
      this.#varint(first);
    } else if (isLong) {
      this.#flush();
      start = this.#size;
      this.#reserve();
      this.#varint(count * 2);
      this.#varint(this.#skipStart / strideOf(this.#hasFrequencies));
    } else {
      this.#reserve();
      this.#varint(count * 2);
      this.#block();
    }
    this.#listStart = this.#size;
    this.#skipStart = this.#skipSize;
    this.#pending = this.#written = this.#maxFrequency = 0;
    this.#last = -1;
    return start;
  }

  /** Valid until the next list. */
  get bytes(): Uint8Array { return this.#bytes.subarray(0, this.#size); }
  get skips(): Uint32Array { return this.#skips.subarray(0, this.#skipSize); }

  #isOnce(): boolean {
    if (!this.#hasFrequencies) return true;
    if (this.#maxFrequency > 1) return false;
    for (let i = 0; i < this.#pending; i++) if (this.#frequencies[i]! > 1) return false;
    return true;
  }

  #flush(): void {
    this.#reserve();
    const pending = this.#pending;
    const last = this.#ordinals[pending - 1]!;
    this.#skips = grown(this.#skips, this.#skipSize + 4);
    this.#skips[this.#skipSize++] = last;
    this.#skips[this.#skipSize++] = this.#size;
    if (this.#tokens) {
      let maxFrequency = 1;
      let minTokens = 0xffffffff;
      for (let i = 0; i < pending; i++) {
        maxFrequency = Math.max(maxFrequency, this.#frequencies[i]!);
        minTokens = Math.min(minTokens, this.#tokens[this.#ordinals[i]!]!);
      }
      this.#skips[this.#skipSize++] = maxFrequency;
      this.#skips[this.#skipSize++] = minTokens;
      this.#maxFrequency = Math.max(this.#maxFrequency, maxFrequency);
    }
    if (this.#written === 0) this.#first = this.#ordinals[0]!;
    this.#block();
    this.#written += pending;
    this.#pending = 0;
    this.#last = last;
  }

  #block(): void {
    const bytes = this.#bytes;
    const pending = this.#pending;
    let max = 0;
    let others = 0;
    for (let i = 0, last = this.#last; i < pending; i++) {
      const ordinal = this.#ordinals[i]!;
      max = Math.max(max, ordinal - last - 1);
      last = ordinal;
      if (this.#hasFrequencies && this.#frequencies[i] !== 1) others++;
    }
    const width = max < 2 ** 8 ? 1 : max < 2 ** 16 ? 2 : max < 2 ** 24 ? 3 : 4;
    let at = this.#size;
    bytes[at++] = width - 1 + (others > 0 ? OTHERS : 0);
    for (let i = 0, last = this.#last; i < pending; i++) {
      const ordinal = this.#ordinals[i]!;
      const delta = ordinal - last - 1;
      for (let shift = 0; shift < 8 * width; shift += 8) bytes[at++] = delta >>> shift;
      last = ordinal;
    }
    this.#size = at;
    if (others === 0) return;
    bytes[this.#size++] = others;
    for (let i = 0; i < pending; i++) {
      if (this.#frequencies[i] === 1) continue;
      bytes[this.#size++] = i;
      this.#varint(this.#frequencies[i]!);
    }
  }

  #varint(value: number): void {
    for (; value > 127; value >>>= 7) this.#bytes[this.#size++] = value & 127 | 128;
    this.#bytes[this.#size++] = value;
  }

  /** Room for a block and a head. */
  #reserve(): void {
    this.#bytes = grown(this.#bytes, this.#size + BLOCK_BYTES + 10);
  }
}

/** Where lists lie. */
export class Lists {
  readonly stride: number;

  /** `tokens`: with frequencies, if given; per ordinal. */
  constructor(readonly bytes: Uint8Array, readonly skips: Uint32Array, readonly tokens?: Uint8Array | Uint16Array | Uint32Array) {
    this.stride = strideOf(tokens !== undefined);
  }

  at(start: number): PostingList { return new PostingList(this, start); }

  countAt(start: number): number {
    let at = start;
    let head = 0;
    for (let shift = 0, byte = 128; byte > 127; shift += 7) {
      byte = this.bytes[at++]!;
      head |= (byte & 127) << shift;
    }
    return head >>> 1;
  }
}

const boundOrdinals = new Uint32Array(BLOCK);
const boundFrequencies = new Uint32Array(BLOCK);

export class PostingList implements Postings {
  readonly count: number;
  readonly blockCount: number;
  readonly #lists: Lists;
  /** First ordinal of a run, −1 of other lists. */
  #first = -1;
  /** Where the one block starts, or the number of the first skip entry. */
  #start: number;
  /** The block whose bounds are known, of lists without skip entries. */
  #bounded = -1;
  #last = 0;
  #maxFrequency = 1;
  #minTokens = 0;

  constructor(lists: Lists, start: number) {
    this.#lists = lists;
    this.#start = start;
    const head = this.#varint();
    this.count = head >>> 1;
    this.blockCount = Math.ceil(this.count / BLOCK);
    if (head & 1) this.#first = this.#varint();
    else if (this.blockCount > 1) this.#start = this.#varint();
  }

  lastOf(block: number): number {
    if (this.#hasSkips) return this.#lists.skips[(this.#start + block) * this.#lists.stride]!;
    if (this.#first >= 0) return this.#first + Math.min(this.count, (block + 1) * BLOCK) - 1;
    this.#bound(block);
    return this.#last;
  }

  maxFrequencyOf(block: number): number {
    const { tokens, skips } = this.#lists;
    if (!tokens || this.#first >= 0) return 1;
    if (this.#hasSkips) return skips[(this.#start + block) * 4 + 2]!;
    this.#bound(block);
    return this.#maxFrequency;
  }

  minTokensOf(block: number): number {
    const { tokens, skips } = this.#lists;
    if (!tokens) return 0;
    if (this.#hasSkips) return skips[(this.#start + block) * 4 + 3]!;
    this.#bound(block);
    return this.#minTokens;
  }

  decode(block: number, ordinals: Uint32Array, frequencies?: Uint32Array): number {
    const { bytes, skips, stride, tokens } = this.#lists;
    const count = Math.min(BLOCK, this.count - block * BLOCK);
    if (this.#first >= 0) {
      const first = this.#first + block * BLOCK;
      for (let i = 0; i < count; i++) ordinals[i] = first + i;
      if (tokens && frequencies) for (let i = 0; i < count; i++) frequencies[i] = 1;
      return count;
    }
    let at = this.#start;
    let ordinal = -1;
    if (this.blockCount > 1) {
      const entry = (this.#start + block) * stride;
      at = skips[entry + 1]!;
      if (block > 0) ordinal = skips[entry - stride]! | 0;
    }
    const form = bytes[at++]!;
    switch (form & 3) {
      case 0:
        for (let i = 0; i < count; i++) {
          ordinal = ordinal + bytes[at + i]! + 1 | 0;
          ordinals[i] = ordinal;
        }
        at += count;
        break;
      case 1:
        for (let i = 0; i < count; i++, at += 2) {
          ordinal = ordinal + (bytes[at]! | bytes[at + 1]! << 8) + 1 | 0;
          ordinals[i] = ordinal;
        }
        break;
      case 2:
        for (let i = 0; i < count; i++, at += 3) {
          ordinal = ordinal + (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16) + 1 | 0;
          ordinals[i] = ordinal;
        }
        break;
      default:
        for (let i = 0; i < count; i++, at += 4) {
          ordinal = ordinal + (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) + 1 | 0;
          ordinals[i] = ordinal;
        }
    }
    if (tokens && frequencies) {
      for (let i = 0; i < count; i++) frequencies[i] = 1;
      if (form & OTHERS) this.#others(at, frequencies);
    }
    return count;
  }

  /** Frequencies that are not 1. */
  #others(start: number, frequencies: Uint32Array): void {
    const { bytes } = this.#lists;
    let at = start;
    for (let left = bytes[at++]!; left > 0; left--) {
      const i = bytes[at++]!;
      let frequency = bytes[at++]!;
      if (frequency > 127) {
        frequency &= 127;
        for (let shift = 7, byte = 128; byte > 127; shift += 7) {
          byte = bytes[at++]!;
          frequency |= (byte & 127) << shift;
        }
      }
      frequencies[i] = frequency;
    }
  }

  get #hasSkips(): boolean { return this.blockCount > 1 && this.#first < 0; }

  /** By looking: lists of one block, and runs. */
  #bound(block: number): void {
    if (this.#bounded === block) return;
    const { tokens } = this.#lists;
    const count = this.decode(block, boundOrdinals, boundFrequencies);
    this.#bounded = block;
    this.#last = boundOrdinals[count - 1]!;
    if (!tokens) return;
    this.#maxFrequency = 1;
    this.#minTokens = 0xffffffff;
    for (let i = 0; i < count; i++) {
      this.#maxFrequency = Math.max(this.#maxFrequency, boundFrequencies[i]!);
      this.#minTokens = Math.min(this.#minTokens, tokens[boundOrdinals[i]!]!);
    }
  }

  #varint(): number {
    const { bytes } = this.#lists;
    let value = 0;
    for (let shift = 0, byte = 128; byte > 127; shift += 7) {
      byte = bytes[this.#start++]!;
      value |= (byte & 127) << shift;
    }
    return value >>> 0;
  }
}
