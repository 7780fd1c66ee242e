/**
 * A log as a folder of files named by their first record. Frames are only ever appended to the last one. It knows frames
 * and files; what records mean is nobody's business here.
 */
import { VectileError } from '../errors.js';
import type { FileHandle } from './files.js';
import { decodeHeader, encodeFrame, FRAME_HEADER_BYTES, FRAME_VERSION, isTorn, isWhole, recordsOf, type FrameHeader } from './frame.js';
import { codeOf, fileError, onFile, onFileIfAny } from './fs-errors.js';
import { readUpTo, writeAll, type FsHost } from './fs-host.js';
import type { Durability, LogEntry, ShardLog } from './storage.js';

/** How long what was not synced, or not even written, may stay so. */
const SYNC_MS = 1000;
const WRITE_MS = 100;
const UNWRITTEN_BYTES = 1 << 20;
const WINDOW_BYTES = 1 << 20;

interface Frame {
  header: FrameHeader;
  bytes: Uint8Array;
  /** Where it ends in its file. */
  end: number;
}

export class FsLog implements ShardLog {
  onClosed: (() => void) | undefined;
  readonly #host: FsHost;
  readonly #folder: string;
  /** First records of the files, in order. */
  #firsts: number[] = [];
  /** Bytes of each, with what waits to be written. */
  #sizes = new Map<number, number>();
  /** The last file. */
  #handle: FileHandle | undefined;
  #nextSeq = 1;
  /** Records below were given to the system; or, below the second, are durable. */
  #written = 1;
  #synced = 1;
  /** Frames acknowledged before they are written, in order. */
  #unwritten: Uint8Array[] = [];
  #unwrittenBytes = 0;
  /** Writes in the background, and syncs, are done one after another: an error of a sync is told only once. */
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerMs = 0;
  /** Why nothing may be appended any more, and whether someone was told. */
  #failure: VectileError | undefined;
  #isFailureKnown = true;
  #isClosed = false;

  private constructor(host: FsHost, folder: string) {
    this.#host = host;
    this.#folder = folder;
  }

