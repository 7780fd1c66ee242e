/**
 * Product quantization with asymmetric distances (Jégou, Douze, Schmid, "Product Quantization for Nearest Neighbor Search",
 * 2011, §III): a vector is cut into segments of `sub` components, and of each the code keeps which of up to 256 centroids is
 * nearest. A query is measured once against all centroids; a distance is then a sum of one table entry a segment.
 *
 *   model   f32[segments][sub][width]      centroids are lanes; width = centroids rounded up to 4, the last one repeated
 *   code    u8[segments], then zeros up to a multiple of 16
 *   table   f32[segments rounded up to 4][width], the rows past the last segment zero, so that a distance has no tail
 */
import { Metric, Region } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";
import { L2Squared, Manhattan } from "../metrics";
import { madd } from "../simd";
import { touchBytesOf, touchRow } from "./touch";

@inline export function centroidLanes(centroids: u32): u32 { return (centroids + 3) & ~3; }

export function pqModelBytes(segments: u32, sub: u32, centroids: u32): u64 {
  return <u64>segments * sub * (<u64>centroidLanes(centroids) << 2);
}

/** Bytes of a query's table; a multiple of 64. */
export function pqTableBytes(segments: u32, centroids: u32): u64 {
  return ((<u64>segments + 3) & ~3) * (<u64>centroidLanes(centroids) << 2);
}

/** Writes u8[segments] of the nearest centroids; the first of equally near ones. */
export function encodePq(vector: usize, code: usize, model: usize, segments: u32, sub: u32, centroids: u32): void {
  const width = centroidLanes(centroids);
  const strideBytes = <usize>sub * width << 2;
  for (let s: u32 = 0; s < segments; s++) {
    store<u8>(code + s, nearestCentroid(vector, model, sub, width));
    vector += <usize>sub << 2;
    model += strideBytes;
  }
}

/** Writes f32[segments × sub], the centroids that a code stands for. */
export function unpackPq(code: usize, out: usize, model: usize, segments: u32, sub: u32, centroids: u32): void {
  const rowBytes = <usize>centroidLanes(centroids) << 2;
  for (const end = code + segments; code < end; code++) {
    let at = model + (<usize>load<u8>(code) << 2);
    for (const to = out + (<usize>sub << 2); out < to; out += 4) {
      store<f32>(out, load<f32>(at));
      at += rowBytes;
    }
    model += rowBytes * sub;
  }
}

/**
 * The nearest of f32[sub][width] centroids to f32[sub]: its squared distance as the upper 32 bits (not negative, so its
 * bits order as it does), its number as the lower. The first of equally near ones, so never a repeated last one.
 */
export function nearestCentroid(point: usize, centroids: usize, sub: u32, width: u32): u64 {
  const rowBytes = <usize>width << 2;
  const pointEnd = point + (<usize>sub << 2);
  const lanes = i32x4(0, 1, 2, 3);
  let best = f32x4.splat(f32.MAX_VALUE), number = lanes;
  let i: u32 = 0;
  for (const even = width & ~15; i < even; i += 16) {
    let from = centroids + (<usize>i << 2);
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (let p = point; p < pointEnd; p += 4) {
      const x = v128.load_splat<f32>(p);
      const ta = f32x4.sub(x, v128.load(from)), tb = f32x4.sub(x, v128.load(from, 16));
      const tc = f32x4.sub(x, v128.load(from, 32)), td = f32x4.sub(x, v128.load(from, 48));
      a = madd(ta, ta, a);
      b = madd(tb, tb, b);
      c = madd(tc, tc, c);
      d = madd(td, td, d);
      from += rowBytes;
    }
    // in pairs first, so that only one comparison a round waits for the last round
    const ab = v128.bitselect(i32x4.splat(4), i32x4.splat(0), f32x4.lt(b, a));
    const cd = v128.bitselect(i32x4.splat(12), i32x4.splat(8), f32x4.lt(d, c));
    a = f32x4.pmin(a, b);
    c = f32x4.pmin(c, d);
    const abcd = i32x4.add(v128.bitselect(cd, ab, f32x4.lt(c, a)), i32x4.add(i32x4.splat(i), lanes));
    a = f32x4.pmin(a, c);
    number = v128.bitselect(abcd, number, f32x4.lt(a, best));
    best = f32x4.pmin(best, a);
  }
  for (; i < width; i += 4) {
    let from = centroids + (<usize>i << 2);
    let a = f32x4.splat(0);
    for (let p = point; p < pointEnd; p += 4) {
      const t = f32x4.sub(v128.load_splat<f32>(p), v128.load(from));
      a = madd(t, t, a);
      from += rowBytes;
    }
    number = v128.bitselect(i32x4.add(i32x4.splat(i), lanes), number, f32x4.lt(a, best));
    best = f32x4.pmin(best, a);
  }
  const low = v128.shuffle<i32>(number, best, 0, 4, 1, 5), high = v128.shuffle<i32>(number, best, 2, 6, 3, 7);
  return min(
    min<u64>(i64x2.extract_lane(low, 0), i64x2.extract_lane(low, 1)),
    min<u64>(i64x2.extract_lane(high, 0), i64x2.extract_lane(high, 1)),
  );
}

