/** Small files of JSON that tell damage: one line with the checksum of the rest. */
import { VectileError } from '../errors.js';
import { crc32c } from './crc32c.js';

const LINE_BYTES = 9;

export function encodeJson(value: unknown): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(value, null, 1));
  const bytes = new Uint8Array(LINE_BYTES + json.length);
  bytes.set(new TextEncoder().encode(lineOf(json)));
  bytes.set(json, LINE_BYTES);
  return bytes;
}

/** Throws STORAGE_CORRUPT, naming the file, for bytes that `encodeJson` did not make. */
export function decodeJson(bytes: Uint8Array, name: string): unknown {
  const json = bytes.subarray(LINE_BYTES);
  if (new TextDecoder().decode(bytes.subarray(0, LINE_BYTES)) !== lineOf(json)) {
    throw new VectileError('STORAGE_CORRUPT', `${name}, byte 0: expected content that fits its checksum, got another`);
  }
  return JSON.parse(new TextDecoder().decode(json));
}

const lineOf = (json: Uint8Array): string => `${crc32c(json).toString(16).padStart(8, '0')}\n`;
