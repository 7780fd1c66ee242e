/**
 * SharedReader: searches an index that another thread owns, over shared memory. It has an instance of its own, and writes
 * to nothing but its own scratch area there.
 */
import { FullVectors, Header, NONE } from '../../assembly/layout.js';
import { VectileError, invalid } from '../errors.js';
import type { Filter, Hits, SearchOptions, VectorInput } from '../types.js';
import { Core, checkSharing, type CoreMemory, type CoreModule } from './core.js';
import { PreparedFilter, type FilterHost } from './filter.js';
import { IdTable } from './ids.js';
import { ReaderLock, freePlace } from './lock.js';
import { IndexMemory, READER_WIDTH } from './memory.js';
import { checkId, checkSearchOptions, searchK } from './options.js';
import { Searcher } from './searcher.js';

/** Plain and postable: what another thread needs to search an index. */
export interface IndexShare {
  module: CoreModule;
  memory: CoreMemory;
  lock: SharedArrayBuffer;
  /** Whose it is to be: at most one reader at a time has a place. */
  place: number;
  /** Of the memory: an index that has moved has a higher one. */
  generation: number;
}

export interface SharedHits extends Hits {
  /** `index.stamp` when the search began: all it stood for is in the hits, and perhaps more. */
  stamp: number;
}

/**
 * Searches an index of another thread, with the same answers as its owner at the moment of the search. Where only the owner
 * can answer, calls return undefined; then ask it.
 *
 * ```ts
 * const worker = new Worker(file, { workerData: await index.share() }); // here
 * const reader = new SharedReader(workerData); // there
 * const hits = reader.search(query, { k: 10 }); // or undefined
 * ```
 */
export class SharedReader {
  readonly #lock: ReaderLock;
  readonly #place: number;
  #generation = -1;
  readonly #host: FilterHost;
  readonly #searcher: Searcher;
  readonly #ids = new IdTable();
  #memory: ReaderMemory | undefined;
  #depth = 0;
  /** The lock's number, and how often it was seen to be another one. */
  #changes = 0;
  #states = 0;

