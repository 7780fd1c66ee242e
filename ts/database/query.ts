/** Finding objects: by id, in order, by nearness, by words, and by both. */
import { VectileError, invalid } from '../errors.js';
import type { Deadline } from '../search/deadline.js';
import type { FilterNode } from '../search/filter.js';
import type { StoredObject } from '../shard/types.js';
import { call, type CallOptions } from './calls.js';
import { filterOf } from './hits.js';
import { diverseResults, hitResults, type FoundHits, type GroupedResult, type QueryResult } from './hit-results.js';
import type { CollectionHost, ShardHost } from './host.js';
import { hybridSearch } from './hybrid.js';
import { checkId } from './ids.js';
import { keywordQuery, keywordSearch } from './keyword.js';
import { nearSearch, objectQuery, textQuery, vectorQuery, type VectorQuery } from './near.js';
import {
  BM25_KEYS, FETCH_OBJECTS_KEYS, HYBRID_KEYS, NEAR_KEYS, fetchPageOf, pageOf,
  type Bm25Options, type FetchObjectsOptions, type FetchOptions, type GroupBy, type Grouped, type GroupValue, type HybridOptions, type NearOptions,
  type OrderedName, type Rerank,
} from './query-options.js';
import {
  RETURN_OPTIONS, resultMaker, type MetadataName, type MetadataNames, type PropertyNames, type Returned, type StoredResult, type Sure,
} from './results.js';
import { reranking } from './rerank.js';
import type { Shards } from './shards.js';
import { sortKeys, sortedObjects } from './sorted.js';
import type { Properties, VectorsInput } from './typed.js';

export type { GroupedResult, QueryResult, ResultGroup } from './hit-results.js';
export type {
  Bm25Options, DiversityOptions, FetchObjectsOptions, FetchOptions, GroupBy, Grouped, HybridOptions, KeywordOptions, NearOptions, Rerank, SearchOptions, Sort, SortOrder,
  TypoTolerance, VectorOptions,
} from './query-options.js';

/** As implementations see it. */
type MaybeGrouped<P extends object, O> = O & { groupBy?: GroupBy<P> };

/** What a search resolves to that tells all of `Told`, by the types of its options. */
export type Found<P extends object, N, R, Told extends MetadataName> = QueryResult<Returned<P, N>, Sure<R, Told>>;
export type InGroups<P extends object, N, R, Told extends MetadataName, G extends OrderedName<P>> =
  GroupedResult<Returned<P, N>, Sure<R, Told>, GroupValue<P, G>>;
export type Scored = 'score' | 'explainScore';

/** Ids of last objects of pages that are remembered, lest a page cannot follow one that was deleted. */
const PAGE_ENDS = 1000;

export class Query<P extends object = Properties> {
  readonly #host: CollectionHost;

  constructor(host: CollectionHost) {
    this.#host = host;
  }

