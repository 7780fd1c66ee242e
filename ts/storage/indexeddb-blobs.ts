/**
 * Blobs as Blobs of the browser's, which keeps each in a file of its own and reads any part of it; beside it the checksums of
 * its blocks. A large one is of several parts: the browser has all of a part in memory until it is written. New parts are written
 * beside the old ones, and one transaction puts them in their place.
 */
import { VectileError } from '../errors.js';
import { under, type IndexedDbHost } from './indexeddb.js';
import { laneChecksum } from './lane-checksum.js';
import type { BlobInfo, BlobStore } from './storage.js';

/** What a checksum is of; the last block is shorter. An object is read with the whole block it lies in. */
const BLOCK_BYTES = 64 << 10;
/** So many of a put are in this thread; those before are with the browser: 4 MB. */
const BLOCKS_AT_ONCE = 64;
/** Of all parts but the last: 64 MB. */
const PART_BLOCKS = 1024;
/** Blobs whose ranges are read without a transaction, those used last. */
const FILES_MAX = 64;
/** Of blocks that are kept, those used last, because objects were read that lie in them: 16 MB. */
const KEPT_MAX = 256;
/** What reaches over more of them is a scan, of which nothing is kept. */
const KEPT_AT_ONCE = 4;

/** By name. */
interface FileRow {
  bytes: number;
  etag: string;
  /** That of its parts; those of others are of puts that have not ended. */
  generation: string;
}

/** By [name, generation, index]. */
interface PartRow {
  content: Blob;
  /** Of each block. */
  checksums: Uint32Array;
}

/** All parts of a file. */
interface File extends FileRow, PartRow {}

export class IndexedDbBlobs implements BlobStore {
  readonly #host: IndexedDbHost;
  #puts = 0;
  /** Of blobs that ranges were read of, least recently used first; of one that another thread has replaced or deleted, what was. */
  readonly #files = new Map<string, Promise<File | undefined>>();
  /** Blocks that fit their checksums, by name, generation and index; least recently used first. */
  readonly #kept = new Map<string, Promise<Uint8Array>>();

  constructor(host: IndexedDbHost) {
    this.#host = host;
  }

  put(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ etag: string; bytes: number }> {
    return this.#put(name, chunks, () => {});
  }

