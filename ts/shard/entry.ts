/**
 * Entries of segment files: an object without its vectors, and the vectors of an object. Each has a checksum of its own and
 * says whose it is.
 *
 *   object  ─► checksum, bytes, slot, idBytes: u32; revision, created, updated: f64; propertiesBytes, 0: u32; id, properties
 *   vectors ─► checksum, bytes, slot, count: u32; per vector number, dimensions: u32, f32[dimensions]
 *
 * An entry is padded to 4 bytes; `bytes` counts all of it, and the checksum is of everything after itself, with the shard's mark.
 */
import { VectileError } from '../errors.js';
import { laneChecksumOfWords } from '../storage/lane-checksum.js';
import { markedChecksum } from './mark.js';
import type { StoredObject, StoredVector } from './types.js';
import { utf8Bytes, writeUtf8 } from './utf8.js';

const OBJECT_HEADER_BYTES = 48;
export const VECTORS_HEADER_BYTES = 16;

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export const paddedTo4 = (bytes: number): number => (bytes + 3) & ~3;

/** Room for entries, filled from its beginning. */
export class Page {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  readonly words: Int32Array;
  /** Bytes of it that are filled, or will be. */
  used = 0;

  /** `bytes`: a multiple of 4. */
  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes);
    this.view = new DataView(this.bytes.buffer);
    this.words = new Int32Array(this.bytes.buffer);
  }
}

export const entryBytesAt = ({ view }: Page, at: number): number => view.getUint32(at + 4, true);
export const slotAt = ({ view }: Page, at: number): number => view.getUint32(at + 8, true);

/** What `writeObject` needs. */
export const objectEntryBytes = ({ id, properties }: StoredObject): number => paddedTo4(OBJECT_HEADER_BYTES + utf8Bytes(id) + properties.length);

/** Writes an entry of `bytes` bytes at `at`, a multiple of 4, where all is zero. */
export function writeObject({ id, slot, revision, created, updated, properties }: StoredObject, page: Page, at: number, bytes: number, mark: number): void {
  const { view } = page;
  const idEnd = writeUtf8(id, page.bytes, at + OBJECT_HEADER_BYTES);
  page.bytes.set(properties, idEnd);
  view.setUint32(at + 4, bytes, true);
  view.setUint32(at + 8, slot, true);
  view.setUint32(at + 12, idEnd - at - OBJECT_HEADER_BYTES, true);
  view.setFloat64(at + 16, revision, true);
  view.setFloat64(at + 24, created, true);
  view.setFloat64(at + 32, updated, true);
  view.setUint32(at + 40, properties.length, true);
  seal(page, at, bytes, mark);
}

export function encodeObject(object: StoredObject, mark: number): Uint8Array {
  const page = new Page(objectEntryBytes(object));
  writeObject(object, page, 0, page.bytes.length, mark);
  return page.bytes;
}

/** `where` names file and offset for the error if the bytes are not a sound entry of this slot, and of this mark. */
export function decodeObject(bytes: Uint8Array, slot: number, mark: number, where: () => string): StoredObject {
  const view = checked(bytes, OBJECT_HEADER_BYTES, slot, mark, where);
  const idEnd = OBJECT_HEADER_BYTES + view.getUint32(12, true);
  return {
    id: utf8Decoder.decode(bytes.subarray(OBJECT_HEADER_BYTES, idEnd)),
    slot,
    revision: view.getFloat64(16, true),
    created: view.getFloat64(24, true),
    updated: view.getFloat64(32, true),
    properties: bytes.subarray(idEnd, idEnd + view.getUint32(40, true)),
  };
}

/** What `writeVectorEntry` needs. */
export const vectorEntryBytes = (vectors: readonly StoredVector[]): number => VECTORS_HEADER_BYTES - 4 + vectorsBytes(vectors);

/** Writes an entry of `bytes` bytes at `at`, a multiple of 4. */
export function writeVectorEntry(slot: number, vectors: readonly StoredVector[], page: Page, at: number, bytes: number, mark: number): void {
  page.view.setUint32(at + 4, bytes, true);
  page.view.setUint32(at + 8, slot, true);
  encodeVectors(vectors, page.bytes, at + 12);
  seal(page, at, bytes, mark);
}

export function encodeVectorEntry(slot: number, vectors: readonly StoredVector[], mark: number): Uint8Array {
  const page = new Page(vectorEntryBytes(vectors));
  writeVectorEntry(slot, vectors, page, 0, page.bytes.length, mark);
  return page.bytes;
}

export function decodeVectorEntry(bytes: Uint8Array, slot: number, mark: number, where: () => string): StoredVector[] {
  checked(bytes, VECTORS_HEADER_BYTES, slot, mark, where);
  return decodeVectors(bytes, 12);
}

/** Bytes of `count` and the vectors after it. */
export function vectorsBytes(vectors: readonly StoredVector[]): number {
  return vectors.reduce((bytes, { values }) => bytes + 8 + values.byteLength, 4);
}

/** Writes count and vectors at `at`, a multiple of 4; returns how many bytes. */
export function encodeVectors(vectors: readonly StoredVector[], out: Uint8Array, at: number): number {
  const view = new DataView(out.buffer, out.byteOffset);
  view.setUint32(at, vectors.length, true);
  let end = at + 4;
  for (const { number, values } of vectors) {
    view.setUint32(end, number, true);
    view.setUint32(end + 4, values.length, true);
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), end + 8);
    end += 8 + values.byteLength;
  }
  return end - at;
}

/** The vectors, as copies. */
export function decodeVectors(bytes: Uint8Array, at: number): StoredVector[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vectors: StoredVector[] = [];
  let end = at + 4;
  for (let i = 0, count = view.getUint32(at, true); i < count; i++) {
    const floats = view.getUint32(end + 4, true);
    const copy = bytes.slice(end + 8, end + 8 + floats * 4);
    vectors.push({ number: view.getUint32(end, true), values: new Float32Array(copy.buffer, 0, floats) });
    end += 8 + floats * 4;
  }
  return vectors;
}

/** Where the floats of a named vector begin in the entry at `at`, or −1 if it has none of these dimensions. */
export function findVector(view: DataView, at: number, number: number, dimensions: number): number {
  let next = at + VECTORS_HEADER_BYTES;
  for (let left = view.getUint32(at + 12, true); left > 0; left--) {
    const floats = view.getUint32(next + 4, true);
    if (view.getUint32(next, true) === number && floats === dimensions) return next + 8;
    next += 8 + floats * 4;
  }
  return -1;
}

function seal({ view, words }: Page, at: number, bytes: number, mark: number): void {
  view.setInt32(at, laneChecksumOfWords(words, (at + 4) >>> 2, (at + bytes) >>> 2) ^ mark, true);
}

/** Throws unless the bytes are a whole entry with a sound checksum. `slot` −1: of any slot. */
export function checked(bytes: Uint8Array, headerBytes: number, slot: number, mark: number, where: () => string): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isSound = bytes.length >= headerBytes && view.getUint32(4, true) === bytes.length
    && view.getUint32(0, true) === markedChecksum(bytes.subarray(4), mark) && (slot < 0 || view.getUint32(8, true) === slot);
  if (!isSound) throw new VectileError('STORAGE_CORRUPT', `${where()}: expected a sound entry${slot < 0 ? '' : ` of slot ${slot}`}, got another`);
  return view;
}
