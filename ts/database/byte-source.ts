/** A stream of bytes in chunks of any size, read in pieces of the sizes that are asked for. */
import { invalid } from '../errors.js';

export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>;

export class Pieces {
  /** Bytes that were taken. */
  offset = 0;
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(source: ByteSource, argument: string) {
    this.#chunks = chunksOf(source, argument);
  }

  /** A copy of the next bytes; fewer at the end. */
  async take(bytes: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = bytes;
    while (missing > 0) {
      if (!this.#rest.length) {
        const { value, done } = await this.#chunks.next();
        if (done) break;
        if (!(value instanceof Uint8Array)) throw invalid('from', 'chunks of Uint8Array', value);
        this.#rest = value;
        continue;
      }
      const part = this.#rest.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    const taken = new Uint8Array(bytes - missing);
    let at = 0;
    for (const part of parts) {
      taken.set(part, at);
      at += part.length;
    }
    this.offset += taken.length;
    return taken;
  }

  /** Tells the source that no more will be asked for. */
  async close(): Promise<void> { await this.#chunks.return?.(); }
}

function chunksOf(source: ByteSource, argument: string): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
    // not every browser can iterate over a stream
    if ('getReader' in source) return chunksOfStream(source as ReadableStream<Uint8Array>);
  }
  throw invalid(argument, 'a stream of bytes', source);
}

async function* chunksOfStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
