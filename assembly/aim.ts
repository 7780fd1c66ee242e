/**
 * What is searched for: the workspace's query, or the vector of a slot. Two scorers are aimed: `scorer` measures what is
 * walked or scanned, `full` the best vectors there are; without codes they are one and the same.
 */
import { FullVectors, Region } from "./layout";
import { Index } from "./image";
import { Workspace } from "./scratch";
import { rotate } from "./codecs/rotation";
import { isRotated, spaceBytes, spaceOf } from "./codecs/sizes";

@inline function isOne<S, P>(scorer: S, full: P): bool { return changetype<usize>(scorer) == changetype<usize>(full); }

export function aimAtQuery<S, P>(index: Index, work: Workspace, scorer: S, full: P): void {
  full.prepare(index, work, work.query);
  if (!isOne(scorer, full)) scorer.prepare(index, work, work.space);
}

/** For linking a slot that holds the query: beyond it, choices are among what is stored of all of them. */
export function aimAtOwn<S, P>(index: Index, work: Workspace, scorer: S, full: P, slot: u32): void {
  aimAtQuery(index, work, scorer, full);
  if (index.fullVectors == FullVectors.External) full.prepare(index, work, keep(index, work, full.vector(slot)));
}

export function aimAtSlot<S, P>(index: Index, work: Workspace, scorer: S, full: P, slot: u32): void {
  const stored = full.vector(slot);
  if (isOne(scorer, full)) {
    full.prepare(index, work, stored);
    return;
  }
  const vector = keep(index, work, stored);
  full.prepare(index, work, vector);
  if (!isRotated(index) || index.fullVectors == FullVectors.External) {
    scorer.prepare(index, work, vector);
    return;
  }
  const rotated = buffer(index, work, 6);
  memory.copy(rotated, vector, index.vectorBytes);
  memory.fill(rotated + index.vectorBytes, 0, spaceBytes(index) - index.vectorBytes);
  rotate(rotated, spaceOf(index), index.region(Region.Model));
  scorer.prepare(index, work, rotated);
}

/** A copy of an unpacked vector that outlives the unpacking of others. */
function keep(index: Index, work: Workspace, vector: usize): usize {
  const kept = buffer(index, work, 5);
  memory.copy(kept, vector, index.fullVectors == FullVectors.External ? spaceBytes(index) : index.vectorBytes);
  return kept;
}

@inline function buffer(index: Index, work: Workspace, i: usize): usize { return work.unpacked + i * spaceBytes(index); }
