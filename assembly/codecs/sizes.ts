/** Bytes that codes and models take: the arithmetic of where things are, for every codec. */
import { Codec, FullVectors, IndexType, Metric } from "../layout";
import { Index } from "../image";
import { bqCodeBytes, bqModelBytes, rq1CodeBytes } from "./bits";
import { pqModelBytes } from "./pq";
import { rotationBytes } from "./rotation";
import { rq8CodeBytes } from "./rq8";

@inline export function roundUp(n: u32, to: u32): u32 { return (n + to - 1) & ~(to - 1); }

/** Whether codes describe the vector after a random rotation. */
@inline export function isRotated(index: Index): bool { return index.codec >= <u32>Codec.Rq8; }

/** Whether codes lie in blocks of 32 slots. */
@inline export function isPacked(index: Index): bool {
  return index.codec == Codec.Pq && index.centroids <= 16 && index.type == IndexType.Flat;
}

/** Components of the code space: those of the vector, or of the rotated vector. */
@inline export function spaceOf(index: Index): u32 {
  return isRotated(index) ? roundUp(index.dimensions, 64) : index.dimensions;
}

/** Bytes of a vector in code space as floats, padded with zeros. */
@inline export function spaceBytes(index: Index): usize { return <usize>roundUp(spaceOf(index), 32) << 2; }

/** sq8: a byte a component. */
@inline export function sq8Bytes(dimensions: u32): u32 { return roundUp(dimensions, 16); }

/** sq4: 32 components per 16 bytes, of a last part of at most 16 components a byte each. */
@inline function sq4Bytes(dimensions: u32): u32 { return (dimensions >> 5 << 4) + min<u32>(dimensions & 31, 16); }

export function codeBytesOf(index: Index): u32 {
  const dimensions = index.dimensions;
  const term: u32 = index.metric == Metric.L2Squared ? 4 : 0;
  switch (index.codec) {
    case Codec.Sq8: return roundUp(dimensions + term, 16);
    case Codec.Sq4: return roundUp(sq4Bytes(dimensions) + term, 16);
    case Codec.Pq: return isPacked(index) ? (index.segments + 1) >> 1 : roundUp(index.segments, 16);
    case Codec.Bq: return <u32>bqCodeBytes(dimensions);
    case Codec.Rq8: return <u32>rq8CodeBytes(spaceOf(index));
    case Codec.Rq1: return <u32>rq1CodeBytes(spaceOf(index));
    default: return 0;
  }
}

export function rowBytesOf(index: Index): u32 {
  switch (index.fullVectors) {
    case FullVectors.Memory: return <u32>index.vectorBytes;
    case FullVectors.Sq8: return sq8Bytes(index.dimensions);
    default: return 0;
  }
}

/** f32[2][dimensions rounded up to 32]: mean and step of each component; padding has step 0. */
@inline export function scalarModelBytes(dimensions: u32): u64 { return <u64>roundUp(dimensions, 32) * 8; }

export function modelBytes(index: Index): u64 {
  switch (index.codec) {
    case Codec.Sq8: case Codec.Sq4: return scalarModelBytes(index.dimensions);
    case Codec.Pq: return pqModelBytes(index.segments, index.dimensions / index.segments, index.centroids);
    case Codec.Bq: return bqModelBytes(index.dimensions);
    case Codec.Rq8: case Codec.Rq1: return rotationBytes(spaceOf(index));
    default: return 0;
  }
}

export function rowModelBytes(index: Index): u64 {
  return index.fullVectors == FullVectors.Sq8 ? scalarModelBytes(index.dimensions) : 0;
}

/** Slots that the codes of `slots` slots have room for. Packed blocks have an even number of segments. */
@inline export function slotsOfCodes(index: Index, slots: u64): u64 { return isPacked(index) ? (slots + 31) & ~31 : slots; }
