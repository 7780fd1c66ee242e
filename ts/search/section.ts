/**
 * How the bytes of a section lie: columns one after the other, each padded with zeros to 8 bytes. Knows nothing of what is in them.
 *
 *   u32 columns, u32 bytes[columns], padding, column 0, padding, column 1, …
 *
 * Little endian; columns are read in place, as views.
 */

export type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** Bytes copied between two yields, about 0.1 ms. */
const CHUNK = 2 ** 20;

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

export function* packColumns(columns: readonly Column[]): Generator<void, Uint8Array> {
  const header = Uint32Array.of(columns.length, ...columns.map((column) => column.byteLength));
  const all = [header, ...columns];
  const section = new Uint8Array(all.reduce((sum, column) => sum + padded(column.byteLength), 0));
  let at = 0;
  for (const column of all) {
    const bytes = bytesOf(column);
    for (let from = 0; from < bytes.length; from += CHUNK) {
      section.set(bytes.subarray(from, from + CHUNK), at + from);
      if (from > 0) yield;
    }
    at += padded(bytes.length);
  }
  return section;
}

export class Columns {
  readonly #bytes: Uint8Array;
  /** size columns + 1, from the beginning of the section */
  readonly #starts: number[] = [];
  readonly #sizes: Uint32Array;

  constructor(section: Uint8Array) {
    this.#bytes = aligned(section);
    const count = this.#words(0, 1)[0]!;
    this.#sizes = this.#words(4, count);
    let at = padded(4 + 4 * count);
    for (const size of this.#sizes) {
      this.#starts.push(at);
      at += padded(size);
    }
  }

  u8(column: number): Uint8Array {
    const start = this.#starts[column]!;
    return this.#bytes.subarray(start, start + this.#sizes[column]!);
  }

  u16(column: number): Uint16Array {
    const { buffer, byteOffset, length } = this.u8(column);
    return new Uint16Array(buffer, byteOffset, length / 2);
  }

  u32(column: number): Uint32Array {
    const { buffer, byteOffset, length } = this.u8(column);
    return new Uint32Array(buffer, byteOffset, length / 4);
  }

  f64(column: number): Float64Array {
    const { buffer, byteOffset, length } = this.u8(column);
    return new Float64Array(buffer, byteOffset, length / 8);
  }

  #words(offset: number, count: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset + offset, count);
  }
}

/** The same bytes where typed arrays of any width can lie over them: a copy unless they begin at a multiple of 8. */
export function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 ? bytes.slice() : bytes;
}

export function bytesOf(column: Column): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

/** The array, or a copy with room for at least `size`, at least doubled. */
export function grown<T extends Column>(array: T, size: number): T {
  if (size <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(size, 2 * array.length, 16));
  larger.set(array);
  return larger;
}

/** What a sliced piece of work comes to if it is done at once. */
export function finished<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
