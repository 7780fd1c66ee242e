/**
 * The best vectors an index with codes keeps, for rescoring and for choosing neighbors: f32 rows, rows of sq8, or else the
 * codes themselves. What is not f32 is unpacked on the way, so that one kernel measures all of them. One scorer for every
 * metric and codec: what it does is a small share of a search, and its branches are always the same.
 */
import { FullVectors, Metric, Region } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";
import { Cosine, Dot, Hamming, L2Squared, Manhattan } from "../metrics";
import { sums } from "../simd";
import { measureFour } from "./f32";
import { unpackCode } from "./codes";
import { unpackSq8Row } from "./scalar";
import { spaceBytes } from "./sizes";
import { touchBytesOf, touchRow } from "./touch";

@unmanaged @final export class Full {
  query: usize;        // f32[vectorBytes / 4]
  center: usize;       // the vector that `around` measures from
  index: Index;
  rows: usize;         // what is measured: rows or codes
  rowBytes: usize;
  vectorBytes: usize;  // of an unpacked vector
  unpacked: usize;     // f32[5][vectorBytes / 4]
  touchBytes: usize;
  held: usize;         // f32[linksMax(0)][vectorBytes / 4], if they are unpacked

  open(index: Index, work: Workspace): void {
    this.index = index;
    const isCode = index.fullVectors == FullVectors.External;
    this.rows = index.region(isCode ? Region.Codes : Region.Rows);
    this.rowBytes = isCode ? index.codeBytes : index.rowBytes;
    this.vectorBytes = isCode ? spaceBytes(index) : index.vectorBytes;
    this.unpacked = work.unpacked;
    this.held = work.held;
    this.touchBytes = touchBytesOf(this.rowBytes);
  }

  /** The query of the workspace: as it was given where rows are measured, in code space where codes are. */
  prepare(index: Index, work: Workspace, vector: usize): void { this.query = vector; }

  /** A slot's vector; where it must be unpacked, in the fifth buffer, until the next call. */
  vector(slot: u32): usize { return this.unpack(slot, this.unpacked, 4); }

  /** A slot's vector, until another one is held as the i-th. */
  hold(slot: u32, i: u32): usize { return this.unpack(slot, this.held, i); }

  /** The vector itself, or what is made of its code in one of the buffers at `to`. */
  private unpack(slot: u32, to: usize, buffer: usize): usize {
    const index = this.index;
    if (index.fullVectors == FullVectors.Memory) return this.rows + <usize>slot * this.rowBytes;
    const out = to + buffer * <usize>spaceBytes(index);
    if (index.fullVectors == FullVectors.Sq8) unpackSq8Row(index.row(slot), out, index.region(Region.RowModel), index.dimensions);
    else unpackCode(index, slot, out);
    if (index.metric == Metric.Cosine) makeUnit(out, this.vectorBytes);
    return out;
  }

  distances(a: u32, b: u32, c: u32, d: u32): v128 { return this.measure(this.query, a, b, c, d); }
  around(a: u32, b: u32, c: u32, d: u32): v128 { return this.measure(this.center, a, b, c, d); }
  aroundHeld(a: usize, b: usize, c: usize, d: usize): v128 { return measureVectors(this.index.metric, this.center, a, b, c, d, this.vectorBytes); }
  focus(slot: u32): void { this.center = this.vector(slot); }
  @inline touch(slot: u32): u32 { return touchRow(this.rows + <usize>slot * this.rowBytes, this.touchBytes); }

  private measure(x: usize, sa: u32, sb: u32, sc: u32, sd: u32): v128 {
    const to = this.unpacked;
    const a = this.unpack(sa, to, 0), b = this.unpack(sb, to, 1), c = this.unpack(sc, to, 2), d = this.unpack(sd, to, 3);
    return measureVectors(this.index.metric, x, a, b, c, d, this.vectorBytes);
  }
}

/**
 * Brings an unpacked vector back to length 1: where it is off along its own direction, it is off for all queries near it.
 * On sq8 rows of word vectors a fifth fewer neighbors were missed.
 */
export function makeUnit(vector: usize, bytes: usize): void {
  let squares = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) squares = f32x4.add(squares, f32x4.mul(v128.load(vector + i), v128.load(vector + i)));
  const square = f32x4.extract_lane(sums(squares, squares, squares, squares), 0);
  if (!(square > 0)) return;
  const inverse = f32x4.splat(1 / Mathf.sqrt(square));
  for (let i: usize = 0; i < bytes; i += 16) v128.store(vector + i, f32x4.mul(v128.load(vector + i), inverse));
}

/** Distances of four f32 vectors to x under any metric. */
export function measureVectors(metric: u32, x: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  switch (metric) {
    case Metric.Cosine: return measureFour<Cosine>(x, a, b, c, d, bytes);
    case Metric.Dot: return measureFour<Dot>(x, a, b, c, d, bytes);
    case Metric.L2Squared: return measureFour<L2Squared>(x, a, b, c, d, bytes);
    case Metric.Manhattan: return measureFour<Manhattan>(x, a, b, c, d, bytes);
    default: return measureFour<Hamming>(x, a, b, c, d, bytes);
  }
}
