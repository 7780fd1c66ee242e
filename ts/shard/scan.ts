/** Reads a file from its beginning to its end. */
import type { BlobStore } from '../storage/storage.js';

/** Bytes read at a time. */
const SYNC_BYTES = 256 << 10;
/** The same where reading must be waited for: each time takes its while. */
const ASYNC_BYTES = 4 << 20;

export class Scan {
  readonly #blobs: BlobStore;
  readonly #name: string;
  readonly #end: number;
  /** Where the store reads at once: filled again and again, as fresh memory costs more than reading into it. */
  readonly #buffer: Uint8Array | undefined;
  #ahead: { from: number; bytes: Promise<Uint8Array> } | undefined;

  constructor(blobs: BlobStore, name: string, end: number) {
    this.#blobs = blobs;
    this.#name = name;
    this.#end = end;
    this.#buffer = blobs.getRangeSync && new Uint8Array(Math.min(SYNC_BYTES, end));
  }

  /** What comes from there on, valid until the next is asked for. */
  read(from: number): Uint8Array | Promise<Uint8Array> {
    if (this.#buffer) return this.#blobs.getRangeSync!(this.#name, from, Math.min(this.#buffer.length, this.#end - from), this.#buffer);
    return this.#ahead?.from === from ? this.#ahead.bytes : this.#readLater(from);
  }

  /** From there on will be read next: where reading must be waited for, it begins. */
  readAhead(from: number): void {
    if (this.#buffer || from >= this.#end) return;
    this.#ahead = { from, bytes: this.#readLater(from) };
    this.#ahead.bytes.catch(() => {}); // whoever comes for it is told
  }

  #readLater(from: number): Promise<Uint8Array> {
    return this.#blobs.getRange(this.#name, from, Math.min(ASYNC_BYTES, this.#end - from));
  }
}
