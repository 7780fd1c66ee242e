/** Images in files: what a header must say, and whether the regions are what was written. */
import {
  Codec, FORMAT_VERSION, FORMAT_VERSION_WITHOUT_ROWS, FullVectors, HEADER_BYTES, Header, IndexType, LEVEL_MAX, MAGIC, Metric, NONE, QUANTILE_ONE,
  REGIONS_BEFORE_CODES, REGION_ENTRY_BYTES, Region, State,
} from "./layout";
import { codeBytesOf, isPacked, modelBytes, rowBytesOf, rowModelBytes } from "./codecs/sizes";
import { Index, aligned, hasBit, imageBytes, levelMax, regionBytes } from "./image";
import { before } from "./hnsw/twins";
import { checksum, crc32c } from "./checksum";

/**
 * Writes to `out` the header of this index as a file has it: no spare capacity, checksums in place. `withoutRows`: for a
 * file in which region Rows is empty; rows must be f32.
 */
export function writeImageHeader(index: usize, out: usize, withoutRows: bool): void {
  memory.copy(out, index, HEADER_BYTES);
  const source = changetype<Index>(index);
  const header = changetype<Index>(out);
  header.capacity = source.extent;
  if (withoutRows) {
    header.version = FORMAT_VERSION_WITHOUT_ROWS;
    store<u32>(out, 1, Header.RowsOutside);
  }
  let offset: u64 = HEADER_BYTES;
  for (let region = 0; region < Region.Count; region++) {
    const entry = out + Header.Regions + <usize>region * REGION_ENTRY_BYTES;
    const used = withoutRows && region == Region.Rows ? 0 : regionBytes(source, region, source.extent, source.arenaUsed);
    store<u32>(entry, <u32>offset);
    store<u32>(entry, <u32>aligned(used), 4);
    store<u32>(entry, checksum(source.region(region), <usize>used), 8);
    offset += aligned(used);
  }
  header.imageBytes = <u32>offset;
  store<u32>(out, crc32c(out, Header.Checksum), Header.Checksum);
}

/** Bytes of a region in use; in a file zeros follow, up to a multiple of 64. f64, because a u32 reaches JavaScript signed. */
export function usedBytes(index: usize, region: u32): f64 {
  const header = changetype<Index>(index);
  return <f64>regionBytes(header, region, header.extent, header.arenaUsed);
}

/** 0 if the header is sound; else the offset of the first field that is not, plus 1. */
export function checkImageHeader(at: usize): u32 {
  const header = changetype<Index>(at);
  if (header.magic != MAGIC) return Header.Magic + 1;
  if (header.version - 1 > FORMAT_VERSION_WITHOUT_ROWS - 1) return Header.Version + 1;
  if (load<u32>(at, Header.Checksum) != crc32c(at, Header.Checksum)) return Header.Checksum + 1;
  if (header.type > <u32>IndexType.Hnsw) return Header.Type + 1;
  if (header.metric > <u32>Metric.Hamming) return Header.Metric + 1;
  if (header.dimensions - 1 > 65534) return Header.Dimensions + 1;
  const codec = checkCodec(header);
  if (codec) return codec;
  const rowsOutside = header.version == FORMAT_VERSION_WITHOUT_ROWS;
  if (load<u32>(at, Header.RowsOutside) != u32(rowsOutside) || (rowsOutside && header.fullVectors)) return Header.RowsOutside + 1;
  if (header.type == IndexType.Hnsw && header.m - 2 > 2045) return Header.MaxConnections + 1;
  if (header.type == IndexType.Hnsw && header.efConstruction < 1) return Header.EfConstruction + 1;
  if (header.hasIds > 1) return Header.HasIds + 1;
  if (header.capacity != header.extent) return Header.Capacity + 1;
  if (header.live > header.extent) return Header.Live + 1;
  if (header.tombstones > header.extent - header.live) return Header.Tombstones + 1;
  if (header.twinCount > header.live) return Header.TwinCount + 1;
  if (header.freeCount > header.extent - header.live) return Header.FreeCount + 1;
  if (header.freeHead != NONE && header.freeHead >= header.extent) return Header.FreeHead + 1;
  if (header.entry != NONE && header.entry >= header.extent) return Header.Entry + 1;
  if (header.moved > header.live) return Header.Moved + 1;
  if (header.arenaWaste > header.arenaUsed) return Header.ArenaWaste + 1;
  if (header.sweepCursor > header.extent) return Header.SweepCursor + 1;
  if (header.sweepPhase > 3) return Header.SweepPhase + 1;
  for (let level: usize = 0; level < LEVEL_MAX; level++) {
    const block = load<u32>(at + Header.ArenaFree + level * 4);
    if (block != NONE && block >= header.arenaUsed) return Header.ArenaFree + 1;
  }
  let offset: u64 = HEADER_BYTES;
  for (let region = 0, count = regionsOf(header); region < count; region++) {
    const entry = <usize>Header.Regions + <usize>region * REGION_ENTRY_BYTES;
    const bytes = rowsOutside && region == Region.Rows ? 0 : aligned(regionBytes(header, region, header.extent, header.arenaUsed));
    if (load<u32>(at + entry) != offset || load<u32>(at + entry, 4) != bytes) return <u32>entry + 1;
    offset += bytes;
  }
  return offset == header.imageBytes ? 0 : Header.ImageBytes + 1;
}

