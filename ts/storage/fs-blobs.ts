/**
 * Blobs as files: written under a temporary name, synced, renamed, and the folder synced. A file is read through a handle
 * that stays open, so beside a writer one that was deleted can still be read by whoever has begun.
 */
import { VectileError } from '../errors.js';
import { crc32c } from './crc32c.js';
import type { FileHandle } from './files.js';
import { codeOf, fileError, onFile, onFileIfAny } from './fs-errors.js';
import { readUpTo, writeAll, type FsHost } from './fs-host.js';
import type { BlobInfo, BlobStore } from './storage.js';

const HANDLES_MAX = 64;
const TEMPORARY = '.tmp-';
/** Chunks are gathered into writes of about this size. */
const WRITE_BYTES = 1 << 20;
const GATHERED_BYTES = 16 << 10;
/** A folder may go, with its last file, between being made and being used. */
const ATTEMPTS = 5;
/** Folders that are seen to when the store is opened after a crash; of more, each when it is first used. */
const RECOVERED_MAX = 1000;

export class FsBlobs implements BlobStore {
  readonly #host: FsHost;
  /** Open for reading, least recently used first. */
  readonly #handles = new Map<string, FileHandle>();
  /** Puts of one name are done one after another, so that a condition still holds when it is acted upon. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #temporaries = 0;
  /** After a crash: folders that were seen to, or are being; undefined when all are. */
  #recovered: Map<string, Promise<void>> | undefined;

  constructor(host: FsHost) {
    this.#host = host;
  }

  put(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ etag: string; bytes: number }> {
    return this.#inTurn(name, () => this.#put(name, chunks));
  }

  putIfAbsent(name: string, bytes: Uint8Array): Promise<{ etag: string }> {
    return this.#inTurn(name, async () => {
      this.#host.checkWritable();
      const path = this.#host.path(name);
      if (await onFile(path, () => this.#host.files.stat(path))) throw new VectileError('BLOB_CONFLICT', `${path}: expected no blob, got one`);
      return this.#put(name, [bytes]);
    });
  }

