/**
 * Shards in threads. The thread with the fewest shards gets the next one; threads are started as they are needed. Of one that is lost, shards
 * are opened in another when they are next asked for anything: all they are is in the store.
 */
import { VectileError } from '../errors.js';
import type { CoreModule } from '../engine/core.js';
import type { ShardHandle } from '../shard/handle.js';
import type { StoreSharing } from '../storage/sharing.js';
import type { Answer, ShardDescription } from './protocol.js';
import { RemoteShard, type Place } from './remote-shard.js';
import { SharedNears } from './shared-nears.js';
import { Thread } from './thread.js';
import { unavailable, type WorkerLink, type Workers } from './workers.js';

export interface PoolOptions {
  /** At most, from 1. */
  threads: number;
  workers: Workers;
  /** Of the store that all shards are in. */
  sharing: StoreSharing;
  core: () => Promise<CoreModule>;
  /** For memory that threads share. It may fail: then every shard is searched in its own thread alone. */
  sharedCore: () => Promise<CoreModule>;
  /** Bytes of inverted indexes that all threads together may keep in memory. */
  sectionBytesMax: number;
  /** Within which a thread must have started. Default 30,000. */
  startMs?: number;
  /** Default performance.now. */
  now?: () => number;
}

const START_MS = 30_000;
/** Threads that a shard is opened in, while they are lost. */
const ATTEMPTS = 3;
/** More losses than so many within so long are not made good. */
const LOSSES_MAX = 10;
const LOSSES_MS = 60_000;

export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #threads: Thread[] = [];
  /** By the number of their opening. */
  readonly #shards = new Map<number, RemoteShard>();
  #openings = 0;
  /** As many as there can be. */
  #threadsMax: number;
  /** When threads were lost, of late. */
  #losses: number[] = [];
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#threadsMax = options.threads;
  }

  /** Throws as Shard.open does; WORKER_UNAVAILABLE if there is no thread, and none can be started. */
  async openShard(description: ShardDescription): Promise<ShardHandle> {
    const shard = new RemoteShard(description, {
      place: (remote, now, isAfterLoss) => this.#place(remote, now, isAfterLoss),
      leave: ({ thread, number, nears }) => {
        nears.end();
        this.#shards.delete(number);
        thread.shards--;
      },
      took: (answer) => this.#took(answer),
    });
    await shard.open();
    return shard;
  }

  /** Ends all threads. Shards must have been closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const answers = await Promise.all(this.#threads.splice(0).map((thread) => thread.stop()));
    for (const answer of answers) if (answer) this.#took(answer);
    for (const answer of answers) if (answer?.error) throw answer.error;
  }

  /** Opening is done again if its thread is lost, unless the shard was to be made: what there is of it then is for who makes it to say. */
  async #place(shard: RemoteShard, description: ShardDescription, isAfterLoss: boolean): Promise<Place> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#placeOnce(shard, description, isAfterLoss || attempt > 1);
      } catch (cause) {
        const isLost = cause instanceof VectileError && cause.code === 'WORKER_LOST';
        if (!isLost || description.firstSeq !== undefined || attempt === ATTEMPTS) throw cause;
      }
    }
  }

  async #placeOnce(shard: RemoteShard, description: ShardDescription, isAfterLoss: boolean): Promise<Place> {
    const thread = await this.#chosen();
    const number = ++this.#openings;
    const place = { thread, number, nears: new SharedNears(thread, number, () => this.#all()) };
    thread.shards++;
    this.#shards.set(place.number, shard);
    try {
      const answer = await thread.open(place.number, description, isAfterLoss || !this.#options.sharing.isClean);
      shard.take(answer);
      if (answer.error) throw answer.error;
      return place;
    } catch (cause) {
      this.#shards.delete(place.number);
      thread.shards--;
      throw cause;
    }
  }

  /** One that is ready. */
  async #chosen(): Promise<Thread> {
    for (;;) {
      if (this.#isClosed) throw new VectileError('CLOSED', 'database: expected one in use, got one closed');
      let thread = this.#threads.reduce<Thread | undefined>((least, each) => (least && least.shards <= each.shards ? least : each), undefined);
      const isNew = (!thread || thread.shards > 0) && this.#threads.length < this.#threadsMax;
      if (isNew) {
        try {
          this.#threads.push(thread = this.#start());
        } catch (cause) {
          if (!thread) throw cause;
        }
      }
      thread!.shards++; // so that the next one is not given it, too
      try {
        await thread!.ready;
        if (!thread!.isLost) return thread!;
      } catch (cause) {
        this.#forget(thread!);
        if (!this.#threads.length) throw cause;
        this.#threadsMax = this.#threads.length; // these will do
      } finally {
        thread!.shards--;
      }
    }
  }

  /** As many threads as there can be: searches can do with those that have no shard. */
  #all(): readonly Thread[] {
    if (this.#threads.length < this.#threadsMax && !this.#isClosed) {
      const limit = this.#threads.length;
      try {
        const thread = this.#start();
        this.#threads.push(thread);
        thread.ready.catch(() => {
          this.#forget(thread);
          this.#threadsMax = Math.max(1, limit); // these will do
        });
      } catch {
        // too many were lost of late: it is tried again
      }
    }
    return this.#threads;
  }

  #start(): Thread {
    const { workers, sharing, core, sharedCore, sectionBytesMax, threads, startMs = START_MS } = this.#options;
    const now = this.#now();
    this.#losses = this.#losses.filter((at) => at > now - LOSSES_MS);
    if (this.#losses.length > LOSSES_MAX) {
      throw new VectileError('WORKER_LOST', `worker: expected at most ${LOSSES_MAX} to be lost within ${LOSSES_MS / 1000} s, got ${this.#losses.length}; the next one is started later`);
    }
    const shared = threads > 1 ? sharedCore().catch(() => undefined) : undefined;
    const setup = Promise.all([core(), shared]).then(([module, sharedModule]) => ({
      core: module, sharedCore: sharedModule, store: sharing.share(), sectionBytesMax: Math.ceil(sectionBytesMax / threads),
    }));
    setup.catch(() => {}); // it is told by the thread
    const thread: Thread = new Thread(spawned(workers), setup, {
      startMs,
      told: (number, answer) => this.#shards.get(number)?.take(answer),
      lost: (wasReady) => {
        this.#forget(thread);
        if (!wasReady) return;
        this.#losses.push(this.#now());
        sharing.isClean = false; // whatever it has left
      },
    });
    return thread;
  }

  #took({ isStoreClean }: Answer): void {
    if (!isStoreClean) this.#options.sharing.isClean = false;
  }

  #forget(thread: Thread): void {
    const index = this.#threads.indexOf(thread);
    if (index >= 0) this.#threads.splice(index, 1);
  }

  #now(): number { return (this.#options.now ?? (() => performance.now()))(); }
}

function spawned(workers: Workers): WorkerLink {
  try {
    return workers.spawn();
  } catch (cause) {
    throw unavailable(String(cause), cause);
  }
}
