/** Why an object has the score it has: the same arithmetic as the search's, for one object and with its steps kept. */
import { Bm25Model } from './bm25-model.js';
import type { Bm25Options, WeighedGroup } from './bm25-model.js';
import { searchableTerms } from './keyword-query.js';
import type { KeywordQuery, KeywordStatistics } from './keyword-query.js';
import { BLOCK } from './types.js';
import type { Part, Postings } from './types.js';

/** What a term in a property adds to a score. */
export interface KeywordContribution {
  property: string;
  /** The query's, and the one found that stands for it. */
  term: string;
  found: string;
  /** What the frequency counts for: 1, less where another term than the query's was found. */
  boost: number;
  frequency: number;
  /** Of the property in the object, and in the mean of all that have any. */
  tokens: number;
  averageTokens: number;
  idf: number;
  weight: number;
  /** The properties of a term share what it adds as their weighted frequencies are. */
  contribution: number;
}

export interface KeywordExplanation {
  /** As the search gives it; sum of the contributions up to rounding. */
  score: number;
  contributions: KeywordContribution[];
}

const ordinals = new Uint32Array(BLOCK);
const frequencies = new Uint32Array(BLOCK);

/** Undefined if no live object has that slot. Whether the object has enough of the terms is not looked at. */
export function explain(parts: readonly Part[], query: KeywordQuery, statistics: KeywordStatistics, slot: number, options: Bm25Options = {}): KeywordExplanation | undefined {
  const model = new Bm25Model(query, statistics, options);
  for (const part of parts) {
    const ordinal = lowerBound(part.slots.length, slot, (i) => part.slots[i]!);
    if (part.slots[ordinal] !== slot || (part.live && !(part.live[ordinal >>> 5]! >>> (ordinal & 31) & 1))) continue;
    const explanation: KeywordExplanation = { score: 0, contributions: [] };
    for (const group of model.groups) explainGroup(explanation, part, ordinal, query, model, group);
    return explanation;
  }
  return undefined;
}

/** In one line, for people. */
export function explainText({ score, contributions }: KeywordExplanation): string {
  const terms = contributions.map(({ property, term, found, boost, frequency, tokens, averageTokens, idf, weight, contribution }) =>
    `${property}:${JSON.stringify(found)}${found === term ? '' : ` for ${JSON.stringify(term)} × ${boost}`} ${round(contribution)} `
    + `(frequency ${frequency}, tokens ${tokens} of ${round(averageTokens)}, idf ${round(idf)}, weight ${round(weight)})`);
  return `bm25 ${round(score)}${terms.length ? ` = ${terms.join(' + ')}` : ''}`;
}

const round = (value: number): string => String(Number(value.toPrecision(5)));

function explainGroup(explanation: KeywordExplanation, part: Part, ordinal: number, query: KeywordQuery, model: Bm25Model, { field, index, idf }: WeighedGroup): void {
  const { properties, groups } = query.fields[field]!;
  const group = groups[index] ?? [];
  let best = 0;
  let shares: { value: number; contribution: KeywordContribution }[] = [];
  for (const { term, boost } of group) {
    let value = 0;
    const found: typeof shares = [];
    properties.forEach(({ name, weight }, p) => {
      const factor = model.factors[field]![p]!;
      const { frequency, tokens } = inObject(part, ordinal, name, term);
      if (!frequency) return;
      const share = frequency * factor.of(tokens);
      value += share;
      const facts = { boost, frequency, tokens, averageTokens: factor.average, idf, weight };
      found.push({ value: share, contribution: { property: name, term: group[0]!.term, found: term, ...facts, contribution: 0 } });
    });
    if (boost * value > best) {
      best = boost * value;
      shares = found;
    }
  }
  if (!best) return;
  const score = idf * best / (model.k1 + best);
  const sum = shares.reduce((total, { value }) => total + value, 0);
  explanation.score += score;
  for (const { value, contribution } of shares) explanation.contributions.push({ ...contribution, contribution: score * value / sum });
}

function inObject(part: Part, ordinal: number, property: string, term: string): { frequency: number; tokens: number } {
  const terms = searchableTerms(part, property);
  const index = terms ? terms.find(term) : -1;
  return { frequency: index < 0 ? 0 : frequencyAt(terms!.postings(index), ordinal), tokens: terms?.tokensOf(ordinal) ?? 0 };
}

function frequencyAt(postings: Postings, ordinal: number): number {
  const block = lowerBound(postings.blockCount, ordinal, (i) => postings.lastOf(i));
  if (block === postings.blockCount) return 0;
  const count = postings.decode(block, ordinals, frequencies);
  const at = lowerBound(count, ordinal, (i) => ordinals[i]!);
  return ordinals[at] === ordinal ? frequencies[at]! : 0;
}

/** The first of `count` ascending values that is not below `value`. */
function lowerBound(count: number, value: number, valueOf: (index: number) => number): number {
  let low = 0, high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueOf(middle) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
