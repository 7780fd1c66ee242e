/** A vector as it comes from outside: checked, and made ready for its metric and codec, in the scratch area. */
import { FullVectors, LENGTH_MAX, Metric, Region, Status } from "./layout";
import { Index } from "./image";
import { Workspace } from "./scratch";
import { encodeCode } from "./codecs/codes";
import { rotate } from "./codecs/rotation";
import { encodeSq8Row } from "./codecs/scalar";
import { isRotated, spaceBytes, spaceOf } from "./codecs/sizes";

/** For cosine the query becomes of unit length. Returns 0 or a Status. */
export function prepareQuery(index: Index, work: Workspace): i32 {
  const length = lengthOf(work.query, index.vectorBytes);
  if (!(length <= LENGTH_MAX)) return Status.NotFinite;
  work.queryNorm = <f32>length;
  if (index.metric == Metric.Cosine) {
    if (!work.queryNorm) return Status.ZeroVector;
    divide(work.query, index.vectorBytes, length);
  }
  if (isRotated(index)) {
    memory.copy(work.space, work.query, index.vectorBytes);
    memory.fill(work.space + index.vectorBytes, 0, spaceBytes(index) - index.vectorBytes);
    rotate(work.space, spaceOf(index), index.region(Region.Model));
  }
  return 0;
}

/** Euclidean length of f32[bytes / 4], in doubles. */
export function lengthOf(at: usize, bytes: usize): f64 {
  let squares = f64x2.splat(0);
  for (const end = at + bytes; at < end; at += 8) {
    const pair = f64x2.promote_low_f32x4(v128.load64_zero(at));
    squares = f64x2.add(squares, f64x2.mul(pair, pair));
  }
  return sqrt(f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1));
}

export function divide(at: usize, bytes: usize, length: f64): void {
  const inverse = f64x2.splat(1 / length);
  for (const end = at + bytes; at < end; at += 8) {
    const pair = f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(at)), inverse);
    store<u64>(at, i64x2.extract_lane(f32x4.demote_f64x2_zero(pair), 0));
  }
}

/** Stores the prepared query as row and code of a slot. */
export function writeVector(index: Index, work: Workspace, slot: u32): void {
  if (index.fullVectors == FullVectors.Memory) memory.copy(index.row(slot), work.query, index.rowBytes);
  else if (index.fullVectors == FullVectors.Sq8) encodeSq8Row(work.query, index.row(slot), index.region(Region.RowModel), index.dimensions);
  if (index.codec) encodeCode(index, work, slot);
  if (index.hasNorms) store<f32>(index.region(Region.Norms) + (<usize>slot << 2), work.queryNorm);
}
