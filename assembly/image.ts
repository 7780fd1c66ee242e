/**
 * The index in memory: one header, then regions by slot (drawn in layout.ts). This file alone knows where they lie and
 * how they grow. It knows nothing of graphs or distances.
 */
import {
  Codec, HEADER_BYTES, Header, IndexType, LEVEL_MAX, Metric, NONE, REGION_ALIGNMENT, REGION_ENTRY_BYTES, Region, State,
} from "./layout";
import { isPacked, modelBytes, rowModelBytes, slotsOfCodes } from "./codecs/sizes";

/** Overlays the header; `changetype<Index>(address)`. */
@unmanaged @final export class Index {
  magic: u32;
  version: u32;
  imageBytes: u32;
  type: u32;
  metric: u32;
  dimensions: u32;
  rowBytes: u32;
  m: u32;
  efConstruction: u32;
  hasIds: u32;
  randomState: u64;
  capacity: u32;
  extent: u32;
  live: u32;
  tombstones: u32;
  twinCount: u32;
  freeCount: u32;
  freeHead: u32;
  entry: u32;
  entryLevel: u32;
  arenaUsed: u32;
  arenaWaste: u32;
  sweepPhase: u32;
  sweepCursor: u32;
  moved: u32;
  codec: u32;
  codeBytes: u32;
  fullVectors: u32;
  segments: u32;
  centroids: u32;
  centred: u32;

  @inline region(region: Region): usize {
    const at = changetype<usize>(this);
    return at + load<u32>(at + Header.Regions + <usize>region * REGION_ENTRY_BYTES);
  }

  /** Bytes of a vector as floats, padded. */
  @inline get vectorBytes(): usize { return (<usize>this.dimensions * 4 + 15) & ~15; }
  @inline get hasNorms(): bool { return this.metric == Metric.Cosine || this.codec == Codec.Bq; }
  @inline row(slot: u32): usize { return this.region(Region.Rows) + <usize>slot * this.rowBytes; }
  /** Whether the best that is kept of two slots' vectors is the same. */
  isStoredAs(slot: u32, other: u32): bool {
    if (this.rowBytes) return memory.compare(this.row(slot), this.row(other), this.rowBytes) == 0;
    return memory.compare(this.code(slot), this.code(other), this.codeBytes) == 0;
  }
  @inline code(slot: u32): usize { return this.region(Region.Codes) + <usize>slot * this.codeBytes; }
  @inline state(slot: u32): u32 { return load<u8>(this.region(Region.States) + slot); }
  @inline setState(slot: u32, state: u32): void { store<u8>(this.region(Region.States) + slot, <u8>state); }
  @inline level(slot: u32): u32 { return (this.state(slot) & State.LevelMask) - 1; }
  @inline reaches(slot: u32, level: u32): bool { return (this.state(slot) & State.LevelMask) > level; }
  @inline twin(slot: u32): u32 { return load<u32>(this.region(Region.Twins) + (<usize>slot << 2)); }
  @inline setTwin(slot: u32, twin: u32): void { store<u32>(this.region(Region.Twins) + (<usize>slot << 2), twin); }
  @inline isCondemned(slot: u32): bool { return (this.state(slot) & State.Condemned) == State.Condemned; }
  @inline isLive(slot: u32): bool { return hasBit(this.region(Region.Live), slot); }
  @inline upper(slot: u32): u32 { return load<u32>(this.region(Region.Uppers) + (<usize>slot << 2)); }
  @inline setUpper(slot: u32, offset: u32): void { store<u32>(this.region(Region.Uppers) + (<usize>slot << 2), offset); }

  /** Neighbors a node may have at `level`. */
  @inline linksMax(level: u32): u32 { return level ? this.m : this.m << 1; }

  /** u32[linksMax(level)], ended by NONE if fewer. The node must reach `level`. */
  @inline links(slot: u32, level: u32): usize {
    if (!level) return this.region(Region.Links) + <usize>slot * (<usize>this.m << 3);
    return this.region(Region.Arena) + this.upper(slot) + <usize>(level - 1) * (<usize>this.m << 2);
  }
}

