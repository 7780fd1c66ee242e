/** Codes of any codec: made of vectors and made into vectors again. The only place besides index.ts that knows all codecs. */
import { Codec, Metric, Region } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";
import { byteQueryBytes } from "./bytequery";
import { bqQueryBytes, encodeRq1, encodeSigns, rq1QueryBytes, unpackRq1, unpackSigns } from "./bits";
import { encodeBlock, unpackBlock } from "./fastscan";
import { encodePq, pqTableBytes, unpackPq } from "./pq";
import { encodeRq8, unpackRq8 } from "./rq8";
import { encodeSq4, encodeSq8, unpackSq4, unpackSq8, writeSquare } from "./scalar";
import { isPacked, roundUp, spaceOf } from "./sizes";

/** Writes the code of the workspace's query. */
export function encodeCode(index: Index, work: Workspace, slot: u32): void {
  const vector = work.space, code = index.code(slot), model = index.region(Region.Model), dimensions = index.dimensions;
  if (isPacked(index)) {
    encodeBlock(vector, index.region(Region.Codes), slot, model, index.segments, subOf(index), index.centroids);
    return;
  }
  memory.fill(code, 0, index.codeBytes);
  switch (index.codec) {
    case Codec.Sq8: encodeSq8(vector, code, model, dimensions); break;
    case Codec.Sq4: encodeSq4(vector, code, model, dimensions); break;
    case Codec.Pq: encodePq(vector, code, model, index.segments, subOf(index), index.centroids); break;
    case Codec.Bq: encodeSigns(vector, code, model, dimensions); break;
    case Codec.Rq8: encodeRq8(vector, code, spaceOf(index)); break;
    default: encodeRq1(vector, code, spaceOf(index));
  }
  if (index.metric != Metric.L2Squared || index.codec > <u32>Codec.Sq4) return;
  unpackCode(index, slot, work.unpacked);
  writeSquare(work.unpacked, code, index.codeBytes, model, dimensions);
}

/** Writes to f32[spaceBytes / 4] the vector in code space that a slot's code stands for. */
export function unpackCode(index: Index, slot: u32, out: usize): void {
  const code = index.code(slot), model = index.region(Region.Model), dimensions = index.dimensions;
  switch (index.codec) {
    case Codec.Sq8: return unpackSq8(code, out, model, dimensions);
    case Codec.Sq4: return unpackSq4(code, out, model, dimensions);
    case Codec.Rq8: return unpackRq8(code, out, spaceOf(index));
    case Codec.Rq1: return unpackRq1(code, out, spaceOf(index));
    case Codec.Bq: return unpackSigns(code, out, model, signLength(index, slot), dimensions);
    default:
      if (isPacked(index)) unpackBlock(index.region(Region.Codes), slot, out, model, index.segments, subOf(index), index.centroids);
      else unpackPq(code, out, model, index.segments, subOf(index), index.centroids);
  }
}

@inline export function subOf(index: Index): u32 { return index.dimensions / index.segments; }

/** How long the vector of signs is: what was given; with hamming only signs count, and all are of one length. */
function signLength(index: Index, slot: u32): f32 {
  if (index.metric == Metric.Cosine) return 1;
  if (index.metric == Metric.Hamming) return Mathf.sqrt(<f32>index.dimensions);
  return load<f32>(index.region(Region.Norms) + (<usize>slot << 2));
}

/** Bytes of a query as its scorer wants it. */
export function codeQueryBytes(index: Index): u64 {
  switch (index.codec) {
    case Codec.Sq8: case Codec.Sq4: return byteQueryBytes(roundUp(index.dimensions, 32));
    case Codec.Rq8: return byteQueryBytes(spaceOf(index));
    case Codec.Rq1: return rq1QueryBytes(spaceOf(index));
    case Codec.Bq: return bqQueryBytes(index.dimensions);
    // of packed codes the table as floats, the table as bytes, and a block's distances
    case Codec.Pq: return pqTableBytes(index.segments, index.centroids) + (isPacked(index) ? <u64>index.segments * 16 + 192 : 0);
    default: return 0;
  }
}
