/** What searches take: options as callers write them, and the checks that several searches share. Nothing is looked for here. */
import { checkOptions, integer } from '../engine/checks.js';
import { invalid } from '../errors.js';
import type { SortOrder } from '../search/sorting.js';
import type { TypoTolerance } from '../search/typos.js';
import type { CallOptions } from './calls.js';
import type { FilterInput } from './filters.js';
import { RETURN_OPTIONS, type MetadataNames, type PropertyNames, type ReturnOptions } from './results.js';
import type { Properties, VectorsInput } from './typed.js';

export type { SortOrder } from '../search/sorting.js';
export type { TypoTolerance } from '../search/typos.js';

type ElementOf<T> = NonNullable<T> extends infer V ? (V extends readonly (infer E)[] ? E : V) : never;

/** Properties some values of which are a V, or a list of them; those of no one type, too: only a schema can tell. */
type NameOf<P extends object, V> = {
  [K in keyof P & string]-?: unknown extends P[K] ? K : unknown extends ElementOf<P[K]> ? K : [Extract<ElementOf<P[K]>, V>] extends [never] ? never : K
}[keyof P & string];

/** Properties of text. */
export type TextName<P extends object> = NameOf<P, string>;

/** Properties whose values have an order: not those of places, bytes and objects. */
export type OrderedName<P extends object> = NameOf<P, Ordered>;

/** `N`, `R`: types of `returnProperties` and `returnMetadata`, here and below. */
export interface FetchOptions<P extends object = Properties, N extends PropertyNames<P> = PropertyNames<P>, R extends MetadataNames = MetadataNames>
  extends ReturnOptions<P, N, R>, CallOptions {}

export interface FetchObjectsOptions<P extends object = Properties, N extends PropertyNames<P> = PropertyNames<P>, R extends MetadataNames = MetadataNames>
  extends FetchOptions<P, N, R> {
  /** 1 … 10,000, default 100. */
  limit?: number;
  /** Objects to pass over, 0 … 1,000,000. Not beside `after`. */
  offset?: number;
  /** The id of the last object of the page before. With `sort` that object must still be there: the page begins behind its place in the order. */
  after?: string;
  /** Only objects for which it is true. */
  filters?: FilterInput<P>;
  /**
   * By the first key, equals by the second …; at last in the order in which they are without. Up to 16 keys. Ascending, objects
   * without the property come first; descending, last. Texts are ordered by code points, false is before true, lists go by their
   * elements. Properties that are filterable, no lists, and int, number, boolean or date, and times, are sorted by the index; for
   * others all objects that match are read.
   */
  sort?: Sort<P> | readonly Sort<P>[];
}

export type Sort<P extends object = Properties> =
  | { property: OrderedName<P>; target?: undefined; order?: SortOrder }
  | { target: 'id' | 'creationTime' | 'updateTime'; property?: undefined; order?: SortOrder };

/** Of every search. */
export interface SearchOptions<P extends object = Properties, N extends PropertyNames<P> = PropertyNames<P>, R extends MetadataNames = MetadataNames>
  extends FetchOptions<P, N, R> {
  /** 1 … 10,000, default 10; with `groupBy` 100, and then the hits that are put into groups. */
  limit?: number;
  /** Hits to pass over, 0 … 10,000. */
  offset?: number;
  /** Ends the hits before the n-th jump of their distances, or of their scores. Default 0: nowhere. */
  autoLimit?: number;
  /** Only objects for which it is true. */
  filters?: FilterInput<P>;
  /** The hits are put into the order in which the collection's reranker sees them. Its scores are metadata `rerankScore`. */
  rerank?: Rerank<P>;
}

export interface Rerank<P extends object = Properties> {
  /** The text that is judged; an object without it is judged by ''. */
  property: TextName<P>;
  /** What it is judged by; default the text that was searched by. */
  query?: string;
}

/** The same search, its hits put into groups by a property. */
export interface GroupBy<P extends object = Properties, G extends OrderedName<P> = OrderedName<P>> {
  property: G;
  /** Groups that are made, those with the best hits; 1 … 10,000, default 10. */
  numberOfGroups?: number;
  /** Hits of each, its best; 1 … 10,000, default 10. */
  objectsPerGroup?: number;
}

/** The values groups of `G` may have. */
export type GroupValue<P extends object, G extends keyof P> = unknown extends ElementOf<P[G]> ? Ordered : Extract<ElementOf<P[G]>, Ordered>;

type Ordered = string | number | boolean | Date;

export type Grouped<P extends object, O, G extends OrderedName<P> = OrderedName<P>> = O & { groupBy: GroupBy<P, G> };

/** How the vector of a search is looked for. */
export interface VectorOptions {
  /** Which named vector; default the only one, or `default`. */
  targetVector?: string;
  /** hnsw: length of the candidate list; default that of the collection. */
  ef?: number;
  /** Quantized vectors: candidates that are measured exactly, per hit. */
  oversampling?: number;
}

