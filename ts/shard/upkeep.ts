/**
 * What a shard does beside answering: vectors are linked and the inverted index is kept up, a slice at a time; objects are flushed and
 * snapshots written when they are due, by one writer of files at a time; and writes wait while too much of that is left.
 */
import { VectileError } from '../errors.js';
import type { ShardLog } from '../storage/storage.js';
import { pause } from './pause.js';
import { deleteUnnamed, writeSnapshot, type SnapshotPlace } from './snapshot.js';
import type { ShardState } from './state.js';

/** Milliseconds of background work between two turns of everything else. */
const SLICE_MS = 2;
/** Writes wait while so much is not linked, or hidden from an index that is being written; and while searches are behind. */
const UNLINKED_MAX = 20_000;
const UNLINKED_BYTES_MAX = 64 << 20;
const HIDDEN_MAX = 1000;
/** Objects in memory are flushed past the first, and writes wait past the second. */
const UNFLUSHED_BYTES = 16 << 20;
export const UNFLUSHED_BYTES_MAX = 64 << 20;
/** A snapshot is due when so much was logged, and twice as much as the last one wrote beside segments. */
const SNAPSHOT_BYTES = 16 << 20;

/** The shard, as upkeep sees it. */
export interface UpkeepHost {
  readonly place: SnapshotPlace;
  readonly log: ShardLog;
  readonly readOnly: boolean;
  /** False before it is loaded, and once it is closed: then nothing is begun. */
  readonly isOpen: boolean;
  /** What it answers from now. */
  readonly state: ShardState;
  readonly failure: VectileError | undefined;
  /** Why nothing may be written, if so. */
  refusal(): VectileError | undefined;
  /** From here on, writes are refused. */
  fail(cause: unknown, expected: string): void;
  now(): number;
}

export class Upkeep {
  readonly #host: UpkeepHost;
  /** Bytes of records since the snapshot, and what the last one wrote beside segments. */
  #logged = 0;
  #overhead = 0;
  #loggedInAll = 0;
  #overheadInAll = 0;
  #working: Promise<void> | undefined;
  #isSnapshotting = false;
  #isFlushing = false;
  /** Bytes logged at which background writing is tried again after it failed. */
  #retryAt = 0;
  #jobs: Promise<unknown> = Promise.resolve();
  #logTurn: Promise<unknown> = Promise.resolve();
  #waiting: (() => void)[] = [];

  constructor(host: UpkeepHost) {
    this.#host = host;
  }

  /** Bytes written so far, other than those of segments. */
  get written(): { snapshots: number; log: number } { return { snapshots: this.#overheadInAll, log: this.#loggedInAll }; }

  /** Opening would have much to replay. */
  get isSnapshotWorthwhile(): boolean { return this.#logged * 4 > this.#overhead; }

  /** All that is after the snapshot is about to be replayed. */
  beginReplay(): void { this.#logged = 0; }

  replayed(bytes: number): void { this.#logged += bytes; }

  /** Appends and trims do not overlap. */
  async append(records: readonly Uint8Array[], append: () => Promise<void>): Promise<void> {
    await this.#onLog(append);
    const bytes = records.reduce((sum, record) => sum + record.length, 0);
    this.#logged += bytes;
    this.#loggedInAll += bytes;
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#host.isOpen) this.#working ??= this.#work();
  }

  /** Waits for what is under way. */
  async idle(): Promise<void> {
    await this.#jobs;
    await this.#working;
  }

  /** Waits until at most so many vectors are not linked. */
  async settle(unlinkedMax: number, signal?: AbortSignal): Promise<void> {
    while (this.#host.isOpen && this.#host.state.unlinked > unlinkedMax && !signal?.aborted) await this.#progress();
  }

  /** Waits until the next write may come. */
  async room(): Promise<void> {
    if (this.#host.state.objects.unflushedBytes > UNFLUSHED_BYTES_MAX) await this.exclusive(() => this.#host.state.objects.flush());
    while (this.#isFull()) await this.#progress();
  }

  /** One writer of files at a time. */
  exclusive<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#jobs.then(job);
    this.#jobs = result.catch(() => {}).then(() => this.wake());
    return result;
  }

  /** Writes a snapshot, and trims the log. `compactFully`: all segments are freed of what is out of use. */
  snapshot(compactFully = false): Promise<void> { return this.exclusive(() => this.#writeSnapshot(compactFully)); }

  #isFull(): boolean {
    const { fields, search } = this.#host.state;
    for (const { unlinked, hidden, spec } of fields.values()) {
      if (unlinked > UNLINKED_MAX || unlinked * spec.dimensions * 4 > UNLINKED_BYTES_MAX || hidden > HIDDEN_MAX) return true;
    }
    return search.isBehind;
  }

  /** Resolves after the next slice of work. */
  #progress(): Promise<void> {
    if (this.#host.failure) return Promise.reject(this.#host.failure);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.wake();
    });
  }

  async #work(): Promise<void> {
    const host = this.#host;
    try {
      for (let isBusy = true; isBusy && host.isOpen;) {
        await pause();
        if (!host.isOpen) break;
        const { fields, search } = host.state;
        isBusy = false;
        for (const field of fields.values()) isBusy = field.work(SLICE_MS) || isBusy;
        isBusy = search.work(SLICE_MS) || isBusy;
        this.#writeIfDue();
        this.#release();
      }
    } catch (cause) {
      // such as a full memory, or a damaged vector that was to be stored another way: all is in the log and the segments
      host.fail(cause, 'to link vectors');
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
    const { readOnly, failure, state: { objects } } = this.#host;
    if (readOnly || failure || this.#logged < this.#retryAt) return;
    if (!this.#isSnapshotting && this.#logged > Math.max(SNAPSHOT_BYTES, 2 * this.#overhead)) {
      this.#isSnapshotting = true;
      void this.snapshot().catch(() => this.#giveUp()).finally(() => { this.#isSnapshotting = false; });
    } else if (!this.#isFlushing && !this.#isSnapshotting && objects.unflushedBytes > UNFLUSHED_BYTES) {
      this.#isFlushing = true;
      void this.exclusive(() => objects.flush()).catch(() => this.#giveUp()).finally(() => { this.#isFlushing = false; });
    }
  }

  /** What could not be written stays in the log and in memory; it is tried again later, and by writes that need the room. */
  #giveUp(): void { this.#retryAt = this.#logged + UNFLUSHED_BYTES / 4; }

  #onLog<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#logTurn.then(work);
    this.#logTurn = result.catch(() => {});
    return result;
  }

  async #writeSnapshot(compactFully: boolean): Promise<void> {
    const host = this.#host;
    const refusal = host.refusal();
    if (refusal) throw refusal;
    const { place, log, state } = host;
    let logged = 0;
    const moment = () => {
      logged = this.#logged;
      return { seq: state.seq, time: host.now() };
    };
    const written = await writeSnapshot(place, state, moment, compactFully);
    state.snapshot = written;
    this.#logged -= logged;
    this.#retryAt = 0;
    this.#overhead = written.overhead;
    this.#overheadInAll += written.overhead;
    await this.#onLog(() => log.trim(written.manifest.seq + 1));
    await deleteUnnamed(place, written.manifest, state.objects);
  }
}
