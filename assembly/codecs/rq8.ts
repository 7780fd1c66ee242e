/**
 * Eight bits a component, after a rotation (rotation.ts): seven used, so that products with a byte query are exact integers
 * everywhere. Each vector has a range of its own, as in LVQ (Aguerrebere et al. 2023, arXiv 2304.04759, section 3), and needs
 * no training. A code:
 *
 *   u8[space] 0 … 127 │ f32 low │ f32 step │ f32 |x|² │ 4 bytes of zero          x[i] ≈ low + step × code[i]
 *
 * low and step are scaled so that the inner product of a vector and its code is exactly |x|²: what is left of the error is at
 * right angles to the vector, and a query close to it hardly sees it (Gao & Long 2024, arXiv 2405.12497, section 3.2).
 */
import { Metric, Region } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";
import { spaceOf } from "./sizes";
import { dot16, highHalf, integerSums, BYTE_QUERY_STRIDE } from "../simd";
import { byteQueryScale, writeByteQuery } from "./bytequery";
import { touchBytesOf, touchRow } from "./touch";

export function rq8CodeBytes(space: u32): usize { return <usize>space + 16; }

/** Writes the code of a rotated vector, f32[space]. */
export function encodeRq8(vector: usize, code: usize, space: u32): void {
  const end = vector + (<usize>space << 2);
  let lows = v128.load(vector), highs = lows;
  for (let i = vector; i < end; i += 16) {
    const x = v128.load(i);
    lows = f32x4.pmin(lows, x);
    highs = f32x4.pmax(highs, x);
  }
  const low = min(min(f32x4.extract_lane(lows, 0), f32x4.extract_lane(lows, 1)), min(f32x4.extract_lane(lows, 2), f32x4.extract_lane(lows, 3)));
  const high = max(max(f32x4.extract_lane(highs, 0), f32x4.extract_lane(highs, 1)), max(f32x4.extract_lane(highs, 2), f32x4.extract_lane(highs, 3)));
  const step = (high - low) / 127;
  const inverse: f32 = step > 0 ? 1 / step : 0;

  let squares = f32x4.splat(0), products = squares;
  const lowLanes = f32x4.splat(low), stepLanes = f32x4.splat(step), inverseLanes = f32x4.splat(inverse);
  for (let i = vector; i < end; i += 16, code += 4) {
    const x = v128.load(i);
    const level = f32x4.pmin(f32x4.nearest(f32x4.mul(f32x4.sub(x, lowLanes), inverseLanes)), f32x4.splat(127));
    squares = f32x4.add(squares, f32x4.mul(x, x));
    products = f32x4.add(products, f32x4.mul(x, f32x4.add(lowLanes, f32x4.mul(stepLanes, level))));
    const integers = i32x4.trunc_sat_f32x4_s(level);
    v128.store32_lane(code, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(integers, integers), integers), 0);
  }
  const square = total(squares), product = total(products);
  const scale: f32 = product > 0 ? square / product : 1;
  store<f32>(code, low * scale);
  store<f32>(code, step * scale, 4);
  store<f32>(code, square, 8);
  store<u32>(code, 0, 12);
}

/** Writes the rotated vector that a code stands for, f32[space]. */
export function unpackRq8(code: usize, out: usize, space: u32): void {
  const terms = code + space;
  const low = f32x4.splat(load<f32>(terms)), step = f32x4.splat(load<f32>(terms, 4));
  for (; code < terms; code += 4, out += 16) {
    const integers = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(code)));
    v128.store(out, f32x4.add(low, f32x4.mul(step, f32x4.convert_i32x4_u(integers))));
  }
}

/**
 * Lays a scorer for a rotated query, f32[space]. `bytes` has room for byteQueryBytes(space) and holds the query from now on;
 * `codes` is the first slot's code.
 */
