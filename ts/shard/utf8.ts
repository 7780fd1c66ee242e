/** UTF-8 of short texts, such as ids. Most are ASCII, of which a loop makes bytes in less time than it takes to call a TextEncoder. */
const utf8 = new TextEncoder();

/** How many bytes a text has. A lone surrogate has the three of U+FFFD. */
export function utf8Bytes(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return utf8.encode(text).length;
  return text.length;
}

/** Writes a text at `at`, where there is room for it; returns where it ends. */
export function writeUtf8(text: string, out: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return at + utf8.encodeInto(text, out.subarray(at)).written;
    out[at + i] = unit;
  }
  return at + text.length;
}
