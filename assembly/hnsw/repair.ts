/**
 * Giving back what was removed, a few slots at a time, while searches and insertions go on. One sweep has three passes
 * over the slots:
 *
 *   mark    tombstones there are now become condemned; a twin takes the place of a node that has any
 *   relink  a list that holds a condemned node is chosen anew, from what is left and from the condemned node's neighbors
 *           (FreshDiskANN, arXiv 2105.09613, algorithm 4); so is one that holds a node whose vector was replaced
 *   free    nothing links to the condemned any more: their slots are free
 *
 * Insertions never link to a tombstone, so what the relink pass has done stays done. A vector replaced while the pass is
 * under way may keep some links from its former place: they cost a little, and are never wrong.
 */
import { NONE, State, SweepPhase } from "../layout";
import { Index, free, giveBlock } from "../image";
import { Workspace } from "../scratch";
import { aimAtSlot } from "../aim";
import { addLink, chooseAnew, chooseNeighbors, contains, keepPruned } from "./prune";
import { descend } from "./search";
import { electEntry, findNeighbors, trust } from "./insert";
import { promoteTwin } from "./twins";

/** Advances a sweep by up to `slots` slots; true while there is more to do. */
export function sweep<S, P>(index: Index, work: Workspace, scorer: S, full: P, slots: u32): bool {
  if (index.sweepPhase == SweepPhase.Idle) {
    if (!index.tombstones && !index.moved) return false;
    index.sweepPhase = SweepPhase.Mark;
    index.sweepCursor = 0;
  }
  for (; slots > 0; slots--) {
    if (index.sweepCursor < index.extent) {
      visit(index, work, scorer, full, index.sweepCursor++);
    } else if (!nextPhase(index)) {
      return false;
    }
  }
  return true;
}

function nextPhase(index: Index): bool {
  const entry = index.entry;
  if (index.sweepPhase == SweepPhase.Mark && entry != NONE && index.isCondemned(entry)) electEntry(index, NONE);
  index.sweepCursor = 0;
  index.sweepPhase = index.sweepPhase == SweepPhase.Free ? SweepPhase.Idle : index.sweepPhase + 1;
  return index.sweepPhase != SweepPhase.Idle;
}

function visit<S, P>(index: Index, work: Workspace, scorer: S, full: P, slot: u32): void {
  const state = index.state(slot);
  if (index.sweepPhase == SweepPhase.Mark) {
    if (!(state & State.Tombstone)) return;
    if (index.twin(slot) != NONE) promoteTwin(index, work, scorer, full, slot);
    index.setState(slot, index.state(slot) | State.Suspect);
  } else if (index.sweepPhase == SweepPhase.Relink) {
    if (state == State.Free || state & State.Twin || index.isCondemned(slot)) return;
    for (let level = <i32>index.level(slot); level >= 0; level--) {
      if (linksToSuspect(index, slot, level)) relink(index, work, scorer, full, slot, level);
    }
  } else if (index.isCondemned(slot)) {
    giveBlock(index, slot);
    index.tombstones--;
    free(index, slot);
  } else {
    trust(index, slot);
  }
}

function linksToSuspect(index: Index, slot: u32, level: u32): bool {
  const links = index.links(slot, level);
  for (let at = links, end = links + (<usize>index.linksMax(level) << 2); at < end; at += 4) {
    const link = load<u32>(at);
    if (link == NONE) break;
    if (index.state(link) & State.Suspect) return true;
  }
  return false;
}

/** Links the neighbors of a node flagged as tombstone past it. */
export function relinkAround<S, P>(index: Index, work: Workspace, scorer: S, full: P, slot: u32, level: u32): void {
  const links = index.links(slot, level);
  for (let i: u32 = 0, max = index.linksMax(level); i < max; i++) {
    const neighbor = load<u32>(links + (<usize>i << 2));
    if (neighbor == NONE) break;
    if (!index.reaches(neighbor, level) || index.state(neighbor) & State.Twin || index.isCondemned(neighbor)) continue;
    if (contains(index.links(neighbor, level), max, slot)) relink(index, work, scorer, full, neighbor, level);
  }
}

/**
 * Chooses a list anew, fills it up to three quarters, and has the chosen link back. Without the filling, lists grow
 * shorter with every sweep, and recall at equal ef falls.
 */
function relink<S, P>(index: Index, work: Workspace, scorer: S, full: P, node: u32, level: u32): void {
  const links = index.links(node, level);
  const max = index.linksMax(level);
  let chosen = chooseAnew(index, work, full, node, level, NONE);
  if (work.poolSize < index.m && index.entry != NONE) {
    searchAround(index, work, scorer, full, node, level);
    chosen = chooseNeighbors(index, work, full, links, max, max);
  }
  chosen = keepPruned(index, work, links, chosen, (max * 3) >> 2);
  for (let i: u32 = 0; i < chosen; i++) addLink(index, work, full, load<u32>(links + (<usize>i << 2)), node, level);
}

/** Where removals have left a node nearly alone, its candidates come from a search, as when it was inserted. */
function searchAround<S, P>(index: Index, work: Workspace, scorer: S, full: P, node: u32, level: u32): void {
  aimAtSlot(index, work, scorer, full, node);
  findNeighbors(index, work, scorer, full, node, descend(index, work, scorer, level, node), level);
}
