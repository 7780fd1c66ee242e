/** A vector as it comes from outside: checked, and made ready for its metric, in the scratch area's query. */
import { LENGTH_MAX, Metric, Region, Status } from "./layout";
import { Index } from "./image";
import { Workspace } from "./scratch";

/** For cosine the query becomes of unit length. Returns 0 or a Status. */
export function prepareQuery(index: Index, work: Workspace): i32 {
  const end = work.query + index.rowBytes;
  let squares = f64x2.splat(0);
  for (let at = work.query; at < end; at += 8) {
    const pair = f64x2.promote_low_f32x4(v128.load64_zero(at));
    squares = f64x2.add(squares, f64x2.mul(pair, pair));
  }
  const length = sqrt(f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1));
  if (!(length <= LENGTH_MAX)) return Status.NotFinite;
  work.queryNorm = <f32>length;
  if (index.metric != Metric.Cosine) return 0;
  if (!work.queryNorm) return Status.ZeroVector;
  const inverse = f64x2.splat(1 / length);
  for (let at = work.query; at < end; at += 8) {
    const pair = f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(at)), inverse);
    store<u64>(at, i64x2.extract_lane(f32x4.demote_f64x2_zero(pair), 0));
  }
  return 0;
}

/** Stores the prepared query as the row of a slot. */
export function writeRow(index: Index, work: Workspace, slot: u32): void {
  memory.copy(index.row(slot), work.query, index.rowBytes);
  if (index.metric == Metric.Cosine) store<f32>(index.region(Region.Norms) + (<usize>slot << 2), work.queryNorm);
}
