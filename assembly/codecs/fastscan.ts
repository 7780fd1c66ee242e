/**
 * Product quantization with up to 16 centroids a segment, whose tables lie in one SIMD register each (André, Kermarrec,
 * Le Scouarnec, "Accelerated Nearest Neighbor Search with Quick ADC", 2017, §3). For scans: 32 slots at a time.
 *
 *   codes   u8[blocks][segments][16]   a block holds the slots 32b … 32b + 31
 *
 *           byte j of a segment:  │ slot 16 + j │ slot j │
 *                                 └─ high four ─┴─ low ──┘
 *   table   u8[segments][16]           a query's distances to the centroids, see quantizeTable
 *
 * Sums of table entries are exact integers, so that a block and single slots are measured the same.
 */
import { Metric, Region } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";
import { madd } from "../simd";
import { centroidLanes, fillTable, nearestCentroid, pqTableBytes } from "./pq";
import { touchBytesOf, touchRow } from "./touch";

/** So many entries of 255 fit 16 bits. */
const SEGMENTS_PER_FOLD: usize = 256;

export const BLOCK_SLOTS: u32 = 32;

/** Where the slot's code of the first segment lies. */
@inline function byteOf(codes: usize, slot: u32, blockBytes: usize): usize {
  return codes + <usize>(slot >> 5) * blockBytes + (slot & 15);
}

@inline function shiftOf(slot: u32): u32 { return (slot & 16) >> 2; }

/** Writes a slot's code into its block; the others' stay. */
export function encodeBlock(vector: usize, codes: usize, slot: u32, model: usize, segments: u32, sub: u32, centroids: u32): void {
  const width = centroidLanes(centroids), shift = shiftOf(slot);
  const keep = 0xf0 >> shift;
  let at = byteOf(codes, slot, <usize>segments << 4);
  for (let s: u32 = 0; s < segments; s++) {
    store<u8>(at, (load<u8>(at) & keep) | (<u32>nearestCentroid(vector, model, sub, width) << shift));
    vector += <usize>sub << 2;
    model += <usize>sub * width << 2;
    at += 16;
  }
}

/** Writes f32[segments × sub], the centroids that a slot's code stands for. */
export function unpackBlock(codes: usize, slot: u32, out: usize, model: usize, segments: u32, sub: u32, centroids: u32): void {
  const rowBytes = <usize>centroidLanes(centroids) << 2, shift = shiftOf(slot);
  let at = byteOf(codes, slot, <usize>segments << 4);
  for (let s: u32 = 0; s < segments; s++) {
    let from = model + (<usize>((load<u8>(at) >> shift) & 15) << 2);
    for (const end = out + (<usize>sub << 2); out < end; out += 4) {
      store<f32>(out, load<f32>(from));
      from += rowBytes;
    }
    model += rowBytes * sub;
    at += 16;
  }
}

/**
 * Writes a query's table as bytes. `from` is f32[segments][width] as pq.ts fills it. All segments share one step, each
 * starts at its own least entry; what they leave out, and `bias` (1 for cosine), is added once.
 */
export function quantizeTable(scorer: FastScan, from: usize, centroids: u32, bias: f32): void {
  const rowBytes = <usize>centroidLanes(centroids) << 2;
  const end = from + scorer.blockBytes / 16 * rowBytes;
  let range: f32 = 0, offset = <f64>bias;
  for (let row = from; row < end; row += rowBytes) {
    const least = leastOf(row, rowBytes);
    range = max(range, mostOf(row, rowBytes) - least);
    offset += least;
  }
  scorer.step = range / 255;
  scorer.bias = <f32>offset;
  const inverse = f32x4.splat(range ? 255 / range : 0);
  let to = scorer.table;
  for (let row = from; row < end; row += rowBytes) {
    const least = f32x4.splat(leastOf(row, rowBytes));
    const zero = i32x4.splat(0);
    const a = steps(row, least, inverse);
    const b = rowBytes > 16 ? steps(row + 16, least, inverse) : zero;
    const c = rowBytes > 32 ? steps(row + 32, least, inverse) : zero;
    const d = rowBytes > 48 ? steps(row + 48, least, inverse) : zero;
    v128.store(to, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
    to += 16;
  }
}

@inline function steps(at: usize, least: v128, inverse: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(f32x4.sub(v128.load(at), least), inverse)));
}

