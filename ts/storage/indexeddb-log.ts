/** A log as rows: one for all records that were appended together, so they are there or not. */
import { VectileError } from '../errors.js';
import { crc32c } from './crc32c.js';
import type { IndexedDbHost } from './indexeddb.js';
import type { Durability, LogEntry, ShardLog } from './storage.js';

interface FrameRow {
  bytes: Uint8Array;
  lengths: number[];
  crc: number;
}

interface LogRow {
  /** Number of the next record, and of the first that was not trimmed. */
  nextSeq: number;
  first: number;
  bytes: number;
}

/** Rows read at a time: one may be large, so few. */
const READ_ROWS = 16;

export class IndexedDbLog implements ShardLog {
  readonly #host: IndexedDbHost;
  readonly #name: string;
  #row: LogRow = { nextSeq: 1, first: 1, bytes: 0 };
  /** Appends acknowledged before they are done. */
  #writing: Promise<void> = Promise.resolve();
  #failure: VectileError | undefined;

  private constructor(host: IndexedDbHost, name: string) {
    this.#host = host;
    this.#name = name;
  }

  static async open(host: IndexedDbHost, name: string): Promise<IndexedDbLog> {
    const log = new IndexedDbLog(host, name);
    await log.#look();
    return log;
  }

  get nextSeq(): number { return this.#row.nextSeq; }
  get bytes(): number { return this.#row.bytes; }

  async append(records: readonly Uint8Array[], expectedSeq: number, durability: Durability): Promise<void> {
    this.#host.checkWritable();
    if (this.#failure) throw this.#failure;
    if (expectedSeq !== this.nextSeq) throw new VectileError('LOG_CONFLICT', `expectedSeq: expected ${this.nextSeq}, got ${expectedSeq}`);
    if (!records.length) return;
    const frame = frameOf(records);
    const row = { ...this.#row, nextSeq: expectedSeq + records.length, bytes: this.#row.bytes + frame.bytes.length };
    if (durability === 'none') {
      this.#row = row;
      this.#writing = this.#writing.then(() => this.#put(frame, expectedSeq, row, 'relaxed')).catch((cause: VectileError) => { this.#failure ??= cause; });
      return;
    }
    await this.#writing;
    if (this.#failure) throw this.#failure;
    await this.#put(frame, expectedSeq, row, durability === 'sync' ? 'strict' : 'relaxed');
    this.#row = row;
  }

  async sync(): Promise<void> {
    this.#host.checkWritable();
    await this.#writing;
    if (this.#failure) throw this.#failure;
    // a strict transaction after those before it
    await this.#host.connection.run(['logs'], 'readwrite', 'strict', (tx) => { void tx.objectStore('logs').put(this.#row, this.#name); });
  }

  async *read(from: number): AsyncGenerator<LogEntry> {
    await this.#writing;
    if (this.#host.readOnly) await this.#look();
    if (from < this.#row.first) {
      throw new VectileError('LOG_CONFLICT', `${this.#name}: expected to be asked for record ${this.#row.first} or later, got ${from}`);
    }
    const end = this.nextSeq;
    for (let next = await this.#startOf(from); next < end;) {
      const range = IDBKeyRange.bound([this.#name, next], [this.#name, end], false, true);
      const rows = await this.#host.connection.run(['frames'], 'readonly', 'relaxed', (tx) => tx.objectStore('frames').getAll(range, READ_ROWS)) as FrameRow[];
      const keys = (await this.#host.connection.run(['frames'], 'readonly', 'relaxed', (tx) => tx.objectStore('frames').getAllKeys(range))) as [string, number][];
      if (!rows.length) throw this.#damage(next, `the frame of record ${next}`, 'none');
      for (const [i, row] of rows.entries()) {
        const seq = keys[i]?.[1] ?? -1;
        if (seq !== next) throw this.#damage(next, `the frame of record ${next}`, seq < 0 ? 'none' : `that of ${seq}`);
        if (!isSound(row)) throw this.#damage(next, 'records that fit their checksum', 'others');
        next += row.lengths.length;
        if (next > from) yield { seq, records: recordsOf(row) };
      }
    }
  }

  async trim(to: number): Promise<void> {
    this.#host.checkWritable();
    await this.#writing;
    const first = Math.min(to <= this.nextSeq ? await this.#startOf(Math.max(to, this.#row.first)) : this.nextSeq, this.nextSeq);
    if (first <= this.#row.first) return;
    const range = IDBKeyRange.bound([this.#name, 0], [this.#name, first], false, true);
    this.#row = await this.#host.connection.run(['logs', 'frames'], 'readwrite', 'strict', async (tx) => {
      const rows = tx.objectStore('frames');
      void rows.delete(range);
      const rest = (await rows.getAll(IDBKeyRange.bound([this.#name, first], [this.#name, Infinity]))) as FrameRow[];
      const row = { ...this.#row, first, bytes: rest.reduce((sum, { bytes }) => sum + bytes.length, 0) };
      void tx.objectStore('logs').put(row, this.#name);
      return row;
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    if (!this.#host.readOnly && !this.#failure && this.nextSeq > 1) await this.sync();
    this.#failure ??= new VectileError('CLOSED', `${this.#name}: expected a log in use, got one closed`);
  }

  async #look(): Promise<void> {
    const row = (await this.#host.connection.run(['logs'], 'readonly', 'relaxed', (tx) => tx.objectStore('logs').get(this.#name))) as LogRow | undefined;
    if (row) this.#row = row;
  }

  async #put(frame: FrameRow, seq: number, row: LogRow, durability: 'strict' | 'relaxed'): Promise<void> {
    await this.#host.connection.run(['frames', 'logs'], 'readwrite', durability, (tx) => {
      void tx.objectStore('frames').add(frame, [this.#name, seq]).catch(() => {}); // the transaction tells
      void tx.objectStore('logs').put(row, this.#name).catch(() => {});
    });
  }

  /** The first record of the frame that holds record `seq`. */
  async #startOf(seq: number): Promise<number> {
    if (seq >= this.nextSeq) return this.nextSeq;
    const range = IDBKeyRange.bound([this.#name, 0], [this.#name, seq]);
    const keys = (await this.#host.connection.run(['frames'], 'readonly', 'relaxed', (tx) => tx.objectStore('frames').getAllKeys(range))) as [string, number][];
    return keys.at(-1)?.[1] ?? seq;
  }

  #damage(seq: number, expected: string, got: string): VectileError {
    return new VectileError('STORAGE_CORRUPT', `${this.#host.connection.name}, log ${this.#name}, record ${seq}: expected ${expected}, got ${got}`);
  }
}

function frameOf(records: readonly Uint8Array[]): FrameRow {
  const lengths = records.map(({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  return { bytes, lengths, crc: checksumOf(bytes, lengths) };
}

function recordsOf({ bytes, lengths }: FrameRow): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => bytes.slice(at, (at += length)));
}

const isSound = ({ bytes, lengths, crc }: FrameRow): boolean => checksumOf(bytes, lengths) === crc;
const checksumOf = (bytes: Uint8Array, lengths: number[]): number => crc32c(new Uint8Array(Uint32Array.from(lengths).buffer), crc32c(bytes));
