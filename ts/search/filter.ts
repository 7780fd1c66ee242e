/**
 * Filters as a shard evaluates them: what is asked is resolved already (terms are analyzed, moments are milliseconds), and the
 * answer is the exact set of slots of live objects. Schemas and the forms in which users write filters are not known here.
 */
import { Deadline } from './deadline.js';
import { likePattern } from './like.js';
import { SlotSet } from './slot-set.js';
import { BLOCK, type NumbersKey, type Part, type Places, type Postings, type SectionName, type Terms } from './types.js';

/** Without a bound it goes on without end. */
export interface Bounds<T> {
  readonly from?: T;
  readonly to?: T;
  /** The bound itself is left out. */
  readonly isAboveFrom?: boolean;
  readonly isBelowTo?: boolean;
}

/** Plain JSON. */
export type FilterNode =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'and' | 'or'; readonly nodes: readonly FilterNode[] }
  | { readonly kind: 'not'; readonly node: FilterNode }
  /** The property has all of the terms, or any of them. */
  | { readonly kind: 'allTerms' | 'anyTerm'; readonly property: string; readonly terms: readonly string[] }
  /** Some term of the property is within bounds, by code points; or like the pattern. */
  | { readonly kind: 'termRange'; readonly property: string } & Bounds<string>
  | { readonly kind: 'like'; readonly property: string; readonly pattern: string }
  | { readonly kind: 'allNumbers' | 'anyNumber'; readonly key: NumbersKey; readonly numbers: readonly number[] }
  /** Some number is within bounds. `isSingle`: no object has several of the key, so that ranges can be one range. */
  | { readonly kind: 'numberRange'; readonly key: NumbersKey; readonly isSingle?: boolean } & Bounds<number>
  | { readonly kind: 'present'; readonly property: string }
  /** Some place is at most `distance` metres away; degrees. */
  | { readonly kind: 'near'; readonly property: string; readonly latitude: number; readonly longitude: number; readonly distance: number }
  | { readonly kind: 'ids'; readonly ids: readonly string[] };

export interface FilterContext {
  /** With the sections of `sectionsOf` loaded. */
  readonly parts: readonly Part[];
  /** Slots of live objects. */
  readonly all: SlotSet;
  /** −1 if there is none. */
  slotOf(id: string): number;
  /** By default the one that evaluations have by themselves. */
  readonly deadline?: Deadline | undefined;
}

type Evaluation = FilterContext & { readonly deadline: Deadline };

/** Of the sphere whose surface is that of the Earth: IUGG's R1, metres. */
export const EARTH_RADIUS = 6_371_008.8;

/** What evaluating will read. */
export function sectionsOf(node: FilterNode): SectionName[] {
  const names = new Set<SectionName>();
  addSections(node, names);
  return [...names];
}

/** A set of its own, of the extent of `all`. Throws TIMEOUT. */
export function evaluate(node: FilterNode, { parts, all, deadline = new Deadline(), ...context }: FilterContext): SlotSet {
  deadline.check();
  return setOf(node, { parts, all, slotOf: (id) => context.slotOf(id), deadline });
}

function setOf(node: FilterNode, context: Evaluation): SlotSet {
  const { deadline } = context;
  deadline.spend(1 + (context.all.words.length >>> WORDS));
  switch (node.kind) {
    case 'and': return intersection(node.nodes, context);
    case 'not': return setOf(node.node, context).not(context.all);
    case 'allTerms': return common(node.terms, context, (set, part, term) => addTerm(set, part, part.terms(node.property), term, deadline));
    case 'allNumbers': return common(node.numbers, context, (set, part, number) => addNumber(set, part, node.key, number, deadline));
    default: {
      const set = new SlotSet(context.all.extent);
      unite(node, context, set);
      return set;
    }
  }
}

// What is told to the deadline, in its units.
/** Of looking up a key. */
const LOOK_UP = 10;
/** Postings, words of bits and comparisons of characters in a unit, as powers of two. */
const POSTINGS = 4;
const WORDS = 6;
const CHARACTERS = 8;

/** Scratch for one block; evaluation is synchronous. */
const block = new Uint32Array(BLOCK);

