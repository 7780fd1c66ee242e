/** A shard that is in a thread, or in another one when that is lost. */
import { VectileError } from '../errors.js';
import { abortedError } from '../shard/abort.js';
import type {
  AggregateRequest, Aggregated, DeleteManyOptions, DeleteManyResult, Page, PageRequest, Place as ObjectPlace, ShardHandle, SortKey, SortRequest, SortedRows, Want,
} from '../shard/handle.js';
import type { Deadline } from '../search/deadline.js';
import type { FilterNode } from '../search/filter.js';
import type { KeywordStatistics } from '../search/keyword-query.js';
import type { SortRow } from '../search/sorting.js';
import type { PropertySpec } from '../search/types.js';
import type { Change, ChangeEvent, FieldSpec, KeywordHits, KeywordRequest, Near, NearOptions, Outcome, ShardStats, StoredObject } from '../shard/types.js';
import type { Durability } from '../storage/storage.js';
import { objectsOf, withObjects, type ObjectRows, type WithRows } from './object-rows.js';
import type { Answer, Method, ShardDescription } from './protocol.js';
import type { SharedNears } from './shared-nears.js';
import type { Thread } from './thread.js';

/** Where a shard is. */
export interface Place {
  readonly thread: Thread;
  readonly number: number;
  readonly nears: SharedNears;
}

/** What a shard asks of its pool. */
export interface RemoteHost {
  /** Has it opened in a thread. */
  place(shard: RemoteShard, description: ShardDescription, isAfterLoss: boolean): Promise<Place>;
  /** It is not there any more. */
  leave(place: Place): void;
  took(answer: Answer): void;
}

export class RemoteShard implements ShardHandle {
  onChange: ((events: ChangeEvent[]) => void) | undefined;
  memoryBytes = 0;
  failure: VectileError | undefined;
  readonly #host: RemoteHost;
  /** As it is to be opened the next time. */
  #description: ShardDescription;
  /** Where it is open, or was until the thread was lost. */
  #place: Place | undefined;
  #opening: Promise<Place> | undefined;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #losses = 0;

  constructor(description: ShardDescription, host: RemoteHost) {
    this.#description = description;
    this.#host = host;
  }

