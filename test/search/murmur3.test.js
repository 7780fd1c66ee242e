import { describe, expect, it } from 'vitest';
import { murmur3 } from '../../ts/search/murmur3.js';

describe('murmur3', () => {
  // of the reference implementation (smhasher, MurmurHash3_x86_32), seed 0
  it.each([
    ['', 0], ['a', 0x3c2569b2], ['abc', 0xb3dd93fa], ['abcd', 0x43ed676a], ['test', 0xba6bd213], ['hello', 0x248bfa47],
    ['hello, world', 0x149bbb7f], ['Hello, world!', 0xc0363e43], ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
  ])('of %j', (text, hash) => {
    expect(murmur3(text).toString(16)).toBe(hash.toString(16));
  });

  it('is of the UTF-8 of a text, signs and lengths included', () => {
    expect(murmur3('ππππππππ').toString(16)).toBe(hashOf(new TextEncoder().encode('ππππππππ')).toString(16));
    for (let length = 0; length < 40; length++) {
      const text = Array.from({ length }, (_, i) => '\u00ff\uffee😀z'.at((i * 7 + length) % 4)).join('');
      expect(murmur3(text)).toBe(hashOf(new TextEncoder().encode(text)));
    }
  });
});

/** As it is published, in integers that do not overflow. */
function hashOf(bytes) {
  const u32 = (value) => Number(BigInt.asUintN(32, value));
  const times = (a, b) => u32(BigInt(a) * BigInt(b));
  const rotated = (a, by) => u32((BigInt(a) << BigInt(by)) | (BigInt(a) >> BigInt(32 - by)));
  const scrambled = (k) => times(rotated(times(k, 0xcc9e2d51), 15), 0x1b873593);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let hash = 0;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) hash = u32(BigInt(times(rotated((hash ^ scrambled(view.getUint32(at, true))) >>> 0, 13), 5)) + 0xe6546b64n);
  let rest = 0;
  for (let i = bytes.length - 1; i >= at; i--) rest = rest * 256 + bytes[i];
  if (at < bytes.length) hash = (hash ^ scrambled(rest)) >>> 0;
  hash = (hash ^ bytes.length) >>> 0;
  hash = times((hash ^ (hash >>> 16)) >>> 0, 0x85ebca6b);
  hash = times((hash ^ (hash >>> 13)) >>> 0, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
