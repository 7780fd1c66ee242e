/**
 * A shard: the unit of ownership and durability. A write is checked, appended to the log, applied when it is durable, and
 * acknowledged. Objects, ids and indexes follow from the log; a snapshot lets it be trimmed. One process writes; others may
 * read beside it.
 */
import { VectileError } from '../errors.js';
import { openAnalyzer, type Analyzer } from '../search/analyzer.js';
import type { FilterNode } from '../search/filter.js';
import type { SectionCache } from '../search/section-cache.js';
import type { SlotSet } from '../search/slot-set.js';
import type { Stemmer } from '../search/stemming.js';
import type { FileReader } from '../search/stored-part.js';
import type { NumbersKey, PropertySpec } from '../search/types.js';
import { laneChecksum } from '../storage/lane-checksum.js';
import type { BlobStore, Durability, OpenStore, ShardLog } from '../storage/storage.js';
import { vectorsBytes } from './entry.js';
import type { Objects } from './objects.js';
import { pause } from './pause.js';
import { decodeRecord, type ShardIdentity, type ShardRecord } from './record.js';
import { ShardSearch } from './search.js';
import { countLive, deleteUnnamed, openField, openObjects, readManifest, writeSnapshot, type Snapshot, type SnapshotPlace } from './snapshot.js';
import type { Change, ChangeEvent, FieldSpec, KeywordHits, KeywordRequest, Near, NearOptions, Outcome, ShardStats, StoredObject } from './types.js';
import { VectorField, type VectorSource } from './vector-field.js';
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
  /** Of writes that do not say. Default `sync`. */
  durability?: Durability;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Milliseconds of background work between two turns of everything else. */
const SLICE_MS = 2;
/** Writes wait while so much is not linked, or hidden from an index that is being written. */
const UNLINKED_MAX = 20_000;
const UNLINKED_BYTES_MAX = 64 << 20;
const HIDDEN_MAX = 1000;
/** Objects in memory are flushed past the first, and writes wait past the second. */
const UNFLUSHED_BYTES = 16 << 20;
const UNFLUSHED_BYTES_MAX = 64 << 20;
/** A snapshot is due when so much was logged, and twice as much as the last one wrote beside segments. */
const SNAPSHOT_BYTES = 16 << 20;
const REFRESH_MS = 250;
/** A reader whose files are taken away beneath it begins again. */
const ATTEMPTS = 5;

