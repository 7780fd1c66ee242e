/**
 * Where a query or an insertion works. One scratch area serves one search at a time; several may read one index.
 * Addresses here are absolute: an area is opened anew when its index has grown.
 */
import { FullVectors, IndexType, REGION_ALIGNMENT, Scratch } from "./layout";
import { Index, aligned } from "./image";
import { codeQueryBytes } from "./codecs/codes";
import { isRotated, spaceBytes } from "./codecs/sizes";

/** Overlays the head of the area; `changetype<Workspace>(address)`. */
@unmanaged @final export class Workspace {
  query: usize;         // f32[dimensions], zero-padded
  visited: usize;       // one bit per slot
  allow: usize;         // one bit per slot, or u32[allowCount]
  allowCount: u32;
  pool: usize;          // i64[width + 2], see pool.ts
  poolSize: u32;
  poolCapacity: u32;
  poolCursor: u32;
  poolWorst: f32;
  batch: usize;         // u32[batchMax + 4]: slots about to be measured
  hitSlots: usize;      // u32[width]
  hitDistances: usize;  // f32[width]
  sink: u32;            // what touching rows read, so that the reads are not dropped
  measured: u32;
  queryNorm: f32;
  rows: usize;          // f32[4][vectorBytes / 4]: vectors on their way in or out
  rescored: u32;
  space: usize;         // f32[spaceBytes / 4]: the query in code space; `query` itself where nothing is rotated
  folded: usize;        // f32[spaceBytes / 4]: what a codec makes of the query on the way
  codeQuery: usize;     // the query as the codec's scorer wants it
  unpacked: usize;      // f32[7][spaceBytes / 4]: vectors made of codes; see aim.ts for the sixth and seventh
  chosen: usize;        // u32[linksMax(0) + 4]: addresses of the vectors of chosen neighbors
  held: usize;          // f32[linksMax(0)][spaceBytes / 4]: those that had to be unpacked
  candidates: usize;    // u32[width]: slots about to be rescored
  // what put, search and repair are asked for
  slot: u32;
  slots: u32;
  k: u32;
  ef: u32;
  filter: u32;
  strategy: u32;
  cutoff: u32;
  rescore: u32;
  adaptive: bool;
  scorer: u64;          // a scorer lies here, 64 bytes
}

/** Bytes from the head to the scorer of full vectors. */
const FULL_SCORER: usize = 208;

/** The two scorers of a workspace, laid over it: of what is walked, and of full vectors. */
@inline export function scorerOf<S>(work: Workspace): S { return changetype<S>(changetype<usize>(work) + offsetof<Workspace>("scorer")); }
@inline export function fullScorerOf<P>(work: Workspace): P { return changetype<P>(changetype<usize>(work) + FULL_SCORER); }

if (offsetof<Workspace>("query") != Scratch.Query) ERROR("layout.ts and Workspace disagree on query");
if (offsetof<Workspace>("allow") != Scratch.Allow) ERROR("layout.ts and Workspace disagree on allow");
if (offsetof<Workspace>("allowCount") != Scratch.AllowCount) ERROR("layout.ts and Workspace disagree on allowCount");
if (offsetof<Workspace>("hitSlots") != Scratch.HitSlots) ERROR("layout.ts and Workspace disagree on hitSlots");
if (offsetof<Workspace>("hitDistances") != Scratch.HitDistances) ERROR("layout.ts and Workspace disagree on hitDistances");
if (offsetof<Workspace>("measured") != Scratch.Measured) ERROR("layout.ts and Workspace disagree on measured");
if (offsetof<Workspace>("rows") != Scratch.Rows) ERROR("layout.ts and Workspace disagree on rows");
if (offsetof<Workspace>("rescored") != Scratch.Rescored) ERROR("layout.ts and Workspace disagree on rescored");
if (offsetof<Workspace>("scorer") + 64 > FULL_SCORER) ERROR("the scorers of a Workspace overlap");

/** Two lists, since a step through non-matching nodes may overshoot by one, and the seeds of a filtered search. */
@inline function batchMax(index: Index): u64 { return max<u64>((<u64>index.m << 2) + 8, 64); }

@inline function bitmapBytes(slots: u32): u64 { return aligned((<u64>slots + 7) >> 3); }

/** Pruning a list needs 2m + 1 places, building among tombstones twice efConstruction. */
@inline function widthFor(index: Index, width: u32): u64 {
  return max<u64>(width, index.type == IndexType.Hnsw ? max<u64>(<u64>index.efConstruction << 1, (<u64>index.m << 1) + 2) : 1);
}

@inline function chosenBytes(index: Index): u64 { return aligned((<u64>index.m << 3) + 16); }

@inline function heldBytes(index: Index): u64 {
  return index.fullVectors == FullVectors.Memory ? 0 : (<u64>index.m << 1) * spaceBytes(index);
}

/** Bytes of an area for an index of `slots` slots and searches of up to `width` candidates. */
export function scratchBytes(index: Index, slots: u32, width: u32): u64 {
  const wide = widthFor(index, width);
  const space = aligned(spaceBytes(index));
  const codes = index.codec ? space * (isRotated(index) ? 9 : 8) + aligned(codeQueryBytes(index)) + aligned(wide << 2) + heldBytes(index) : 0;
  return Scratch.HeadBytes + aligned(index.vectorBytes + 128) + index.vectorBytes * 4 + REGION_ALIGNMENT + bitmapBytes(slots) * 2
    + aligned((wide + 2) << 3) + aligned((batchMax(index) + 4) << 2) + aligned(wide << 2) * 2 + chosenBytes(index) + codes;
}

/** Lays out an area over memory that is already there. */
export function openScratch(index: Index, scratch: usize, width: u32): void {
  const work = changetype<Workspace>(scratch);
  const wide = widthFor(index, width);
  let at = scratch + Scratch.HeadBytes;
  memory.fill(scratch, 0, Scratch.HeadBytes);
  // what is beyond a vector is read with it
  work.query = at; at += <usize>aligned(index.vectorBytes + 128);
  memory.fill(work.query, 0, at - work.query);
  work.rows = at; at += <usize>aligned(index.vectorBytes * 4);
  memory.fill(work.rows, 0, index.vectorBytes * 4);
  work.visited = at; at += <usize>bitmapBytes(index.capacity);
  work.allow = at; at += <usize>bitmapBytes(index.capacity);
  work.pool = at; at += <usize>aligned((wide + 2) << 3);
  work.batch = at; at += <usize>aligned((batchMax(index) + 4) << 2);
  work.hitSlots = at; at += <usize>aligned(wide << 2);
  work.hitDistances = at; at += <usize>aligned(wide << 2);
  work.chosen = at; at += <usize>chosenBytes(index);
  work.space = work.query;
  if (!index.codec) return;
  const space = <usize>aligned(spaceBytes(index));
  if (isRotated(index)) { work.space = at; at += space; memory.fill(work.space, 0, space); }
  work.folded = at; at += space;
  work.unpacked = at; at += space * 7;
  memory.fill(work.unpacked, 0, space * 7);
  work.codeQuery = at; at += <usize>aligned(codeQueryBytes(index));
  work.candidates = at; at += <usize>aligned(wide << 2);
  work.held = at;
}

/** Forgets which slots were visited. A plain fill beats a log of touched words up to millions of slots. */
@inline export function clearVisited(index: Index, work: Workspace): void {
  memory.fill(work.visited, 0, ((<usize>index.extent + 31) >> 5) << 2);
}
