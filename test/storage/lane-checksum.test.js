// The lane checksum against its definition in docs/format.md, and that it finds what it promises to.
import { describe, expect, it } from 'vitest';
import { laneChecksum, laneChecksumOfWords } from '../../ts/storage/lane-checksum.js';
import { random } from '../conformance/random.js';

const mix = (a, b) => {
  const product = Number(BigInt((a ^ b) >>> 0) * 0x9e3779b1n & 0xffffffffn);
  return (product ^ (product >>> 15)) >>> 0;
};

function defined(bytes) {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const lanes = [1, 2, 3, 4];
  for (let i = 0; i < padded.length / 4; i++) lanes[i % 4] = mix(lanes[i % 4], view.getUint32(i * 4, true));
  return lanes.reduce(mix, bytes.length);
}

const next = random(7);
const someBytes = (length) => Uint8Array.from({ length }, () => next() * 256);

describe('laneChecksum', () => {
  it('is as defined for every length and place', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = someBytes(length + 3);
      for (let at = 0; at < 4; at++) expect(laneChecksum(bytes.subarray(at, at + length))).toBe(defined(bytes.subarray(at, at + length)));
    }
    const words = new Int32Array(someBytes(400).buffer);
    expect(laneChecksumOfWords(words, 3, 90)).toBe(defined(new Uint8Array(words.buffer, 12, 87 * 4)));
  });

  it('finds every flipped bit, every changed word and every cut', () => {
    const bytes = someBytes(100);
    const sound = laneChecksum(bytes);
    for (let bit = 0; bit < 800; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      expect(laneChecksum(flipped)).not.toBe(sound);
    }
    for (let word = 0; word < 25; word++) {
      const changed = bytes.slice();
      changed.set(someBytes(4), word * 4);
      if (changed.some((byte, i) => byte !== bytes[i])) expect(laneChecksum(changed)).not.toBe(sound);
    }
    const zeros = new Uint8Array(64);
    expect(new Set(Array.from({ length: 64 }, (_, length) => laneChecksum(zeros.subarray(0, length)))).size).toBe(64);
  });
});
