/** From the pool to hits: a node stands for itself and for all vectors equal to it. */
import { NONE, State } from "../layout";
import { Index } from "../image";
import { Workspace } from "../scratch";
import { distanceAt, slotAt } from "../pool";

/** Writes the nearest `k` that the filter has, nearest first; returns how many. */
export function collectHits<F>(index: Index, work: Workspace, filter: F, k: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0, n = work.poolSize; i < n && count < k; i++) {
    const slot = slotAt(work, i);
    if (index.state(slot) & State.Twin) continue;
    const distance = distanceAt(work, i);
    if (filter.has(slot)) writeHit(work, count++, slot, distance);
    for (let twin = index.twin(slot); twin != NONE && count < k; twin = index.twin(twin)) {
      if (filter.has(twin)) writeHit(work, count++, twin, distance);
    }
  }
  return count;
}

@inline export function writeHit(work: Workspace, i: u32, slot: u32, distance: f32): void {
  store<u32>(work.hitSlots + (<usize>i << 2), slot);
  store<f32>(work.hitDistances + (<usize>i << 2), distance);
}
