/** Base64 as in RFC 4648, with padding. Not every runtime has more for it than btoa and atob, which know strings only. */

/** A multiple of 3, so that the parts join, and few enough to be arguments of one call. */
const PART_BYTES = 0x6000;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += PART_BYTES) text += btoa(String.fromCharCode(...bytes.subarray(at, at + PART_BYTES)));
  return text;
}

/** Of text that `isBase64`. */
export function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Whether `toBase64` gives exactly this text for some bytes. No pattern of all of it: that would need memory by its length. */
export function isBase64(text: string): boolean {
  if (text.length % 4) return false;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const last = text[text.length - padding - 1] ?? '';
  if (padding === 2 && !'AQgw'.includes(last) || padding === 1 && !'AEIMQUYcgkosw048'.includes(last)) return false;
  return !/[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding));
}