  async open(): Promise<void> { await this.#placed(); }

  /** One that it has not been opened anew after is counted, too. */
  get losses(): number { return this.#losses + Number(this.#place?.thread.isLost ?? false); }

  count(filter?: FilterNode, deadline?: Deadline): Promise<number> { return this.#ask('count', [filter, deadline]); }
  find(id: string): Promise<ObjectPlace | undefined> { return this.#ask('find', [id]); }
  getMany(ids: readonly string[], want?: Want): Promise<(StoredObject | undefined)[]> { return this.#ask<ObjectRows>('getMany', [ids, want]).then(objectsOf); }
  write(changes: readonly Change[], durability?: Durability): Promise<Outcome[]> { return this.#ask('write', [changes, durability]); }
  deleteMany(filter: FilterNode, options: DeleteManyOptions, signal?: AbortSignal): Promise<DeleteManyResult> { return this.#ask('deleteMany', [filter, options], signal); }
  near(field: number, query: Float32Array, options: NearOptions): Promise<Near> {
    const ask = () => this.#ask<WithRows<Near>>('near', [field, query, options]).then(withObjects<Near>);
    return this.#place && !this.#isClosed ? this.#place.nears.near(field, query, options, ask) : ask();
  }
  statistics(request: KeywordRequest): Promise<KeywordStatistics> { return this.#ask('statistics', [request]); }
  keyword(request: KeywordRequest): Promise<KeywordHits> { return this.#ask<WithRows<KeywordHits>>('keyword', [request]).then(withObjects<KeywordHits>); }
  read(slots: readonly number[], seq: number, want?: Want): Promise<(StoredObject | undefined)[]> { return this.#ask<ObjectRows>('read', [slots, seq, want]).then(objectsOf); }
  page(request: PageRequest): Promise<Page> { return this.#ask<WithRows<Page>>('page', [request]).then(withObjects<Page>); }
  sorted(request: SortRequest, signal?: AbortSignal): Promise<SortedRows> { return this.#ask('sorted', [request], signal); }
  row(id: string, keys: readonly SortKey[]): Promise<SortRow | undefined> { return this.#ask('row', [id, keys]); }
  aggregate(request: AggregateRequest, signal?: AbortSignal): Promise<Aggregated> { return this.#ask('aggregate', [request], signal); }
  settle(unlinkedMax: number, signal?: AbortSignal): Promise<void> { return this.#ask('settle', [unlinkedMax], signal); }
  snapshot(): Promise<void> { return this.#ask('snapshot', []); }
  compact(): Promise<void> { return this.#ask('compact', []); }
  stats(): Promise<ShardStats> { return this.#ask('stats', []); }
  lastSeq(): Promise<number> { return this.#ask('lastSeq', []); }

  /** If the thread is lost meanwhile, the shard is opened in another one with what it was to be configured to: that is the same. */
  async configure(fields: readonly FieldSpec[], properties: readonly PropertySpec[]): Promise<void> {
    this.#description = { ...this.#description, fields, properties };
    try {
      await this.#ask('configure', [fields, properties]);
    } catch (cause) {
      if (!(cause instanceof VectileError) || cause.code !== 'WORKER_LOST') throw cause;
      await this.#placed();
    }
  }

  close(options?: { discard?: boolean }): Promise<void> {
    this.#closing ??= this.#close(options).finally(() => { this.#isClosed = true; });
    return this.#closing;
  }

  /** What an answer says beside its value. */
  take(answer: Answer): void {
    const { memoryBytes, failure, events } = answer;
    if (memoryBytes !== undefined) this.memoryBytes = memoryBytes;
    this.failure = failure;
    this.#host.took(answer);
    if (events?.length) this.onChange?.(events);
  }

  async #close(options: { discard?: boolean } | undefined): Promise<void> {
    const place = await this.#opening?.catch(() => undefined) ?? this.#place;
    if (!place) return;
    // one that was lost has left nothing open
    if (place.thread.isLost) return place.thread.end();
    try {
      await this.#askAt(place, 'close', [options]);
    } finally {
      this.#host.leave(place);
      if (place.thread.isLost) await place.thread.end();
    }
  }

  #ask<T>(method: Method, args: readonly unknown[], signal?: AbortSignal): Promise<T> {
    const place = this.#place;
    if (place && !place.thread.isLost && !this.#isClosed) return this.#askAt(place, method, args, signal);
    return this.#placed().then((found) => this.#askAt(found, method, args, signal));
  }

  async #askAt<T>({ thread, number }: Place, method: Method, args: readonly unknown[], signal?: AbortSignal): Promise<T> {
    const answer = await thread.call(number, method, args, signal);
    this.take(answer);
    const { error, value } = answer;
    if (!error) return value as T;
    // the reason has not crossed
    throw signal?.aborted && error instanceof VectileError && error.code === 'ABORTED' ? abortedError(signal) : error;
  }

  /** Where it is; it is opened if it is not. */
  async #placed(): Promise<Place> {
    if (this.#isClosed || this.#closing) throw new VectileError('CLOSED', 'shard: expected one in use, got one closed');
    if (this.#place && !this.#place.thread.isLost) return this.#place;
    this.#opening ??= this.#reopened().finally(() => { this.#opening = undefined; });
    return this.#opening;
  }

  async #reopened(): Promise<Place> {
    const former = this.#place;
    if (former) {
      await former.thread.end(); // it may not write any more
      this.#host.leave(former);
      this.#losses = this.losses;
      this.#place = undefined;
    }
    const description = this.#description;
    const place = await this.#host.place(this, description, former !== undefined);
    this.#place = place;
    const { firstSeq, ...rest } = this.#description; // it is made only once
    this.#description = rest;
    // it was configured meanwhile, which did not find it here yet
    if (description.fields !== rest.fields || description.properties !== rest.properties) await this.#askAt(place, 'configure', [this.#description.fields, this.#description.properties]);
    return place;
  }
}
