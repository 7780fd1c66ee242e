/** A set of slots, one bit each: what filters are evaluated to, and what searches are told. Nothing of what it selects is known here. */

/** Of so many ordinals one or more: they are put in order. */
const MANY = 32;

export class SlotSet {
  /** Slots are below this. */
  readonly extent: number;
  /** Slot s is bit s mod 32 of word s / 32; bits from `extent` on are 0. Whoever changes them spoils `count`. */
  readonly words: Uint32Array;
  /** −1: not known. */
  #count = -1;

  /** `words` are taken over, not copied; ones past the extent are not looked at. */
  constructor(extent: number, words?: Uint32Array) {
    const wordCount = (extent + 31) >>> 5;
    this.extent = extent;
    this.words = words ? words.subarray(0, wordCount) : new Uint32Array(wordCount);
    if (!words) this.#count = 0;
  }

  static of(slots: Iterable<number>, extent: number): SlotSet {
    const set = new SlotSet(extent);
    for (const slot of slots) set.add(slot);
    return set;
  }

  get count(): number {
    if (this.#count < 0) this.#count = populationOf(this.words);
    return this.#count;
  }

  /** Stops at the first slot there is. */
  get isEmpty(): boolean {
    return this.#count < 0 ? this.next(0) < 0 : this.#count === 0;
  }

  has(slot: number): boolean {
    return slot >= 0 && slot < this.extent && (this.words[slot >>> 5]! >>> (slot & 31) & 1) === 1;
  }

  /** Below the extent. */
  add(slot: number): void {
    this.words[slot >>> 5]! |= 1 << (slot & 31);
    this.#count = -1;
  }

  /** Adds slots[o] for the first `count` ordinals o, of those that have a bit in `live`, if it is there. */
  addOrdinals(slots: Uint32Array, live: Uint32Array | undefined, ordinals: Uint32Array, count: number): void {
    this.#count = -1;
    const words = this.words;
    const first = slots[0]!;
    if (!live && slots[slots.length - 1]! - first === slots.length - 1) {
      // Without gaps, slots need not be looked up.
      for (let i = 0; i < count; i++) {
        const slot = ordinals[i]! + first;
        words[slot >>> 5]! |= 1 << (slot & 31);
      }
    } else if (count > slots.length / MANY) {
      this.#addMany(slots, live, ordinals, count);
    } else {
      for (let i = 0; i < count; i++) {
        const ordinal = ordinals[i]!;
        if (live && (live[ordinal >>> 5]! >>> (ordinal & 31) & 1) === 0) continue;
        const slot = slots[ordinal]!;
        words[slot >>> 5]! |= 1 << (slot & 31);
      }
    }
  }

  /** Ordinals in any order, put in order as bits: those fit the cache of a core, slots of many objects do not. */
  #addMany(slots: Uint32Array, live: Uint32Array | undefined, ordinals: Uint32Array, count: number): void {
    const words = this.words;
    const bits = new Uint32Array((slots.length + 31) >>> 5);
    for (let i = 0; i < count; i++) bits[ordinals[i]! >>> 5]! |= 1 << (ordinals[i]! & 31);
    for (let i = 0; i < bits.length; i++) {
      for (let word = live ? bits[i]! & live[i]! : bits[i]!; word !== 0; word &= word - 1) {
        const slot = slots[(i << 5) + lowestOf(word)]!;
        words[slot >>> 5]! |= 1 << (slot & 31);
      }
    }
  }

  /** In place, as are the following; other sets are of the same extent. */
  and(other: SlotSet): this {
    const { words } = this;
    for (let i = 0; i < words.length; i++) words[i]! &= other.words[i]!;
    return this.#changed();
  }

  or(other: SlotSet): this {
    const { words } = this;
    for (let i = 0; i < words.length; i++) words[i]! |= other.words[i]!;
    return this.#changed();
  }

  andNot(other: SlotSet): this {
    const { words } = this;
    for (let i = 0; i < words.length; i++) words[i]! &= ~other.words[i]!;
    return this.#changed();
  }

  /** What of `within` it has not. */
  not(within: SlotSet): this {
    const { words } = this;
    for (let i = 0; i < words.length; i++) words[i] = within.words[i]! & ~words[i]!;
    return this.#changed();
  }

  /** Whether it has all of the other's. Stops at the first word that says no. */
  includes(other: SlotSet): boolean {
    const { words } = this;
    for (let i = 0; i < words.length; i++) if ((other.words[i]! & ~words[i]!) !== 0) return false;
    return true;
  }

  copy(): SlotSet {
    const copy = new SlotSet(this.extent, this.words.slice());
    copy.#count = this.#count;
    return copy;
  }

  /** The first slot from this one on, or −1. */
  next(from: number): number {
    if (from >= this.extent) return -1;
    const { words } = this;
    let i = from >>> 5;
    let word = words[i]! & (-1 << (from & 31));
    while (word === 0) {
      if (++i >= words.length) return -1;
      word = words[i]!;
    }
    return (i << 5) + lowestOf(word);
  }

  /** Ascending. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let slot = this.next(0); slot >= 0; slot = this.next(slot + 1)) yield slot;
  }

  /** Ascending. */
  toArray(): Uint32Array {
    const slots = new Uint32Array(this.count);
    const { words } = this;
    for (let i = 0, at = 0; i < words.length; i++) {
      for (let word = words[i]!; word !== 0; word &= word - 1) slots[at++] = (i << 5) + lowestOf(word);
    }
    return slots;
  }

  #changed(): this {
    this.#count = -1;
    return this;
  }
}

const lowestOf = (word: number): number => 31 - Math.clz32(word & -word);

/** Bits that are set: Warren, Hacker's Delight, §5-1. */
function populationOf(words: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!;
    word -= word >>> 1 & 0x55555555;
    word = (word & 0x33333333) + (word >>> 2 & 0x33333333);
    count += Math.imul(word + (word >>> 4) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
