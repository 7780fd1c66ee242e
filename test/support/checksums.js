/** The checksums of an image as assembly/checksum.ts describes them, so that tests can forge images. */
import { Header, Region } from './memory.js';

export function crc32c(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

export function regionChecksum(bytes) {
  const words = new Uint32Array(Math.ceil(bytes.length / 64) * 16);
  new Uint8Array(words.buffer).set(bytes);
  const lanes = Uint32Array.from({ length: 16 }, (_, i) => i + 1);
  words.forEach((word, i) => {
    const product = Math.imul(lanes[i & 15] ^ word, 0x9e3779b1) >>> 0;
    lanes[i & 15] = product ^ (product >>> 15);
  });
  return crc32c(new Uint8Array(lanes.buffer));
}

/** A copy of an image with some words changed, and checksums that vouch for them. `change(view, at)`: `at(region)` is an offset. */
export function forged(image, change) {
  const copy = image.slice();
  const view = new DataView(copy.buffer);
  const entry = (region) => Header.Regions + region * 12;
  const at = (region) => view.getUint32(entry(region), true);
  const [offsets, sizes] = [0, 4].map((field) => Array.from({ length: Region.Count }, (_, region) => view.getUint32(entry(region) + field, true)));
  change(view, at);
  offsets.forEach((offset, region) => view.setUint32(entry(region) + 8, regionChecksum(copy.subarray(offset, offset + sizes[region])), true));
  view.setUint32(Header.Checksum, crc32c(copy.subarray(0, Header.Checksum)), true);
  return copy;
}
