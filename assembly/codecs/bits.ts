/**
 * One bit a component: whether it is positive. Two codecs share the words and the kernel.
 *
 *   bq    u64[words] of x − mean                                       distance: bits that differ
 *   rq1   u64[space / 64] of a rotated x │ f32 factor │ f32 |x|²       distance: from an estimate of x·q
 *
 * rq1 is RaBitQ (Gao & Long 2024, arXiv 2405.12497, sections 3.1 and 3.2): x·q ≈ factor × Σ q[i] × sign[i], where factor =
 * |x|² / Σ |x[i]| makes the estimate exact for q = x and unbiased over rotations. The query is rounded to odd multiples of a
 * step and cut into bit planes (section 3.3), here symmetric around 0, so that no sum over the code's bits is needed:
 *
 *   q[i] ≈ step × Σ 2^p × (2 × plane[p][i] − 1)        Σ q[i] × sign[i] ≈ step × Σ 2^p × (space − 2 × popcnt(code ^ plane[p]))
 *
 * Bit i lies in word i >> 6. Padding bits are 0 on both sides.
 */
import { Metric, Region } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";
import { spaceOf } from "./sizes";
import { touchBytesOf, touchRow } from "./touch";

/**
 * Bit planes of a query of rq1. With four, estimates err by 1 % more and recall loses up to one point; a sixth gains
 * nothing. Nor did cutting a query's outliers off, so that the others get finer levels.
 */
export const PLANES: u32 = 5;

export function rq1CodeBytes(space: u32): usize { return (<usize>space >> 3) + 8; }
export function bqCodeBytes(dimensions: u32): usize { return (<usize>dimensions + 63) >> 6 << 3; }
/** f32[dimensions], zero-padded to a multiple of 16 components: the mean. */
export function bqModelBytes(dimensions: u32): usize { return (<usize>dimensions + 15) >> 4 << 6; }
/** Bytes of a prepared query. */
export function rq1QueryBytes(space: u32): usize { return (<usize>space >> 3) * PLANES; }
export function bqQueryBytes(dimensions: u32): usize { return bqCodeBytes(dimensions); }

/** Writes the bits of x − mean; both are zero-padded to a multiple of 16 components. */
export function encodeSigns(vector: usize, code: usize, mean: usize, dimensions: u32): void {
  memory.fill(code, 0, bqCodeBytes(dimensions));
  for (const end = vector + (<usize>dimensions << 2); vector < end; vector += 64, mean += 64, code += 2) {
    const a = f32x4.gt(v128.load(vector), v128.load(mean)), b = f32x4.gt(v128.load(vector, 16), v128.load(mean, 16));
    const c = f32x4.gt(v128.load(vector, 32), v128.load(mean, 32)), d = f32x4.gt(v128.load(vector, 48), v128.load(mean, 48));
    store<u16>(code, <u16>i8x16.bitmask(bytesOf(a, b, c, d)));
  }
}

/** Writes what the bits stand for, given how long x − mean mostly is. Both are readable and writable up to 16 components. */
export function unpackSigns(code: usize, out: usize, mean: usize, length: f32, dimensions: u32): void {
  const one = length / Mathf.sqrt(<f32>dimensions);
  for (let i: u32 = 0; i < dimensions; i += 16) {
    const at = <usize>i << 2;
    const bits: u32 = load<u16>(code + (<usize>i >> 3));
    for (let j: u32 = 0; j < 16; j += 4) {
      const to = at + (<usize>j << 2);
      v128.store(out + to, f32x4.add(v128.load(mean + to), signs(bits >> j, one)));
    }
  }
  for (let i = dimensions; i & 15; i++) store<f32>(out + (<usize>i << 2), 0);
}

/** +one where a bit of the lowest four is set, else −one. */
@inline function signs(bits: u32, one: f32): v128 {
  const isSet = i32x4.ne(v128.and(i32x4.splat(bits), i32x4(1, 2, 4, 8)), i32x4.splat(0));
  return v128.bitselect(f32x4.splat(one), f32x4.splat(-one), isSet);
}

/** Writes the code of a rotated vector, f32[space]. */
export function encodeRq1(vector: usize, code: usize, space: u32): void {
  const zero = f32x4.splat(0);
  let squares = zero, lengths = zero;
  for (const end = vector + (<usize>space << 2); vector < end; vector += 64, code += 2) {
    const a = v128.load(vector), b = v128.load(vector, 16), c = v128.load(vector, 32), d = v128.load(vector, 48);
    squares = f32x4.add(squares, f32x4.add(
      f32x4.add(f32x4.mul(a, a), f32x4.mul(b, b)), f32x4.add(f32x4.mul(c, c), f32x4.mul(d, d))));
    lengths = f32x4.add(lengths, f32x4.add(f32x4.add(f32x4.abs(a), f32x4.abs(b)), f32x4.add(f32x4.abs(c), f32x4.abs(d))));
    store<u16>(code, <u16>i8x16.bitmask(bytesOf(f32x4.gt(a, zero), f32x4.gt(b, zero), f32x4.gt(c, zero), f32x4.gt(d, zero))));
  }
  const square = total(squares), length = total(lengths);
  store<f32>(code, length > 0 ? square / length : 0);
  store<f32>(code, square, 4);
}