function addSections(node: FilterNode, names: Set<SectionName>): void {
  switch (node.kind) {
    case 'and':
    case 'or': for (const each of node.nodes) addSections(each, names); break;
    case 'not': addSections(node.node, names); break;
    case 'allTerms':
    case 'anyTerm':
    case 'termRange':
    case 'like': names.add(`terms:${node.property}`); break;
    case 'allNumbers':
    case 'anyNumber':
    case 'numberRange': names.add(`numbers:${node.key}`); break;
    case 'present': names.add(`present:${node.property}`); break;
    case 'near': names.add(`places:${node.property}`); break;
    case 'constant':
    case 'ids': break;
  }
}

function intersection(nodes: readonly FilterNode[], context: Evaluation): SlotSet {
  let set: SlotSet | undefined;
  for (const node of nodes) {
    if (set?.isEmpty) break;
    if (!set) set = setOf(node, context);
    else if (node.kind === 'not') set.andNot(setOf(node.node, context));
    else set.and(setOf(node, context));
  }
  return set ?? context.all.copy();
}

/** Objects that have each of several keys. */
function common<T>(keys: readonly T[], { parts, all, deadline }: Evaluation, add: (set: SlotSet, part: Part, key: T) => void): SlotSet {
  let set: SlotSet | undefined;
  for (const key of keys) {
    if (set?.isEmpty) break;
    deadline.spend(all.words.length >>> WORDS);
    const having = new SlotSet(all.extent);
    for (const part of parts) add(having, part, key);
    set = set ? set.and(having) : having;
  }
  return set ?? all.copy();
}

/** Adds what matches to the set: an `or` of many needs no set for each. */
function unite(node: FilterNode, context: Evaluation, set: SlotSet): void {
  const { parts, all, deadline } = context;
  switch (node.kind) {
    case 'constant':
      if (node.value) set.or(all);
      break;
    case 'or':
      for (const each of node.nodes) {
        deadline.spend(1 + (all.words.length >>> WORDS));
        unite(each, context, set);
        if (set.includes(all)) break;
      }
      break;
    case 'anyTerm':
      for (const part of parts) {
        const terms = part.terms(node.property);
        if (terms) for (const term of node.terms) addTerm(set, part, terms, term, deadline);
      }
      break;
    case 'termRange': for (const part of parts) addTermRange(set, part, node.property, node, deadline); break;
    case 'like': addLike(set, parts, node.property, node.pattern, deadline); break;
    case 'anyNumber':
      for (const part of parts) for (const number of node.numbers) addNumber(set, part, node.key, number, deadline);
      break;
    case 'numberRange': for (const part of parts) addNumberRange(set, part, node.key, node, deadline); break;
    case 'present': for (const part of parts) addPostings(set, part, part.present(node.property), deadline); break;
    case 'near': {
      const circle = circleOf(node.latitude, node.longitude, node.distance);
      for (const part of parts) addPlaces(set, part, part.places(node.property), circle, deadline);
      break;
    }
    case 'ids':
      for (const id of node.ids) {
        deadline.spend(LOOK_UP);
        const slot = context.slotOf(id);
        if (all.has(slot)) set.add(slot);
      }
      break;
    default: set.or(setOf(node, context));
  }
}

function addPostings(set: SlotSet, part: Part, postings: Postings | undefined, deadline: Deadline): void {
  if (!postings) return;
  deadline.spend(1 + (postings.count >>> POSTINGS));
  for (let i = 0; i < postings.blockCount; i++) set.addOrdinals(part.slots, part.live, block, postings.decode(i, block));
}

function addTerm(set: SlotSet, part: Part, terms: Terms | undefined, term: string, deadline: Deadline): void {
  deadline.spend(LOOK_UP);
  const index = terms ? terms.find(term) : -1;
  if (index >= 0) addPostings(set, part, terms!.postings(index), deadline);
}

function addTermRange(set: SlotSet, part: Part, property: string, { from, to, isAboveFrom, isBelowTo }: Bounds<string>, deadline: Deadline): void {
  const terms = part.terms(property);
  if (!terms) return;
  deadline.spend(2 * LOOK_UP);
  const after = (term: string) => terms.lowerBound(term) + (terms.find(term) < 0 ? 0 : 1);
  const first = from === undefined ? 0 : isAboveFrom ? after(from) : terms.lowerBound(from);
  const end = to === undefined ? terms.count : isBelowTo ? terms.lowerBound(to) : after(to);
  for (let i = first; i < end; i++) addPostings(set, part, terms.postings(i), deadline);
}

