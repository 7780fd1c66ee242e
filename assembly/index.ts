/**
 * What the core exports. Addresses and numbers in, numbers out; `index` and `scratch` are base addresses, a search writes
 * only to its scratch area. The choice of a metric's instantiation is made here, once per call and outside every loop.
 */
import {
  Codec, FORMAT_VERSION, FullVectors, HEADER_BYTES, Header, IndexType, LEVEL_MAX, MAGIC, Metric, NONE, Region, State, Status,
} from "./layout";
import { Index, allot as allotSlot, clearUnused as clearUnusedOf, extendTo, imageBytes as sizeOf, layOut as layOutRegions, arenaReserve, setBit } from "./image";
import { Workspace, fullScorerOf, openScratch as openArea, scorerOf, scratchBytes as areaBytes } from "./scratch";
import { Cosine, Dot, Hamming, L2Squared, Manhattan } from "./metrics";
import { F32 } from "./codecs/f32";
import { Full, makeUnit, measureVectors } from "./codecs/full";
import { NoSquare, Sq4, Sq8, Square } from "./codecs/scalar";
import { Pq } from "./codecs/pq";
import { FastScan } from "./codecs/fastscan";
import { Bits, OnePlane, SomePlanes } from "./codecs/bits";
import { Rq8 } from "./codecs/rq8";
import { drawRotation, unrotate } from "./codecs/rotation";
import { codeBytesOf, isPacked, isRotated, modelBytes, rowBytesOf, rowModelBytes, spaceOf } from "./codecs/sizes";
import { aimAtOwn } from "./aim";
import { Search } from "./plan";
import { prepareQuery, settle, settleRow as settleSlot, writeVector } from "./query";
import { firstRandomState, link, openLevels, randomLevel, remove as removeSlot, suspect, takeOut, vacate } from "./hnsw/insert";
import { sweep } from "./hnsw/repair";
import { separateTwins as separate } from "./hnsw/twins";
export { kmeansBytes, kmeansCentroids, kmeansOpen, kmeansStep } from "./codecs/kmeans";
export { writeImageHeader, usedBytes, checkImageHeader, upgradeHeader, checkImage } from "./verify";

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
  header.rowBytes = <u32>header.vectorBytes;
  header.m = m;
  header.efConstruction = efConstruction;
  header.hasIds = hasIds;
  header.randomState = firstRandomState(seed);
  header.freeHead = NONE;
  header.entry = NONE;
  memory.fill(index + Header.ArenaFree, 0xff, LEVEL_MAX * 4);
  layOutRegions(header, 0, 0);
}

/**
 * Says how an empty index stores vectors. `segments` and `centroids` are of pq, `centred` of bq, and 0 otherwise. What is
 * trained is yet to be written to the model regions; a rotation is drawn by `drawModel` when there is room.
 */
export function setCodec(index: usize, codec: u32, fullVectors: u32, segments: u32, centroids: u32, centred: u32): void {
  const header = changetype<Index>(index);
  header.codec = codec;
  header.fullVectors = fullVectors;
  header.segments = segments;
  header.centroids = centroids;
  header.centred = centred;
  header.codeBytes = codeBytesOf(header);
  header.rowBytes = rowBytesOf(header);
}

/** Fills the models with what needs no training: a random rotation, a mean of zero. Their room must be there. */
export function drawModel(index: usize, seed: u64): void {
  const header = changetype<Index>(index);
  memory.fill(header.region(Region.Model), 0, <usize>modelBytes(header));
  memory.fill(header.region(Region.RowModel), 0, <usize>rowModelBytes(header));
  if (isRotated(header)) drawRotation(header.region(Region.Model), spaceOf(header), seed);
}

/** Stores the prepared query as the vector of a slot, and nothing else; slots passed over are free, and all zeros. */
export function encode(index: usize, scratch: usize, slot: u32): void {
  if (slot >= changetype<Index>(index).extent) extendTo(changetype<Index>(index), slot);
  writeVector(changetype<Index>(index), changetype<Workspace>(scratch), slot);
}

/** Leaves at Scratch.Rows, f32[dimensions], the best vector that is kept of a slot; of unit length or near it for cosine. */
export function decode(index: usize, scratch: usize, slot: u32): void {
  const header = changetype<Index>(index);
  const work = changetype<Workspace>(scratch);
  if (header.fullVectors == FullVectors.Memory) {
    memory.copy(work.rows, header.row(slot), header.rowBytes);
    return;
  }
  const full = fullScorerOf<Full>(work);
  full.open(header, work);
  const vector = full.vector(slot);
  if (header.fullVectors == FullVectors.External && isRotated(header)) unrotate(vector, spaceOf(header), header.region(Region.Model));
  memory.copy(work.rows, vector, header.dimensions * 4);
  // of a rotated vector some of the length may have come to lie beyond its components
  if (header.metric == Metric.Cosine) makeUnit(work.rows, header.vectorBytes);
}

/**
 * Exact distances of up to four vectors, f32[4][vectorBytes / 4] at Scratch.Rows, to the prepared query, as the first hit
 * distances. For cosine the vectors become of unit length. Returns 0, or a Status if one of them has no distance.
 */
