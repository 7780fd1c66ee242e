/**
 * An immutable piece of the index, read through views of its sections. Where sections come from, and when they go, is decided
 * outside; the part only notes which of its objects are stale.
 */
import { NumbersSection } from './numbers.js';
import { PlacesSection } from './places.js';
import { Lists, PostingsWriter, type PostingList } from './postings.js';
import { Columns, aligned, packColumns } from './section.js';
import { TermsSection, type TokenTotals } from './terms.js';
import { BLOCK, type NumbersKey, type Part, type SectionName } from './types.js';

export type Sections = Map<SectionName | 'slots', Uint8Array>;

type View = TermsSection | NumbersSection | PlacesSection | PostingList;

const ordinals = new Uint32Array(BLOCK);

export class SectionedPart implements Part {
  readonly slots: Uint32Array;
  /** The sections it has. */
  readonly names: readonly SectionName[];
  readonly #section: (name: SectionName | 'slots') => Uint8Array | undefined;
  readonly #views = new Map<SectionName, View>();
  #live: Uint32Array | undefined;
  #staleCount = 0;
  /** Valid while no more become stale. */
  readonly #liveTokens = new Map<string, TokenTotals>();
  readonly #liveCounts = new Map<string, Map<number, number>>();

  /** `section` is asked for `slots` at once and for others when they are read. */
  constructor(section: (name: SectionName | 'slots') => Uint8Array | undefined, names: readonly SectionName[]) {
    const slots = aligned(section('slots') ?? new Uint8Array(0));
    this.slots = new Uint32Array(slots.buffer, slots.byteOffset, slots.length / 4);
    this.#section = section;
    this.names = names;
  }

  static of(sections: ReadonlyMap<SectionName | 'slots', Uint8Array>): SectionedPart {
    return new SectionedPart((name) => sections.get(name), [...sections.keys()].filter((name) => name !== 'slots'));
  }

  get live(): Uint32Array | undefined { return this.#live; }
  get staleCount(): number { return this.#staleCount; }

  terms(property: string): TermsSection | undefined {
    return this.#view(`terms:${property}`, (bytes) => new TermsSection(bytes));
  }

  numbers(key: NumbersKey): NumbersSection | undefined {
    return this.#view(`numbers:${key}`, (bytes) => new NumbersSection(bytes));
  }

  places(property: string): PlacesSection | undefined {
    return this.#view(`places:${property}`, (bytes) => new PlacesSection(bytes));
  }

  present(property: string): PostingList | undefined {
    return this.#view(`present:${property}`, presentList);
  }

  /** Forgets the view of a section, so that its bytes can go. */
  drop(name: SectionName): void {
    this.#views.delete(name);
  }

  /** False if the part has no such object, or it is stale already. */
  markStale(slot: number): boolean {
    const ordinal = this.#ordinalOf(slot);
    if (ordinal < 0) return false;
    const live = this.#live ??= allLive(this.slots.length);
    const bit = 1 << (ordinal & 31);
    if (!(live[ordinal >>> 5]! & bit)) return false;
    live[ordinal >>> 5]! &= ~bit;
    this.#staleCount++;
    this.#liveTokens.clear();
    this.#liveCounts.clear();
    return true;
  }

  /** Tokens of a searchable property in live objects, and live objects with any. */
  liveTokens(property: string): TokenTotals {
    const terms = this.terms(property);
    if (!terms) return { tokens: 0, objects: 0 };
    const live = this.#live;
    if (!live) return terms.totals;
    const known = this.#liveTokens.get(property);
    if (known) return known;
    let tokens = 0;
    let objects = 0;
    for (let ordinal = 0; ordinal < this.slots.length; ordinal++) {
      if (!(live[ordinal >>> 5]! >>> (ordinal & 31) & 1)) continue;
      const count = terms.tokensOf(ordinal);
      tokens += count;
      if (count > 0) objects++;
    }
    const totals = { tokens, objects };
    this.#liveTokens.set(property, totals);
    return totals;
  }

  /** Live objects that have a term. */
  liveCountOf(property: string, termIndex: number): number {
    const postings = this.terms(property)?.postings(termIndex);
    if (!postings) return 0;
    const live = this.#live;
    if (!live) return postings.count;
    let counts = this.#liveCounts.get(property);
    if (!counts) this.#liveCounts.set(property, counts = new Map<number, number>());
    let count = counts.get(termIndex);
    if (count === undefined) {
      count = 0;
      for (let block = 0; block < postings.blockCount; block++) {
        const length = postings.decode(block, ordinals);
        for (let i = 0; i < length; i++) count += live[ordinals[i]! >>> 5]! >>> (ordinals[i]! & 31) & 1;
      }
      counts.set(termIndex, count);
    }
    return count;
  }

  #ordinalOf(slot: number): number {
    const { slots } = this;
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = low + high >>> 1;
      if (slots[middle]! < slot) low = middle + 1;
      else high = middle;
    }
    return slots[low] === slot ? low : -1;
  }

  /** The name tells which kind of view it is. */
  #view<T extends View>(name: SectionName, make: (bytes: Uint8Array) => T): T | undefined {
    const known = this.#views.get(name);
    if (known) return known as T;
    const bytes = this.#section(name);
    if (!bytes) return undefined;
    const view = make(bytes);
    this.#views.set(name, view);
    return view;
  }
}

/** Bits of `count` ordinals, in words of 32; those beyond are 0. */
function allLive(count: number): Uint32Array {
  const live = new Uint32Array(Math.ceil(count / 32)).fill(0xffffffff);
  if (count % 32) live[live.length - 1] = 2 ** (count % 32) - 1;
  return live;
}

/** A section of one list: u32[1] where it starts, skips, lists as in postings.ts. Ends the list. Undefined if it is empty. */
export function* writePresent(list: PostingsWriter): Generator<void, Uint8Array | undefined> {
  const start = list.end();
  return start < 0 ? undefined : yield* packColumns([Uint32Array.of(start), list.skips, list.bytes]);
}

function presentList(section: Uint8Array): PostingList {
  const columns = new Columns(section);
  return new Lists(columns.u8(2), columns.u32(1)).at(columns.u32(0)[0]!);
}
