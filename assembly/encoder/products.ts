/**
 * Matrix products: rows of activations by a matrix of weights in panels (layout.ts). Four rows at a time, so `rows` is a multiple of four.
 *
 *   out[row][column] = max(floor, sum + bias[column])        or        out[row][column] += sum + bias[column]
 */
import { madd, sums } from '../simd';
import { Panel } from './layout';

/** Activations become 14-bit integers: a sum of 1,536 products with a byte fits into 32 bits, and costs no accuracy worth the name. */
const ACTIVATION_MAX: f32 = 8191;
const ROWS: u32 = 4;

/** What becomes of four sums. */
@inline function finish(out: usize, sum: v128, bias: v128, isAdded: bool, floor: v128): void {
  const value = f32x4.add(sum, bias);
  v128.store(out, isAdded ? f32x4.add(v128.load(out), value) : f32x4.max(value, floor));
}

/** `x`: f32[rows][inner]; `weights`: f32 panels; `bias`: f32[columns]; `out`: f32[rows][columns]. */
export function f32Product(x: usize, rows: u32, inner: u32, weights: usize, columns: u32, bias: usize, out: usize, isAdded: bool, floor: f32): void {
  const xStride = <usize>inner << 2, outStride = <usize>columns << 2;
  const least = f32x4.splat(floor);
  for (let column: u32 = 0; column < columns; column += Panel.F32Columns) {
    const bias0 = v128.load(bias), bias1 = v128.load(bias, 16);
    for (let row: u32 = 0; row < rows; row += ROWS) {
      let x0 = x + <usize>row * xStride, x1 = x0 + xStride, x2 = x1 + xStride, x3 = x2 + xStride;
      let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
      for (let w = weights, end = weights + <usize>inner * (Panel.F32Columns << 2); w < end; w += Panel.F32Columns << 2) {
        const w0 = v128.load(w), w1 = v128.load(w, 16);
        const a = v128.load32_splat(x0);
        a0 = madd(a, w0, a0);
        a1 = madd(a, w1, a1);
        const b = v128.load32_splat(x1);
        b0 = madd(b, w0, b0);
        b1 = madd(b, w1, b1);
        const c = v128.load32_splat(x2);
        c0 = madd(c, w0, c0);
        c1 = madd(c, w1, c1);
        const d = v128.load32_splat(x3);
        d0 = madd(d, w0, d0);
        d1 = madd(d, w1, d1);
        x0 += 4; x1 += 4; x2 += 4; x3 += 4;
      }
      const to = out + <usize>row * outStride;
      finish(to, a0, bias0, isAdded, least);
      finish(to + 16, a1, bias1, isAdded, least);
      finish(to + outStride, b0, bias0, isAdded, least);
      finish(to + outStride + 16, b1, bias1, isAdded, least);
      finish(to + 2 * outStride, c0, bias0, isAdded, least);
      finish(to + 2 * outStride + 16, c1, bias1, isAdded, least);
      finish(to + 3 * outStride, d0, bias0, isAdded, least);
      finish(to + 3 * outStride + 16, d1, bias1, isAdded, least);
    }
    weights += <usize>inner * (Panel.F32Columns << 2);
    bias += Panel.F32Columns << 2;
    out += Panel.F32Columns << 2;
  }
}

/** The largest magnitude of f32[count], a multiple of four. */
function largest(x: usize, count: u32): f32 {
  let most = f32x4.splat(0);
  for (let end = x + (<usize>count << 2); x < end; x += 16) most = f32x4.max(most, f32x4.abs(v128.load(x)));
  most = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  return max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
}

/** Rows of f32 as integers and one scale each: x ≈ scale × integer. `inner` is a multiple of eight. */
export function quantizeRows(x: usize, rows: u32, inner: u32, integers: usize, scales: usize): void {
  for (let row: u32 = 0; row < rows; row++) {
    const most = largest(x, inner);
    f32.store(scales + (<usize>row << 2), most / ACTIVATION_MAX);
    const factor = f32x4.splat(most > 0 ? ACTIVATION_MAX / most : 0);
    for (let end = x + (<usize>inner << 2); x < end; x += 32) {
      const low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x), factor)));
      const high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(x, 16), factor)));
      v128.store(integers, i16x8.narrow_i32x4_s(low, high));
      integers += 16;
    }
  }
}

