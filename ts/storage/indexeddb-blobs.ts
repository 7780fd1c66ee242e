/** Blobs as chunks of a megabyte. New chunks are written beside the old ones, and one transaction puts them in their place. */
import { VectileError } from '../errors.js';
import { crc32c } from './crc32c.js';
import { under, type IndexedDbHost } from './indexeddb.js';
import type { BlobInfo, BlobStore } from './storage.js';

const CHUNK_BYTES = 1 << 20;

interface FileRow {
  bytes: number;
  etag: string;
  generation: string;
  chunks: number;
}

interface ChunkRow {
  bytes: Uint8Array;
  crc: number;
}

export class IndexedDbBlobs implements BlobStore {
  readonly #host: IndexedDbHost;
  #count = 0;

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
    const found = await this.#host.connection.run(['files', 'chunks'], 'readonly', 'relaxed', async (tx) => {
      const file = (await tx.objectStore('files').get(name)) as FileRow | undefined;
      if (!file) return undefined;
      const range = IDBKeyRange.bound([name, file.generation, 0], [name, file.generation, Infinity]);
      return { file, chunks: (await tx.objectStore('chunks').getAll(range)) as ChunkRow[] };
    });
    return found && { bytes: this.#join(name, found.chunks, 0, 0, found.file.bytes), etag: found.file.etag };
  }

  async getRange(name: string, start: number, length: number): Promise<Uint8Array> {
    const first = Math.floor(start / CHUNK_BYTES);
    const found = await this.#host.connection.run(['files', 'chunks'], 'readonly', 'relaxed', async (tx) => {
      const file = (await tx.objectStore('files').get(name)) as FileRow | undefined;
      if (!file) return undefined;
      const last = Math.floor(Math.max(start, start + length - 1) / CHUNK_BYTES);
      const range = IDBKeyRange.bound([name, file.generation, first], [name, file.generation, last]);
      return (await tx.objectStore('chunks').getAll(range)) as ChunkRow[];
    });
    if (!found) throw new VectileError('BLOB_MISSING', `${this.#where(name)}: expected a blob, got none`);
    return this.#join(name, found, first, start, length);
  }

  async list(prefix: string): Promise<BlobInfo[]> {
    return this.#host.connection.run(['files'], 'readonly', 'relaxed', async (tx) => {
      const rows = tx.objectStore('files');
      const [names, files] = [await rows.getAllKeys(under(prefix)), await rows.getAll(under(prefix))] as [string[], FileRow[]];
      return names.map((name, i) => ({ name, bytes: files[i]!.bytes }));
    });
  }

  async delete(name: string): Promise<void> {
    this.#host.checkWritable();
    await this.#host.connection.run(['files', 'chunks'], 'readwrite', 'strict', (tx) => {
      void tx.objectStore('files').delete(name).catch(() => {});
      void tx.objectStore('chunks').delete(IDBKeyRange.bound([name], [name, []])).catch(() => {});
    });
  }

  /** Removes what puts have left that were cut short. */
  async sweep(): Promise<void> {
    await this.#host.connection.run(['files', 'chunks'], 'readwrite', 'relaxed', async (tx) => {
      const files = tx.objectStore('files');
      const chunks = tx.objectStore('chunks');
      const names = (await files.getAllKeys()) as string[];
      const rows = (await files.getAll()) as FileRow[];
      const generations = new Map(names.map((name, i) => [name, rows[i]!.generation]));
      for (const key of (await chunks.getAllKeys()) as [string, string, number][]) {
        if (generations.get(key[0]) !== key[1]) void chunks.delete(key);
      }
    });
  }

  async #put(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, check: (former: FileRow | undefined) => void): Promise<{ etag: string; bytes: number }> {
    this.#host.checkWritable();
    const { connection, epoch } = this.#host;
    const generation = `${epoch}-${this.#count++}`;
    let bytes = 0;
    let crc = 0;
    let count = 0;
    try {
      for await (const chunk of sized(chunks)) {
        const row: ChunkRow = { bytes: chunk, crc: crc32c(chunk) };
        const key = [name, generation, count++];
        await connection.run(['chunks'], 'readwrite', 'relaxed', (tx) => { void tx.objectStore('chunks').put(row, key).catch(() => {}); });
        crc = crc32c(chunk, crc);
        bytes += chunk.length;
      }
      const file: FileRow = { bytes, etag: `${bytes}-${crc.toString(16).padStart(8, '0')}`, generation, chunks: count };
      await connection.run(['files', 'chunks'], 'readwrite', 'strict', async (tx) => {
        const former = (await tx.objectStore('files').get(name)) as FileRow | undefined;
        check(former);
        void tx.objectStore('files').put(file, name).catch(() => {});
        if (former) void tx.objectStore('chunks').delete(IDBKeyRange.bound([name, former.generation, 0], [name, former.generation, Infinity])).catch(() => {});
      });
      return { etag: file.etag, bytes };
    } catch (cause) {
      const range = IDBKeyRange.bound([name, generation, 0], [name, generation, Infinity]);
      await connection.run(['chunks'], 'readwrite', 'relaxed', (tx) => { void tx.objectStore('chunks').delete(range).catch(() => {}); }).catch(() => {});
      throw cause;
    }
  }

  /** Bytes `start` … `start + length` of chunks from `first` on. */
  #join(name: string, chunks: ChunkRow[], first: number, start: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    let filled = 0;
    for (const [i, { bytes, crc }] of chunks.entries()) {
      const at = (first + i) * CHUNK_BYTES;
      if (crc32c(bytes) !== crc) throw new VectileError('STORAGE_CORRUPT', `${this.#where(name)}, byte ${at}: expected bytes that fit their checksum, got others`);
      const part = bytes.subarray(Math.max(0, start - at), Math.max(0, start + length - at));
      if (part.length) out.set(part, Math.max(0, at - start));
      filled += part.length;
    }
    if (filled < length) throw new VectileError('STORAGE_CORRUPT', `${this.#where(name)}, byte ${start}: expected ${length} bytes, got ${filled}`);
    return out;
  }

  #where(name: string): string { return `${this.#host.connection.name}, ${name}`; }
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
