/** Linking a node into the graph, and taking it out again. */
import { IndexType, NONE, Region, State } from "../layout";
import { Index, clearBit, free, levelMax, takeBlock } from "../image";
import { Workspace } from "../scratch";
import { Allowed, Everything } from "../filter";
import { distanceAt, slotAt } from "../pool";
import { rescorePool } from "../rescore";
import { beam, descend } from "./search";
import { addLink, chooseNeighbors, keepPruned } from "./prune";
import { attachTwin, detachTwin, promoteTwin } from "./twins";
import { relinkAround } from "./repair";

/** floor(−ln(u) / ln(m)) of the paper without a logarithm: each level is reached with probability 1/m. */
export function randomLevel(index: Index): u32 {
  const limit = levelMax(index.m);
  const step = index.m;
  let threshold: u32 = 0xffffffff / step;
  const draw = nextRandom(index);
  let level: u32 = 0;
  while (level < limit && draw < threshold) {
    level++;
    threshold /= step;
  }
  return level;
}

@inline function advance(state: u64): u64 { return state * 6364136223846793005 + 1442695040888963407; }

export function firstRandomState(seed: u64): u64 { return advance(advance(0) + seed); }

/** PCG-XSH-RR (O'Neill 2014): 32 bits of a 64-bit state. */
function nextRandom(index: Index): u32 {
  const state = index.randomState;
  index.randomState = advance(state);
  return rotr<u32>(<u32>(((state >> 18) ^ state) >> 27), <u32>(state >> 59));
}

/** Gives a node empty lists up to `level`. The arena must have arenaReserve bytes left. */
export function openLevels(index: Index, slot: u32, level: u32): void {
  index.setState(slot, (level + 1) | State.Linked);
  memory.fill(index.links(slot, 0), 0xff, index.linksMax(0) << 2);
  if (level) index.setUpper(slot, takeBlock(index, level));
}

/**
 * Links a slot whose vector is stored, whose lists are empty, and at which the scorers aim. `linked`: other nodes may link
 * to the slot from an earlier life.
 */
export function link<S, P>(index: Index, work: Workspace, scorer: S, full: P, slot: u32, linked: bool): void {
  const level = index.level(slot);
  if (index.entry == NONE) {
    index.entry = slot;
    index.entryLevel = level;
    return;
  }
  let start = descend(index, work, scorer, level, slot);
  const top = min(level, index.entryLevel);
  let isolated = true;
  for (let l = <i32>top; l >= 0; l--) {
    findNeighbors(index, work, scorer, full, slot, start, l);
    if (work.poolSize) start = slotAt(work, 0);
    const equal = l == top ? findEqual(index, work, full, slot) : NONE;
    if (equal != NONE) {
      attachTwin(index, equal, slot, linked);
      return;
    }
    isolated = !connect(index, work, full, slot, l);
  }
  // an isolated node cannot be reached from the entry, but all that comes after it can find it from here
  if (level > index.entryLevel || isolated) {
    index.entry = slot;
    index.entryLevel = level;
  }
}

/**
 * Fills the pool with the nearest nodes of `level` other than `slot`, at which the scorers aim. Tombstones found are walked
 * through and never become neighbors; where they leave too few others, the search is repeated stepping over them.
 */
export function findNeighbors<S, P>(index: Index, work: Workspace, scorer: S, full: P, slot: u32, start: u32, level: u32): void {
  const width = candidatesMax(index);
  beam<S, Everything>(index, work, scorer, changetype<Everything>(0), start, level, width, slot);
  if (index.tombstones && countNeighbors(index, work) < index.m) {
    beam<S, Allowed>(index, work, scorer, changetype<Allowed>(index.region(Region.Live)), start, level, width, slot);
  }
  if (index.codec) rescorePool(work, full, width);
}

/** efConstruction, and as many more as tombstones are likely to take of them. */
function candidatesMax(index: Index): u32 {
  const ef = index.efConstruction;
  return index.tombstones < index.live ? ef + <u32>(<u64>ef * index.tombstones / index.live) : ef << 1;
}

/** How many of the pool may become neighbors. */
function countNeighbors(index: Index, work: Workspace): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0, n = work.poolSize; i < n; i++) count += u32(!(index.state(slotAt(work, i)) & State.Tombstone));
  return count;
}