  putIfAbsent(name: string, bytes: Uint8Array): Promise<{ etag: string }> {
    return this.#put(name, [bytes], (former) => {
      if (former) throw new VectileError('BLOB_CONFLICT', `${name}: expected no blob, got one`);
    });
  }

  putIfMatch(name: string, bytes: Uint8Array, etag: string): Promise<{ etag: string }> {
    return this.#put(name, [bytes], (former) => {
      if (former?.etag !== etag) throw new VectileError('BLOB_CONFLICT', `${name}: expected ${etag}, got ${former?.etag ?? 'none'}`);
    });
  }

  get(name: string): Promise<{ bytes: Uint8Array; etag: string } | undefined> {
    this.release(name);
    return this.#read(name, 0);
  }

  async getRange(name: string, start: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    const found = await this.#read(name, start, length, into);
    if (!found) throw new VectileError('BLOB_MISSING', `${this.#where(name)}: expected a blob, got none`);
    return found.bytes;
  }

  list(prefix: string): Promise<BlobInfo[]> {
    return this.#host.connection.read(['files'], async (rows) => {
      const names = await rows('files').keys<string>(under(prefix));
      const files = await rows('files').getAll<FileRow>(under(prefix));
      return names.map((name, i) => ({ name, bytes: files[i]!.bytes }));
    });
  }

  async delete(name: string): Promise<void> {
    this.#host.checkWritable();
    await this.#host.connection.write(['files', 'parts'], 'strict', async (rows) => {
      const file = await rows('files').get<FileRow>(name);
      if (!file) return;
      rows('files').delete(name);
      rows('parts').delete(partsOf(name, file.generation));
    });
    this.release(name);
  }

  release(prefix: string): void {
    for (const held of [this.#files, this.#kept]) for (const key of held.keys()) if (key.startsWith(prefix)) held.delete(key);
  }

  async #put(
    name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, check: (former: FileRow | undefined) => void,
  ): Promise<{ etag: string; bytes: number }> {
    this.#host.checkWritable();
    const { connection, epoch, tag } = this.#host;
    const generation = `${epoch}${tag}-${this.#puts++}`;
    let part: BlobPart[] = [];
    let waiting: BlobPart[] = [];
    let checksums: number[] = [];
    const all: number[] = [];
    let bytes = 0;
    const partRow = (): PartRow => ({ content: new Blob([...part, ...waiting]), checksums: Uint32Array.from(checksums) });
    let index = 0;
    try {
      for await (const block of blocksOf(chunks)) {
        // strictly, here and below: Chromium has it in a file, which no later transaction makes durable
        if (checksums.length === PART_BLOCKS) {
          const row = partRow();
          const key = [name, generation, index++];
          await connection.write(['parts'], 'strict', (rows) => rows('parts').put(row, key));
          [part, waiting, checksums] = [[], [], []];
        }
        const checksum = laneChecksum(block);
        checksums.push(checksum);
        all.push(checksum);
        bytes += block.length;
        waiting.push(block);
        if (waiting.length < BLOCKS_AT_ONCE) continue;
        part.push(new Blob(waiting));
        waiting = [];
      }
      const etag = `${bytes}-${laneChecksum(new Uint8Array(Uint32Array.from(all).buffer)).toString(16).padStart(8, '0')}`;
      const row = partRow();
      await connection.write(['files', 'parts'], 'strict', async (rows) => {
        const former = await rows('files').get<FileRow>(name);
        if (former?.generation !== generation) { // or else it is done once more
          check(former);
          if (former) rows('parts').delete(partsOf(name, former.generation));
        }
        rows('parts').put(row, [name, generation, index]);
        rows('files').put({ bytes, etag, generation } satisfies FileRow, name);
      });
      this.release(name);
      return { etag, bytes };
    } catch (cause) {
      if (index) await this.#forget(name, generation);
      throw cause;
    }
  }

  /** Removes the parts of a put that has failed, unless it is there after all. What cannot be removed is swept when the store is opened. */
  async #forget(name: string, generation: string): Promise<void> {
    await this.#host.connection.write(['files', 'parts'], 'relaxed', async (rows) => {
      if ((await rows('files').get<FileRow>(name))?.generation !== generation) rows('parts').delete(partsOf(name, generation));
    }).catch(() => {});
  }

  /** Removes what puts have left that were cut short, of blobs whose name starts with `prefix`, of which none may be under way. */
  async sweep(prefix: string): Promise<void> {
    await this.#host.connection.write(['files', 'parts'], 'relaxed', async (rows) => {
      const first = async (range: IDBKeyRange) => (await rows('parts').keys<[string, string, number]>(range, 1))[0];
      // from each generation straight to the next
      for (let key = await first(IDBKeyRange.lowerBound([prefix])); key?.[0].startsWith(prefix); key = await first(IDBKeyRange.lowerBound([key[0], key[1], []]))) {
        const [name, generation] = key;
        if ((await rows('files').get<FileRow>(name))?.generation !== generation) rows('parts').delete(partsOf(name, generation));
      }
    });
  }

  /** What there is of a blob from `start` on; undefined if there is no such blob. */
  async #read(name: string, start: number, length?: number, into?: Uint8Array): Promise<{ bytes: Uint8Array; etag: string } | undefined> {
    for (let isAgain = false; ; isAgain = true) {
      const file = await this.#file(name);
      if (!file) return undefined;
      try {
        return { bytes: await this.#readOf(file, name, start, length ?? file.content.size, isAgain ? undefined : into), etag: file.etag };
      } catch (cause) {
        if (cause instanceof VectileError) throw cause;
        // a browser that has lost its connection to the database does not know the file any more, either
        if (isAgain) throw this.#damage(name, start, 'a file that can be read', String(cause), cause);
        this.release(name);
      }
    }
  }

  async #readOf(file: File, name: string, start: number, length: number, into: Uint8Array | undefined): Promise<Uint8Array> {
    const { content, generation } = file;
    const end = start + length;
    if (end > content.size) throw this.#damage(name, start, `${length} bytes`, `${Math.max(0, content.size - start)}`);
    const first = Math.floor(start / BLOCK_BYTES);
    const last = Math.ceil(end / BLOCK_BYTES);
    if (last - first > KEPT_AT_ONCE) {
      const from = start - first * BLOCK_BYTES;
      const blocks = await this.#blocks(file, name, first, last, into);
      return from && !into ? blocks.slice(from, from + length) : blocks.subarray(from, from + length);
    }
    const bytes = new Uint8Array(length);
    await Promise.all(Array.from({ length: last - first }, async (_, i) => {
      const from = (first + i) * BLOCK_BYTES;
      const block = await use(this.#kept, `${name}\n${generation}\n${first + i}`, KEPT_MAX, () => this.#blocks(file, name, first + i, first + i + 1));
      bytes.set(block.subarray(Math.max(0, start - from), end - from), Math.max(0, from - start));
    }));
    return bytes;
  }

  /** The blocks from `first` to before `last`, checked. */
  async #blocks({ content, checksums }: File, name: string, first: number, last: number, into?: Uint8Array): Promise<Uint8Array> {
    const bytes = await bytesOf(content.slice(first * BLOCK_BYTES, last * BLOCK_BYTES), into);
    for (let i = first; i < last; i++) {
      const from = (i - first) * BLOCK_BYTES;
      if (laneChecksum(bytes.subarray(from, from + BLOCK_BYTES)) !== checksums[i]) throw this.#damage(name, i * BLOCK_BYTES, 'a block that fits its checksum', 'another');
    }
    return bytes;
  }

  #file(name: string): Promise<File | undefined> {
    return use(this.#files, name, FILES_MAX, () => this.#host.connection.read(['files', 'parts'], async (rows) => {
      const file = await rows('files').get<FileRow>(name);
      if (!file) return undefined;
      const parts = await rows('parts').getAll<PartRow>(partsOf(name, file.generation));
      const content = new Blob(parts.map((part) => part.content));
      const checksums = Uint32Array.from(parts.flatMap((part) => [...part.checksums ?? []]));
      const got = `${content.size} bytes and ${checksums.length} checksums`;
      if (content.size !== file.bytes || checksums.length !== Math.ceil(file.bytes / BLOCK_BYTES)) throw this.#damage(name, 0, `${file.bytes} bytes and a checksum of each block`, got);
      return { ...file, content, checksums };
    }));
  }

  #where(name: string): string { return `${this.#host.connection.name}, blob ${name}`; }

  #damage(name: string, at: number, expected: string, got: string, cause?: unknown): VectileError {
    return new VectileError('STORAGE_CORRUPT', `${this.#where(name)}, byte ${at}: expected ${expected}, got ${got}`, { cause });
  }
}

