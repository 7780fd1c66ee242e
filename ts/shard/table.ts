/**
 * Which slot an id has, and where its object and its vectors lie. Columns of typed arrays, about 50 bytes an object.
 *
 *   ids        u8[slots][16]: a UUID, or of another string its place in `text`, its length and its hash
 *   lookup     u32[2^n]: slots + 1 by hash of the id, open addressing, linear probing
 *   segments   u16, offsets u32 in units of 4 bytes: of the object and of the vectors; object bytes u32
 *   revisions  f64
 *
 * A free slot is on a list chained through its object's offset.
 */
import { crc32c } from '../storage/crc32c.js';
import { laneChecksum } from '../storage/lane-checksum.js';
import { VectileError } from '../errors.js';

/** Segment numbers with a meaning of their own. */
export const IN_MEMORY = 0xffff;
export const NOWHERE = 0xfffe;
const FREE = 0xfffd;
export const SEGMENT_MAX = 0xfffc;

const NO_SLOT = 0xffffffff;
const ID_BYTES = 16;
const ID_WORDS = ID_BYTES / 4;
const FORMAT = 1;
const MAGIC = 0x4c425456; // "VTBL"
const HEADER_BYTES = 64;
/** Bytes per slot: where an object lies, and its revision; where its vectors lie; the id and whether it is a text. */
const PLACE_BYTES = 8 + 4 + 4 + 2;
const VECTORS_BYTES = 4 + 2;
const SLOT_BYTES = PLACE_BYTES + VECTORS_BYTES + ID_BYTES + 1;
const HAS_VECTORS = 1;

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class Table {
  size = 0;
  /** One more than the highest slot ever used. */
  extent = 0;
  revisions = new Float64Array(0);
  objectOffsets = new Uint32Array(0);
  objectBytes = new Uint32Array(0);
  vectorOffsets = new Uint32Array(0);
  objectSegments = new Uint16Array(0);
  vectorSegments = new Uint16Array(0);
  /** u32[slots][4]: the ids. */
  #ids = new Uint32Array(0);
  #isText = new Uint8Array(0);
  #text = new Uint8Array(0);
  #textUsed = 0;
  #textWaste = 0;
  #lookup = new Uint32Array(16);
  #freeHead = NO_SLOT;
  /** What stands for the id that was asked for last, and its text, if it is no UUID. */
  readonly #key = new Uint32Array(ID_WORDS);
  #packed: string | undefined;
  #packedText: Uint8Array | undefined;
  /** Brings in the ids, where they are not there yet: they take half of the time to open, and many questions need none. */
  #readIds: (() => void) | undefined;

  get capacity(): number { return this.revisions.length; }

  /** Bytes in memory. */
  get bytes(): number {
    return this.capacity * SLOT_BYTES + this.#lookup.byteLength + this.#text.byteLength;
  }

  has(slot: number): boolean { return slot < this.extent && this.objectSegments[slot] !== FREE; }

  /** The slot of an id, or −1. */
  slotOf(id: string): number {
    this.#readIds?.();
    const text = this.#pack(id);
    const mask = this.#lookup.length - 1;
    for (let at = hashOf(this.#key, 0) & mask; ; at = (at + 1) & mask) {
      const entry = this.#lookup[at]!;
      if (!entry) return -1;
      if (this.#holds(entry - 1, text)) return entry - 1;
    }
  }

  idOf(slot: number): string {
    this.#readIds?.();
    const at = slot * ID_WORDS;
    if (this.#isText[slot]) return utf8Decoder.decode(this.#textAt(at));
    const [a, b, c, d] = [hexOf(this.#ids[at]!), hexOf(this.#ids[at + 1]!), hexOf(this.#ids[at + 2]!), hexOf(this.#ids[at + 3]!)];
    return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`;
  }

  /** A slot for an id that has none; nothing lies there yet. */
  allot(id: string): number {
    this.#readIds?.();
    let slot = this.#freeHead;
    if (slot === NO_SLOT) {
      slot = this.extent;
      if (slot === this.capacity) this.#grow(Math.max(64, Math.ceil(slot * 1.125)));
      this.extent++;
    } else {
      this.#freeHead = this.objectOffsets[slot]!;
    }
    const text = this.#pack(id);
    if (text) this.#storeText(text);
    this.#ids.set(this.#key, slot * ID_WORDS);
    this.#isText[slot] = Number(text !== undefined);
    this.objectSegments[slot] = NOWHERE;
    this.vectorSegments[slot] = NOWHERE;
    this.size++;
    if (this.size * 10 > this.#lookup.length * 8) this.#rehash(this.#lookup.length * 2);
    else this.#enter(slot);
    return slot;
  }

  release(slot: number): void {
    this.#readIds?.();
    this.#withdraw(slot);
    if (this.#isText[slot]) this.#textWaste += this.#ids[slot * ID_WORDS + 1]!;
    this.#isText[slot] = 0;
    this.#ids.fill(0, slot * ID_WORDS, (slot + 1) * ID_WORDS);
    this.revisions[slot] = 0;
    this.objectBytes[slot] = 0;
    this.objectSegments[slot] = FREE;
    this.vectorSegments[slot] = NOWHERE;
    this.objectOffsets[slot] = this.#freeHead;
    this.#freeHead = slot;
    this.size--;
  }

  /** Slots in use, from `from` on. */
  *slots(from = 0): Generator<number> {
    for (let slot = from; slot < this.extent; slot++) if (this.objectSegments[slot] !== FREE) yield slot;
  }

  /** A copy to be written while this one goes on. */
  copy(): Table {
    this.#readIds?.();
    const copy = new Table();
    copy.size = this.size;
    copy.extent = this.extent;
    copy.revisions = this.revisions.slice(0, this.extent);
    copy.objectOffsets = this.objectOffsets.slice(0, this.extent);
    copy.objectBytes = this.objectBytes.slice(0, this.extent);
    copy.vectorOffsets = this.vectorOffsets.slice(0, this.extent);
    copy.objectSegments = this.objectSegments.slice(0, this.extent);
    copy.vectorSegments = this.vectorSegments.slice(0, this.extent);
    copy.#ids = this.#ids.slice(0, this.extent * ID_WORDS);
    copy.#isText = this.#isText.slice(0, this.extent);
    copy.#text = this.#text.slice(0, this.#textUsed);
    copy.#lookup = this.#lookup.slice();
    copy.#textUsed = this.#textUsed;
    copy.#textWaste = this.#textWaste;
    copy.#freeHead = this.#freeHead;
    return copy;
  }

  /**
   * Header, places, ids: what opening reads at once, and what may be read later. Checksums in the header are of the checksums of the
   * columns of each. `mark`: of the shard.
   */
  encode(mark: number): { head: Uint8Array; places: Uint8Array[]; ids: Uint8Array[] } {
    const head = new Uint8Array(HEADER_BYTES);
    const view = new DataView(head.buffer);
    const hasVectors = this.vectorSegments.subarray(0, this.extent).some((segment) => segment !== NOWHERE);
    const fields = [
      MAGIC, FORMAT, this.extent, this.size, this.#freeHead, this.#textUsed, this.#textWaste, this.#lookup.length, hasVectors ? HAS_VECTORS : 0,
    ];
    fields.forEach((field, i) => view.setUint32(i * 4, field, true));
    const places = this.#places(hasVectors);
    const ids = this.#idColumns();
    view.setUint32(52, checksumOf(places), true);
    view.setUint32(56, checksumOf(ids), true);
    view.setUint32(60, crc32c(head.subarray(0, 60)) ^ mark, true);
    return { head, places, ids };
  }

  /**
   * `bytes`: all that `encode` made with this mark, one after the other, or header and places of `total` bytes; then `readIds` is called
   * for the rest, the first time an id is needed. Throws STORAGE_CORRUPT, naming `file`, for anything else; of ids, then.
   */
  static decode(bytes: Uint8Array, mark: number, file: string, total = bytes.length, readIds?: (from: number) => Uint8Array): Table {
    const wrong = (what: string, at: number) => new VectileError('STORAGE_CORRUPT', `${file}: expected ${what}, got others at byte ${at}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC || view.getInt32(60, true) !== (crc32c(bytes.subarray(0, 60)) ^ mark)) {
      throw wrong('the header of a table of this shard', 0);
    }
    if (view.getUint32(4, true) !== FORMAT) throw new VectileError('STORAGE_VERSION', `${file}: expected format ${FORMAT}, got ${view.getUint32(4, true)}`);
    const table = new Table();
    const extent = table.extent = view.getUint32(8, true);
    table.size = view.getUint32(12, true);
    table.#freeHead = view.getUint32(16, true);
    table.#textUsed = view.getUint32(20, true);
    table.#textWaste = view.getUint32(24, true);
    const lookupLength = view.getUint32(28, true);
    const hasVectors = view.getUint32(32, true) === HAS_VECTORS;
    const idsAt = HEADER_BYTES + extent * (hasVectors ? PLACE_BYTES + VECTORS_BYTES : PLACE_BYTES);
    const expected = idsAt + lookupLength * 4 + extent * (ID_BYTES + 1) + table.#textUsed;
    if (total !== expected || bytes.length !== (readIds ? idsAt : total)) throw wrong(`${expected} bytes`, HEADER_BYTES);

    const places = columnsIn(bytes.subarray(HEADER_BYTES, idsAt));
    table.revisions = places(Float64Array, extent);
    table.objectOffsets = places(Uint32Array, extent);
    table.objectBytes = places(Uint32Array, extent);
    table.vectorOffsets = hasVectors ? places(Uint32Array, extent) : new Uint32Array(extent);
    table.objectSegments = places(Uint16Array, extent);
    table.vectorSegments = hasVectors ? places(Uint16Array, extent) : new Uint16Array(extent).fill(NOWHERE);
    if (view.getUint32(52, true) !== checksumOf(table.#places(hasVectors))) throw wrong('bytes that fit their checksum', HEADER_BYTES);

    const idsChecksum = view.getUint32(56, true);
    const takeIds = (from: Uint8Array) => {
      const ids = columnsIn(from);
      table.#lookup = ids(Uint32Array, lookupLength);
      table.#ids = ids(Uint32Array, extent * ID_WORDS);
      table.#isText = ids(Uint8Array, extent);
      table.#text = ids(Uint8Array, table.#textUsed);
      if (idsChecksum !== checksumOf(table.#idColumns())) throw wrong('bytes that fit their checksum', idsAt);
      table.#readIds = undefined;
    };
    if (readIds) table.#readIds = () => takeIds(readIds(idsAt));
    else takeIds(bytes.subarray(idsAt));
    return table;
  }

  #places(hasVectors: boolean): Uint8Array[] {
    const { revisions, objectOffsets, objectBytes, vectorOffsets, objectSegments, vectorSegments } = this;
    const columns = hasVectors
      ? [revisions, objectOffsets, objectBytes, vectorOffsets, objectSegments, vectorSegments]
      : [revisions, objectOffsets, objectBytes, objectSegments];
    return columns.map(bytesOf);
  }

  #idColumns(): Uint8Array[] {
    return [this.#lookup, this.#ids, this.#isText, this.#text.subarray(0, this.#textUsed)].map(bytesOf);
  }

  /** Puts what stands for an id into #key: a UUID, or of other text its place, length and hash; then the text is returned. */
  #pack(id: string): Uint8Array | undefined {
    if (id === this.#packed) return this.#packedText;
    const key = this.#key;
    this.#packed = id;
    this.#packedText = undefined;
    if (id.length === 36 && parseUuid(id, key)) return undefined;
    const text = utf8.encode(id);
    key[0] = 0;
    key[1] = text.length;
    key[2] = crc32c(text);
    key[3] = crc32c(text, 0x5bd1e995);
    return this.#packedText = text;
  }

  /** Of the text whose id begins at `at` of the ids. */
  #textAt(at: number): Uint8Array {
    const start = this.#ids[at]!;
    return this.#text.subarray(start, start + this.#ids[at + 1]!);
  }

  #storeText(text: Uint8Array): void {
    if (this.#textUsed + text.length > this.#text.length) this.#moveText(text.length);
    this.#key[0] = this.#textUsed;
    this.#text.set(text, this.#textUsed);
    this.#textUsed += text.length;
  }

  /** Makes room for more, leaving out what released ids have left if that is much. */
  #moveText(more: number): void {
    const live = this.#textUsed - this.#textWaste;
    const moved = new Uint8Array(Math.ceil((live + more) * 1.125) + 64);
    let used = 0;
    for (const slot of this.slots()) {
      if (!this.#isText[slot]) continue;
      const text = this.#textAt(slot * ID_WORDS);
      moved.set(text, used);
      this.#ids[slot * ID_WORDS] = used;
      used += text.length;
    }
    this.#text = moved;
    this.#textUsed = used;
    this.#textWaste = 0;
  }

  #holds(slot: number, text: Uint8Array | undefined): boolean {
    const at = slot * ID_WORDS;
    const key = this.#key;
    const ids = this.#ids;
    if (ids[at + 3] !== key[3] || ids[at + 2] !== key[2] || ids[at + 1] !== key[1]) return false;
    if (this.#isText[slot] !== Number(text !== undefined)) return false;
    if (!text) return ids[at] === key[0];
    const held = this.#textAt(at);
    return text.every((byte, i) => held[i] === byte);
  }

  #enter(slot: number): void {
    const mask = this.#lookup.length - 1;
    let at = hashOf(this.#ids, slot * ID_WORDS) & mask;
    while (this.#lookup[at]) at = (at + 1) & mask;
    this.#lookup[at] = slot + 1;
  }

  /** Takes a slot out of the lookup and moves back those that were displaced past it. */
  #withdraw(slot: number): void {
    const lookup = this.#lookup;
    const mask = lookup.length - 1;
    let hole = hashOf(this.#ids, slot * ID_WORDS) & mask;
    while (lookup[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; lookup[at]; at = (at + 1) & mask) {
      const home = hashOf(this.#ids, (lookup[at]! - 1) * ID_WORDS) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      lookup[hole] = lookup[at]!;
      hole = at;
    }
    lookup[hole] = 0;
  }

  #rehash(length: number): void {
    this.#lookup = new Uint32Array(length);
    for (let slot = 0; slot < this.extent; slot++) if (this.objectSegments[slot] !== FREE) this.#enter(slot);
  }

  #grow(capacity: number): void {
    const grown = <T extends Column>(column: T, width = 1): T => {
      const larger = new (column.constructor as new (length: number) => T)(capacity * width);
      larger.set(column);
      return larger;
    };
    this.#ids = grown(this.#ids, ID_WORDS);
    this.#isText = grown(this.#isText);
    this.revisions = grown(this.revisions);
    this.objectOffsets = grown(this.objectOffsets);
    this.objectBytes = grown(this.objectBytes);
    this.vectorOffsets = grown(this.vectorOffsets);
    this.objectSegments = grown(this.objectSegments);
    this.vectorSegments = grown(this.vectorSegments);
  }
}

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const bytesOf = ({ buffer, byteOffset, byteLength }: Column): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** Of columns, one after the other. */
function checksumOf(columns: readonly Uint8Array[]): number {
  return laneChecksum(new Uint8Array(Uint32Array.from(columns, laneChecksum).buffer));
}

/** Takes columns from bytes, one after the other, wider ones first. They are read in place until there are more. */
function columnsIn(bytes: Uint8Array): <T extends Column>(Column: new (buffer: ArrayBufferLike, offset: number, length: number) => T, length: number) => T {
  const { buffer, byteOffset } = bytes.byteOffset & 7 ? new Uint8Array(bytes) : bytes;
  let at = byteOffset;
  return (Column, length) => {
    const column = new Column(buffer, at, length);
    at += column.byteLength;
    return column;
  };
}

/** Of the last three words of an id: the random ones of a UUID, length and hashes of a text. */
function hashOf(ids: Uint32Array, at: number): number {
  let h = 0;
  for (let i = at + 1; i < at + ID_WORDS; i++) {
    h = Math.imul(h ^ ids[i]!, 0x9e3779b1);
    h ^= h >>> 15;
  }
  return h >>> 0;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
/** Of a code below 128: 0 … 15, or −1. */
const NIBBLES = Int8Array.from({ length: 128 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code)));

/** The four bytes of a word, lowest first. */
const hexOf = (word: number): string => HEX[word & 255]! + HEX[(word >>> 8) & 255]! + HEX[(word >>> 16) & 255]! + HEX[word >>> 24]!;

/** Only the canonical form, in lower case: every other string is a text of its own. */
function parseUuid(id: string, out: Uint32Array): boolean {
  if (id.charCodeAt(8) !== 45 || id.charCodeAt(13) !== 45 || id.charCodeAt(18) !== 45 || id.charCodeAt(23) !== 45) return false;
  const a = twoBytes(id, 0), b = twoBytes(id, 4), c = twoBytes(id, 9), d = twoBytes(id, 14);
  const e = twoBytes(id, 19), f = twoBytes(id, 24), g = twoBytes(id, 28), h = twoBytes(id, 32);
  if ((a | b | c | d | e | f | g | h) < 0) return false;
  out[0] = a | (b << 16);
  out[1] = c | (d << 16);
  out[2] = e | (f << 16);
  out[3] = g | (h << 16);
  return true;
}

/** Of four hexadecimal digits, the first byte lowest; negative if they are others. */
function twoBytes(id: string, at: number): number {
  const a = id.charCodeAt(at), b = id.charCodeAt(at + 1), c = id.charCodeAt(at + 2), d = id.charCodeAt(at + 3);
  if ((a | b | c | d) > 127) return -1;
  return (NIBBLES[a]! << 4) | NIBBLES[b]! | (NIBBLES[c]! << 12) | (NIBBLES[d]! << 8);
}