/** Measures a query against all centroids. Sums over the segments are l2-squared, manhattan, −Σ qx for dot and cosine. */
export function fillTable(metric: u32, query: usize, model: usize, table: usize, segments: u32, sub: u32, centroids: u32): void {
  const width = centroidLanes(centroids);
  switch (metric) {
    case Metric.L2Squared: fill<L2Squared>(query, model, table, segments, sub, width); break;
    case Metric.Manhattan: fill<Manhattan>(query, model, table, segments, sub, width); break;
    default: fill<Negated>(query, model, table, segments, sub, width);
  }
  const used = <usize>segments * width << 2;
  memory.fill(table + used, 0, <usize>pqTableBytes(segments, centroids) - used);
}

/** −Σ xy */
@unmanaged @final class Negated {
  @inline step(x: v128, y: v128, acc: v128): v128 { return madd(f32x4.neg(x), y, acc); }
}

function fill<M>(query: usize, model: usize, table: usize, segments: u32, sub: u32, width: u32): void {
  const metric = changetype<M>(0);
  const rowBytes = <usize>width << 2;
  for (const tableEnd = table + rowBytes * segments; table < tableEnd; table += rowBytes) {
    const queryEnd = query + (<usize>sub << 2);
    let i: usize = 0;
    for (const even = rowBytes & ~63; i < even; i += 64) {
      let from = model + i;
      let a = f32x4.splat(0), b = a, c = a, d = a;
      for (let q = query; q < queryEnd; q += 4) {
        const x = v128.load_splat<f32>(q);
        a = metric.step(x, v128.load(from), a);
        b = metric.step(x, v128.load(from, 16), b);
        c = metric.step(x, v128.load(from, 32), c);
        d = metric.step(x, v128.load(from, 48), d);
        from += rowBytes;
      }
      v128.store(table + i, a);
      v128.store(table + i, b, 16);
      v128.store(table + i, c, 32);
      v128.store(table + i, d, 48);
    }
    for (; i < rowBytes; i += 16) {
      let from = model + i;
      let a = f32x4.splat(0);
      for (let q = query; q < queryEnd; q += 4) {
        a = metric.step(v128.load_splat<f32>(q), v128.load(from), a);
        from += rowBytes;
      }
      v128.store(table + i, a);
    }
    query = queryEnd;
    model += rowBytes * sub;
  }
}

@unmanaged @final export class Pq {
  codes: usize;      // u8[extent][codeBytes]
  codeBytes: usize;
  touchBytes: usize;
  table: usize;      // f32[segments rounded up to 4][rowBytes / 4], see fillTable
  rowBytes: usize;
  segments: u32;
  bias: f32;         // 1 for cosine, else 0

  open(index: Index, work: Workspace): void {
    this.codes = index.region(Region.Codes);
    this.codeBytes = index.codeBytes;
    this.touchBytes = touchBytesOf(this.codeBytes);
    this.table = work.codeQuery;
    this.rowBytes = <usize>centroidLanes(index.centroids) << 2;
    this.segments = index.segments;
    this.bias = index.metric == Metric.Cosine ? 1 : 0;
  }

  prepare(index: Index, work: Workspace, vector: usize): void {
    fillTable(index.metric, vector, index.region(Region.Model), this.table, index.segments, index.dimensions / index.segments, index.centroids);
  }

  @inline code(slot: u32): usize { return this.codes + <usize>slot * this.codeBytes; }

  /** Distances of four slots to the query that the table is of. */
  @inline distances(a: u32, b: u32, c: u32, d: u32): v128 {
    return this.measure(this.code(a), this.code(b), this.code(c), this.code(d));
  }

  /** Starts fetching a code; the result must be used, or the loads are dropped. */
  @inline touch(slot: u32): u32 { return touchRow(this.code(slot), this.touchBytes); }

  /** Four segments of four codes a pass. */
  private measure(a: usize, b: usize, c: usize, d: usize): v128 {
    const rowBytes = this.rowBytes;
    let sumA = this.bias, sumB = sumA, sumC = sumA, sumD = sumA;
    let t0 = this.table;
    for (const end = a + this.segments; a < end; a += 4) {
      const t1 = t0 + rowBytes, t2 = t1 + rowBytes, t3 = t2 + rowBytes;
      const x = load<u32>(a), y = load<u32>(b), z = load<u32>(c), w = load<u32>(d);
      sumA = sumA + entry(t0, x) + entry(t1, x >> 8) + entry(t2, x >> 16) + entry(t3, x >> 24);
      sumB = sumB + entry(t0, y) + entry(t1, y >> 8) + entry(t2, y >> 16) + entry(t3, y >> 24);
      sumC = sumC + entry(t0, z) + entry(t1, z >> 8) + entry(t2, z >> 16) + entry(t3, z >> 24);
      sumD = sumD + entry(t0, w) + entry(t1, w >> 8) + entry(t2, w >> 16) + entry(t3, w >> 24);
      b += 4;
      c += 4;
      d += 4;
      t0 = t3 + rowBytes;
    }
    return f32x4(sumA, sumB, sumC, sumD);
  }
}

@inline function entry(row: usize, code: u32): f32 { return load<f32>(row + (<usize>(code & 255) << 2)); }
