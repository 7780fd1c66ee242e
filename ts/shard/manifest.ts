/**
 * The manifest of a shard: which files make up its newest snapshot. It is the only file of a shard that is
 * ever replaced.
 */
import { VectileError } from '../errors.js';
import { decodeJson, encodeJson } from '../storage/checked-json.js';
import { crc32c } from '../storage/crc32c.js';
import type { PartFile } from '../search/stored-part.js';
import type { ShardIdentity } from './record.js';
import type { Segment } from './segments.js';

const FORMAT = 1;

export interface FieldFile {
  number: number;
  /** Image of the index, without rows; undefined if there is none yet. `head`: lane checksum of its header, which has those of the rest. */
  image: { name: string; bytes: number; head: number } | undefined;
  /** Slots whose vectors are not in it: u32[], after them their checksum. */
  unlinked: { name: string; bytes: number } | undefined;
}

export interface Manifest {
  identity: ShardIdentity;
  epoch: number;
  /** Of the last record that is in the snapshot. */
  seq: number;
  time: number;
  /** `places`: of its bytes, those that opening needs at once. */
  table: { name: string; bytes: number; places: number };
  /** With what of each is in use, as of the snapshot. */
  segments: Segment[];
  fields: FieldFile[];
  /** Parts of the inverted index, oldest first; undefined if it was written without. */
  inverted?: PartFile[];
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return encodeJson({ format: FORMAT, ...manifest });
}

export function decodeManifest(bytes: Uint8Array, name: string, identity: ShardIdentity): Manifest {
  const manifest = decodeJson(bytes, name) as Manifest & { format: number };
  if (manifest.format !== FORMAT) throw new VectileError('STORAGE_VERSION', `${name}: expected format ${FORMAT}, got ${manifest.format}`);
  if (manifest.identity.shard !== identity.shard || manifest.identity.database !== identity.database) {
    throw new VectileError('STORAGE_CORRUPT', `${name}: expected shard ${identity.shard}, got ${manifest.identity.shard}`);
  }
  return manifest;
}

/** Slots and their checksum, with a mark. */
export function encodeSlots(slots: Uint32Array, mark: number): Uint8Array {
  const bytes = new Uint8Array(slots.byteLength + 4);
  bytes.set(new Uint8Array(slots.buffer, slots.byteOffset, slots.byteLength));
  new DataView(bytes.buffer).setUint32(slots.byteLength, crc32c(bytes.subarray(0, slots.byteLength)) ^ mark, true);
  return bytes;
}

export function decodeSlots(bytes: Uint8Array, mark: number, name: string): Uint32Array {
  const end = bytes.length - 4;
  if (end < 0 || end % 4 || new DataView(bytes.buffer, bytes.byteOffset).getInt32(end, true) !== (crc32c(bytes.subarray(0, end)) ^ mark)) {
    throw new VectileError('STORAGE_CORRUPT', `${name}, byte 0: expected slots that fit their checksum, got others`);
  }
  return new Uint32Array(bytes.slice(0, end).buffer);
}