  /** Throws SHARING_UNSUPPORTED in a thread that must not wait for another: that of a page. */
  constructor(share: IndexShare) {
    checkSharing();
    if (!(share?.lock instanceof SharedArrayBuffer)) throw invalid('share', 'what VectorIndex.share returned', share);
    this.#place = share.place;
    this.#lock = new ReaderLock(share.lock, share.place);
    const self = this;
    this.#host = {
      get extent() { return self.#use().field(Header.Extent); },
      // what is known of ids is of one state of the index
      get additions() { return self.#states; },
      get removals() { return self.#states; },
      slotOf: (id) => this.#slotOf(id),
      liveBits: () => this.#use().liveBits(),
    };
    this.#searcher = new Searcher(this.#host);
    this.#open(share);
  }

  /** False once the index has moved or was disposed of: `follow` it with what `shareAgain` returns. */
  get isCurrent(): boolean { return this.#memory !== undefined && this.#lock.generation === this.#generation; }

  /** Goes after an index that has moved; filters stay what they are. */
  follow(share: IndexShare): void {
    this.#use();
    if (share?.place !== this.#place) throw invalid('share', `what shareAgain(${this.#place}) returned`, share);
    this.#open(share);
  }

  /**
   * As `VectorIndex.search`. Undefined if the owner must answer: full vectors are outside, and `rescore` is not false; more
   * than 4096 candidates are asked for; the owner has changed the index for too long; `readersPaused` is set; or this
   * reader is no longer current.
   */
  search(query: VectorInput, options?: SearchOptions): SharedHits | undefined {
    checkSearchOptions(options);
    const k = searchK(options);
    const filter = this.#searcher.prepared(options?.filter, (ids) => this.filter(ids));
    return this.hold(() => this.#search(query, k, options, filter));
  }

  /**
   * Runs what must see one state of the index, as several searches; the index does not change meanwhile, so the owner may
   * wait. What `read` returns; undefined if it was not run, because the owner must answer. Readers of two indexes may be
   * held one within the other, in the order in which the owner's `write` of both are.
   */
  hold<T>(read: () => T): T | undefined {
    if (!this.#enter()) return undefined;
    try {
      return read();
    } finally {
      if (!--this.#depth) this.#lock.leave();
    }
  }

  /** As `VectorIndex.filter`, for searches of this reader. Its ids are looked up anew after every change of the index. */
  filter(ids: Iterable<number>): Filter {
    this.#use();
    if (typeof ids?.[Symbol.iterator] !== 'function') throw invalid('filter', 'an iterable of ids, or a filter made by reader.filter', ids);
    const list = ids instanceof Uint32Array ? ids.slice() : Uint32Array.from(ids, (id) => (checkId(id, 'filter'), id));
    return new PreparedFilter(this.#host, list);
  }

  /** As `VectorIndex.filterOfBits`. */
  filterOfBits(bits: Uint32Array): Filter {
    if (!(bits instanceof Uint32Array)) throw invalid('bits', 'a Uint32Array', bits);
    if (this.#use().field(Header.HasIds)) throw invalid('bits', 'none in an index with an id table', bits);
    return new PreparedFilter(this.#host, bits, true);
  }

  /** Gives back the place; every later call throws DISPOSED. */
  dispose(): void {
    if (!this.#memory) return;
    this.#memory = undefined;
    this.#ids.clear();
    freePlace(this.#lock.buffer, this.#place);
  }

  #open({ module, memory, generation }: IndexShare): void {
    this.#memory = new ReaderMemory(new Core(module, memory), this.#place);
    this.#generation = generation;
    this.#searcher.forget();
    this.#forgetIds();
  }

  /** What is known of ids is of another state. */
  #forgetIds(): void {
    this.#ids.clear();
    this.#states++;
  }

  #use(): ReaderMemory {
    if (!this.#memory) throw new VectileError('DISPOSED', 'reader: expected one in use, got one disposed of');
    return this.#memory;
  }

  #enter(): boolean {
    const memory = this.#use();
    if (!this.#depth) {
      if (!this.#lock.enter()) return false;
      if (!this.isCurrent || this.#lock.isPaused) {
        this.#lock.leave();
        return false;
      }
      memory.follow();
      const { changes } = this.#lock;
      if (changes !== this.#changes) this.#forgetIds();
      this.#changes = changes;
    }
    this.#depth++;
    return true;
  }

  #search(query: VectorInput, k: number, options: SearchOptions | undefined, filter: PreparedFilter | undefined): SharedHits | undefined {
    const memory = this.#use();
    const { stamp } = this.#lock;
    if (memory.field(Header.FullVectors) === FullVectors.External && options?.rescore !== false) return undefined;
    try {
      const { count, rescored } = this.#searcher.find(memory, query, k, options, filter, false);
      const hits = { ids: new Uint32Array(count), distances: new Float32Array(count), rescored, stamp };
      this.#searcher.copyHits(memory, count, hits.ids, hits.distances);
      return hits;
    } catch (cause) {
      if (cause === TOO_WIDE) return undefined;
      throw cause;
    }
  }

  #slotOf(id: number): number {
    const memory = this.#use();
    if (!memory.field(Header.HasIds)) return memory.isLive(id) ? id : -1;
    const ids = memory.ids();
    if (!this.#ids.isBuilt) {
      const slots = memory.liveSlots();
      this.#ids.build(ids, slots, slots.length);
    }
    const slot = this.#ids.get(ids, id);
    return slot === NONE ? -1 : slot;
  }
}

/**
 * Gives back the place of a reader whose thread has ended, lest the owner wait for it. From any thread; the reader must not
 * be used any more.
 */
export function releaseReader({ lock, place }: Pick<IndexShare, 'lock' | 'place'>): void {
  freePlace(lock, place);
}

const TOO_WIDE = Symbol('more candidates than a reader has room for');

/** An index in the memory of its owner, with a scratch area that the owner has made room for. */
class ReaderMemory extends IndexMemory {
  readonly #place: number;
  /** What the index was like when the area was laid out. */
  #imageBytes = 0;
  #capacity = 0;

  constructor(core: Core, place: number) {
    super(core);
    this.#place = place;
  }

  /** Lays the area out anew where the index has grown. */
  follow(): void {
    const imageBytes = this.field(Header.ImageBytes);
    const capacity = this.field(Header.Capacity);
    if (imageBytes === this.#imageBytes && capacity === this.#capacity) return;
    this.scratch = this.readerScratch(this.#place);
    this.core.follow(this.readerScratch(this.#place + 1));
    this.core.exports.openScratch(this.index, this.scratch, READER_WIDTH);
    this.scratchRevision++;
    this.#imageBytes = imageBytes;
    this.#capacity = capacity;
  }

  override widen(width: number): void {
    if (width > READER_WIDTH) throw TOO_WIDE;
  }
}
