/** Ids of objects: any well-formed text of 1 … 128 bytes, or a UUID made here. */
import { refusal } from './refusal.js';

const BYTES_MAX = 128;

export function checkId(id: unknown, argument = 'id'): asserts id is string {
  if (typeof id !== 'string') throw refusal('INVALID_ARGUMENT', argument, 'a string', id);
  const bytes = id.length <= BYTES_MAX ? utf8Bytes(id) : BYTES_MAX + 1;
  if (bytes < 0) throw refusal('INVALID_ARGUMENT', argument, 'no lone surrogates', id);
  if (bytes === 0 || bytes > BYTES_MAX) throw refusal('INVALID_ARGUMENT', argument, `1 to ${BYTES_MAX} bytes of UTF-8`, id);
}

/** A random UUID, version 4. */
export function newId(): string {
  // Pages that are not served by https have no randomUUID.
  return crypto.randomUUID?.() ?? uuidOf(crypto.getRandomValues(new Uint8Array(16)));
}

export function uuidOf(random: Uint8Array): string {
  const bytes = Uint8Array.from(random);
  bytes[6] = bytes[6]! & 0x0f | 0x40;
  bytes[8] = bytes[8]! & 0x3f | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Bytes of UTF-8; −1 if there is a lone surrogate. */
function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes++;
    else if (unit < 0x800) bytes += 2;
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 3;
    else if (unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i++;
    } else return -1;
  }
  return bytes;
}
