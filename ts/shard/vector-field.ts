/**
 * A named vector of a shard: its index, and beside it the vectors that are not in the index yet. These are scanned exactly and
 * merged into every answer, so what is written is found at once, and linked when there is time.
 *
 *   flat      all go straight into the index
 *   hnsw      all go into the tail, `work` links them
 *   dynamic   all stay in the tail until there are more than `threshold` of them; then it is hnsw
 *
 * Of a dynamic one that was not searched yet there is no tail, only the slots that belong into it: many a tenant is filled long before
 * anyone looks for something, and a tail is a memory of its own.
 *
 * While an image is being written the index must not change: what leaves it is hidden, what comes waits in the tail.
 *
 * Other threads may search the index, over shared memory, as long as it is all there is: no tail, nothing hidden.
 */
import type { IndexShare } from '../engine/shared-reader.js';
import { VectorIndex } from '../engine/vector-index.js';
import { VectileError } from '../errors.js';
import type { IndexStats, RowBatch, VectorReader } from '../types.js';
import { pull } from './pull.js';
import type { SlotSet } from '../search/slot-set.js';
import type { FieldSpec } from './types.js';

/** Where vectors are that the index does not keep. */
export interface VectorSource {
  /** Undefined where the store cannot read at once. */
  readonly readSync: VectorReader | undefined;
  /** Undefined for slots that have none any more. */
  read(slots: readonly number[]): Promise<(Float32Array | undefined)[]>;
}

export interface FieldNearOptions {
  k: number;
  ef?: number | undefined;
  oversampling?: number | undefined;
  /** Default: all. */
  within?: SlotSet | undefined;
}

/** Nearest first. */
export interface FieldNear {
  slots: number[];
  distances: number[];
}

/** Candidates that are rescored for each hit where vectors must be waited for. */
const OVERSAMPLING = 8;
/** Vectors taken back from an index at a time. */
const REBUILD_BATCH = 256;

export class VectorField {
  spec: FieldSpec;
  readonly #source: VectorSource;
  /** None while it sleeps. */
  #tail: VectorIndex | undefined;
  #waking: Promise<void> | undefined;
  /** Slots that belong into the tail, and whose vectors are not there yet. */
  readonly #asleep = new Set<number>();
  #index: VectorIndex | undefined;
  /** Slots in the tail, oldest first. */
  readonly #unlinked = new Set<number>();
  /** Slots in the index that are no longer to be found there. */
  readonly #hidden = new Set<number>();
  #isFrozen = false;
  #isCreating = false;
  /** All vectors are being taken back into the tail. */
  #isRebuilding = false;
  /** Raised by every change of the index. */
  #version = 0;
  #isDisposed = false;
  /** Readers in other threads may be at work. */
  #isShared = false;
  /** Called when there is work again. */
  onWork: () => void = () => {};
  /** Of the image that the newest snapshot names. */
  imageVersion = -1;

  private constructor(spec: FieldSpec, source: VectorSource) {
    this.spec = spec;
    this.#source = source;
  }

  /** An empty one. `image`: of an index there was, with its rows; throws as VectorIndex.readImage does. */
  static async open(spec: FieldSpec, source: VectorSource, image?: { chunks: AsyncIterable<Uint8Array>; rows: AsyncIterable<RowBatch> }): Promise<VectorField> {
    const { dimensions, metric } = spec;
    const field = new VectorField(spec, source);
    if (image || spec.type !== 'dynamic') await field.wake();
    if (image) {
      field.#index = await VectorIndex.readImage(image.chunks, { ...field.#reader, rows: image.rows });
      const stats = field.#index.stats();
      if (stats.dimensions !== dimensions || stats.metric !== metric) {
        throw new VectileError('IMAGE_CORRUPT', `image: expected ${dimensions} dimensions of ${metric}, got ${stats.dimensions} of ${stats.metric}`);
      }
      await field.configure(spec); // a change that came after the image
      field.imageVersion = field.#version;
    } else if (spec.type !== 'dynamic') {
      field.#index = await field.#create();
    }
    return field;
  }

