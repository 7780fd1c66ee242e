/**
 * The unit of a log file: records that were appended together, whole or not there.
 *
 *   frame ─► ┌───────┬─────────┬───────┬───────┬─────┬────────┬───────┬──────┬──────────┬──────────┬────────────────┬─────────┐
 *            │ magic │ version │ bytes │ count │ seq │ synced │ epoch │ mask │ body crc │ head crc │ length, record │ padding │
 *            └───────┴─────────┴───────┴───────┴─────┴────────┴───────┴──────┴──────────┴──────────┴────────────────┴─────────┘
 *              u32     u32       u32     u32     f64   f64      u32     u32    u32        u32        × count          to 8
 *
 * `bytes` counts all of the frame, `seq` is the number of its first record. A bad frame is either torn, as a crash leaves
 * what was being written, and the log ends before it; or it is damaged, and the log is refused. It is damaged if
 *
 *   1. there is a later file, because a file is synced before the next one is made; or
 *   2. a later frame says that its records were durable: `synced` is the first record that was not, when that was written; or
 *   3. it lies in the file in full length, and no sector of it is zero. For what was not written when the power failed is
 *      missing or zero, by sectors of 512 bytes of the file, and a whole frame has no such sector.
 *
 * To keep 3. true, even of a frame with one bit flipped, no part of a frame that lies in one sector is written with fewer than
 * two bits set: where records would have such a part, the body is stored XORed with a pattern that `mask` is the seed of.
 */
import { invalid } from '../errors.js';
import { crc32c } from './crc32c.js';

const MAGIC = 0x474c4356; // "VCLG"
export const FRAME_VERSION = 1;
export const FRAME_HEADER_BYTES = 48;
const FRAME_BYTES_MAX = 2 ** 30;
const SECTOR = 512;

export interface FrameHeader {
  version: number;
  bytes: number;
  count: number;
  seq: number;
  synced: number;
  epoch: number;
  mask: number;
  bodyCrc: number;
}

/** A frame to be written at `position` of its file, a multiple of 8. */
export function encodeFrame(records: readonly Uint8Array[], seq: number, synced: number, epoch: number, position: number): Uint8Array {
  const length = records.reduce((bytes, record) => bytes + 4 + record.length, FRAME_HEADER_BYTES);
  if (length > FRAME_BYTES_MAX) throw invalid('records', `at most ${FRAME_BYTES_MAX} bytes`, length);
  const frame = new Uint8Array((length + 7) & ~7);
  const body = frame.subarray(FRAME_HEADER_BYTES);
  const view = new DataView(frame.buffer);
  let at = FRAME_HEADER_BYTES;
  for (const record of records) {
    view.setUint32(at, record.length, true);
    frame.set(record, at + 4);
    at += 4 + record.length;
  }
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, FRAME_VERSION, true);
  view.setUint32(8, frame.length, true);
  view.setUint32(12, records.length, true);
  view.setFloat64(16, seq, true);
  view.setFloat64(24, synced, true);
  view.setUint32(32, epoch, true);
  for (let mask = 0; ;) {
    const crc = crc32c(body);
    view.setUint32(36, mask, true);
    view.setUint32(40, crc, true);
    view.setUint32(44, crc32c(frame.subarray(0, 44)), true);
    if (!hasSector(frame, position, 1)) return frame;
    applyMask(body, mask);
    mask = (Math.imul(mask ^ crc, 0x9e3779b1) >>> 0) || 1; // by content, so that none can be made to fit it
    applyMask(body, mask);
  }
}

/** The header that begins at `at`, or undefined if there is no sound one. */
export function decodeHeader(bytes: Uint8Array, at = 0): FrameHeader | undefined {
  if (at + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, FRAME_HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(44, true) !== crc32c(bytes.subarray(at, at + 44))) return undefined;
  return {
    version: view.getUint32(4, true),
    bytes: view.getUint32(8, true),
    count: view.getUint32(12, true),
    seq: view.getFloat64(16, true),
    synced: view.getFloat64(24, true),
    epoch: view.getUint32(32, true),
    mask: view.getUint32(36, true),
    bodyCrc: view.getUint32(40, true),
  };
}

export function isWhole(frame: Uint8Array, header: FrameHeader): boolean {
  return frame.length === header.bytes && crc32c(frame.subarray(FRAME_HEADER_BYTES)) === header.bodyCrc;
}

/** The records of a whole frame, as copies. */
export function recordsOf(frame: Uint8Array, { count, mask }: FrameHeader): Uint8Array[] {
  const body = mask ? frame.slice(FRAME_HEADER_BYTES) : frame.subarray(FRAME_HEADER_BYTES);
  applyMask(body, mask);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const records: Uint8Array[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    const length = view.getUint32(at, true);
    records.push(body.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return records;
}

/** Whether bytes that lie at `position` of a file, and should be a frame, may be one that was never written in full. */
export function isTorn(bytes: Uint8Array, position: number, header: FrameHeader | undefined): boolean {
  return bytes.length < (header?.bytes ?? FRAME_HEADER_BYTES) || hasSector(bytes, position, 0);
}

/** Whether a part of `bytes` that lies in one sector has no more than `bits` bits set, which are 0 or 1. */
function hasSector(bytes: Uint8Array, position: number, bits: 0 | 1): boolean {
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + SECTOR - ((position + from) % SECTOR));
    let set = 0;
    for (let at = from; at < to && set <= bits; at++) {
      const byte = bytes[at]!;
      if (byte) set += byte & (byte - 1) ? 2 : 1;
    }
    if (set <= bits) return true;
    from = to;
  }
  return false;
}

/** XOR with a stream of words, each a hash of the seed and its index (MurmurHash3's finish); nothing for seed 0. */
function applyMask(body: Uint8Array, mask: number): void {
  if (!mask) return;
  for (let at = 0; at < body.length; at += 4) {
    let word = (mask + Math.imul(at, 0x9e3779b1)) | 0;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    word ^= word >>> 16;
    body[at]! ^= word;
    body[at + 1]! ^= word >>> 8;
    body[at + 2]! ^= word >>> 16;
    body[at + 3]! ^= word >>> 24;
  }
}
