/**
 * Makes one part of the live objects of several, a slice at a time. What is there in order is merged in order: slots, terms,
 * numbers and the lists of each; no text is decoded and nothing is sorted.
 */
import { ListMerger, STALE, type ListSink } from './list-merger.js';
import { NumbersSection, writeNumbers } from './numbers.js';
import { writePresent, type SectionedPart, type Sections } from './part.js';
import { PlacesSection, isBefore, writePlaces } from './places.js';
import { PostingsWriter } from './postings.js';
import { bytesOf } from './section.js';
import { TermsSection, TermsWriter, compareBytes } from './terms.js';
import type { NumbersKey, Postings, SectionName } from './types.js';

/** What is done between two yields, in postings: some 0.3 ms. */
const SLICE = 16_384;
/** What beginning a list costs, in postings. */
const LIST_COST = 16;
const SINGLE_COST = 4;

/** `maps`: of each input, the new ordinals by the old ones. `count`: of the new ones. */
type Merge = (maps: readonly Uint32Array[], count: number) => Generator<void, Uint8Array | undefined>;

/**
 * Live is what is so when this is called, and all sections must be loaded then; afterwards inputs may change and sections may go.
 * Slots of live objects are distinct. A `next` takes some 0.3 ms, but for those that begin: they are linear in the objects.
 */
export function mergeParts(parts: readonly SectionedPart[]): Generator<void, Sections> {
  const lives = parts.map(({ live }) => live?.slice());
  const count = parts.reduce((sum, { slots, staleCount }) => sum + slots.length - staleCount, 0);
  const merges = new Map<SectionName, Merge>();
  for (const name of parts.flatMap(({ names }) => names)) if (!merges.has(name)) merges.set(name, mergeOf(name, parts));
  return merged(parts.map(({ slots }) => slots), lives, count, merges);
}

function mergeOf(name: SectionName, parts: readonly SectionedPart[]): Merge {
  const kind = name.slice(0, name.indexOf(':'));
  const rest = name.slice(kind.length + 1);
  switch (kind) {
    case 'terms': {
      const inputs = parts.map((part) => part.terms(rest));
      return (maps, count) => mergeTerms(inputs, maps, count);
    }
    case 'numbers': {
      const inputs = parts.map((part) => part.numbers(rest as NumbersKey));
      return (maps) => mergeNumbers(inputs, maps);
    }
    case 'places': {
      const inputs = parts.map((part) => part.places(rest));
      return (maps) => mergePlaces(inputs, maps);
    }
    default: {
      const inputs = parts.map((part) => part.present(rest));
      return (maps) => mergePresent(inputs, maps);
    }
  }
}

function* merged(
  slots: readonly Uint32Array[], lives: readonly (Uint32Array | undefined)[], count: number, merges: ReadonlyMap<SectionName, Merge>,
): Generator<void, Sections> {
  const { mergedSlots, maps } = yield* mergeSlots(slots, lives, count);
  const sections: Sections = new Map([['slots', bytesOf(mergedSlots)]]);
  for (const [name, merge] of merges) {
    const section = yield* merge(maps, count);
    if (section) sections.set(name, section);
    yield;
  }
  return sections;
}

function* mergeSlots(
  inputs: readonly Uint32Array[], lives: readonly (Uint32Array | undefined)[], count: number,
): Generator<void, { mergedSlots: Uint32Array; maps: Uint32Array[] }> {
  const mergedSlots = new Uint32Array(count);
  const maps = inputs.map((slots) => new Uint32Array(slots.length).fill(STALE));
  const at = new Uint32Array(inputs.length);
  let next = 0;
  let untilYield = SLICE;
  for (;;) {
    let first = -1;
    let second = Infinity;
    let least = Infinity;
    for (let input = 0; input < inputs.length; input++) {
      const slots = inputs[input]!;
      if (at[input]! === slots.length) continue;
      const slot = slots[at[input]!]!;
      if (slot < least) {
        second = least;
        least = slot;
        first = input;
      } else if (slot < second) second = slot;
    }
    if (first < 0) return { mergedSlots, maps };
    const from = at[first]!;
    const slots = inputs[first]!;
    const live = lives[first];
    const map = maps[first]!;
    const end = Math.min(slots.length, from + SLICE);
    let ordinal = from;
    // A stale object may have the slot of another input's live one: then `second` is the same, and this goes one step.
    do {
      if (!live || live[ordinal >>> 5]! >>> (ordinal & 31) & 1) {
        map[ordinal] = next;
        mergedSlots[next++] = slots[ordinal]!;
      }
      ordinal++;
    } while (ordinal < end && slots[ordinal]! < second);
    at[first] = ordinal;
    if ((untilYield -= ordinal - from + inputs.length) <= 0) {
      untilYield = SLICE;
      yield;
    }
  }
}

