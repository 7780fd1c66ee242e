/**
 * Where a query or an insertion works. One scratch area serves one search at a time; several may read one index.
 * Addresses here are absolute: an area is opened anew when its index has grown.
 */
import { IndexType, REGION_ALIGNMENT, Scratch } from "./layout";
import { Index, aligned } from "./image";

/** Overlays the head of the area; `changetype<Workspace>(address)`. */
@unmanaged @final export class Workspace {
  query: usize;         // f32[rowBytes / 4], zero-padded
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
  scorer: u32;          // a scorer lies here, 32 bytes
}

if (offsetof<Workspace>("query") != Scratch.Query) ERROR("layout.ts and Workspace disagree on query");
if (offsetof<Workspace>("allow") != Scratch.Allow) ERROR("layout.ts and Workspace disagree on allow");
if (offsetof<Workspace>("allowCount") != Scratch.AllowCount) ERROR("layout.ts and Workspace disagree on allowCount");
if (offsetof<Workspace>("hitSlots") != Scratch.HitSlots) ERROR("layout.ts and Workspace disagree on hitSlots");
if (offsetof<Workspace>("hitDistances") != Scratch.HitDistances) ERROR("layout.ts and Workspace disagree on hitDistances");
if (offsetof<Workspace>("measured") != Scratch.Measured) ERROR("layout.ts and Workspace disagree on measured");

/** Two lists, since a step through non-matching nodes may overshoot by one, and the seeds of a filtered search. */
@inline function batchMax(index: Index): u64 { return max<u64>((<u64>index.m << 2) + 8, 64); }

@inline function bitmapBytes(slots: u32): u64 { return aligned((<u64>slots + 7) >> 3); }

/** Pruning a list needs 2m + 1 places, building among tombstones twice efConstruction. */
@inline function widthFor(index: Index, width: u32): u64 {
  return max<u64>(width, index.type == IndexType.Hnsw ? max<u64>(<u64>index.efConstruction << 1, (<u64>index.m << 1) + 2) : 1);
}

/** Bytes of an area for an index of `slots` slots and searches of up to `width` candidates. */
export function scratchBytes(index: Index, slots: u32, width: u32): u64 {
  const wide = widthFor(index, width);
  return Scratch.HeadBytes + aligned(index.rowBytes) + bitmapBytes(slots) * 2
    + aligned((wide + 2) << 3) + aligned((batchMax(index) + 4) << 2) + aligned(wide << 2) * 2;
}

/** Lays out an area over memory that is already there. */
export function openScratch(index: Index, scratch: usize, width: u32): void {
  const work = changetype<Workspace>(scratch);
  const wide = widthFor(index, width);
  let at = scratch + Scratch.HeadBytes;
  memory.fill(scratch, 0, Scratch.HeadBytes);
  work.query = at; at += <usize>aligned(index.rowBytes);
  memory.fill(work.query, 0, index.rowBytes);
  work.visited = at; at += <usize>bitmapBytes(index.capacity);
  work.allow = at; at += <usize>bitmapBytes(index.capacity);
  work.pool = at; at += <usize>aligned((wide + 2) << 3);
  work.batch = at; at += <usize>aligned((batchMax(index) + 4) << 2);
  work.hitSlots = at; at += <usize>aligned(wide << 2);
  work.hitDistances = at;
}

/** Forgets which slots were visited. A plain fill beats a log of touched words up to millions of slots. */
@inline export function clearVisited(index: Index, work: Workspace): void {
  memory.fill(work.visited, 0, ((<usize>index.extent + 31) >> 5) << 2);
}