  /** Null if there is no such object. */
  fetchObjectById<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
    id: string, options?: FetchOptions<P, N, R>,
  ): Promise<StoredResult<Returned<P, N>, Sure<R>> | null> {
    return this.#call(options, RETURN_OPTIONS, async (host) => {
      checkId(id);
      const { wantsVectors, make } = resultMaker<Returned<P, N>, Sure<R>>(host, options);
      const [object] = await (await host.shards()).get([id], { vectors: wantsVectors });
      return object ? make(object) : null;
    });
  }

  /** Those that are there, in the order of the ids. */
  fetchObjectsByIds<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
    ids: readonly string[], options?: FetchOptions<P, N, R>,
  ): Promise<Found<P, N, R, never>> {
    return this.#call(options, RETURN_OPTIONS, async (host) => {
      if (!Array.isArray(ids)) throw invalid('ids', 'an array of ids', ids);
      ids.forEach((id, i) => checkId(id, `ids[${i}]`));
      const { wantsVectors, make } = resultMaker<Returned<P, N>, Sure<R>>(host, options);
      const objects = await (await host.shards()).get(ids, { vectors: wantsVectors });
      return { objects: objects.filter((object) => object !== undefined).map((object) => make(object)) };
    });
  }

  /**
   * A page of the objects, or of those for which `filters` is true: without `sort` in an order in which each keeps its place for
   * as long as it is there. Pages follow each other by `after`, until one is empty.
   */
  fetchObjects<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
    options: FetchObjectsOptions<P, N, R> = {},
  ): Promise<Found<P, N, R, never>> {
    return this.#call(options, FETCH_OBJECTS_KEYS, async (host, signal, deadline) => {
      const { after, filters, sort } = options;
      const { limit, offset } = fetchPageOf(options);
      if (after !== undefined) checkId(after, 'after');
      if (after !== undefined && offset) throw invalid('offset', 'none beside `after`', offset);
      const keys = sort === undefined ? [] : sortKeys(host.schema(), sort);
      const { wantsVectors, make } = resultMaker<Returned<P, N>, Sure<R>>(host, options);
      const filter = await filterOf(host, filters);
      const shards = await host.shards();
      const page = { filter, limit, offset, after, deadline };
      const objects = await (keys.length ? sortedObjects(shards, { ...page, keys }, wantsVectors, signal) : inOrder(shards, page, wantsVectors));
      return { objects: objects.map((object) => make(object)) };
    });
  }

  /** The nearest to a vector, nearest first. */
  nearVector<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never>(
    vector: VectorsInput, options: Grouped<P, NearOptions<P, N, R>, G>,
  ): Promise<InGroups<P, N, R, 'distance', G>>;
  nearVector<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
    vector: VectorsInput, options?: NearOptions<P, N, R>,
  ): Promise<Found<P, N, R, 'distance'>>;
  nearVector(vector: VectorsInput, options: MaybeGrouped<P, NearOptions<P>> = {}): Promise<QueryResult<object>> {
    return this.#search(options, NEAR_KEYS, undefined, (host, _, deadline) => this.#near(host, vectorQuery(host.schema(), vector, options.targetVector), options, deadline));
  }

  /** The nearest to the vector of an object, which is among them. */
  nearObject<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never>(
    id: string, options: Grouped<P, NearOptions<P, N, R>, G>,
  ): Promise<InGroups<P, N, R, 'distance', G>>;
  nearObject<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
    id: string, options?: NearOptions<P, N, R>,
  ): Promise<Found<P, N, R, 'distance'>>;
  nearObject(id: string, options: MaybeGrouped<P, NearOptions<P>> = {}): Promise<QueryResult<object>> {
    return this.#search(options, NEAR_KEYS, undefined, async (host, _, deadline) => this.#near(host, await objectQuery(host, id, options.targetVector), options, deadline));
  }

  /** The nearest to the vector that the collection's vectorizer makes of a text; of up to 64 texts, to the mean of theirs. */
  nearText<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never>(
    text: string | readonly string[], options: Grouped<P, NearOptions<P, N, R>, G>,
  ): Promise<InGroups<P, N, R, 'distance', G>>;
  nearText<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
    text: string | readonly string[], options?: NearOptions<P, N, R>,
  ): Promise<Found<P, N, R, 'distance'>>;
  nearText(text: string | readonly string[], options: MaybeGrouped<P, NearOptions<P>> = {}): Promise<QueryResult<object>> {
    return this.#search(options, NEAR_KEYS, textOfQuery(text), async (host, signal, deadline) => this.#near(host, await textQuery(host, text, options.targetVector, signal), options, deadline));
  }

  /**
   * The best by the words of a text, by BM25F: words that few objects have count more, as do those that come often in short
   * properties. Stopwords are left out if there are other words. A text without words finds nothing.
   *
   * ```ts
   * const { objects } = await tickets.query.bm25('refund of a parcel', { queryProperties: ['title^3', 'text'], returnMetadata: ['score'] });
   * ```
   */
  bm25<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never>(
    query: string, options: Grouped<P, Bm25Options<P, N, R>, G>,
  ): Promise<InGroups<P, N, R, Scored, G>>;
  bm25<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
    query: string, options?: Bm25Options<P, N, R>,
  ): Promise<Found<P, N, R, Scored>>;
  bm25(query: string, options: MaybeGrouped<P, Bm25Options<P>> = {}): Promise<QueryResult<object>> {
    return this.#search(options, BM25_KEYS, query, async (host, _, deadline) => {
      const words = keywordQuery(host.schema(), query, options);
      const page = pageOf(options);
      const take = hitResults<P>(host, options);
      return take(await keywordSearch(host, words, page, { filters: options.filters, isExplained: isExplained(options), deadline }));
    });
  }

  /**
   * The best by nearness and by words together: either search hands over its 100 best hits, or limit + offset if that is more,
   * and a hit's score is the sum of what they give it, weighted by `alpha`. Throws VECTORIZER_MISSING if a vector is needed and
   * there is neither `vector` nor a vectorizer.
   */
  hybrid<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined, G extends OrderedName<P> = never>(
    query: string, options: Grouped<P, HybridOptions<P, N, R>, G>,
  ): Promise<InGroups<P, N, R, Scored, G>>;
  hybrid<const N extends PropertyNames<P> = undefined, const R extends MetadataNames = undefined>(
    query: string, options?: HybridOptions<P, N, R>,
  ): Promise<Found<P, N, R, Scored>>;
  hybrid(query: string, options: MaybeGrouped<P, HybridOptions<P>> = {}): Promise<QueryResult<object>> {
    return this.#search(options, HYBRID_KEYS, query, async (host, signal, deadline) => {
      const page = pageOf(options);
      const take = hitResults<P>(host, options);
      return take(await hybridSearch(host, query, page, { ...options, isExplained: isExplained(options), deadline }, signal));
    });
  }

  async #near(host: ShardHost, query: VectorQuery, options: MaybeGrouped<P, NearOptions<P>>, deadline: Deadline | undefined): Promise<FoundHits<P>> {
    const page = pageOf(options), asked = { ...options, deadline };
    if (options.diversity === undefined) {
      const take = hitResults<P>(host, options);
      return take(await nearSearch(host, query, page, asked));
    }
    const diverse = diverseResults<P>(host, query.field, options, page, options.diversity);
    return diverse.take(await nearSearch(host, query, diverse.page, asked));
  }

  /** `text`: what is searched by, if it is text. Reranking, which may take long, begins when shards are held no more. */
  #search(
    options: CallOptions & { rerank?: Rerank<P> }, known: readonly string[], text: string | undefined,
    work: (host: ShardHost, signal: AbortSignal | undefined, deadline: Deadline | undefined) => Promise<FoundHits<P>>,
  ): Promise<QueryResult<object>> {
    return call(options, known, async (signal, deadline) => {
      const reorder = options.rerank === undefined ? undefined : reranking(this.#host, options.rerank, text);
      const { read, results } = await this.#host.use((host) => work(host, signal, deadline));
      return results(reorder ? await reorder(read, signal) : read);
    });
  }

  #call<T>(
    options: CallOptions | undefined, known: readonly string[],
    work: (host: ShardHost, signal: AbortSignal | undefined, deadline: Deadline | undefined) => Promise<T> | T,
  ): Promise<T> {
    return call(options, known, (signal, deadline) => this.#host.use((host) => work(host, signal, deadline)));
  }
}

