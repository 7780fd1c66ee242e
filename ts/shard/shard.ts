/**
 * A shard: the unit of ownership and durability. A write is checked, appended to the log, applied when it is durable, and
 * acknowledged. Objects, ids and indexes follow from the log; a snapshot lets it be trimmed. One process writes; others may
 * read beside it.
 */
import type { IndexShare } from '../engine/shared-reader.js';
import { VectileError } from '../errors.js';
import type { KeywordStatistics } from '../search/keyword-query.js';
import { openAnalyzer, type Analyzer } from '../search/analyzer.js';
import type { Deadline } from '../search/deadline.js';
import type { FilterNode } from '../search/filter.js';
import type { SectionCache } from '../search/section-cache.js';
import type { SlotSet } from '../search/slot-set.js';
import type { SortRow } from '../search/sorting.js';
import type { Stemmer } from '../search/stemming.js';
import type { PropertySpec } from '../search/types.js';
import type { Durability, OpenStore, ShardLog } from '../storage/storage.js';
import { aggregated } from './aggregate.js';
import { deleteMany } from './delete-many.js';
import type {
  AggregateRequest, Aggregated, DeleteManyOptions, DeleteManyResult, Page, PageRequest, Place, ShardHandle, SortKey, SortRequest, SortedRows, Want,
} from './handle.js';
import { decodeRecord, type ShardIdentity } from './record.js';
import { numbersOf } from './search.js';
import { LastSelection, pageOf } from './select.js';
import { beginShard, deleteUnnamed, readManifest, type SnapshotPlace } from './snapshot.js';
import { rowOfObject, sortedRows } from './sorted.js';
import { ShardState } from './state.js';
import type { Change, ChangeEvent, FieldSpec, KeywordHits, KeywordRequest, Near, NearOptions, Outcome, Question, ShardStats, StoredObject } from './types.js';
import { UNFLUSHED_BYTES_MAX, Upkeep, type UpkeepHost } from './upkeep.js';
import type { FieldNear } from './vector-field.js';
import { WriteQueue, type WriteHost } from './write-queue.js';

export interface ShardOptions {
  store: OpenStore;
  /** Of the names of all its files. */
  prefix: string;
  identity: ShardIdentity;
  fields: readonly FieldSpec[];
  /** Properties that are indexed. */
  properties: readonly PropertySpec[];
  /** By language, for places that cannot import those of the package. */
  stemmers?: Readonly<Record<string, Stemmer>>;
  /** Shared by the shards of a database. */
  sections: SectionCache;
  readOnly?: boolean;
  /** The shard is made, and its first record will have this number. */
  firstSeq?: number | undefined;
  /** Of writes that do not say. Default `sync`. */
  durability?: Durability;
  /** Milliseconds since 1970. */
  now?: () => number;
}

const REFRESH_MS = 250;
/** A reader whose files are taken away beneath it begins again. */
const ATTEMPTS = 5;

