/**
 * Where an index lies in the linear memory of its instance, and how it gets room: the image, then scratch areas.
 *
 *   ┌──────────┬────────────────────────────┬──────────────────────────┬─────────┐
 *   │ staging  │ image: header and regions  │ scratch of other readers │ scratch │
 *   └──────────┴────────────────────────────┴──────────────────────────┴─────────┘
 *   a header is   grows in place; see          of a shared index         all move when
 *   composed here assembly/layout.ts           only                      the image grows
 */
import { HEADER_BYTES, Header, NONE, QUANTILE_ONE, REGION_ALIGNMENT, REGION_ENTRY_BYTES, Region, Scratch } from '../../assembly/layout.js';
import { VectileError } from '../errors.js';
import type { Storage } from './codecs.js';
import type { Core } from './core.js';

/** Candidates that there is room for in the scratch area of a reader in another thread, at 20 bytes each. */
export const READER_WIDTH = 4096;

export class IndexMemory {
  /** Addresses. `index` is the same in every instance. */
  readonly staging: number;
  readonly index: number;
  scratch = 0;
  /** Raised when the scratch area was laid out anew and what lay there is gone. */
  scratchRevision = 0;
  #width = 0;
  #ids: Uint32Array = new Uint32Array();
  #arenaBytesPerPut = 0;
  #readers: number;

  /** `readers`: scratch areas for other threads. */
  constructor(readonly core: Core, readers = 0) {
    this.#readers = readers;
    this.staging = core.exports.base();
    this.index = this.staging + HEADER_BYTES;
    core.ensure(this.index + HEADER_BYTES);
  }

  field(offset: Header): number { return this.core.u32[(this.index + offset) >>> 2]!; }
  setField(offset: Header, value: number): void { this.core.u32[(this.index + offset) >>> 2] = value; }
  scratchField(offset: Scratch): number { return this.core.u32[(this.scratch + offset) >>> 2]!; }

  /** Address of a region, and the bytes it may grow to without moving. */
  region(region: Region): number { return this.index + this.field(Header.Regions + region * REGION_ENTRY_BYTES); }
  regionCapacity(region: Region): number { return this.field(Header.Regions + region * REGION_ENTRY_BYTES + 4); }

  /** Bytes of the image as a file: without spare capacity. */
  get imageBytes(): number {
    return this.core.exports.imageBytes(this.index, this.field(Header.Extent), this.field(Header.ArenaUsed));
  }

  isLive(slot: number): boolean {
    if (slot >= this.field(Header.Extent)) return false;
    return ((this.core.u32[(this.region(Region.Live) >>> 2) + (slot >>> 5)]! >>> (slot & 31)) & 1) === 1;
  }

  /** Slots that hold a vector, ascending. */
  liveSlots(): Uint32Array<ArrayBuffer> {
    const slots = new Uint32Array(this.field(Header.Live));
    let i = 0;
    for (const slot of slotsOf(this.liveBits())) slots[i++] = slot;
    return slots;
  }

  /** One bit per slot that holds a vector; a view. */
  liveBits(): Uint32Array {
    const at = this.region(Region.Live) >>> 2;
    return this.core.u32.subarray(at, at + ((this.field(Header.Extent) + 31) >>> 5));
  }

  /** u32 id of each slot. Made anew only when memory or capacity has changed. */
  ids(): Uint32Array {
    const { u32 } = this.core;
    const capacity = this.field(Header.Capacity);
    if (this.#ids.buffer !== u32.buffer || this.#ids.length !== capacity) {
      const at = this.region(Region.Ids) >>> 2;
      this.#ids = u32.subarray(at, at + capacity);
    }
    return this.#ids;
  }

  /** Takes up an index that is there. */
  open(): void {
    this.#arenaBytesPerPut = this.core.exports.arenaBytesPerPut(this.index);
    this.#openScratch(1);
  }

