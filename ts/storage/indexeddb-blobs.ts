/** Blobs as chunks. New chunks are written beside the old ones, and one transaction puts them in their place. */
import { VectileError } from '../errors.js';
import { crc32c } from './crc32c.js';
import { under, type IndexedDbHost } from './indexeddb.js';
import type { BlobInfo, BlobStore } from './storage.js';

/** All chunks of a blob but the last have this size. An object is read with the whole chunk it lies in, a blob fastest in few. */
const CHUNK_BYTES = 128 << 10;
/** So many are read, or written, at a time, however large the blob: 4 MB. */
const CHUNKS_AT_ONCE = 32;
/** Of chunks that are kept, those used last, because objects were read that lie in them: 16 MB. */
const KEPT_MAX = 128;
/** What reaches over more of them is a scan, of which nothing is kept. */
const KEPT_AT_ONCE = 2;

/** By name. */
interface FileRow {
  bytes: number;
  etag: string;
  /** That of its chunks; those of others are of puts that have not ended. */
  generation: string;
}

/** By [name, generation, index]. */
interface ChunkRow {
  bytes: Uint8Array;
  crc: number;
}

interface Range {
  name: string;
  start: number;
  /** Undefined: to the end. */
  length?: number;
}

interface Found { file: FileRow; bytes: Uint8Array }

type Rows = Parameters<Parameters<IndexedDbHost['connection']['read']>[1]>[0];

export class IndexedDbBlobs implements BlobStore {
  readonly #host: IndexedDbHost;
  #puts = 0;
  /** Chunks that fitted their checksums, by name, generation and index; least recently used first. */
  readonly #kept = new Map<string, Uint8Array>();
  /** Ranges asked for in this turn, which one transaction reads. */
  #asked: { range: Range; resolve: (found: Found | undefined) => void; reject: (cause: unknown) => void }[] = [];

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

  async get(name: string): Promise<{ bytes: Uint8Array; etag: string } | undefined> {
    const found = await this.#read({ name, start: 0 });
    return found && { bytes: found.bytes, etag: found.file.etag };
  }

