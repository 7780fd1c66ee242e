/**
 * The file of a part of the inverted index. It knows bytes and names of sections, not what is in them.
 *
 *   file ─► ┌─────────┬───────┬──────────┬─────┬──────────┬─────┬─
 *           │ preface │ table │ sections[0]    │ sections[1]    │ …
 *           └─────────┴───────┴──────────┴─────┴──────────┴─────┴─
 *
 *   preface: u32 magic, version, head bytes (of preface and table), sections, file bytes, 0, crc of the table, crc of all before
 *   table:   per section u32 offset, bytes, crc, bytes of the name; the name in UTF-8, zeros up to 4
 *
 * All little-endian. Table and sections are padded with zeros to multiples of 8, so that views of any kind can be laid over a
 * section. Every byte but padding is under a checksum, which is compared before the byte is believed.
 */
import { VectileError } from '../errors.js';

const MAGIC = 0x50494356; // "VCIP"
const VERSION = 1;
export const PREFACE_BYTES = 32;
const ENTRY_BYTES = 16;
const FILE_BYTES_MAX = 2 ** 32 - 8;

/** Of a whole section: a u32. */
export type Checksum = (bytes: Uint8Array) => number;

/** Where a section lies in its file. */
export interface SectionPlace {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly checksum: number;
}

export interface FileInfo {
  readonly name: string;
  readonly bytes: number;
}

/** A file in chunks, which are the sections themselves where they can be. */
export function encodePartFile(sections: ReadonlyMap<string, Uint8Array>, checksum: Checksum): Uint8Array[] {
  const names = [...sections.keys()].map((name) => new TextEncoder().encode(name));
  const tableBytes = names.reduce((sum, name) => sum + ENTRY_BYTES + align(name.length, 4), 0);
  const head = new Uint8Array(align(PREFACE_BYTES + tableBytes, 8));
  const view = new DataView(head.buffer);
  const chunks: Uint8Array[] = [head];
  let at = PREFACE_BYTES;
  let offset = head.length;
  for (const bytes of sections.values()) {
    const name = names.shift()!;
    [offset, bytes.length, checksum(bytes), name.length].forEach((field, i) => view.setUint32(at + i * 4, field, true));
    head.set(name, at + ENTRY_BYTES);
    at += ENTRY_BYTES + align(name.length, 4);
    chunks.push(bytes);
    const padding = align(bytes.length, 8) - bytes.length;
    if (padding) chunks.push(new Uint8Array(padding));
    offset += bytes.length + padding;
  }
  if (offset > FILE_BYTES_MAX) throw new RangeError(`sections: expected at most ${FILE_BYTES_MAX} bytes in all, got ${offset}`);
  const preface = [MAGIC, VERSION, head.length, sections.size, offset, 0, checksum(head.subarray(PREFACE_BYTES))];
  preface.forEach((field, i) => view.setUint32(i * 4, field, true));
  view.setUint32(PREFACE_BYTES - 4, checksum(head.subarray(0, PREFACE_BYTES - 4)), true);
  return chunks;
}

/** How many bytes of the file its head has. `bytes`: at least PREFACE_BYTES from its beginning. */
export function headBytesOf(bytes: Uint8Array, file: FileInfo, checksum: Checksum): number {
  if (bytes.length < PREFACE_BYTES) throw corrupt(file.name, 0, `${PREFACE_BYTES} bytes at least`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFACE_BYTES);
  const fieldOf = (i: number) => view.getUint32(i * 4, true);
  if (fieldOf(0) !== MAGIC) throw corrupt(file.name, 0, `the magic number ${hex(MAGIC)}`, hex(fieldOf(0)));
  const crc = checksum(bytes.subarray(0, PREFACE_BYTES - 4));
  if (fieldOf(7) !== crc) throw corrupt(file.name, PREFACE_BYTES - 4, `the checksum ${hex(crc)}`, hex(fieldOf(7)));
  if (fieldOf(1) !== VERSION) throw new VectileError('STORAGE_VERSION', `${file.name}: expected format version ${VERSION}, got ${fieldOf(1)}`);
  if (fieldOf(4) !== file.bytes) throw corrupt(file.name, 16, `a file of ${fieldOf(4)} bytes`, file.bytes);
  return fieldOf(2);
}

/** The table of sections. `bytes`: from the beginning of the file, as many as `headBytesOf` says or more. */
export function decodeHead(bytes: Uint8Array, file: FileInfo, checksum: Checksum): SectionPlace[] {
  const headBytes = headBytesOf(bytes, file, checksum);
  if (bytes.length < headBytes) throw corrupt(file.name, 0, `a head of ${headBytes} bytes`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, headBytes);
  const crc = checksum(bytes.subarray(PREFACE_BYTES, headBytes));
  if (view.getUint32(24, true) !== crc) throw corrupt(file.name, PREFACE_BYTES, `a table with the checksum ${hex(view.getUint32(24, true))}`, hex(crc));
  const places: SectionPlace[] = [];
  let at = PREFACE_BYTES;
  for (let left = view.getUint32(12, true); left; left--) {
    const [offset, size, sum, length] = [0, 4, 8, 12].map((field) => view.getUint32(at + field, true)) as [number, number, number, number];
    const name = new TextDecoder().decode(bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + length));
    places.push({ name, offset, bytes: size, checksum: sum });
    at += ENTRY_BYTES + align(length, 4);
  }
  return places;
}

/** What was read of a section, aligned to 8 and without anything else in its buffer; throws if it is not what was written. */
export function checkSection(read: Uint8Array, { name, offset, bytes, checksum }: SectionPlace, file: string, sum: Checksum): Uint8Array {
  if (read.length !== bytes) throw corrupt(file, offset, `${bytes} bytes of ${name}`, read.length);
  // Buffers of Node share an ArrayBuffer at any offset
  const own = read.byteOffset === 0 && read.buffer.byteLength === bytes ? read : new Uint8Array(read);
  const crc = sum(own);
  if (crc !== checksum) throw corrupt(file, offset, `${name} with the checksum ${hex(checksum)}`, hex(crc));
  return own;
}

function corrupt(file: string, offset: number, expected: string, got: string | number): VectileError {
  return new VectileError('STORAGE_CORRUPT', `${file}, byte ${offset}: expected ${expected}, got ${got}`);
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');

/** `to` is a power of two. */
const align = (value: number, to: number): number => Math.ceil(value / to) * to;
