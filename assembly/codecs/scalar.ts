/**
 * Scalar quantization: each component becomes an integer, x ≈ mean + step × (c − middle). The model holds a mean and a
 * step for each component; a query's components are multiplied by the steps beforehand, so that an inner product is a sum
 * of products of bytes (the affine form of pyglass's and Qdrant's codecs, made per component).
 *
 *   sq8   c = 0 … 127, a byte each: of eight bits seven, so that relaxed products are exact (simd.ts). Rows of sq8, which are
 *         only ever unpacked, have all eight: c = 0 … 255
 *   sq4   c = 0 … 15, two a byte:    byte j of 16 holds component j in its low half and 16 + j in its high half
 *
 * With l2-squared the last four bytes of a code are the f32 Σ (step × (c − middle))². Whatever lies in a code beyond its
 * components meets a query that is 0 there.
 */
import { Metric, Region } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";
import { BYTE_QUERY_STRIDE, NIBBLE_BLOCKS_PER_SUM, NIBBLE_QUERY_STRIDE, dot16, dot32, highHalf, integerSums, nibbleMask, sums, widened } from "../simd";
import { byteQueryScale, writeByteQuery, writeNibbleQuery } from "./bytequery";
import { roundUp } from "./sizes";
import { touchBytesOf, touchRow } from "./touch";

const MIDDLE_8: f32 = 64;
const MIDDLE_ROW: f32 = 128;
const MIDDLE_4: f32 = 7.5;

/** Where a model keeps its steps: behind the means. */
@inline function stepsOf(model: usize, dimensions: u32): usize { return model + (<usize>roundUp(dimensions, 32) << 2); }

/** The codes 0 … most of four components as i32. */
@inline function quantize(x: usize, mean: usize, step: usize, middle: v128, most: v128): v128 {
  const steps = v128.load(step);
  const scaled = f32x4.div(f32x4.sub(v128.load(x), v128.load(mean)), steps);
  // 0 / 0 where a component never changes: any code will do, the middle is right
  const sound = v128.and(scaled, f32x4.ne(steps, f32x4.splat(0)));
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.min(f32x4.max(f32x4.add(sound, middle), f32x4.splat(0)), most)));
}

