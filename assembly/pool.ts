/**
 * The beam's state: the nearest candidates so far in one sorted array, each marked once expanded. An entry is one i64,
 *
 *   bits 63…32  distance, as an integer that sorts the same way
 *   bits 31…1   slot
 *   bit  0      expanded
 *
 * so that one comparison orders it and one move shifts it.
 */
import { NONE } from "./layout";
import { Workspace } from "./scratch";

/** A float's bits as an integer in the same order; its own inverse. */
@inline function sortable(bits: i32): i32 { return bits ^ ((bits >> 31) & 0x7fffffff); }

@inline function keyOf(distance: f32, slot: u32): i64 {
  return (<i64>sortable(reinterpret<i32>(distance)) << 32) | (<i64>slot << 1);
}

@inline function address(work: Workspace, i: u32): usize { return work.pool + (<usize>i << 3); }

@inline export function slotAt(work: Workspace, i: u32): u32 { return load<u32>(address(work, i)) >> 1; }

@inline export function distanceAt(work: Workspace, i: u32): f32 {
  return reinterpret<f32>(sortable(load<i32>(address(work, i), 4)));
}

export function clearPool(work: Workspace, capacity: u32): void {
  work.poolSize = 0;
  work.poolCapacity = capacity;
  work.poolCursor = 0;
  work.poolWorst = Infinity;
}

/** Inserts in order; the farthest falls out of a full pool. `distance` must be below poolWorst. */
export function offer(work: Workspace, distance: f32, slot: u32): void {
  const key = keyOf(distance, slot);
  const pool = work.pool;
  let size = work.poolSize;

  // the number of entries below key, by halving without branches
  let low: usize = pool;
  for (let span = size; span > 0;) {
    const half = (span + 1) >> 1;
    const middle = low + (<usize>half << 3);
    low = select<usize>(middle, low, load<i64>(middle - 8) < key);
    span -= half;
  }

  const capacity = work.poolCapacity;
  if (size == capacity) size--;
  shiftUp(low, pool + (<usize>size << 3));
  store<i64>(low, key);
  work.poolSize = ++size;
  if (size == capacity) work.poolWorst = distanceAt(work, size - 1);
  const at = <u32>((low - pool) >> 3);
  if (at < work.poolCursor) work.poolCursor = at;
}

/** Moves the entries of [from, to) up by one. */
@inline function shiftUp(from: usize, to: usize): void {
  let i = to;
  for (const stop = from + 16; i >= stop; i -= 16) v128.store(i - 16, v128.load(i - 16), 8);
  if (i > from) store<i64>(i - 8, load<i64>(i - 8), 8);
}

/** The nearest candidate not yet expanded, now marked as expanded; NONE when there is none left. */
@inline export function takeNearest(work: Workspace): u32 {
  const size = work.poolSize;
  let cursor = work.poolCursor;
  while (cursor < size) {
    const entry = load<u32>(address(work, cursor));
    if (!(entry & 1)) {
      store<u32>(address(work, cursor), entry | 1);
      work.poolCursor = cursor + 1;
      return entry >> 1;
    }
    cursor++;
  }
  work.poolCursor = cursor;
  return NONE;
}
