/**
 * The arithmetic of each metric over f32 lanes. `step` takes four components of two vectors into an accumulator;
 * `finish` turns the accumulators of four vectors into four distances. Smaller is nearer in all of them.
 * A scorer names one as a type parameter: `changetype<M>(0)` is a type, never an address.
 */
import { integerSums, madd, sums } from "./simd";

/** 1 − cos, over rows of unit length. */
@unmanaged @final export class Cosine {
  @inline step(x: v128, y: v128, acc: v128): v128 { return madd(x, y, acc); }
  @inline add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
  @inline finish(a: v128, b: v128, c: v128, d: v128): v128 { return f32x4.sub(f32x4.splat(1), sums(a, b, c, d)); }
}

/** −Σ xy */
@unmanaged @final export class Dot {
  @inline step(x: v128, y: v128, acc: v128): v128 { return madd(x, y, acc); }
  @inline add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
  @inline finish(a: v128, b: v128, c: v128, d: v128): v128 { return f32x4.neg(sums(a, b, c, d)); }
}

/** Σ (x − y)² */
@unmanaged @final export class L2Squared {
  @inline step(x: v128, y: v128, acc: v128): v128 { const t = f32x4.sub(x, y); return madd(t, t, acc); }
  @inline add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
  @inline finish(a: v128, b: v128, c: v128, d: v128): v128 { return sums(a, b, c, d); }
}

/** Σ |x − y| */
@unmanaged @final export class Manhattan {
  @inline step(x: v128, y: v128, acc: v128): v128 { return f32x4.add(acc, f32x4.abs(f32x4.sub(x, y))); }
  @inline add(a: v128, b: v128): v128 { return f32x4.add(a, b); }
  @inline finish(a: v128, b: v128, c: v128, d: v128): v128 { return sums(a, b, c, d); }
}

/** The number of components that differ. A comparison yields −1, so subtracting counts. */
@unmanaged @final export class Hamming {
  @inline step(x: v128, y: v128, acc: v128): v128 { return i32x4.sub(acc, f32x4.ne(x, y)); }
  @inline add(a: v128, b: v128): v128 { return i32x4.add(a, b); }
  @inline finish(a: v128, b: v128, c: v128, d: v128): v128 { return f32x4.convert_i32x4_s(integerSums(a, b, c, d)); }
}
