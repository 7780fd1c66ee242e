/**
 * Entries that are in no segment yet, one after the other as they will be written. An array for each would cost more than what
 * is in it, and be moved about by the garbage collector.
 *
 *   address, u32 ─► number of a page × 2^18 + where in it the entry begins, in units of 4 bytes
 *
 * A page is 4 KB to 1 MB, as large as all that was there before it; an entry that is larger has a page of its own.
 */
import { VectileError } from '../errors.js';
import { Page, entryBytesAt, slotAt } from './entry.js';

const PAGE_BYTES_MIN = 4 << 10;
const PAGE_BYTES_MAX = 1 << 20;
const WORDS_BITS = 18;
const NUMBER_MAX = 2 ** (32 - WORDS_BITS) - 1;

/** Entries that were in use at one moment; addresses[i] is of the object in slots[i]. */
export interface Entries {
  readonly slots: number[];
  readonly addresses: number[];
  /** All of them, in order, in as few arrays as they lie in. */
  readonly runs: Uint8Array[];
}

export class Pages {
  /** Of entries, those that were replaced since included. */
  bytes = 0;
  /** By number, oldest first. The last one may have room. */
  readonly #pages = new Map<number, Page>();
  #number = 0;
  #page: Page | undefined;

  /** Room for an entry, a multiple of 4 bytes: its address. `at` tells where that is. */
  reserve(bytes: number): number {
    if (!this.#page || this.#page.used + bytes > this.#page.bytes.length) this.#open(bytes);
    const page = this.#page!;
    const address = this.#number * 2 ** WORDS_BITS + (page.used >>> 2);
    page.used += bytes;
    this.bytes += bytes;
    return address;
  }

  at(address: number): { page: Page; offset: number } {
    return { page: this.#pages.get(address >>> WORDS_BITS)!, offset: (address << (32 - WORDS_BITS)) >>> (30 - WORDS_BITS) };
  }

  /** An entry, which never changes. */
  entry(address: number): Uint8Array {
    const { page, offset } = this.at(address);
    return page.bytes.subarray(offset, offset + entryBytesAt(page, offset));
  }

  bytesOf(address: number): number {
    const { page, offset } = this.at(address);
    return entryBytesAt(page, offset);
  }

  /** Pages with the addresses at which they begin. */
  *[Symbol.iterator](): Generator<[address: number, page: Page]> {
    for (const [number, page] of [...this.#pages]) yield [number * 2 ** WORDS_BITS, page];
  }

  /** Those entries of all pages that `isUsed`. What comes from now on is in other pages. */
  cut(isUsed: (slot: number, address: number) => boolean): { entries: Entries; pages: number[] } {
    const entries: Entries = { slots: [], addresses: [], runs: [] };
    for (const [first, page] of this) {
      let from = 0;
      for (let at = 0; at < page.used;) {
        const slot = slotAt(page, at);
        const address = first + (at >>> 2);
        const next = at + entryBytesAt(page, at);
        if (isUsed(slot, address)) {
          entries.slots.push(slot);
          entries.addresses.push(address);
        } else {
          if (at > from) entries.runs.push(page.bytes.subarray(from, at));
          from = next;
        }
        at = next;
      }
      if (page.used > from) entries.runs.push(page.bytes.subarray(from, page.used));
    }
    this.#page = undefined;
    return { entries, pages: [...this.#pages.keys()] };
  }

  release(pages: readonly number[]): void {
    for (const number of pages) {
      this.bytes -= this.#pages.get(number)!.used;
      this.#pages.delete(number);
    }
  }

  #open(bytes: number): void {
    if (this.#pages.size > NUMBER_MAX) throw new VectileError('INDEX_FULL', `shard: expected at most ${NUMBER_MAX + 1} pages in memory, got one more`);
    while (this.#pages.has(this.#number)) this.#number = (this.#number + 1) & NUMBER_MAX;
    this.#page = new Page(Math.max(bytes, PAGE_BYTES_MIN, Math.min(PAGE_BYTES_MAX, this.bytes)));
    this.#pages.set(this.#number, this.#page);
  }
}
