/** Functions of f32 arrays, four lanes at a time. Counts are multiples of four, and at least four. */
import { madd } from '../simd';

@inline function sum(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

/**
 * e^x within 2 units in the last place; 0 below -87. By e^x = 2^n e^r with |r| ≤ ln 2 / 2, and the Taylor series of e^r to the
 * 7th power, whose rest is below 2^-27.
 */
@inline function exp(x: v128): v128 {
  const clamped = f32x4.max(f32x4.min(x, f32x4.splat(88)), f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.4426950408889634)));
  // ln 2 in two parts, the first with few enough bits for n × it to be exact
  const r = f32x4.sub(f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375))), f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let series = f32x4.splat(1 / 5040.0);
  series = madd(series, r, f32x4.splat(1 / 720.0));
  series = madd(series, r, f32x4.splat(1 / 120.0));
  series = madd(series, r, f32x4.splat(1 / 24.0));
  series = madd(series, r, f32x4.splat(1 / 6.0));
  series = madd(series, r, f32x4.splat(0.5));
  series = madd(series, r, f32x4.splat(1));
  series = madd(series, r, f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(series, power), f32x4.ge(x, f32x4.splat(-87)));
}

/** Mean 0 and variance 1, then × scale + bias, each row of f32[rows][width] by itself. */
export function normalizeRows(x: usize, rows: u32, width: u32, scale: usize, bias: usize, out: usize): void {
  const bytes = <usize>width << 2;
  for (let row: u32 = 0; row < rows; row++) {
    let total = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) total = f32x4.add(total, v128.load(x + i));
    const mean = f32x4.splat(sum(total) / <f32>width);
    let squares = f32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      const off = f32x4.sub(v128.load(x + i), mean);
      squares = madd(off, off, squares);
    }
    const factor = f32x4.splat(1 / sqrt<f32>(sum(squares) / <f32>width + 1e-6));
    for (let i: usize = 0; i < bytes; i += 16) {
      const off = f32x4.sub(v128.load(x + i), mean);
      v128.store(out + i, f32x4.add(f32x4.mul(off, f32x4.mul(v128.load(scale + i), factor)), v128.load(bias + i)));
    }
    x += bytes;
    out += bytes;
  }
}

/** Makes weights of scores: e^score over the sum of all. -∞ becomes 0; at least one score is finite. */
export function softmax(scores: usize, count: u32): void {
  const end = scores + (<usize>count << 2);
  let most = v128.load(scores);
  for (let at = scores + 16; at < end; at += 16) most = f32x4.max(most, v128.load(at));
  most = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  most = f32x4.max(most, v128.shuffle<f32>(most, most, 1, 0, 3, 2));
  let total = f32x4.splat(0);
  for (let at = scores; at < end; at += 16) {
    const power = exp(f32x4.sub(v128.load(at), most));
    v128.store(at, power);
    total = f32x4.add(total, power);
  }
  const factor = f32x4.splat(1 / sum(total));
  for (let at = scores; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
}

/** tanh of each, and then the whole to length 1. */
export function tanhToUnit(x: usize, count: u32): void {
  const end = x + (<usize>count << 2), one = f32x4.splat(1), two = f32x4.splat(2);
  let squares = f32x4.splat(0);
  for (let at = x; at < end; at += 16) {
    const value = f32x4.sub(one, f32x4.div(two, f32x4.add(exp(f32x4.mul(two, v128.load(at))), one)));
    v128.store(at, value);
    squares = madd(value, value, squares);
  }
  const factor = f32x4.splat(1 / sqrt<f32>(max<f32>(sum(squares), 1e-12)));
  for (let at = x; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
}