  putIfMatch(name: string, bytes: Uint8Array, etag: string): Promise<{ etag: string }> {
    return this.#inTurn(name, async () => {
      this.#host.checkWritable();
      const there = (await this.get(name))?.etag ?? 'none';
      if (there !== etag) throw new VectileError('BLOB_CONFLICT', `${this.#host.path(name)}: expected ${etag}, got ${there}`);
      return this.#put(name, [bytes]);
    });
  }

  async get(name: string): Promise<{ bytes: Uint8Array; etag: string } | undefined> {
    await this.ready(name);
    const path = this.#host.path(name);
    let handle: FileHandle;
    try {
      handle = this.#host.files.openSync(path);
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined;
      throw fileError(cause, path);
    }
    try {
      const bytes = readUpTo(handle, path, 0, handle.size());
      return { bytes, etag: etagOf(bytes.length, crc32c(bytes)) };
    } finally {
      await handle.close();
    }
  }

  async getRange(name: string, start: number, length: number): Promise<Uint8Array> {
    await this.ready(name);
    return this.getRangeSync(name, start, length);
  }

  getRangeSync(name: string, start: number, length: number, into?: Uint8Array): Uint8Array {
    const bytes = readUpTo(this.#reader(name), name, start, length, into);
    if (bytes.length === length) return bytes;
    throw new VectileError('STORAGE_CORRUPT', `${this.#host.path(name)}, byte ${start}: expected ${length} bytes, got ${bytes.length}`);
  }

  async list(prefix: string): Promise<BlobInfo[]> {
    const isBlob = (name: string) => !logOf(name) && (name.includes('/') || !/^(vectile\.json|lock-\d{8})$/.test(name));
    return (await this.files(prefix)).filter(({ name }) => isBlob(name));
  }

  async delete(name: string): Promise<void> {
    this.#host.checkWritable();
    await this.remove(name);
  }

  release(prefix: string): void {
    for (const name of this.#handles.keys()) if (name.startsWith(prefix)) this.#forget(name);
  }

  /** Deletes a file of either kind, and with the last one the folder, and those above it but for the first. */
  async remove(name: string): Promise<void> {
    await this.ready(name);
    const path = this.#host.path(name);
    this.#forget(name);
    await onFileIfAny(path, () => this.#host.files.unlink(path));
    for (let at = name.lastIndexOf('/'); at > 0;) {
      const isGone = await this.#host.files.rmdir(this.#host.path(name.slice(0, at))).then(() => true, () => false);
      at = name.lastIndexOf('/', at - 1);
      if (!isGone || name.lastIndexOf('/', at - 1) < 0) return;
    }
  }

  /** All files below a prefix, those of logs included, by name. */
  async files(prefix: string): Promise<BlobInfo[]> {
    await this.ready(prefix);
    const found: BlobInfo[] = [];
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    await this.#walk(folder ? this.#host.path(folder.slice(0, -1)) : this.#host.root, folder, prefix, found);
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * After a crash: removes what puts have left, and makes the names that are there durable, which they may not be. Where there are
   * very many folders, most are left for when they are used; then the store is not given back as clean.
   */
  async recover(): Promise<void> {
    const folders = [this.#host.root];
    this.#recovered = new Map();
    for (const folder of folders) {
      if (this.#recovered.size === RECOVERED_MAX) {
        this.#host.isClean = false;
        return;
      }
      folders.push(...await this.#recoverOne(folder));
      this.#recovered.set(folder, Promise.resolve());
    }
    this.#recovered = undefined;
  }

  /** The same for all below a prefix, where no put of this epoch is under way either. */
  async recoverBelow(prefix: string): Promise<void> {
    const folders = [this.#host.path(prefix)];
    for (const folder of folders) folders.push(...await this.#recoverOne(folder, true));
  }

  /** Sees to the folders that lead to a file, if that is still to be done. What is read at once, `getRangeSync`, comes after something else. */
  async ready(name: string): Promise<void> {
    if (!this.#recovered) return;
    for (let at = 0; at >= 0; at = name.indexOf('/', at + 1)) {
      const folder = at ? this.#host.path(name.slice(0, at)) : this.#host.root;
      let recovering = this.#recovered.get(folder);
      if (!recovering) {
        recovering = this.#recoverOne(folder).then(() => {}, (cause: unknown) => {
          this.#recovered!.delete(folder);
          throw cause;
        });
        this.#recovered.set(folder, recovering);
      }
      await recovering;
    }
  }

  /** `isOfAll`: temporary files of this epoch are left-overs, too. Returns the folders in it. */
  async #recoverOne(folder: string, isOfAll = false): Promise<string[]> {
    const { files, epoch } = this.#host;
    const entries = await onFile(folder, () => files.list(folder));
    if (!entries) return [];
    for (const { name } of entries) {
      const isLeft = name.startsWith(TEMPORARY) && (isOfAll || Number.parseInt(name.slice(TEMPORARY.length)) !== epoch);
      if (isLeft) await onFileIfAny(`${folder}/${name}`, () => files.unlink(`${folder}/${name}`));
    }
    await this.#host.syncFolder(folder);
    return entries.filter(({ isFolder }) => isFolder).map(({ name }) => `${folder}/${name}`);
  }

  async close(): Promise<void> {
    for (const name of [...this.#handles.keys()]) this.#forget(name);
    await Promise.allSettled(this.#turns.values());
  }

  async #put(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<{ etag: string; bytes: number }> {
    this.#host.checkWritable();
    await this.ready(name);
    const { files } = this.#host;
    const path = this.#host.path(name);
    const folder = parentOf(path);
    const temporary = `${folder}/${TEMPORARY}${this.#host.epoch}${this.#host.tag}-${this.#temporaries++}`;
    const handle = await this.#create(temporary, folder);
    let bytes = 0;
    let crc = 0;
    try {
      try {
        for await (const chunk of gathered(chunks)) {
          await onFile(temporary, () => writeAll(handle, chunk, bytes));
          crc = crc32c(chunk, crc);
          bytes += chunk.length;
        }
        await onFile(temporary, () => handle.sync());
      } finally {
        await onFile(temporary, () => handle.close());
      }
      this.#host.checkWritable();
      await onFile(path, () => files.rename(temporary, path));
    } catch (cause) {
      await onFileIfAny(temporary, () => files.unlink(temporary)).catch(() => { this.#host.isClean = false; });
      throw cause;
    }
    this.#forget(name);
    await this.#host.syncFolder(folder);
    return { etag: etagOf(bytes, crc), bytes };
  }

  async #create(temporary: string, folder: string): Promise<FileHandle> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#host.files.open(temporary, 'create');
      } catch (cause) {
        if (codeOf(cause) !== 'ENOENT' || attempt === ATTEMPTS) throw fileError(cause, temporary);
      }
      await this.#host.makeFolder(folder);
    }
  }

  #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name);
    const turn = before ? before.then(work, work) : work();
    this.#turns.set(name, turn);
    const end = () => {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    };
    turn.then(end, end);
    return turn;
  }

  async #walk(path: string, folder: string, prefix: string, found: BlobInfo[]): Promise<void> {
    for (const entry of (await onFile(path, () => this.#host.files.list(path))) ?? []) {
      const name = folder + entry.name;
      if (entry.isFolder) {
        if (`${name}/`.startsWith(prefix) || prefix.startsWith(`${name}/`)) await this.#walk(`${path}/${entry.name}`, `${name}/`, prefix, found);
      } else if (name.startsWith(prefix) && !entry.name.startsWith(TEMPORARY)) {
        const stat = await onFile(name, () => this.#host.files.stat(`${path}/${entry.name}`));
        if (stat) found.push({ name, bytes: stat.bytes });
      }
    }
  }

  #reader(name: string): FileHandle {
    let handle = this.#handles.get(name);
    if (handle) {
      this.#handles.delete(name);
    } else {
      const path = this.#host.path(name);
      try {
        handle = this.#host.files.openSync(path);
      } catch (cause) {
        if (codeOf(cause) !== 'ENOENT') throw fileError(cause, path);
        throw new VectileError('BLOB_MISSING', `${path}: expected a blob, got none`);
      }
      const [oldest] = this.#handles.keys();
      if (this.#handles.size >= HANDLES_MAX && oldest !== undefined) this.#forget(oldest);
    }
    this.#handles.set(name, handle);
    return handle;
  }

  #forget(name: string): void {
    this.#handles.get(name)?.close().catch(() => {});
    this.#handles.delete(name);
  }
}

/** The log that a file belongs to, if to any. */
export function logOf(name: string): string | undefined {
  return /^(.*)\/\d{16}\.log$/.exec(name)?.[1];
}

/** Joins small chunks, which may be overwritten once the next is asked for. */
async function* gathered(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let buffer: Uint8Array | undefined;
  let bytes = 0;
  for await (const chunk of chunks) {
    if (bytes && bytes + chunk.length > WRITE_BYTES) {
      yield buffer!.subarray(0, bytes);
      bytes = 0;
    }
    if (chunk.length >= WRITE_BYTES) {
      yield chunk;
      continue;
    }
    if (!buffer || bytes + chunk.length > buffer.length) {
      // most blobs are small
      const larger: Uint8Array = new Uint8Array(Math.min(WRITE_BYTES, Math.max(GATHERED_BYTES, (bytes + chunk.length) * 2)));
      if (bytes) larger.set(buffer!.subarray(0, bytes));
      buffer = larger;
    }
    buffer.set(chunk, bytes);
    bytes += chunk.length;
  }
  if (bytes) yield buffer!.subarray(0, bytes);
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const etagOf = (bytes: number, crc: number): string => `${bytes}-${crc.toString(16).padStart(8, '0')}`;
