/** Counting objects, and telling of the values of their properties: of all, of those a filter lets through, by groups, or of hits. */
import { checkOptions, integer } from '../engine/checks.js';
import { invalid } from '../errors.js';
import type { AggregateSpec, Summary } from '../search/accumulators.js';
import { Aggregation, GroupedAggregation } from '../search/aggregates.js';
import type { Deadline } from '../search/deadline.js';
import type { Value } from '../search/values.js';
import { columnsOf, visitHits } from './aggregate-values.js';
import { call, type CallOptions } from './calls.js';
import type { FilterInput } from './filters.js';
import type { Aggregated } from '../shard/handle.js';
import { filterOf, type Asked, type Search } from './hits.js';
import type { CollectionHost, ShardHost } from './host.js';
import { hybridSearch } from './hybrid.js';
import { aggregatesOf, metricsOf, type Aggregates, type Metric, type Metrics } from './metrics.js';
import { nearSearch, objectQuery, textQuery, vectorQuery, type VectorQuery } from './near.js';
import type { PropertySchema } from './property-schema.js';
import { HYBRID_KEYS, LIMIT_MAX, NEAR_KEYS, type GroupValue, type HybridOptions, type NearOptions, type OrderedName, type Page } from './query-options.js';
import type { ReturnOptions } from './results.js';
import { orderedProperty, shownValue } from './stored-values.js';
import type { Properties, VectorsInput } from './typed.js';

export interface AggregateOptions<P extends object = Properties, M extends Metrics<P> = Metrics<P>> extends CallOptions {
  /** Only objects for which it is true. */
  filters?: FilterInput<P>;
  /** What is told, by property. Default nothing but counts. */
  metrics?: M & { readonly [K in Exclude<keyof M, OrderedName<P>>]: never };
}

/** Of the hits of a search. Options of the search are as there. */
interface AggregateHitsOptions<P extends object, M extends Metrics<P>> extends AggregateOptions<P, M> {
  /** How many hits at most, 1 … 10,000. May be left out only beside `distance` and `certainty`. */
  objectLimit?: number;
}

export interface AggregateNearOptions<P extends object = Properties, M extends Metrics<P> = Metrics<P>>
  extends AggregateHitsOptions<P, M>, Pick<NearOptions<P>, 'distance' | 'certainty' | 'targetVector' | 'ef' | 'oversampling'> {}

export interface AggregateHybridOptions<P extends object = Properties, M extends Metrics<P> = Metrics<P>>
  extends AggregateHitsOptions<P, M>,
  Omit<HybridOptions<P>, keyof AggregateHitsOptions<P, M> | 'limit' | 'offset' | 'autoLimit' | 'rerank' | keyof ReturnOptions<P>> {}

/** The same by groups, too. */
type Grouped<P extends object, O, G extends OrderedName<P>> = O & { groupBy: AggregateGroupBy<P, G> };

/** As implementations see it. */
type MaybeGrouped<P extends object, O> = O & { groupBy?: AggregateGroupBy<P> };
type Hits<P extends object, M> = AggregateResult<P, M> & { groups?: AggregateGroup<P, M>[] };

export interface AggregateResult<P extends object = Properties, M = Metrics<P>> {
  /** Objects. */
  totalCount: number;
  properties: Aggregates<P, M>;
}

export interface AggregateGroup<P extends object = Properties, M = Metrics<P>, G extends OrderedName<P> = OrderedName<P>> extends AggregateResult<P, M> {
  groupedBy: { property: G; value: GroupValue<P, G> };
}

/** Of all hits, and of their groups. */
export interface AggregateGroupsResult<P extends object = Properties, M = Metrics<P>, G extends OrderedName<P> = OrderedName<P>> extends AggregateResult<P, M> {
  groups: AggregateGroup<P, M, G>[];
}

export interface AggregateGroupBy<P extends object = Properties, G extends OrderedName<P> = OrderedName<P>> {
  /** Objects with a list are in the group of each of its values; those without the property are in none. */
  property: G;
  /** The largest groups, 1 … 10,000. Default 100. */
  limit?: number;
}

