/**
 * VectorIndex: the synchronous façade over the core. It owns the instance, the ids and the resident filter; the core
 * owns every byte. The only file that calls the core's exports for adding, removing and searching.
 */
import { FullVectors as CoreFullVectors, Header, Metric, NONE, Region } from '../../assembly/layout.js';
import { VectileError, invalid } from '../errors.js';
import type {
  AddOptions, CodecChange, Filter, Hits, ImageOptions, IndexOptions, IndexStats, OpenOptions, RescoreOptions, SearchOptions, VectorInput, VectorReader,
} from '../types.js';
import { checkBoolean, checkCallback, checkOptions } from './checks.js';
import { needsReader, readStorage, readerMissing, storageOf, writeWanted } from './codecs.js';
import { Core, checkSharing, loadCore, loadSharedCore } from './core.js';
import { PreparedFilter, type FilterHost } from './filter.js';
import { IdTable } from './ids.js';
import { ImageReader, imageChunks, regionBytes } from './image.js';
import { Maintenance } from './maintenance.js';
import { PLACES, WriterLock, freePlace } from './lock.js';
import { IndexMemory } from './memory.js';
import { checkBatch, checkId, checkRows, checkSearchOptions, checkVector, indexOptions, searchK } from './options.js';
import { readVectors } from './recode.js';
import { fillRows } from './rows.js';
import { Searcher, prepareQuery } from './searcher.js';
import type { IndexShare } from './shared-reader.js';
import { statsOf } from './stats.js';

/** Slots repaired with each addition while more than an eighth are tombstones. */
const REPAIR_SLOTS_PER_PUT = 64;
/** An index that is only added to gains a sixteenth each time it is full: moving is cheap, memory is not. */
const GROWTH = 1 / 16;

/**
 * A vector index over u32 ids: `hnsw` (approximate) or `flat` (exact).
 *
 * All methods but `create`, `deserialize`, `readImage` and `writeImage` are synchronous. Bad input throws a
 * {@link VectileError} before anything changes.
 *
 * ```ts
 * const index = await VectorIndex.create({ dimensions: 3 });
 * index.add(7, [0.1, 0.2, 0.3]);
 * const { ids, distances } = index.search([0.1, 0.2, 0.3], { k: 1 });
 * ```
 */
export class VectorIndex {
  #memory: IndexMemory;
  readonly #ids = new IdTable();
  readonly #host: FilterHost;
  readonly #searcher: Searcher;
  readonly #maintenance: Maintenance;
  #additions = 0;
  #removals = 0;
  /** Raised by every change, repair and compaction included. */
  #revision = 0;
  #reader: VectorReader | undefined;
  #disposed = false;
  /** Of a shared index. */
  #lock: WriterLock | undefined;
  #stamp = 0;
  #readersPaused = false;
  /**
   * Of a shared index: called when it has moved to another memory, as after a change of codec. Readers no longer answer
   * until they have what `shareAgain` gives. May be called within `write`.
   */
  onMoved: () => void = () => {};
  // fixed for the life of the index
  #dimensions = 0;
  #metric = 0;
  #hasIds = true;

