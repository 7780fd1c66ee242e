/**
 * The objects of a shard: the newest in memory as the log brought them, the rest in segments, and a table of what lies
 * where. It knows nothing of indexes and logs.
 */
import { VectileError } from '../errors.js';
import { laneChecksumOfWords } from '../storage/lane-checksum.js';
import { VECTORS_HEADER_BYTES, decodeObject, decodeVectorEntry, encodeObject, encodeVectorEntry, findVector } from './entry.js';
import type { Segment, SegmentEntry, Segments } from './segments.js';
import { IN_MEMORY, NOWHERE, type Table } from './table.js';
import type { ResolvedEffect } from './record.js';
import type { StoredObject, StoredVector } from './types.js';

/** What is not in a segment yet: entries as they will be written. */
interface Unflushed {
  object: Uint8Array;
  /** Undefined where the vectors are in a segment already, or there are none. */
  vectors: Uint8Array | undefined;
}

/** Vectors of a field: of ids[i], dimensions floats from vectors[offsets[i]] on. */
export interface Rows {
  ids: Uint32Array;
  vectors: Float32Array;
  offsets: Uint32Array;
}

export interface Applied {
  slot: number;
  kind: 'insert' | 'update' | 'delete';
}

/** Bytes of entries moved into one new segment. */
const SEGMENT_BYTES = 32 << 20;

export class Objects {
  readonly table: Table;
  readonly segments: Segments;
  /** Of the checksums of entries. */
  readonly #mark: number;
  readonly #unflushed = new Map<number, Unflushed>();
  unflushedBytes = 0;
  /** Bytes of an entry of vectors that has all of them: what is read at first. */
  vectorsBytesMax = 0;

  constructor(table: Table, segments: Segments, mark: number) {
    this.table = table;
    this.segments = segments;
    this.#mark = mark;
  }

