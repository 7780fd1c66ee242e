/**
 * Plain vectors. Four rows are measured per pass: the query's loads are shared, four sums become one transpose, and a
 * row's distance never depends on which rows it was measured with.
 */
import { Region } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";
import { touchBytesOf, touchRow } from "./touch";

@unmanaged @final export class F32<M> {
  query: usize;     // f32[rowBytes / 4], zero-padded
  center: usize;    // the vector that `around` measures from
  rows: usize;      // f32[extent][rowBytes / 4]
  rowBytes: usize;
  touchBytes: usize;

  /** Valid until the image moves. */
  @inline open(index: Index, work: Workspace): void {
    this.rows = index.region(Region.Rows);
    this.rowBytes = index.rowBytes;
    this.touchBytes = touchBytesOf(this.rowBytes);
  }

  @inline prepare(index: Index, work: Workspace, vector: usize): void { this.query = vector; }
  @inline vector(slot: u32): usize { return this.rows + <usize>slot * this.rowBytes; }

  /** Distances of four slots to the query. */
  @inline distances(a: u32, b: u32, c: u32, d: u32): v128 {
    return this.measure(this.query, a, b, c, d);
  }

  /** Distances of four slots to the one that focus was last given. */
  @inline around(a: u32, b: u32, c: u32, d: u32): v128 { return this.measure(this.center, a, b, c, d); }
  @inline focus(slot: u32): void { this.center = this.vector(slot); }

  /** Where a vector lies as long as it is chosen as the i-th neighbor, and distances to four such. */
  @inline hold(slot: u32, i: u32): usize { return this.vector(slot); }
  aroundHeld(a: usize, b: usize, c: usize, d: usize): v128 { return measureFour<M>(this.center, a, b, c, d, this.rowBytes); }

  @inline touch(slot: u32): u32 { return touchRow(this.vector(slot), this.touchBytes); }

  private measure(x: usize, a: u32, b: u32, c: u32, d: u32): v128 {
    return measureFour<M>(x, this.vector(a), this.vector(b), this.vector(c), this.vector(d), this.rowBytes);
  }
}

/** Distances of four f32 vectors to x. Two accumulators a row hide the latency of an addition; eight in all fit the registers. */
@inline export function measureFour<M>(x: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  const metric = changetype<M>(0);
  let a0 = f32x4.splat(0), b0 = a0, c0 = a0, d0 = a0, a1 = a0, b1 = a0, c1 = a0, d1 = a0;
  let i: usize = 0;
  for (const even = bytes & ~31; i < even; i += 32) {
    const x0 = v128.load(x + i), x1 = v128.load(x + i, 16);
    a0 = metric.step(x0, v128.load(a + i), a0); a1 = metric.step(x1, v128.load(a + i, 16), a1);
    b0 = metric.step(x0, v128.load(b + i), b0); b1 = metric.step(x1, v128.load(b + i, 16), b1);
    c0 = metric.step(x0, v128.load(c + i), c0); c1 = metric.step(x1, v128.load(c + i, 16), c1);
    d0 = metric.step(x0, v128.load(d + i), d0); d1 = metric.step(x1, v128.load(d + i, 16), d1);
  }
  if (i < bytes) {
    const x0 = v128.load(x + i);
    a0 = metric.step(x0, v128.load(a + i), a0);
    b0 = metric.step(x0, v128.load(b + i), b0);
    c0 = metric.step(x0, v128.load(c + i), c0);
    d0 = metric.step(x0, v128.load(d + i), d0);
  }
  return metric.finish(metric.add(a0, a1), metric.add(b0, b1), metric.add(c0, c1), metric.add(d0, d1));
}
