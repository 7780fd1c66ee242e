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
const FORMAT = 1;
const MAGIC = 0x4c425456; // "VTBL"
const HEADER_BYTES = 64;
/** Bytes per slot of the columns that are written. */
const COLUMNS = [ID_BYTES, 8, 4, 4, 4, 2, 2, 1] as const;

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
  #ids = new Uint8Array(0);
  #isText = new Uint8Array(0);
  #text = new Uint8Array(0);
  #textUsed = 0;
  #textWaste = 0;
  #lookup = new Uint32Array(16);
  #freeHead = NO_SLOT;
  readonly #key = new Uint8Array(ID_BYTES);

  get capacity(): number { return this.revisions.length; }

  /** Bytes in memory. */
  get bytes(): number {
    return this.capacity * COLUMNS.reduce<number>((sum, width) => sum + width, 0) + this.#lookup.byteLength + this.#text.byteLength;
  }

  has(slot: number): boolean { return slot < this.extent && this.objectSegments[slot] !== FREE; }

  /** The slot of an id, or −1. */
  slotOf(id: string): number {
    const text = this.#pack(id);
    const mask = this.#lookup.length - 1;
    for (let at = this.#hash(this.#key) & mask; ; at = (at + 1) & mask) {
      const entry = this.#lookup[at]!;
      if (!entry) return -1;
      if (this.#holds(entry - 1, text)) return entry - 1;
    }
  }

  idOf(slot: number): string {
    const at = slot * ID_BYTES;
    if (this.#isText[slot]) {
      const view = new DataView(this.#ids.buffer, this.#ids.byteOffset + at);
      const start = view.getUint32(0, true);
      return utf8Decoder.decode(this.#text.subarray(start, start + view.getUint32(4, true)));
    }
    let hex = '';
    for (let i = 0; i < ID_BYTES; i++) hex += HEX[this.#ids[at + i]!];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** A slot for an id that has none; nothing lies there yet. */
  allot(id: string): number {
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
    this.#ids.set(this.#key, slot * ID_BYTES);
    this.#isText[slot] = Number(text !== undefined);
    this.objectSegments[slot] = NOWHERE;
    this.vectorSegments[slot] = NOWHERE;
    this.size++;
    if (this.size * 10 > this.#lookup.length * 8) this.#rehash(this.#lookup.length * 2);
    else this.#enter(slot);
    return slot;
  }

  release(slot: number): void {
    this.#withdraw(slot);
    if (this.#isText[slot]) this.#textWaste += new DataView(this.#ids.buffer, this.#ids.byteOffset + slot * ID_BYTES).getUint32(4, true);
    this.#isText[slot] = 0;
    this.#ids.fill(0, slot * ID_BYTES, (slot + 1) * ID_BYTES);
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
    const copy = new Table();
    copy.size = this.size;
    copy.extent = this.extent;
    copy.revisions = this.revisions.slice(0, this.extent);
    copy.objectOffsets = this.objectOffsets.slice(0, this.extent);
    copy.objectBytes = this.objectBytes.slice(0, this.extent);
    copy.vectorOffsets = this.vectorOffsets.slice(0, this.extent);
    copy.objectSegments = this.objectSegments.slice(0, this.extent);
    copy.vectorSegments = this.vectorSegments.slice(0, this.extent);
    copy.#ids = this.#ids.slice(0, this.extent * ID_BYTES);
    copy.#isText = this.#isText.slice(0, this.extent);
    copy.#text = this.#text.slice(0, this.#textUsed);
    copy.#lookup = this.#lookup.slice();
    copy.#textUsed = this.#textUsed;
    copy.#textWaste = this.#textWaste;
    copy.#freeHead = this.#freeHead;
    return copy;
  }

  /** Header, lookup, columns in the order of COLUMNS, text; the checksum in the header is of the checksums of all these. `mark`: of the shard. */
  encode(mark: number): Uint8Array[] {
    const head = new Uint8Array(HEADER_BYTES);
    const view = new DataView(head.buffer);
    const fields = [MAGIC, FORMAT, this.extent, this.size, this.#freeHead, this.#textUsed, this.#textWaste, this.#lookup.length];
    fields.forEach((field, i) => view.setUint32(i * 4, field, true));
    const body = this.#body();
    view.setUint32(56, checksumOf(body), true);
    view.setUint32(60, crc32c(head.subarray(0, 60)) ^ mark, true);
    return [head, ...body];
  }

  /** Throws STORAGE_CORRUPT, naming `file`, for anything but what `encode` made with this mark. */
  static decode(bytes: Uint8Array, mark: number, file: string): Table {
    const wrong = (what: string, at: number) => new VectileError('STORAGE_CORRUPT', `${file}: expected ${what}, got others at byte ${at}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC || view.getInt32(60, true) !== (crc32c(bytes.subarray(0, 60)) ^ mark)) {
      throw wrong('the header of a table of this shard', 0);
    }
    if (view.getUint32(4, true) !== FORMAT) throw new VectileError('STORAGE_VERSION', `${file}: expected format ${FORMAT}, got ${view.getUint32(4, true)}`);
    const table = new Table();
    table.extent = view.getUint32(8, true);
    table.size = view.getUint32(12, true);
    table.#freeHead = view.getUint32(16, true);
    table.#textUsed = view.getUint32(20, true);
    table.#textWaste = view.getUint32(24, true);
    const lookupLength = view.getUint32(28, true);
    const bodyBytes = table.extent * COLUMNS.reduce<number>((sum, width) => sum + width, 0) + lookupLength * 4 + table.#textUsed;
    if (bytes.length !== HEADER_BYTES + bodyBytes) throw wrong(`${bodyBytes} bytes`, HEADER_BYTES);
    // read in place, until there are more
    const { buffer, byteOffset } = bytes.byteOffset & 7 ? bytes.slice() : bytes;
    let at = byteOffset + HEADER_BYTES;
    const take = <T>(Column: new (buffer: ArrayBufferLike, offset: number, length: number) => T, width: number, length: number): T => {
      const column = new Column(buffer, at, length);
      at += width * length;
      return column;
    };
    const { extent } = table;
    table.#lookup = take(Uint32Array, 4, lookupLength);
    table.#ids = take(Uint8Array, 1, extent * ID_BYTES);
    table.revisions = take(Float64Array, 8, extent);
    table.objectOffsets = take(Uint32Array, 4, extent);
    table.objectBytes = take(Uint32Array, 4, extent);
    table.vectorOffsets = take(Uint32Array, 4, extent);
    table.objectSegments = take(Uint16Array, 2, extent);
    table.vectorSegments = take(Uint16Array, 2, extent);
    table.#isText = take(Uint8Array, 1, extent);
    table.#text = take(Uint8Array, 1, table.#textUsed);
    if (view.getUint32(56, true) !== checksumOf(table.#body())) throw wrong('bytes that fit their checksum', HEADER_BYTES);
    return table;
  }

  #body(): Uint8Array[] {
    const columns = [
      this.#lookup, this.#ids, this.revisions, this.objectOffsets, this.objectBytes, this.vectorOffsets, this.objectSegments, this.vectorSegments, this.#isText,
    ];
    return [...columns.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)), this.#text.subarray(0, this.#textUsed)];
  }

  /** Puts what stands for an id into #key: a UUID, or of other text its place, length and hash; then the text is returned. */
  #pack(id: string): Uint8Array | undefined {
    const key = this.#key;
    if (id.length === 36 && parseUuid(id, key)) return undefined;
    const text = utf8.encode(id);
    const view = new DataView(key.buffer);
    view.setUint32(0, 0, true);
    view.setUint32(4, text.length, true);
    view.setUint32(8, crc32c(text), true);
    view.setUint32(12, crc32c(text, 0x5bd1e995), true);
    return text;
  }

  #storeText(text: Uint8Array): void {
    if (this.#textUsed + text.length > this.#text.length) this.#moveText(text.length);
    new DataView(this.#key.buffer).setUint32(0, this.#textUsed, true);
    this.#text.set(text, this.#textUsed);
    this.#textUsed += text.length;
  }

  /** Makes room for more, leaving out what released ids have left if that is much. */
  #moveText(more: number): void {
    const live = this.#textUsed - this.#textWaste;
    const moved = new Uint8Array(Math.ceil((live + more) * 1.125) + 64);
    const view = new DataView(this.#ids.buffer, this.#ids.byteOffset);
    let used = 0;
    for (const slot of this.slots()) {
      if (!this.#isText[slot]) continue;
      const at = slot * ID_BYTES;
      const start = view.getUint32(at, true);
      const bytes = view.getUint32(at + 4, true);
      moved.set(this.#text.subarray(start, start + bytes), used);
      view.setUint32(at, used, true);
      used += bytes;
    }
    this.#text = moved;
    this.#textUsed = used;
    this.#textWaste = 0;
  }

  #holds(slot: number, text: Uint8Array | undefined): boolean {
    if (this.#isText[slot] !== Number(text !== undefined)) return false;
    const at = slot * ID_BYTES;
    const key = this.#key;
    const ids = this.#ids;
    for (let i = text ? 4 : 0; i < ID_BYTES; i++) if (ids[at + i] !== key[i]) return false;
    if (!text) return true;
    const start = new DataView(ids.buffer, ids.byteOffset).getUint32(at, true);
    return text.every((byte, i) => this.#text[start + i] === byte);
  }

  /** Of the last 12 bytes of a key: the random ones of a UUID, length and hashes of a text. */
  #hash(key: Uint8Array, at = 0): number {
    let h = 0;
    for (let i = at + 4; i < at + ID_BYTES; i += 4) {
      const word = key[i]! | (key[i + 1]! << 8) | (key[i + 2]! << 16) | (key[i + 3]! << 24);
      h = Math.imul(h ^ word, 0x9e3779b1);
      h ^= h >>> 15;
    }
    return h >>> 0;
  }

  #enter(slot: number): void {
    const mask = this.#lookup.length - 1;
    let at = this.#hash(this.#ids, slot * ID_BYTES) & mask;
    while (this.#lookup[at]) at = (at + 1) & mask;
    this.#lookup[at] = slot + 1;
  }

  /** Takes a slot out of the lookup and moves back those that were displaced past it. */
  #withdraw(slot: number): void {
    const lookup = this.#lookup;
    const mask = lookup.length - 1;
    let hole = this.#hash(this.#ids, slot * ID_BYTES) & mask;
    while (lookup[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; lookup[at]; at = (at + 1) & mask) {
      const home = this.#hash(this.#ids, (lookup[at]! - 1) * ID_BYTES) & mask;
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
    const grown = <T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(column: T, width = 1): T => {
      const larger = new (column.constructor as new (length: number) => T)(capacity * width);
      larger.set(column);
      return larger;
    };
    this.#ids = grown(this.#ids, ID_BYTES);
    this.#isText = grown(this.#isText);
    this.revisions = grown(this.revisions);
    this.objectOffsets = grown(this.objectOffsets);
    this.objectBytes = grown(this.objectBytes);
    this.vectorOffsets = grown(this.vectorOffsets);
    this.objectSegments = grown(this.objectSegments);
    this.vectorSegments = grown(this.vectorSegments);
  }
}

/** Of columns and texts, one after the other. */
function checksumOf(body: readonly Uint8Array[]): number {
  return laneChecksum(new Uint8Array(Uint32Array.from(body, laneChecksum).buffer));
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Only the canonical form, in lower case: every other string is a text of its own. */
function parseUuid(id: string, out: Uint8Array): boolean {
  for (let i = 0, at = 0; i < 36; i++) {
    const code = id.charCodeAt(i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== 45) return false;
      continue;
    }
    const nibble = code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1;
    if (nibble < 0) return false;
    if (at & 1) out[at >> 1]! |= nibble;
    else out[at >> 1] = nibble << 4;
    at++;
  }
  return true;
}
