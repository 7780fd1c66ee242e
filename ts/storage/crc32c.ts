/** CRC-32C (Castagnoli, reflected 0x82f63b78), eight bytes at a time: "slicing-by-8" (Kounavis and Berry 2008). */

/** i32[8][256]: entry [k][b] advances byte b past k zero bytes. */
const TABLE = makeTable();

/** The checksum of `bytes`, a u32; `crc`: that of what comes before them. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  const t = TABLE;
  let c = ~crc;
  let i = 0;
  // to where words are aligned; they are little-endian wherever there is WebAssembly
  for (const start = Math.min(bytes.length, -bytes.byteOffset & 3); i < start; i++) c = t[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + i, (bytes.length - i) >>> 2);
  const pairs = words.length & ~1;
  for (let w = 0; w < pairs; w += 2) {
    const x = words[w]! ^ c;
    const y = words[w + 1]!;
    c = t[1792 + (x & 255)]! ^ t[1536 + ((x >>> 8) & 255)]! ^ t[1280 + ((x >>> 16) & 255)]! ^ t[1024 + (x >>> 24)]!
      ^ t[768 + (y & 255)]! ^ t[512 + ((y >>> 8) & 255)]! ^ t[256 + ((y >>> 16) & 255)]! ^ t[y >>> 24]!;
  }
  for (i += pairs * 4; i < bytes.length; i++) c = t[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}

function makeTable(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let c = byte;
    for (let bit = 0; bit < 8; bit++) c = (c >>> 1) ^ (0x82f63b78 & -(c & 1));
    table[byte] = c;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256]!;
    table[i] = (before >>> 8) ^ table[before & 255]!;
  }
  return table;
}
