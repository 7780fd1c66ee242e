/**
 * Blobs as files: written under a temporary name, synced, renamed, and the folder synced. Files are read through handles
 * that stay open, so one that is deleted or replaced meanwhile can still be read by whoever has begun.
 */
import { VectileError } from '../errors.js';
import { crc32c } from './crc32c.js';
import type { FileHandle } from './files.js';
import { fileError, onFile } from './fs-errors.js';
import { writeAll, type LogHost } from './fs-log.js';
import type { BlobInfo, BlobStore } from './storage.js';

const HANDLES_MAX = 64;
const TEMPORARY = '.tmp-';
/** Chunks are gathered into writes of about this size. */
const WRITE_BYTES = 1 << 20;

export class FsBlobs implements BlobStore {
  readonly #host: LogHost;
  readonly #root: string;
  /** Open for reading, least recently used first. */
  readonly #handles = new Map<string, FileHandle>();
  #count = 0;

  constructor(host: LogHost, root: string) {
    this.#host = host;
    this.#root = root;
  }

  async put(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ etag: string; bytes: number }> {
    this.#host.checkWritable();
    const { files } = this.#host;
    const path = this.#path(name);
    const folder = path.slice(0, path.lastIndexOf('/'));
    const temporary = `${folder}/${TEMPORARY}${this.#host.epoch}-${this.#count++}`;
    await this.#host.makeFolder(folder);
    const handle = await onFile(temporary, () => files.open(temporary, 'create').catch(async (cause: { code?: string }) => {
      if (cause.code !== 'ENOENT') throw cause;
      await this.#host.makeFolder(folder); // a delete has taken it away in between
      return files.open(temporary, 'create');
    }));
    let bytes = 0;
    let crc = 0;
    try {
      for await (const chunk of gathered(chunks)) {
        await onFile(temporary, () => writeAll(handle, chunk, bytes));
        crc = crc32c(chunk, crc);
        bytes += chunk.length;
      }
      await onFile(temporary, () => handle.sync());
      await handle.close();
      this.#host.checkWritable();
      await onFile(path, () => files.rename(temporary, path));
    } catch (cause) {
      await handle.close().catch(() => {});
      await files.unlink(temporary).catch(() => {});
      throw cause;
    }
    this.#forget(name);
    await onFile(folder, () => files.syncFolder(folder));
    return { etag: etagOf(bytes, crc), bytes };
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<{ etag: string }> {
    if (await onFile(name, () => this.#host.files.stat(this.#path(name)))) throw new VectileError('BLOB_CONFLICT', `${name}: expected no blob, got one`);
    return this.put(name, [bytes]);
  }

  async putIfMatch(name: string, bytes: Uint8Array, etag: string): Promise<{ etag: string }> {
    const there = (await this.get(name))?.etag ?? 'none';
    if (there !== etag) throw new VectileError('BLOB_CONFLICT', `${name}: expected ${etag}, got ${there}`);
    return this.put(name, [bytes]);
  }

  async get(name: string): Promise<{ bytes: Uint8Array; etag: string } | undefined> {
    let handle: FileHandle;
    try {
      handle = this.#host.files.openSync(this.#path(name));
    } catch (cause) {
      if ((cause as { code?: string }).code === 'ENOENT') return undefined;
      throw fileError(cause, name);
    }
    try {
      const bytes = readAt(handle, this.#path(name), 0, handle.size());
      return { bytes, etag: etagOf(bytes.length, crc32c(bytes)) };
    } finally {
      await handle.close();
    }
  }

  async getRange(name: string, start: number, length: number): Promise<Uint8Array> { return this.getRangeSync(name, start, length); }

  getRangeSync(name: string, start: number, length: number): Uint8Array { return readAt(this.#reader(name), this.#path(name), start, length); }

  async list(prefix: string): Promise<BlobInfo[]> {
    const found: BlobInfo[] = [];
    await this.#walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, found);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async delete(name: string): Promise<void> {
    this.#host.checkWritable();
    this.#forget(name);
    const path = this.#path(name);
    await onFile(path, () => this.#host.files.unlink(path).catch((cause: { code?: string }) => {
      if (cause.code !== 'ENOENT') throw cause;
    }));
    // the folder goes with its last file
    if (name.includes('/')) await this.#host.removeFolder(path.slice(0, path.lastIndexOf('/')));
  }

  /**
   * Removes what puts have left that were cut short. Names a killed process has left may be in no more than the cache of the
   * system; they are made durable, for what is done next builds on them.
   */
  async sweep(folder = ''): Promise<void> {
    await onFile(folder, () => this.#host.files.syncFolder(this.#path(folder)));
    for (const { name, isFolder } of (await onFile(folder, () => this.#host.files.list(this.#path(folder)))) ?? []) {
      if (isFolder) await this.sweep(folder ? `${folder}/${name}` : name);
      else if (name.startsWith(TEMPORARY)) await onFile(name, () => this.#host.files.unlink(this.#path(folder ? `${folder}/${name}` : name)));
    }
  }

  async close(): Promise<void> {
    for (const name of [...this.#handles.keys()]) this.#forget(name);
  }

  async #walk(folder: string, prefix: string, found: BlobInfo[]): Promise<void> {
    const path = this.#path(folder.slice(0, -1));
    for (const entry of (await onFile(path, () => this.#host.files.list(path))) ?? []) {
      const name = folder + entry.name;
      if (entry.isFolder) {
        if (`${name}/`.startsWith(prefix) || prefix.startsWith(`${name}/`)) await this.#walk(`${name}/`, prefix, found);
      } else if (name.startsWith(prefix) && !entry.name.startsWith(TEMPORARY)) {
        const stat = await onFile(name, () => this.#host.files.stat(this.#path(name)));
        if (stat) found.push({ name, bytes: stat.bytes });
      }
    }
  }

  #path(name: string): string { return name ? `${this.#root}/${name}` : this.#root; }

  #reader(name: string): FileHandle {
    let handle = this.#handles.get(name);
    if (handle) {
      this.#handles.delete(name);
    } else {
      try {
        handle = this.#host.files.openSync(this.#path(name));
      } catch (cause) {
        if ((cause as { code?: string }).code === 'ENOENT') throw new VectileError('BLOB_MISSING', `${this.#path(name)}: expected a blob, got none`);
        throw fileError(cause, this.#path(name));
      }
      const [oldest] = this.#handles.keys();
      if (this.#handles.size >= HANDLES_MAX && oldest !== undefined) this.#forget(oldest);
    }
    this.#handles.set(name, handle);
    return handle;
  }

  #forget(name: string): void {
    void this.#handles.get(name)?.close().catch(() => {});
    this.#handles.delete(name);
  }
}

function readAt(handle: FileHandle, path: string, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  try {
    for (let read = 1; read > 0 && filled < length; filled += read) read = handle.read(bytes.subarray(filled), start + filled);
  } catch (cause) {
    throw fileError(cause, path);
  }
  if (filled < length) throw new VectileError('STORAGE_CORRUPT', `${path}, byte ${start}: expected ${length} bytes, got ${filled}`);
  return bytes;
}

async function* gathered(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const join = () => {
    const whole = new Uint8Array(bytes);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    parts = [];
    bytes = 0;
    return whole;
  };
  for await (const chunk of chunks) {
    if (!bytes && chunk.length >= WRITE_BYTES) {
      yield chunk;
      continue;
    }
    parts.push(chunk.slice());
    bytes += chunk.length;
    if (bytes >= WRITE_BYTES) yield join();
  }
  if (bytes) yield join();
}

const etagOf = (bytes: number, crc: number): string => `${bytes}-${crc.toString(16).padStart(8, '0')}`;
