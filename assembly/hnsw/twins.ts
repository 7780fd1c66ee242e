/**
 * Equal vectors. Only the first of them is linked; the others hang on it in a chain, so that any number of equal
 * vectors costs the graph one node. twins[node] is the first, twins[twin] the next; the first link of a twin, which has
 * no neighbors of its own, is its predecessor.
 *
 *   node ─► twin ─► twin ─► NONE
 *        ◄─      ◄─
 */
import { NONE, State } from "../layout";
import { Index, giveBlock } from "../image";
import { Workspace } from "../scratch";
import { aimAtSlot } from "../aim";
import { link, openLevels } from "./insert";

@inline export function before(index: Index, twin: u32): u32 { return load<u32>(index.links(twin, 0)); }
@inline function setBefore(index: Index, twin: u32, slot: u32): void { store<u32>(index.links(twin, 0), slot); }

/** Hangs `slot`, which has no neighbors, on `node`, whose row is equal. `linked`: nodes may still link to the slot. */
export function attachTwin(index: Index, node: u32, slot: u32, linked: bool): void {
  const next = index.twin(node);
  giveBlock(index, slot);
  index.setState(slot, 1 | State.Twin | (linked ? State.Linked : 0) | (index.state(slot) & State.Suspect));
  index.setTwin(slot, next);
  setBefore(index, slot, node);
  if (next != NONE) setBefore(index, next, slot);
  index.setTwin(node, slot);
  index.twinCount++;
}

/** Takes a twin out of its chain; it has no neighbors, and is no twin any more. */
export function detachTwin(index: Index, twin: u32): void {
  const next = index.twin(twin);
  const previous = before(index, twin);
  index.setTwin(previous, next);
  if (next != NONE) setBefore(index, next, previous);
  index.setTwin(twin, NONE);
  setBefore(index, twin, NONE);
  index.setState(twin, index.state(twin) & ~State.Twin);
  index.twinCount--;
}

/** The first twin of a node about to go takes its place in the graph, and with it the rest of the chain. */
export function promoteTwin<S, P>(index: Index, work: Workspace, scorer: S, full: P, node: u32): void {
  const heir = index.twin(node);
  detachTwin(index, heir);
  const rest = index.twin(node);
  index.setTwin(node, NONE);
  index.setState(heir, 1 | State.Linked | (index.state(heir) & State.Suspect));
  aimAtSlot(index, work, scorer, full, heir);
  link(index, work, scorer, full, heir, true);
  if (rest != NONE) splice(index, index.state(heir) & State.Twin ? before(index, heir) : heir, rest);
}

/**
 * Takes twins out of their chains that are not stored as their node is, and links them. Vectors of one code are twins as
 * long as nothing else is kept of them; stored more finely they may differ. O(slots).
 */
export function separateTwins<S, P>(index: Index, work: Workspace, scorer: S, full: P): void {
  for (let node: u32 = 0; node < index.extent && index.twinCount; node++) {
    if (index.state(node) == State.Free || index.state(node) & State.Twin) continue;
    for (let twin = index.twin(node); twin != NONE;) {
      const next = index.twin(twin);
      if (!index.isStoredAs(twin, node)) {
        const isSuspect = index.state(twin) & State.Suspect;
        detachTwin(index, twin);
        openLevels(index, twin, 0);
        index.setState(twin, index.state(twin) | isSuspect);
        aimAtSlot(index, work, scorer, full, twin);
        link(index, work, scorer, full, twin, true);
      }
      twin = next;
    }
  }
}

/** Hangs a whole chain on a node. O(chain). */
function splice(index: Index, node: u32, chain: u32): void {
  let last = chain;
  while (index.twin(last) != NONE) last = index.twin(last);
  const next = index.twin(node);
  index.setTwin(last, next);
  if (next != NONE) setBefore(index, next, last);
  index.setTwin(node, chain);
  setBefore(index, chain, node);
}