/**
 * `x`, `xScales`: of quantizeRows; `weights`: int8 panels; `scales`, `bias`: f32[columns]. Integers are added up, so the sums are
 * the same on every machine.
 *
 *   weights   c0k0 c0k1 c0k2 c0k3 c1k0 … c1k3 │ c2k0 … c3k3     two columns in each half
 *   x         k0 k1 k2 k3 │ k0 k1 k2 k3
 *   sums      c0k01 c0k23 c1k01 c1k23 │ c2k01 c2k23 c3k01 c3k23
 */
export function int8Product(
  x: usize, xScales: usize, rows: u32, inner: u32, weights: usize, scales: usize, columns: u32, bias: usize, out: usize, isAdded: bool, floor: f32,
): void {
  const xStride = <usize>inner << 1, outStride = <usize>columns << 2, panelBytes = <usize>inner * Panel.Int8Columns;
  const least = f32x4.splat(floor);
  for (let column: u32 = 0; column < columns; column += Panel.Int8Columns) {
    const columnBias = v128.load(bias), columnScales = v128.load(scales);
    for (let row: u32 = 0; row < rows; row += ROWS) {
      let x0 = x + <usize>row * xStride, x1 = x0 + xStride, x2 = x1 + xStride, x3 = x2 + xStride;
      let a0 = i32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
      for (let w = weights, end = weights + panelBytes; w < end; w += 16) {
        const w0 = v128.load_ext<i8>(w), w1 = v128.load_ext<i8>(w, 8);
        const a = v128.load64_splat(x0);
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a, w0));
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a, w1));
        const b = v128.load64_splat(x1);
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(b, w0));
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(b, w1));
        const c = v128.load64_splat(x2);
        c0 = i32x4.add(c0, i32x4.dot_i16x8_s(c, w0));
        c1 = i32x4.add(c1, i32x4.dot_i16x8_s(c, w1));
        const d = v128.load64_splat(x3);
        d0 = i32x4.add(d0, i32x4.dot_i16x8_s(d, w0));
        d1 = i32x4.add(d1, i32x4.dot_i16x8_s(d, w1));
        x0 += 8; x1 += 8; x2 += 8; x3 += 8;
      }
      const to = out + <usize>row * outStride, rowScales = xScales + (<usize>row << 2);
      finish(to, scaled(a0, a1, columnScales, rowScales), columnBias, isAdded, least);
      finish(to + outStride, scaled(b0, b1, columnScales, rowScales + 4), columnBias, isAdded, least);
      finish(to + 2 * outStride, scaled(c0, c1, columnScales, rowScales + 8), columnBias, isAdded, least);
      finish(to + 3 * outStride, scaled(d0, d1, columnScales, rowScales + 12), columnBias, isAdded, least);
    }
    weights += panelBytes;
    scales += Panel.Int8Columns << 2;
    bias += Panel.Int8Columns << 2;
    out += Panel.Int8Columns << 2;
  }
}

/** The sums of four columns, two lanes each, as floats. */
@inline function scaled(low: v128, high: v128, columnScales: v128, rowScale: usize): v128 {
  const sum = i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.shuffle<i32>(low, high, 1, 3, 5, 7));
  return f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(sum), columnScales), v128.load32_splat(rowScale));
}

/** Products of one row, f32[count], with four rows `stride` bytes apart; `count` is a multiple of four. */
@inline export function dots(x: usize, rows: usize, stride: usize, count: u32): v128 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  const second = rows + stride, third = second + stride, fourth = third + stride;
  for (let i: usize = 0, bytes = <usize>count << 2; i < bytes; i += 16) {
    const each = v128.load(x + i);
    a = madd(each, v128.load(rows + i), a);
    b = madd(each, v128.load(second + i), b);
    c = madd(each, v128.load(third + i), c);
    d = madd(each, v128.load(fourth + i), d);
  }
  return sums(a, b, c, d);
}
