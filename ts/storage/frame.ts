/**
 * The unit of a log file: records that were appended together, whole or not there.
 *
 *   frame ─► ┌───────┬─────────┬───────┬───────┬─────┬────────┬───────┬─────────┬───────────┬──────────┬────────────────┬─────────┐
 *            │ magic │ version │ bytes │ count │ seq │ synced │ epoch │ zeroes  │ body crc  │ head crc │ length, record │ padding │
 *            └───────┴─────────┴───────┴───────┴─────┴────────┴───────┴─────────┴───────────┴──────────┴────────────────┴─────────┘
 *              u32     u32       u32     u32     f64   f64      u32     u32       u32         u32        × count          to 8
 *
 * `bytes` counts all of the frame, `seq` is the number of its first record. Two fields tell a torn end, which a crash may
 * leave and where the log ends, from damage, which is refused:
 *
 *   synced  records below this were durable when the frame was written: if a later frame says so of a bad one, it is damage
 *   zeroes  sectors of the file, 512 bytes each, that lie in the frame and are zero throughout. What was not written when
 *           the power failed is missing or zero, so a bad frame in full length without more zeroes than it should have is damage
 */
import { crc32c } from './crc32c.js';

const MAGIC = 0x474c4356; // "VCLG"
const VERSION = 1;
export const FRAME_HEADER_BYTES = 48;
const SECTOR = 512;

export interface FrameHeader {
  bytes: number;
  count: number;
  seq: number;
  synced: number;
  epoch: number;
  zeroes: number;
  bodyCrc: number;
}

/** A frame to be written at `position` of its file. */
export function encodeFrame(records: readonly Uint8Array[], seq: number, synced: number, epoch: number, position: number): Uint8Array {
  const length = records.reduce((bytes, record) => bytes + 4 + record.length, FRAME_HEADER_BYTES);
  const frame = new Uint8Array((length + 7) & ~7);
  const view = new DataView(frame.buffer);
  let at = FRAME_HEADER_BYTES;
  for (const record of records) {
    view.setUint32(at, record.length, true);
    frame.set(record, at + 4);
    at += 4 + record.length;
  }
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, frame.length, true);
  view.setUint32(12, records.length, true);
  view.setFloat64(16, seq, true);
  view.setFloat64(24, synced, true);
  view.setUint32(32, epoch, true);
  view.setUint32(36, zeroSectors(frame, position), true);
  view.setUint32(40, crc32c(frame.subarray(FRAME_HEADER_BYTES)), true);
  view.setUint32(44, crc32c(frame.subarray(0, 44)), true);
  return frame;
}

/** The header that begins at `at`, or undefined if there is no sound one. */
export function decodeHeader(bytes: Uint8Array, at = 0): FrameHeader | undefined {
  if (at + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, FRAME_HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(44, true) !== crc32c(bytes.subarray(at, at + 44))) return undefined;
  return {
    bytes: view.getUint32(8, true),
    count: view.getUint32(12, true),
    seq: view.getFloat64(16, true),
    synced: view.getFloat64(24, true),
    epoch: view.getUint32(32, true),
    zeroes: view.getUint32(36, true),
    bodyCrc: view.getUint32(40, true),
  };
}

export function isWhole(frame: Uint8Array, header: FrameHeader): boolean {
  return frame.length === header.bytes && crc32c(frame.subarray(FRAME_HEADER_BYTES)) === header.bodyCrc;
}

/** The records of a whole frame, as copies. */
export function recordsOf(frame: Uint8Array, header: FrameHeader): Uint8Array[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const records: Uint8Array[] = [];
  let at = FRAME_HEADER_BYTES;
  for (let i = 0; i < header.count; i++) {
    const length = view.getUint32(at, true);
    records.push(frame.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return records;
}

/** Sectors that lie in `bytes`, whole or in part, and are zero as far as they do; `position`: of `bytes` in the file. */
export function zeroSectors(bytes: Uint8Array, position: number): number {
  let count = 0;
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + SECTOR - ((position + from) % SECTOR));
    let at = from;
    while (at < to && !bytes[at]) at++;
    if (at === to) count++;
    from = to;
  }
  return count;
}

/** Whether bytes that should begin with a header may be the beginning of a frame that was never written in full. */
export function isUnwritten(bytes: Uint8Array, position: number): boolean {
  return bytes.length < FRAME_HEADER_BYTES || zeroSectors(bytes.subarray(0, FRAME_HEADER_BYTES), position) > 0;
}
