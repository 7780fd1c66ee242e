/** Files of parts, and the cache of their sections. */
import { describe, expect, it } from 'vitest';
import { checkSection, decodeHead, encodePartFile, headBytesOf, PREFACE_BYTES } from '../../ts/search/part-file.js';
import { SectionCache } from '../../ts/search/section-cache.js';
import { crc32c } from '../../ts/storage/crc32c.js';
import { randomOf } from '../reliability/support/random.js';

const next = randomOf(7);
const bytesOf = (length) => Uint8Array.from({ length }, () => next() * 256);
const SECTIONS = new Map([['slots', bytesOf(12)], ['terms:text', bytesOf(61)], ['numbers:value:preis_ü', bytesOf(16)], ['present:x', bytesOf(1)], ['places:where', new Uint8Array(0)]]);

const joined = (chunks) => new Uint8Array(Buffer.concat(chunks));
const encoded = () => joined(encodePartFile(SECTIONS, crc32c));
const infoOf = (bytes) => ({ name: 'c/part-1', bytes: bytes.length });

/** Everything in a file, as the index reads it; throws what it throws. */
function decoded(bytes, file = infoOf(bytes)) {
  const head = headBytesOf(bytes.subarray(0, PREFACE_BYTES), file, crc32c);
  const places = decodeHead(bytes.subarray(0, head), file, crc32c);
  return new Map(places.map((place) => [place.name, checkSection(bytes.subarray(place.offset, place.offset + place.bytes), place, file.name, crc32c)]));
}

describe('a file of a part', () => {
  it('gives back its sections, aligned to 8', () => {
    const bytes = encoded();
    expect(decoded(bytes)).toEqual(SECTIONS);
    expect(bytes.length % 8).toBe(0);
    for (const { offset } of decodeHead(bytes, infoOf(bytes), crc32c)) expect(offset % 8).toBe(0);
    const unaligned = new Uint8Array(bytes.length + 3).subarray(3);
    unaligned.set(bytes);
    for (const section of decoded(unaligned).values()) expect(section.byteOffset).toBe(0);
  });

  it('may have no sections', () => {
    expect(decoded(joined(encodePartFile(new Map(), crc32c)))).toEqual(new Map());
  });

  it('is refused, with its name and where, or read as it was, whatever bit is flipped', () => {
    const whole = encoded();
    let refused = 0;
    for (let at = 0; at < whole.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = whole.slice();
        bytes[at] ^= 1 << bit;
        try {
          expect(decoded(bytes)).toEqual(SECTIONS);
        } catch (error) {
          expect(error, `byte ${at}, bit ${bit}`).toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringMatching(/^c\/part-1, byte \d+: expected .+, got .+$/) });
          refused++;
        }
      }
    }
    // what is not refused is padding: behind sections of 12, 61 and 1 bytes
    expect(whole.length * 8 - refused).toBe((4 + 3 + 7) * 8);
  });

  it('is refused if it ends early or has another size than its snapshot says', () => {
    const whole = encoded();
    for (let length = 0; length < whole.length; length++) {
      const refused = { code: 'STORAGE_CORRUPT' };
      expect(() => decoded(whole.subarray(0, length)), `${length} bytes`).toThrow(expect.objectContaining(refused));
      if (length < whole.length - 7) expect(() => decoded(whole.subarray(0, length), infoOf(whole)), `${length} bytes`).toThrow(expect.objectContaining(refused));
    }
  });

  it('is refused by its version if that is a later one', () => {
    const bytes = encoded();
    const view = new DataView(bytes.buffer);
    view.setUint32(4, 2, true);
    view.setUint32(PREFACE_BYTES - 4, crc32c(bytes.subarray(0, PREFACE_BYTES - 4)), true);
    expect(() => decoded(bytes)).toThrow(expect.objectContaining({ code: 'STORAGE_VERSION', message: 'c/part-1: expected format version 1, got 2' }));
  });
});

describe('the cache of sections', () => {
  const sectionsOf = (count, evicted) => Array.from({ length: count }, (_, i) => ({ bytes: 10, pins: 0, evict: () => evicted.push(i) }));

  it('lets go of those used least recently, and only as many as it must', () => {
    const evicted = [];
    const sections = sectionsOf(5, evicted);
    const cache = new SectionCache(30);
    for (const section of sections) cache.use(section);
    cache.use(sections[0]);
    expect(evicted).toEqual([]);
    expect(cache.bytes).toBe(50);
    cache.trim();
    expect(evicted).toEqual([1, 2]);
    expect(cache.bytes).toBe(30);
    cache.forget(sections[3]);
    cache.forget(sections[3]);
    expect(cache.bytes).toBe(20);
  });

  it('keeps what is pinned, and counts what is held', () => {
    const evicted = [];
    const sections = sectionsOf(3, evicted);
    const cache = new SectionCache(20);
    for (const section of sections) cache.use(section);
    sections[0].pins = 2;
    cache.hold(15);
    cache.trim();
    expect(evicted).toEqual([1, 2]);
    expect(cache.bytes).toBe(25);
    sections[0].pins = 0;
    cache.trim();
    expect(evicted).toEqual([1, 2, 0]);
    cache.hold(-15);
    expect(cache.bytes).toBe(0);
  });
});
