/**
 * The objects of a shard: the newest in memory as the log brought them, the rest in segments, and a table of what lies
 * where. It knows nothing of indexes and logs.
 */
import { VectileError } from '../errors.js';
import { laneChecksumOfWords } from '../storage/lane-checksum.js';
import {
  VECTORS_HEADER_BYTES, decodeObject, decodeVectorEntry, findVector, objectEntryBytes, vectorEntryBytes, writeObject, writeVectorEntry,
} from './entry.js';
import { Pages, type Entries } from './pages.js';
import type { Segment, Segments } from './segments.js';
import { IN_MEMORY, NOWHERE, type Table } from './table.js';
import type { ResolvedEffect } from './record.js';
import type { StoredObject, StoredVector } from './types.js';

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
  /** What is in no segment yet: at the addresses that the table has as offsets. */
  readonly #objects = new Pages();
  readonly #vectors = new Pages();
  /** Bytes of an entry of vectors that has all of them: what is read at first. */
  vectorsBytesMax = 0;

  constructor(table: Table, segments: Segments, mark: number) {
    this.table = table;
    this.segments = segments;
    this.#mark = mark;
  }

  /** Of what is in no segment yet, what was replaced meanwhile included. */
  get unflushedBytes(): number { return this.#objects.bytes + this.#vectors.bytes; }

  /** Takes up what a record says of one object; undefined if it is deleted and was not there. */
  apply({ id, created, updated, content }: ResolvedEffect, revision: number): Applied | undefined {
    const { table } = this;
    const known = table.slotOf(id);
    if (!content) {
      if (known < 0) return undefined;
      this.#leaveObject(known);
      this.#leaveVectors(known);
      table.release(known);
      return { slot: known, kind: 'delete' };
    }
    const slot = known < 0 ? table.allot(id) : known;
    this.#leaveObject(slot);
    this.#putObject({ id, slot, revision, created, updated, properties: content.properties });
    table.revisions[slot] = revision;
    if (content.vectors !== 'kept') {
      this.#leaveVectors(slot);
      this.#putVectors(slot, content.vectors);
    }
    return { slot, kind: known < 0 ? 'insert' : 'update' };
  }

  /** The object in a slot, which must be in use. Where the store reads at once, so does this. */
  read(slot: number, withVectors = false): StoredObject | Promise<StoredObject> {
    const { table } = this;
    const index = table.objectSegments[slot]!;
    const offset = table.objectOffsets[slot]! * 4;
    const decode = (bytes: Uint8Array) => decodeObject(bytes, slot, this.#mark, () => this.#place(index, offset, 'objects'));
    const bytes = index === IN_MEMORY ? this.#objects.entry(table.objectOffsets[slot]!) : this.segments.readObject(index, offset, table.objectBytes[slot]!);
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
    const bytes = index === IN_MEMORY ? this.#vectors.entry(this.table.vectorOffsets[slot]!) : this.segments.readVectors(index, offset, this.vectorsBytesMax);
    return bytes instanceof Promise ? bytes.then(decode) : decode(bytes);
  }

  /**
   * The vectors of one number, of every object that has one, in batches: ids (they are slots), and where in `vectors` each
   * begins. Both are filled anew for the next batch. Throws STORAGE_CORRUPT at the first entry that is not sound.
   */
  async *rowsOf(number: number, dimensions: number): AsyncGenerator<Rows> {
    const { table } = this;
    let ids = new Uint32Array(0);
    let offsets = new Uint32Array(0);
    /** `first`: where the entries begin, in units of 4 bytes. */
    const rowsIn = (bytes: Uint8Array, index: number, first: number): Rows => {
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
          throw new VectileError('STORAGE_CORRUPT', `${this.#place(index, first * 4 + at, 'vectors')}: expected a sound entry, got another`);
        }
        if (slot >= table.extent || table.vectorSegments[slot] !== index || table.vectorOffsets[slot] !== first + (at >>> 2)) continue;
        const found = findVector(view, at, number, dimensions);
        if (found < 0) continue;
        ids[count] = slot;
        offsets[count++] = found / 4;
      }
      return { ids: ids.subarray(0, count), vectors: new Float32Array(words.buffer, words.byteOffset, words.length), offsets: offsets.subarray(0, count) };
    };
    for (const [address, { bytes, used }] of this.#vectors) yield rowsIn(bytes.subarray(0, used), IN_MEMORY, address);
    const scan = this.segments.scan();
    for (const index of [...this.segments.byIndex.keys()]) {
      for await (const { offset, bytes } of this.segments.vectorChunks(index, scan)) yield rowsIn(bytes, index, offset / 4);
    }
  }

  /** Writes what is in memory into a new segment. `copies`: tables in which the places are noted, too. Must not overlap. */
  async flush(copies: readonly Table[] = []): Promise<void> {
    const { table } = this;
    const objects = this.#objects.cut((slot, address) => isObjectAt(table, slot, IN_MEMORY, address));
    const vectors = this.#vectors.cut((slot, address) => isVectorsAt(table, slot, IN_MEMORY, address));
    if (objects.entries.slots.length || vectors.entries.slots.length) {
      const segment = await this.segments.write(objects.entries.runs, vectors.entries.runs);
      placeEntries(this.#objects, objects.entries, (slot, address, at, bytes) => {
        for (const copy of copies) placeObject(copy, slot, segment, at);
        if (!isObjectAt(table, slot, IN_MEMORY, address)) return;
        placeObject(table, slot, segment, at);
        segment.objectsLive += bytes;
      });
      placeEntries(this.#vectors, vectors.entries, (slot, address, at, bytes) => {
        for (const copy of copies) placeVectors(copy, slot, segment, at);
        if (!isVectorsAt(table, slot, IN_MEMORY, address)) return;
        placeVectors(table, slot, segment, at);
        segment.vectorsLive += bytes;
      });
    }
    this.#objects.release(objects.pages);
    this.#vectors.release(vectors.pages);
  }

  /** Copies what is in use in these segments into new ones, and forgets them; their files may go once the snapshot says so. */
  async compact(victims: readonly Segment[]): Promise<void> {
    const { table } = this;
    if (!victims.length) return;
    const isVictim = new Set(victims.map(({ index }) => index));
    let moves: Move[] = [];
    let bytes = 0;
    const write = async () => {
      if (!moves.length) return;
      const segment = await this.segments.write(moves.flatMap(({ object }) => object ?? []), moves.flatMap(({ vectors }) => vectors ?? []));
      let objectOffset = 0;
      let vectorOffset = 0;
      for (const { slot, object, objectIndex, objectAt, vectors, vectorIndex, vectorAt } of moves) {
        // what was written anew meanwhile lies elsewhere
        if (object && isObjectAt(table, slot, objectIndex, objectAt)) {
          this.#leaveObject(slot);
          placeObject(table, slot, segment, objectOffset);
          segment.objectsLive += object.length;
        }
        if (vectors && isVectorsAt(table, slot, vectorIndex, vectorAt)) {
          this.#leaveVectors(slot, vectors.length);
          placeVectors(table, slot, segment, vectorOffset);
          segment.vectorsLive += vectors.length;
        }
        objectOffset += object?.length ?? 0;
        vectorOffset += vectors?.length ?? 0;
      }
      moves = [];
      bytes = 0;
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
      moves.push({ slot, object, objectIndex, objectAt, vectors, vectorIndex, vectorAt });
      bytes += (object?.length ?? 0) + (vectors?.length ?? 0);
      if (bytes > SEGMENT_BYTES) await write();
    }
    await write();
    for (const index of isVictim) this.segments.byIndex.delete(index);
  }

  #putObject(object: StoredObject): void {
    const { table } = this;
    const bytes = objectEntryBytes(object);
    const address = this.#objects.reserve(bytes);
    const { page, offset } = this.#objects.at(address);
    writeObject(object, page, offset, bytes, this.#mark);
    table.objectSegments[object.slot] = IN_MEMORY;
    table.objectOffsets[object.slot] = address;
    table.objectBytes[object.slot] = bytes;
  }

  #putVectors(slot: number, vectors: readonly StoredVector[]): void {
    const { table } = this;
    table.vectorSegments[slot] = NOWHERE;
    if (!vectors.length) return;
    const bytes = vectorEntryBytes(vectors);
    const address = this.#vectors.reserve(bytes);
    const { page, offset } = this.#vectors.at(address);
    writeVectorEntry(slot, vectors, page, offset, bytes, this.#mark);
    table.vectorSegments[slot] = IN_MEMORY;
    table.vectorOffsets[slot] = address;
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

/** An object that compaction moves, or its vectors, or both, and where they were: index of the segment, offset in units of 4 bytes. */
interface Move {
  slot: number;
  object: Uint8Array | undefined;
  objectIndex: number;
  objectAt: number;
  vectors: Uint8Array | undefined;
  vectorIndex: number;
  vectorAt: number;
}

const isObjectAt = (table: Table, slot: number, index: number, at: number): boolean => table.objectSegments[slot] === index && table.objectOffsets[slot] === at;
const isVectorsAt = (table: Table, slot: number, index: number, at: number): boolean => table.vectorSegments[slot] === index && table.vectorOffsets[slot] === at;

/** `place` is told of each entry where in the file of its kind it begins. */
function placeEntries(pages: Pages, { slots, addresses }: Entries, place: (slot: number, address: number, at: number, bytes: number) => void): void {
  let at = 0;
  slots.forEach((slot, i) => {
    const bytes = pages.bytesOf(addresses[i]!);
    place(slot, addresses[i]!, at, bytes);
    at += bytes;
  });
}

/** `at`: in bytes. */
function placeObject(table: Table, slot: number, segment: Segment, at: number): void {
  table.objectSegments[slot] = segment.index;
  table.objectOffsets[slot] = inWords(at);
}

function placeVectors(table: Table, slot: number, segment: Segment, at: number): void {
  table.vectorSegments[slot] = segment.index;
  table.vectorOffsets[slot] = inWords(at);
}

function inWords(bytes: number): number {
  if (bytes / 4 > 0xffffffff) throw new VectileError('INDEX_FULL', 'segment: expected at most 16 GiB, got more');
  return bytes / 4;
}