export class Shard {
  onChange: ((events: ChangeEvent[]) => void) | undefined;
  readonly #options: ShardOptions;
  readonly #place: SnapshotPlace;
  readonly #log: ShardLog;
  readonly #now: () => number;
  #objects!: Objects;
  #fields = new Map<number, VectorField>();
  #search!: ShardSearch;
  #specs: readonly FieldSpec[];
  #analyzer!: Analyzer;
  /** Of the last record applied. */
  #seq = 0;
  #snapshot: Snapshot | undefined;
  /** Bytes of records since the snapshot, and what the last one wrote beside segments. */
  #logged = 0;
  #overhead = 0;
  #overheadInAll = 0;
  #loggedInAll = 0;
  #failure: VectileError | undefined;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  readonly #writes: WriteQueue;
  #working: Promise<void> | undefined;
  #isSnapshotting = false;
  #isFlushing = false;
  /** Bytes logged at which background writing is tried again after it failed. */
  #retryAt = 0;
  #jobs: Promise<unknown> = Promise.resolve();
  #logTurn: Promise<unknown> = Promise.resolve();
  #waiting: (() => void)[] = [];
  #refreshing: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(options: ShardOptions, log: ShardLog) {
    this.#options = options;
    this.#place = { store: options.store, prefix: options.prefix, identity: options.identity };
    this.#log = log;
    this.#now = options.now ?? Date.now;
    this.#specs = options.fields;
    this.#writes = new WriteQueue(this.#writeHost());
  }

  /** The newest snapshot and what the log has after it. Throws STORAGE_CORRUPT, naming the file, if either is damaged. */
  static async open(options: ShardOptions): Promise<Shard> {
    const shard = new Shard(options, await options.store.log(`${options.prefix}/log`));
    try {
      shard.#analyzer = await openAnalyzer(options.properties, options.stemmers);
      await shard.#load();
    } catch (cause) {
      shard.#isClosed = true;
      for (const field of shard.#fields.values()) field.dispose();
      shard.#search?.close();
      await shard.#log.close();
      throw cause;
    }
    if (options.readOnly) {
      shard.#timer = setInterval(() => void shard.refresh().catch(() => {}), REFRESH_MS);
      (shard.#timer as { unref?(): void }).unref?.();
    }
    shard.#wake();
    return shard;
  }

  /** Deletes every file of a shard that is not open. The log goes last: until then what remains is found by its name. */
  static async remove(store: OpenStore, prefix: string): Promise<void> {
    for (const { name } of await store.blobs.list(`${prefix}/`)) await store.blobs.delete(name);
    await store.deleteLog(`${prefix}/log`);
  }

  get size(): number { return this.#objects.table.size; }

  /** Why writes are refused, if they are. */
  get failure(): VectileError | undefined { return this.#failure; }

  /** Of the last write: while it stays, nothing has changed. */
  get seq(): number { return this.#seq; }

  slotOf(id: string): number { return this.#objects.table.slotOf(id); }

  /** Of the object in a slot; 0 if it is free. */
  revisionOf(slot: number): number { return this.#objects.table.has(slot) ? this.#objects.table.revisions[slot]! : 0; }

  /**
   * Writes up to so many objects as one record: after a crash all of it is there or nothing. Ids must differ. What fails its
   * condition is left out and has an error in its place; what `effect` throws that is no VectileError is thrown, and nothing
   * is written.
   */
  write(changes: readonly Change[], durability: Durability = this.#options.durability ?? 'sync'): Promise<Outcome[]> {
    const refusal = this.#closing ? closed() : this.#refusal();
    return refusal ? Promise.reject(refusal) : this.#writes.add(changes, durability);
  }

  /** Undefined if there is no such object. */
  async get(id: string, want?: { vectors?: boolean }): Promise<StoredObject | undefined> {
    const slot = this.slotOf(id);
    if (slot < 0) return undefined;
    const object = await this.#read(slot, want?.vectors ?? false);
    return object?.id === id ? object : this.get(id, want);
  }

  /** Undefined in place of slots that are free. All are looked up before it returns: a slot may go to another object afterwards. */
  async getSlots(slots: readonly number[], want?: { vectors?: boolean }): Promise<(StoredObject | undefined)[]> {
    return Promise.all(slots.map((slot) => this.#read(slot, want?.vectors ?? false)));
  }

  idOf(slot: number): string | undefined { return this.#objects.table.has(slot) ? this.#objects.table.idOf(slot) : undefined; }

  /** Objects in the order of their slots, which they keep for life, or those of a set. `next`: where to go on, −1 at the end. */
  async scan(fromSlot: number, limit: number, want?: { vectors?: boolean; filter?: SlotSet | undefined }): Promise<{ objects: StoredObject[]; next: number }> {
    const objects: StoredObject[] = [];
    const filter = want?.filter;
    const following = (slot: number) => (filter ? filter.next(slot) : slot < this.#objects.table.extent ? slot : -1);
    let slot = following(fromSlot);
    for (; slot >= 0 && objects.length < limit; slot = following(slot + 1)) {
      const object = this.#objects.table.has(slot) ? await this.#read(slot, want?.vectors ?? false) : undefined;
      if (object) objects.push(object);
    }
    return { objects, next: slot };
  }

  /** The slot past the next `count` objects from `fromSlot` on. */
  skip(fromSlot: number, count: number): number {
    const { table } = this.#objects;
    let slot = fromSlot;
    for (let left = count; left > 0 && slot < table.extent; slot++) if (table.has(slot)) left--;
    return slot;
  }

  /** The k nearest by a named vector. None if the shard does not know it. */
  near(field: number, query: Float32Array, { filter, ...options }: NearOptions): Near | Promise<Near> {
    this.#checkOpen();
    const near = (within?: SlotSet) => this.#fields.get(field)?.near(query, { ...options, within }) ?? { slots: [], distances: [] };
    if (!filter) return near();
    const within = this.select(filter);
    return within instanceof Promise ? within.then(near) : near(within);
  }

  /** The best by keywords. */
  keyword(request: KeywordRequest): KeywordHits | Promise<KeywordHits> { return this.#ask((search) => search.keyword(request)); }

  /** Slots of objects for which a filter is true. */
  select(filter: FilterNode): SlotSet | Promise<SlotSet> { return this.#ask((search) => search.select(filter)); }

  /** Slots of all objects. */
  all(): SlotSet { return this.#search.all(); }

  /** By slot: the number an object has for a key, NaN where it has none. */
  column(key: NumbersKey): Float64Array | Promise<Float64Array> { return this.#ask((search) => search.column(key)); }

  /** Adds, drops and changes named vectors; adds indexed properties. */
  async configure(specs: readonly FieldSpec[], properties: readonly PropertySpec[]): Promise<void> {
    const analyzer = await openAnalyzer(properties, this.#options.stemmers);
    this.#checkOpen();
    this.#specs = specs;
    this.#analyzer = analyzer;
    this.#search.configure(analyzer);
    if (this.#options.readOnly) {
      // what a field that is new here should have may have been taken up without it
      while (this.#refreshing) await this.#refreshing.catch(() => {});
      this.#refreshing = this.#load().finally(() => { this.#refreshing = undefined; });
      return this.#refreshing;
    }
    await this.#exclusive(async () => {
      for (const [number, field] of this.#fields) {
        if (specs.some((spec) => spec.number === number)) continue;
        this.#fields.delete(number);
        field.dispose();
      }
      for (const spec of specs) {
        const field = this.#fields.get(spec.number);
        if (!field) this.#adopt(await VectorField.open(spec, this.#sourceOf(spec)));
        else if (JSON.stringify(field.spec) !== JSON.stringify(spec)) await field.configure(spec);
      }
      this.#measureVectors();
    });
    this.#wake();
  }

  /** Waits until at most so many vectors are not linked. */
  async settle(unlinkedMax: number, signal?: AbortSignal): Promise<void> {
    while (this.#unlinked > unlinkedMax && !this.#isClosed && !signal?.aborted) {
      if (this.#failure) throw this.#failure;
      await this.#progress();
    }
  }

  /** Read-only: takes up what a writer has appended since. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#follow().finally(() => { this.#refreshing = undefined; });
    return this.#refreshing;
  }

  /** Writes a snapshot now, and trims the log. */
  snapshot(): Promise<void> { return this.#exclusive(() => this.#writeSnapshot(false)); }

  /** The same, with all segments freed of what is out of use. */
  compact(): Promise<void> { return this.#exclusive(() => this.#writeSnapshot(true)); }

  async stats(): Promise<ShardStats> {
    this.#checkOpen();
    const { table, segments } = this.#objects;
    const fields = [...this.#fields.values()];
    const inverted = this.#search.stats();
    const total = await this.#options.store.bytes(this.#options.prefix);
    const disk = { log: this.#log.bytes, segments: segments.bytes, snapshot: Math.max(0, total - this.#log.bytes - segments.bytes), total };
    return {
      objects: table.size,
      seq: this.#seq,
      memory: {
        table: table.bytes, unflushed: this.#objects.unflushedBytes, indexes: fields.reduce((bytes, field) => bytes + field.bytes, 0),
        inverted: inverted.bytes.resident + inverted.bytes.tables,
      },
      disk,
      written: { snapshots: this.#overheadInAll + segments.written, log: this.#loggedInAll },
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
    try {
      if (!discard && !this.#options.readOnly && !this.#failure && this.#logged * 4 > this.#overhead) await this.snapshot().catch(() => {});
      this.#isClosed = true;
      await this.#jobs;
      await this.#working;
    } finally {
      this.#isClosed = true;
      for (const field of this.#fields.values()) field.dispose();
      this.#search.close();
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

  async #load(): Promise<void> {
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
    const snapshot = await readManifest(this.#place);
    const objects = await openObjects(this.#place, snapshot?.manifest);
    const former = this.#fields;
    this.#objects = objects;
    this.#fields = new Map();
    this.#measureVectors();
    countLive(objects);
    for (const spec of this.#specs) {
      const file = snapshot?.manifest.fields.find(({ number }) => number === spec.number);
      this.#adopt(await openField(this.#place, spec, objects, this.#sourceOf(spec), file));
    }
    for (const field of former.values()) field.dispose();
    const { sections } = this.#options;
    this.#search?.close();
    this.#search = await ShardSearch.open(objects, snapshot?.manifest.inverted, {
      analyzer: this.#analyzer, cache: sections, reader: readerOf(this.#place.store.blobs), checksum: laneChecksum, onWork: () => this.#wake(),
    });
    this.#snapshot = snapshot;
    this.#seq = snapshot?.manifest.seq ?? 0;
    this.#logged = 0;
    await this.#replay();
    if (this.#options.readOnly) return;
    if (this.#log.nextSeq !== this.#seq + 1) {
      throw new VectileError('STORAGE_CORRUPT', `${this.#options.prefix}/log: expected records up to ${this.#seq}, as the snapshot says, got up to ${this.#log.nextSeq - 1}`);
    }
    await deleteUnnamed(this.#place, snapshot?.manifest, objects);
  }

  /** Applies what the log has after the last record applied. */
  async #replay(): Promise<void> {
    for await (const { seq, records } of this.#log.read(this.#seq + 1)) {
      for (const [i, bytes] of records.entries()) {
        if (seq + i <= this.#seq) continue;
        const record = decodeRecord(bytes, this.#place.identity, seq + i);
        this.#logged += bytes.length;
        this.#tell(this.#apply(record));
      }
      if (!this.#options.readOnly && this.#objects.unflushedBytes > UNFLUSHED_BYTES_MAX) await this.#objects.flush();
    }
  }

  async #follow(): Promise<void> {
    if (this.#isClosed) return;
    try {
      if (this.#objects.unflushedBytes > UNFLUSHED_BYTES_MAX) {
        const newest = await readManifest(this.#place);
        if (newest && newest.manifest.seq > (this.#snapshot?.manifest.seq ?? 0)) return await this.#load();
      }
      await this.#replay();
    } catch (cause) {
      if (!(cause instanceof VectileError) || cause.code !== 'LOG_CONFLICT') throw cause;
      await this.#load();
    }
    this.#wake();
  }

  #adopt(field: VectorField): void {
    field.onWork = () => this.#wake();
    this.#fields.set(field.spec.number, field);
  }

  /** Vectors of one field as an index asks for them. */
  #sourceOf({ number, dimensions }: FieldSpec): VectorSource {
    const find = (slot: number) => {
      const vectors = this.#objects.readVectors(slot);
      const pick = (all: Awaited<typeof vectors>) => all.find((vector) => vector.number === number)?.values;
      return vectors instanceof Promise ? vectors.then(pick) : pick(vectors);
    };
    const readSync = (slots: Uint32Array, out: Float32Array) => {
      slots.forEach((slot, i) => {
        const values = find(slot) as Float32Array | undefined;
        // of an object deleted while the index could not change: it is measured, and left out of the hits
        if (values) out.set(values, i * dimensions);
        else out.fill(1, i * dimensions, (i + 1) * dimensions);
      });
    };
    return {
      readSync: this.#objects.segments.isSync ? readSync : undefined,
      read: (slots) => Promise.all(slots.map(async (slot) => {
        for (let attempt = 1; ; attempt++) {
          try {
            return await find(slot);
          } catch (cause) {
            // compacted meanwhile: it lies elsewhere by now
            if (!(cause instanceof VectileError) || cause.code !== 'BLOB_MISSING') throw cause;
            if (attempt === ATTEMPTS) throw missingPart(cause);
          }
        }
      })),
    };
  }

  #measureVectors(): void {
    const values = (dimensions: number) => new Float32Array(dimensions);
    this.#objects.vectorsBytesMax = 12 + vectorsBytes(this.#specs.map(({ number, dimensions }) => ({ number, values: values(dimensions) })));
  }

  // Writing

  /** What the queue of writes asks for. */
  #writeHost(): WriteHost {
    const self = this;
    return {
      identity: this.#place.identity,
      epoch: this.#options.store.epoch,
      get nextSeq() { return self.#log.nextSeq; },
      get objects() { return self.#objects; },
      now: this.#now,
      refusal: () => this.#refusal(),
      room: () => this.#room(),
      read: (slot, withVectors) => this.#read(slot, withVectors),
      append: async (records, firstSeq, durability) => {
        await this.#onLog(() => this.#log.append(records, firstSeq, durability));
        const bytes = records.reduce((sum, record) => sum + record.length, 0);
        this.#logged += bytes;
        this.#loggedInAll += bytes;
      },
      apply: (record, acknowledge) => {
        const events = this.#apply(record);
        acknowledge();
        this.#tell(events);
      },
      // it is in the log: opened anew, all is there
      fail: (cause) => this.#failure ??= asError(cause, 'to apply a record'),
      wake: () => this.#wake(),
    };
  }

  /** Takes a record up into objects and indexes. */
  #apply(record: ShardRecord): ChangeEvent[] {
    const events: ChangeEvent[] = [];
    for (const effect of record.effects) {
      const applied = this.#objects.apply(effect, record.seq);
      if (!applied) continue;
      const { slot, kind } = applied;
      events.push({ kind, id: effect.id, revision: record.seq });
      if (effect.content) this.#search.put({ slot, created: effect.created, updated: effect.updated, properties: effect.content.properties });
      else this.#search.remove(slot);
      const vectors = effect.content?.vectors ?? [];
      if (vectors === 'kept') continue;
      for (const field of this.#fields.values()) {
        const values = vectors.find(({ number }) => number === field.spec.number)?.values;
        if (values) field.put(slot, values);
        else field.remove(slot);
      }
    }
    this.#seq = record.seq;
    return events;
  }

  #tell(events: ChangeEvent[]): void {
    if (events.length) this.onChange?.(events);
  }

  get #unlinked(): number {
    let unlinked = 0;
    for (const field of this.#fields.values()) unlinked = Math.max(unlinked, field.unlinked);
    return unlinked;
  }

  /** Waits until the next write may come. */
  async #room(): Promise<void> {
    if (this.#objects.unflushedBytes > UNFLUSHED_BYTES_MAX) await this.#exclusive(() => this.#objects.flush());
    for (;;) {
      const isFull = [...this.#fields.values()].some(({ unlinked, hidden, spec }) =>
        unlinked > UNLINKED_MAX || unlinked * spec.dimensions * 4 > UNLINKED_BYTES_MAX || hidden > HIDDEN_MAX);
      if (!isFull) return;
      if (this.#failure) throw this.#failure;
      await this.#progress();
    }
  }

  // Reading

  /** The object in a slot, or undefined. Where its file is taken away in between, it lies elsewhere by then. */
  async #read(slot: number, withVectors: boolean): Promise<StoredObject | undefined> {
    for (let attempt = 1; ; attempt++) {
      this.#checkOpen();
      if (!this.#objects.table.has(slot)) return undefined;
      try {
        return await this.#objects.read(slot, withVectors);
      } catch (cause) {
        const isMoved = cause instanceof VectileError && cause.code === 'BLOB_MISSING';
        if (!isMoved) throw cause;
        if (attempt === ATTEMPTS) throw missingPart(cause);
        if (this.#options.readOnly) await this.#load();
      }
    }
  }

  /** Asks the inverted index; again where its files are taken away beneath a reader. */
  #ask<T>(question: (search: ShardSearch) => T | Promise<T>, attempt = 1): T | Promise<T> {
    this.#checkOpen();
    const again = async (cause: unknown): Promise<T> => {
      const isMoved = cause instanceof VectileError && cause.code === 'BLOB_MISSING';
      if (!isMoved || !this.#options.readOnly || attempt === ATTEMPTS) throw isMoved ? missingPart(cause) : cause;
      await this.#load();
      return this.#ask(question, attempt + 1);
    };
    try {
      const answer = question(this.#search);
      return answer instanceof Promise ? answer.catch(again) : answer;
    } catch (cause) {
      return again(cause);
    }
  }

  // In the background

  #wake(): void {
    if (!this.#isClosed) this.#working ??= this.#work();
  }

  /** Resolves after the next slice of work. */
  #progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#wake();
    });
  }

  async #work(): Promise<void> {
    try {
      for (let isBusy = true; isBusy && !this.#isClosed;) {
        await pause();
        if (this.#isClosed) break;
        isBusy = false;
        for (const field of this.#fields.values()) isBusy = field.work(SLICE_MS) || isBusy;
        isBusy = this.#search.work(SLICE_MS) || isBusy;
        this.#writeIfDue();
        this.#release();
      }
    } catch (cause) {
      // such as a full memory, or a damaged vector that was to be stored another way: all is in the log and the segments
      this.#failure ??= asError(cause, 'to link vectors');
    } finally {
      this.#working = undefined;
      this.#release();
    }
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #writeIfDue(): void {
    if (this.#options.readOnly || this.#failure || this.#logged < this.#retryAt) return;
    if (!this.#isSnapshotting && this.#logged > Math.max(SNAPSHOT_BYTES, 2 * this.#overhead)) {
      this.#isSnapshotting = true;
      void this.#exclusive(() => this.#writeSnapshot(false)).catch(() => this.#giveUp()).finally(() => { this.#isSnapshotting = false; });
    } else if (!this.#isFlushing && !this.#isSnapshotting && this.#objects.unflushedBytes > UNFLUSHED_BYTES) {
      this.#isFlushing = true;
      void this.#exclusive(() => this.#objects.flush()).catch(() => this.#giveUp()).finally(() => { this.#isFlushing = false; });
    }
  }

  /** What could not be written stays in the log and in memory; it is tried again later, and by writes that need the room. */
  #giveUp(): void { this.#retryAt = this.#logged + UNFLUSHED_BYTES / 4; }

  /** One writer of files at a time. */
  #exclusive<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#jobs.then(job);
    this.#jobs = result.catch(() => {}).then(() => this.#wake());
    return result;
  }

  /** Appends and trims do not overlap. */
  #onLog<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#logTurn.then(work);
    this.#logTurn = result.catch(() => {});
    return result;
  }

  async #writeSnapshot(compactFully: boolean): Promise<void> {
    const refusal = this.#refusal();
    if (refusal) throw refusal;
    let logged = 0;
    const moment = () => {
      logged = this.#logged;
      return { seq: this.#seq, time: this.#now() };
    };
    const written = await writeSnapshot(this.#place, this.#objects, this.#fields, this.#search, this.#snapshot, moment, compactFully);
    this.#snapshot = written;
    this.#logged -= logged;
    this.#retryAt = 0;
    this.#overhead = written.overhead;
    this.#overheadInAll += written.overhead;
    await this.#onLog(() => this.#log.trim(written.manifest.seq + 1));
    await deleteUnnamed(this.#place, written.manifest, this.#objects);
  }
}

function readerOf(blobs: BlobStore): FileReader {
  return { read: (name, offset, bytes) => blobs.getRangeSync?.(name, offset, bytes) ?? blobs.getRange(name, offset, bytes) };
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