function* mergePresent(inputs: readonly (Postings | undefined)[], maps: readonly Uint32Array[]): Generator<void, Uint8Array | undefined> {
  const merger = new ListMerger();
  const list = new PostingsWriter();
  for (const [i, input] of inputs.entries()) if (input) merger.open(input, maps[i]!);
  while (merger.step(list, SLICE) <= 0) yield;
  return yield* writePresent(list);
}

function* mergeTerms(
  inputs: readonly (TermsSection | undefined)[], maps: readonly Uint32Array[], count: number,
): Generator<void, Uint8Array | undefined> {
  const there = inputs.filter((input) => input !== undefined);
  const thereMaps = maps.filter((_, i) => inputs[i]);
  const tokens = there.some(({ hasFrequencies }) => hasFrequencies) ? yield* mergeTokens(there, thereMaps, count) : undefined;
  const sum = (of: (input: TermsSection) => number): number => there.reduce((total, input) => total + of(input), 0);
  const writer = new TermsWriter(tokens, {
    terms: Math.max(...there.map((input) => input.count)) * 2,
    textBytes: Math.max(...there.map(({ text }) => text.length)) * 2,
    listBytes: sum(({ listBytes }) => listBytes) * 1.25 >>> 0,
  });
  const merger = new ListMerger();
  const heads = there.map((input, i) => new TermCursor(input, thereMaps[i]!));
  let budget = SLICE;
  for (;;) {
    const same = leastOf(heads);
    if (same.length === 0) return yield* writer.finish();
    const { input: { text, starts }, index } = same[0]!;
    for (const head of same) {
      merger.open(head.input.postings(head.index), head.map);
      head.next();
      budget -= LIST_COST;
    }
    while ((budget = merger.step(writer.lists, budget)) <= 0) {
      yield;
      budget = SLICE;
    }
    writer.add(text, starts[index]!, starts[index + 1]!);
  }
}

class TermCursor {
  index = -1;
  /** The first four bytes of the term, big-endian, those that are lacking 0: terms whose prefixes differ are in their order. */
  prefix = 0;

  constructor(readonly input: TermsSection, readonly map: Uint32Array) {
    this.next();
  }

  get isAtEnd(): boolean { return this.index === this.input.count; }

  next(): void {
    const { text, starts, count } = this.input;
    if (++this.index === count) return;
    const from = starts[this.index]!;
    const length = starts[this.index + 1]! - from;
    this.prefix = ((length > 0 ? text[from]! << 24 : 0) | (length > 1 ? text[from + 1]! << 16 : 0)
      | (length > 2 ? text[from + 2]! << 8 : 0) | (length > 3 ? text[from + 3]! : 0)) >>> 0;
  }
}

const ties: TermCursor[] = [];

/** The cursors at the least term; valid until the next call. */
function leastOf(heads: readonly TermCursor[]): readonly TermCursor[] {
  ties.length = 0;
  for (const head of heads) {
    if (head.isAtEnd) continue;
    const order = ties.length === 0 ? -1 : compareTerms(head, ties[0]!);
    if (order < 0) ties.length = 0;
    if (order <= 0) ties.push(head);
  }
  return ties;
}

function compareTerms(x: TermCursor, y: TermCursor): number {
  if (x.prefix !== y.prefix) return x.prefix - y.prefix;
  const { text: xText, starts: xStarts } = x.input;
  const { text: yText, starts: yStarts } = y.input;
  return compareBytes(xText, xStarts[x.index]!, xStarts[x.index + 1]!, yText, yStarts[y.index]!, yStarts[y.index + 1]!);
}

function* mergeTokens(inputs: readonly TermsSection[], maps: readonly Uint32Array[], count: number): Generator<void, Uint32Array> {
  const tokens = new Uint32Array(count);
  let untilYield = SLICE;
  for (const [i, input] of inputs.entries()) {
    const map = maps[i]!;
    for (let from = 0; from < map.length; from += SLICE) {
      const to = Math.min(map.length, from + SLICE);
      for (let ordinal = from; ordinal < to; ordinal++) if (map[ordinal] !== STALE) tokens[map[ordinal]!] = input.tokensOf(ordinal);
      if ((untilYield -= to - from) <= 0) {
        untilYield = SLICE;
        yield;
      }
    }
  }
  return tokens;
}