export function measureRows(index: usize, scratch: usize, count: u32): i32 {
  const header = changetype<Index>(index);
  const work = changetype<Workspace>(scratch);
  const bytes = header.vectorBytes;
  for (let i: u32 = 0; i < count; i++) {
    const length = settle(header, work.rows + bytes * i);
    if (length < 0) return <i32>length;
  }
  const a = work.rows, b = a + bytes, c = b + bytes, d = c + bytes;
  v128.store(work.hitDistances, measureVectors(header.metric, work.query, a, b, c, d, bytes));
  return 0;
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

/** Zero where nothing is, after the regions of another index were copied here. */
export function clearUnused(index: usize): void { clearUnusedOf(changetype<Index>(index)); }

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

/** Completes a slot whose vector was written to its row from outside, as `put` would have stored it: 0 or a Status. */
export function settleRow(index: usize, slot: u32): i32 { return settleSlot(changetype<Index>(index), slot); }

/** A slot for a new vector, to be filled by `put`. */
export function allot(index: usize): u32 { return allotSlot(changetype<Index>(index)); }

/** Stores the prepared query in a slot, in place of what was there, and links it. */
export function put(index: usize, scratch: usize, slot: u32): void {
  const header = changetype<Index>(index);
  if (slot >= header.extent) extendTo(header, slot);
  changetype<Workspace>(scratch).slot = slot;
  dispatch<Put>(header, changetype<Workspace>(scratch));
}

@unmanaged @final class Put {
  run<S, P>(index: Index, work: Workspace, scorer: S, full: P): u32 {
    const slot = work.slot;
    const used = index.state(slot) != State.Free;
    if (used && index.isLive(slot)) takeOut(index, slot);
    if (index.type == IndexType.Flat) {
      writeVector(index, work, slot);
      index.setState(slot, 1);
    } else {
      if (used) vacate(index, work, scorer, full, slot);
      else openLevels(index, slot, randomLevel(index));
      writeVector(index, work, slot);
      aimAtOwn(index, work, scorer, full, slot);
      link(index, work, scorer, full, slot, used);
      if (used) suspect(index, slot);
    }
    setBit(index.region(Region.Live), slot);
    index.live++;
    return 0;
  }
}

/** Takes a live slot out of what searches return. */
export function remove(index: usize, slot: u32): void { removeSlot(changetype<Index>(index), slot); }

/**
 * Finds the `k` nearest to the prepared query: hits in scratch, nearest first; returns how many. `filter` is a FilterKind,
 * `strategy` a Strategy; in Strategy.Auto up to `cutoff` vectors are scanned, NONE standing for the default. Whenever
 * fewer are found by walking than may be returned, they are found by scanning. The nearest `rescore` by their codes, at
 * least k and at most ef, are measured again by full vectors; with 0 none are, and if `adaptive` only as many as are likely
 * to matter. Without codes there is nothing to rescore.
 */
export function search(index: usize, scratch: usize, k: u32, ef: u32, filter: u32, strategy: u32, cutoff: u32, rescore: u32, adaptive: bool): u32 {
  const header = changetype<Index>(index);
  const work = changetype<Workspace>(scratch);
  work.k = k;
  work.ef = ef;
  work.filter = filter;
  work.strategy = strategy;
  work.cutoff = cutoff;
  work.rescore = header.codec && header.fullVectors != FullVectors.External ? rescore : 0;
  work.adaptive = adaptive;
  work.rescored = 0;
  return dispatch<Search>(header, work);
}

/** Advances repair by up to `slots` slots; true while there is more to do. */
export function repair(index: usize, scratch: usize, slots: u32): u32 {
  changetype<Workspace>(scratch).slots = slots;
  return dispatch<Repair>(changetype<Index>(index), changetype<Workspace>(scratch));
}

@unmanaged @final class Repair {
  run<S, P>(index: Index, work: Workspace, scorer: S, full: P): u32 {
    return u32(sweep(index, work, scorer, full, work.slots));
  }
}

/** Links vectors of their own that hang on others as equal and are not, since they are stored anew. */
export function separateTwins(index: usize, scratch: usize): void {
  dispatch<SeparateTwins>(changetype<Index>(index), changetype<Workspace>(scratch));
}

@unmanaged @final class SeparateTwins {
  run<S, P>(index: Index, work: Workspace, scorer: S, full: P): u32 {
    separate(index, work, scorer, full);
    return 0;
  }
}

/** Runs an operation with the scorers that fit the index's codec and metric. */
function dispatch<O>(index: Index, work: Workspace): u32 {
  const l2 = index.metric == Metric.L2Squared;
  switch (index.codec) {
    case Codec.Sq8: return l2 ? runCoded<O, Sq8<Square>>(index, work) : runCoded<O, Sq8<NoSquare>>(index, work);
    case Codec.Sq4: return l2 ? runCoded<O, Sq4<Square>>(index, work) : runCoded<O, Sq4<NoSquare>>(index, work);
    case Codec.Pq: return isPacked(index) ? runCoded<O, FastScan>(index, work) : runCoded<O, Pq>(index, work);
    case Codec.Bq: return runCoded<O, Bits<OnePlane>>(index, work);
    case Codec.Rq8: return runCoded<O, Rq8>(index, work);
    case Codec.Rq1: return runCoded<O, Bits<SomePlanes>>(index, work);
  }
  switch (index.metric) {
    case Metric.Cosine: return runPlain<O, F32<Cosine>>(index, work);
    case Metric.Dot: return runPlain<O, F32<Dot>>(index, work);
    case Metric.L2Squared: return runPlain<O, F32<L2Squared>>(index, work);
    case Metric.Manhattan: return runPlain<O, F32<Manhattan>>(index, work);
    default: return runPlain<O, F32<Hamming>>(index, work);
  }
}

function runPlain<O, S>(index: Index, work: Workspace): u32 {
  const scorer = scorerOf<S>(work);
  scorer.open(index, work);
  return changetype<O>(0).run<S, S>(index, work, scorer, scorer);
}

function runCoded<O, S>(index: Index, work: Workspace): u32 {
  const scorer = scorerOf<S>(work);
  const full = fullScorerOf<Full>(work);
  scorer.open(index, work);
  full.open(index, work);
  return changetype<O>(0).run<S, Full>(index, work, scorer, full);
}