/** Sixteen of them as bytes; a tail reads and means the padding of its vector. */
@inline function quantize16(x: usize, mean: usize, step: usize, middle: v128, most: v128): v128 {
  const a = quantize(x, mean, step, middle, most), b = quantize(x + 16, mean + 16, step + 16, middle, most);
  const c = quantize(x + 32, mean + 32, step + 32, middle, most), d = quantize(x + 48, mean + 48, step + 48, middle, most);
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/** `vector` is f32[dimensions], readable up to the next 128 bytes. */
export function encodeSq8(vector: usize, code: usize, model: usize, dimensions: u32): void {
  encodeBytes(vector, code, model, dimensions, MIDDLE_8);
}

export function encodeSq8Row(vector: usize, row: usize, model: usize, dimensions: u32): void {
  encodeBytes(vector, row, model, dimensions, MIDDLE_ROW);
}

function encodeBytes(vector: usize, code: usize, model: usize, dimensions: u32, half: f32): void {
  const steps = stepsOf(model, dimensions);
  const middle = f32x4.splat(half), most = f32x4.splat(2 * half - 1);
  for (let i: usize = 0; i < dimensions; i += 16) {
    v128.store(code + i, quantize16(vector + (i << 2), model + (i << 2), steps + (i << 2), middle, most));
  }
}

export function unpackSq8(code: usize, out: usize, model: usize, dimensions: u32): void {
  unpackBytes(code, out, model, dimensions, MIDDLE_8);
}

export function unpackSq8Row(row: usize, out: usize, model: usize, dimensions: u32): void {
  unpackBytes(row, out, model, dimensions, MIDDLE_ROW);
}

function unpackBytes(code: usize, out: usize, model: usize, dimensions: u32, middle: f32): void {
  const steps = stepsOf(model, dimensions);
  for (let i: usize = 0; i < dimensions; i += 16) {
    const codes = v128.load(code + i);
    const low = i16x8.extend_low_i8x16_u(codes), high = i16x8.extend_high_i8x16_u(codes);
    const at = i << 2;
    unpack4(i32x4.extend_low_i16x8_u(low), middle, out + at, model + at, steps + at);
    unpack4(i32x4.extend_high_i16x8_u(low), middle, out + at + 16, model + at + 16, steps + at + 16);
    unpack4(i32x4.extend_low_i16x8_u(high), middle, out + at + 32, model + at + 32, steps + at + 32);
    unpack4(i32x4.extend_high_i16x8_u(high), middle, out + at + 48, model + at + 48, steps + at + 48);
  }
}

@inline function unpack4(codes: v128, middle: f32, out: usize, mean: usize, step: usize): void {
  const centred = f32x4.sub(f32x4.convert_i32x4_u(codes), f32x4.splat(middle));
  v128.store(out, f32x4.add(v128.load(mean), f32x4.mul(v128.load(step), centred)));
}

export function encodeSq4(vector: usize, code: usize, model: usize, dimensions: u32): void {
  const steps = stepsOf(model, dimensions);
  const middle = f32x4.splat(MIDDLE_4), most = f32x4.splat(15);
  for (let i: usize = 0; i < dimensions; i += 32) {
    const at = i << 2;
    const low = quantize16(vector + at, model + at, steps + at, middle, most);
    const high = quantize16(vector + at + 64, model + at + 64, steps + at + 64, middle, most);
    v128.store(code + (i >> 1), v128.or(low, i8x16.shl(high, 4)));
  }
}

export function unpackSq4(code: usize, out: usize, model: usize, dimensions: u32): void {
  const steps = stepsOf(model, dimensions);
  for (let i: usize = 0; i < dimensions; i += 32) {
    const pairs = v128.load(code + (i >> 1));
    unpack16(v128.and(pairs, i8x16.splat(15)), out + (i << 2), model + (i << 2), steps + (i << 2));
    unpack16(i8x16.shr_u(pairs, 4), out + (i << 2) + 64, model + (i << 2) + 64, steps + (i << 2) + 64);
  }
}

@inline function unpack16(codes: v128, out: usize, mean: usize, step: usize): void {
  const low = i16x8.extend_low_i8x16_u(codes), high = i16x8.extend_high_i8x16_u(codes);
  unpack4(i32x4.extend_low_i16x8_u(low), MIDDLE_4, out, mean, step);
  unpack4(i32x4.extend_high_i16x8_u(low), MIDDLE_4, out + 16, mean + 16, step + 16);
  unpack4(i32x4.extend_low_i16x8_u(high), MIDDLE_4, out + 32, mean + 32, step + 32);
  unpack4(i32x4.extend_high_i16x8_u(high), MIDDLE_4, out + 48, mean + 48, step + 48);
}

/** Stores Σ (x − mean)² of an unpacked vector as the last four bytes of its code. */
export function writeSquare(unpacked: usize, code: usize, codeBytes: u32, model: usize, dimensions: u32): void {
  let squares = f32x4.splat(0);
  for (let at: usize = 0, end = <usize>roundUp(dimensions, 4) << 2; at < end; at += 16) {
    const t = f32x4.sub(v128.load(unpacked + at), v128.load(model + at));
    squares = f32x4.add(squares, f32x4.mul(t, t));
  }
  store<f32>(code + codeBytes - 4, f32x4.extract_lane(sums(squares, squares, squares, squares), 0));
}

/** What a code adds to a distance: nothing, or, with l2-squared, its square. */
@unmanaged @final export class NoSquare {
  @inline add(distances: v128, end: usize, a: usize, b: usize, c: usize, d: usize): v128 { return distances; }
}

@unmanaged @final export class Square {
  @inline add(distances: v128, end: usize, a: usize, b: usize, c: usize, d: usize): v128 {
    const squares = f32x4(load<f32>(a + end), load<f32>(b + end), load<f32>(c + end), load<f32>(d + end));
    return f32x4.add(distances, squares);
  }
}

/** The head that Sq8 and Sq4 share, so that one function prepares both. */
@unmanaged class Scalar {
  query: usize;       // a byte query, or one for nibbles
  codes: usize;
  codeBytes: usize;
  touchBytes: usize;
  blocks: usize;      // of 16 bytes that hold components
  scale: f32;         // distance = bias + scale × Σ query × code, plus the square
  bias: f32;
  fifteen: i32;       // see nibbleMask
}

function openScalar(scorer: Scalar, index: Index, work: Workspace, blocks: u32): void {
  scorer.query = work.codeQuery;
  scorer.codes = index.region(Region.Codes);
  scorer.codeBytes = index.codeBytes;
  scorer.touchBytes = touchBytesOf(index.codeBytes);
  scorer.blocks = blocks;
  scorer.fifteen = 15;
}

/**
 * Folds the model into the query. With p = Σ q x: cosine 1 − p, dot −p; l2-squared |q − mean|² + |x − mean|² − 2 Σ (q − mean)(x − mean).
 */
function prepareScalar(scorer: Scalar, index: Index, work: Workspace, vector: usize, middle: f32, nibbles: bool): void {
  const model = index.region(Region.Model);
  const steps = stepsOf(model, index.dimensions);
  const count = roundUp(index.dimensions, 32);
  const isL2 = index.metric == Metric.L2Squared;
  let constants = f32x4.splat(0);
  for (let at: usize = 0, end = <usize>count << 2, known = index.vectorBytes; at < end; at += 16) {
    const x = at < known ? v128.load(vector + at) : f32x4.splat(0);
    const mean = v128.load(model + at);
    const centred = isL2 ? f32x4.sub(x, mean) : x;
    constants = f32x4.add(constants, f32x4.mul(x, isL2 ? f32x4.splat(0) : mean));
    if (isL2) constants = f32x4.add(constants, f32x4.mul(centred, centred));
    v128.store(work.folded + at, f32x4.mul(centred, v128.load(steps + at)));
  }
  const constant = f32x4.extract_lane(sums(constants, constants, constants, constants), 0);
  const scale = byteQueryScale(work.folded, count);
  const total = nibbles ? writeNibbleQuery(work.folded, count, scale, scorer.query) : writeByteQuery(work.folded, count, scale, scorer.query);
  const offset = scale * middle * <f32>total;
  if (isL2) {
    scorer.scale = -2 * scale;
    scorer.bias = constant + 2 * offset;
  } else {
    scorer.scale = -scale;
    scorer.bias = (index.metric == Metric.Cosine ? 1 : 0) - constant + offset;
  }
}

@inline function finish<T>(scorer: Scalar, products: v128, a: usize, b: usize, c: usize, d: usize): v128 {
  const distances = f32x4.add(f32x4.splat(scorer.bias), f32x4.mul(f32x4.splat(scorer.scale), f32x4.convert_i32x4_s(products)));
  return changetype<T>(0).add(distances, scorer.codeBytes - 4, a, b, c, d);
}

@unmanaged @final export class Sq8<T> extends Scalar {
  open(index: Index, work: Workspace): void { openScalar(this, index, work, (index.dimensions + 15) >> 4); }
  prepare(index: Index, work: Workspace, vector: usize): void { prepareScalar(this, index, work, vector, MIDDLE_8, false); }
  @inline touch(slot: u32): u32 { return touchRow(this.codes + <usize>slot * this.codeBytes, this.touchBytes); }

  distances(sa: u32, sb: u32, sc: u32, sd: u32): v128 {
    const a = this.codes + <usize>sa * this.codeBytes, b = this.codes + <usize>sb * this.codeBytes;
    const c = this.codes + <usize>sc * this.codeBytes, d = this.codes + <usize>sd * this.codeBytes;
    let a0 = i32x4.splat(0), b0 = a0, c0 = a0, d0 = a0;
    let query = this.query;
    for (let i: usize = 0, n = this.blocks << 4; i < n; i += 16) {
      const low = v128.load(query), high = highHalf(query);
      a0 = dot16(low, high, v128.load(a + i), a0);
      b0 = dot16(low, high, v128.load(b + i), b0);
      c0 = dot16(low, high, v128.load(c + i), c0);
      d0 = dot16(low, high, v128.load(d + i), d0);
      query += BYTE_QUERY_STRIDE;
    }
    return finish<T>(this, integerSums(a0, b0, c0, d0), a, b, c, d);
  }
}

@unmanaged @final export class Sq4<T> extends Scalar {
  open(index: Index, work: Workspace): void { openScalar(this, index, work, (index.dimensions + 31) >> 5); }
  prepare(index: Index, work: Workspace, vector: usize): void { prepareScalar(this, index, work, vector, MIDDLE_4, true); }
  @inline touch(slot: u32): u32 { return touchRow(this.codes + <usize>slot * this.codeBytes, this.touchBytes); }

  distances(sa: u32, sb: u32, sc: u32, sd: u32): v128 {
    const a = this.codes + <usize>sa * this.codeBytes, b = this.codes + <usize>sb * this.codeBytes;
    const c = this.codes + <usize>sc * this.codeBytes, d = this.codes + <usize>sd * this.codeBytes;
    const zero = i32x4.splat(0), nibble = nibbleMask(this.fifteen);
    let a0 = zero, b0 = zero, c0 = zero, d0 = zero;
    let query = this.query;
    for (let i: usize = 0, n = this.blocks << 4; i < n;) {
      let a1 = zero, b1 = zero, c1 = zero, d1 = zero;
      for (const stop = min(n, i + (NIBBLE_BLOCKS_PER_SUM << 4)); i < stop; i += 16) {
        a1 = dot32(query, v128.load(a + i), nibble, a1);
        b1 = dot32(query, v128.load(b + i), nibble, b1);
        c1 = dot32(query, v128.load(c + i), nibble, c1);
        d1 = dot32(query, v128.load(d + i), nibble, d1);
        query += NIBBLE_QUERY_STRIDE;
      }
      a0 = i32x4.add(a0, widened(a1));
      b0 = i32x4.add(b0, widened(b1));
      c0 = i32x4.add(c0, widened(c1));
      d0 = i32x4.add(d0, widened(d1));
    }
    return finish<T>(this, integerSums(a0, b0, c0, d0), a, b, c, d);
  }
}