function* mergeNumbers(inputs: readonly (NumbersSection | undefined)[], maps: readonly Uint32Array[]): Generator<void, Uint8Array | undefined> {
  const there = inputs.filter((input) => input !== undefined);
  const thereMaps = maps.filter((_, i) => inputs[i]);
  const keys = new Float64Array(there.reduce((sum, input) => sum + input.keys.length, 0));
  const starts = new Uint32Array(keys.length + 1);
  const ordinals = new OrdinalSink(there.reduce((sum, input) => sum + input.total, 0));
  const merger = new ListMerger();
  const at = new Uint32Array(there.length);
  // Infinity at the end: keys are finite.
  const heads = Float64Array.from(there, (input) => input.keys[0]!);
  let count = 0;
  let budget = SLICE;
  for (;;) {
    let key = Infinity;
    let holder = 0;
    let isShared = false;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!;
      if (head < key) {
        key = head;
        holder = i;
        isShared = false;
      } else if (head === key) isShared = true;
    }
    if (key === Infinity) break;
    // Most keys, where they are distinct.
    const single = isShared ? -1 : there[holder]!.single(at[holder]!);
    if (single >= 0) {
      const ordinal = thereMaps[holder]![single]!;
      if (ordinal !== STALE) ordinals.add(ordinal);
      heads[holder] = there[holder]!.keys[++at[holder]!] ?? Infinity;
      budget -= SINGLE_COST;
    } else {
      for (let i = holder; i < heads.length; i++) {
        if (heads[i] !== key) continue;
        const input = there[i]!;
        merger.open(input.postings(at[i]!), thereMaps[i]!);
        heads[i] = input.keys[++at[i]!] ?? Infinity;
        budget -= LIST_COST;
      }
    }
    while ((budget = merger.step(ordinals, budget)) <= 0) {
      yield;
      budget = SLICE;
    }
    if (ordinals.count > starts[count]!) {
      keys[count++] = key;
      starts[count] = ordinals.count;
    }
  }
  return yield* writeNumbers(keys.subarray(0, count), starts.subarray(0, count + 1), ordinals.all);
}

class OrdinalSink implements ListSink {
  count = 0;
  readonly #ordinals: Uint32Array;

  constructor(countMax: number) {
    this.#ordinals = new Uint32Array(countMax);
  }

  add(ordinal: number): void { this.#ordinals[this.count++] = ordinal; }

  get all(): Uint32Array { return this.#ordinals.subarray(0, this.count); }
}

function* mergePlaces(inputs: readonly (PlacesSection | undefined)[], maps: readonly Uint32Array[]): Generator<void, Uint8Array | undefined> {
  const there = inputs.filter((input) => input !== undefined);
  const thereMaps = maps.filter((_, i) => inputs[i]);
  const total = there.reduce((sum, input) => sum + input.ordinals.length, 0);
  const latitudes = new Float64Array(total);
  const longitudes = new Float64Array(total);
  const ordinals = new Uint32Array(total);
  const at = new Uint32Array(there.length);
  let count = 0;
  for (;;) {
    let first = -1;
    let ordinal = 0;
    for (let i = 0; i < there.length; i++) {
      const input = there[i]!;
      const map = thereMaps[i]!;
      // Stale ones are passed before anything is compared: among equal places the ordinal decides, and they have none.
      while (at[i]! < input.ordinals.length && map[input.ordinals[at[i]!]!] === STALE) at[i]!++;
      if (at[i] === input.ordinals.length) continue;
      const candidate = map[input.ordinals[at[i]!]!]!;
      if (first < 0 || isBefore(input, at[i]!, candidate, there[first]!, at[first]!, ordinal)) {
        first = i;
        ordinal = candidate;
      }
    }
    if (first < 0) break;
    const index = at[first]!++;
    latitudes[count] = there[first]!.latitudes[index]!;
    longitudes[count] = there[first]!.longitudes[index]!;
    ordinals[count++] = ordinal;
    if (count % 4096 === 0) yield;
  }
  return yield* writePlaces({
    latitudes: latitudes.subarray(0, count), longitudes: longitudes.subarray(0, count), ordinals: ordinals.subarray(0, count),
  });
}
