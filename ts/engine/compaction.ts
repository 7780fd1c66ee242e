/**
 * Giving memory back: linear memory never shrinks, so an index with many free slots is copied, closed up, into a fresh
 * instance, a few slots at a time. The old index answers until the copy is complete; a change in between voids the copy.
 */
import { Codec, HEADER_BYTES, Header, IndexType, NONE, Region, State } from '../../assembly/layout.js';
import { readStorage, writeWanted } from './codecs.js';
import { Core } from './core.js';
import { IndexMemory } from './memory.js';

/** Slots copied between two looks at the clock. */
const SLOTS_PER_STEP = 128;
/** Less than this share of the image is left as it is. */
const WASTE_MIN = 0.05;

/** Whether an index that allots its own slots wastes enough memory to be copied. `reserved`: slots the caller asked for. */
export function isWorthwhile(memory: IndexMemory, reserved: number): boolean {
  const extent = memory.field(Header.Extent);
  if (!memory.field(Header.HasIds) || !extent) return false;
  const total = memory.imageBytes;
  const unused = memory.field(Header.Capacity) - Math.max(memory.field(Header.Live), reserved);
  return (unused * (total - HEADER_BYTES)) / extent + memory.field(Header.ArenaWaste) > WASTE_MIN * total;
}

export class Compaction {
  /** The copy; of use once `step` has returned false. */
  readonly memory: IndexMemory;
  readonly #from: IndexMemory;
  /** order[new slot] = old slot; slots[old slot] = new slot, or NONE. */
  readonly #order: Uint32Array;
  readonly #slots: Uint32Array;
  #done = 0;
  #arenaUsed = 0;

  /** The index must have no tombstones. */
  constructor(from: IndexMemory) {
    this.#from = from;
    this.#order = from.liveSlots();
    this.#slots = new Uint32Array(from.field(Header.Extent)).fill(NONE);
    this.#order.forEach((slot, i) => { this.#slots[slot] = i; });
    this.memory = new IndexMemory(new Core(from.core.module), from.readers);
    this.#copyHeader(this.#order.length);
    this.memory.open(); // now all memory it takes is there
  }

  /** Copies some more slots; true while there are more. */
  step(): boolean {
    const end = Math.min(this.#done + SLOTS_PER_STEP, this.#order.length);
    while (this.#done < end) this.#copySlot(this.#done++);
    if (this.#done < this.#order.length) return true;
    this.memory.setField(Header.ArenaUsed, this.#arenaUsed);
    return false;
  }

  #copyHeader(count: number): void {
    const to = this.memory;
    const { core, index } = to;
    const get = (offset: Header): number => this.#from.field(offset);
    core.exports.create(
      index, get(Header.Type), get(Header.Metric), get(Header.Dimensions), get(Header.MaxConnections), get(Header.EfConstruction), 1, 0n,
    );
    to.adoptStorage(readStorage(this.#from, Header.Codec));
    writeWanted(to, readStorage(this.#from, Header.WantedCodec));
    const arenaBytes = get(Header.ArenaUsed) - get(Header.ArenaWaste) + core.exports.arenaBytesPerPut(index);
    core.ensure(index + core.exports.imageBytes(index, count, arenaBytes));
    core.exports.layOut(index, count, arenaBytes);
    for (const region of [Region.Model, Region.RowModel]) this.#copyWords(region, 0, 0, this.#from.regionCapacity(region) >>> 2);
    for (const offset of [Header.RandomState, Header.RandomState + 4, Header.Live, Header.TwinCount, Header.EntryLevel]) to.setField(offset, get(offset));
    to.setField(Header.Extent, count);
    to.setField(Header.Entry, this.#moved(get(Header.Entry)));
    const live = to.region(Region.Live) >>> 2;
    core.u32.fill(0xffffffff, live, live + (count >>> 5));
    if (count & 31) core.u32[live + (count >>> 5)] = 2 ** (count & 31) - 1;
  }

  #copySlot(slot: number): void {
    const to = this.memory;
    const from = this.#from;
    const old = this.#order[slot]!;
    this.#copyWords(Region.Ids, slot, old, 1);
    this.#copyWords(Region.Rows, slot, old, from.field(Header.RowBytes) >>> 2);
    if (this.#isPacked) this.#copyPacked(slot, old);
    else this.#copyWords(Region.Codes, slot, old, from.field(Header.CodeBytes) >>> 2);
    if (to.regionCapacity(Region.Norms)) this.#copyWords(Region.Norms, slot, old, 1);
    to.core.u32[word(to, Region.Twins, slot)] = this.#moved(from.core.u32[word(from, Region.Twins, old)]!);
    const state = from.core.u8[from.region(Region.States) + old]!;
    to.core.u8[to.region(Region.States) + slot] = state;
    const m = from.field(Header.MaxConnections);
    if (!m) return;
    this.#copyLinks(word(to, Region.Links, slot * 2 * m), word(from, Region.Links, old * 2 * m), 2 * m);
    this.#copyUpper(slot, old, (state & State.LevelMask) - 1, m);
  }

  /** Codes of 32 slots share a block: see assembly/codecs/fastscan.ts. */
  get #isPacked(): boolean {
    const get = (offset: Header): number => this.#from.field(offset);
    return get(Header.Codec) === Codec.Pq && get(Header.Centroids) <= 16 && get(Header.Type) === IndexType.Flat;
  }

  #copyPacked(slot: number, old: number): void {
    const segments = this.#from.field(Header.Segments);
    const source = this.#from.core.u8;
    const target = this.memory.core.u8;
    const place = (memory: IndexMemory, s: number): number => memory.region(Region.Codes) + (s >>> 5) * segments * 16 + (s & 15);
    const shift = (s: number): number => (s & 16) >>> 2;
    for (let i = 0, from = place(this.#from, old), to = place(this.memory, slot); i < segments; i++, from += 16, to += 16) {
      const code = (source[from]! >>> shift(old)) & 15;
      target[to] = (target[to]! & (0xf0 >>> shift(slot))) | (code << shift(slot));
    }
  }

  #copyUpper(slot: number, old: number, level: number, m: number): void {
    const to = this.memory;
    const from = this.#from;
    to.core.u32[word(to, Region.Uppers, slot)] = level ? this.#arenaUsed : NONE;
    const offset = from.core.u32[word(from, Region.Uppers, old)]!;
    for (let l = 0; l < level; l++) {
      this.#copyLinks(word(to, Region.Arena, (this.#arenaUsed >>> 2) + l * m), word(from, Region.Arena, (offset >>> 2) + l * m), m);
    }
    this.#arenaUsed += level * m * 4;
  }

  /** A link list with the new slots; ends with NONE if fewer than `max`. */
  #copyLinks(to: number, from: number, max: number): void {
    const target = this.memory.core.u32;
    const source = this.#from.core.u32;
    let count = 0;
    for (let i = 0; i < max; i++) {
      const moved = this.#moved(source[from + i]!);
      if (moved !== NONE) target[to + count++] = moved;
    }
    target.fill(NONE, to + count, to + max);
  }

  #copyWords(region: Region, slot: number, old: number, words: number): void {
    const at = word(this.#from, region, old * words);
    this.memory.core.u32.set(this.#from.core.u32.subarray(at, at + words), word(this.memory, region, slot * words));
  }

  #moved(slot: number): number {
    return slot === NONE ? NONE : this.#slots[slot]!;
  }
}

/** Index in u32 of the n-th word of a region. */
function word(memory: IndexMemory, region: Region, n: number): number {
  return (memory.region(region) >>> 2) + n;
}
