/** A log as rows: one for all records that were appended together, so they are there or not. What they mean is not known here. */
import { VectileError } from '../errors.js';
import { crc32c } from './crc32c.js';
import type { IndexedDbHost } from './indexeddb.js';
import type { Rows } from './indexeddb-connection.js';
import type { Durability, LogEntry, ShardLog } from './storage.js';

/** By [log, number of the first record]. */
interface FrameRow {
  /** Bytes of all records before, from the first there ever was. */
  at: number;
  /** Of each record, in `bytes`. */
  lengths: Uint32Array;
  bytes: Uint8Array;
  /** Of all this, and the number of the first record. */
  crc: number;
}

interface Frame extends FrameRow {
  /** Number of the first record. */
  seq: number;
}

/** By log. It outlives its frames, so numbers go on. */
interface LogRow {
  /** Number of the next record, and bytes of all before it. */
  nextSeq: number;
  end: number;
  /** The same of the first record that was not trimmed. */
  first: number;
  begin: number;
}

const EMPTY: LogRow = { nextSeq: 1, end: 0, first: 1, begin: 0 };
/** What is acknowledged before it is written must not fill the memory. */
const WAITING_BYTES_MAX = 4 << 20;
/** About so much is read at a time. */
const READ_BYTES = 4 << 20;
/**
 * Chromium puts large values into files of their own, which a later strict transaction does not make durable, as it does
 * with small ones; so they must be written strictly in any case.
 */
const LARGE_BYTES = 32 << 10;

export class IndexedDbLog implements ShardLog {
  onClosed: (() => void) | undefined;
  readonly #host: IndexedDbHost;
  readonly #name: string;
  /** As it is in the database. */
  #row: LogRow = EMPTY;
  /** The same, with what waits to be written. */
  #nextSeq = 1;
  #end = 0;
  #waiting: Frame[] = [];
  #isSynced = true;
  /** Ends when all that was begun has ended. Never rejected. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Why nothing may be written any more, and whether someone was told. */
  #failure: VectileError | undefined;
  #isFailureKnown = true;
  #isClosed = false;

  private constructor(host: IndexedDbHost, name: string) {
    this.#host = host;
    this.#name = name;
  }

  static async open(host: IndexedDbHost, name: string): Promise<IndexedDbLog> {
    const log = new IndexedDbLog(host, name);
    await log.#look();
    return log;
  }

  /** Makes a log without records that begins with `nextSeq`, in place of what there is. */
  static async begin({ connection }: IndexedDbHost, name: string, nextSeq: number): Promise<void> {
    await connection.write(['logs', 'frames'], 'strict', (rows) => {
      rows('frames').delete(IDBKeyRange.bound([name, 0], [name, Infinity]));
      rows('logs').put({ nextSeq, end: 0, first: nextSeq, begin: 0 } satisfies LogRow, name);
    });
  }