  get readers(): number { return this.#readers; }

  /** Where the scratch area of the n-th reader begins; that of the one after the last is the owner's. */
  readerScratch(n: number): number {
    return this.index + this.field(Header.ImageBytes) + n * this.#readerBytes(this.field(Header.Capacity));
  }

  /** Scratch areas for so many readers. Those that are there stay where they are; the owner's own is laid out anew. */
  makeReaders(count: number): void {
    if (count <= this.#readers) return;
    this.core.ensure(this.readerScratch(count) + this.core.exports.scratchBytes(this.index, this.field(Header.Capacity), this.#width));
    this.#readers = count;
    this.#openScratch(this.#width);
  }

  /** The same index in another instance, with as many scratch areas. */
  copyTo(core: Core): IndexMemory {
    const to = new IndexMemory(core, this.#readers);
    const bytes = this.field(Header.ImageBytes);
    core.ensure(to.index + bytes);
    core.u8.set(this.core.u8.subarray(this.index, this.index + bytes), to.index);
    to.open();
    return to;
  }

  /** Makes the scratch area wide enough for searches of `width` candidates. */
  widen(width: number): void {
    if (width > this.#width) this.#openScratch(width);
  }

  /**
   * Room for `slots` slots in all, and for the next node's links. Where it must grow it gets a share `spare` more, unless
   * that is refused. Throws INDEX_FULL or OUT_OF_MEMORY, and then nothing has changed.
   */
  makeRoom(slots: number, spare: number): void {
    const capacity = this.field(Header.Capacity);
    const arenaNeeded = this.field(Header.ArenaUsed) + this.#arenaBytesPerPut;
    if (slots <= capacity && arenaNeeded <= this.regionCapacity(Region.Arena)) return;
    const least = Math.max(slots, capacity);
    const grown = spare && slots > capacity ? Math.ceil(slots * (1 + spare)) + 16 : least;
    try {
      this.#grow(grown, arenaNeeded);
    } catch (error) {
      if (grown === least || !(error instanceof VectileError)) throw error;
      this.#grow(least, arenaNeeded);
    }
  }

  /** At least as much room as another index has. */
  makeRoomLike(other: IndexMemory): void {
    const slots = Math.max(this.field(Header.Capacity), other.field(Header.Capacity));
    this.#grow(slots, other.field(Header.ArenaUsed) + this.#arenaBytesPerPut);
  }

  /** Says how an empty index stores vectors. */
  adoptStorage({ codec, fullVectors, segments, centroids, centred, quantile }: Storage): void {
    const { exports } = this.core;
    this.setField(Header.Quantile, Math.round(quantile * QUANTILE_ONE));
    exports.setCodec(this.index, codec, fullVectors, segments, centroids, centred);
    this.core.ensure(this.index + exports.imageBytes(this.index, 0, 0));
    exports.layOut(this.index, 0, 0);
  }

  /** The best vector that is kept of a slot; of cosine the unit vector. A copy. */
  decode(slot: number, dimensions: number): Float32Array {
    this.core.exports.decode(this.index, this.scratch, slot);
    const at = this.scratchField(Scratch.Rows) >>> 2;
    return this.core.f32.slice(at, at + dimensions);
  }

  #grow(slots: number, arenaNeeded: number): void {
    const { exports } = this.core;
    if (slots >= NONE) throw new VectileError('INDEX_FULL', `index: expected fewer than ${NONE} slots, got ${slots}`);
    const arena = this.#arenaFor(slots, arenaNeeded);
    const scratch = this.#readers * this.#readerBytes(slots) + exports.scratchBytes(this.index, slots, this.#width);
    this.core.ensure(this.index + exports.imageBytes(this.index, slots, arena) + scratch);
    exports.layOut(this.index, slots, arena);
    this.#openScratch(this.#width);
  }

  /** Arena bytes for `slots` slots: a node has 1 / (m − 1) upper levels of m links on average. */
  #arenaFor(slots: number, needed: number): number {
    const m = this.field(Header.MaxConnections);
    if (!m) return 0;
    const coming = ((slots - this.field(Header.Extent)) * 4 * m) / (m - 1);
    return Math.max(this.regionCapacity(Region.Arena), needed + Math.ceil(coming * 1.02) + 4 * this.#arenaBytesPerPut);
  }

  /** Bytes of a reader's scratch area, in an index with room for `slots` slots. */
  #readerBytes(slots: number): number {
    const bytes = this.core.exports.scratchBytes(this.index, slots, READER_WIDTH);
    return Math.ceil(bytes / REGION_ALIGNMENT) * REGION_ALIGNMENT;
  }

  #openScratch(width: number): void {
    const { exports } = this.core;
    const scratch = this.readerScratch(this.#readers);
    this.core.ensure(scratch + exports.scratchBytes(this.index, this.field(Header.Capacity), width));
    exports.openScratch(this.index, scratch, width);
    this.scratch = scratch;
    this.#width = width;
    this.scratchRevision++;
  }
}

/** The positions of the bits that are set, ascending. */
export function* slotsOf(bits: Uint32Array): Generator<number> {
  for (let word = 0; word < bits.length; word++) {
    for (let left = bits[word]!; left; left &= left - 1) yield word * 32 + 31 - Math.clz32(left & -left);
  }
}
