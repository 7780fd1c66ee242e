/** Reads files from their beginning to their end, into the same memory again and again: fresh memory costs more than reading into it. */
import type { BlobStore } from '../storage/storage.js';

/** Bytes read at a time. */
const SYNC_BYTES = 256 << 10;
/** The same where reading must be waited for: each time takes its while. */
const ASYNC_BYTES = 16 << 20;
/** Room for what a backend must read around them. */
const AROUND_BYTES = 128 << 10;

export class Scan {
  readonly #blobs: BlobStore;
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** What a file of `end` bytes has from there on, valid until more is asked for. */
  read(name: string, from: number, end: number): Uint8Array | Promise<Uint8Array> {
    const { getRangeSync } = this.#blobs;
    const length = Math.min(getRangeSync ? SYNC_BYTES : ASYNC_BYTES, end - from);
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length + (getRangeSync ? 0 : AROUND_BYTES));
    return this.#blobs.getRangeSync?.(name, from, length, this.#buffer) ?? this.#readLater(name, from, length);
  }

  async #readLater(name: string, from: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#blobs.getRange(name, from, length, this.#buffer);
    this.#buffer = new Uint8Array(bytes.buffer);
    return bytes;
  }
}
