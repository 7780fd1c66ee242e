/**
 * A query for integer codes: its components as signed bytes with one scale, so that an inner product is a sum of integers,
 * exact in every binary. See dot16 in simd.ts for how they lie.
 */
import { BYTE_QUERY_STRIDE, NIBBLE_QUERY_STRIDE, storeByteQuery, storeNibbleQuery } from "../simd";

/** Bytes for a query of `count` components, a multiple of 32, of either kind. */
@inline export function byteQueryBytes(count: u32): usize { return (<usize>count >> 4) * BYTE_QUERY_STRIDE; }

/** The scale at which the components of f32[count] fit −127 … 127; count is a multiple of 16. 0 if all are 0. */
export function byteQueryScale(from: usize, count: u32): f32 {
  let most = f32x4.splat(0);
  for (const end = from + (<usize>count << 2); from < end; from += 16) most = f32x4.max(most, f32x4.abs(v128.load(from)));
  const pairs = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1)) / 127;
}

/** Writes f32[count] / scale, rounded, as a byte query; returns the sum of what was written. */
export function writeByteQuery(from: usize, count: u32, scale: f32, to: usize): i32 {
  const inverse = f32x4.splat(scale ? 1 / scale : 0);
  let total = i32x4.splat(0);
  for (const end = from + (<usize>count << 2); from < end; from += 64) {
    const bytes = rounded16(from, inverse);
    total = addBytes(bytes, total);
    storeByteQuery(to, bytes);
    to += BYTE_QUERY_STRIDE;
  }
  return sumOf(total);
}

/** The same as a query for nibbles; count is a multiple of 32. */
export function writeNibbleQuery(from: usize, count: u32, scale: f32, to: usize): i32 {
  const inverse = f32x4.splat(scale ? 1 / scale : 0);
  let total = i32x4.splat(0);
  for (const end = from + (<usize>count << 2); from < end; from += 128) {
    const low = rounded16(from, inverse), high = rounded16(from + 64, inverse);
    total = addBytes(high, addBytes(low, total));
    storeNibbleQuery(to, low, high);
    to += NIBBLE_QUERY_STRIDE;
  }
  return sumOf(total);
}

/** Sixteen components as signed bytes. */
@inline function rounded16(from: usize, inverse: v128): v128 {
  const a = rounded(v128.load(from), inverse), b = rounded(v128.load(from, 16), inverse);
  const c = rounded(v128.load(from, 32), inverse), d = rounded(v128.load(from, 48), inverse);
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

@inline function rounded(values: v128, inverse: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(values, inverse)));
}

@inline function addBytes(bytes: v128, total: v128): v128 {
  return i32x4.add(total, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(bytes)));
}

@inline function sumOf(lanes: v128): i32 {
  return i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1) + i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3);
}
