/**
 * Whose a file is: every checksum in the files of a shard is XORed with the shard's mark. A file that is put in the place of the same one
 * of another shard has none that fits, which costs neither a byte nor a look more. Logs and manifests say in full whose they are.
 */
import { crc32c } from '../storage/crc32c.js';
import { laneChecksum } from '../storage/lane-checksum.js';
import type { ShardIdentity } from './record.js';

/** Of entries that are in no file of a shard. */
export const NO_MARK = 0;

/** A u32; two shards have the same with probability 2⁻³². */
export function markOf({ database, shard }: ShardIdentity): number {
  return crc32c(new TextEncoder().encode(database + shard));
}

/** The lane checksum of bytes, with a mark. */
export function markedChecksum(bytes: Uint8Array, mark: number): number {
  return (laneChecksum(bytes) ^ mark) >>> 0;
}