const OPTIONS = ['filters', 'metrics'];
/** What is meant for hits that are listed. */
const LISTED = ['limit', 'offset', 'autoLimit', 'returnProperties', 'returnMetadata', 'includeVector', 'diversity', 'rerank'];
const NEAR_OPTIONS = ['metrics', 'objectLimit', ...NEAR_KEYS.filter((key) => !LISTED.includes(key))];
const HYBRID_OPTIONS = ['metrics', 'objectLimit', ...HYBRID_KEYS.filter((key) => !LISTED.includes(key))];
const GROUPS = 100;
const GROUPS_MAX = 10_000;

/**
 * Counts and metrics, exact. They are of one moment where all properties asked for are filterable and single, of type int, number,
 * date or boolean: the index has these. Others are read from every object, and what is written meanwhile counts as it was before
 * or is after. For medians and modes all values are held in memory, 8 bytes each; of texts, all different ones.
 *
 * All throw SCHEMA_MISMATCH for filters, metrics and groups that do not fit the schema.
 */
export class Aggregate<P extends object = Properties> {
  readonly #host: CollectionHost;

  constructor(host: CollectionHost) {
    this.#host = host;
  }

  /** Of all objects. */
  overAll<const M extends Metrics<P> = Record<never, never>>(options: AggregateOptions<P, M> = {}): Promise<AggregateResult<P, M>> {
    return this.#call(options, OPTIONS, async (host, signal, deadline) => {
      const tally = new Tally<P, M>(host, options.metrics);
      if (tally.properties.length) await this.#gather(host, tally, options.filters, signal, deadline);
      else tally.count(await this.#count(host, options.filters, deadline));
      return tally.result();
    });
  }

  /** Of the largest groups of objects that have a value in common, equally large ones by their values. */
  groupBy<G extends OrderedName<P>, const M extends Metrics<P> = Record<never, never>>(
    groupBy: AggregateGroupBy<P, G>, options: AggregateOptions<P, M> = {},
  ): Promise<AggregateGroup<P, M, G>[]> {
    return this.#call(options, OPTIONS, async (host, signal, deadline) => {
      const groups = groupsOf<P, M, G>(host, groupBy, options.metrics);
      await this.#gather(host, groups, options.filters, signal, deadline);
      return groups.results();
    });
  }

  /** Of the nearest to a vector. */
  nearVector<G extends OrderedName<P>, const M extends Metrics<P> = Record<never, never>>(
    vector: VectorsInput, options: Grouped<P, AggregateNearOptions<P, M>, G>,
  ): Promise<AggregateGroupsResult<P, M, G>>;
  nearVector<const M extends Metrics<P> = Record<never, never>>(vector: VectorsInput, options: AggregateNearOptions<P, M>): Promise<AggregateResult<P, M>>;
  nearVector<M extends Metrics<P>>(vector: VectorsInput, options: MaybeGrouped<P, AggregateNearOptions<P, M>> = {}): Promise<Hits<P, M>> {
    return this.#near(options, (host) => vectorQuery(host.schema(), vector, options.targetVector));
  }

  /** Of the nearest to an object, and of itself. */
  nearObject<G extends OrderedName<P>, const M extends Metrics<P> = Record<never, never>>(
    id: string, options: Grouped<P, AggregateNearOptions<P, M>, G>,
  ): Promise<AggregateGroupsResult<P, M, G>>;
  nearObject<const M extends Metrics<P> = Record<never, never>>(id: string, options: AggregateNearOptions<P, M>): Promise<AggregateResult<P, M>>;
  nearObject<M extends Metrics<P>>(id: string, options: MaybeGrouped<P, AggregateNearOptions<P, M>> = {}): Promise<Hits<P, M>> {
    return this.#near(options, (host) => objectQuery(host, id, options.targetVector));
  }

  /** Of the nearest to a text, or to the mean of up to 64. */
  nearText<G extends OrderedName<P>, const M extends Metrics<P> = Record<never, never>>(
    text: string | readonly string[], options: Grouped<P, AggregateNearOptions<P, M>, G>,
  ): Promise<AggregateGroupsResult<P, M, G>>;
  nearText<const M extends Metrics<P> = Record<never, never>>(text: string | readonly string[], options: AggregateNearOptions<P, M>): Promise<AggregateResult<P, M>>;
  nearText<M extends Metrics<P>>(text: string | readonly string[], options: MaybeGrouped<P, AggregateNearOptions<P, M>> = {}): Promise<Hits<P, M>> {
    return this.#near(options, (host, signal) => textQuery(host, text, options.targetVector, signal));
  }

  /** Of the best by words and nearness; `objectLimit` is needed. */
  hybrid<G extends OrderedName<P>, const M extends Metrics<P> = Record<never, never>>(
    text: string, options: Grouped<P, AggregateHybridOptions<P, M>, G>,
  ): Promise<AggregateGroupsResult<P, M, G>>;
  hybrid<const M extends Metrics<P> = Record<never, never>>(text: string, options: AggregateHybridOptions<P, M>): Promise<AggregateResult<P, M>>;
  hybrid<M extends Metrics<P>>(text: string, options: MaybeGrouped<P, AggregateHybridOptions<P, M>> = {}): Promise<Hits<P, M>> {
    return this.#call(options, HYBRID_OPTIONS, async (host, signal, deadline) => {
      const { keys, take } = this.#take(options, signal);
      return take(await hybridSearch(host, text, pageOf(options.objectLimit), { ...options, keys, deadline }, signal));
    });
  }

  #near<M extends Metrics<P>>(
    options: MaybeGrouped<P, AggregateNearOptions<P, M>>, query: (host: ShardHost, signal: AbortSignal | undefined) => VectorQuery | Promise<VectorQuery>,
  ): Promise<Hits<P, M>> {
    return this.#call(options, NEAR_OPTIONS, async (host, signal, deadline) => {
      const page = pageOf(options.objectLimit, options.distance !== undefined || options.certainty !== undefined);
      const { keys, take } = this.#take(options, signal);
      return take(await nearSearch(host, await query(host, signal), page, { ...options, keys, deadline }));
    });
  }

  /** What is asked of hits, and what becomes of them; it is checked at once. */
  #take<M extends Metrics<P>>(
    { metrics, groupBy }: MaybeGrouped<P, AggregateOptions<P, M>>, signal: AbortSignal | undefined,
  ): Pick<Asked, 'keys'> & { take(search: Search): Promise<Hits<P, M>> } {
    const tally = new Tally<P, M>(this.#host, metrics);
    const groups = groupBy === undefined ? undefined : groupsOf<P, M, OrderedName<P>>(this.#host, groupBy, metrics);
    const { properties } = groups ?? tally;
    const take = async (search: Search): Promise<Hits<P, M>> => {
      await visitHits(search, properties, (values) => {
        tally.add(values);
        groups?.add(values);
      }, signal);
      return { ...tally.result(), ...groups && { groups: groups.results() } };
    };
    return { keys: columnsOf(properties), take };
  }

  async #count(host: ShardHost, filters: FilterInput<P> | undefined, deadline: Deadline | undefined): Promise<number> {
    const filter = await filterOf(host, filters);
    const counts = await (await host.shards()).each((handle) => handle.count(filter, deadline));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #gather(
    host: ShardHost, tally: Told, filters: FilterInput<P> | undefined, signal: AbortSignal | undefined,
    deadline: Deadline | undefined,
  ): Promise<void> {
    const { properties, specs, isGrouped } = tally;
    const stored = properties.map(({ name, dataType }) => ({ name, dataType }));
    const request = { properties: stored, keys: columnsOf(properties), specs, isGrouped, filter: await filterOf(host, filters), deadline };
    for (const said of await (await host.shards()).each((handle) => handle.aggregate(request, signal))) tally.merge(said);
  }

  #call<T>(
    options: CallOptions, known: readonly string[],
    work: (host: ShardHost, signal: AbortSignal | undefined, deadline: Deadline | undefined) => Promise<T> | T,
  ): Promise<T> {
    return call(options, known, (signal, deadline) => this.#host.use((host) => work(host, signal, deadline)));
  }
}