  async getRange(name: string, start: number, length: number): Promise<Uint8Array> {
    const found = await this.#read({ name, start, length });
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
    await this.#host.connection.write(['files', 'chunks'], 'strict', async (rows) => {
      const file = await rows('files').get<FileRow>(name);
      if (!file) return;
      rows('files').delete(name);
      rows('chunks').delete(generationOf(name, file.generation));
    });
  }

  release(prefix: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#kept.delete(key);
  }

  /** Removes what puts have left that were cut short, of blobs whose name starts with `prefix`, of which none may be under way. */
  async sweep(prefix: string): Promise<void> {
    await this.#host.connection.write(['files', 'chunks'], 'relaxed', async (rows) => {
      const first = async (range: IDBKeyRange) => (await rows('chunks').keys<[string, string, number]>(range, 1))[0];
      // from each generation straight to the next
      for (let key = await first(IDBKeyRange.lowerBound([prefix])); key?.[0].startsWith(prefix); key = await first(IDBKeyRange.lowerBound([key[0], key[1], []]))) {
        const [name, generation] = key;
        if ((await rows('files').get<FileRow>(name))?.generation !== generation) rows('chunks').delete(generationOf(name, generation));
      }
    });
  }

  async #put(
    name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, check: (former: FileRow | undefined) => void,
  ): Promise<{ etag: string; bytes: number }> {
    this.#host.checkWritable();
    const { connection, epoch, tag } = this.#host;
    const generation = `${epoch}${tag}-${this.#puts++}`;
    let bytes = 0;
    let crc = 0;
    let index = 0;
    let waiting: { row: ChunkRow; key: [string, string, number] }[] = [];
    try {
      for await (const chunk of sized(chunks)) {
        // strictly: Chromium puts large values into files of their own, which no later transaction makes durable
        if (waiting.length === CHUNKS_AT_ONCE) {
          const full = waiting;
          await connection.write(['chunks'], 'strict', (rows) => full.forEach(({ row, key }) => rows('chunks').put(row, key)));
          waiting = [];
        }
        waiting.push({ row: { bytes: chunk, crc: crc32c(chunk) }, key: [name, generation, index++] });
        crc = crc32c(chunk, crc);
        bytes += chunk.length;
      }
      const file: FileRow = { bytes, etag: `${bytes}-${crc.toString(16).padStart(8, '0')}`, generation };
      await connection.write(['files', 'chunks'], 'strict', async (rows) => {
        const former = await rows('files').get<FileRow>(name);
        if (former?.generation !== generation) { // or else it is done once more
          check(former);
          if (former) rows('chunks').delete(generationOf(name, former.generation));
        }
        for (const { row, key } of waiting) rows('chunks').put(row, key);
        rows('files').put(file, name);
      });
      return { etag: file.etag, bytes };
    } catch (cause) {
      await this.#forget(name, generation);
      throw cause;
    }
  }

  /** Removes the chunks of a put that has failed, unless it is there after all. What cannot be removed is swept when the store is opened. */
  async #forget(name: string, generation: string): Promise<void> {
    await this.#host.connection.write(['files', 'chunks'], 'relaxed', async (rows) => {
      if ((await rows('files').get<FileRow>(name))?.generation !== generation) rows('chunks').delete(generationOf(name, generation));
    }).catch(() => {});
  }

  /** What there is of a blob from `start` on; undefined if there is no such blob. The hits of a search are asked for in one turn. */
  #read(range: Range): Promise<Found | undefined> {
    if (!this.#asked.length) queueMicrotask(() => void this.#readAsked());
    return new Promise((resolve, reject) => { this.#asked.push({ range, resolve, reject }); });
  }

  async #readAsked(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    const together = this.#host.connection.read(['files', 'chunks'], async (rows) => {
      const found = await Promise.allSettled(asked.map(({ range }) => this.#readIn(rows, range)));
      const broken = found.find((one): one is PromiseRejectedResult => one.status === 'rejected' && !(one.reason instanceof VectileError));
      if (broken) throw broken.reason as Error; // what the database says of the transaction
      return found;
    });
    // one that cannot be read at all does not keep the others from being read
    const alone = ({ range }: { range: Range }) => this.#host.connection.read(['files', 'chunks'], (rows) => this.#readIn(rows, range));
    const found = await together.catch((cause: unknown) => Promise.allSettled(asked.length > 1 ? asked.map(alone) : [Promise.reject(cause as Error)]));
    asked.forEach(({ resolve, reject }, i) => {
      const one = found[i]!;
      if (one.status === 'fulfilled') resolve(one.value);
      else reject(one.reason);
    });
  }

  async #readIn(rows: Rows, { name, start, length }: Range): Promise<Found | undefined> {
    const file = await rows('files').get<FileRow>(name);
    if (!file) return undefined;
    const end = length === undefined ? file.bytes : start + length;
    if (end > file.bytes) throw this.#damage(name, start, `${length} bytes`, `${Math.max(0, file.bytes - start)}`);
    const bytes = new Uint8Array(end - start);
    const isScan = length === undefined || length > KEPT_AT_ONCE * CHUNK_BYTES;
    for (let at = start; at < end;) {
      const index = Math.floor(at / CHUNK_BYTES);
      const last = Math.min(index + CHUNKS_AT_ONCE, Math.ceil(end / CHUNK_BYTES)) - 1;
      const chunks = await (isScan ? this.#chunks(rows, name, file, index, last) : this.#keptChunks(rows, name, file, index, last));
      for (const [i, chunk] of chunks.entries()) {
        const from = (index + i) * CHUNK_BYTES;
        bytes.set(chunk.subarray(at - from, end - from), at - start);
        at = Math.min(end, from + CHUNK_BYTES);
      }
    }
    return { file, bytes };
  }

  /** The chunks `index` to `last`, checked. */
  async #chunks(rows: Rows, name: string, { bytes, generation }: FileRow, index: number, last: number): Promise<Uint8Array[]> {
    const chunks = await rows('chunks').getAll<ChunkRow>(IDBKeyRange.bound([name, generation, index], [name, generation, last]));
    for (let i = index; i <= last; i++) {
      const chunk = chunks[i - index];
      const from = i * CHUNK_BYTES;
      const chunkBytes = Math.min(CHUNK_BYTES, bytes - from);
      if (chunk?.bytes?.length !== chunkBytes) throw this.#damage(name, from, `a chunk of ${chunkBytes} bytes`, `${chunk?.bytes?.length ?? 'none'}`);
      if (crc32c(chunk.bytes) !== chunk.crc) throw this.#damage(name, from, 'a chunk that fits its checksum', 'another');
    }
    return chunks.map((chunk) => chunk.bytes);
  }

  async #keptChunks(rows: Rows, name: string, file: FileRow, index: number, last: number): Promise<Uint8Array[]> {
    const keys = Array.from({ length: last - index + 1 }, (_, i) => `${name}\n${file.generation}\n${index + i}`);
    const kept = keys.map((key) => this.#kept.get(key)).filter((chunk) => chunk !== undefined);
    const chunks = kept.length === keys.length ? kept : await this.#chunks(rows, name, file, index, last);
    for (const [i, key] of keys.entries()) {
      this.#kept.delete(key);
      this.#kept.set(key, chunks[i]!);
      if (this.#kept.size > KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    }
    return chunks;
  }

  #where(name: string): string { return `${this.#host.connection.name}, blob ${name}`; }

  #damage(name: string, at: number, expected: string, got: string): VectileError {
    return new VectileError('STORAGE_CORRUPT', `${this.#where(name)}, byte ${at}: expected ${expected}, got ${got}`);
  }
}

function generationOf(name: string, generation: string): IDBKeyRange {
  return IDBKeyRange.bound([name, generation], [name, generation, []]);
}

/** Chunks of exactly CHUNK_BYTES, but the last. */
async function* sized(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let buffer = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + CHUNK_BYTES - filled);
      buffer.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < CHUNK_BYTES) continue;
      yield buffer;
      buffer = new Uint8Array(CHUNK_BYTES);
      filled = 0;
    }
  }
  if (filled) yield buffer.slice(0, filled);
}
