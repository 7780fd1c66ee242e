/** The best by words: which properties are searched, and what terms a text is in each of them. Scores are the shard's matter. */
import { integer, oneOf } from '../engine/checks.js';
import { invalid } from '../errors.js';
import type { Analyzer } from '../search/analyzer.js';
import { queryTerms, type FieldsTerms } from '../search/expand.js';
import type { FilterNode } from '../search/filter.js';
import { sumStatistics } from '../search/keyword-query.js';
import { stopwordsOf } from '../search/stopwords.js';
import { tokenize } from '../search/tokenizer.js';
import type { TypoTolerance } from '../search/typos.js';
import type { Want } from '../shard/handle.js';
import type { KeywordHits, KeywordRequest } from '../shard/types.js';
import { alongFor, detailsAt, filterOf, mergedHits, type Asked, type Hit, type Search } from './hits.js';
import type { ShardHost } from './host.js';
import type { Page } from './query-options.js';
import { listed, refusal } from './refusal.js';
import { invertedIndexOf, type PropertySchema, type Schema } from './schema.js';
import type { Shards } from './shards.js';

/** As in KeywordOptions. */
export interface KeywordQueryOptions {
  queryProperties?: readonly string[];
  operator?: 'or' | 'and';
  minimumMatch?: number;
  typoTolerance?: TypoTolerance;
}

/** What is searched, checked. */
export interface KeywordQuery {
  text: string;
  properties: readonly WeighedProperty[];
  operator: 'or' | 'and';
  minimumMatch: number;
  typoTolerance: TypoTolerance;
}

interface WeighedProperty {
  readonly property: PropertySchema;
  readonly weight: number;
}

const TYPOS: readonly TypoTolerance[] = [0, 1, 2, 'auto'];
const MATCH_MAX = 10_000;
/** UTF-16 code units of a query: each word of it is looked up. */
const TEXT_MAX = 100_000;
const NAMES_MAX = 10_000;
/** Scores are to stay numbers, and to tell hits apart. */
const WEIGHT_MIN = 1e-6;
const WEIGHT_MAX = 1e6;

export function keywordQuery(schema: Schema, text: string, options: KeywordQueryOptions): KeywordQuery {
  const { queryProperties, operator = 'or', minimumMatch = 1, typoTolerance = 0 } = options;
  if (typeof text !== 'string' || text.length > TEXT_MAX) throw refusal('INVALID_ARGUMENT', 'query', `a text of at most ${TEXT_MAX} characters`, text);
  oneOf('operator', operator, ['or', 'and']);
  integer('minimumMatch', minimumMatch, 1, MATCH_MAX);
  if (operator === 'and' && minimumMatch !== 1) throw invalid('minimumMatch', 'none beside `and`', minimumMatch);
  if (!TYPOS.includes(typoTolerance)) throw refusal('INVALID_ARGUMENT', 'typoTolerance', '0, 1, 2 or "auto"', typoTolerance);
  return { text, properties: weighedProperties(schema, queryProperties), operator, minimumMatch, typoTolerance };
}

export interface KeywordHitsOptions extends Asked {
  filters?: unknown;
  /** Hits get their explainScore. */
  isExplained?: boolean;
}

/** Best first; none for a text without any term. */
export async function keywordSearch(host: ShardHost, query: KeywordQuery, page: Page, options: KeywordHitsOptions): Promise<Search> {
  const filter = await filterOf(host, options.filters);
  const request = keywordRequest(host.schema(), await host.analyzer(), query, page, options, filter);
  const shards = await host.shards();
  return { shards, page, ask: (want) => askKeywords(shards, request, alongFor(shards, page, want)) };
}

/** For the first limit + offset of the page. */
export function keywordRequest(
  schema: Schema, analyzer: Analyzer, query: KeywordQuery, { limit, offset }: Page, { isExplained = false, keys, deadline }: KeywordHitsOptions,
  filter: FilterNode | undefined,
): KeywordRequest {
  const { operator, minimumMatch, typoTolerance } = query;
  const { k1, b } = invertedIndexOf(schema).bm25;
  return { fields: fieldsOf(schema, analyzer, query), typoTolerance, k: limit + offset, operator, minimumMatch, k1, b, filter, explain: isExplained, keys, deadline };
}

/** Every shard scores by the statistics of all of them, so that scores are those of one. */
export async function askKeywords(shards: Shards, request: KeywordRequest, want?: Want): Promise<Hit[]> {
  if (!request.fields.length) return [];
  const statistics = shards.count === 1 ? undefined : sumStatistics(await shards.each((handle) => handle.statistics(request)));
  const found = await shards.each((handle) => handle.keyword({ ...request, statistics, want }));
  return mergedHits(shards, found.map(hitsOf), request.k);
}