function partsOf(name: string, generation: string): IDBKeyRange {
  return IDBKeyRange.bound([name, generation], [name, generation, []]);
}

/** What is held under a key, now the one used last; it is found if it is not there. Neither failures are held nor nothing. */
function use<T>(held: Map<string, Promise<T>>, key: string, max: number, find: () => Promise<T>): Promise<T> {
  const there = held.get(key);
  const found = there ?? find();
  held.delete(key);
  held.set(key, found);
  if (there) return found;
  if (held.size > max) held.delete(held.keys().next().value!);
  found.catch(() => undefined).then((value) => { if (value === undefined && held.get(key) === found) held.delete(key); });
  return found;
}

/** What a Blob holds, at the beginning of `into` if it has the room and the browser can read into memory that is there. */
async function bytesOf(blob: Blob, into?: Uint8Array): Promise<Uint8Array> {
  const reader = into && into.buffer.byteLength >= blob.size ? readerInto(blob) : undefined;
  if (!reader) return new Uint8Array(await blob.arrayBuffer());
  let buffer = into!.buffer as ArrayBuffer;
  for (let at = 0; at < blob.size;) {
    const { value } = await reader.read(new Uint8Array(buffer, at, blob.size - at));
    if (!value?.length) throw new DOMException(`${blob.size - at} bytes are missing`, 'NotReadableError');
    buffer = value.buffer;
    at += value.length;
  }
  return new Uint8Array(buffer, 0, blob.size);
}

function readerInto(blob: Blob): ReadableStreamBYOBReader | undefined {
  try {
    return blob.stream().getReader({ mode: 'byob' });
  } catch {
    return undefined; // streams of Blobs give memory of their own there
  }
}

/** Chunks of exactly BLOCK_BYTES, but the last. */
async function* blocksOf(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let block = new Uint8Array(BLOCK_BYTES);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + BLOCK_BYTES - filled);
      block.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < BLOCK_BYTES) continue;
      yield block;
      block = new Uint8Array(BLOCK_BYTES);
      filled = 0;
    }
  }
  if (filled) yield block.subarray(0, filled);
}
