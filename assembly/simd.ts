/** The only file that knows which SIMD proposal it is compiled for. */

/** x × y + acc per lane; fused where relaxed SIMD is available, so results may differ in the last bits between binaries. */
@inline export function madd(x: v128, y: v128, acc: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, acc);
  return f32x4.add(f32x4.mul(x, y), acc);
}

/**
 * Four horizontal sums at once, by a transpose.
 *
 *   a0 a1 a2 a3     a0 b0 a1 b1     a0 b0 c0 d0
 *   b0 b1 b2 b3  ►  a2 b2 a3 b3  ►  a1 b1 c1 d1  ►  lane i = sum of row i
 *   c0 c1 c2 c3     c0 d0 c1 d1     a2 b2 c2 d2
 *   d0 d1 d2 d3     c2 d2 c3 d3     a3 b3 c3 d3
 */
@inline export function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** The same for integer lanes. */
@inline export function integerSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

/** Bytes that sixteen components of a byte query take: i8[16], or i16[16] where only 16-bit products are to be had. */
export const BYTE_QUERY_STRIDE: usize = ASC_FEATURE_RELAXED_SIMD ? 16 : 32;

/**
 * acc + products of sixteen query components (see storeByteQuery) and sixteen codes of 0 … 127, spread over four i32 lanes.
 * Exact: relaxed products are, as long as one side has seven bits.
 */
@inline export function dot16(low: v128, high: v128, codes: v128, acc: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(low, codes, acc);
  return i32x4.add(
    i32x4.add(acc, i32x4.dot_i16x8_s(low, i16x8.extend_low_i8x16_u(codes))),
    i32x4.dot_i16x8_s(high, i16x8.extend_high_i8x16_u(codes)),
  );
}

/** The second half of a byte query's sixteen components; of no use, and not loaded, where the first holds them all. */
@inline export function highHalf(at: usize): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i32x4.splat(0) : v128.load(at, 16);
}

/** Stores sixteen components (i8) as dot16 wants them; `at` advances by BYTE_QUERY_STRIDE per sixteen. */
@inline export function storeByteQuery(at: usize, components: v128): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    v128.store(at, components);
  } else {
    v128.store(at, i16x8.extend_low_i8x16_s(components));
    v128.store(at, i16x8.extend_high_i8x16_s(components), 16);
  }
}

/** Bytes that 32 components of a query for nibbles take: i8[32], or i16[32]. */
export const NIBBLE_QUERY_STRIDE: usize = ASC_FEATURE_RELAXED_SIMD ? 32 : 64;

/**
 * Stores 32 components (i8), those of the low halves and those of the high halves, as dot32 wants them. In 16-bit lanes a
 * lane of codes is four components apart, so the query is split into even and odd ones.
 *
 *   codes  lane j: [ 2j | 16 + 2j | 2j + 1 | 16 + 2j + 1 ]  from the lowest four bits to the highest
 *   query  evens of low, evens of high, odds of low, odds of high
 */
@inline export function storeNibbleQuery(at: usize, low: v128, high: v128): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    v128.store(at, low);
    v128.store(at, high, 16);
  } else {
    v128.store(at, i16x8.shr_s(i16x8.shl(low, 8), 8));
    v128.store(at, i16x8.shr_s(i16x8.shl(high, 8), 8), 16);
    v128.store(at, i16x8.shr_s(low, 8), 32);
    v128.store(at, i16x8.shr_s(high, 8), 48);
  }
}

/** Nibble products that sixteen bits hold: 8 × 2 × 127 × 15 < 2^15, and each dot32 adds two. */
export const NIBBLE_BLOCKS_PER_SUM: usize = 4;

/**
 * acc + products of 32 query components and the 32 codes of 0 … 15 in sixteen bytes; exact. The sums have 16-bit lanes where
 * products of bytes are to be had, and 32-bit lanes elsewhere; after NIBBLE_BLOCKS_PER_SUM of them widen them.
 * `nibble` is a lane of 15s: as a constant it would be made anew for each use.
 */
@inline export function dot32(query: usize, codes: v128, nibble: v128, acc: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const low = v128.and(codes, nibble);
    const high = v128.and(i16x8.shr_u(codes, 4), nibble);
    return i16x8.add(i16x8.add(acc, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load(query), low)), i16x8.relaxed_dot_i8x16_i7x16_s(v128.load(query, 16), high));
  }
  const a = i32x4.dot_i16x8_s(v128.load(query), v128.and(codes, nibble));
  const b = i32x4.dot_i16x8_s(v128.load(query, 16), v128.and(i16x8.shr_u(codes, 4), nibble));
  const c = i32x4.dot_i16x8_s(v128.load(query, 32), v128.and(i16x8.shr_u(codes, 8), nibble));
  const d = i32x4.dot_i16x8_s(v128.load(query, 48), i16x8.shr_u(codes, 12));
  return i32x4.add(acc, i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
}

/** The mask for dot32, in lanes of 8 or 16 bits; `fifteen` is 15, but not known to be. */
@inline export function nibbleMask(fifteen: i32): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.splat(<i8>fifteen) : i16x8.splat(<i16>fifteen);
}

/** The sums of dot32 as 32-bit lanes. */
@inline export function widened(acc: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i32x4.extadd_pairwise_i16x8_s(acc) : acc;
}
