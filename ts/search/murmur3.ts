/** MurmurHash3, x86, 32 bits (Appleby 2011), of the UTF-8 of a text, seed 0: which shard an object is in follows from it, so it stays as it is. */
const utf8 = new TextEncoder();

export function murmur3(text: string): number {
  const bytes = utf8.encode(text);
  const blocks = bytes.length >> 2;
  let hash = 0;
  for (let i = 0; i < blocks; i++) {
    const at = i * 4;
    hash ^= mixed(bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24);
    hash = Math.imul(hash << 13 | hash >>> 19, 5) + 0xe6546b64 | 0;
  }
  let rest = 0;
  for (let i = bytes.length - 1; i >= blocks * 4; i--) rest = rest << 8 | bytes[i]!;
  if (bytes.length & 3) hash ^= mixed(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}

function mixed(block: number): number {
  const scaled = Math.imul(block, 0xcc9e2d51);
  return Math.imul(scaled << 15 | scaled >>> 17, 0x1b873593);
}