if (offsetof<Index>("rowBytes") != Header.RowBytes) ERROR("layout.ts and Index disagree on rowBytes");
if (offsetof<Index>("randomState") != Header.RandomState) ERROR("layout.ts and Index disagree on randomState");
if (offsetof<Index>("capacity") != Header.Capacity) ERROR("layout.ts and Index disagree on capacity");
if (offsetof<Index>("entry") != Header.Entry) ERROR("layout.ts and Index disagree on entry");
if (offsetof<Index>("sweepCursor") != Header.SweepCursor) ERROR("layout.ts and Index disagree on sweepCursor");
if (offsetof<Index>("moved") != Header.Moved) ERROR("layout.ts and Index disagree on moved");
if (offsetof<Index>("codec") != Header.Codec) ERROR("layout.ts and Index disagree on codec");
if (offsetof<Index>("centred") != Header.Centred) ERROR("layout.ts and Index disagree on centred");

@inline export function hasBit(bits: usize, slot: u32): bool {
  return (load<u32>(bits + ((<usize>slot >> 5) << 2)) & (1 << (slot & 31))) != 0;
}

@inline export function setBit(bits: usize, slot: u32): void {
  const word = bits + ((<usize>slot >> 5) << 2);
  store<u32>(word, load<u32>(word) | (1 << (slot & 31)));
}

@inline export function clearBit(bits: usize, slot: u32): void {
  const word = bits + ((<usize>slot >> 5) << 2);
  store<u32>(word, load<u32>(word) & ~(1 << (slot & 31)));
}

@inline export function aligned(bytes: u64): u64 {
  return (bytes + (REGION_ALIGNMENT - 1)) & ~<u64>(REGION_ALIGNMENT - 1);
}

/** Bytes of a region that `slots` slots and `arenaBytes` fill. */
export function regionBytes(index: Index, region: Region, slots: u64, arenaBytes: u64): u64 {
  const hnsw = index.type == IndexType.Hnsw;
  switch (region) {
    case Region.Ids: return index.hasIds ? slots * 4 : 0;
    case Region.States: return slots;
    case Region.Live: return (slots + 31) >> 5 << 2;
    case Region.Twins: return slots * 4;
    case Region.Uppers: return hnsw ? slots * 4 : 0;
    case Region.Norms: return index.hasNorms ? slots * 4 : 0;
    case Region.Links: return hnsw ? slots * (<u64>index.m * 8) : 0;
    case Region.Rows: return slots * <u64>index.rowBytes;
    case Region.Arena: return hnsw ? arenaBytes : 0;
    case Region.Codes: return slotsOfCodes(index, slots) * <u64>index.codeBytes;
    case Region.Model: return modelBytes(index);
    case Region.RowModel: return rowModelBytes(index);
    default: return 0;
  }
}

/** Bytes of an image with room for `slots` slots. May exceed what memory can hold; the caller compares. */
export function imageBytes(index: Index, slots: u64, arenaBytes: u64): u64 {
  let bytes: u64 = HEADER_BYTES;
  for (let region = 0; region < Region.Count; region++) bytes += aligned(regionBytes(index, region, slots, arenaBytes));
  return bytes;
}

/**
 * Moves every region to where `capacity` slots want it, last region first, so that nothing is overwritten before it has
 * moved and no second copy is needed. The memory must already be there; neither number may shrink.
 */
export function layOut(index: Index, capacity: u32, arenaBytes: u32): void {
  const at = changetype<usize>(index);
  let end = imageBytes(index, capacity, arenaBytes);
  index.imageBytes = <u32>end;
  for (let region = Region.Count - 1; region >= 0; region--) {
    const entry = at + Header.Regions + <usize>region * REGION_ENTRY_BYTES;
    const bytes = aligned(regionBytes(index, region, capacity, arenaBytes));
    const used = regionBytes(index, region, index.extent, index.arenaUsed);
    end -= bytes;
    memory.copy(at + <usize>end, at + load<u32>(entry), <usize>used);
    store<u32>(entry, <u32>end);
    store<u32>(entry, <u32>bytes, 4);
    if (region == Region.States || region == Region.Live) clearSpare(index, region);
  }
  index.capacity = capacity;
}

/** Zero beyond the last slot. */
function clearSpare(index: Index, region: Region): void {
  const used = <u32>regionBytes(index, region, index.extent, 0);
  const bytes = load<u32>(changetype<usize>(index) + Header.Regions + <usize>region * REGION_ENTRY_BYTES, 4);
  memory.fill(index.region(region) + used, 0, bytes - used);
}

