/** Hits as results: their objects, groups of them, and a choice that differs. */
import { integer } from '../engine/checks.js';
import { invalid } from '../errors.js';
import { groupHits } from '../search/grouping.js';
import { diversify } from '../search/mmr.js';
import type { Scalar } from '../search/values.js';
import { storedValues } from '../shard/stored-properties.js';
import { measureOf, readHits, type ReadHit, type Search } from './hits.js';
import type { CollectionHost } from './host.js';
import { LIMIT_MAX, checkNested, checkNumber, type DiversityOptions, type GroupBy, type Page } from './query-options.js';
import { resultMaker, type MetadataName, type ReturnOptions, type StoredResult } from './results.js';
import type { VectorSchema } from './schema.js';
import { orderedProperty, shownValue } from './stored-values.js';
import type { Properties } from './typed.js';

export interface QueryResult<P extends object = Properties, R extends MetadataName = never> {
  objects: StoredResult<P, R>[];
}

/** `objects` are those that are in a group, each once. */
export interface GroupedResult<P extends object = Properties, R extends MetadataName = never, V = Scalar | Date> extends QueryResult<P, R> {
  /** That with the best hit first. An object is in the group of each element of a list, in none if it lacks the property. */
  groups: ResultGroup<P, R, V>[];
}

export interface ResultGroup<P extends object = Properties, R extends MetadataName = never, V = Scalar | Date> {
  value: V;
  /** Best first. */
  objects: StoredResult<P, R>[];
  /** Of near queries. */
  minDistance?: number;
  maxDistance?: number;
  /** Of bm25 and hybrid. */
  minScore?: number;
  maxScore?: number;
}

/** The nearest, among which hits are chosen. */
const CANDIDATES = 100;
const CANDIDATES_MAX = 1000;

/** What becomes of a search, while shards are held. */
type Take<P extends object> = (search: Search) => Promise<FoundHits<P>>;

/** Hits with their objects, and what is made of them, in whatever order they are by then. */
export interface FoundHits<P extends object> {
  readonly read: readonly ReadHit[];
  results(read: readonly ReadHit[]): QueryResult<P>;
}

/** How hits are read. Checks the options first. */
export function hitResults<P extends object>(host: CollectionHost, options: ReturnOptions<P> & { groupBy?: GroupBy<P> }): Take<P> {
  const { wantsVectors, make } = resultMaker<P>(host, options);
  const group = options.groupBy === undefined ? undefined : grouping<P>(host, options.groupBy);
  const results = (read: readonly ReadHit[]): QueryResult<P> => {
    const objects = read.map(({ object, hit }) => make(object, hit));
    return group ? group(read, objects) : { objects };
  };
  return async (search) => ({ read: await readHits(search, wantsVectors), results });
}

/** Hits that differ from each other, of as many as `page` says. */
export interface Diversity<P extends object> {
  page: Page;
  take: Take<P>;
}

export function diverseResults<P extends object>(
  host: CollectionHost, field: VectorSchema, options: ReturnOptions<P> & { groupBy?: unknown }, page: Page, diversity: DiversityOptions,
): Diversity<P> {
  const { make } = resultMaker<P>(host, options);
  checkNested('diversity', diversity, ['balance', 'candidates']);
  if (page.autoLimit || options.groupBy !== undefined) throw invalid('diversity', 'none beside autoLimit and groupBy', diversity);
  const wanted = page.limit + page.offset;
  if (wanted > CANDIDATES_MAX) throw invalid('limit', `with the offset at most ${CANDIDATES_MAX} beside diversity`, wanted);
  const { balance = 0.5, candidates = Math.max(CANDIDATES, wanted) } = diversity;
  checkNumber('diversity.balance', balance, 0, 1);
  integer('diversity.candidates', candidates, wanted, CANDIDATES_MAX);
  return {
    page: { limit: candidates, offset: 0, autoLimit: 0 },
    async take(search) {
      const read = await readHits(search, true);
      const vectors = read.map(({ object }) => object.vectors!.find(({ number }) => number === field.number)?.values);
      const chosen = diversify(read.map(({ hit }) => measureOf(hit)), vectors, field.metric, { balance, k: wanted });
      const results = (those: readonly ReadHit[]) => ({ objects: those.map(({ object, hit }) => make(object, hit)) });
      return { read: chosen.slice(page.offset).map((i) => read[i]!), results };
    },
  };
}

function grouping<P extends object>(host: CollectionHost, groupBy: GroupBy<P>): (read: readonly ReadHit[], results: StoredResult<P>[]) => GroupedResult<P> {
  checkNested('groupBy', groupBy, ['property', 'numberOfGroups', 'objectsPerGroup']);
  const { numberOfGroups = 10, objectsPerGroup = 10 } = groupBy;
  integer('groupBy.numberOfGroups', numberOfGroups, 1, LIMIT_MAX);
  integer('groupBy.objectsPerGroup', objectsPerGroup, 1, LIMIT_MAX);
  const property = orderedProperty(host.schema(), groupBy.property, 'groupBy.property');
  return (read, results) => {
    const isScored = read[0]?.hit.score !== undefined;
    const groups = groupHits(read.map(({ hit }) => measureOf(hit)), (i) => storedValues(read[i]!.object, [property])[0]!, { numberOfGroups, objectsPerGroup });
    const grouped = new Set(groups.flatMap(({ hits }) => hits));
    return {
      objects: results.filter((_, i) => grouped.has(i)),
      groups: groups.map(({ value, hits, min, max }) => ({
        value: shownValue(property, value),
        objects: hits.map((i) => results[i]!),
        ...isScored ? { minScore: min, maxScore: max } : { minDistance: min, maxDistance: max },
      })),
    };
  };
}
