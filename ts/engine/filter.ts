/** Allow-lists of ids, resolved to slots. */
import { Header, Scratch } from '../../assembly/layout.js';
import type { Filter } from '../types.js';
import { slotsOf, type IndexMemory } from './memory.js';

/** What a filter asks of the index it belongs to. */
export interface FilterHost {
  /** Slots there are. */
  readonly extent: number;
  /** Raised when an id was added, and when one was removed. */
  readonly additions: number;
  readonly removals: number;
  /** The slot of a live vector, or −1. */
  slotOf(id: number): number;
  /** One bit per slot that has a live vector. */
  liveBits(): Uint32Array;
}

/**
 * The ids of a filter and the slots they have at present: as a bitmap, or as a list where that is smaller. Resolved anew
 * only when a removal may have moved an id, or an addition may have brought one that was missing.
 */
export class PreparedFilter implements Filter {
  readonly #host: FilterHost;
  readonly #ids: Uint32Array;
  /** #ids are one bit for each id there can be, and ids are slots. */
  readonly #areBits: boolean;
  /** Slots in ascending order if #isList, else one bit per slot. */
  #words = new Uint32Array(0);
  #count = 0;
  #isList = false;
  #additions = -1;
  #removals = -1;

  constructor(host: FilterHost, ids: Uint32Array, areBits = false) {
    this.#host = host;
    this.#ids = ids;
    this.#areBits = areBits;
  }

  get size(): number {
    this.resolve();
    return this.#count;
  }

  /** Another array whenever the slots have changed, after resolve(). */
  get slots(): Uint32Array { return this.#words; }
  /** Whether they are a list. */
  get isList(): boolean { return this.#isList; }
  belongsTo(host: FilterHost): boolean { return host === this.#host; }

  /** Brings the slots up to date. */
  resolve(): void {
    const host = this.#host;
    const complete = !this.#areBits && this.#count === this.#ids.length;
    if (this.#removals === host.removals && (complete || this.#additions === host.additions)) return;
    this.#removals = host.removals;
    this.#additions = host.additions;
    const bits = this.#areBits ? this.#liveOf(host) : this.#bitsOf(host);
    const count = populationOf(bits);
    this.#count = count;
    this.#isList = count < bits.length;
    this.#words = this.#isList ? listOf(bits, count) : bits;
  }

  #liveOf(host: FilterHost): Uint32Array<ArrayBuffer> {
    const bits = host.liveBits().slice();
    for (let i = 0; i < bits.length; i++) bits[i]! &= this.#ids[i] ?? 0;
    return bits;
  }

  #bitsOf(host: FilterHost): Uint32Array<ArrayBuffer> {
    const bits = new Uint32Array((host.extent + 31) >>> 5);
    for (const id of this.#ids) {
      const slot = host.slotOf(id);
      if (slot >= 0) bits[slot >>> 5]! |= 1 << (slot & 31);
    }
    return bits;
  }

  /** Puts the slots into the scratch area. */
  copyTo(memory: IndexMemory): void {
    const { u32 } = memory.core;
    const at = memory.scratchField(Scratch.Allow) >>> 2;
    u32.set(this.#words, at);
    if (!this.#isList) u32.fill(0, at + this.#words.length, at + ((memory.field(Header.Capacity) + 31) >>> 5));
    u32[(memory.scratch + Scratch.AllowCount) >>> 2] = this.#count;
  }
}

function listOf(bits: Uint32Array, count: number): Uint32Array<ArrayBuffer> {
  const slots = new Uint32Array(count);
  for (const slot of slotsOf(bits)) slots[slots.length - count--] = slot;
  return slots;
}

/** Bits that are set. */
function populationOf(bits: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < bits.length; i++) {
    let x = bits[i]!;
    x -= (x >>> 1) & 0x55555555;
    x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
    count += Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
