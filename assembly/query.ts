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
  const length = settle(index, work.query);
  if (length < 0) return <i32>length;
  work.queryNorm = length;
  if (isRotated(index)) {
    memory.copy(work.space, work.query, index.vectorBytes);
    memory.fill(work.space + index.vectorBytes, 0, spaceBytes(index) - index.vectorBytes);
    rotate(work.space, spaceOf(index), index.region(Region.Model));
  }
  return 0;
}

/** Checks a vector and makes it what rows hold: of unit length for cosine. Returns the length it had, or a Status. */
export function settle(index: Index, vector: usize): f32 {
  const length = lengthOf(vector, index.vectorBytes);
  if (!(length <= LENGTH_MAX)) return <f32>Status.NotFinite;
  if (index.metric == Metric.Cosine) {
    if (!length) return <f32>Status.ZeroVector;
    divide(vector, index.vectorBytes, length);
  }
  return <f32>length;
}

/** Euclidean length of f32[bytes / 4], in doubles. */
function lengthOf(at: usize, bytes: usize): f64 {
  let squares = f64x2.splat(0);
  for (const end = at + bytes; at < end; at += 8) {
    const pair = f64x2.promote_low_f32x4(v128.load64_zero(at));
    squares = f64x2.add(squares, f64x2.mul(pair, pair));
  }
  return sqrt(f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1));
}

function divide(at: usize, bytes: usize, length: f64): void {
  const inverse = f64x2.splat(1 / length);
  for (const end = at + bytes; at < end; at += 16) {
    const four = v128.load(at);
    const low = f64x2.mul(f64x2.promote_low_f32x4(four), inverse);
    const high = f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 1)), inverse);
    v128.store(at, v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2));
  }
}

/** Stores the prepared query as row and code of a slot. */
export function writeVector(index: Index, work: Workspace, slot: u32): void {
  if (index.fullVectors == FullVectors.Memory) memory.copy(index.row(slot), work.query, index.rowBytes);
  else if (index.fullVectors == FullVectors.Sq8) encodeSq8Row(work.query, index.row(slot), index.region(Region.RowModel), index.dimensions);
  if (index.codec) encodeCode(index, work, slot);
  writeNorm(index, slot, work.queryNorm);
}

/** Makes of a vector that lies in the row of a slot what `writeVector` would have stored there; its code stays. 0 or a Status. */
export function settleRow(index: Index, slot: u32): i32 {
  const length = settle(index, index.row(slot));
  if (length < 0) return <i32>length;
  writeNorm(index, slot, length);
  return 0;
}

@inline function writeNorm(index: Index, slot: u32, length: f32): void {
  if (index.hasNorms) store<f32>(index.region(Region.Norms) + (<usize>slot << 2), length);
}
