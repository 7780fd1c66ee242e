/** What logs and blobs of one opened folder share: the file system, the right to write, and whether all went well. */
import { VectileError, invalid } from '../errors.js';
import type { FileHandle, Files } from './files.js';
import { codeOf, fileError, onFile } from './fs-errors.js';
import type { Lock } from './fs-lock.js';

/** Parts of [a-z0-9.-], none of which leads out of the folder or is a temporary file. */
const NAME = /^[a-z0-9-][a-z0-9.-]*(\/[a-z0-9-][a-z0-9.-]*)*$/;

/** The folder could not be opened, so that nothing was asked of the disk: what is in it may be synced another time. */
const NOT_BEGUN = new Set<string | undefined>(['EMFILE', 'ENFILE']);

export class FsHost {
  readonly files: Files;
  /** Absolute. */
  readonly root: string;
  /** A log file that has grown so large is followed by another one. */
  readonly logFileBytes: number;
  /** Tells threads of one epoch apart; '' of the one with the lock. */
  readonly tag: string;
  readonly #lock: Pick<Lock, 'generation' | 'wasClean' | 'lost'> | undefined;
  #isClosed = false;
  #failure: VectileError | undefined;
  /** False if something was left that the next one to open should look after. */
  isClean = true;
  /** A thread that wrote has ended without closing. */
  wasLeft = false;

  constructor(files: Files, root: string, lock: Pick<Lock, 'generation' | 'wasClean' | 'lost'> | undefined, logFileBytes: number, tag = '') {
    this.files = files;
    this.root = root;
    this.#lock = lock;
    this.logFileBytes = logFileBytes;
    this.tag = tag;
  }

  get epoch(): number { return this.#lock?.generation ?? 0; }
  get readOnly(): boolean { return !this.#lock; }
  /** Whether the last writer left all as it should be. */
  get wasClean(): boolean { return this.#lock?.wasClean ?? true; }
  /** Whether what a log has at its end may not be durable, although it was synced. */
  get isDoubtful(): boolean { return !this.wasClean || !this.isClean || this.wasLeft; }

  path(name: string): string {
    if (!NAME.test(name)) throw invalid('name', 'parts of a-z, 0-9, - and ., with / between', name);
    return `${this.root}/${name}`;
  }

  /** Throws if nothing may be written (any more). */
  checkWritable(): void {
    if (!this.#lock) throw new VectileError('STORE_READ_ONLY', `${this.root}: expected a store open for writing, got one opened read-only`);
    if (this.#isClosed) throw new VectileError('CLOSED', `${this.root}: expected a store in use, got one closed`);
    if (this.#lock.lost) throw this.#lock.lost;
    if (this.#failure) throw this.#failure;
  }

  /** Makes the names in a folder durable. If that fails, what is there after a crash cannot be known, and the store takes no more. `isRepeated`: whoever could not begin comes again, with all of it. */
  async syncFolder(path: string, isRepeated = false): Promise<void> { await this.#syncFolder(path, false, isRepeated); }

  /** False if there is none. */
  syncFolderIfAny(path: string): Promise<boolean> { return this.#syncFolder(path, true, false); }

  async #syncFolder(path: string, ifAny: boolean, isRepeated: boolean): Promise<boolean> {
    try {
      await this.files.syncFolder(path);
      return true;
    } catch (cause) {
      if (ifAny && codeOf(cause) === 'ENOENT') return false;
      this.isClean = false;
      const error = fileError(cause, path);
      if (isRepeated && NOT_BEGUN.has(codeOf(cause))) throw error;
      throw (this.#failure ??= new VectileError('STORAGE_FAILED', `${error.message}; the store must be opened anew`, { cause }));
    }
  }

  /** Makes a folder below the root, with all above it; their names are durable. */
  async makeFolder(path: string, isRepeated = false): Promise<void> {
    await onFile(path, () => this.files.mkdir(path));
    for (let at = path; at.length > this.root.length;) {
      at = at.slice(0, at.lastIndexOf('/'));
      await this.syncFolder(at, isRepeated);
    }
  }

  close(): void {
    this.#isClosed = true;
  }
}

export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = await handle.write(bytes.subarray(at), position + at);
    if (!(written > 0)) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    at += written;
  }
}

/** Up to `length` bytes from `start`; fewer at the end of the file. */
export function readUpTo(handle: FileHandle, path: string, start: number, length: number, into?: Uint8Array): Uint8Array {
  const bytes = into?.subarray(0, length) ?? new Uint8Array(length);
  let filled = 0;
  try {
    for (let read = 1; read > 0 && filled < length; filled += read) read = handle.read(bytes.subarray(filled), start + filled);
  } catch (cause) {
    throw fileError(cause, path);
  }
  return bytes.subarray(0, filled);
}