  /** Vectors that are in the tail only until they are linked. */
  get unlinked(): number { return this.#index ? this.#unlinked.size : 0; }
  get unlinkedSlots(): Uint32Array { return Uint32Array.from(this.#unlinked); }
  get hidden(): number { return this.#hidden.size; }
  get count(): number { return this.#unlinked.size + (this.#index?.size ?? 0) - this.#hidden.size; }
  /** Bytes of linear memory. */
  get bytes(): number { return this.#isDisposed ? 0 : (this.#tail?.memoryBytes ?? 0) + (this.#index?.memoryBytes ?? 0); }
  get hasIndex(): boolean { return this.#index !== undefined; }
  /** False if an image would be the one that was written last. */
  get hasChanged(): boolean { return this.#version !== this.imageVersion; }

  put(slot: number, values: Float32Array): void {
    if (this.spec.type === 'flat' && !this.#isFrozen && !this.#isRebuilding) {
      this.#version++;
      this.#leaveTail(slot);
      this.#index!.add(slot, values);
      this.#resumeReaders();
      return;
    }
    this.#pauseReaders();
    this.#leaveIndex(slot);
    this.#unlinked.add(slot);
    if (this.#tail) {
      this.#asleep.delete(slot);
      this.#tail.add(slot, values);
    } else {
      this.#asleep.add(slot);
    }
    this.onWork();
  }

  /** Makes the tail, of vectors read from where they are stored. Throws as reading them does; then it sleeps on. */
  wake(): Promise<void> {
    return this.#waking ??= this.#wake().catch((cause: unknown) => {
      this.#waking = undefined;
      throw cause;
    });
  }

  remove(slot: number): void {
    this.#leaveTail(slot);
    this.#leaveIndex(slot);
  }

  /** The k nearest to a query of the right dimensions, of a set of slots. At once, unless full vectors must be waited for. */
  near(query: Float32Array, options: FieldNearOptions): FieldNear | Promise<FieldNear> {
    if (this.#tail && !this.#asleep.size) return this.#near(query, options);
    return this.wake().then(() => {
      this.#checkOpen();
      return this.#near(query, options);
    });
  }

  #near(query: Float32Array, { k, ef, oversampling, within }: FieldNearOptions): FieldNear | Promise<FieldNear> {
    const recent = this.#nearInTail(query, k, within);
    const index = this.#index;
    if (!index || index.size === this.#hidden.size) return this.#merge(NONE, recent, k);
    const options = { ...ef !== undefined && { ef }, ...within && { filter: index.filterOfBits(within.words) } };
    if (this.spec.fullVectors === 'external' && !this.#source.readSync) {
      const found = index.candidates(query, { ...options, k: Math.ceil(k * (oversampling ?? OVERSAMPLING)) + this.#hidden.size });
      return this.#rescore(query, [...found.ids].filter((slot) => !this.#hidden.has(slot)), recent, k);
    }
    const rescoring = oversampling === undefined ? options : { ...options, oversampling };
    return this.#merge(index.search(query, { ...rescoring, k: k + this.#hidden.size }), recent, k);
  }

  /**
   * For a reader in another thread; undefined where there is nothing to be read, because vectors are in the tail or outside. What it finds
   * is as of the last write that was taken up, `stamp` to begin with.
   */
  async share(stamp: number): Promise<IndexShare | undefined> {
    if (!this.#index || this.spec.fullVectors === 'external' || this.#isFrozen || this.#isRebuilding) return undefined;
    this.#isShared = true;
    this.stamp = stamp;
    this.#pauseReaders();
    const share = await this.#index.share();
    this.#resumeReaders();
    return share;
  }

  /** Of the last write that was taken up. */
  set stamp(seq: number) { if (this.#isShared && this.#index) this.#index.stamp = seq; }

  /** Links and repairs for about `budgetMs`; true while there is more to do. */
  work(budgetMs: number): boolean {
    const isBusy = this.#work(budgetMs);
    this.#resumeReaders();
    return isBusy;
  }

  #work(budgetMs: number): boolean {
    if (this.#isFrozen || this.#isRebuilding || this.#isDisposed) return false;
    const end = performance.now() + budgetMs;
    const tail = this.#tail;
    if (!tail) {
      // what fails is told to who searches
      if (this.#unlinked.size > this.spec.threshold) void this.wake().catch(() => {});
      return false;
    }
    if (this.#asleep.size) return false;
    if (!this.#index) {
      if (tail.size > this.spec.threshold) this.#becomeHnsw();
      return tail.work(budgetMs);
    }
    for (const slot of this.#unlinked) {
      const values = tail.get(slot)!;
      this.#version++;
      this.#index.add(slot, values);
      this.#leaveTail(slot);
      if (performance.now() >= end) return true;
    }
    if (!this.#unlinked.size && tail.work(Math.max(0, end - performance.now()))) return true;
    if (!this.#index.work(Math.max(0, end - performance.now()))) return false;
    this.#version++;
    return true;
  }

  /** From now on the index does not change, until `thaw`. */
  freeze(): void { this.#isFrozen = true; }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    if (this.#isDisposed) return;
    for (const slot of this.#hidden) {
      this.#version++;
      this.#index!.remove(slot);
    }
    this.#hidden.clear();
    if (this.spec.type === 'flat') {
      for (const slot of [...this.#unlinked]) this.put(slot, this.#tail!.get(slot)!);
    }
    this.#resumeReaders();
    this.onWork();
  }

  /** Brings a frozen index into a state that can be written without its rows: nothing removed is linked any more. */
  settle(budgetMs: number): boolean {
    const hadWork = this.#index?.work(budgetMs) ?? false;
    if (hadWork) this.#version++;
    return hadWork && this.#index!.stats().tombstones > 0;
  }

  /** The image of a frozen index, without rows. Once it is sure to be found again, `imageVersion` shall be this version. */
  image(): { version: number; chunks: AsyncGenerator<Uint8Array> } {
    const index = this.#index!;
    return { version: this.#version, chunks: pull((sink) => index.writeImage(sink, { rows: false })) };
  }

  /** Takes up another codec, another place of full vectors or another threshold. Searches are answered throughout. */
  async configure(spec: FieldSpec): Promise<void> {
    this.spec = spec;
    if (!this.#index) return this.onWork();
    const { codec, fullVectors } = spec;
    try {
      this.#version++;
      this.#index.setCodec({ codec, fullVectors, ...this.#reader });
    } catch (cause) {
      if (!(cause instanceof VectileError) || cause.code !== 'VECTORS_MISSING') throw cause;
      await this.#rebuild();
    }
    this.onWork();
  }

  stats(): IndexStats | undefined { return this.#index?.stats(); }

  dispose(): void {
    this.#isDisposed = true;
    this.#tail?.dispose();
    this.#index?.dispose();
  }

  get #reader(): { reader?: VectorReader } {
    return this.spec.fullVectors === 'external' && this.#source.readSync ? { reader: this.#source.readSync } : {};
  }

  #create(): Promise<VectorIndex> {
    const { dimensions, metric, type, maxConnections, efConstruction, codec, fullVectors } = this.spec;
    const graph = type === 'flat' ? {} : { maxConnections, efConstruction };
    const storage = codec === 'f32' || (typeof codec === 'object' && codec.type === 'f32') ? {} : { codec, fullVectors };
    return VectorIndex.create({ dimensions, metric, type: type === 'flat' ? 'flat' : 'hnsw', idTable: false, ...graph, ...storage, ...this.#reader });
  }

  /** What is in the tail becomes what is not linked yet. */
  #becomeHnsw(): void {
    if (this.#isCreating) return;
    this.#isCreating = true;
    void this.#create().then((index) => {
      this.#isCreating = false;
      if (this.#isDisposed) return index.dispose();
      this.#index = index;
      this.#version++;
      this.onWork();
    }).catch(() => {
      this.#isCreating = false; // it stays as it is, and is tried again when there is work
    });
  }

  /** What is put, or removed, meanwhile does not sleep any more. */
  async #wake(): Promise<void> {
    const { dimensions, metric } = this.spec;
    const tail = this.#tail ?? await VectorIndex.create({ dimensions, metric, type: 'flat' });
    if (this.#isDisposed) return tail.dispose();
    this.#tail = tail;
    while (this.#asleep.size) {
      const batch = [...this.#asleep].slice(0, REBUILD_BATCH);
      const vectors = await this.#source.read(batch);
      if (this.#isDisposed) return;
      batch.forEach((slot, i) => {
        if (!this.#asleep.delete(slot)) return;
        if (vectors[i]) tail.add(slot, vectors[i]);
        else this.#unlinked.delete(slot);
      });
    }
    this.onWork();
  }

  #checkOpen(): void {
    if (this.#isDisposed) throw new VectileError('CLOSED', 'shard: expected one in use, got one closed');
  }

  #nearInTail(query: Float32Array, k: number, within: SlotSet | undefined): Found {
    const tail = this.#tail;
    if (!tail?.size) return NONE;
    if (!within) return tail.search(query, { k });
    const filter = [...this.#unlinked].filter((slot) => within.has(slot));
    return filter.length ? tail.search(query, { k, filter }) : NONE;
  }

  #leaveTail(slot: number): void {
    if (this.#unlinked.delete(slot) && !this.#asleep.delete(slot)) this.#tail!.remove(slot);
  }

  #leaveIndex(slot: number): void {
    if (!this.#index?.has(slot)) return;
    if (this.#isFrozen) {
      this.#pauseReaders();
      this.#hidden.add(slot);
      return;
    }
    this.#version++;
    this.#index.remove(slot);
    this.onWork();
  }

  /** Before anything is where readers of the index do not find it. */
  #pauseReaders(): void { if (this.#isShared && this.#index) this.#index.readersPaused = true; }

  #resumeReaders(): void {
    if (!this.#isShared || !this.#index || this.#isDisposed || this.#isRebuilding) return;
    this.#index.readersPaused = this.#unlinked.size > 0 || this.#hidden.size > 0;
  }

  /** All vectors back into the tail, and a new index that they will be linked into. */
  async #rebuild(): Promise<void> {
    const former = this.#index!;
    const next = await this.#create();
    this.#isRebuilding = true;
    this.#pauseReaders();
    try {
      const slots = [...former.ids()].filter((slot) => !this.#hidden.has(slot));
      for (let from = 0; from < slots.length; from += REBUILD_BATCH) {
        const batch = slots.slice(from, from + REBUILD_BATCH);
        const vectors = await this.#source.read(batch);
        if (this.#isDisposed) return next.dispose();
        batch.forEach((slot, i) => {
          // what was changed meanwhile has left the index, and is in the tail if it has a vector
          if (this.#unlinked.has(slot) || !former.has(slot) || !vectors[i]) return;
          this.#tail!.add(slot, vectors[i]);
          this.#unlinked.add(slot);
          former.remove(slot);
        });
      }
      this.#index = next;
      this.#isShared = false;
      this.#version++;
      former.dispose();
    } catch (cause) {
      next.dispose();
      throw cause;
    } finally {
      this.#isRebuilding = false;
      this.onWork();
    }
  }

  async #rescore(query: Float32Array, slots: number[], recent: Found, k: number): Promise<FieldNear> {
    const vectors = await this.#source.read(slots);
    const present = slots.filter((_, i) => vectors[i]);
    this.#checkOpen();
    const rows = new Float32Array(present.length * this.spec.dimensions);
    vectors.filter((vector) => vector !== undefined).forEach((vector, i) => rows.set(vector, i * this.spec.dimensions));
    const found = present.length ? this.#index!.rescore(query, Uint32Array.from(present), rows, { k }) : NONE;
    return this.#merge(found, recent, k);
  }

  /** Both are sorted by distance; a slot that is in both is taken from the tail, where it is newer. */
  #merge(found: Found, recent: Found, k: number): FieldNear {
    const slots: number[] = [];
    const distances: number[] = [];
    const isRecent = recent.ids.length ? new Set(recent.ids) : undefined;
    for (let i = 0, j = 0; slots.length < k;) {
      while (i < found.ids.length && (this.#hidden.has(found.ids[i]!) || isRecent?.has(found.ids[i]!))) i++;
      const isFound = i < found.ids.length;
      if (!isFound && j >= recent.ids.length) break;
      const takesRecent = j < recent.ids.length && (!isFound || recent.distances[j]! < found.distances[i]!);
      slots.push(takesRecent ? recent.ids[j]! : found.ids[i]!);
      distances.push(takesRecent ? recent.distances[j++]! : found.distances[i++]!);
    }
    return { slots, distances };
  }
}

interface Found { ids: Uint32Array; distances: Float32Array }
const NONE: Found = { ids: new Uint32Array(), distances: new Float32Array() };
