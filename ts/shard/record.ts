/**
 * The records of a shard's log: one write each, with what it did and not what was asked. The same bytes travel in a
 * replicated log. docs/format.md draws them.
 *
 *   record ─► ┌───────┬────────┬──────────┬───────┬───────┬───────┬─────┬──────┬─────────┐
 *             │ bytes │ crc32c │ database │ shard │ epoch │ count │ seq │ time │ effects │
 *             └───────┴────────┴──────────┴───────┴───────┴───────┴─────┴──────┴─────────┘
 *               u32     u32      u8[16]     u8[16]  u32     u32     f64   f64
 *
 *   effect ─► kind, idBytes, propertiesBytes, vectorsBytes: u32; created, updated: f64; id, properties, vectors, each padded to 4
 */
import { VectileError } from '../errors.js';
import { crc32c } from '../storage/crc32c.js';
import { decodeVectors, encodeVectors, paddedTo4, vectorsBytes } from './entry.js';
import type { StoredVector } from './types.js';
import { utf8Bytes, writeUtf8 } from './utf8.js';

const HEADER_BYTES = 64;
const EFFECT_BYTES = 32;

const enum Kind { Put = 1, PutKeepingVectors = 2, Delete = 3 }

/** Which shard of which database, as 32 hexadecimal digits each. */
export interface ShardIdentity {
  database: string;
  shard: string;
}

export interface ResolvedEffect {
  id: string;
  /** When the object was first inserted and last written; 0 if it is deleted. */
  created: number;
  updated: number;
  content: { properties: Uint8Array; vectors: StoredVector[] | 'kept' } | undefined;
}

export interface ShardRecord {
  epoch: number;
  seq: number;
  time: number;
  effects: ResolvedEffect[];
}

export function encodeRecord(identity: ShardIdentity, record: ShardRecord): Uint8Array {
  let bytes = HEADER_BYTES;
  for (const { id, content } of record.effects) bytes += EFFECT_BYTES + paddedTo4(utf8Bytes(id)) + contentBytes(content);
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  view.setUint32(0, bytes, true);
  out.set(fromHex(identity.database), 8);
  out.set(fromHex(identity.shard), 24);
  view.setUint32(40, record.epoch, true);
  view.setUint32(44, record.effects.length, true);
  view.setFloat64(48, record.seq, true);
  view.setFloat64(56, record.time, true);
  let at = HEADER_BYTES;
  for (const { id, created, updated, content } of record.effects) {
    const idBytes = writeUtf8(id, out, at + EFFECT_BYTES) - at - EFFECT_BYTES;
    const kept = content?.vectors === 'kept';
    const vectors = content && content.vectors !== 'kept' ? content.vectors : [];
    view.setUint32(at, !content ? Kind.Delete : kept ? Kind.PutKeepingVectors : Kind.Put, true);
    view.setUint32(at + 4, idBytes, true);
    view.setUint32(at + 8, content?.properties.length ?? 0, true);
    view.setUint32(at + 12, kept ? 0 : vectorsBytes(vectors), true);
    view.setFloat64(at + 16, created, true);
    view.setFloat64(at + 24, updated, true);
    at += EFFECT_BYTES + paddedTo4(idBytes);
    if (!content) continue;
    out.set(content.properties, at);
    at += paddedTo4(content.properties.length);
    if (!kept) at += encodeVectors(vectors, out, at);
  }
  view.setUint32(4, crc32c(out.subarray(8)), true);
  return out;
}

/** Throws STORAGE_CORRUPT for bytes that are not a record of this shard with this number. */
export function decodeRecord(bytes: Uint8Array, identity: ShardIdentity, seq: number): ShardRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = (expected: string, got: unknown) =>
    new VectileError('STORAGE_CORRUPT', `log of shard ${identity.shard}, record ${seq}: expected ${expected}, got ${String(got)}`);
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== bytes.length) throw wrong('a whole record', `${bytes.length} bytes`);
  if (view.getUint32(4, true) !== crc32c(bytes.subarray(8))) throw wrong('a sound checksum', 'another');
  if (toHex(bytes.subarray(8, 24)) !== identity.database) throw wrong(`database ${identity.database}`, toHex(bytes.subarray(8, 24)));
  if (toHex(bytes.subarray(24, 40)) !== identity.shard) throw wrong(`shard ${identity.shard}`, toHex(bytes.subarray(24, 40)));
  if (view.getFloat64(48, true) !== seq) throw wrong(`number ${seq}`, view.getFloat64(48, true));
  const effects: ResolvedEffect[] = [];
  let at = HEADER_BYTES;
  for (let i = 0, count = view.getUint32(44, true); i < count; i++) {
    const kind = view.getUint32(at, true);
    const idBytes = view.getUint32(at + 4, true);
    const propertiesBytes = view.getUint32(at + 8, true);
    const vectorBytes = view.getUint32(at + 12, true);
    const created = view.getFloat64(at + 16, true);
    const updated = view.getFloat64(at + 24, true);
    at += EFFECT_BYTES;
    const id = utf8Decoder.decode(bytes.subarray(at, at + idBytes));
    at += paddedTo4(idBytes);
    if (kind === Kind.Delete) {
      effects.push({ id, created, updated, content: undefined });
      continue;
    }
    const properties = bytes.slice(at, at + propertiesBytes);
    at += paddedTo4(propertiesBytes);
    const vectors = kind === Kind.PutKeepingVectors ? 'kept' : decodeVectors(bytes, at);
    at += vectorBytes;
    effects.push({ id, created, updated, content: { properties, vectors } });
  }
  return { epoch: view.getUint32(40, true), seq, time: view.getFloat64(56, true), effects };
}

function contentBytes(content: ResolvedEffect['content']): number {
  if (!content) return 0;
  return paddedTo4(content.properties.length) + (content.vectors === 'kept' ? 0 : vectorsBytes(content.vectors));
}

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
