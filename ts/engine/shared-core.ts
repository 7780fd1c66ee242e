/**
 * The core for memory that threads share. Binaries of the core have nothing but code: no globals, no data, no start. So the
 * one thing to change is whose the memory is, and the code stays the same to the byte; its answers with it. A target of its
 * own would double the files for that.
 */

/** Sections of a WebAssembly binary, in this order. */
const TYPES = 1;
const IMPORTS = 2;
const MEMORIES = 5;
const PREAMBLE_BYTES = 8;
/** Limits with a maximum, shared. */
const SHARED = 3;

/** The binary with its own memory replaced by an imported one, shared, of up to `pagesMax` pages: `env.memory`. */
export function withSharedMemory(binary: BufferSource, pagesMax: number): Uint8Array<ArrayBuffer> {
  const bytes = ArrayBuffer.isView(binary) ? new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength) : new Uint8Array(binary);
  const memory = [...name('env'), ...name('memory'), 2, SHARED, ...leb(1), ...leb(pagesMax)];
  const imports = [1, ...memory];
  const parts: (Uint8Array | number[])[] = [bytes.subarray(0, PREAMBLE_BYTES)];
  for (let at = PREAMBLE_BYTES; at < bytes.length;) {
    const start = at;
    const section = bytes[at++];
    let size = 0;
    for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
      byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
    }
    at += size;
    if (section !== MEMORIES) parts.push(bytes.subarray(start, at));
    if (section === TYPES) parts.push([IMPORTS, ...leb(imports.length), ...imports]);
  }
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function name(text: string): number[] {
  return [text.length, ...new TextEncoder().encode(text)];
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [0x80 | (value & 0x7f), ...leb(value >>> 7)];
}