/** Zero where nothing is: states and bits beyond the last slot, and rows of free slots. */
export function clearUnused(index: Index): void {
  clearSpare(index, Region.States);
  clearSpare(index, Region.Live);
  for (let slot: u32 = 0; slot < index.extent; slot++) {
    if (index.state(slot) == State.Free) memory.fill(index.row(slot), 0, index.rowBytes);
  }
}

/** Bytes the arena must have left before a node is inserted: the tallest node's links. */
@inline export function arenaReserve(index: Index): u32 {
  return index.type == IndexType.Hnsw ? levelMax(index.m) * index.m * 4 : 0;
}

/** One node in m^level reaches a level, so beyond 32 / log2(m) none ever does. */
@inline export function levelMax(m: u32): u32 { return min<u32>(LEVEL_MAX, 32 / (31 - clz(m)) + 1); }

/** A block for the links of a node at levels 1 … `level`, its lists empty; the offset in the arena. */
export function takeBlock(index: Index, level: u32): u32 {
  const bytes = level * index.m * 4;
  const head = freeBlocks(index, level);
  let offset = load<u32>(head);
  if (offset == NONE) {
    offset = index.arenaUsed;
    index.arenaUsed += bytes;
  } else {
    store<u32>(head, load<u32>(index.region(Region.Arena) + offset));
    index.arenaWaste -= bytes;
  }
  memory.fill(index.region(Region.Arena) + offset, 0xff, bytes);
  return offset;
}

/** Gives a slot's block back, if it has one; the slot's level is then 0. */
export function giveBlock(index: Index, slot: u32): void {
  const level = index.level(slot);
  if (!level) return;
  const head = freeBlocks(index, level);
  store<u32>(index.region(Region.Arena) + index.upper(slot), load<u32>(head));
  store<u32>(head, index.upper(slot));
  index.arenaWaste += level * index.m * 4;
  index.setUpper(slot, NONE);
}

@inline function freeBlocks(index: Index, level: u32): usize {
  return changetype<usize>(index) + Header.ArenaFree + <usize>(level - 1) * 4;
}

/** Makes `slot` part of the image; those between are free but not on the free list. */
export function extendTo(index: Index, slot: u32): void {
  const live = index.region(Region.Live);
  for (let s = index.extent; s <= slot; s++) {
    index.setState(s, State.Free);
    index.setTwin(s, NONE);
    clearBit(live, s);
    if (index.hasIds) store<u32>(index.region(Region.Ids) + (<usize>s << 2), 0);
    if (index.hasNorms) store<u32>(index.region(Region.Norms) + (<usize>s << 2), 0);
    if (index.type == IndexType.Hnsw) {
      index.setUpper(s, NONE);
      memory.fill(index.links(s, 0), 0xff, index.linksMax(0) << 2);
    }
    if (s != slot) memory.fill(index.row(s), 0, index.rowBytes);
    if (isPacked(index)) {
      if (!(s & 31)) memory.fill(index.code(s), 0, <usize>index.codeBytes << 5);
    } else if (s != slot) {
      memory.fill(index.code(s), 0, index.codeBytes);
    }
  }
  index.extent = max(index.extent, slot + 1);
}

/** A slot for a new vector: a freed one, or the next. The capacity must allow it. */
export function allot(index: Index): u32 {
  const slot = index.freeHead;
  if (slot == NONE) {
    extendTo(index, index.extent);
    return index.extent - 1;
  }
  index.freeHead = index.twin(slot);
  index.freeCount--;
  index.setTwin(slot, NONE);
  return slot;
}

/**
 * Gives a slot back that no node links to. Where the caller allots slots there is no free list. The row becomes zero, as it
 * is after an image without rows was opened: so both go on with the same bytes.
 */
export function free(index: Index, slot: u32): void {
  memory.fill(index.row(slot), 0, index.rowBytes);
  index.setState(slot, State.Free);
  index.setTwin(slot, NONE);
  if (!index.hasIds) return;
  index.setTwin(slot, index.freeHead);
  index.freeHead = slot;
  index.freeCount++;
}
