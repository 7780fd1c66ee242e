/**
 * Segment files: entries of objects in one, of their vectors in another of the same number, appended once and never changed.
 * This file knows files and how much of each is still in use; objects.ts knows what lies where.
 */
import { VectileError } from '../errors.js';
import type { BlobStore } from '../storage/storage.js';
import { VECTORS_HEADER_BYTES } from './entry.js';
import { Scan } from './scan.js';
import { SEGMENT_MAX } from './table.js';

/** As in the manifest. */
export interface Segment {
  /** Number in the table; used again when the segment is gone. */
  index: number;
  /** Number in the names of its files; never used again. */
  file: number;
  objectsBytes: number;
  vectorsBytes: number;
  /** Of these, bytes that are in use. */
  objectsLive: number;
  vectorsLive: number;
}

/** Bytes written at a time, about. */
const CHUNK_BYTES = 256 << 10;

export class Segments {
  readonly byIndex = new Map<number, Segment>();
  readonly #blobs: BlobStore;
  readonly #prefix: string;
  #nextFile = 1;
  /** Bytes written since it was opened. */
  written = 0;

  constructor(blobs: BlobStore, prefix: string, segments: readonly Segment[]) {
    this.#blobs = blobs;
    this.#prefix = prefix;
    for (const segment of segments) {
      this.byIndex.set(segment.index, { ...segment });
      this.#nextFile = Math.max(this.#nextFile, segment.file + 1);
    }
  }

  get isSync(): boolean { return this.#blobs.getRangeSync !== undefined; }
  get bytes(): number { return sum(this.byIndex.values(), (segment) => segment.objectsBytes + segment.vectorsBytes); }
  get liveBytes(): number { return sum(this.byIndex.values(), (segment) => segment.objectsLive + segment.vectorsLive); }

  objectsName(index: number): string { return `${this.#prefix}/objects-${digits(this.#segment(index).file)}`; }
  vectorsName(index: number): string { return `${this.#prefix}/vectors-${digits(this.#segment(index).file)}`; }

  /** Names of all files. */
  names(): string[] {
    return [...this.byIndex.keys()].flatMap((index) => [this.objectsName(index), this.vectorsName(index)]);
  }

  /** Bytes of an object's entry; at once where the store can. */
  readObject(index: number, offset: number, bytes: number): Uint8Array | Promise<Uint8Array> {
    return this.#read(this.objectsName(index), offset, bytes);
  }

  /** The entry of vectors at `offset`, of about `bytes` bytes. */
  readVectors(index: number, offset: number, bytes: number): Uint8Array | Promise<Uint8Array> {
    const name = this.vectorsName(index);
    const end = this.#segment(index).vectorsBytes;
    const enough = (read: Uint8Array): Uint8Array | Promise<Uint8Array> => {
      const whole = read.length >= VECTORS_HEADER_BYTES ? new DataView(read.buffer, read.byteOffset).getUint32(4, true) : 0;
      if (whole <= read.length) return read.subarray(0, whole);
      return offset + whole <= end ? this.#read(name, offset, whole) : read; // too long: refused when it is checked
    };
    const read = this.#read(name, offset, Math.min(bytes, end - offset));
    return read instanceof Promise ? read.then(enough) : enough(read);
  }

  /** Writes entries, one or more in each array, to a pair of files; where they lie follows from their order and lengths. Both are durable. */
  async write(objects: readonly Uint8Array[], vectors: readonly Uint8Array[]): Promise<Segment> {
    let index = 0;
    while (this.byIndex.has(index)) index++;
    if (index > SEGMENT_MAX) throw new VectileError('INDEX_FULL', `shard: expected at most ${SEGMENT_MAX} segments, got one more`);
    const segment: Segment = { index, file: this.#nextFile++, objectsBytes: 0, vectorsBytes: 0, objectsLive: 0, vectorsLive: 0 };
    this.byIndex.set(index, segment);
    try {
      segment.objectsBytes = (await this.#blobs.put(this.objectsName(index), batches(objects))).bytes;
      segment.vectorsBytes = (await this.#blobs.put(this.vectorsName(index), batches(vectors))).bytes;
      this.written += segment.objectsBytes + segment.vectorsBytes;
      return segment;
    } catch (cause) {
      this.byIndex.delete(index);
      throw cause;
    }
  }

  /** For one segment after another. */
  scan(): Scan { return new Scan(this.#blobs); }

  /** The entries of vectors of a segment, in chunks of whole ones; where each begins in the file. Not checked, and valid until the next. */
  async *vectorChunks(index: number, scan: Scan): AsyncGenerator<{ offset: number; bytes: Uint8Array }> {
    const name = this.vectorsName(index);
    const end = this.#segment(index).vectorsBytes;
    for (let offset = 0; offset < end;) {
      const read = scan.read(name, offset, end);
      let bytes = read instanceof Promise ? await read : read;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let whole = 0;
      while (whole + VECTORS_HEADER_BYTES <= bytes.length) {
        const next = whole + view.getUint32(whole + 4, true);
        if (next < whole + VECTORS_HEADER_BYTES || next % 4 || offset + next > end) throw this.#corrupt(name, offset + whole);
        if (next > bytes.length) break;
        whole = next;
      }
      if (!whole) {
        // one entry that is longer than a chunk
        const length = bytes.length >= VECTORS_HEADER_BYTES ? view.getUint32(4, true) : 0;
        if (!length) throw this.#corrupt(name, offset);
        bytes = await this.#read(name, offset, length);
        whole = length;
      }
      yield { offset, bytes: bytes.subarray(0, whole) };
      offset += whole;
    }
  }

  #read(name: string, offset: number, bytes: number): Uint8Array | Promise<Uint8Array> {
    return this.#blobs.getRangeSync?.(name, offset, bytes) ?? this.#blobs.getRange(name, offset, bytes);
  }

  #segment(index: number): Segment {
    const segment = this.byIndex.get(index);
    if (!segment) throw new VectileError('STORAGE_CORRUPT', `${this.#prefix}: expected segment ${index}, got none`);
    return segment;
  }

  #corrupt(name: string, offset: number): VectileError {
    return new VectileError('STORAGE_CORRUPT', `${name}, byte ${offset}: expected a whole entry, got less`);
  }
}

/** Arrays gathered into chunks of CHUNK_BYTES or more; large ones are passed on as they are. */
function* batches(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    gathered.push(part);
    bytes += part.length;
    if (bytes < CHUNK_BYTES) continue;
    yield concat(gathered);
    gathered = [];
    bytes = 0;
  }
  if (bytes) yield concat(gathered);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}

const digits = (number: number): string => String(number).padStart(8, '0');