function regionsOf(header: Index): i32 { return header.version == 1 ? REGIONS_BEFORE_CODES : Region.Count; }

/** 0 if the fields that say how vectors are stored, and how they shall be, go together. */
function checkCodec(header: Index): u32 {
  const at = changetype<usize>(header);
  if (header.version == 1 && header.codec) return Header.Codec + 1;
  if (!goTogether(header, header.codec, header.fullVectors, header.segments, header.centroids, header.centred)) return Header.Codec + 1;
  if (!goTogether(
    header, load<u32>(at, Header.WantedCodec), load<u32>(at, Header.WantedFullVectors), load<u32>(at, Header.WantedSegments),
    load<u32>(at, Header.WantedCentroids), load<u32>(at, Header.WantedCentred),
  )) return Header.WantedCodec + 1;
  if (load<u32>(at, Header.WantedQuantile) > QUANTILE_ONE) return Header.WantedQuantile + 1;
  if (load<u32>(at, Header.Quantile) > QUANTILE_ONE) return Header.Quantile + 1;
  if (header.codeBytes != codeBytesOf(header)) return Header.CodeBytes + 1;
  return header.rowBytes == rowBytesOf(header) ? 0 : Header.RowBytes + 1;
}

function goTogether(header: Index, codec: u32, fullVectors: u32, segments: u32, centroids: u32, centred: u32): bool {
  if (codec > <u32>Codec.Rq1 || !isDefinedFor(codec, header.metric)) return false;
  if (fullVectors > <u32>FullVectors.Sq8 || (!codec && fullVectors)) return false;
  if (fullVectors == FullVectors.Sq8 && !isDefinedFor(Codec.Sq8, header.metric)) return false;
  if (codec == Codec.Pq && (!segments || header.dimensions % segments || centroids - 1 > 255)) return false;
  return centred <= u32(codec == Codec.Bq);
}

/** Which distances a codec can estimate. */
function isDefinedFor(codec: u32, metric: u32): bool {
  if (metric == Metric.Manhattan) return codec == Codec.F32 || codec == Codec.Pq;
  if (metric == Metric.Hamming) return codec == Codec.F32 || codec == Codec.Bq;
  return true;
}

/** Makes of a header of another version one of an index in memory, where rows have their place. */
export function upgradeHeader(at: usize): void {
  const header = changetype<Index>(at);
  for (let region = regionsOf(header); region < Region.Count; region++) {
    const entry = at + Header.Regions + <usize>region * REGION_ENTRY_BYTES;
    store<u32>(entry, header.imageBytes);
    store<u32>(entry, 0, 4);
    store<u32>(entry, checksum(at, 0), 8);
  }
  header.version = FORMAT_VERSION;
  if (!load<u32>(at, Header.RowsOutside)) return;
  const rows = <u32>aligned(regionBytes(header, Region.Rows, header.extent, header.arenaUsed));
  store<u32>(at + Header.Regions + Region.Rows * REGION_ENTRY_BYTES, rows, 4);
  for (let region = Region.Rows + 1; region < Region.Count; region++) {
    const entry = at + Header.Regions + <usize>region * REGION_ENTRY_BYTES;
    store<u32>(entry, load<u32>(entry) + rows);
  }
  header.imageBytes += rows;
}

/**
 * −1 if all regions are as they were written and agree with each other, so that no search or change can leave them; else
 * the first region where this fails. Checksums find damage; the rest is for images that somebody made by hand. Rows that
 * are outside are not there yet.
 */
export function checkImage(at: usize): i32 {
  const index = changetype<Index>(at);
  for (let region = 0; region < Region.Count; region++) {
    if (region == Region.Rows && load<u32>(at, Header.RowsOutside)) continue;
    const entry = at + Header.Regions + <usize>region * REGION_ENTRY_BYTES;
    if (checksum(index.region(region), load<u32>(entry, 4)) != load<u32>(entry, 8)) return region;
  }
  if (!modelsAreFinite(index)) return Region.Model;
  if (index.codec == Codec.Pq && !centroidsExist(index)) return Region.Codes;
  const slots = index.extent;
  if (!slotsBelow(index.region(Region.Twins), slots, slots)) return Region.Twins;
  if (index.type == IndexType.Hnsw) {
    if (!slotsBelow(index.region(Region.Links), slots * index.m * 2, slots)) return Region.Links;
    const region = checkNodes(index);
    if (region >= 0) return region;
  }
  if (!liveIsSound(index)) return Region.Live;
  return freeListIsSound(index) ? -1 : Region.Twins;
}

