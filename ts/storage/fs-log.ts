/**
 * A log as a folder of files named by their first record. Frames are only ever appended to the last one. It knows frames
 * and files; what records mean is nobody's business here.
 */
import { VectileError } from '../errors.js';
import type { FileHandle, Files } from './files.js';
import { decodeHeader, encodeFrame, FRAME_HEADER_BYTES, isUnwritten, isWhole, recordsOf, zeroSectors, type FrameHeader } from './frame.js';
import { fileError, onFile } from './fs-errors.js';
import type { Durability, LogEntry, ShardLog } from './storage.js';

/** A file that has grown so large is followed by another one. */
const FILE_BYTES = 32 << 20;
/** How long what was not synced, or not even written, may stay so. */
const SYNC_MS = 1000;
const WRITE_MS = 100;
const UNWRITTEN_BYTES = 1 << 20;
const WINDOW_BYTES = 1 << 20;

/** What a log asks of its store. */
export interface LogHost {
  files: Files;
  epoch: number;
  readOnly: boolean;
  /** Throws if nothing may be written (any more). */
  checkWritable(): void;
  /** Makes a folder, and all above it, durable. Nothing to do if that is so already. */
  makeFolder(path: string): Promise<void>;
  /** Removes it if it is empty. */
  removeFolder(path: string): Promise<void>;
}

interface Frame {
  header: FrameHeader;
  bytes: Uint8Array;
}