export function textOfQuery(text: string | readonly string[]): string | undefined {
  return Array.isArray(text) ? text.join('\n') : text as string;
}

/** Shard by shard, and in each by slots. */
async function inOrder(shards: Shards, { filter, limit, offset, after, deadline }: PlaceOfPage, vectors: boolean): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  let first = 0, from = 0, left = offset;
  if (after !== undefined) {
    first = shards.numberOf(after);
    from = await slotAfter(shards, after);
  }
  for (const { handle, pageEnds } of shards.parts.slice(first)) {
    while (from >= 0 && objects.length < limit) {
      const page = await handle.page({ from, limit: limit - objects.length, offset: left, filter, want: { vectors }, deadline });
      objects.push(...page.objects);
      left -= page.skipped;
      from = page.next;
      remember(pageEnds, page.objects.at(-1));
    }
    if (objects.length === limit) break;
    from = 0;
  }
  return objects;
}

async function slotAfter(shards: Shards, id: string): Promise<number> {
  const { handle, pageEnds } = shards.parts[shards.numberOf(id)]!;
  const known = (await handle.find(id))?.slot ?? pageEnds.get(id);
  if (known === undefined) throw new VectileError('OBJECT_MISSING', `after: expected the id of an object, or the last of a page, got ${JSON.stringify(id)}`);
  return known + 1;
}

function remember(pageEnds: Map<string, number>, last: StoredObject | undefined): void {
  if (!last) return;
  pageEnds.delete(last.id);
  pageEnds.set(last.id, last.slot);
  if (pageEnds.size > PAGE_ENDS) pageEnds.delete(pageEnds.keys().next().value!);
}

/** Of which objects a page is, without an order of their own. */
interface PlaceOfPage {
  filter: FilterNode | undefined;
  limit: number;
  offset: number;
  after: string | undefined;
  deadline: Deadline | undefined;
}

function isExplained({ returnMetadata }: { returnMetadata?: readonly MetadataName[] }): boolean {
  return returnMetadata?.includes('explainScore') ?? false;
}