/** Links the slot both ways with those of the pool that the heuristic chooses, and the nearest others up to m. False if none. */
function connect<P>(index: Index, work: Workspace, full: P, slot: u32, level: u32): bool {
  const links = index.links(slot, level);
  const chosen = chooseNeighbors(index, work, full, links, index.m, index.linksMax(level));
  const count = keepPruned(index, work, links, chosen, index.m);
  for (let i: u32 = 0; i < count; i++) addLink(index, work, full, load<u32>(links + (<usize>i << 2)), slot, level);
  return count > 0;
}

/**
 * A node of the pool that is stored exactly as `slot` is, or NONE. Equal vectors are measured equal to the bit, so only
 * those at the distance of the slot itself are compared. A removed node may be equal too, but gets no twins.
 */
function findEqual<P>(index: Index, work: Workspace, full: P, slot: u32): u32 {
  const self = f32x4.extract_lane(full.distances(slot, slot, slot, slot), 0);
  for (let i: u32 = 0, n = work.poolSize; i < n; i++) {
    if (distanceAt(work, i) != self) continue;
    const other = slotAt(work, i);
    if (index.state(other) & (State.Twin | State.Tombstone)) continue;
    if (index.isStoredAs(other, slot)) return other;
  }
  return NONE;
}

/** Takes a slot out of what searches return, and no more. */
export function takeOut(index: Index, slot: u32): void {
  clearBit(index.region(Region.Live), slot);
  index.live--;
}

/** Removes a live vector. A linked node stays as a tombstone until a sweep has bypassed it. */
export function remove(index: Index, slot: u32): void {
  takeOut(index, slot);
  trust(index, slot);
  if (index.type == IndexType.Flat) {
    free(index, slot);
    return;
  }
  if (index.state(slot) & State.Twin) detachTwin(index, slot);
  if (!(index.state(slot) & State.Linked)) {
    free(index, slot);
    return;
  }
  index.setState(slot, index.state(slot) | State.Tombstone);
  index.tombstones++;
}

/**
 * Prepares a slot in use for another vector: its neighbors are linked past it, its lists emptied, its level kept (a twin,
 * which had none, draws one). Nodes
 * that link to it one way keep doing so: such a link is only a detour, and the next sweep reconsiders it.
 */
export function vacate<S, P>(index: Index, work: Workspace, scorer: S, full: P, slot: u32): void {
  trust(index, slot);
  if (index.state(slot) & State.Twin) {
    detachTwin(index, slot);
    openLevels(index, slot, randomLevel(index));
    return;
  }
  const state = index.state(slot) & ~State.Suspect;
  if (!(state & State.Tombstone)) index.tombstones++;
  index.setState(slot, state | State.Tombstone);
  if (index.twin(slot) != NONE) promoteTwin(index, work, scorer, full, slot);
  const level = index.level(slot);
  if (index.entry == slot) electEntry(index, slot);
  for (let l = <i32>level; l >= 0; l--) {
    relinkAround(index, work, scorer, full, slot, l);
    memory.fill(index.links(slot, l), 0xff, index.linksMax(l) << 2);
  }
  index.tombstones--;
  index.setState(slot, (level + 1) | State.Linked);
}

/** Notes that nodes may link to a slot which did so for its former vector. */
export function suspect(index: Index, slot: u32): void {
  index.setState(slot, index.state(slot) | State.Suspect);
  index.moved++;
}

/** The opposite, for a slot that is not a tombstone; else nothing happens. */
export function trust(index: Index, slot: u32): void {
  const state = index.state(slot);
  if ((state & State.Condemned) != State.Suspect) return;
  index.setState(slot, state & ~State.Suspect);
  index.moved--;
}

/** The tallest node other than `except` becomes the entry; a live one if there is any. O(extent). */
export function electEntry(index: Index, except: u32): void {
  index.entry = NONE;
  index.entryLevel = 0;
  let best: u32 = 0;
  for (let slot: u32 = 0, extent = index.extent; slot < extent; slot++) {
    const state = index.state(slot);
    if (state == State.Free || state & State.Twin || index.isCondemned(slot) || slot == except) continue;
    const rank = (state & State.LevelMask) + (state & State.Tombstone ? 0 : State.LevelMask + 1);
    if (rank <= best) continue;
    best = rank;
    index.entry = slot;
    index.entryLevel = (state & State.LevelMask) - 1;
  }
}