export interface NearOptions<P extends object = Properties, N extends PropertyNames<P> = PropertyNames<P>, R extends MetadataNames = MetadataNames>
  extends SearchOptions<P, N, R>, VectorOptions {
  /** Only hits at most so far away. */
  distance?: number;
  /** cosine: only hits at least so certain, 0 … 1: 1 − distance / 2. Not beside `distance`. */
  certainty?: number;
  /**
   * Hits that differ from each other (maximal marginal relevance): the nearest, then time and again the one of the `candidates`
   * with the most of −balance · distance + (1 − balance) · least distance to a hit chosen before. Vectors are compared as they
   * were added. Not beside `autoLimit` and `groupBy`.
   */
  diversity?: DiversityOptions;
}

export interface DiversityOptions {
  /** 0 … 1, default 0.5; 1: only nearness counts, 0: after the first hit, only difference. */
  balance?: number;
  /** The nearest, among which hits are chosen: limit + offset … 1,000; default so many, at least 100. */
  candidates?: number;
}

/** How the words of a text are looked for. */
export interface KeywordOptions<P extends object = Properties> {
  /** Names of searchable properties, or `title^3` where words count threefold. Default all that are searchable. */
  queryProperties?: readonly (TextName<P> | `${TextName<P>}^${number}`)[];
  /**
   * `or` (default): one of the words is enough, or as many as `minimumMatch` says. `and`: each must be in some of the properties.
   * Where properties are cut into words, or stemmed, in several ways, the words of one way count.
   */
  operator?: 'or' | 'and';
  /** `or`: words that must be there, from 1; default 1. */
  minimumMatch?: number;
  /** Typos in a word of the query that are tolerated; `auto`: none in up to 2 characters, one in up to 5, else 2. The first character counts as right. Default 0. */
  typoTolerance?: TypoTolerance;
}

export interface Bm25Options<P extends object = Properties, N extends PropertyNames<P> = PropertyNames<P>, R extends MetadataNames = MetadataNames>
  extends SearchOptions<P, N, R>, KeywordOptions<P> {}

export interface HybridOptions<P extends object = Properties, N extends PropertyNames<P> = PropertyNames<P>, R extends MetadataNames = MetadataNames>
  extends SearchOptions<P, N, R>, KeywordOptions<P>, VectorOptions {
  /** Weight of nearness, 0 … 1; the rest is that of words. Default 0.75. With 0 no vector is needed, with 1 no word is looked for. */
  alpha?: number;
  /** What is near; default what the collection's vectorizer makes of the text. */
  vector?: VectorsInput;
  /**
   * `relativeScore` (default): scores of either search are scaled to 0 … 1 between its worst and best hit. `ranked`: only ranks
   * count, by 1 / (60 + rank).
   */
  fusionType?: 'relativeScore' | 'ranked';
  /** Of hits by nearness only those at most so far away. */
  maxVectorDistance?: number;
}

export const LIMIT_MAX = 10_000;
const OFFSET_MAX = 1_000_000;

const SEARCH_KEYS = [...RETURN_OPTIONS, 'limit', 'offset', 'autoLimit', 'filters', 'groupBy', 'rerank'];
const VECTOR_KEYS = ['targetVector', 'ef', 'oversampling'];
const KEYWORD_KEYS = ['queryProperties', 'operator', 'minimumMatch', 'typoTolerance'];
export const FETCH_OBJECTS_KEYS = [...RETURN_OPTIONS, 'limit', 'offset', 'after', 'filters', 'sort'];
export const NEAR_KEYS = [...SEARCH_KEYS, ...VECTOR_KEYS, 'distance', 'certainty', 'diversity'];
export const BM25_KEYS = [...SEARCH_KEYS, ...KEYWORD_KEYS];
export const HYBRID_KEYS = [...BM25_KEYS, ...VECTOR_KEYS, 'alpha', 'vector', 'fusionType', 'maxVectorDistance'];

/** Which of the hits are wanted. */
export interface Page {
  limit: number;
  offset: number;
  autoLimit: number;
}

export function pageOf({ limit, offset = 0, autoLimit = 0, groupBy }: { limit?: number; offset?: number; autoLimit?: number; groupBy?: object }): Page {
  limit ??= groupBy === undefined ? 10 : 100;
  integer('limit', limit, 1, LIMIT_MAX);
  integer('offset', offset, 0, LIMIT_MAX);
  integer('autoLimit', autoLimit, 0, LIMIT_MAX);
  return { limit, offset, autoLimit };
}

export function fetchPageOf({ limit = 100, offset = 0 }: { limit?: number; offset?: number }): { limit: number; offset: number } {
  integer('limit', limit, 1, LIMIT_MAX);
  integer('offset', offset, 0, OFFSET_MAX);
  return { limit, offset };
}

export function checkNumber(argument: string, value: number | undefined, min = -Infinity, max = Infinity): void {
  if (value === undefined || typeof value === 'number' && value >= min && value <= max) return;
  throw invalid(argument, min === -Infinity ? 'a number' : max === Infinity ? `a number from ${min}` : `a number from ${min} to ${max}`, value);
}

/** An object of options within options. */
export function checkNested(argument: string, options: object, keys: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw invalid(argument, 'an object', options);
  checkOptions(options, keys, argument);
}
