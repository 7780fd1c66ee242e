/**
 * A thread, supervised: when it is lost, whoever waits for it is told, and whoever asks it later. The calls themselves are comlink's,
 * which would wait for ever.
 */
import { expose, transfer, wrap, type Remote } from 'comlink';
import type { IndexShare } from '../engine/shared-reader.js';
import { VectileError } from '../errors.js';
import { transfersOf, pack, unpack, type Packed } from './pack.js';
import type { Answer, Method, PoolApi, Setup, ShardDescription, SharedNear, SharedSearch, ThreadApi } from './protocol.js';
import { unavailable, type WorkerLink } from './workers.js';

export interface ThreadHost {
  /** What was written to a shard, where no answer tells it. */
  told(shard: number, answer: Answer): void;
  /** At once when it is lost, before anyone else hears of it. `wasReady`: it may have had shards. */
  lost(wasReady: boolean): void;
  startMs: number;
}

export class Thread {
  /** Rejected with WORKER_UNAVAILABLE if it cannot be started. */
  readonly ready: Promise<void>;
  /** Shards that are open in it, or will be. */
  shards = 0;
  readonly #link: WorkerLink;
  // each made once: comlink makes a proxy whenever one is asked for
  readonly #start: Remote<ThreadApi>['start'];
  readonly #open: Remote<ThreadApi>['open'];
  readonly #call: Remote<ThreadApi>['call'];
  readonly #abort: Remote<ThreadApi>['abort'];
  readonly #stop: Remote<ThreadApi>['stop'];
  readonly #share: Remote<ThreadApi>['share'];
  readonly #beginReading: Remote<ThreadApi>['beginReading'];
  readonly #readNear: Remote<ThreadApi>['readNear'];
  readonly #endReading: Remote<ThreadApi>['endReading'];
  readonly #waiting = new Set<Waiting>();
  #signals = 0;
  #isReady = false;
  #lost: string | undefined;
  #ended: Promise<void> | undefined;

  constructor(link: WorkerLink, setup: Promise<Setup>, host: ThreadHost) {
    this.#link = link;
    const api: PoolApi = { told: (shard, answer) => host.told(shard, unpack(answer, true) as Answer) };
    expose(api, link.endpoint);
    // kept for as long as the thread: comlink takes leave of the other end when these are forgotten
    const remote = wrap<ThreadApi>(link.endpoint);
    this.#start = remote.start;
    this.#open = remote.open;
    this.#call = remote.call;
    this.#abort = remote.abort;
    this.#stop = remote.stop;
    this.#share = remote.share;
    this.#beginReading = remote.beginReading;
    this.#readNear = remote.readNear;
    this.#endReading = remote.endReading;
    link.onLost = (why) => this.#lose(why, host);
    this.ready = this.#started(setup, host.startMs);
    this.ready.catch(() => void this.end());
  }

  /** Calls that have not been answered. */
  get waiting(): number { return this.#waiting.size; }

  get isLost(): boolean { return this.#lost !== undefined; }

  /** Resolves when it has ended. */
  end(): Promise<void> {
    this.#lost ??= 'was ended';
    return (this.#ended ??= this.#link.end());
  }

  open(shard: number, description: ShardDescription, isAfterLoss: boolean): Promise<Answer> {
    return this.#asked(() => this.#open(shard, description, isAfterLoss));
  }

  async call(shard: number, method: Method, args: readonly unknown[], signal?: AbortSignal): Promise<Answer> {
    const packed = pack(args);
    const send = (number: number) => this.#asked(() => this.#call(shard, method, transfer(packed, transfersOf(packed)), number));
    if (!signal) return send(0);
    const number = ++this.#signals;
    const abort = () => void this.#abort(number);
    const answer = send(number);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    try {
      return await answer;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** As in ThreadApi. */
  share(shard: number, field: number): Promise<IndexShare | undefined> { return this.#sent(() => this.#share(shard, field)); }
  beginReading(reading: number, share: IndexShare): Promise<boolean> { return this.#sent(() => this.#beginReading(reading, share)); }
  readNear(reading: number, query: Float32Array, search: SharedSearch): Promise<SharedNear | undefined | null> {
    return this.#sent(() => this.#readNear(reading, query, search));
  }
  endReading(reading: number): Promise<void> { return this.#sent(() => this.#endReading(reading)); }

  /** Has it close the store, and ends it. Its shards must be closed. */
  async stop(): Promise<Answer | undefined> {
    try {
      await this.ready.catch(() => {});
      return this.isLost ? undefined : await this.#asked(() => this.#stop());
    } finally {
      await this.end();
    }
  }

  async #started(setup: Promise<Setup>, startMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const given = await setup;
      timer = setTimeout(() => this.#link.onLost(`no answer within ${startMs} ms`), startMs);
      const { error } = await this.#asked(() => this.#start(given));
      if (error) throw error;
      this.#isReady = true;
    } catch (cause) {
      throw cause instanceof VectileError && cause.code === 'WORKER_LOST' ? unavailable(this.#lost!, cause) : cause;
    } finally {
      clearTimeout(timer);
    }
  }

  async #asked(send: () => Promise<Packed>): Promise<Answer> { return unpack(await this.#sent(send), true) as Answer; }

  #sent<T>(send: () => Promise<T>): Promise<T> {
    if (this.#lost !== undefined) return Promise.reject(lostError(this.#lost));
    return new Promise<T>((resolve, reject) => {
      const own: Waiting = { refuse: (why) => reject(lostError(why)) };
      const leave = () => {
        this.#waiting.delete(own);
        own.refuse = undefined;
        if (!this.#waiting.size) this.#link.hold(false);
      };
      if (!this.#waiting.size) this.#link.hold(true);
      this.#waiting.add(own);
      send().finally(leave).then(resolve, reject);
    });
  }

  #lose(why: string, host: ThreadHost): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    host.lost(this.#isReady);
    void this.end();
    for (const { refuse } of this.#waiting) refuse?.(why);
    this.#waiting.clear();
    this.#link.hold(false);
  }
}

/** Who waits for an answer. A set keeps what was deleted from it for a while: then nothing hangs on it. */
interface Waiting { refuse: ((why: string) => void) | undefined }

function lostError(why: string): VectileError {
  return new VectileError('WORKER_LOST', `worker: expected an answer, got its end (${why}); a write that was asked for may have taken place or not`);
}