  static async open(host: FsHost, folder: string): Promise<FsLog> {
    const log = new FsLog(host, folder);
    await log.#look();
    const last = log.#firsts.at(-1);
    if (last === undefined) return log;
    let durable = 0; // end of what was said to be so
    let end = 0;
    const ends: { seq: number; end: number }[] = [];
    log.#nextSeq = last;
    for (const frame of log.#frames(last, true)) {
      log.#nextSeq = frame.header.seq + frame.header.count;
      ends.push({ seq: log.#nextSeq, end: end = frame.end });
      while (ends.length && ends[0]!.seq <= frame.header.synced) durable = ends.shift()!.end;
    }
    if (host.readOnly) return log;
    const path = log.#path(last);
    const handle = await onFile(path, () => host.files.open(path, 'write'));
    log.#handle = handle;
    try {
      if (handle.size() > end) await handle.truncate(end);
      // The system may hold what it failed to write to the disk, and has said so once, to a process that is gone. It is
      // written once more, so that this sync means it.
      if (host.isDoubtful && end > durable) await writeAll(handle, readUpTo(handle, path, durable, end - durable), durable);
      await handle.sync();
    } catch (cause) {
      await handle.close().catch(() => {});
      throw fileError(cause, path);
    }
    log.#sizes.set(last, end);
    log.#written = log.#synced = log.#nextSeq;
    return log;
  }

  /** Makes a log without records that begins with `nextSeq`. */
  static async begin(host: FsHost, folder: string, nextSeq: number): Promise<void> {
    const log = new FsLog(host, folder);
    log.#nextSeq = log.#written = log.#synced = nextSeq;
    await log.#rotate();
    await log.close();
  }

  get nextSeq(): number { return this.#nextSeq; }
  get bytes(): number { return [...this.#sizes.values()].reduce((sum, bytes) => sum + bytes, 0); }

  async append(records: readonly Uint8Array[], expectedSeq: number, durability: Durability): Promise<void> {
    this.#checkWritable();
    if (this.#isClosed) throw closed(this.#folder);
    if (expectedSeq !== this.#nextSeq) throw new VectileError('LOG_CONFLICT', `expectedSeq: expected ${this.#nextSeq}, got ${expectedSeq}`);
    if (!records.length) return;
    if (!this.#handle || this.#end >= this.#host.logFileBytes) await this.#rotate();
    if (durability !== 'none' || this.#unwrittenBytes > UNWRITTEN_BYTES) await this.#writeOut();
    const frame = encodeFrame(records, expectedSeq, this.#synced, this.#host.epoch, this.#end);
    if (durability === 'none') {
      this.#unwritten.push(frame);
      this.#unwrittenBytes += frame.length;
      this.#advance(frame.length, records.length);
      this.#later(WRITE_MS);
      return;
    }
    await this.#write(frame, this.#end);
    this.#advance(frame.length, records.length);
    this.#written = this.#nextSeq;
    if (durability === 'sync') await this.#sync();
    else this.#later(SYNC_MS);
  }

  async sync(): Promise<void> {
    this.#checkWritable();
    await this.#writeOut();
    if (this.#synced < this.#written) await this.#sync();
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
      // what this log has found whole when it was opened, or has written, must be whole
      const mayEnd = i === files.length - 1 && (this.#host.readOnly || this.#failure !== undefined);
      for (const { header, bytes } of this.#frames(file, mayEnd)) {
        next = header.seq + header.count;
        if (this.#host.readOnly) this.#nextSeq = Math.max(this.#nextSeq, next);
        if (next > from) yield { seq: header.seq, records: recordsOf(bytes, header) };
      }
    }
  }

  async trim(to: number): Promise<void> {
    this.#checkWritable();
    if (this.#nextSeq <= to && this.#handle && this.#end > 0) await this.#rotate();
    while (this.#firsts.length > 1 && this.#firsts[1]! <= to) {
      const path = this.#path(this.#firsts[0]!);
      await onFileIfAny(path, () => this.#host.files.unlink(path));
      this.#sizes.delete(this.#firsts.shift()!);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#host.readOnly) return;
      if (!this.#failure) await this.sync();
      else if (!this.#isFailureKnown) throw this.#failure;
    } finally {
      clearTimeout(this.#timer);
      await this.#writing.catch(() => {});
      await this.#syncing.catch(() => {});
      clearTimeout(this.#timer);
      await this.#handle?.close().catch(() => {});
      this.#handle = undefined;
      this.#failure ??= closed(this.#folder);
      this.onClosed?.();
    }
  }

  get #end(): number { return this.#sizes.get(this.#firsts.at(-1)!) ?? 0; }

  #checkWritable(): void {
    this.#host.checkWritable();
    if (!this.#failure) return;
    this.#isFailureKnown = true;
    throw this.#failure;
  }

  /** Looks which files there are. */
  async #look(): Promise<void> {
    const { files } = this.#host;
    const names = (await onFile(this.#folder, () => files.list(this.#folder))) ?? [];
    this.#sizes = new Map();
    for (const { name } of names) {
      const first = /^(\d{16})\.log$/.exec(name)?.[1];
      const stat = first && (await onFile(`${this.#folder}/${name}`, () => files.stat(`${this.#folder}/${name}`)));
      if (stat) this.#sizes.set(Number(first), stat.bytes);
    }
    this.#firsts = [...this.#sizes.keys()].sort((a, b) => a - b);
  }

  /**
   * Whole frames of a file, in order; their bytes are valid until the next. Throws at a bad one, but ends before it if it is
   * the end of the log, where `mayEnd`.
   */
  *#frames(file: number, mayEnd: boolean): Generator<Frame> {
    const path = this.#path(file);
    let handle: FileHandle;
    try {
      handle = this.#host.files.openSync(path);
    } catch (cause) {
      if (codeOf(cause) !== 'ENOENT') throw fileError(cause, path);
      throw new VectileError('LOG_CONFLICT', `${path}: expected a file, got none: its records were trimmed`);
    }
    try {
      // beyond is what is being written, or was left by a write that failed
      const size = this.#host.readOnly ? handle.size() : Math.min(handle.size(), this.#sizes.get(file) ?? 0);
      let window = new Uint8Array();
      let start = 0;
      /** Bytes of the file, which is read a larger piece at a time. */
      const read = (at: number, length: number) => {
        const bytes = Math.min(length, size - at);
        if (at < start || at + bytes > start + window.length) {
          window = readUpTo(handle, path, at, Math.min(size - at, Math.max(bytes, WINDOW_BYTES))) as Uint8Array<ArrayBuffer>;
          start = at;
        }
        return window.subarray(at - start, at - start + bytes);
      };
      let isSecondLook = false;
      let at = 0;
      for (let seq = file; at < size;) {
        const header = decodeHeader(read(at, FRAME_HEADER_BYTES));
        if (header && header.version !== FRAME_VERSION) {
          throw new VectileError('STORAGE_VERSION', `${path}, byte ${at}: expected frames of version ${FRAME_VERSION}, got ${header.version}`);
        }
        const bytes = read(at, header?.bytes ?? FRAME_HEADER_BYTES);
        if (header?.seq === seq && isWhole(bytes, header)) {
          at += header.bytes;
          seq += header.count;
          isSecondLook = false;
          yield { header, bytes, end: at };
          continue;
        }
        const reason = mayEnd ? this.#judge(read, at, size, seq, header, bytes) : 'damaged bytes';
        if (!reason) return;
        // beside a writer: the frame may have been finished after it was read, and before the later one was that speaks of it
        if (!this.#host.readOnly || isSecondLook) throw this.#damage(file, at, `the frame of record ${seq}`, reason);
        isSecondLook = true;
        window = new Uint8Array();
      }
      if (!mayEnd && at < (this.#sizes.get(file) ?? 0)) throw this.#damage(file, at, `${this.#sizes.get(file)} bytes`, 'the end of the file');
    } finally {
      void handle.close().catch(() => {});
    }
  }

  /** Why a bad frame in the last file is not the end of the log; undefined if it is. See frame.ts. */
  #judge(
    read: (at: number, length: number) => Uint8Array, at: number, size: number, seq: number, header: FrameHeader | undefined, bytes: Uint8Array,
  ): string | undefined {
    const isNext = header?.seq === seq;
    for (let from = at + (isNext ? header.bytes : 8); from < size; from += WINDOW_BYTES) {
      const window = read(from, WINDOW_BYTES + FRAME_HEADER_BYTES);
      for (let i = 0; i < Math.min(WINDOW_BYTES, window.length); i += 8) {
        const later = decodeHeader(window, i);
        if (later && later.seq > seq && later.synced > seq) return `damaged bytes, though record ${seq} was durable`;
      }
    }
    if (this.#host.readOnly) return undefined; // it may be being written
    if (header && !isNext) return `the frame of record ${header.seq}`;
    return isTorn(bytes, at, header) ? undefined : 'damaged bytes';
  }

  #advance(bytes: number, records: number): void {
    this.#sizes.set(this.#firsts.at(-1)!, this.#end + bytes);
    this.#nextSeq += records;
  }

  #fail(error: VectileError): VectileError {
    this.#host.isClean = false;
    return (this.#failure ??= error);
  }

  /** Writes frames at `position`, or takes back what was written of them. */
  async #write(frames: Uint8Array, position: number): Promise<void> {
    const handle = this.#handle!;
    const path = this.#path(this.#firsts.at(-1)!);
    try {
      await writeAll(handle, frames, position);
    } catch (cause) {
      const error = fileError(cause, path);
      try {
        await handle.truncate(position);
      } catch {
        throw this.#fail(new VectileError('STORAGE_FAILED', `${error.message}, nor to take back what was written in part; the log must be opened anew`, { cause }));
      }
      await this.#sync(); // or else a part of it might be found among what is written there next
      throw error;
    }
  }

  /** Writes what was acknowledged before. A failure is final: what follows would be numbered past a hole. */
  #writeOut(): Promise<void> {
    return (this.#writing = this.#writing.then(async () => {
      if (this.#failure) throw this.#failure;
      if (!this.#unwritten.length) return;
      const frames = joined(this.#unwritten, this.#unwrittenBytes);
      const upTo = this.#nextSeq;
      const position = this.#end - frames.length;
      this.#unwritten = [];
      this.#unwrittenBytes = 0;
      try {
        this.#host.checkWritable();
        await this.#write(frames, position);
      } catch (cause) {
        const { message } = fileError(cause, this.#folder);
        throw this.#fail(new VectileError('STORAGE_FAILED', `${message}; records from ${this.#written} on are lost; the log must be opened anew`, { cause }));
      }
      this.#written = upTo;
      this.#later(SYNC_MS);
    }));
  }

  /** A failed sync is never tried again: the system may have dropped what it could not write. */
  #sync(): Promise<void> {
    return (this.#syncing = this.#syncing.then(async () => {
      if (this.#failure) throw this.#failure;
      const upTo = this.#written;
      try {
        await this.#handle!.sync();
      } catch (cause) {
        const { message } = fileError(cause, this.#path(this.#firsts.at(-1)!));
        throw this.#fail(new VectileError('STORAGE_FAILED', `${message}; the log must be opened anew`, { cause }));
      }
      this.#synced = Math.max(this.#synced, upTo);
    }));
  }

  /** Ends the last file, which must be durable before there is another one, and begins the next. */
  async #rotate(): Promise<void> {
    await this.#writeOut();
    if (this.#synced < this.#written) await this.#sync();
    else await this.#syncing;
    const path = this.#path(this.#nextSeq);
    if (!this.#firsts.length) await this.#host.makeFolder(this.#folder, true);
    const handle = await onFile(path, () => this.#host.files.open(path, 'create'));
    try {
      await this.#host.syncFolder(this.#folder, true);
    } catch (cause) {
      await handle.close().catch(() => {});
      await this.#host.files.unlink(path).catch(() => {}); // or else it is in the way when it is tried again
      throw cause;
    }
    await this.#handle?.close().catch(() => {});
    this.#handle = handle;
    this.#firsts.push(this.#nextSeq);
    this.#sizes.set(this.#nextSeq, 0);
  }

  /** Writes, or else syncs, in the background. */
  #later(ms: number): void {
    if (this.#timer !== undefined && this.#timerMs <= ms) return;
    clearTimeout(this.#timer);
    this.#timerMs = ms;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#failure) return;
      const work = this.#unwritten.length ? this.#writeOut() : this.#synced < this.#written ? this.#sync() : undefined;
      work?.catch(() => { this.#isFailureKnown = false; }); // it is told at the next append
    }, ms);
    (this.#timer as { unref?(): void }).unref?.();
  }

  #path(first: number): string { return `${this.#folder}/${String(first).padStart(16, '0')}.log`; }

  #damage(file: number, offset: number, expected: string, got: string): VectileError {
    return new VectileError('STORAGE_CORRUPT', `${this.#path(file)}, byte ${offset}: expected ${expected}, got ${got}`);
  }
}

function closed(folder: string): VectileError {
  return new VectileError('CLOSED', `${folder}: expected a log in use, got one closed`);
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
