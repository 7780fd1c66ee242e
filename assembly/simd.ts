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
