/**
 * What the core exports. Addresses and numbers in, numbers out; `index` and `scratch` are base addresses, a search writes
 * only to its scratch area. The choice of a metric's instantiation is made here, once per call and outside every loop.
 */
import {
  FORMAT_VERSION, FilterKind, HEADER_BYTES, Header, IndexType, LEVEL_MAX, MAGIC, Metric, NONE, Region, State, Strategy,
} from "./layout";
import { Index, allot as allotSlot, extendTo, imageBytes as sizeOf, layOut as layOutRegions, arenaReserve, setBit } from "./image";
import { Workspace, openScratch as openArea, scratchBytes as areaBytes } from "./scratch";
import { Cosine, Dot, Hamming, L2Squared, Manhattan } from "./metrics";
import { f32Scorer } from "./codecs/f32";
import { prepareQuery, writeRow } from "./query";
import { distanceAt, slotAt } from "./pool";
import { Allowed, Everything } from "./filter";
import { scanAll, scanBitmap, scanList } from "./scan";
import { beam, descend } from "./hnsw/search";
import { firstRandomState, link, openLevels, randomLevel, remove as removeSlot, suspect, takeOut, vacate } from "./hnsw/insert";
import { sweep } from "./hnsw/repair";
import { collectHits, writeHit } from "./hnsw/hits";
export { writeImageHeader, usedBytes, checkImageHeader, checkImage } from "./verify";

/** First free address; an index may begin at any multiple of 64 from here. */
export function base(): usize { return (__heap_base + 63) & ~63; }

/** Writes the header of an empty index. `m` and `efConstruction` are 0 in a flat one. */
export function create(
  index: usize, type: u32, metric: u32, dimensions: u32, m: u32, efConstruction: u32, hasIds: bool, seed: u64,
): void {
  memory.fill(index, 0, HEADER_BYTES);
  const header = changetype<Index>(index);
  header.magic = MAGIC;
  header.version = FORMAT_VERSION;
  header.type = type;
  header.metric = metric;
  header.dimensions = dimensions;
  header.rowBytes = (dimensions * 4 + 15) & ~15;
  header.m = m;
  header.efConstruction = efConstruction;
  header.hasIds = hasIds;
  header.randomState = firstRandomState(seed);
  header.freeHead = NONE;
  header.entry = NONE;
  memory.fill(index + Header.ArenaFree, 0xff, LEVEL_MAX * 4);
  layOutRegions(header, 0, 0);
}

/** Bytes of an image with room for `slots`; f64, because it may exceed u32. */
export function imageBytes(index: usize, slots: u32, arenaBytes: u32): f64 {
  return <f64>sizeOf(changetype<Index>(index), slots, arenaBytes);
}

/** Bytes that must be free in the arena before each put. */
export function arenaBytesPerPut(index: usize): u32 { return arenaReserve(changetype<Index>(index)); }

/** Makes room in memory that is already there. */
export function layOut(index: usize, slots: u32, arenaBytes: u32): void {
  layOutRegions(changetype<Index>(index), slots, arenaBytes);
}

export function scratchBytes(index: usize, slots: u32, width: u32): f64 {
  return <f64>areaBytes(changetype<Index>(index), slots, width);
}

export function openScratch(index: usize, scratch: usize, width: u32): void {
  openArea(changetype<Index>(index), scratch, width);
}

/** Checks the query in scratch and makes it ready: 0 or a Status. */
export function prepare(index: usize, scratch: usize): i32 {
  return prepareQuery(changetype<Index>(index), changetype<Workspace>(scratch));
}

/** A slot for a new vector, to be filled by `put`. */
export function allot(index: usize): u32 { return allotSlot(changetype<Index>(index)); }

/** Stores the prepared query in a slot, in place of what was there, and links it. */
export function put(index: usize, scratch: usize, slot: u32): void {
  const header = changetype<Index>(index);
  if (slot >= header.extent) extendTo(header, slot);
  switch (header.metric) {
    case Metric.Cosine: return putWith<Cosine>(index, scratch, slot);
    case Metric.Dot: return putWith<Dot>(index, scratch, slot);
    case Metric.L2Squared: return putWith<L2Squared>(index, scratch, slot);
    case Metric.Manhattan: return putWith<Manhattan>(index, scratch, slot);
    default: return putWith<Hamming>(index, scratch, slot);
  }
}

function putWith<M>(at: usize, scratch: usize, slot: u32): void {
  const index = changetype<Index>(at);
  const work = changetype<Workspace>(scratch);
  const used = index.state(slot) != State.Free;
  if (used && index.isLive(slot)) takeOut(index, slot);
  if (index.type == IndexType.Flat) {
    writeRow(index, work, slot);
    index.setState(slot, 1);
  } else {
    const scorer = f32Scorer<M>(index, work);
    if (used) vacate(index, work, scorer, slot);
    else openLevels(index, slot, randomLevel(index));
    writeRow(index, work, slot);
    link(index, work, scorer, slot, used);
    if (used) suspect(index, slot);
  }
  setBit(index.region(Region.Live), slot);
  index.live++;
}

/** Takes a live slot out of what searches return. */
export function remove(index: usize, slot: u32): void { removeSlot(changetype<Index>(index), slot); }