export class Shard implements ShardHandle {
  onChange: ((events: ChangeEvent[]) => void) | undefined;
  readonly losses = 0;
  readonly #options: ShardOptions;
  readonly #place: SnapshotPlace;
  readonly #log: ShardLog;
  readonly #now: () => number;
  #state!: ShardState;
  #isLoaded = false;
  #specs: readonly FieldSpec[];
  #analyzer!: Analyzer;
  #failure: VectileError | undefined;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  readonly #upkeep: Upkeep;
  readonly #writes: WriteQueue;
  readonly #lastSelection = new LastSelection();
  #refreshing: Promise<void> | undefined;
  #loading: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(options: ShardOptions, log: ShardLog) {
    this.#options = options;
    this.#place = { store: options.store, prefix: options.prefix, identity: options.identity };
    this.#log = log;
    this.#now = options.now ?? Date.now;
    this.#specs = options.fields;
    this.#upkeep = new Upkeep(this.#upkeepHost());
    this.#writes = new WriteQueue(this.#writeHost());
  }

  /** The newest snapshot and what the log has after it. Throws STORAGE_CORRUPT, naming the file, if either is damaged. */
  static async open(options: ShardOptions): Promise<Shard> {
    const { store, prefix, identity, firstSeq, now = Date.now } = options;
    if (firstSeq !== undefined) await beginShard({ store, prefix, identity }, firstSeq, now());
    const shard = new Shard(options, await store.log(`${prefix}/log`));
    try {
      shard.#analyzer = await openAnalyzer(options.properties, options.stemmers);
      await shard.#load();
    } catch (cause) {
      shard.#isClosed = true;
      if (shard.#isLoaded) shard.#state.dispose();
      await shard.#log.close();
      throw cause;
    }
    if (options.readOnly) {
      shard.#timer = setInterval(() => void shard.refresh().catch(() => {}), REFRESH_MS);
      (shard.#timer as { unref?(): void }).unref?.();
    }
    shard.#upkeep.wake();
    return shard;
  }

  get size(): number { return this.#state.objects.table.size; }

  /** Why writes are refused, if they are. */
  get failure(): VectileError | undefined { return this.#failure; }

  /** Of the last write: while it stays, nothing has changed. */
  get seq(): number { return this.#state.seq; }

  lastSeq(): number { return this.seq; }

  slotOf(id: string): number { return this.#state.objects.table.slotOf(id); }

  /** Of the object in a slot; 0 if it is free. */
  revisionOf(slot: number): number { return this.#state.objects.table.has(slot) ? this.#state.objects.table.revisions[slot]! : 0; }

  find(id: string): Place | undefined {
    const slot = this.slotOf(id);
    return slot < 0 ? undefined : { slot, revision: this.revisionOf(slot) };
  }

  count(filter?: FilterNode, deadline?: Deadline): number | Promise<number> {
    this.#checkOpen();
    if (!filter) return this.size;
    const found = this.select(filter, deadline);
    return found instanceof Promise ? found.then(({ count }) => count) : found.count;
  }

  write(changes: readonly Change[], durability: Durability = this.#options.durability ?? 'sync'): Promise<Outcome[]> {
    const refusal = this.#closing ? closed() : this.#refusal();
    return refusal ? Promise.reject(refusal) : this.#writes.add(changes, durability);
  }

  deleteMany(filter: FilterNode, options: DeleteManyOptions, signal?: AbortSignal): Promise<DeleteManyResult> { return deleteMany(this, filter, options, signal); }

  getMany(ids: readonly string[], want?: Want): Promise<(StoredObject | undefined)[]> { return Promise.all(ids.map((id) => this.get(id, want))); }

  /** Undefined if there is no such object. */
  async get(id: string, want?: Want): Promise<StoredObject | undefined> {
    const slot = this.slotOf(id);
    if (slot < 0) return undefined;
    const object = await this.#read(slot, want?.vectors ?? false);
    return object?.id === id ? object : this.get(id, want);
  }

  async read(slots: readonly number[], seq: number, want?: Want): Promise<(StoredObject | undefined)[]> {
    const objects = await Promise.all(slots.map((slot) => (this.revisionOf(slot) <= seq ? this.#read(slot, want?.vectors ?? false) : undefined)));
    // one that was moved while it was read may have been written, too
    return objects.map((object) => (object && object.revision <= seq ? object : undefined));
  }

  page(request: PageRequest): Promise<Page> { return pageOf(this, this.#lastSelection, request); }

  sorted(request: SortRequest, signal?: AbortSignal): Promise<SortedRows> { return sortedRows(this, request, signal); }

  row(id: string, keys: readonly SortKey[]): Promise<SortRow | undefined> { return rowOfObject(this, id, keys); }

  aggregate(request: AggregateRequest, signal?: AbortSignal): Promise<Aggregated> { return aggregated(this, request, signal); }

  idOf(slot: number): string | undefined { return this.#state.objects.table.has(slot) ? this.#state.objects.table.idOf(slot) : undefined; }

  /** Objects in the order of their slots, which they keep for life, or those of a set. `next`: where to go on, −1 at the end. */
  async scan(fromSlot: number, limit: number, want?: Want, filter?: SlotSet): Promise<{ objects: StoredObject[]; next: number }> {
    const objects: StoredObject[] = [];
    const following = (slot: number) => (filter ? filter.next(slot) : slot < this.#state.objects.table.extent ? slot : -1);
    let slot = following(fromSlot);
    for (; slot >= 0 && objects.length < limit; slot = following(slot + 1)) {
      const object = this.#state.objects.table.has(slot) ? await this.#read(slot, want?.vectors ?? false) : undefined;
      if (object) objects.push(object);
    }
    return { objects, next: slot };
  }

  /** The slot past the next `count` objects from `fromSlot` on, and how many there were. */
  skip(fromSlot: number, count: number): { slot: number; skipped: number } {
    const { table } = this.#state.objects;
    let slot = fromSlot, skipped = 0;
    for (; skipped < count && slot < table.extent; slot++) if (table.has(slot)) skipped++;
    return { slot, skipped };
  }

  near(field: number, query: Float32Array, { filter, keys, deadline, ...options }: NearOptions): Near | Promise<Near> {
    return this.#ask((state) => {
      const { fields, search, seq } = state;
      const near = (within?: SlotSet) => fields.get(field)?.near(query, { ...options, within }) ?? { slots: [], distances: [] };
      if (!filter && !keys?.length) return withSeq(near(), seq);
      return search.within({ filter, keys, deadline }, (slots, columns) => {
        const { seq: seen } = state; // files may have been waited for
        const withNumbers = (found: FieldNear): Near => ({ ...found, seq: seen, ...keys?.length && { numbers: numbersOf(columns, found.slots) } });
        const found = near(slots);
        return found instanceof Promise ? found.then(withNumbers) : withNumbers(found);
      });
    });
  }

  /** For a thread that searches a named vector over shared memory; undefined where only this one can. Throws SHARING_UNSUPPORTED. */
  async share(field: number): Promise<IndexShare | undefined> {
    this.#checkOpen();
    return this.#state.fields.get(field)?.share(this.seq);
  }

  statistics(request: KeywordRequest): KeywordStatistics | Promise<KeywordStatistics> { return this.#ask(({ search }) => search.statistics(request)); }

  keyword(request: KeywordRequest): KeywordHits | Promise<KeywordHits> {
    return this.#ask((state) => {
      const found = state.search.keyword(request);
      // what was written while files were waited for is in it or not: taken for later, it is asked for anew
      const { seq } = state;
      return withSeq(found, seq);
    });
  }

  /** Slots of objects for which a filter is true. */
  select(filter: FilterNode, deadline?: Deadline): SlotSet | Promise<SlotSet> {
    return this.#ask(({ search }) => search.within({ filter, deadline }, (slots) => slots!));
  }

  /**
   * What `use` makes of the slots of all objects, or of those for which the filter is true, and of columns, which have by slot the number
   * of an object for a key, NaN where it has none, of several the greatest. It is called at the moment of which they are; maybe again, at
   * another one.
   */
  columns<T>(question: Question, use: (slots: SlotSet, columns: Float64Array[]) => T | Promise<T>): T | Promise<T> {
    return this.#ask(({ search }) => search.within(question, (slots, columns) => use(slots ?? search.all(), columns)));
  }

  /** Adds, drops and changes named vectors; adds indexed properties. */
  async configure(specs: readonly FieldSpec[], properties: readonly PropertySpec[]): Promise<void> {
    const analyzer = await openAnalyzer(properties, this.#options.stemmers);
    this.#checkOpen();
    this.#specs = specs;
    this.#analyzer = analyzer;
    this.#state.search.configure(analyzer);
    if (this.#options.readOnly) {
      // what a field that is new here should have may have been taken up without it
      while (this.#refreshing ?? this.#loading) await (this.#refreshing ?? this.#loading)!.catch(() => {});
      this.#refreshing = this.#load().finally(() => { this.#refreshing = undefined; });
      return this.#refreshing;
    }
    await this.#upkeep.exclusive(() => this.#state.configure(specs));
    this.#upkeep.wake();
  }

  /** Waits until at most so many vectors are not linked. */
  settle(unlinkedMax: number, signal?: AbortSignal): Promise<void> { return this.#upkeep.settle(unlinkedMax, signal); }

  /** Read-only: takes up what a writer has appended since. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#follow().finally(() => { this.#refreshing = undefined; });
    return this.#refreshing;
  }

  /** Writes a snapshot now, and trims the log. */
  snapshot(): Promise<void> { return this.#upkeep.snapshot(); }

  /** The same, with all segments freed of what is out of use. */
  compact(): Promise<void> { return this.#upkeep.snapshot(true); }

  /** About the bytes in memory. */
  get memoryBytes(): number {
    const { objects, search, fields } = this.#state;
    let bytes = objects.table.bytes + objects.unflushedBytes + search.residentBytes;
    for (const field of fields.values()) bytes += field.bytes;
    return bytes;
  }

  async stats(): Promise<ShardStats> {
    this.#checkOpen();
    const { table, segments } = this.#state.objects;
    const fields = [...this.#state.fields.values()];
    const inverted = this.#state.search.stats();
    const { written } = this.#upkeep;
    const total = await this.#options.store.bytes(this.#options.prefix);
    const disk = { log: this.#log.bytes, segments: segments.bytes, snapshot: Math.max(0, total - this.#log.bytes - segments.bytes), total };
    return {
      objects: table.size,
      seq: this.#state.seq,
      memory: {
        table: table.bytes, unflushed: this.#state.objects.unflushedBytes, indexes: fields.reduce((bytes, field) => bytes + field.bytes, 0),
        inverted: inverted.bytes.resident + inverted.bytes.tables,
      },
      disk,
      written: { snapshots: written.snapshots + segments.written, log: written.log },
      vectors: new Map(fields.map((field) => [field.spec.number, { count: field.count, unlinked: field.unlinked, index: field.stats() }])),
      inverted,
    };
  }

  /**
   * Waits for writes that are under way, and writes a snapshot if opening would otherwise have much to replay. `discard`: not
   * that, because its files are to be removed.
   */
  close({ discard = false }: { discard?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(discard);
    return this.#closing;
  }

  async #close(discard: boolean): Promise<void> {
    clearInterval(this.#timer);
    await this.#writes.idle;
    await this.#refreshing?.catch(() => {});
    await this.#loading?.catch(() => {});
    try {
      if (!discard && !this.#options.readOnly && !this.#failure && this.#upkeep.isSnapshotWorthwhile) await this.snapshot().catch(() => {});
      this.#isClosed = true;
      await this.#upkeep.idle();
    } finally {
      this.#isClosed = true;
      this.#state.dispose();
      await this.#log.close();
    }
  }

  // What follows is how the above is done.

  #refusal(): VectileError | undefined {
    if (this.#isClosed) return closed();
    if (this.#options.readOnly) return new VectileError('STORE_READ_ONLY', 'write: expected a database open for writing, got one opened read-only');
    return this.#failure;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed();
  }

  // Opening

  /** Of all who ask at a time one loads: of two, the one that ended last might be the older. */
  #load(): Promise<void> {
    this.#loading ??= this.#loadNewest().finally(() => { this.#loading = undefined; });
    return this.#loading;
  }

  async #loadNewest(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#loadOnce();
      } catch (cause) {
        const isMoved = cause instanceof VectileError && (cause.code === 'BLOB_MISSING' || cause.code === 'LOG_CONFLICT');
        if (!this.#options.readOnly || !isMoved || attempt === ATTEMPTS) throw isMoved ? missingPart(cause as VectileError) : cause;
      }
    }
  }

  async #loadOnce(): Promise<void> {
    const { sections, readOnly } = this.#options;
    const state = await ShardState.open({ place: this.#place, sections, specs: this.#specs, analyzer: this.#analyzer, onWork: () => this.#upkeep.wake() });
    try {
      this.#upkeep.beginReplay();
      await this.#replay(state);
      if (!readOnly && this.#log.nextSeq !== state.seq + 1) {
        throw new VectileError('STORAGE_CORRUPT', `${this.#options.prefix}/log: expected records up to ${state.seq}, as the snapshot says, got up to ${this.#log.nextSeq - 1}`);
      }
      if (!readOnly) await deleteUnnamed(this.#place, state.snapshot?.manifest, state.objects);
      // files that were taken away while this is open are no empty shard
      if (this.#isLoaded && state.seq < this.#state.seq) {
        throw new VectileError('STORAGE_CORRUPT', `${this.#options.prefix}: expected records up to ${this.#state.seq}, as there were, got up to ${state.seq}`);
      }
    } catch (cause) {
      state.dispose();
      throw cause;
    }
    const former = this.#isLoaded ? this.#state : undefined;
    this.#state = state;
    this.#isLoaded = true;
    former?.dispose();
  }

  /** Applies what the log has after the last record applied. */
  async #replay(state: ShardState): Promise<void> {
    for await (const { seq, records } of this.#log.read(state.seq + 1)) {
      for (const [i, bytes] of records.entries()) {
        if (seq + i <= state.seq) continue;
        const record = decodeRecord(bytes, this.#place.identity, seq + i);
        this.#upkeep.replayed(bytes.length);
        this.#tell(state.apply(record));
      }
      if (!this.#options.readOnly && state.objects.unflushedBytes > UNFLUSHED_BYTES_MAX) await state.objects.flush();
    }
  }

  async #follow(): Promise<void> {
    if (this.#isClosed) return;
    try {
      if (this.#state.objects.unflushedBytes > UNFLUSHED_BYTES_MAX) {
        const newest = await readManifest(this.#place);
        if (newest && newest.manifest.seq > (this.#state.snapshot?.manifest.seq ?? 0)) return await this.#load();
      }
      await this.#replay(this.#state);
    } catch (cause) {
      if (!(cause instanceof VectileError) || cause.code !== 'LOG_CONFLICT') throw cause;
      await this.#load();
    }
    this.#upkeep.wake();
  }

  // Writing

  /** What the queue of writes asks for. */
  #writeHost(): WriteHost {
    const self = this;
    return {
      identity: this.#place.identity,
      epoch: this.#options.store.epoch,
      get nextSeq() { return self.#log.nextSeq; },
      get objects() { return self.#state.objects; },
      now: this.#now,
      refusal: () => this.#refusal(),
      room: () => this.#upkeep.room(),
      read: (slot, withVectors) => this.#read(slot, withVectors),
      append: (records, firstSeq, durability) => this.#upkeep.append(records, () => this.#log.append(records, firstSeq, durability)),
      apply: (record, acknowledge) => {
        const events = this.#state.apply(record);
        acknowledge();
        this.#tell(events);
      },
      fail: (cause) => this.#fail(cause, 'to apply a record'),
      wake: () => this.#upkeep.wake(),
    };
  }

  /** What work in the background asks for. */
  #upkeepHost(): UpkeepHost {
    const self = this;
    return {
      place: this.#place,
      log: this.#log,
      readOnly: this.#options.readOnly ?? false,
      get isOpen() { return self.#isLoaded && !self.#isClosed; },
      get state() { return self.#state; },
      get failure() { return self.#failure; },
      refusal: () => this.#refusal(),
      fail: (cause, expected) => this.#fail(cause, expected),
      now: this.#now,
    };
  }

  /** All that was acknowledged is in the log and the segments: opened anew, it is there. */
  #fail(cause: unknown, expected: string): VectileError { return this.#failure ??= asError(cause, expected); }

  #tell(events: ChangeEvent[]): void {
    if (events.length) this.onChange?.(events);
  }

  // Reading

  #read(slot: number, withVectors: boolean): Promise<StoredObject | undefined> {
    return Promise.resolve(this.#ask((state) => state.read(slot, withVectors)));
  }

  /**
   * Asks what was taken up. A reader may have taken up a newer snapshot while it waited for the answer, or have its files taken away
   * beneath it: then it asks again.
   */
  #ask<T>(question: (state: ShardState) => T | Promise<T>, attempt = 1): T | Promise<T> {
    this.#checkOpen();
    const state = this.#state;
    const isNewest = () => this.#state === state;
    const checked = (answer: T): T | Promise<T> => {
      this.#checkOpen();
      return isNewest() ? answer : this.#ask(question, attempt);
    };
    const again = async (cause: unknown): Promise<T> => {
      this.#checkOpen();
      if (!isNewest()) return this.#ask(question, attempt);
      if (!(cause instanceof VectileError) || cause.code !== 'BLOB_MISSING') throw cause;
      if (!this.#options.readOnly || attempt === ATTEMPTS) throw missingPart(cause);
      await this.#load();
      return this.#ask(question, attempt + 1);
    };
    try {
      const answer = question(state);
      return answer instanceof Promise ? answer.then(checked, again) : answer;
    } catch (cause) {
      return again(cause);
    }
  }
}

function withSeq<T extends object>(found: T | Promise<T>, seq: number): (T & { seq: number }) | Promise<T & { seq: number }> {
  return found instanceof Promise ? found.then((there) => ({ ...there, seq })) : { ...found, seq };
}

function asError(cause: unknown, expected: string): VectileError {
  return cause instanceof VectileError ? cause : new VectileError('STORAGE_FAILED', `shard: expected ${expected}, got ${String(cause)}`, { cause });
}

function closed(): VectileError {
  return new VectileError('CLOSED', 'shard: expected one in use, got one closed');
}

/** A file that the manifest names and that is not there is damage. */
function missingPart(cause: VectileError): VectileError {
  return new VectileError('STORAGE_CORRUPT', cause.message, { cause });
}