/** Models are floats, and what is measured by them must have an order. */
function modelsAreFinite(index: Index): bool {
  return areFinite(index.region(Region.Model), modelBytes(index)) && areFinite(index.region(Region.RowModel), rowModelBytes(index));
}

/** No code of pq names a centroid that is not there; packed ones are looked up among sixteen that are. */
function centroidsExist(index: Index): bool {
  const codes = index.region(Region.Codes);
  if (isPacked(index)) return true;
  for (let slot: u32 = 0; slot < index.extent; slot++) {
    if (index.state(slot) == State.Free) continue;
    const code = codes + <usize>slot * index.codeBytes;
    for (let i: usize = 0; i < index.segments; i++) if (load<u8>(code + i) >= index.centroids) return false;
  }
  return true;
}

function areFinite(at: usize, bytes: u64): bool {
  let sum: f32 = 0;
  for (const end = at + <usize>bytes; at < end; at += 4) sum += load<f32>(at) * 0;
  return sum == 0;
}

/** Levels, upper links, flags, twins and the entry. */
function checkNodes(index: Index): i32 {
  let tombstones: u32 = 0;
  let moved: u32 = 0;
  let twins: u32 = 0;
  let chained: u32 = 0;
  for (let slot: u32 = 0; slot < index.extent; slot++) {
    const state = index.state(slot);
    const tall = state & State.LevelMask;
    if (state == State.Free) continue;
    if (tall < 1 || tall > levelMax(index.m) + 1) return Region.States;
    tombstones += u32((state & State.Tombstone) != 0);
    moved += u32((state & State.Condemned) == State.Suspect);
    twins += u32((state & State.Twin) != 0);
    if (tall > 1) {
      const words = (tall - 1) * index.m;
      if (<u64>index.upper(slot) + <u64>words * 4 > index.arenaUsed) return Region.Uppers;
      if (!slotsBelow(index.links(slot, 1), words, index.extent)) return Region.Arena;
    }
    if (state & State.Twin) continue;
    // every twin hangs in the chain of exactly one node: chains that agree both ways cannot have cycles
    let last = slot;
    for (let twin = index.twin(slot); twin != NONE; twin = index.twin(twin)) {
      if (!(index.state(twin) & State.Twin) || before(index, twin) != last) return Region.Twins;
      last = twin;
      chained++;
    }
  }
  if (tombstones != index.tombstones || moved != index.moved) return Region.States;
  if (twins != index.twinCount || chained != twins) return Region.Twins;
  const entry = index.entry;
  if (entry == NONE) return index.live ? Region.States : -1;
  const state = index.state(entry);
  return state & State.Twin || (state & State.LevelMask) != index.entryLevel + 1 ? Region.States : -1;
}

/** Live slots are in use and not removed, and as many as the header says. */
function liveIsSound(index: Index): bool {
  const bits = index.region(Region.Live);
  let count: u32 = 0;
  for (let slot: u32 = 0, end = (index.extent + 31) & ~31; slot < end; slot++) {
    if (!hasBit(bits, slot)) continue;
    if (slot >= index.extent || index.state(slot) == State.Free || index.state(slot) & State.Tombstone) return false;
    count++;
  }
  return count == index.live;
}

/** The free list names as many slots as the header says, all free. */
function freeListIsSound(index: Index): bool {
  let count: u32 = 0;
  for (let slot = index.freeHead; slot != NONE; slot = index.twin(slot)) {
    if (index.state(slot) != State.Free || count++ == index.freeCount) return false;
  }
  return count == index.freeCount;
}

/** Whether each of `count` u32 is below `limit` or NONE. */
function slotsBelow(at: usize, count: u32, limit: u32): bool {
  const end = at + (<usize>count << 2);
  let highest = i32x4.splat(0);
  // NONE + 1 = 0, so one comparison serves both
  for (; at + 16 <= end; at += 16) highest = i32x4.max_u(highest, i32x4.add(v128.load(at), i32x4.splat(1)));
  for (; at < end; at += 4) highest = i32x4.max_u(highest, i32x4.splat(load<u32>(at) + 1));
  return !v128.any_true(i32x4.gt_u(highest, i32x4.splat(limit)));
}