/**
 * Finds the `k` nearest to the prepared query: hits in scratch, nearest first; returns how many. `filter` is a FilterKind,
 * `strategy` a Strategy; in Strategy.Auto up to `cutoff` vectors are scanned, NONE standing for the default. Whenever
 * fewer are found by walking than may be returned, they are found by scanning.
 */
export function search(index: usize, scratch: usize, k: u32, ef: u32, filter: u32, strategy: u32, cutoff: u32): u32 {
  switch (changetype<Index>(index).metric) {
    case Metric.Cosine: return searchWith<Cosine>(index, scratch, k, ef, filter, strategy, cutoff);
    case Metric.Dot: return searchWith<Dot>(index, scratch, k, ef, filter, strategy, cutoff);
    case Metric.L2Squared: return searchWith<L2Squared>(index, scratch, k, ef, filter, strategy, cutoff);
    case Metric.Manhattan: return searchWith<Manhattan>(index, scratch, k, ef, filter, strategy, cutoff);
    default: return searchWith<Hamming>(index, scratch, k, ef, filter, strategy, cutoff);
  }
}

function searchWith<M>(at: usize, scratch: usize, k: u32, ef: u32, filter: u32, strategy: u32, cutoff: u32): u32 {
  const index = changetype<Index>(at);
  const work = changetype<Workspace>(scratch);
  const scorer = f32Scorer<M>(index, work);
  const allowed = filter == FilterKind.None ? index.live : work.allowCount;
  const bits = filter == FilterKind.None ? index.region(Region.Live) : work.allow;
  if (!allowed) return 0;
  if (worthWalking(index, allowed, ef, filter, strategy, cutoff)) {
    const start = descend(index, work, scorer, 0);
    const some = changetype<Allowed>(bits);
    let count: u32 = 0;
    if (filter == FilterKind.None && !index.tombstones) {
      const everything = changetype<Everything>(0);
      beam(index, work, scorer, everything, start, 0, ef);
      count = collectHits(index, work, everything, k);
    } else if (filter == FilterKind.None || strategy == Strategy.Traverse || isAllowedAround(index, some, start, allowed)) {
      beam(index, work, scorer, some, start, 0, ef);
      count = collectHits(index, work, some, k);
    }
    if (count >= min(k, allowed)) return count;
  }
  if (filter == FilterKind.List) scanList(work, scorer, k);
  else if (filter == FilterKind.None && index.live == index.extent) scanAll(index, work, scorer, k);
  else scanBitmap(index, work, scorer, bits, k);
  for (let i: u32 = 0; i < work.poolSize; i++) writeHit(work, i, slotAt(work, i), distanceAt(work, i));
  return work.poolSize;
}

/**
 * A walk measures about m new nodes in each of about ef expansions, at random places instead of in order. On
 * 100,000 × 100 it was measured to cost as much as scanning 5 × ef × m vectors (bench/filter.js). Scans are exact, so where
 * it is close they are preferred.
 */
const WALK_COST: u64 = 6;

@inline function worthWalking(index: Index, allowed: u32, ef: u32, filter: u32, strategy: u32, cutoff: u32): bool {
  if (index.type == IndexType.Flat || index.entry == NONE || filter == FilterKind.List) return false;
  if (strategy != Strategy.Auto) return strategy == Strategy.Traverse;
  // among tombstones in the majority a walk loses its way, as it does among what a filter refuses
  if (filter == FilterKind.None && index.tombstones <= allowed) return allowed > ef;
  return <u64>allowed > (cutoff == NONE ? <u64>ef * index.m * WALK_COST : cutoff);
}

/**
 * Whether the filter allows about as large a share of the nodes two links around the query as of all, or more. Where it
 * does not, what it allows lies elsewhere, and a walk would find its way there late or never.
 */
function isAllowedAround(index: Index, filter: Allowed, start: u32, allowed: u32): bool {
  let seen: u32 = 0;
  let matching: u32 = 0;
  for (let at = index.links(start, 0), end = at + (<usize>index.m << 3); at < end; at += 4) {
    const link = load<u32>(at);
    if (link == NONE) break;
    for (let second = index.links(link, 0), stop = second + (<usize>index.m << 3); second < stop; second += 4) {
      const slot = load<u32>(second);
      if (slot == NONE) break;
      matching += u32(filter.has(slot));
      seen++;
    }
  }
  return <u64>matching * 4 * (index.live + index.tombstones) >= <u64>seen * allowed * 3;
}

/** Advances repair by up to `slots` slots; true while there is more to do. */
export function repair(index: usize, scratch: usize, slots: u32): bool {
  switch (changetype<Index>(index).metric) {
    case Metric.Cosine: return repairWith<Cosine>(index, scratch, slots);
    case Metric.Dot: return repairWith<Dot>(index, scratch, slots);
    case Metric.L2Squared: return repairWith<L2Squared>(index, scratch, slots);
    case Metric.Manhattan: return repairWith<Manhattan>(index, scratch, slots);
    default: return repairWith<Hamming>(index, scratch, slots);
  }
}

function repairWith<M>(at: usize, scratch: usize, slots: u32): bool {
  const index = changetype<Index>(at);
  const work = changetype<Workspace>(scratch);
  return sweep(index, work, f32Scorer<M>(index, work), slots);
}