  get nextSeq(): number { return this.#nextSeq; }
  get bytes(): number { return this.#end - this.#row.begin; }

  async append(records: readonly Uint8Array[], expectedSeq: number, durability: Durability): Promise<void> {
    this.#checkWritable();
    if (expectedSeq !== this.#nextSeq) throw new VectileError('LOG_CONFLICT', `expectedSeq: expected ${this.#nextSeq}, got ${expectedSeq}`);
    if (!records.length) return;
    const frame = frameOf(records, expectedSeq, this.#end);
    const advance = () => {
      this.#nextSeq = expectedSeq + records.length;
      this.#end = frame.at + frame.bytes.length;
    };
    if (durability === 'none' && this.#end - this.#row.end < WAITING_BYTES_MAX) {
      if (this.#waiting.push(frame) === 1) this.#turn = this.#turn.then(() => this.#putWaiting());
      advance();
      return;
    }
    await this.#inTurn(() => this.#put([frame], durability === 'sync'));
    advance();
  }

  async sync(): Promise<void> {
    this.#checkWritable();
    await this.#inTurn(() => this.#sync());
  }

  async *read(from: number): AsyncGenerator<LogEntry> {
    await this.#turn;
    if (this.#host.readOnly) await this.#look();
    const end = this.#row.nextSeq;
    let count = 16;
    this.#checkThere(from, this.#row);
    for (let next = from; next < end;) {
      const { keys, frames, row } = await this.#host.connection.read(['logs', 'frames'], async (rows) => {
        const start = next === from ? await this.#startOf(rows('frames'), from) : next;
        const range = IDBKeyRange.bound([this.#name, start], [this.#name, end], false, true);
        return {
          keys: await rows('frames').keys<[string, number]>(range, count),
          frames: await rows('frames').getAll<FrameRow>(range, count),
          row: (await rows('logs').get<LogRow>(this.#name)) ?? EMPTY,
        };
      });
      this.#checkThere(next, row); // it may have been trimmed meanwhile
      if (!frames.length) throw this.#damage(next, `the frame of record ${next}`, 'none');
      let bytes = 0;
      for (const [i, frame] of frames.entries()) {
        const seq = keys[i]![1];
        if (next === from ? seq > from : seq !== next) throw this.#damage(next, `the frame of record ${next}`, `that of record ${seq}`);
        if (!isSound(frame, seq)) throw this.#damage(seq, 'a frame that fits its checksum', 'another');
        next = seq + frame.lengths.length;
        if (next <= from) throw this.#damage(from, `the frame of record ${from}`, `none, and one of records ${seq} to ${next - 1}`);
        bytes += frame.bytes.length;
        yield { seq, records: recordsOf(frame) };
      }
      count = Math.max(1, Math.min(1000, Math.floor((READ_BYTES * frames.length) / (bytes + 1))));
    }
  }

  async trim(to: number): Promise<void> {
    this.#checkWritable();
    await this.#inTurn(async () => {
      const former = this.#row;
      if (to <= former.first) return;
      await this.#write('relaxed', async (rows) => {
        const first = to < former.nextSeq ? await this.#startOf(rows('frames'), to) : former.nextSeq;
        if (first <= former.first) return former;
        const kept = first < former.nextSeq ? await rows('frames').get<FrameRow>([this.#name, first]) : undefined;
        rows('frames').delete(IDBKeyRange.bound([this.#name, 0], [this.#name, first], false, true));
        return { ...former, first, begin: kept?.at ?? former.end };
      });
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#turn;
      if (this.#host.readOnly) return;
      if (!this.#failure) await this.#inTurn(() => this.#sync());
      else if (!this.#isFailureKnown) throw this.#failure;
    } finally {
      this.#failure ??= new VectileError('CLOSED', `${this.#where}: expected a log in use, got one closed`);
      this.onClosed?.();
    }
  }

  get #where(): string { return `${this.#host.connection.name}, log ${this.#name}`; }

  #checkWritable(): void {
    this.#host.checkWritable();
    if (!this.#failure) return;
    this.#isFailureKnown = true;
    throw this.#failure;
  }

  #checkThere(from: number, { first }: LogRow): void {
    if (from < first) throw new VectileError('LOG_CONFLICT', `${this.#where}: expected to be asked for record ${first} or later, got ${from}`);
  }

  async #look(): Promise<void> {
    const { row, key } = await this.#host.connection.read(['logs', 'frames'], async (rows) => ({
      row: await rows('logs').get<LogRow>(this.#name),
      key: await rows('frames').lastKey<[string, number]>(IDBKeyRange.bound([this.#name, 0], [this.#name, Infinity])),
    }));
    if (key && key[1] >= (row?.nextSeq ?? 1)) throw this.#damage(key[1], `no record after ${(row?.nextSeq ?? 1) - 1}`, 'one');
    this.#row = row ?? EMPTY;
    this.#nextSeq = this.#row.nextSeq;
    this.#end = this.#row.end;
  }

  /** After all that was begun before, unless that has made it impossible. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      if (!this.#failure) return work();
      this.#isFailureKnown = true;
      throw this.#failure;
    });
    this.#turn = result.catch(() => {});
    return result;
  }

  async #put(frames: readonly Frame[], isSync: boolean): Promise<void> {
    const last = frames.at(-1)!;
    const isLarge = frames.some(({ bytes, lengths }) => bytes.length + lengths.byteLength > LARGE_BYTES);
    await this.#write(isSync || isLarge ? 'strict' : 'relaxed', (rows) => {
      for (const { seq, ...row } of frames) rows('frames').put(row, [this.#name, seq]);
      return { ...this.#row, nextSeq: last.seq + last.lengths.length, end: last.at + last.bytes.length };
    });
    this.#isSynced = isSync;
  }

  /** A failure is final, as what follows would be numbered past a hole; it is told at the next call. */
  async #putWaiting(): Promise<void> {
    if (this.#failure) return;
    const frames = this.#waiting;
    this.#waiting = [];
    try {
      await this.#put(frames, false);
    } catch (cause) {
      this.#isFailureKnown = false;
      const lost = `records from ${frames[0]!.seq} on are lost; the log must be opened anew`;
      this.#failure = new VectileError('STORAGE_FAILED', `${(cause as Error).message}; ${lost}`, { cause });
    }
  }

  /** A strict transaction makes durable those before it, too. */
  async #sync(): Promise<void> {
    if (this.#isSynced) return;
    await this.#write('strict', () => this.#row);
    this.#isSynced = true;
  }

  /** One transaction that leaves the row of the log as `work` says. Unless nothing has changed for sure, a failure is final. */
  async #write(durability: 'strict' | 'relaxed', work: (rows: (store: 'frames') => Rows) => Promise<LogRow> | LogRow): Promise<void> {
    try {
      this.#row = await this.#host.connection.write(['frames', 'logs'], durability, async (rows) => {
        const row = await work(rows);
        rows('logs').put(row, this.#name);
        return row;
      });
    } catch (cause) {
      if ((cause as VectileError).code === 'STORAGE_FULL') throw cause;
      throw (this.#failure = cause as VectileError);
    }
  }

  /** The first record of the frame that holds record `seq`. */
  async #startOf(frames: Rows, seq: number): Promise<number> {
    const key = await frames.lastKey<[string, number]>(IDBKeyRange.bound([this.#name, 0], [this.#name, seq]));
    return key?.[1] ?? seq;
  }

  #damage(seq: number, expected: string, got: string): VectileError {
    return new VectileError('STORAGE_CORRUPT', `${this.#where}, record ${seq}: expected ${expected}, got ${got}`);
  }
}

function frameOf(records: readonly Uint8Array[], seq: number, at: number): Frame {
  const lengths = Uint32Array.from(records, ({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let end = 0;
  for (const record of records) {
    bytes.set(record, end);
    end += record.length;
  }
  return { seq, at, lengths, bytes, crc: checksumOf(bytes, lengths, seq, at) };
}

function recordsOf({ bytes, lengths }: FrameRow): Uint8Array[] {
  let at = 0;
  return Array.from(lengths, (length) => bytes.slice(at, (at += length)));
}

function isSound({ at, lengths, bytes, crc }: FrameRow, seq: number): boolean {
  return bytes instanceof Uint8Array && lengths instanceof Uint32Array && checksumOf(bytes, lengths, seq, at) === crc;
}

function checksumOf(bytes: Uint8Array, lengths: Uint32Array, seq: number, at: number): number {
  const numbers = new Uint8Array(Float64Array.of(seq, at).buffer);
  return crc32c(bytes, crc32c(new Uint8Array(lengths.buffer, lengths.byteOffset, lengths.byteLength), crc32c(numbers)));
}