  /** Takes up what a record says of one object; undefined if it is deleted and was not there. */
  apply({ id, created, updated, content }: ResolvedEffect, revision: number): Applied | undefined {
    const known = this.table.slotOf(id);
    if (!content) {
      if (known < 0) return undefined;
      this.#leaveObject(known);
      this.#leaveVectors(known);
      this.#drop(known);
      this.table.release(known);
      return { slot: known, kind: 'delete' };
    }
    const slot = known < 0 ? this.table.allot(id) : known;
    const before = this.#unflushed.get(slot);
    const isKept = content.vectors === 'kept';
    const vectors = content.vectors === 'kept' ? before?.vectors : encodeIfAny(slot, content.vectors, this.#mark);
    this.#leaveObject(slot);
    if (!isKept) this.#leaveVectors(slot);
    this.#drop(slot);
    const object = encodeObject({ id, slot, revision, created, updated, properties: content.properties }, this.#mark);
    this.#unflushed.set(slot, { object, vectors });
    this.unflushedBytes += object.length + (vectors?.length ?? 0);
    this.table.objectSegments[slot] = IN_MEMORY;
    this.table.objectBytes[slot] = object.length;
    this.table.revisions[slot] = revision;
    if (vectors) this.table.vectorSegments[slot] = IN_MEMORY;
    else if (!isKept) this.table.vectorSegments[slot] = NOWHERE;
    return { slot, kind: known < 0 ? 'insert' : 'update' };
  }

  /** The object in a slot, which must be in use. Where the store reads at once, so does this. */
  read(slot: number, withVectors = false): StoredObject | Promise<StoredObject> {
    const { table } = this;
    const index = table.objectSegments[slot]!;
    const offset = table.objectOffsets[slot]! * 4;
    const decode = (bytes: Uint8Array) => decodeObject(bytes, slot, this.#mark, () => this.#place(index, offset, 'objects'));
    const bytes = index === IN_MEMORY ? this.#unflushed.get(slot)!.object : this.segments.readObject(index, offset, table.objectBytes[slot]!);
    const object = bytes instanceof Promise ? bytes.then(decode) : decode(bytes);
    if (!withVectors) return object;
    const vectors = this.readVectors(slot);
    if (object instanceof Promise || vectors instanceof Promise) {
      return Promise.all([object, vectors]).then(([object, vectors]) => ({ ...object, vectors }));
    }
    return { ...object, vectors };
  }

  /** Vectors of the object in a slot; none if it is free. */
  readVectors(slot: number): StoredVector[] | Promise<StoredVector[]> {
    const index = this.table.vectorSegments[slot]!;
    if (!this.table.has(slot) || index === NOWHERE) return [];
    const offset = this.table.vectorOffsets[slot]! * 4;
    const decode = (bytes: Uint8Array) => decodeVectorEntry(bytes, slot, this.#mark, () => this.#place(index, offset, 'vectors'));
    const bytes = index === IN_MEMORY ? this.#unflushed.get(slot)!.vectors! : this.segments.readVectors(index, offset, this.vectorsBytesMax);
    return bytes instanceof Promise ? bytes.then(decode) : decode(bytes);
  }

  /**
   * The vectors of one number, of every object that has one, in batches: ids (they are slots), and where in `vectors` each
   * begins. Both are filled anew for the next batch. Throws STORAGE_CORRUPT at the first entry that is not sound.
   */
  async *rowsOf(number: number, dimensions: number): AsyncGenerator<Rows> {
    const { table } = this;
    for (const [slot, { vectors: entry }] of [...this.#unflushed]) {
      if (!entry) continue;
      const found = findVector(new DataView(entry.buffer, entry.byteOffset, entry.byteLength), 0, number, dimensions);
      if (found >= 0) yield { ids: Uint32Array.of(slot), vectors: new Float32Array(entry.buffer, entry.byteOffset, entry.length >>> 2), offsets: Uint32Array.of(found / 4) };
    }
    let ids = new Uint32Array(0);
    let offsets = new Uint32Array(0);
    for (const index of [...this.segments.byIndex.keys()]) {
      for await (const { offset, bytes } of this.segments.vectorChunks(index)) {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
        if (ids.length < bytes.length / VECTORS_HEADER_BYTES) {
          ids = new Uint32Array(bytes.length / VECTORS_HEADER_BYTES);
          offsets = new Uint32Array(ids.length);
        }
        let count = 0;
        for (let at = 0, next; at < bytes.length; at = next) {
          next = at + view.getUint32(at + 4, true);
          const slot = view.getUint32(at + 8, true);
          if (view.getInt32(at, true) !== (laneChecksumOfWords(words, (at + 4) >>> 2, next >>> 2) ^ this.#mark)) {
            throw new VectileError('STORAGE_CORRUPT', `${this.#place(index, offset + at, 'vectors')}: expected a sound entry, got another`);
          }
          if (slot >= table.extent || table.vectorSegments[slot] !== index || table.vectorOffsets[slot]! * 4 !== offset + at) continue;
          const found = findVector(view, at, number, dimensions);
          if (found < 0) continue;
          ids[count] = slot;
          offsets[count++] = found / 4;
        }
        yield { ids: ids.subarray(0, count), vectors: new Float32Array(words.buffer, words.byteOffset, words.length), offsets: offsets.subarray(0, count) };
      }
    }
  }

  /** Writes what is in memory into a new segment. `copies`: tables in which the places are noted, too. Must not overlap. */
  async flush(copies: readonly Table[] = []): Promise<void> {
    const entries = [...this.#unflushed];
    if (!entries.length) return;
    const segment = await this.segments.write(entries.map(([, entry]) => entry));
    let objectOffset = 0;
    let vectorOffset = 0;
    for (const [slot, entry] of entries) {
      for (const copy of copies) place(copy, slot, segment, objectOffset, entry.vectors && vectorOffset);
      if (this.#unflushed.get(slot) === entry) {
        this.#drop(slot);
        place(this.table, slot, segment, objectOffset, entry.vectors && vectorOffset);
        segment.objectsLive += entry.object.length;
        segment.vectorsLive += entry.vectors?.length ?? 0;
      }
      objectOffset += entry.object.length;
      vectorOffset += entry.vectors?.length ?? 0;
    }
  }

  /** Copies what is in use in these segments into new ones, and forgets them; their files may go once the snapshot says so. */
  async compact(victims: readonly Segment[]): Promise<void> {
    const { table } = this;
    if (!victims.length) return;
    const isVictim = new Set(victims.map(({ index }) => index));
    let moves: { slot: number; entry: SegmentEntry }[] = [];
    let bytes = 0;
    const places = new Map<number, [number, number, number, number]>();
    const write = async () => {
      if (!moves.length) return;
      const segment = await this.segments.write(moves.map(({ entry }) => entry));
      let objectOffset = 0;
      let vectorOffset = 0;
      for (const { slot, entry: { object, vectors } } of moves) {
        const [objectIndex, objectAt, vectorIndex, vectorAt] = places.get(slot)!;
        // what was written anew meanwhile lies elsewhere
        if (object && table.objectSegments[slot] === objectIndex && table.objectOffsets[slot] === objectAt) {
          this.#leaveObject(slot);
          place(table, slot, segment, objectOffset, undefined);
          segment.objectsLive += object.length;
        }
        if (vectors && table.vectorSegments[slot] === vectorIndex && table.vectorOffsets[slot] === vectorAt) {
          this.#leaveVectors(slot, vectors.length);
          table.vectorSegments[slot] = segment.index;
          table.vectorOffsets[slot] = vectorOffset / 4;
          segment.vectorsLive += vectors.length;
        }
        objectOffset += object?.length ?? 0;
        vectorOffset += vectors?.length ?? 0;
      }
      moves = [];
      bytes = 0;
      places.clear();
    };
    for (const slot of table.slots()) {
      const objectIndex = table.objectSegments[slot]!;
      const vectorIndex = table.vectorSegments[slot]!;
      const objectAt = table.objectOffsets[slot]!;
      const vectorAt = table.vectorOffsets[slot]!;
      const object = isVictim.has(objectIndex) ? await this.segments.readObject(objectIndex, objectAt * 4, table.objectBytes[slot]!) : undefined;
      const vectors = isVictim.has(vectorIndex) ? await this.segments.readVectors(vectorIndex, vectorAt * 4, this.vectorsBytesMax) : undefined;
      if (!object && !vectors) continue;
      // damage is found here, and not carried on under a new name
      if (object) decodeObject(object, slot, this.#mark, () => this.#place(objectIndex, objectAt * 4, 'objects'));
      if (vectors) decodeVectorEntry(vectors, slot, this.#mark, () => this.#place(vectorIndex, vectorAt * 4, 'vectors'));
      places.set(slot, [objectIndex, objectAt, vectorIndex, vectorAt]);
      moves.push({ slot, entry: { object, vectors } });
      bytes += (object?.length ?? 0) + (vectors?.length ?? 0);
      if (bytes > SEGMENT_BYTES) await write();
    }
    await write();
    for (const index of isVictim) this.segments.byIndex.delete(index);
  }

  #drop(slot: number): void {
    const entry = this.#unflushed.get(slot);
    if (!entry) return;
    this.unflushedBytes -= entry.object.length + (entry.vectors?.length ?? 0);
    this.#unflushed.delete(slot);
  }

  /** Notes that an entry in a segment is no longer in use. */
  #leaveObject(slot: number): void {
    const segment = this.segments.byIndex.get(this.table.objectSegments[slot]!);
    if (segment) segment.objectsLive -= this.table.objectBytes[slot]!;
  }

  #leaveVectors(slot: number, bytes = this.vectorsBytesMax): void {
    const segment = this.segments.byIndex.get(this.table.vectorSegments[slot]!);
    if (segment) segment.vectorsLive = Math.max(0, segment.vectorsLive - bytes);
  }

  #place(index: number, offset: number, kind: 'objects' | 'vectors'): string {
    if (index === IN_MEMORY) return 'memory';
    return `${kind === 'objects' ? this.segments.objectsName(index) : this.segments.vectorsName(index)}, byte ${offset}`;
  }
}

function encodeIfAny(slot: number, vectors: readonly StoredVector[], mark: number): Uint8Array | undefined {
  return vectors.length ? encodeVectorEntry(slot, vectors, mark) : undefined;
}

function place(table: Table, slot: number, segment: Segment, objectOffset: number, vectorOffset: number | undefined): void {
  if (objectOffset / 4 > 0xffffffff) throw new VectileError('INDEX_FULL', 'segment: expected at most 16 GiB, got more');
  table.objectSegments[slot] = segment.index;
  table.objectOffsets[slot] = objectOffset / 4;
  if (vectorOffset === undefined) return;
  table.vectorSegments[slot] = segment.index;
  table.vectorOffsets[slot] = vectorOffset / 4;
}
