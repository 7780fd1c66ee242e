/**
 * What the database asks of a shard, wherever it is: in this thread or in a worker. What goes in and comes out is plain data, so
 * that it can cross; an answer is there at once, or waited for. Signals end what goes on for long, with ABORTED.
 */
import type { VectileError } from '../errors.js';
import type { AggregateSpec } from '../search/accumulators.js';
import type { AggregationState, GroupedState } from '../search/aggregates.js';
import type { Deadline } from '../search/deadline.js';
import type { FilterNode } from '../search/filter.js';
import type { KeywordStatistics } from '../search/keyword-query.js';
import type { SortOrder, SortRow } from '../search/sorting.js';
import type { NumbersKey, PropertySpec } from '../search/types.js';
import type { Durability } from '../storage/storage.js';
import type { DataType } from '../types.js';
import type { Change, ChangeEvent, FieldSpec, KeywordHits, KeywordRequest, Near, NearOptions, Outcome, ShardStats, StoredObject } from './types.js';

export type Answer<T> = T | Promise<T>;

export interface ShardHandle {
  /** Called with what was written, after it was acknowledged. */
  onChange: ((events: ChangeEvent[]) => void) | undefined;
  /** About the bytes in memory, as last heard of. */
  readonly memoryBytes: number;
  /** Why writes are refused, if they are, as last heard of. */
  readonly failure: VectileError | undefined;
  /** Threads that it was in and that were lost. With each went what was written with durability `none`, and what was to be told of changes. */
  readonly losses: number;

  /** Objects, or those for which the filter is true. */
  count(filter?: FilterNode, deadline?: Deadline): Answer<number>;
  /** Where an object is; undefined if there is none. */
  find(id: string): Answer<Place | undefined>;
  /** In the order of the ids; undefined in place of those that are not there. */
  getMany(ids: readonly string[], want?: Want): Promise<(StoredObject | undefined)[]>;
  /** Writes up to 1,000 objects as one record: after a crash all of it is there or nothing. Ids must differ. What fails its condition is left out and has an error in its place. */
  write(changes: readonly Change[], durability?: Durability): Promise<Outcome[]>;
  /** Deletes objects for which the filter is true; one that was written since it was found only if it still matches. */
  deleteMany(filter: FilterNode, options: DeleteManyOptions, signal?: AbortSignal): Promise<DeleteManyResult>;

  /** The k nearest by a named vector. None if the shard does not know it. */
  near(field: number, query: Float32Array, options: NearOptions): Answer<Near>;
  /** What is counted for a keyword search, to be added up with that of other shards. */
  statistics(request: KeywordRequest): Answer<KeywordStatistics>;
  /** The best by keywords. */
  keyword(request: KeywordRequest): Answer<KeywordHits>;
  /** The objects of hits as they were at `seq`; undefined in place of those that were written since. */
  read(slots: readonly number[], seq: number, want?: Want): Promise<(StoredObject | undefined)[]>;
  /** Objects in the order of their slots. */
  page(request: PageRequest): Promise<Page>;
  /** The first rows by an order. */
  sorted(request: SortRequest, signal?: AbortSignal): Promise<SortedRows>;
  /** That of an object, to go on from; undefined if it is not there. */
  row(id: string, keys: readonly SortKey[]): Promise<SortRow | undefined>;
  /** What can be said of values of objects. */
  aggregate(request: AggregateRequest, signal?: AbortSignal): Promise<Aggregated>;

  /** Adds, drops and changes named vectors; adds indexed properties. */
  configure(fields: readonly FieldSpec[], properties: readonly PropertySpec[]): Promise<void>;
  /** Waits until at most so many vectors are not linked. */
  settle(unlinkedMax: number, signal?: AbortSignal): Promise<void>;
  /** Writes a snapshot now, and trims the log. */
  snapshot(): Promise<void>;
  /** The same, with all segments freed of what is out of use. */
  compact(): Promise<void>;
  stats(): Promise<ShardStats>;
  /** Sequence number of the last write. */
  lastSeq(): Answer<number>;
  close(options?: { discard?: boolean }): Promise<void>;
}

export interface Want { readonly vectors?: boolean | undefined }

export interface Place {
  slot: number;
  revision: number;
}

/** A property of the schema whose stored values are asked for. */
export interface StoredProperty {
  readonly name: string;
  readonly dataType: DataType;
}

export interface DeleteManyOptions {
  dryRun: boolean;
  verbose: boolean;
  durability?: Durability;
  deadline?: Deadline | undefined;
}

export interface DeleteManyResult {
  /** Objects for which the filter was true; of those that were changed meanwhile, the ones for which it is still true. */
  matches: number;
  /** Those that were deleted; with `dryRun` none. */
  successful: number;
  failed: number;
  dryRun: boolean;
  /** With `verbose`: every match, and why it was not deleted, if that was not `dryRun`. */
  objects?: DeletedObject[];
}

export interface DeletedObject {
  id: string;
  successful: boolean;
  error?: VectileError;
}

export interface PageRequest {
  /** The first slot. */
  from: number;
  limit: number;
  /** Objects that are passed over first. Default 0. */
  offset?: number;
  filter?: FilterNode | undefined;
  want?: Want;
  deadline?: Deadline | undefined;
}

export interface Page {
  objects: StoredObject[];
  /** Where to go on, −1 at the end. */
  next: number;
  /** Objects that were passed over. */
  skipped: number;
}

/** A key of an order. */
export interface SortKey {
  readonly order: SortOrder;
  /** What the index has it by: a number of each object. */
  readonly column?: NumbersKey;
  /** Undefined: a target, which is `created`, `updated`, or `id`. */
  readonly property?: StoredProperty;
}

export interface SortRequest {
  keys: readonly SortKey[];
  filter?: FilterNode | undefined;
  limit: number;
  /** Only rows that come strictly after it; its slot may lie between two. */
  after?: SortRow | undefined;
  deadline?: Deadline | undefined;
}

export interface SortedRows {
  rows: SortRow[];
  /** As of which they are. */
  seq: number;
}

/** What is said of objects, each of which has a list of values, one for each property. */
export interface AggregateRequest {
  /** Those of the specs, and at last the one that groups are made by, if they are. */
  properties: readonly StoredProperty[];
  /** The columns that have the numbers of all properties; undefined if some have none. */
  keys: readonly NumbersKey[] | undefined;
  specs: readonly AggregateSpec[];
  isGrouped: boolean;
  filter?: FilterNode | undefined;
  deadline?: Deadline | undefined;
}

export type Aggregated = { total: AggregationState; groups?: undefined } | { total?: undefined; groups: GroupedState };

