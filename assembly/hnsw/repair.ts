/**
 * Giving back what was removed, a few slots at a time, while searches and insertions go on. One sweep has three passes
 * over the slots:
 *
 *   mark    tombstones there are now become condemned; a twin takes the place of a node that has any
 *   relink  a list that holds a condemned node is chosen anew, from what is left and from the condemned node's neighbors
 *           (FreshDiskANN, arXiv 2105.09613, algorithm 4)
 *   free    nothing links to the condemned any more: their slots are free
 *
 * Insertions never link to a tombstone, so what the relink pass has done stays done.
 */
import { NONE, State, SweepPhase } from "../layout";
import { Index, clearBit, free, hasBit, setBit } from "../image";
import { Workspace } from "../scratch";
import { clearPool } from "../pool";
import { measureAround } from "../measure";
import { addLink, chooseNeighbors } from "./prune";
import { descend } from "./search";
import { electEntry, findNeighbors } from "./insert";
import { promoteTwin } from "./twins";

/** Advances a sweep by up to `slots` slots; true while there is more to do. */
export function sweep<S>(index: Index, work: Workspace, scorer: S, slots: u32): bool {
  if (index.sweepPhase == SweepPhase.Idle) {
    if (!index.tombstones) return false;
    index.sweepPhase = SweepPhase.Mark;
    index.sweepCursor = 0;
  }
  for (; slots > 0; slots--) {
    if (index.sweepCursor < index.extent) {
      visit(index, work, scorer, index.sweepCursor++);
    } else if (!nextPhase(index)) {
      return false;
    }
  }
  return true;
}

function nextPhase(index: Index): bool {
  const entry = index.entry;
  if (index.sweepPhase == SweepPhase.Mark && entry != NONE && index.state(entry) & State.Condemned) electEntry(index, NONE);
  index.sweepCursor = 0;
  index.sweepPhase = index.sweepPhase == SweepPhase.Free ? SweepPhase.Idle : index.sweepPhase + 1;
  return index.sweepPhase != SweepPhase.Idle;
}

function visit<S>(index: Index, work: Workspace, scorer: S, slot: u32): void {
  const state = index.state(slot);
  if (index.sweepPhase == SweepPhase.Mark) {
    if (!(state & State.Tombstone)) return;
    if (index.twin(slot) != NONE) promoteTwin(index, work, scorer, slot);
    index.setState(slot, state | State.Condemned);
  } else if (index.sweepPhase == SweepPhase.Relink) {
    if (state == State.Free || state & (State.Twin | State.Condemned)) return;
    for (let level = <i32>index.level(slot); level >= 0; level--) {
      if (linksToCondemned(index, slot, level)) relink(index, work, scorer, slot, level);
    }
  } else if (state & State.Condemned) {
    index.arenaWaste += index.level(slot) * index.m * 4;
    index.tombstones--;
    free(index, slot);
  }
}

function linksToCondemned(index: Index, slot: u32, level: u32): bool {
  const links = index.links(slot, level);
  for (let at = links, end = links + (<usize>index.linksMax(level) << 2); at < end; at += 4) {
    const link = load<u32>(at);
    if (link == NONE) break;
    if (index.state(link) & State.Condemned) return true;
  }
  return false;
}

/** Links the neighbors of a node flagged as tombstone past it. */
export function relinkAround<S>(index: Index, work: Workspace, scorer: S, slot: u32, level: u32): void {
  const links = index.links(slot, level);
  for (let i: u32 = 0, max = index.linksMax(level); i < max; i++) {
    const neighbor = load<u32>(links + (<usize>i << 2));
    if (neighbor == NONE) break;
    if (!index.reaches(neighbor, level) || index.state(neighbor) & State.Twin) continue;
    if (hasLink(index, neighbor, slot, level)) relink(index, work, scorer, neighbor, level);
  }
}

function hasLink(index: Index, node: u32, neighbor: u32, level: u32): bool {
  const links = index.links(node, level);
  for (let i: u32 = 0, max = index.linksMax(level); i < max; i++) {
    const link = load<u32>(links + (<usize>i << 2));
    if (link == neighbor) return true;
    if (link == NONE) break;
  }
  return false;
}

/** Chooses a node's list anew from the nodes it links to, with tombstones replaced by the nodes those link to. */
function relink<S>(index: Index, work: Workspace, scorer: S, node: u32, level: u32): void {
  const links = index.links(node, level);
  const max = index.linksMax(level);
  clearPool(work, index.efConstruction);
  forget(index, work, links, max, level);
  setBit(work.visited, node);
  let count: u32 = 0;
  for (let i: u32 = 0; i < max; i++) {
    const link = load<u32>(links + (<usize>i << 2));
    if (link == NONE) break;
    if (index.state(link) & State.Tombstone) {
      if (index.reaches(link, level)) count = gather(index, work, index.links(link, level), max, count);
    } else if (!hasBit(work.visited, link)) {
      setBit(work.visited, link);
      store<u32>(work.batch + (<usize>(count++) << 2), link);
    }
    if (count < max) continue;
    measureAround(work, scorer, node, count);
    count = 0;
  }
  if (count) measureAround(work, scorer, node, count);
  if (work.poolSize < index.m) searchAround(index, work, scorer, node, level);
  const chosen = chooseNeighbors(index, work, scorer, links, max, max);
  for (let i: u32 = 0; i < chosen; i++) addLink(index, work, scorer, load<u32>(links + (<usize>i << 2)), node, level);
}

/** Adds what a list names to the batch, each once and no tombstones. */
function gather(index: Index, work: Workspace, links: usize, max: u32, count: u32): u32 {
  for (let at = links, end = links + (<usize>max << 2); at < end; at += 4) {
    const link = load<u32>(at);
    if (link == NONE) break;
    if (hasBit(work.visited, link) || index.state(link) & State.Tombstone) continue;
    setBit(work.visited, link);
    store<u32>(work.batch + (<usize>(count++) << 2), link);
  }
  return count;
}

/** Clears the visited bits of all that relink may meet; cheaper than clearing all bits for each list. */
function forget(index: Index, work: Workspace, links: usize, max: u32, level: u32): void {
  for (let i: u32 = 0; i < max; i++) {
    const link = load<u32>(links + (<usize>i << 2));
    if (link == NONE) break;
    clearBit(work.visited, link);
    if (!(index.state(link) & State.Tombstone) || !index.reaches(link, level)) continue;
    const beyond = index.links(link, level);
    for (let j: u32 = 0; j < max; j++) {
      const second = load<u32>(beyond + (<usize>j << 2));
      if (second == NONE) break;
      clearBit(work.visited, second);
    }
  }
}

/** Where removals have left a node nearly alone, its candidates come from a search, as when it was inserted. */
function searchAround<S>(index: Index, work: Workspace, scorer: S, node: u32, level: u32): void {
  const query = scorer.query;
  scorer.query = index.row(node);
  findNeighbors(index, work, scorer, node, descend(index, work, scorer, level, node), level);
  scorer.query = query;
}
