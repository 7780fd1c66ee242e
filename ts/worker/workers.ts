/** How this kind of runtime starts threads; its entry says. */

import type { Endpoint } from 'comlink';
import { VectileError } from '../errors.js';

/** A thread that was started, and its end. */
export interface WorkerLink {
  /** Where the thread has `self`, or what is that there. */
  readonly endpoint: Endpoint;
  /** To be called when the thread has ended by itself, or has failed in a way that nothing can be told of. `why`: in a few words. */
  onLost: (why: string) => void;
  /** Whether the process shall stay as long as the thread does. At first it shall not. */
  hold(isHeld: boolean): void;
  /** Ends the thread wherever it is; resolves when it does nothing any more. */
  end(): Promise<void>;
}

export interface Workers {
  /** Threads of a database that does not say how many. */
  readonly threads: number;
  /** What serves shards must be in it, see host.ts. Throws, or is lost at once, where there can be none. */
  spawn(): WorkerLink;
}

let provided: Workers | undefined;

/** Called by the entry of a runtime that has threads. */
export function provideWorkers(workers: Workers): void {
  provided = workers;
}

/** Undefined where there are none. */
export function workersHere(): Workers | undefined { return provided; }

/** `got`: what came instead of a thread. */
export function unavailable(got: string, cause: unknown): VectileError {
  const expected = 'a thread of the file that lies beside this one (a bundler and a content security policy must allow it), or threads: 0';
  return new VectileError('WORKER_UNAVAILABLE', `worker: expected ${expected}, got ${got}`, { cause });
}
