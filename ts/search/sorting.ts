/**
 * Objects in the order of values of theirs. Only as many rows are kept as are wanted, so that a page of a large collection costs
 * little memory. Where values come from is the caller's matter.
 */
import { compareValues, type Value } from './values.js';

/** Ascending, objects without the property come first; descending, last. */
export type SortOrder = 'asc' | 'desc';

/** Plain JSON: the last row of a page is the cursor after which the next page begins. */
export interface SortRow {
  /** One for each key. */
  readonly values: readonly Value[];
  readonly slot: number;
}

/** Compares by the first key whose values differ; if none does, the lower slot comes first, whatever the orders. */
export function compareRows(orders: readonly SortOrder[]): (a: SortRow, b: SortRow) => number {
  const signs = orders.map((order) => order === 'asc' ? 1 : -1);
  return (a, b) => {
    for (let key = 0; key < signs.length; key++) {
      const order = compareValues(a.values[key]!, b.values[key]!);
      if (order) return order * signs[key]!;
    }
    return a.slot - b.slot;
  };
}

/**
 * The first `limit` of what is added, in O(log limit) each. `compare` must tell all items apart. With `after`, only items that
 * come strictly after it; it need not be there itself.
 */
export class Top<Item> {
  readonly #limit: number;
  readonly #compare: (a: Item, b: Item) => number;
  readonly #after: Item | undefined;
  /** A binary heap: an item comes after both of its children, those at 2i + 1 and 2i + 2. The last one is at 0. */
  readonly #heap: Item[] = [];

  constructor(limit: number, compare: (a: Item, b: Item) => number, after?: Item) {
    this.#limit = limit;
    this.#compare = compare;
    this.#after = after;
  }

  add(item: Item): void {
    const heap = this.#heap;
    if (this.#after !== undefined && this.#compare(item, this.#after) <= 0) return;
    if (heap.length < this.#limit) this.#rise(item);
    else if (heap.length && this.#compare(item, heap[0]!) < 0) this.#sink(item);
  }

  /** In order. */
  sorted(): Item[] {
    return [...this.#heap].sort(this.#compare);
  }

  #rise(item: Item): void {
    const heap = this.#heap;
    let place = heap.push(item) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#compare(item, heap[parent]!) < 0) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = item;
  }

  /** In the place of the last one. */
  #sink(item: Item): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#compare(heap[child + 1]!, heap[child]!) > 0) child++;
      if (this.#compare(item, heap[child]!) > 0) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = item;
  }
}

/** The first `limit` of the numbers 0 … count − 1 in an order in which, of equals, the lower one comes first. */
export function topSorted(count: number, limit: number, compare: (a: number, b: number) => number): number[] {
  const top = new Top<number>(limit, (a, b) => compare(a, b) || a - b);
  for (let i = 0; i < count; i++) top.add(i);
  return top.sorted();
}
