/**
 * From ids to slots. The ids themselves lie in the image, one per slot; this table is built from them when it is first
 * needed, so that opening an image to search it costs nothing.
 */
import { NONE } from '../../assembly/layout.js';

const EMPTY = NONE;

/** An open-addressing hash table of slots; a slot's key is its id. Linear probing, deletion by moving back. */
export class IdTable {
  #slots = new Uint32Array(0);
  #count = 0;

  /** Bytes the table holds outside the image. */
  get byteLength(): number { return this.#slots.byteLength; }

  /** Forgets everything; the next call builds the table anew. */
  clear(): void {
    this.#slots = new Uint32Array(0);
    this.#count = 0;
  }

  get isBuilt(): boolean { return this.#slots.length > 0; }

  /** Enters all live slots. `ids[slot]` is a slot's id. */
  build(ids: Uint32Array, slots: Iterable<number>, count: number): void {
    this.#resize(ids, count);
    for (const slot of slots) this.#insert(ids, slot);
    this.#count = count;
  }

  /** Makes room for `count` ids in all. */
  reserve(ids: Uint32Array, count: number): void {
    if (count * 3 > this.#slots.length * 2) this.#resize(ids, count);
  }

  /** The slot of an id, or NONE. */
  get(ids: Uint32Array, id: number): number {
    const mask = this.#slots.length - 1;
    for (let i = hash(id) & mask; ; i = (i + 1) & mask) {
      const slot = this.#slots[i]!;
      if (slot === EMPTY || ids[slot] === id) return slot;
    }
  }

  /** Enters a slot whose id is not in the table. */
  add(ids: Uint32Array, slot: number): void {
    this.reserve(ids, this.#count + 1);
    this.#insert(ids, slot);
    this.#count++;
  }

  /** Takes an id out that is in the table. */
  delete(ids: Uint32Array, id: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = hash(id) & mask;
    while (ids[slots[hole]!] !== id) hole = (hole + 1) & mask;
    for (let i = (hole + 1) & mask; slots[i] !== EMPTY; i = (i + 1) & mask) {
      // an entry may move back to the hole unless its own place lies after the hole
      const home = hash(ids[slots[i]!]!) & mask;
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      slots[hole] = slots[i]!;
      hole = i;
    }
    slots[hole] = EMPTY;
    this.#count--;
  }

  #insert(ids: Uint32Array, slot: number): void {
    const mask = this.#slots.length - 1;
    let i = hash(ids[slot]!) & mask;
    while (this.#slots[i] !== EMPTY) i = (i + 1) & mask;
    this.#slots[i] = slot;
  }

  #resize(ids: Uint32Array, count: number): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(tableSize(count)).fill(EMPTY);
    for (const slot of old) if (slot !== EMPTY) this.#insert(ids, slot);
  }
}

/** Entries of a table of `count` ids: at most two thirds are taken. */
function tableSize(count: number): number {
  let size = 16;
  while (size * 2 < count * 3) size *= 2;
  return size;
}

/** Bytes of a table of `count` ids. */
export function idTableBytes(count: number): number {
  return tableSize(count) * 4;
}

/** The finalizer of MurmurHash3: every bit of the id reaches every bit of the result. */
function hash(id: number): number {
  let h = id;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