/** What is asked of shards, and taken from each. */
interface Told {
  readonly properties: PropertySchema[];
  readonly specs: AggregateSpec[];
  readonly isGrouped: boolean;
  merge(said: Aggregated): void;
}

/** What is told of objects all together. Values are those of `properties`, in that order; there may be more. */
class Tally<P extends object, M> implements Told {
  readonly #metrics: readonly Metric[];
  readonly #total: Aggregation;

  constructor(host: CollectionHost, metrics: object | undefined) {
    this.#metrics = metricsOf(host.schema(), metrics);
    this.#total = new Aggregation(this.#metrics.map(({ spec }) => spec));
  }

  readonly isGrouped = false;
  get properties(): PropertySchema[] { return this.#metrics.map(({ property }) => property); }
  get specs(): AggregateSpec[] { return this.#metrics.map(({ spec }) => spec); }

  /** What a shard says of its objects. */
  merge({ total }: Aggregated): void { this.#total.merge(total!); }

  add(values: readonly Value[]): void { this.#total.add(values.slice(0, this.#metrics.length)); }

  /** So many objects of which nothing else is told. */
  count(objects: number): void { this.#total.merge({ objects, states: [] }); }

  result(): AggregateResult<P, M> { return resultOf(this.#metrics, this.#total.objects, this.#total.summaries()); }
}

/** And by groups: the last of the properties is the one they are made by. */
class Groups<P extends object, M, G extends OrderedName<P>> implements Told {
  readonly #by: PropertySchema;
  readonly #limit: number;
  readonly #metrics: readonly Metric[];
  readonly #groups: GroupedAggregation;

  constructor(by: PropertySchema, limit: number, metrics: readonly Metric[]) {
    this.#by = by;
    this.#limit = limit;
    this.#metrics = metrics;
    this.#groups = new GroupedAggregation(metrics.map(({ spec }) => spec));
  }

  readonly isGrouped = true;
  get properties(): PropertySchema[] { return [...this.#metrics.map(({ property }) => property), this.#by]; }
  get specs(): AggregateSpec[] { return this.#metrics.map(({ spec }) => spec); }

  merge({ groups }: Aggregated): void { this.#groups.merge(groups!); }

  add(values: readonly Value[]): void { this.#groups.add(values[this.#metrics.length]!, values.slice(0, this.#metrics.length)); }

  results(): AggregateGroup<P, M, G>[] {
    const property = this.#by.name as G;
    return this.#groups.groups(this.#limit).map(({ value, objects, summaries }) => ({
      groupedBy: { property, value: shownValue(this.#by, value) as GroupValue<P, G> }, ...resultOf<P, M>(this.#metrics, objects, summaries),
    }));
  }
}

function groupsOf<P extends object, M, G extends OrderedName<P>>(
  host: CollectionHost, groupBy: AggregateGroupBy<P, G>, metrics: object | undefined,
): Groups<P, M, G> {
  if (typeof groupBy !== 'object' || groupBy === null) throw invalid('groupBy', '{ property, limit }', groupBy);
  checkOptions(groupBy, ['property', 'limit'], 'groupBy');
  const { property, limit = GROUPS } = groupBy;
  integer('groupBy.limit', limit, 1, GROUPS_MAX);
  const schema = host.schema();
  return new Groups(orderedProperty(schema, property, 'groupBy.property'), limit, metricsOf(schema, metrics));
}

/** That the summaries are those of M is for `metricsOf` to see to. */
function resultOf<P extends object, M>(metrics: readonly Metric[], totalCount: number, summaries: readonly Summary[]): AggregateResult<P, M> {
  return { totalCount, properties: aggregatesOf(metrics, summaries) as Aggregates<P, M> };
}

/** Hits that are asked for. `isBounded`: otherwise, too. */
function pageOf(objectLimit: number | undefined, isBounded = false): Page {
  if (objectLimit === undefined && !isBounded) throw invalid('objectLimit', `an integer from 1 to ${LIMIT_MAX}`, objectLimit);
  const limit = objectLimit ?? LIMIT_MAX;
  integer('objectLimit', limit, 1, LIMIT_MAX);
  return { limit, offset: 0, autoLimit: 0 };
}
