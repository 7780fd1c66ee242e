/** What kinds of runtime do differently for the encoder; its entry says. */
import type { WorkerLink } from '../worker/workers.js';
import type { CoreSource } from './core.js';

export interface EncoderRuntime {
  /** The core, as bytes or compiled; for where there are no threads, or shall be none. */
  core(): Promise<CoreSource>;
  /** What serves an encoder (host.ts) must be in it. Missing where there are no threads. */
  spawn?(): WorkerLink;
  /** Of a path or a file: URL. Missing where there are no files. */
  readFile?(place: string): Promise<Uint8Array>;
}

let provided: EncoderRuntime | undefined;

/** Called by an entry when it is imported. */
export function provideEncoder(runtime: EncoderRuntime): void {
  provided = runtime;
}

export const runtimeHere = (): EncoderRuntime => provided!;