function hitsOf(found: KeywordHits, shard: number): Hit[] {
  const { slots, scores, seq, explanations } = found;
  return slots.map((slot, i) => ({ shard, slot, seq, score: scores[i]!, ...explanations && { explainScore: explanations[i]! }, ...detailsAt(found, i) }));
}

function weighedProperties(schema: Schema, names: readonly string[] | undefined): WeighedProperty[] {
  const searchable = schema.properties.filter(({ indexSearchable }) => indexSearchable);
  if (names === undefined) return searchable.map((property) => ({ property, weight: 1 }));
  if (!Array.isArray(names) || names.length === 0) throw refusal('INVALID_ARGUMENT', 'queryProperties', 'an array of names, at least one', names);
  if (names.length > NAMES_MAX) throw invalid('queryProperties', `at most ${NAMES_MAX} names`, names.length);
  const seen = new Set<string>();
  // unlike map, it does not pass over holes
  return Array.from(names, (each: unknown, i) => {
    const argument = `queryProperties[${i}]`;
    if (typeof each !== 'string') throw refusal('INVALID_ARGUMENT', argument, 'a name, or name^weight', each);
    const at = each.indexOf('^');
    const name = at < 0 ? each : each.slice(0, at);
    const weight = at < 0 ? 1 : weightOf(each.slice(at + 1));
    const property = searchable.find((candidate) => candidate.name === name);
    if (!property) throw refusal('SCHEMA_MISMATCH', argument, `the name of a searchable property (${listed(searchable.map((candidate) => candidate.name))})`, name);
    if (!(weight >= WEIGHT_MIN && weight <= WEIGHT_MAX)) throw refusal('INVALID_ARGUMENT', argument, `name^weight, the weight from ${WEIGHT_MIN} to ${WEIGHT_MAX}`, each);
    if (seen.has(name)) throw refusal('INVALID_ARGUMENT', argument, 'each name once', each);
    seen.add(name);
    return { property, weight };
  });
}

/** Number('') would be 0, and Number(' 1') 1. */
function weightOf(text: string): number {
  return /^[0-9.]/.test(text) ? Number(text) : NaN;
}

/** One entry for each way in which properties are analyzed; none for those in which the text has no terms. */
function fieldsOf(schema: Schema, analyzer: Analyzer, { text, properties }: KeywordQuery): FieldsTerms[] {
  const ways = new Map<string, WeighedProperty[]>();
  for (const weighed of properties) {
    const way = wayOf(weighed.property);
    const alike = ways.get(way);
    if (alike) alike.push(weighed);
    else ways.set(way, [weighed]);
  }
  return [...ways.values()].flatMap((alike) => {
    const terms = termsOf(schema, analyzer, alike[0]!.property, text);
    if (!terms.length) return [];
    // pieces of words are tolerant already: with typos, every piece would be like any other
    const isExact = alike[0]!.property.tokenization === 'trigram';
    return [{ properties: alike.map(({ property, weight }) => ({ name: property.name, weight })), terms, isExact }];
  });
}

const wayOf = ({ tokenization, stemming = '' }: PropertySchema): string => `${tokenization} ${stemming}`;

/** Distinct, without stopwords. Of trigrams, stopwords are left out as words: as three letters they are parts of others. */
function termsOf(schema: Schema, analyzer: Analyzer, property: PropertySchema, text: string): string[] {
  const { name, tokenization } = property;
  if (tokenization !== 'trigram') return queryTerms(analyzer.termsOf(name, text), stopTerms(schema, analyzer, property));
  const words = queryTerms(tokenize(text, 'word'), stopwordsOf(invertedIndexOf(schema).stopwords));
  return queryTerms(analyzer.termsOf(name, words.join(' ')), new Set());
}

/** Terms of stopwords, by schema and way. */
const known = new WeakMap<Schema, Map<string, ReadonlySet<string>>>();

function stopTerms(schema: Schema, analyzer: Analyzer, property: PropertySchema): ReadonlySet<string> {
  let ofSchema = known.get(schema);
  if (!ofSchema) known.set(schema, ofSchema = new Map());
  const way = wayOf(property);
  let terms = ofSchema.get(way);
  if (!terms) {
    terms = new Set([...stopwordsOf(invertedIndexOf(schema).stopwords)].flatMap((word) => analyzer.termsOf(property.name, word)));
    ofSchema.set(way, terms);
  }
  return terms;
}
