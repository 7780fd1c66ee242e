/**
 * What a keyword query is, and what must be counted before objects can be scored. Statistics are kept apart from scoring,
 * as plain JSON, so that those of several shards can be added up and every shard scores by the same ones.
 * Knows nothing of how a text becomes terms.
 */
import { invalid } from '../errors.js';
import { Deadline } from './deadline.js';
import type { Part, Terms } from './types.js';

/** A part that also counts what lives in it. */
export interface KeywordPart extends Part {
  /** Tokens of the property in live objects, and how many of these have any. */
  liveTokens(property: string): { tokens: number; objects: number };
  /** Live objects among a term's postings. */
  liveCountOf(property: string, termIndex: number): number;
}

/** A term of the index, and what its frequency counts for in a group: 1 if it is the query's own. */
export interface Expansion {
  readonly term: string;
  readonly boost: number;
}

/** Properties that are analysed alike, and the query's terms in their form. */
export interface QueryFields {
  readonly properties: readonly { readonly name: string; readonly weight: number }[];
  /** For each distinct term of the query the terms that stand for it, distinct, its own one first. */
  readonly groups: readonly (readonly Expansion[])[];
}

/** One entry for each way in which properties are analysed. Scores of the entries add up. */
export interface KeywordQuery {
  readonly fields: readonly QueryFields[];
}

/** Of live objects; entries are in the order of the query's. */
export interface KeywordStatistics {
  objects: number;
  fields: {
    properties: { tokens: number; objects: number }[];
    /** By group and term: objects that have the term, by property. */
    groups: { term: string; counts: number[] }[][];
  }[];
}

/** The terms of a property with frequencies, if the part has any. */
export function searchableTerms(part: Part, property: string): Terms | undefined {
  const terms = part.terms(property);
  return terms?.hasFrequencies ? terms : undefined;
}

/** What looking up a term is told to the deadline as, and postings that are counted for one more, as a power of two. */
const LOOK_UP = 10;
const POSTINGS = 4;

/** Sections `terms:…` of the query's properties must have been loaded. Throws TIMEOUT. */
export function statistics(parts: readonly KeywordPart[], query: KeywordQuery, deadline = new Deadline()): KeywordStatistics {
  const result: KeywordStatistics = {
    objects: 0,
    fields: query.fields.map(({ properties, groups }) => ({
      properties: properties.map(() => ({ tokens: 0, objects: 0 })),
      groups: groups.map((group) => group.map(({ term }) => ({ term, counts: properties.map(() => 0) }))),
    })),
  };
  for (const part of parts) {
    result.objects += part.slots.length - part.staleCount;
    query.fields.forEach(({ properties }, i) => properties.forEach(({ name }, p) => {
      const terms = searchableTerms(part, name);
      if (!terms) return;
      const field = result.fields[i]!;
      const { tokens, objects } = part.liveTokens(name);
      field.properties[p]!.tokens += tokens;
      field.properties[p]!.objects += objects;
      for (const group of field.groups) {
        for (const { term, counts } of group) {
          const index = terms.find(term);
          deadline.spend(LOOK_UP);
          if (index < 0) continue;
          const count = part.liveCountOf(name, index);
          deadline.spend(count >>> POSTINGS);
          counts[p]! += count;
        }
      }
    }));
  }
  return result;
}

/**
 * The statistics of several shards as of one. The shards' queries must be expanded from the same terms; their groups may
 * have found other terms.
 */
export function sumStatistics(list: readonly KeywordStatistics[]): KeywordStatistics {
  const sum = structuredClone(list[0]);
  if (!sum) throw invalid('list', 'statistics of at least one shard', list);
  for (const one of list.slice(1)) {
    sum.objects += one.objects;
    sum.fields.forEach((field, i) => {
      const other = one.fields[i]!;
      field.properties.forEach((property, p) => {
        property.tokens += other.properties[p]!.tokens;
        property.objects += other.properties[p]!.objects;
      });
      field.groups.forEach((group, g) => addGroup(group, other.groups[g]!));
    });
  }
  return sum;
}

type Counted = KeywordStatistics['fields'][number]['groups'][number];

function addGroup(group: Counted, other: Counted): void {
  const byTerm = new Map(group.map((entry) => [entry.term, entry.counts]));
  for (const { term, counts } of other) {
    const there = byTerm.get(term);
    if (there) counts.forEach((count, p) => { there[p]! += count; });
    else group.push({ term, counts: [...counts] });
  }
}
