/** What an encoder and its threads say to each other: plain data. */
import type { ErrorCode } from '../errors.js';

export type Request =
  | { kind: 'open'; model: Uint8Array }
  /** `call`: a number that no other one has had, from 1. */
  | { kind: 'embed'; call: number; texts: readonly string[] }
  | { kind: 'abort'; call: number };

export interface Answer {
  /** That of the request; 0 for `open`. */
  call: number;
  /** One row for each text. */
  vectors?: Float32Array<ArrayBuffer>;
  error?: { code: ErrorCode; message: string };
}
