/** Filters as they come to a keyword search: one bit per slot, in words of 32. From slots to the ordinals of a part. */
import type { Part } from './types.js';

/** Slots beyond the words are not in it. */
export const isIn = (filter: Uint32Array, slot: number): boolean => slot >>> 5 < filter.length && (filter[slot >>> 5]! >>> (slot & 31) & 1) === 1;

/** Whether fewer than `most` bits are set. */
export function isSparse(filter: Uint32Array, most: number): boolean {
  let count = 0;
  for (let word = 0; word < filter.length && count < most; word++) {
    for (let bits = filter[word]!; bits; bits &= bits - 1) count++;
  }
  return count < most;
}

/** One bit per ordinal, in words of 32: live objects whose slots are in the filter. */
export function allowedOrdinals({ slots, live }: Part, filter: Uint32Array): Uint32Array {
  const allowed = new Uint32Array((slots.length + 31) >>> 5);
  let low = 0;
  for (let word = 0; word < filter.length && low < slots.length; word++) {
    for (let bits = filter[word]!; bits; bits &= bits - 1) {
      const slot = word * 32 + 31 - Math.clz32(bits & -bits);
      low = lowerBound(slots, slot, low);
      if (slots[low] === slot && (!live || live[low >>> 5]! >>> (low & 31) & 1)) allowed[low >>> 5]! |= 1 << (low & 31);
    }
  }
  return allowed;
}

/** Index of the first slot that is not below `slot`, from `low` on. */
function lowerBound(slots: Uint32Array, slot: number, low: number): number {
  let high = slots.length;
  if (low === high || slots[low]! >= slot) return low;
  // Slots ascend by at least 1 each, and mostly by just that.
  const most = low + slot - slots[low]!;
  if (slots[most] === slot) return most;
  high = Math.min(high, most);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (slots[middle]! < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