  private constructor(core: Core) {
    this.#memory = new IndexMemory(core);
    const self = this;
    this.#host = {
      get extent() { return self.#field(Header.Extent); },
      get additions() { return self.#additions; },
      get removals() { return self.#removals; },
      slotOf: (id) => this.#slotOf(id),
      liveBits: () => this.#memory.liveBits(),
    };
    this.#searcher = new Searcher(this.#host);
    this.#maintenance = new Maintenance({
      get memory() { return self.#memory; },
      get dimensions() { return self.#dimensions; },
      get reader() { return self.#reader; },
      idOf: (slot) => (this.#hasIds ? this.#memory.ids()[slot]! : slot),
      changed: () => this.#changed(),
      write: (change) => this.write(change),
      adopt: (copy, moved) => this.#adopt(copy, moved),
    });
  }

  /** An empty index. Loads the core at the first call. */
  static async create(options: IndexOptions): Promise<VectorIndex> {
    const checked = indexOptions(options);
    const index = new VectorIndex(new Core(await (checked.shared ? loadSharedCore() : loadCore())));
    const memory = index.#memory;
    memory.core.exports.create(
      memory.index, checked.type, checked.metric, checked.dimensions,
      checked.maxConnections, checked.efConstruction, Number(checked.idTable), BigInt(checked.seed),
    );
    // what must learn first begins with plain floats
    if (!checked.storage.trainingLimit) memory.adoptStorage(checked.storage);
    writeWanted(memory, checked.storage);
    index.#open(options.reader);
    memory.core.exports.drawModel(memory.index, BigInt(checked.seed));
    return index;
  }

  /** Opens an image made by `serialize` or `writeImage`. Refuses any that is not exactly as it was written. */
  static async deserialize(image: Uint8Array | ArrayBuffer, options?: OpenOptions): Promise<VectorIndex> {
    if (!(image instanceof Uint8Array || image instanceof ArrayBuffer)) throw invalid('image', 'a Uint8Array or an ArrayBuffer', image);
    return VectorIndex.readImage([image instanceof ArrayBuffer ? new Uint8Array(image) : image], options);
  }

  /** The same from chunks of any size, as a file or a network stream gives them. */
  static async readImage(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, options?: OpenOptions): Promise<VectorIndex> {
    if (!isIterable(source)) throw invalid('source', 'an iterable of Uint8Array', source);
    checkOptions(options, ['reader', 'rows', 'shared']);
    checkCallback('reader', options?.reader);
    checkBoolean('shared', options?.shared);
    const rows = options?.rows;
    if (rows !== undefined && !isIterable(rows)) throw invalid('rows', 'an iterable of { ids, vectors }', rows);
    const index = new VectorIndex(new Core(await (options?.shared ? loadSharedCore() : loadCore())));
    const reader = new ImageReader(index.#memory);
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) throw invalid('source', 'chunks of Uint8Array', chunk);
      reader.push(chunk);
    }
    reader.finish();
    index.#open(options?.reader);
    if (!index.#field(Header.RowsOutside)) return index;
    if (!rows) throw new VectileError('VECTORS_MISSING', 'rows: expected the vectors of all ids, got none');
    await fillRows(index.#memory, rows, (id) => index.#slotOf(id));
    return index;
  }

  /** Vectors in the index. */
  get size(): number { return this.#field(Header.Live); }

  get dimensions(): number { return this.#checkOpen().#dimensions; }

  /** Adds a vector, or replaces the one this id has. O(log n) distances in an hnsw index. */
  add(id: number, vector: VectorInput): void {
    this.#checkOpen();
    checkId(id);
    checkVector(vector, this.#dimensions);
    this.#put(id, vector, 'vector');
  }

  /**
   * Adds many vectors, row by row: `vectors` has `ids.length` × dimensions components. Everything is checked before the
   * first is added. Room is made once, without spare.
   */
  addMany(ids: Uint32Array, vectors: Float32Array, options?: AddOptions): void {
    this.#checkOpen();
    checkBatch(ids, vectors, this.#dimensions);
    const dimensions = this.#dimensions;
    checkOptions(options, ['onProgress']);
    checkCallback('onProgress', options?.onProgress);
    checkRows(vectors, dimensions, this.#metric);
    this.#maintenance.learnFrom(vectors);
    this.#makeRoom(this.#slotsFor(ids));
    let reported = performance.now();
    for (let i = 0; i < ids.length; i++) {
      this.#put(ids[i]!, vectors.subarray(i * dimensions, (i + 1) * dimensions), `vectors[${i}]`);
      if (options?.onProgress && performance.now() - reported > 100) {
        options.onProgress({ done: i + 1, total: ids.length });
        reported = performance.now();
      }
    }
    options?.onProgress?.({ done: ids.length, total: ids.length });
  }

  /** Makes room for `count` more vectors at once, so that adding them moves nothing. */
  reserve(count: number): void {
    this.#checkOpen();
    if (!Number.isInteger(count) || count < 0 || count >= 2 ** 32) throw invalid('count', 'an integer from 0 to 4294967295', count);
    this.#makeRoom(this.#slotsWith(count));
    this.#maintenance.reserved(this.#field(Header.Live) + count);
  }

  /**
   * True if the id was there. Its memory is used again by later additions, in an hnsw index once `work`, or additions while
   * much waits for it, have taken it out of the graph.
   */
  remove(id: number): boolean {
    this.#checkOpen();
    checkId(id);
    const slot = this.#slotOf(id);
    if (slot < 0) return false;
    this.#changed();
    this.write(() => {
      if (this.#hasIds) this.#ids.delete(this.#memory.ids(), id);
      this.#memory.core.exports.remove(this.#memory.index, slot);
    });
    this.#removals++;
    this.#maintenance.removed();
    return true;
  }

  has(id: number): boolean {
    this.#checkOpen();
    checkId(id);
    return this.#slotOf(id) >= 0;
  }

  /**
   * A copy of the vector as it was given; with cosine, where rows are kept at unit length, to within rounding. Where full
   * vectors are outside it is read from there; without a reader, or where they are kept as sq8, it is made of its code:
   * `stats().vectors` says which.
   */
  get(id: number): Float32Array | undefined {
    this.#checkOpen();
    checkId(id);
    const slot = this.#slotOf(id);
    if (slot < 0) return undefined;
    const isOutside = this.#field(Header.FullVectors) !== CoreFullVectors.Memory && this.#reader;
    if (isOutside) {
      const vector = readVectors(this.#reader, [id], this.#dimensions);
      checkRows(vector, this.#dimensions, this.#metric, 'reader');
      return vector;
    }
    const vector = this.#memory.decode(slot, this.#dimensions);
    if (this.#metric === Metric.Cosine) {
      const norm = this.#memory.core.f32[(this.#memory.region(Region.Norms) >>> 2) + slot]!;
      for (let i = 0; i < vector.length; i++) vector[i]! *= norm;
    }
    return vector;
  }

  /** All ids, in the order of their slots. */
  ids(): Uint32Array {
    this.#checkOpen();
    const slots = this.#memory.liveSlots();
    if (!this.#hasIds) return slots;
    const view = this.#memory.ids();
    return slots.map((slot) => view[slot]!);
  }

  /** An allow-list for searches in this index. Ids that are not in the index may come later. */
  filter(ids: Iterable<number>): Filter {
    this.#checkOpen();
    if (typeof ids?.[Symbol.iterator] !== 'function') throw invalid('filter', 'an iterable of ids, or a filter made by index.filter', ids);
    const list = ids instanceof Uint32Array ? ids.slice() : Uint32Array.from(ids, (id) => (checkId(id, 'filter'), id));
    return new PreparedFilter(this.#host, list);
  }

  /** The same as a bitmap: id i is bit i mod 32 of bits[i / 32], which must stay as they are. Only with `idTable: false`. */
  filterOfBits(bits: Uint32Array): Filter {
    this.#checkOpen();
    if (!(bits instanceof Uint32Array)) throw invalid('bits', 'a Uint32Array', bits);
    if (this.#hasIds) throw invalid('bits', 'none in an index with an id table', bits);
    return new PreparedFilter(this.#host, bits, true);
  }

  /**
   * The k vectors nearest to `query`, nearest first; fewer if there are not as many. With a codec, candidates are found by
   * their codes and the nearest of them measured again by full vectors, from wherever these are.
   */
  search(query: VectorInput, options?: SearchOptions): Hits {
    checkSearchOptions(options);
    const k = searchK(options);
    const found = this.#find(query, k, options);
    if (found.unscored) return this.#rescoreOutside(found.unscored, found.count, k);
    const hits = { ids: new Uint32Array(found.count), distances: new Float32Array(found.count), rescored: found.rescored };
    this.#searcher.copyHits(this.#memory, found.count, hits.ids, hits.distances);
    return hits;
  }

  /**
   * The first of two steps of a search: the `k` nearest by their codes, with the distances these give. Fetch their full
   * vectors from wherever they are, and hand them to `rescore`. Without a codec these are the hits.
   */
  candidates(query: VectorInput, options?: SearchOptions): Hits {
    checkSearchOptions(options);
    if (options?.oversampling !== undefined) throw invalid('oversampling', 'none: k says how many candidates', options.oversampling);
    return this.search(query, { ...options, rescore: false });
  }

  /**
   * The second step: exact distances of `vectors`, one row for each of `ids`, and the k nearest of them, nearest first.
   * The ids need not be in the index.
   */
  rescore(query: VectorInput, ids: Uint32Array, vectors: Float32Array, options?: RescoreOptions): Hits {
    this.#checkOpen();
    checkOptions(options, ['k']);
    checkVector(query, this.#dimensions, 'query');
    checkBatch(ids, vectors, this.#dimensions);
    prepareQuery(this.#memory, query, 'query');
    return this.#searcher.rescore(this.#memory, ids, vectors, searchK(options));
  }

  /**
   * As `search`, into arrays of length k, whatever `options.k` says; returns how many hits there are. Allocates nothing,
   * if the filter is a prepared one.
   */
  searchInto(query: VectorInput, ids: Uint32Array, distances: Float32Array, options?: SearchOptions): number {
    this.#checkOpen();
    if (!(ids instanceof Uint32Array) || !ids.length) throw invalid('ids', 'a Uint32Array with room for a hit', ids);
    const k = ids.length;
    if (!(distances instanceof Float32Array) || distances.length !== k) throw invalid('distances', `a Float32Array of length ${k}`, distances);
    const found = this.#find(query, k, options);
    if (!found.unscored) {
      this.#searcher.copyHits(this.#memory, found.count, ids, distances);
      return found.count;
    }
    const hits = this.#rescoreOutside(found.unscored, found.count, k);
    ids.set(hits.ids);
    distances.set(hits.distances);
    return hits.ids.length;
  }

  /** One search per row of `queries`. */
  searchMany(queries: Float32Array, options?: SearchOptions): Hits[] {
    this.#checkOpen();
    const dimensions = this.#dimensions;
    if (!(queries instanceof Float32Array)) throw invalid('queries', 'a Float32Array', queries);
    if (queries.length % dimensions) {
      throw new VectileError('DIMENSION_MISMATCH', `queries: expected a multiple of ${dimensions} components, got ${queries.length}`);
    }
    checkSearchOptions(options);
    const prepared = { ...options, filter: this.#searcher.prepared(options?.filter, (ids) => this.filter(ids)) };
    const hits: Hits[] = [];
    for (let from = 0; from < queries.length; from += dimensions) {
      hits.push(this.search(queries.subarray(from, from + dimensions), prepared));
    }
    return hits;
  }

  /**
   * Does outstanding work for about `budgetMs`: takes removed vectors out of the graph and stores vectors as `setCodec` or
   * `create` asked for, then gives memory back if much of it is unused. True while there is more to do. Between calls the
   * index is as usable as ever. The first step of giving memory back, and the first use of an id after it, take O(vectors)
   * at once: 10 to 30 ms for 200,000. So does the last step of storing vectors anew: it copies the links, 0.6 ms a MB.
   */
  work(budgetMs = 5): boolean {
    this.#checkOpen();
    if (typeof budgetMs !== 'number' || !(budgetMs >= 0)) throw invalid('budgetMs', 'a number of milliseconds', budgetMs);
    const end = performance.now() + budgetMs;
    do {
      if (!this.#maintenance.step()) return false;
    } while (performance.now() < end);
    return true;
  }

  /**
   * Stores vectors another way from now on: with a codec, another one, or none. `work` does it, and additions help, a little
   * at a time; the index answers throughout, and until it is done its image is the old one with the wish noted. What learns
   * from vectors waits until `trainingLimit` of them are there. What is left out is as in `create`, not as it is; a reader
   * alone replaces the reader, and nothing else changes. Where the index keeps no full vectors, a reader must give
   * them, else VECTORS_MISSING is thrown and nothing changes.
   */
  setCodec(change: CodecChange): void {
    this.#checkOpen();
    if (change === undefined) throw invalid('options', 'an object', change);
    checkOptions(change, ['codec', 'fullVectors', 'mode', 'reader']);
    checkCallback('reader', change.reader);
    const { codec, fullVectors, mode, reader = this.#reader } = change;
    if (codec === undefined && fullVectors === undefined && mode === undefined) {
      if (!change.reader) throw invalid('options', 'a mode, a codec, fullVectors or a reader', 'none');
      this.#reader = reader;
      return;
    }
    const storage = storageOf(change, this.#dimensions, this.#metric);
    if (!reader && needsReader(readStorage(this.#memory, Header.Codec), storage)) throw readerMissing('the change');
    this.#reader = reader;
    this.#changed();
    this.#maintenance.want(storage);
  }

  /**
   * Lets another thread search this index in parallel: what comes back can be posted to it, and makes a `SharedReader` there.
   * At most 32 at a time. An index that was not created `shared` is copied to shared memory first, O(bytes). From now on
   * every change waits until no reader is in a search, and readers wait for it. Rejects with SHARING_UNSUPPORTED where that
   * cannot be; the index is as usable as before.
   */
  async share(): Promise<IndexShare> {
    this.#checkOpen();
    checkSharing();
    const module = await loadSharedCore();
    this.#checkOpen();
    if (!this.#memory.core.isShared) this.#moveTo(new Core(module));
    if (!this.#lock) {
      this.#lock = new WriterLock();
      this.#lock.stamp = this.#stamp;
      this.#lock.isPaused = this.#readersPaused;
    }
    const lock = this.#lock;
    const place = lock.takePlace();
    if (place < 0) throw new VectileError('SHARING_UNSUPPORTED', `index: expected at most ${PLACES} readers, got one more`);
    try {
      // copies under way have no such room
      if (place >= this.#memory.readers) this.#maintenance.forget();
      this.write(() => this.#memory.makeReaders(place + 1));
    } catch (cause) {
      freePlace(lock.buffer, place);
      throw cause;
    }
    return this.shareAgain(place);
  }

  /** What a reader that has this place needs after the index has moved. */
  shareAgain(place: number): IndexShare {
    const lock = this.#checkOpen().#lock;
    if (!lock || !(place >= 0 && place < lock.places)) throw invalid('place', 'one that was shared', place);
    const { module, exports } = this.#memory.core;
    return { module, memory: exports.memory, lock: lock.buffer, place, generation: lock.generation };
  }

  /** A number that readers return with what they find: of the last change it includes, say. Default 0. */
  get stamp(): number { return this.#checkOpen().#stamp; }
  set stamp(seq: number) {
    this.#checkOpen();
    if (!Number.isSafeInteger(seq)) throw invalid('stamp', 'a safe integer', seq);
    this.#stamp = seq;
    if (this.#lock) this.#lock.stamp = seq;
  }

  /** True: readers in other threads do not answer, as long as something is to be kept from them. Default false. */
  get readersPaused(): boolean { return this.#checkOpen().#readersPaused; }
  set readersPaused(paused: boolean) {
    this.#checkOpen();
    if (typeof paused !== 'boolean') throw invalid('readersPaused', 'a boolean', paused);
    this.#readersPaused = paused;
    if (this.#lock) this.#lock.isPaused = paused;
  }

  /**
   * Runs changes that readers in other threads shall see together or not at all; what `change` returns. They wait meanwhile, so it
   * should take milliseconds. Cheap changes are better made some at a time: each `write` waits for the searches under way.
   */
  write<T>(change: () => T): T {
    this.#checkOpen();
    const lock = this.#enter();
    try {
      return change();
    } finally {
      lock?.leave();
    }
  }

  /** Counts, levels and bytes. O(slots). */
  stats(): IndexStats {
    return statsOf(this.#checkOpen().#memory, this.#ids.byteLength, this.#reader !== undefined, this.#maintenance.recoding);
  }

  /** @internal Bytes of linear memory, without a look at every slot, as stats() takes. */
  get memoryBytes(): number { return this.#checkOpen().#memory.core.byteLength; }

  /** The image in one array. O(bytes). */
  serialize(options?: ImageOptions): Uint8Array {
    this.#checkOpen();
    const withoutRows = this.#leavesRowsOut(options);
    const image = new Uint8Array(this.#memory.imageBytes - (withoutRows ? regionBytes(this.#memory, Region.Rows) : 0));
    let at = 0;
    for (const chunk of imageChunks(this.#memory, withoutRows)) {
      image.set(chunk, at);
      at += chunk.length;
    }
    return image;
  }

  /**
   * The image in chunks, each a copy of its own, handed to `sink` one after the other. Throws INDEX_CHANGED if the index
   * is changed before the last chunk is written.
   */
  async writeImage(sink: (chunk: Uint8Array) => void | Promise<void>, options?: ImageOptions): Promise<void> {
    this.#checkOpen();
    if (typeof sink !== 'function') throw invalid('sink', 'a function', sink);
    const withoutRows = this.#leavesRowsOut(options);
    const before = this.#revision;
    for (const chunk of imageChunks(this.#memory, withoutRows)) {
      await sink(chunk.slice());
      this.#checkOpen();
      if (this.#revision !== before) throw new VectileError('INDEX_CHANGED', 'index: expected no change while its image is written, got one');
    }
  }

  /** Gives the memory back. Every later call throws DISPOSED. */
  dispose(): void {
    this.#disposed = true;
    this.#lock?.move();
    this.#memory = undefined as unknown as IndexMemory;
    this.#maintenance.forget();
    this.#searcher.forget();
    this.#ids.clear();
  }

  // What follows is how the above is done.

  #checkOpen(): this {
    if (this.#disposed) throw new VectileError('DISPOSED', 'index: expected one in use, got one disposed of');
    return this;
  }

  #field(offset: Header): number { return this.#checkOpen().#memory.field(offset); }

  /** Before memory is changed; the lock, if there is one, is to be left. May take up a copy. */
  #enter(): WriterLock | undefined {
    const lock = this.#lock;
    if (!lock || lock.enter()) return lock;
    // a reader is dead or stands still: it keeps the memory it is in
    try {
      this.#moveTo(new Core(this.#memory.core.module));
    } catch (cause) {
      lock.leave();
      throw cause;
    }
    lock.loseReaders();
    return lock;
  }

  /** Goes on in another instance, as if nothing had happened. */
  #moveTo(core: Core): void {
    const copy = this.#memory.copyTo(core);
    this.#maintenance.forget();
    this.#settleIn(copy);
  }

  #settleIn(memory: IndexMemory): void {
    this.#memory = memory;
    this.#searcher.forget();
    if (!this.#lock) return;
    this.#lock.move();
    this.onMoved();
  }

  #makeRoom(slots: number): void {
    this.write(() => this.#memory.makeRoom(slots, 0));
  }

  /** Takes up an index that lies in memory. */
  #open(reader: VectorReader | undefined): void {
    this.#memory.open();
    this.#reader = reader;
    this.#dimensions = this.#field(Header.Dimensions);
    this.#metric = this.#field(Header.Metric);
    this.#hasIds = this.#field(Header.HasIds) === 1;
    this.#maintenance.open();
  }

  #changed(): void {
    this.#revision++;
    this.#maintenance.changed();
  }

  /** Slots that must be there in all for these ids to be added. */
  #slotsFor(ids: Uint32Array): number {
    let slots = 0;
    if (this.#hasIds) {
      for (const id of ids) if (this.#slotOf(id) < 0) slots++;
      return this.#slotsWith(slots);
    }
    for (const id of ids) slots = Math.max(slots, id + 1);
    return slots;
  }

  /** Slots there are in all with `count` new ones. */
  #slotsWith(count: number): number {
    return this.#field(Header.Extent) + Math.max(0, count - this.#field(Header.FreeCount));
  }

  #leavesRowsOut(options: ImageOptions | undefined): boolean {
    checkOptions(options, ['rows']);
    const { rows = true } = options ?? {};
    if (typeof rows !== 'boolean') throw invalid('rows', 'a boolean', rows);
    if (rows || this.#field(Header.FullVectors) !== CoreFullVectors.Memory) return false;
    const tombstones = this.#field(Header.Tombstones); // nobody else keeps the vectors of these
    if (tombstones) throw invalid('rows', `true while ${tombstones} removed vectors are linked`, rows);
    return true;
  }

  /** Checks a vector, makes room for it where there is none, and stores it. */
  #put(id: number, vector: VectorInput, argument: string): void {
    this.#checkOpen();
    const lock = this.#enter();
    try {
      const { exports } = this.#memory.core;
      const known = this.#slotOf(id);
      this.#memory.makeRoom(known >= 0 ? 0 : this.#hasIds ? this.#slotsWith(1) : id + 1, GROWTH);
      prepareQuery(this.#memory, vector, argument);
      this.#changed();
      const { index, scratch } = this.#memory;
      // the query in scratch outlives this: repair searches around rows
      if (this.#field(Header.Tombstones) * 8 > this.#field(Header.Live)) exports.repair(index, scratch, REPAIR_SLOTS_PER_PUT);
      if (known < 0) this.#additions++;
      const slot = known >= 0 ? known : this.#hasIds ? exports.allot(index) : id;
      exports.put(index, scratch, slot);
      if (this.#hasIds && known < 0) {
        const ids = this.#memory.ids();
        ids[slot] = id;
        this.#ids.add(ids, slot);
      }
      this.#maintenance.added(slot, vector);
    } finally {
      lock?.leave();
    }
  }

  /** The slot of an id's vector, or −1. */
  #slotOf(id: number): number {
    if (!this.#hasIds) return this.#memory.isLive(id) ? id : -1;
    const ids = this.#memory.ids();
    if (!this.#ids.isBuilt) {
      const slots = this.#memory.liveSlots();
      this.#ids.build(ids, slots, slots.length);
    }
    const slot = this.#ids.get(ids, id);
    return slot === NONE ? -1 : slot;
  }

  /** Leaves up to k hits in the scratch area, or as many candidates as are to be rescored by vectors outside. */
  #find(query: VectorInput, k: number, options: SearchOptions | undefined) {
    this.#checkOpen();
    checkSearchOptions(options);
    const filter = this.#searcher.prepared(options?.filter, (ids) => this.filter(ids));
    this.#checkOpen(); // reading a filter's ids may run the caller's code
    return this.#searcher.find(this.#memory, query, k, options, filter, this.#reader !== undefined);
  }

  /** Reads the vectors of the candidates and keeps the nearest k. */
  #rescoreOutside(query: VectorInput, count: number, k: number): Hits {
    const ids = new Uint32Array(count);
    this.#searcher.copyHits(this.#memory, count, ids, new Float32Array(count));
    const before = this.#revision;
    const vectors = readVectors(this.#reader, ids, this.#dimensions);
    this.#checkOpen();
    if (this.#revision !== before) throw new VectileError('INDEX_CHANGED', 'index: expected no change while its vectors are read, got one');
    prepareQuery(this.#memory, query, 'query'); // reading may have searched
    return this.#searcher.rescore(this.#memory, ids, vectors, k, 'reader');
  }

  /** Takes up a copy; `moved`: one in which slots are other ones. */
  #adopt(memory: IndexMemory, moved: boolean): void {
    this.#changed();
    if (moved) {
      this.#ids.clear();
      this.#removals++;
    }
    this.#settleIn(memory);
  }
}

function isIterable(source: unknown): boolean {
  return typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source);
}