export class FsLog implements ShardLog {
  readonly #host: LogHost;
  readonly #folder: string;
  /** First records of the files, in order. */
  #firsts: number[] = [];
  #sizes = new Map<number, number>();
  #handle: FileHandle | undefined;
  /** End of the last file, with what waits to be written. */
  #end = 0;
  #nextSeq = 1;
  #synced = 1;
  /** Why nothing may be appended any more. */
  #failure: VectileError | undefined;
  /** Frames acknowledged before they are written, in order. */
  #unwritten: Uint8Array[] = [];
  #unwrittenBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(host: LogHost, folder: string) {
    this.#host = host;
    this.#folder = folder;
  }

  static async open(host: LogHost, folder: string): Promise<FsLog> {
    const log = new FsLog(host, folder);
    await log.#look();
    const last = log.#firsts.at(-1);
    if (last === undefined) return log;
    log.#nextSeq = last;
    /** Frames that no later one knows to be durable. */
    let unsure: { seq: number; at: number }[] = [];
    for await (const { header, end } of log.#frames(last, true)) {
      unsure.push({ seq: header.seq, at: log.#end });
      unsure = unsure.slice(unsure.findIndex(({ seq }) => seq >= header.synced));
      log.#nextSeq = header.seq + header.count;
      log.#end = end;
    }
    if (host.readOnly) return log;
    const path = log.#path(last);
    log.#handle = await onFile(path, () => host.files.open(path, 'write'));
    if (log.#sizes.get(last)! > log.#end) {
      await onFile(path, () => log.#handle!.truncate(log.#end));
    }
    // What was read, and the file's name, may be in no more than the cache of the system. After a failed sync it may even take what
    // it has not written for written: so it is written again.
    if (unsure[0]) await log.#rewrite(unsure[0].at);
    await onFile(path, () => log.#handle!.sync());
    await host.makeFolder(folder);
    await onFile(folder, () => host.files.syncFolder(folder));
    log.#sizes.set(last, log.#end);
    log.#synced = log.#nextSeq;
    return log;
  }

  get nextSeq(): number { return this.#nextSeq; }
  get bytes(): number { return [...this.#sizes.values()].reduce((sum, bytes) => sum + bytes, 0); }

  async append(records: readonly Uint8Array[], expectedSeq: number, durability: Durability): Promise<void> {
    this.#checkWritable();
    if (expectedSeq !== this.#nextSeq) throw new VectileError('LOG_CONFLICT', `expectedSeq: expected ${this.#nextSeq}, got ${expectedSeq}`);
    if (!records.length) return;
    if (!this.#handle || this.#end >= FILE_BYTES) await this.#rotate();
    const frame = encodeFrame(records, expectedSeq, this.#synced, this.#host.epoch, this.#end);
    if (durability === 'none') {
      this.#unwritten.push(frame);
      this.#unwrittenBytes += frame.length;
      this.#advance(frame, records.length);
      if (this.#unwrittenBytes > UNWRITTEN_BYTES) void this.#writeOut().catch(() => {});
      else this.#later(WRITE_MS);
      return;
    }
    await this.#writeOut();
    await this.#writeFrame(frame, this.#end);
    this.#advance(frame, records.length);
    if (durability === 'sync') await this.#syncFile();
    else this.#later(SYNC_MS);
  }

  async sync(): Promise<void> {
    this.#checkWritable();
    await this.#writeOut();
    if (this.#synced < this.#nextSeq) await this.#syncFile();
  }

  async *read(from: number): AsyncGenerator<LogEntry> {
    if (this.#host.readOnly) await this.#look();
    else if (!this.#failure) await this.#writeOut();
    const first = this.#firsts[0] ?? this.#nextSeq;
    if (from < first) throw new VectileError('LOG_CONFLICT', `${this.#folder}: expected to be asked for record ${first} or later, got ${from}`);
    let start = this.#firsts.length - 1;
    while (start > 0 && this.#firsts[start]! > from) start--;
    const files = this.#firsts.slice(Math.max(0, start));
    let next = files[0] ?? from;
    for (const [i, file] of files.entries()) {
      if (file !== next) throw this.#damage(file, 0, `record ${next}`, `record ${file}`);
      for await (const { header, bytes } of this.#frames(file, i === files.length - 1)) {
        next = header.seq + header.count;
        if (next > from) yield { seq: header.seq, records: recordsOf(bytes, header) };
      }
    }
    if (this.#host.readOnly) this.#nextSeq = Math.max(this.#nextSeq, next);
  }

  async trim(to: number): Promise<void> {
    this.#checkWritable();
    if (this.#nextSeq <= to && this.#handle && this.#end > 0) await this.#rotate();
    while (this.#firsts.length > 1 && this.#firsts[1]! <= to) {
      const path = this.#path(this.#firsts[0]!);
      await onFile(path, () => this.#host.files.unlink(path));
      this.#sizes.delete(this.#firsts.shift()!);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      if (!this.#failure && !this.#host.readOnly) await this.sync();
    } finally {
      clearTimeout(this.#timer);
      await this.#handle?.close().catch(() => {});
      this.#handle = undefined;
      this.#failure ??= new VectileError('CLOSED', `${this.#folder}: expected a log in use, got one closed`);
    }
  }

  #checkWritable(): void {
    this.#host.checkWritable();
    if (this.#failure) throw this.#failure;
  }

  /** Looks which files there are. */
  async #look(): Promise<void> {
    const names = (await onFile(this.#folder, () => this.#host.files.list(this.#folder))) ?? [];
    this.#firsts = names.map(({ name }) => /^(\d{16})\.log$/.exec(name)).filter((match) => match !== null).map((match) => Number(match[1])).sort((a, b) => a - b);
    this.#sizes = new Map();
    for (const first of this.#firsts) {
      this.#sizes.set(first, (await onFile(this.#path(first), () => this.#host.files.stat(this.#path(first))))?.bytes ?? 0);
    }
  }

  /** Whole frames of a file, in order, with where they end. Ends before a torn one, throws at a damaged one. */
  async *#frames(file: number, isLast: boolean): AsyncGenerator<Frame & { end: number }> {
    const path = this.#path(file);
    let handle: FileHandle;
    try {
      handle = this.#host.files.openSync(path);
    } catch (cause) {
      const isGone = (cause as { code?: string }).code === 'ENOENT';
      throw isGone ? new VectileError('LOG_CONFLICT', `${path}: expected a file, got none: it was trimmed`) : fileError(cause, path);
    }
    try {
      const read = windowOf(handle, path);
      const size = handle.size();
      let at = 0;
      for (let seq = file; at < size;) {
        const head = read(at, FRAME_HEADER_BYTES);
        const header = decodeHeader(head);
        const isNext = header !== undefined && header.seq === seq;
        const bytes = isNext ? read(at, header.bytes) : head;
        if (!isNext || !isWhole(bytes, header)) {
          const reason = this.#judge(read, at, size, seq, header, bytes, isLast);
          if (reason) throw this.#damage(file, at, `the frame of record ${seq}`, reason);
          return;
        }
        at += header.bytes;
        seq += header.count;
        yield { header, bytes, end: at };
      }
    } finally {
      await handle.close();
    }
  }

  /** Why a bad frame cannot be what a crash left of one that was being written; undefined if it can. */
  #judge(
    read: (at: number, length: number) => Uint8Array, at: number, size: number, seq: number, header: FrameHeader | undefined, bytes: Uint8Array, isLast: boolean,
  ): string | undefined {
    if (!isLast) return 'damaged bytes, with another file after them';
    for (let from = at + 8; from < size; from += WINDOW_BYTES) {
      const window = read(from, Math.min(WINDOW_BYTES + FRAME_HEADER_BYTES, size - from));
      for (let i = 0; i < Math.min(WINDOW_BYTES, window.length); i += 8) {
        const later = decodeHeader(window, i);
        if (later && later.seq > seq && later.synced > seq) return `damaged bytes, though record ${seq} was durable`;
      }
    }
    if (this.#host.readOnly) return undefined; // it may be being written
    if (!header) return isUnwritten(bytes, at) ? undefined : 'a damaged header';
    if (header.seq !== seq) return `the frame of record ${header.seq}`;
    if (at + header.bytes > size) return undefined;
    return zeroSectors(bytes, at) > header.zeroes ? undefined : 'damaged records';
  }

  #advance(frame: Uint8Array, records: number): void {
    this.#end += frame.length;
    this.#nextSeq += records;
    this.#sizes.set(this.#firsts.at(-1)!, this.#end);
  }

  /** Writes a frame at `position`, or takes back what was written of it. */
  async #writeFrame(frame: Uint8Array, position: number): Promise<void> {
    const handle = this.#handle!;
    const path = this.#path(this.#firsts.at(-1)!);
    try {
      await writeAll(handle, frame, position);
    } catch (cause) {
      const error = fileError(cause, path);
      try {
        await handle.truncate(position);
        // so that sectors of this frame are not taken for those of one that is written over it
        await handle.sync();
      } catch {
        this.#failure = new VectileError('STORAGE_FAILED', `${path}: expected to take back what was written in part, got a failure of that, too`, { cause });
      }
      throw error;
    }
  }

  /** Writes what the last file has from `start` on once more. */
  async #rewrite(start: number): Promise<void> {
    const path = this.#path(this.#firsts.at(-1)!);
    const handle = this.#handle!;
    const read = windowOf(handle, path);
    for (let at = start; at < this.#end; at += WINDOW_BYTES) {
      await onFile(path, () => writeAll(handle, read(at, Math.min(WINDOW_BYTES, this.#end - at)), at));
    }
  }

  /** Writes what was acknowledged before. A failure is final: what follows would be numbered past a hole. */
  #writeOut(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#failure) throw this.#failure;
      while (this.#unwritten.length) {
        const frames = this.#unwritten;
        const start = this.#end - this.#unwrittenBytes;
        this.#unwritten = [];
        this.#unwrittenBytes = 0;
        let at = start;
        try {
          for (const frame of frames) {
            await this.#writeFrame(frame, at);
            at += frame.length;
          }
        } catch (cause) {
          throw (this.#failure ??= fileError(cause, this.#folder));
        }
        this.#later(SYNC_MS);
      }
    });
    return this.#writing;
  }

  /** A failed sync is never tried again: the system may have dropped what it could not write, and say so only once. */
  async #syncFile(): Promise<void> {
    const upTo = this.#nextSeq;
    try {
      await this.#handle!.sync();
    } catch (cause) {
      const error = fileError(cause, this.#path(this.#firsts.at(-1)!));
      this.#failure = new VectileError('STORAGE_FAILED', `${error.message}; the log must be opened anew`, { cause });
      throw this.#failure;
    }
    this.#synced = Math.max(this.#synced, upTo);
  }

  /** Ends the last file, which must be durable before there is another one, and begins the next. */
  async #rotate(): Promise<void> {
    await this.#writeOut();
    if (this.#handle && this.#synced < this.#nextSeq) await this.#syncFile();
    const first = this.#nextSeq;
    const path = this.#path(first);
    await this.#host.makeFolder(this.#folder);
    const handle = await onFile(path, () => this.#host.files.open(path, 'create').catch((cause: { code?: string }) => {
      // left by a rotation that failed after this; it is empty
      if (cause.code === 'EEXIST' && !this.#firsts.includes(first)) return this.#host.files.open(path, 'write');
      throw cause;
    }));
    try {
      await handle.truncate(0);
      await this.#host.files.syncFolder(this.#folder);
    } catch (cause) {
      await handle.close().catch(() => {});
      throw fileError(cause, path);
    }
    await this.#handle?.close().catch(() => {});
    this.#handle = handle;
    this.#firsts.push(first);
    this.#sizes.set(first, 0);
    this.#end = 0;
  }

  /** Writes and syncs in the background. */
  #later(ms: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#failure) return;
      void this.#writeOut().then(() => (this.#synced < this.#nextSeq && this.#handle ? this.#syncFile() : undefined)).catch(() => {});
    }, ms);
    (this.#timer as { unref?(): void }).unref?.();
  }

  #path(first: number): string { return `${this.#folder}/${String(first).padStart(16, '0')}.log`; }

  #damage(file: number, offset: number, expected: string, got: string): VectileError {
    return new VectileError('STORAGE_CORRUPT', `${this.#path(file)}, byte ${offset}: expected ${expected}, got ${got}`);
  }
}

export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = await handle.write(bytes.subarray(at), position + at);
    if (!(written > 0)) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    at += written;
  }
}

/** Reads ranges of a file, a larger piece at a time. Ranges are cut off at the end of the file, and valid until the next call. */
function windowOf(handle: FileHandle, path: string): (at: number, length: number) => Uint8Array {
  let window = new Uint8Array();
  let start = 0;
  return (at, length) => {
    if (at < start || at + length > start + window.length) {
      const buffer = new Uint8Array(Math.max(length, WINDOW_BYTES));
      let filled = 0;
      try {
        for (let read = 1; read > 0 && filled < buffer.length; filled += read) read = handle.read(buffer.subarray(filled), at + filled);
      } catch (cause) {
        throw fileError(cause, path);
      }
      window = buffer.subarray(0, filled);
      start = at;
    }
    return window.subarray(at - start, at - start + length);
  };
}
