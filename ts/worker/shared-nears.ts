/**
 * Searches by nearness of one shard in several threads: while its own one is busy, another one with less to do searches the index
 * over shared memory. It is never needed: wherever it cannot be, the shard's own thread answers, with the same.
 */
import { releaseReader, type IndexShare } from '../engine/shared-reader.js';
import type { Near, NearOptions } from '../shard/types.js';
import type { Thread } from './thread.js';

/** Of one index, in one thread. */
interface Reading {
  readonly number: number;
  readonly share: IndexShare;
  /** False until it can be asked. */
  isReady: boolean;
}

/** Where a share could not be had, or a reader has not answered, it is left alone for so long. */
const PATIENCE_MS = 200;

let readings = 0;

export class SharedNears {
  readonly #owner: Thread;
  readonly #shard: number;
  readonly #threads: () => readonly Thread[];
  /** By named vector, and thread. */
  readonly #fields = new Map<number, Map<Thread, Reading>>();
  /** By named vector: when it is tried again. */
  readonly #retryAt = new Map<number, number>();
  #isEnded = false;

  /** `shard`: its number in the thread that owns it. */
  constructor(owner: Thread, shard: number, threads: () => readonly Thread[]) {
    this.#owner = owner;
    this.#shard = shard;
    this.#threads = threads;
  }

  /** It is sent off at once, so that who comes next sees how much each has to do. */
  near(field: number, query: Float32Array, options: NearOptions, askOwner: () => Promise<Near>): Promise<Near> {
    const { filter, keys } = options;
    if (filter || keys?.length || !this.#owner.waiting || performance.now() < (this.#retryAt.get(field) ?? 0)) return askOwner();
    const thread = this.#idlest();
    const reading = thread && this.#fields.get(field)?.get(thread);
    if (thread && !reading) void this.#begin(field, thread);
    return reading?.isReady ? this.#read(thread!, reading.number, field, query, options, askOwner) : askOwner();
  }

  async #read(
    thread: Thread, number: number, field: number, query: Float32Array, { k, ef, oversampling }: NearOptions, askOwner: () => Promise<Near>,
  ): Promise<Near> {
    const found = await thread.readNear(number, query, { k, ef, oversampling }).catch(() => null);
    if (found) return { slots: [...found.slots], distances: [...found.distances], seq: found.seq };
    // what is written is in the owner's hands for a while
    this.#retryAt.set(field, performance.now() + PATIENCE_MS);
    if (found === null) this.#endOne(field, thread, number);
    return askOwner();
  }

  /** The shard is closed, or its thread is lost. */
  end(): void {
    this.#isEnded = true;
    for (const [field, byThread] of this.#fields) for (const thread of byThread.keys()) this.#endOne(field, thread);
  }

  /** One that has less to do than the owner. */
  #idlest(): Thread | undefined {
    let idlest: Thread | undefined;
    let least = this.#owner.waiting;
    for (const thread of this.#threads()) {
      if (thread === this.#owner || thread.isLost || thread.waiting >= least) continue;
      idlest = thread;
      least = thread.waiting;
    }
    return idlest;
  }

  async #begin(field: number, thread: Thread): Promise<void> {
    this.#retryAt.set(field, Infinity); // one at a time
    let patienceMs = PATIENCE_MS;
    try {
      await thread.ready;
      const share = await this.#owner.share(this.#shard, field);
      if (!share) return;
      if (this.#isEnded) return releaseReader(share);
      const reading: Reading = { number: ++readings, share, isReady: false };
      let byThread = this.#fields.get(field);
      if (!byThread) this.#fields.set(field, byThread = new Map());
      byThread.set(thread, reading);
      reading.isReady = await thread.beginReading(reading.number, share);
      if (reading.isReady) patienceMs = 0;
      else this.#endOne(field, thread);
    } catch {
      this.#endOne(field, thread); // one of the two threads was lost
    } finally {
      this.#retryAt.set(field, performance.now() + patienceMs);
    }
  }

  /** `number`: only that one, if it is not another by now. */
  #endOne(field: number, thread: Thread, number?: number): void {
    const reading = this.#fields.get(field)?.get(thread);
    if (!reading || number !== undefined && reading.number !== number) return;
    this.#fields.get(field)!.delete(thread);
    if (thread.isLost) releaseReader(reading.share);
    else void thread.endReading(reading.number).catch(() => releaseReader(reading.share));
  }
}