function leastOf(row: usize, rowBytes: usize): f32 {
  let least = v128.load(row);
  for (let i: usize = 16; i < rowBytes; i += 16) least = f32x4.pmin(least, v128.load(row + i));
  const pairs = f32x4.pmin(least, v128.shuffle<f32>(least, least, 2, 3, 0, 1));
  return min(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

function mostOf(row: usize, rowBytes: usize): f32 {
  let most = v128.load(row);
  for (let i: usize = 16; i < rowBytes; i += 16) most = f32x4.pmax(most, v128.load(row + i));
  const pairs = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

@unmanaged @final export class FastScan {
  codes: usize;       // u8[blocks][segments][16]
  blockBytes: usize;  // segments × 16
  touchBytes: usize;
  table: usize;       // u8[segments][16]
  step: f32;          // distance = bias + step × sum of entries
  bias: f32;
  blockDistances: usize;  // f32[32], of the block measured last

  open(index: Index, work: Workspace): void {
    this.codes = index.region(Region.Codes);
    this.blockBytes = <usize>index.segments << 4;
    this.touchBytes = touchBytesOf(this.blockBytes);
    this.table = work.codeQuery + <usize>pqTableBytes(index.segments, index.centroids);
    this.blockDistances = (this.table + this.blockBytes + 63) & ~63;
  }

  prepare(index: Index, work: Workspace, vector: usize): void {
    const table = work.codeQuery;
    fillTable(index.metric, vector, index.region(Region.Model), table, index.segments, index.dimensions / index.segments, index.centroids);
    quantizeTable(this, table, index.centroids, index.metric == Metric.Cosine ? 1 : 0);
  }

  /** Distances of four slots to the query that the table is of. */
  @inline distances(a: u32, b: u32, c: u32, d: u32): v128 {
    return this.distancesOf(this.sumsOf(a, b, c, d));
  }

  /** Starts fetching a slot's block; the result must be used, or the loads are dropped. */
  @inline touch(slot: u32): u32 { return touchRow(this.codes + <usize>(slot >> 5) * this.blockBytes, this.touchBytes); }

  /** Writes f32[32], the distances of slots `first` … `first` + 31, to 16-byte aligned memory; `first` is a multiple of 32. */
  block(first: u32, out: usize): void {
    const blockBytes = this.blockBytes;
    let at = this.codes + <usize>(first >> 5) * blockBytes;
    let table = this.table;
    const end = at + blockBytes;
    for (let i: usize = 0; i < 128; i += 16) v128.store(out + i, i32x4.splat(0));
    while (at < end) {
      const stop = min(end, at + SEGMENTS_PER_FOLD * 16);
      addBlock(at, stop, table, out);
      table += stop - at;
      at = stop;
    }
    for (let i: usize = 0; i < 128; i += 16) v128.store(out + i, this.distancesOf(v128.load(out + i)));
  }

  @inline private distancesOf(sums: v128): v128 {
    // at most 65,535 segments × 255: below 2^24, so no sum is rounded
    return madd(f32x4.splat(this.step), f32x4.convert_i32x4_u(sums), f32x4.splat(this.bias));
  }

  private sumsOf(a: u32, b: u32, c: u32, d: u32): v128 {
    const codes = this.codes, blockBytes = this.blockBytes;
    const atA = byteOf(codes, a, blockBytes), atB = byteOf(codes, b, blockBytes);
    const atC = byteOf(codes, c, blockBytes), atD = byteOf(codes, d, blockBytes);
    const shiftA = shiftOf(a), shiftB = shiftOf(b), shiftC = shiftOf(c), shiftD = shiftOf(d);
    const table = this.table;
    let sumA: u32 = 0, sumB: u32 = 0, sumC: u32 = 0, sumD: u32 = 0;
    for (let i: usize = 0; i < blockBytes; i += 16) {
      sumA += load<u8>(table + i + ((load<u8>(atA + i) >> shiftA) & 15));
      sumB += load<u8>(table + i + ((load<u8>(atB + i) >> shiftB) & 15));
      sumC += load<u8>(table + i + ((load<u8>(atC + i) >> shiftC) & 15));
      sumD += load<u8>(table + i + ((load<u8>(atD + i) >> shiftD) & 15));
    }
    return i32x4(sumA, sumB, sumC, sumD);
  }
}

/** The bytes of `table` at `indexes`, which are 0 … 15. Exact in every binary, relaxed or not, since none is larger. */
@inline function lookUp(table: v128, indexes: v128): v128 { return i8x16.swizzle(table, indexes); }

/**
 * Adds the entries of up to SEGMENTS_PER_FOLD segments to u32[32] sums. Sixteen bytes of entries are added as eight 16-bit
 * lanes, and their upper bytes once more apart; what the upper bytes put into the first sum is taken out at the end.
 *
 *   entries   e0 e1 │ e2 e3 │ …      all  += e0 + 256 e1    odd  += e1    at the end: even slots = all − 256 odd
 */
function addBlock(at: usize, end: usize, table: usize, sums: usize): void {
  const nibble = i8x16.splat(15);
  let lowAll = i16x8.splat(0), lowOdd = lowAll, highAll = lowAll, highOdd = lowAll;
  for (; at < end; at += 16) {
    const codes = v128.load(at), entries = v128.load(table);
    const low = lookUp(entries, v128.and(codes, nibble));
    const high = lookUp(entries, v128.and(i16x8.shr_u(codes, 4), nibble));
    lowAll = i16x8.add(lowAll, low);
    lowOdd = i16x8.add(lowOdd, i16x8.shr_u(low, 8));
    highAll = i16x8.add(highAll, high);
    highOdd = i16x8.add(highOdd, i16x8.shr_u(high, 8));
    table += 16;
  }
  addSixteen(lowAll, lowOdd, sums);
  addSixteen(highAll, highOdd, sums + 64);
}

/** Adds to u32[16], lanes put in order: even 0 2 4 …, odd 1 3 5 … ► 0 1 2 3 … */
@inline function addSixteen(all: v128, odd: v128, sums: usize): void {
  const even = i16x8.sub(all, i16x8.shl(odd, 8));
  const first = v128.shuffle<i16>(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
  const second = v128.shuffle<i16>(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
  v128.store(sums, i32x4.add(v128.load(sums), i32x4.extend_low_i16x8_u(first)));
  v128.store(sums, i32x4.add(v128.load(sums, 16), i32x4.extend_high_i16x8_u(first)), 16);
  v128.store(sums, i32x4.add(v128.load(sums, 32), i32x4.extend_low_i16x8_u(second)), 32);
  v128.store(sums, i32x4.add(v128.load(sums, 48), i32x4.extend_high_i16x8_u(second)), 48);
}
