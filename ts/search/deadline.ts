/**
 * When an evaluation, which is one synchronous call, must have ended. Whoever evaluates tells how much was done, roughly, so that the
 * clock is looked at about once in a millisecond and never in a hot loop. Of what is evaluated it knows nothing.
 */
import { VectileError } from '../errors.js';

/** Milliseconds of an evaluation whose call has no limit of its own. */
export const EVALUATION_MS = 10_000;

/** Of about 0.1 µs each. */
const UNITS = 10_000;

/** What is left of one, for another thread, whose clock began at another time. Plain data. */
export interface DeadlineLeft {
  readonly leftMs: number;
  readonly timeoutMs: number | undefined;
}

export class Deadline {
  /** As of performance.now(). */
  readonly #end: number;
  readonly #timeoutMs: number | undefined;
  readonly #expected: string;
  #left = UNITS;

  /** From now on. `timeoutMs`: of the call; without it the evaluation has a limit of its own. `leftMs`: what is left of it. */
  constructor(timeoutMs?: number, leftMs = timeoutMs ?? EVALUATION_MS) {
    this.#end = performance.now() + leftMs;
    this.#timeoutMs = timeoutMs;
    this.#expected = timeoutMs === undefined ? `an evaluation of at most ${EVALUATION_MS} ms, or a limit that allows more` : `the call to end within ${timeoutMs} ms`;
  }

  /** The same deadline, told by another thread. */
  static from({ timeoutMs, leftMs }: DeadlineLeft): Deadline { return new Deadline(timeoutMs, leftMs); }

  left(): DeadlineLeft { return { leftMs: this.#end - performance.now(), timeoutMs: this.#timeoutMs }; }

  /** So much was done or is to be done next. Throws TIMEOUT. */
  spend(units: number): void {
    if ((this.#left -= units) < 0) this.check();
  }

  /** Throws TIMEOUT if the time is over. */
  check(): void {
    this.#left = UNITS;
    if (performance.now() >= this.#end) throw this.error();
  }

  error(): VectileError {
    return new VectileError('TIMEOUT', `timeoutMs: expected ${this.#expected}, got longer`);
  }
}