/** Writes the rotated vector that a code stands for, f32[space]; 2 / π × factor is the mean of |x[i]|, if they are Gaussian. */
export function unpackRq1(code: usize, out: usize, space: u32): void {
  const one = load<f32>(code + (<usize>space >> 3)) * 0.6366197723675814;
  for (let i: u32 = 0; i < space; i += 16) {
    const bits: u32 = load<u16>(code + (<usize>i >> 3));
    for (let j: u32 = 0; j < 16; j += 4) v128.store(out + (<usize>(i + j) << 2), signs(bits >> j, one));
  }
}

/** Lays a scorer. `bits` has room for bqQueryBytes(dimensions) and holds the query from now on; `codes` is the first slot's code. */
export function prepareBq(scorer: Bits<OnePlane>, query: usize, mean: usize, bits: usize, codes: usize, dimensions: u32): void {
  encodeSigns(query, bits, mean, dimensions);
  scorer.query = bits;
  scorer.codes = codes;
  scorer.codeBytes = bqCodeBytes(dimensions);
  scorer.wordBytes = scorer.codeBytes;
}

/** Lays a scorer for a rotated query, f32[space]. `planes` has room for rq1QueryBytes(space) and holds the query from now on. */
export function prepareRq1(scorer: Bits<SomePlanes>, metric: u32, query: usize, planes: usize, codes: usize, space: u32): void {
  let squares = f32x4.splat(0), most = squares;
  for (let i = query, end = query + (<usize>space << 2); i < end; i += 16) {
    const x = v128.load(i);
    squares = f32x4.add(squares, f32x4.mul(x, x));
    most = f32x4.pmax(most, f32x4.abs(x));
  }
  const square = total(squares);
  const largest = max(max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)), max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)));
  const product = writePlanes(query, space, largest / <f32>(1 << PLANES), planes);

  const l2 = metric == Metric.L2Squared;
  scorer.query = planes;
  scorer.codes = codes;
  scorer.codeBytes = rq1CodeBytes(space);
  scorer.wordBytes = <usize>space >> 3;
  scorer.most = <i32>space * ((1 << PLANES) - 1);
  const scale: f32 = product > 0 ? square / product : 0;
  scorer.scale = l2 ? -2 * scale : -scale;
  scorer.bias = l2 ? square : metric == Metric.Cosine ? 1 : 0;
  scorer.squareWeight = l2 ? 1 : 0;
}

/**
 * Writes u64[space / 64][PLANES]: bit planes of the level 0 … 2^PLANES − 1 of each component. Level n stands for the odd number
 * 2n + 1 − 2^PLANES. Returns Σ q × that number, which says what a step must be for the estimate of q·q to be exact.
 */
function writePlanes(query: usize, space: u32, step: f32, planes: usize): f32 {
  const inverse = f32x4.splat(step > 0 ? 0.5 / step : 0);
  let products = f32x4.splat(0);
  for (const end = query + (<usize>space << 2); query < end; query += 256, planes += PLANES << 3) {
    for (let part: usize = 0; part < 4; part++) {
      const from = query + (part << 6);
      const a = levels(v128.load(from), inverse), b = levels(v128.load(from, 16), inverse);
      const c = levels(v128.load(from, 32), inverse), d = levels(v128.load(from, 48), inverse);
      products = f32x4.add(products, f32x4.add(
        f32x4.add(f32x4.mul(v128.load(from), odd(a)), f32x4.mul(v128.load(from, 16), odd(b))),
        f32x4.add(f32x4.mul(v128.load(from, 32), odd(c)), f32x4.mul(v128.load(from, 48), odd(d)))));
      const bytes = bytesOf(a, b, c, d);
      for (let plane: u32 = 0; plane < PLANES; plane++) {
        store<u16>(planes + (<usize>plane << 3) + (part << 1), <u16>i8x16.bitmask(i8x16.shl(bytes, 7 - plane)));
      }
    }
  }
  return total(products);
}

@inline function levels(values: v128, inverse: v128): v128 {
  const half = 1 << (PLANES - 1);
  const level = i32x4.add(i32x4.trunc_sat_f32x4_s(f32x4.floor(f32x4.mul(values, inverse))), i32x4.splat(half));
  return i32x4.min_s(i32x4.max_s(level, i32x4.splat(0)), i32x4.splat((half << 1) - 1));
}

@inline function odd(level: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.sub(i32x4.shl(level, 1), i32x4.splat((1 << PLANES) - 1)));
}

/** Sixteen small integers as bytes. */
@inline function bytesOf(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

@inline function total(lanes: v128): f32 {
  return f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3);
}

