/**
 * Plain vectors. Four rows are measured per pass: the query's loads are shared, four sums become one transpose, and a
 * row's distance never depends on which rows it was measured with.
 */
import { Region } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";

/**
 * Up to this length all cache lines of a row are touched; of longer rows the first, and the hardware fetches on. Touching
 * only one line of a 400-byte row, or as many as eight of a 3,136-byte row, was each measured to be a tenth slower.
 */
const TOUCH_BYTES_MAX: usize = 512;

/** Lays the scorer over `scratch`. Valid until the image moves. */
@inline export function f32Scorer<M>(index: Index, work: Workspace): F32<M> {
  const scorer = changetype<F32<M>>(changetype<usize>(work) + offsetof<Workspace>("scorer"));
  scorer.query = work.query;
  scorer.rows = index.region(Region.Rows);
  scorer.rowBytes = index.rowBytes;
  scorer.touchBytes = scorer.rowBytes <= TOUCH_BYTES_MAX ? scorer.rowBytes : 1;
  return scorer;
}

@unmanaged @final export class F32<M> {
  query: usize;     // f32[rowBytes / 4], zero-padded
  rows: usize;      // f32[extent][rowBytes / 4]
  rowBytes: usize;
  touchBytes: usize;

  @inline row(slot: u32): usize { return this.rows + <usize>slot * this.rowBytes; }

  /** Distances of four slots to the query. */
  @inline distances(a: u32, b: u32, c: u32, d: u32): v128 {
    return this.measure(this.query, this.row(a), this.row(b), this.row(c), this.row(d));
  }

  /** Distances of four slots to a fifth. */
  @inline between(x: u32, a: u32, b: u32, c: u32, d: u32): v128 {
    return this.measure(this.row(x), this.row(a), this.row(b), this.row(c), this.row(d));
  }

  /** Starts fetching a row; the result must be used, or the loads are dropped. */
  @inline touch(slot: u32): u32 {
    const row = this.row(slot);
    let seen: u32 = 0;
    for (let i: usize = 0, n = this.touchBytes; i < n; i += 64) seen |= load<u32>(row + i);
    return seen;
  }

  /** Two accumulators a row hide the latency of an addition; eight in all fit the registers. */
  private measure(x: usize, a: usize, b: usize, c: usize, d: usize): v128 {
    const metric = changetype<M>(0);
    let a0 = f32x4.splat(0), b0 = a0, c0 = a0, d0 = a0, a1 = a0, b1 = a0, c1 = a0, d1 = a0;
    let i: usize = 0;
    const n = this.rowBytes;
    for (const even = n & ~31; i < even; i += 32) {
      const x0 = v128.load(x + i), x1 = v128.load(x + i, 16);
      a0 = metric.step(x0, v128.load(a + i), a0); a1 = metric.step(x1, v128.load(a + i, 16), a1);
      b0 = metric.step(x0, v128.load(b + i), b0); b1 = metric.step(x1, v128.load(b + i, 16), b1);
      c0 = metric.step(x0, v128.load(c + i), c0); c1 = metric.step(x1, v128.load(c + i, 16), c1);
      d0 = metric.step(x0, v128.load(d + i), d0); d1 = metric.step(x1, v128.load(d + i, 16), d1);
    }
    if (i < n) {
      const x0 = v128.load(x + i);
      a0 = metric.step(x0, v128.load(a + i), a0);
      b0 = metric.step(x0, v128.load(b + i), b0);
      c0 = metric.step(x0, v128.load(c + i), c0);
      d0 = metric.step(x0, v128.load(d + i), d0);
    }
    return metric.finish(metric.add(a0, a1), metric.add(b0, b1), metric.add(c0, c1), metric.add(d0, d1));
  }
}
