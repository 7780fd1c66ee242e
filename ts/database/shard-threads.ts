/** Where the shards of a database are opened: in threads, or in this one. What they are asked is the same. */
import { loadCore, loadSharedCore } from '../engine/core.js';
import { VectileError, invalid } from '../errors.js';
import { SectionCache } from '../search/section-cache.js';
import type { ShardHandle } from '../shard/handle.js';
import type { ShardOptions } from '../shard/shard.js';
import { sharingOf } from '../storage/sharing.js';
import type { OpenStore } from '../storage/storage.js';
import { WorkerPool } from '../worker/pool.js';
import type { ShardDescription } from '../worker/protocol.js';
import { workersHere } from '../worker/workers.js';

export interface ThreadOptions extends Pick<ShardOptions, 'stemmers' | 'now'> {
  store: OpenStore;
  /** Undefined: as many as the runtime says, if they can be had. */
  threads: number | undefined;
  /** Bytes of inverted indexes in memory. */
  sectionBytesMax: number;
}

export class ShardThreads {
  readonly #options: ThreadOptions;
  readonly #sections: SectionCache;
  /** Undefined: shards are opened in this thread. */
  #pool: WorkerPool | undefined;
  #isClosed = false;

  /** Throws INVALID_ARGUMENT if threads are asked for that there cannot be. */
  constructor(options: ThreadOptions) {
    const { store, threads, stemmers, now, sectionBytesMax } = options;
    this.#options = options;
    this.#sections = new SectionCache(sectionBytesMax);
    const workers = workersHere();
    const sharing = sharingOf(store);
    const obstacle = !workers ? 'in this runtime' : !sharing ? 'with this store' : stemmers ? 'with stemmers that are functions' : now ? 'with a clock that is a function' : undefined;
    if (threads && obstacle) throw invalid('threads', `0 ${obstacle}`, threads);
    const count = threads ?? workers?.threads ?? 0;
    if (count && !obstacle) this.#pool = new WorkerPool({ threads: count, workers: workers!, sharing: sharing!, core: loadCore, sharedCore: loadSharedCore, sectionBytesMax });
  }

  async open(description: ShardDescription): Promise<ShardHandle> {
    if (this.#isClosed) throw new VectileError('CLOSED', 'database: expected one in use, got one closed');
    if (!this.#pool) return this.#openHere(description);
    try {
      return await this.#pool.openShard(description);
    } catch (cause) {
      const code = cause instanceof VectileError ? cause.code : undefined;
      // workers of pages do not know the names that the page has given to modules
      if (code === 'STEMMER_MISSING') return this.#openHere(description);
      if (code !== 'WORKER_UNAVAILABLE' || this.#options.threads) throw cause;
      this.#pool = undefined;
      return this.#openHere(description);
    }
  }

  /** Shards must have been closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool?.close();
  }

  async #openHere(description: ShardDescription): Promise<ShardHandle> {
    const { store, stemmers, now } = this.#options;
    // a page whose data is in a worker does not load what is there
    const { Shard } = await import('../shard/shard.js');
    return Shard.open({ ...description, store, stemmers, now, sections: this.#sections });
  }
}