/** A query of one plane, the distance the bits that differ. `changetype<OnePlane>(0)` is a type, never an address. */
@unmanaged @final export class OnePlane {
  prepare(scorer: Bits<OnePlane>, index: Index, work: Workspace, vector: usize): void {
    prepareBq(scorer, vector, index.region(Region.Model), work.codeQuery, index.region(Region.Codes), index.dimensions);
  }

  @inline stride(): usize { return 8; }
  @inline count(code: u64, query: usize): u64 { return popcnt<u64>(code ^ load<u64>(query)); }
  @inline finish(scorer: Bits<OnePlane>, counts: v128, a: usize, b: usize, c: usize, d: usize): v128 { return f32x4.convert_i32x4_s(counts); }
}

/** A query of PLANES planes, the highest first; the distance is bias + |x|² × squareWeight + factor × scale × (most − 2 × Σ 2^p × bits that differ). */
@unmanaged @final export class SomePlanes {
  prepare(scorer: Bits<SomePlanes>, index: Index, work: Workspace, vector: usize): void {
    prepareRq1(scorer, index.metric, vector, work.codeQuery, index.region(Region.Codes), spaceOf(index));
  }

  @inline stride(): usize { return PLANES << 3; }

  @inline count(code: u64, query: usize): u64 {
    let sum = popcnt<u64>(code ^ load<u64>(query, 32)) << 1;
    sum = (sum + popcnt<u64>(code ^ load<u64>(query, 24))) << 1;
    sum = (sum + popcnt<u64>(code ^ load<u64>(query, 16))) << 1;
    sum = (sum + popcnt<u64>(code ^ load<u64>(query, 8))) << 1;
    return sum + popcnt<u64>(code ^ load<u64>(query));
  }

  /** a … d: the terms behind each code. */
  @inline finish(scorer: Bits<SomePlanes>, counts: v128, a: usize, b: usize, c: usize, d: usize): v128 {
    const ab = v128.shuffle<f32>(v128.load64_zero(a), v128.load64_zero(b), 0, 4, 1, 5);   // factor factor |x|² |x|²
    const cd = v128.shuffle<f32>(v128.load64_zero(c), v128.load64_zero(d), 0, 4, 1, 5);
    const factors = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), squares = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    const sums = f32x4.convert_i32x4_s(i32x4.sub(i32x4.splat(scorer.most), i32x4.shl(counts, 1)));
    const fixed = f32x4.add(f32x4.splat(scorer.bias), f32x4.mul(squares, f32x4.splat(scorer.squareWeight)));
    return f32x4.add(fixed, f32x4.mul(f32x4.mul(factors, f32x4.splat(scorer.scale)), sums));
  }
}

/** 32 bytes. Scalar: sixty-four bits are counted by one instruction, and no vector of them is in WebAssembly. */
@unmanaged @final export class Bits<P> {
  query: usize;       // u64[words][planes]
  codes: usize;       // u8[extent][codeBytes]
  codeBytes: usize;
  wordBytes: usize;   // of the bits in a code
  most: i32;          // the fields from here on: rq1 only, see SomePlanes
  scale: f32;
  bias: f32;
  squareWeight: f32;  // 0 unless l2

  open(index: Index, work: Workspace): void {}
  prepare(index: Index, work: Workspace, vector: usize): void { changetype<P>(0).prepare(this, index, work, vector); }

  @inline code(slot: u32): usize { return this.codes + <usize>slot * this.codeBytes; }

  /** Distances of four slots to the query. */
  @inline distances(a: u32, b: u32, c: u32, d: u32): v128 {
    return this.measure(this.code(a), this.code(b), this.code(c), this.code(d));
  }

  /** Starts fetching a code; its end too, which may lie in a line more. The result must be used, or the loads are dropped. */
  @inline touch(slot: u32): u32 {
    const code = this.code(slot);
    return load<u32>(code + this.codeBytes - 4) | touchRow(code, touchBytesOf(this.codeBytes));
  }

  private measure(a: usize, b: usize, c: usize, d: usize): v128 {
    const planes = changetype<P>(0);
    const n = this.wordBytes;
    let sa: u64 = 0, sb: u64 = 0, sc: u64 = 0, sd: u64 = 0;
    let query = this.query;
    for (let i: usize = 0; i < n; i += 8, query += planes.stride()) {
      sa += planes.count(load<u64>(a + i), query);
      sb += planes.count(load<u64>(b + i), query);
      sc += planes.count(load<u64>(c + i), query);
      sd += planes.count(load<u64>(d + i), query);
    }
    let counts = i32x4.splat(<i32>sa);
    counts = i32x4.replace_lane(counts, 1, <i32>sb);
    counts = i32x4.replace_lane(counts, 2, <i32>sc);
    counts = i32x4.replace_lane(counts, 3, <i32>sd);
    return planes.finish(this, counts, a + n, b + n, c + n, d + n);
  }
}
