/**
 * How a search goes: walked or scanned, and what of it is measured again. It is written once for every scorer S of codes or
 * rows, and P of full vectors; the request lies in the workspace.
 */
import { FilterKind, FullVectors, IndexType, NONE, Region, Strategy } from "./layout";
import { Index } from "./image";
import { Workspace } from "./scratch";
import { aimAtQuery } from "./aim";
import { Allowed, Everything } from "./filter";
import { distanceAt, slotAt } from "./pool";
import { rescoreHits } from "./rescore";
import { scanAll, scanBitmap, scanList } from "./scan";
import { collectHits, writeHit } from "./hnsw/hits";
import { beam, descend } from "./hnsw/search";

@unmanaged @final export class Search {
  run<S, P>(index: Index, work: Workspace, scorer: S, full: P): u32 {
    const filter = work.filter, strategy = work.strategy;
    const allowed = filter == FilterKind.None ? index.live : work.allowCount;
    const bits = filter == FilterKind.None ? index.region(Region.Live) : work.allow;
    if (!allowed) return 0;
    aimAtQuery(index, work, scorer, full);
    const wanted = max(work.k, work.rescore);
    if (worthWalking(index, allowed, work.ef, filter, strategy, work.cutoff)) {
      const start = descend(index, work, scorer, 0);
      const some = changetype<Allowed>(bits);
      let count: u32 = 0;
      if (filter == FilterKind.None && !index.tombstones) {
        const everything = changetype<Everything>(0);
        beam(index, work, scorer, everything, start, 0, work.ef);
        count = collectHits(index, work, everything, wanted);
      } else if (filter == FilterKind.None || strategy == Strategy.Traverse || isAllowedAround(index, some, start, allowed)) {
        beam(index, work, scorer, some, start, 0, work.ef);
        count = collectHits(index, work, some, wanted);
      }
      if (count >= min(work.k, allowed)) return rescored(work, full, count);
    }
    // asked for in so many words, a scan is exact if it can be
    if (strategy == Strategy.Scan && index.fullVectors == FullVectors.Memory) {
      scan(index, work, full, bits, work.k);
      return poolToHits(work);
    }
    scan(index, work, scorer, bits, wanted);
    return rescored(work, full, poolToHits(work));
  }
}

/** The hits, measured again if that was asked for; returns how many are left. */
function rescored<P>(work: Workspace, full: P, count: u32): u32 {
  if (!work.rescore) return min(count, work.k);
  rescoreHits(work, full, count, work.k, work.adaptive);
  return poolToHits(work);
}

function scan<S>(index: Index, work: Workspace, scorer: S, bits: usize, width: u32): void {
  if (work.filter == FilterKind.List) scanList(work, scorer, work.allow, work.allowCount, width);
  else if (work.filter == FilterKind.None && index.live == index.extent) scanAll(index, work, scorer, width);
  else scanBitmap(index, work, scorer, bits, width);
}

function poolToHits(work: Workspace): u32 {
  for (let i: u32 = 0; i < work.poolSize; i++) writeHit(work, i, slotAt(work, i), distanceAt(work, i));
  return work.poolSize;
}

/**
 * A walk measures about m new nodes in each of about ef expansions, at random places instead of in order. On
 * 100,000 × 100 it was measured to cost as much as scanning 5 × ef × m vectors (bench/filter.js). Scans are exact, so where
 * it is close they are preferred.
 */
const WALK_COST: u64 = 6;

@inline function worthWalking(index: Index, allowed: u32, ef: u32, filter: u32, strategy: u32, cutoff: u32): bool {
  if (index.type == IndexType.Flat || index.entry == NONE || filter == FilterKind.List) return false;
  if (strategy != Strategy.Auto) return strategy == Strategy.Traverse;
  // among tombstones in the majority a walk loses its way, as it does among what a filter refuses
  if (filter == FilterKind.None && index.tombstones <= allowed) return allowed > ef;
  return <u64>allowed > (cutoff == NONE ? <u64>ef * index.m * WALK_COST : cutoff);
}

/**
 * Whether the filter allows about as large a share of the nodes two links around the query as of all, or more. Where it
 * does not, what it allows lies elsewhere, and a walk would find its way there late or never.
 */
function isAllowedAround(index: Index, filter: Allowed, start: u32, allowed: u32): bool {
  let seen: u32 = 0;
  let matching: u32 = 0;
  for (let at = index.links(start, 0), end = at + (<usize>index.m << 3); at < end; at += 4) {
    const link = load<u32>(at);
    if (link == NONE) break;
    for (let second = index.links(link, 0), stop = second + (<usize>index.m << 3); second < stop; second += 4) {
      const slot = load<u32>(second);
      if (slot == NONE) break;
      matching += u32(filter.has(slot));
      seen++;
    }
  }
  return <u64>matching * 4 * (index.live + index.tombstones) >= <u64>seen * allowed * 3;
}
