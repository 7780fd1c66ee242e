/** Which part of the index each slot's object is in; what is in none is not in the index. O(1), without a binary search over parts. */
import { SlotSet } from './slot-set.js';

export const NO_PART = 0;
export const PENDING = 1;
/** Numbers of parts are NUMBER_MIN … NUMBER_MAX. */
export const NUMBER_MIN = 2;
export const NUMBER_MAX = 2 ** 16 - 1;

const SLOTS_MIN = 1024;

export class SlotTable {
  /** u16[capacity]: NO_PART, PENDING, or the number of a part. */
  #parts = new Uint16Array(SLOTS_MIN);
  /** A bit for each slot that is in some part, or pending. */
  #live = new Uint32Array(SLOTS_MIN / 32);
  /** Slots are below it. */
  #extent = 0;
  #size = 0;

  get size(): number { return this.#size; }
  get bytes(): number { return this.#parts.byteLength + this.#live.byteLength; }

  partOf(slot: number): number { return slot < this.#extent ? this.#parts[slot]! : NO_PART; }

  set(slot: number, part: number): void {
    if (slot >= this.#parts.length) this.#grow(slot + 1);
    if (slot >= this.#extent) this.#extent = slot + 1;
    if (this.#parts[slot] === NO_PART) {
      this.#size++;
      this.#live[slot >>> 5]! |= 1 << (slot & 31);
    }
    this.#parts[slot] = part;
  }

  /** The same for all slots below `to` from `from` on, of which none has a part yet. */
  setAll(from: number, to: number, part: number): void {
    if (to > this.#parts.length) this.#grow(to);
    this.#extent = Math.max(this.#extent, to);
    this.#size += to - from;
    this.#parts.fill(part, from, to);
    // whole words at once
    const first = Math.ceil(from / 32), last = Math.floor(to / 32);
    if (first < last) this.#live.fill(-1, first, last);
    for (let slot = from; slot < to; slot++) {
      if (slot === first * 32 && first < last) slot = last * 32;
      if (slot < to) this.#live[slot >>> 5]! |= 1 << (slot & 31);
    }
  }

  /** Whether no slot below `to` from `from` on has a part. */
  isFree(from: number, to: number): boolean {
    const end = Math.min(to, this.#extent);
    return from >= end || this.all().next(from) < 0 || this.all().next(from) >= end;
  }

  clear(slot: number): void {
    if (this.partOf(slot) === NO_PART) return;
    this.#size--;
    this.#live[slot >>> 5]! &= ~(1 << (slot & 31));
    this.#parts[slot] = NO_PART;
  }

  /** Over the table's own memory: valid until the next change. */
  all(): SlotSet { return new SlotSet(this.#extent, this.#live); }

  #grow(slots: number): void {
    const capacity = Math.ceil(Math.max(slots, this.#parts.length * 1.5) / 32) * 32;
    const parts = new Uint16Array(capacity);
    parts.set(this.#parts);
    this.#parts = parts;
    const live = new Uint32Array(capacity / 32);
    live.set(this.#live);
    this.#live = live;
  }
}