export function prepareRq8(scorer: Rq8, metric: u32, query: usize, bytes: usize, codes: usize, space: u32): void {
  const scale = byteQueryScale(query, space);
  const sum = writeByteQuery(query, space, scale, bytes);
  const l2 = metric == Metric.L2Squared;
  scorer.query = bytes;
  scorer.codes = codes;
  scorer.codeBytes = rq8CodeBytes(space);
  scorer.space = space;
  scorer.bias = l2 ? squareOf(query, space) : metric == Metric.Cosine ? 1 : 0;
  scorer.stepWeight = l2 ? -2 * scale : -scale;
  scorer.lowWeight = scorer.stepWeight * <f32>sum;
  scorer.squareWeight = l2 ? 1 : 0;
}

/** |x|² of f32[space]. */
function squareOf(vector: usize, space: u32): f32 {
  let squares = f32x4.splat(0);
  for (const end = vector + (<usize>space << 2); vector < end; vector += 16) {
    const x = v128.load(vector);
    squares = f32x4.add(squares, f32x4.mul(x, x));
  }
  return total(squares);
}

@inline function total(lanes: v128): f32 {
  return f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3);
}

/** 32 bytes. distance = bias + low × lowWeight + |x|² × squareWeight + step × stepWeight × Σ query × code; alike in every binary. */
@unmanaged @final export class Rq8 {
  query: usize;       // see bytequery.ts; `space` components
  codes: usize;       // u8[extent][codeBytes]
  codeBytes: usize;
  space: usize;
  bias: f32;
  lowWeight: f32;
  stepWeight: f32;
  squareWeight: f32;  // 0 unless l2

  open(index: Index, work: Workspace): void {}
  prepare(index: Index, work: Workspace, vector: usize): void {
    prepareRq8(this, index.metric, vector, work.codeQuery, index.region(Region.Codes), spaceOf(index));
  }

  @inline code(slot: u32): usize { return this.codes + <usize>slot * this.codeBytes; }

  /** Distances of four slots to the query. */
  @inline distances(a: u32, b: u32, c: u32, d: u32): v128 {
    return this.measure(this.code(a), this.code(b), this.code(c), this.code(d));
  }

  /** Starts fetching a code; the result must be used, or the loads are dropped. */
  @inline touch(slot: u32): u32 { return touchRow(this.code(slot), touchBytesOf(this.codeBytes)); }

  private measure(a: usize, b: usize, c: usize, d: usize): v128 {
    let sa = i32x4.splat(0), sb = sa, sc = sa, sd = sa;
    let query = this.query;
    for (const end = a + this.space; a < end; query += BYTE_QUERY_STRIDE) {
      const low = v128.load(query), high = highHalf(query);
      sa = dot16(low, high, v128.load(a), sa); a += 16;
      sb = dot16(low, high, v128.load(b), sb); b += 16;
      sc = dot16(low, high, v128.load(c), sc); c += 16;
      sd = dot16(low, high, v128.load(d), sd); d += 16;
    }
    return this.finish(f32x4.convert_i32x4_s(integerSums(sa, sb, sc, sd)), v128.load(a), v128.load(b), v128.load(c), v128.load(d));
  }

  /**
   * Takes four integer sums and what lies behind four codes; the transpose makes lanes of rows.
   *
   *   low step |x|² 0     low low step step     low low low low
   *   low step |x|² 0  ►  |x|² |x|² 0 0      ►  step step step step
   *   …                   …                     |x|² |x|² |x|² |x|²
   */
  @inline private finish(sums: v128, a: v128, b: v128, c: v128, d: v128): v128 {
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const lows = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), steps = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    const squares = v128.shuffle<f32>(v128.shuffle<f32>(a, b, 2, 6, 2, 6), v128.shuffle<f32>(c, d, 2, 6, 2, 6), 0, 1, 4, 5);
    const fixed = f32x4.add(f32x4.splat(this.bias), f32x4.mul(squares, f32x4.splat(this.squareWeight)));
    const low = f32x4.mul(lows, f32x4.splat(this.lowWeight));
    return f32x4.add(fixed, f32x4.add(low, f32x4.mul(f32x4.mul(steps, f32x4.splat(this.stepWeight)), sums)));
  }
}
