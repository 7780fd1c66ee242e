/** Checksums of images: CRC32C for headers, and a faster one for regions. */

/** CRC-32C (Castagnoli, reflected 0x82f63b78), bit by bit: headers are short. */
export function crc32c(at: usize, bytes: usize): u32 {
  let crc: u32 = 0xffffffff;
  for (const end = at + bytes; at < end; at++) {
    crc ^= load<u8>(at);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82f63b78 & (0 - (crc & 1)));
  }
  return ~crc;
}

/**
 * Checksum of a region, as if zero-padded to a multiple of 64 bytes. Sixteen u32 lanes each run over every sixteenth word:
 *
 *   lane = (lane ^ word) × 0x9e3779b1;  lane = lane ^ (lane >> 15)
 *
 * Each step is a bijection of the lane for a given word and of the word for a given lane, so a change within one word
 * always reaches the end; the digest is the CRC32C of the lanes, which finds every change confined to one of them. Hence
 * every single-bit flip, and every burst within an aligned word, is found; others with probability 1 − 2⁻³².
 */
export function checksum(at: usize, bytes: usize): u32 {
  const prime = i32x4.splat(0x9e3779b1);
  let a = i32x4(1, 2, 3, 4), b = i32x4(5, 6, 7, 8), c = i32x4(9, 10, 11, 12), d = i32x4(13, 14, 15, 16);
  const lanes = memory.data(64, 16);
  for (let left = bytes; left; ) {
    if (left < 64) {
      memory.fill(lanes, 0, 64);
      memory.copy(lanes, at, left);
      at = lanes;
      left = 64;
    }
    a = mix(a, v128.load(at), prime);
    b = mix(b, v128.load(at, 16), prime);
    c = mix(c, v128.load(at, 32), prime);
    d = mix(d, v128.load(at, 48), prime);
    at += 64;
    left -= 64;
  }
  v128.store(lanes, a);
  v128.store(lanes, b, 16);
  v128.store(lanes, c, 32);
  v128.store(lanes, d, 48);
  return crc32c(lanes, 64);
}

@inline function mix(lanes: v128, words: v128, prime: v128): v128 {
  const product = i32x4.mul(v128.xor(lanes, words), prime);
  return v128.xor(product, i32x4.shr_u(product, 15));
}
