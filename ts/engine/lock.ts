/**
 * A readers–writer lock in shared memory: one writer, the owner of an index, and readers in other threads, each with a
 * place of its own. It knows nothing of indexes.
 *
 *   i32 ─► ┌────────┬────────────┬────────┬─────────┬───────────┬─────┬─────────┬─────────┬───┐
 *          │ writer │ generation │ paused │ changes │ stamp i64 │     │ place 0 │ place 1 │ … │   64 bytes each
 *          └────────┴────────────┴────────┴─────────┴───────────┴─────┴─────────┴─────────┴───┘
 *
 * A reader says in its place that it is in, then looks whether the writer is; the writer says that it is in, then looks at
 * every place. So one of them sees the other, whoever was first, and readers touch no memory of each other's. Who comes
 * while the writer is in waits, and the writer, when it leaves, lets in all who wait before it can come back; whoever comes
 * while the writer waits has to wait, too. So neither starves the other.
 */
const enum Word {
  /** 1 while the writer is in, or waits to be. */
  Writer = 0,
  /** Raised when the index has moved to another memory. */
  Generation = 1,
  /** 1 while the owner alone shall answer. */
  Paused = 2,
  /** Raised by every change; wraps. */
  Changes = 3,
  /** In i64 words. */
  Stamp = 2,
  Places = 16,
  PerPlace = 16,
}

/** Of a place. */
const enum State {
  Free = 0,
  /** A reader has it, and is not in. */
  Out = 1,
  In = 2,
  Waiting = 3,
  /** In for so long that the owner has left the memory to it. */
  Lost = 4,
}

export const PLACES = 32;
const LOCK_BYTES = 4 * (Word.Places + Word.PerPlace * PLACES);
/** How long each waits for the other. A search or a change takes milliseconds, in a big flat index a second. */
const WRITER_PATIENCE_MS = 5000;
const READER_PATIENCE_MS = 200;

class Lock {
  protected readonly words: Int32Array;
  protected readonly stamps: BigInt64Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.stamps = new BigInt64Array(buffer);
  }

  get generation(): number { return Atomics.load(this.words, Word.Generation); }
  /** Another number after every change. */
  get changes(): number { return Atomics.load(this.words, Word.Changes); }
  get stamp(): number { return Number(Atomics.load(this.stamps, Word.Stamp)); }
  set stamp(seq: number) { Atomics.store(this.stamps, Word.Stamp, BigInt(seq)); }
  get isPaused(): boolean { return Atomics.load(this.words, Word.Paused) === 1; }
  set isPaused(paused: boolean) { Atomics.store(this.words, Word.Paused, Number(paused)); }

  /** True if the place was in the state `from`, and is in `to` now. */
  protected turn(place: number, from: State, to: State): boolean {
    return Atomics.compareExchange(this.words, placeAt(place), from, to) === from;
  }
}

/** The writer's side. */
export class WriterLock extends Lock {
  #depth = 0;
  /** Places that were ever taken are below it. */
  #places = 0;

  constructor() {
    super(new SharedArrayBuffer(LOCK_BYTES));
  }

  /** As many as were in use at a time. */
  get places(): number { return this.#places; }

  /** A free place, or −1. */
  takePlace(): number {
    for (let place = 0; place < PLACES; place++) {
      if (!this.turn(place, State.Free, State.Out)) continue;
      this.#places = Math.max(this.#places, place + 1);
      return place;
    }
    return -1;
  }

  /**
   * Bars new readers and waits for those who are in; may be nested. False if one stays in beyond all patience: then nothing
   * must be changed that it may read. `leave` follows in either case.
   */
  enter(): boolean {
    if (this.#depth++) return true;
    Atomics.store(this.words, Word.Writer, 1);
    let end: number | undefined;
    for (let place = 0; place < this.#places; place++) {
      while (Atomics.load(this.words, placeAt(place)) === State.In) {
        const now = performance.now();
        end ??= now + WRITER_PATIENCE_MS;
        if (now >= end) return false;
        Atomics.wait(this.words, placeAt(place), State.In, end - now);
      }
    }
    return true;
  }

  leave(): void {
    if (--this.#depth) return;
    Atomics.add(this.words, Word.Changes, 1);
    Atomics.store(this.words, Word.Writer, 0);
    for (let place = 0; place < this.#places; place++) {
      if (this.turn(place, State.Waiting, State.In)) Atomics.notify(this.words, placeAt(place));
    }
  }

  /** The index lies elsewhere now. Readers that are in finish with what was. */
  move(): void {
    Atomics.add(this.words, Word.Generation, 1);
  }

  /** Waits no longer for those who are in: they have the former memory to themselves. */
  loseReaders(): void {
    for (let place = 0; place < this.#places; place++) this.turn(place, State.In, State.Lost);
  }
}

/** A reader's side. */
export class ReaderLock extends Lock {
  readonly #place: number;

  constructor(buffer: SharedArrayBuffer, place: number) {
    super(buffer);
    this.#place = place;
  }

  /** Waits for the writer to leave; false if that takes too long, or the place was given back. `leave` follows if true. */
  enter(): boolean {
    const at = placeAt(this.#place);
    if (!this.turn(this.#place, State.Out, State.In)) return false;
    if (Atomics.load(this.words, Word.Writer) === 0) return true;
    const end = performance.now() + READER_PATIENCE_MS;
    for (;;) {
      this.turn(this.#place, State.In, State.Waiting);
      Atomics.notify(this.words, at); // the writer may have seen it in
      while (Atomics.load(this.words, Word.Writer) !== 0) {
        const now = performance.now();
        if (now < end) Atomics.wait(this.words, at, State.Waiting, end - now);
        const state = Atomics.load(this.words, at);
        if (state === State.In) return true; // let in
        if (state !== State.Waiting) return false;
        if (now >= end) return !this.turn(this.#place, State.Waiting, State.Out) && Atomics.load(this.words, at) === State.In;
      }
      if (!this.turn(this.#place, State.Waiting, State.In)) return Atomics.load(this.words, at) === State.In;
      if (Atomics.load(this.words, Word.Writer) === 0) return true;
    }
  }

  leave(): void {
    if (!this.turn(this.#place, State.In, State.Out)) this.turn(this.#place, State.Lost, State.Out);
    if (Atomics.load(this.words, Word.Writer) !== 0) Atomics.notify(this.words, placeAt(this.#place));
  }
}

/** Gives a place back, in whatever state; whoever had it must be done with it, or be dead. From any thread. */
export function freePlace(buffer: SharedArrayBuffer, place: number): void {
  const words = new Int32Array(buffer);
  Atomics.store(words, placeAt(place), State.Free);
  Atomics.notify(words, placeAt(place));
}

function placeAt(place: number): number {
  return Word.Places + Word.PerPlace * place;
}
