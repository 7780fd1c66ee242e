/**
 * Giving memory back: linear memory never shrinks, so an index with many free slots is copied, closed up, into a fresh
 * instance, a few slots at a time. The old index answers until the copy is complete; a change in between voids the copy.
 */
import { HEADER_BYTES, Header, NONE, Region, State } from '../../assembly/layout.js';
import { Core } from './core.js';
import { slotsOf } from './filter.js';
import { field, imageBytes, regionAt } from './image.js';

/** Slots copied between two looks at the clock. */
const SLOTS_PER_STEP = 512;
/** Less than this share of the image is left as it is. */
const WASTE_MIN = 0.05;

/** Whether an index that allots its own slots wastes enough memory to be copied. `reserved`: slots the caller asked for. */
export function isWorthwhile(core: Core, index: number, reserved: number): boolean {
  if (!field(core, index, Header.HasIds) || !field(core, index, Header.Extent)) return false;
  const total = imageBytes(core, index);
  const perSlot = (total - HEADER_BYTES) / field(core, index, Header.Extent);
  const unused = field(core, index, Header.Capacity) - Math.max(field(core, index, Header.Live), reserved);
  return unused * perSlot + field(core, index, Header.ArenaWaste) > WASTE_MIN * total;
}

export class Compaction {
  /** The copy; of use once `step` has returned false. */
  readonly core: Core;
  readonly #from: Core;
  readonly #index: number;
  /** order[new slot] = old slot; slots[old slot] = new slot, or NONE. */
  readonly #order: Uint32Array;
  readonly #slots: Uint32Array;
  #done = 0;
  #arenaUsed = 0;

  /** `index` is the address in both instances. The index must have no tombstones. */
  constructor(from: Core, index: number) {
    this.#from = from;
    this.#index = index;
    const extent = field(from, index, Header.Extent);
    const live = regionAt(from, index, Region.Live) >>> 2;
    this.#order = new Uint32Array(field(from, index, Header.Live));
    this.#slots = new Uint32Array(extent).fill(NONE);
    let count = 0;
    for (const slot of slotsOf(from.u32.subarray(live, live + ((extent + 31) >>> 5)))) {
      this.#order[count] = slot;
      this.#slots[slot] = count++;
    }
    this.core = new Core(from.module);
    this.#copyHeader(count);
  }

  /** Copies some more slots; true while there are more. */
  step(): boolean {
    const end = Math.min(this.#done + SLOTS_PER_STEP, this.#order.length);
    while (this.#done < end) this.#copySlot(this.#done++);
    if (this.#done < this.#order.length) return true;
    this.#set(Header.ArenaUsed, this.#arenaUsed);
    return false;
  }

  #copyHeader(count: number): void {
    const { core } = this;
    const index = this.#index;
    const get = (offset: Header): number => field(this.#from, index, offset);
    const arenaBytes = get(Header.ArenaUsed) - get(Header.ArenaWaste) + 4 * this.#from.exports.arenaBytesPerPut(index);
    core.ensure(index + HEADER_BYTES);
    core.exports.create(
      index, get(Header.Type), get(Header.Metric), get(Header.Dimensions), get(Header.MaxConnections), get(Header.EfConstruction), 1, 0n,
    );
    core.ensure(index + core.exports.imageBytes(index, count, arenaBytes));
    core.exports.layOut(index, count, arenaBytes);
    for (const offset of [Header.RandomState, Header.RandomState + 4, Header.Live, Header.TwinCount, Header.EntryLevel]) this.#set(offset, get(offset));
    this.#set(Header.Extent, count);
    this.#set(Header.Entry, this.#moved(get(Header.Entry)));
    const live = regionAt(core, index, Region.Live) >>> 2;
    core.u32.fill(0xffffffff, live, live + (count >>> 5));
    if (count & 31) core.u32[live + (count >>> 5)] = 2 ** (count & 31) - 1;
  }

  #copySlot(slot: number): void {
    const from = this.#order[slot]!;
    const m = field(this.#from, this.#index, Header.MaxConnections);
    const rowWords = field(this.#from, this.#index, Header.RowBytes) >>> 2;
    this.#copyWords(Region.Ids, slot, from, 1);
    this.#copyWords(Region.Rows, slot, from, rowWords);
    this.core.u32[this.#word(this.core, Region.Twins, slot)] = this.#moved(this.#from.u32[this.#word(this.#from, Region.Twins, from)]!);
    if (this.#present(Region.Norms)) this.#copyWords(Region.Norms, slot, from, 1);
    const state = this.#from.u8[regionAt(this.#from, this.#index, Region.States) + from]!;
    this.core.u8[regionAt(this.core, this.#index, Region.States) + slot] = state;
    if (!m) return;
    this.#copyLinks(this.#word(this.core, Region.Links, slot * 2 * m), this.#word(this.#from, Region.Links, from * 2 * m), 2 * m);
    this.#copyUpper(slot, from, (state & State.LevelMask) - 1, m);
  }

  #copyUpper(slot: number, from: number, level: number, m: number): void {
    const { core } = this;
    core.u32[this.#word(core, Region.Uppers, slot)] = level ? this.#arenaUsed : NONE;
    if (!level) return;
    const offset = this.#from.u32[this.#word(this.#from, Region.Uppers, from)]!;
    for (let l = 0; l < level; l++) {
      const words = l * m;
      this.#copyLinks(
        this.#word(core, Region.Arena, (this.#arenaUsed >>> 2) + words), this.#word(this.#from, Region.Arena, (offset >>> 2) + words), m,
      );
    }
    this.#arenaUsed += level * m * 4;
  }

  /** A link list with the new slots; ends with NONE if fewer than `max`. */
  #copyLinks(to: number, from: number, max: number): void {
    const target = this.core.u32;
    const source = this.#from.u32;
    let count = 0;
    for (let i = 0; i < max; i++) {
      const moved = this.#moved(source[from + i]!);
      if (moved !== NONE) target[to + count++] = moved;
    }
    target.fill(NONE, to + count, to + max);
  }

  #copyWords(region: Region, slot: number, from: number, words: number): void {
    const at = this.#word(this.#from, region, from * words);
    this.core.u32.set(this.#from.u32.subarray(at, at + words), this.#word(this.core, region, slot * words));
  }

  /** Index in u32 of the n-th word of a region. */
  #word(core: Core, region: Region, n: number): number {
    return (regionAt(core, this.#index, region) >>> 2) + n;
  }

  #present(region: Region): boolean {
    return this.core.u32[(this.#index + Header.Regions + region * 12 + 4) >>> 2]! > 0;
  }

  #moved(slot: number): number {
    return slot === NONE ? NONE : this.#slots[slot]!;
  }

  #set(offset: Header, value: number): void {
    this.core.u32[(this.#index + offset) >>> 2] = value;
  }
}