function addLike(set: SlotSet, parts: readonly Part[], property: string, pattern: string, deadline: Deadline): void {
  const { prefix, matches } = likePattern(pattern);
  for (const part of parts) {
    const terms = part.terms(property);
    deadline.spend(LOOK_UP);
    if (!terms) continue;
    for (let i = prefix ? terms.lowerBound(prefix) : 0; i < terms.count; i++) {
      const term = terms.term(i);
      if (!term.startsWith(prefix)) break;
      deadline.spend(2 + (term.length * pattern.length >>> CHARACTERS));
      if (matches(term)) addPostings(set, part, terms.postings(i), deadline);
    }
  }
}

function addNumber(set: SlotSet, part: Part, key: NumbersKey, number: number, deadline: Deadline): void {
  addNumberRange(set, part, key, { from: number, to: number }, deadline);
}

function addNumberRange(
  set: SlotSet, part: Part, key: NumbersKey, { from, to, isAboveFrom = false, isBelowTo = false }: Bounds<number>, deadline: Deadline,
): void {
  deadline.spend(LOOK_UP);
  const numbers = part.numbers(key);
  if (!numbers) return;
  const { keys } = numbers;
  const first = from === undefined ? 0 : indexOf(keys, from, isAboveFrom);
  const end = to === undefined ? keys.length : indexOf(keys, to, !isBelowTo);
  if (first < end) {
    numbers.each(first, end, (ordinals, count) => {
      deadline.spend(1 + (count >>> POSTINGS));
      set.addOrdinals(part.slots, part.live, ordinals, count);
    });
  }
}

/** Number of the first key that is not below, or that is above. */
function indexOf(keys: Float64Array, key: number, isAbove: boolean): number {
  let low = 0;
  for (let high = keys.length; low < high;) {
    const middle = (low + high) >>> 1;
    const at = keys[middle]!;
    if (at < key || isAbove && at === key) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Circle {
  latitude: number;
  longitude: number;
  distance: number;
  /** Degrees that points within may be away at most, with a little room for rounding. */
  latitudes: number;
  longitudes: number;
}

const RADIANS = Math.PI / 180;
/** Degrees: rounding of distances is about 0.1 m near the antipode, much less elsewhere. */
const ROOM = 1e-5;

function circleOf(latitude: number, longitude: number, distance: number): Circle {
  const angle = distance / EARTH_RADIUS;
  const latitudes = angle / RADIANS + ROOM;
  // The meridians that touch the circle; close to a pole it has points on all of them.
  const longitudes = Math.abs(latitude) + latitudes > 89.9 ? 360 : Math.asin(Math.sin(angle) / cosine(latitude)) / RADIANS + ROOM;
  return { latitude, longitude, distance, latitudes, longitudes };
}

function addPlaces(set: SlotSet, part: Part, places: Places | undefined, circle: Circle, deadline: Deadline): void {
  deadline.spend(LOOK_UP);
  if (!places) return;
  const { latitudes, longitudes, ordinals } = places;
  const end = indexOf(latitudes, circle.latitude + circle.latitudes, true);
  let found = 0;
  for (let i = indexOf(latitudes, circle.latitude - circle.latitudes, false); i < end; i++) {
    const apart = Math.abs(longitudes[i]! - circle.longitude);
    deadline.spend(1);
    if (Math.min(apart, 360 - apart) > circle.longitudes) continue;
    if (distanceOf(circle.latitude, circle.longitude, latitudes[i]!, longitudes[i]!) > circle.distance) continue;
    block[found++] = ordinals[i]!;
    if (found < BLOCK) continue;
    set.addOrdinals(part.slots, part.live, block, found);
    found = 0;
  }
  if (found > 0) set.addOrdinals(part.slots, part.live, block, found);
}

/** Metres between two places, by the haversine formula: Sinnott 1984. Exactly 0 at a pole, and across the date line. */
export function distanceOf(latitude: number, longitude: number, otherLatitude: number, otherLongitude: number): number {
  const apart = Math.abs(otherLongitude - longitude);
  const across = Math.sin((otherLatitude - latitude) * RADIANS / 2);
  const along = Math.sin(Math.min(apart, 360 - apart) * RADIANS / 2);
  const square = across * across + cosine(latitude) * cosine(otherLatitude) * along * along;
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(Math.min(1, square)));
}

/** Of a latitude; that of 90 degrees in radians is not 0, as π/2 is rounded. */
const cosine = (latitude: number): number => Math.sin((90 - Math.abs(latitude)) * RADIANS);
