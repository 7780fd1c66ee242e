/** Reads what `export` wrote (its layout: export.ts). The stream is not trusted: all of it is checked as if a caller had given it. */
import { VectileError } from '../errors.js';
import { METRICS, checkRows } from '../engine/options.js';
import { decodeObject, decodeVectorEntry } from '../shard/entry.js';
import { NO_MARK } from '../shard/mark.js';
import type { Change, StoredVector } from '../shard/types.js';
import { crc32c } from '../storage/crc32c.js';
import { Pieces, type ByteSource } from './byte-source.js';
import { FORMATS, FRAME_HEADER_BYTES, HEAD_BYTES, Kind, MAGIC } from './export.js';
import { checkId } from './ids.js';
import { decodeProperties } from './properties.js';
import type { Shards } from './shards.js';
import { configOf, createSchema, shardCountOf, type Schema } from './schema.js';
import { checkTenantName } from './tenants.js';

export type { ByteSource } from './byte-source.js';

export interface ImportTarget {
  /** Makes a collection that nobody else sees yet. Resolves to its shards, unless it has tenants. */
  create(schema: Schema): Promise<Shards | undefined>;
  /** Gives the last one another schema. */
  change(schema: Schema): Promise<void>;
  /** Makes a tenant of the last one; `open` opens its shard. */
  tenant(name: string, status: 'ACTIVE' | 'INACTIVE'): { open(): Promise<Shards> };
  /** All of the last tenant is durable. */
  endTenant(): Promise<void>;
}

/** An object has at most 16 MB of properties, and vectors beside them. */
const FRAME_BYTES_MAX = 1 << 28;
/** What is written together, at most, but for an object that is larger. */
const BATCH_BYTES = 1 << 20;
const BATCH = 256;
const UNLINKED_MAX = 1000;

/** When it resolves, all is durable. Throws STORAGE_CORRUPT for a stream that is damaged or not whole. */
export async function importDatabase(source: ByteSource, target: ImportTarget): Promise<void> {
  const pieces = new Pieces(source, 'from');
  try {
    await importPieces(pieces, target);
  } finally {
    await pieces.close();
  }
}

async function importPieces(pieces: Pieces, target: ImportTarget): Promise<void> {
  const names = new Set<string>();
  let schema: Schema | undefined;
  let shards: Shards | undefined;
  let tenant: { open(): Promise<Shards> } | undefined;
  let tenants = new Set<string>();
  let tenantCount = 0;
  let objects = 0;
  let batch: Change[] = [];
  const ids = new Set<string>();
  let batchBytes = 0;
  const write = async () => {
    if (!batch.length) return;
    for (const { error } of await shards!.write(batch, 'none')) if (error) throw error;
    batch = [];
    ids.clear();
    batchBytes = 0;
    await shards!.each((handle) => handle.settle(UNLINKED_MAX));
  };
  /** What was read of a collection without tenants, or of a tenant, is durable. */
  const end = async () => {
    await write();
    await shards?.each((handle) => handle.snapshot());
    // opened anew, they have what was durable by then
    if (shards?.losses) throw new VectileError('WORKER_LOST', 'from: expected the threads of its shards to stay while it is imported, got the end of one; nothing of it is there');
    if (tenant) await target.endTenant();
    shards = tenant = undefined;
  };
  for await (const { kind, payload, offset } of frames(pieces)) {
    if (kind === Kind.Collection) {
      await write();
      const next = schemaOf(payload, offset);
      if (schema?.name === next.name) {
        if (shardCountOf(next) !== shardCountOf(schema)) throw damage(offset, `a collection of ${shardCountOf(schema)} shards`, `one of ${shardCountOf(next)}`);
        await target.change(next);
      } else {
        await end();
        tenants = new Set();
        if (names.has(next.name)) throw damage(offset, 'collections whose names differ', JSON.stringify(next.name));
        names.add(next.name);
        shards = await target.create(next);
      }
      schema = next;
    } else if (kind === Kind.Tenant && schema?.multiTenancy) {
      await end();
      const { name, status } = tenantOf(payload, offset);
      if (tenants.has(name)) throw damage(offset, 'tenants whose names differ', JSON.stringify(name));
      tenants.add(name);
      tenantCount++;
      tenant = target.tenant(name, status);
    } else if (kind === Kind.Object && (shards || tenant)) {
      shards ??= await tenant!.open();
      const change = changeOf(schema!, payload, offset);
      // deleted and stored again while it was exported, an object can be there twice: the last one counts
      if (ids.has(change.id)) await write();
      ids.add(change.id);
      batch.push(change);
      batchBytes += payload.length;
      objects++;
      if (batch.length >= BATCH || batchBytes >= BATCH_BYTES) await write();
    } else if (kind === Kind.End) {
      await end();
      const { tenants: expectedTenants = 0, ...expected } = parsed(payload, offset) as { collections: number; tenants?: number; objects: number };
      if (expected.collections !== names.size || expectedTenants !== tenantCount || expected.objects !== objects) {
        const told = (collections: number, count: number, all: number) => `${collections} collections, ${count} tenants and ${all} objects`;
        throw damage(offset, told(expected.collections, expectedTenants, expected.objects), told(names.size, tenantCount, objects));
      }
    } else {
      throw damage(offset, 'a collection, a tenant, an object or the end', `kind ${kind}`);
    }
  }
}

/** Up to the end, after which nothing may follow. */
async function* frames(pieces: Pieces): AsyncGenerator<{ kind: number; payload: Uint8Array; offset: number }> {
  const head = await pieces.take(HEAD_BYTES);
  if (head.length < HEAD_BYTES || viewOf(head).getUint32(0, true) !== MAGIC) throw damage(0, 'the beginning of an export', 'something else');
  const format = viewOf(head).getUint32(4, true);
  if (!FORMATS.includes(format)) throw new VectileError('STORAGE_VERSION', `export: expected format ${FORMATS.join(' or ')}, got ${format}`);
  let crc = 0;
  for (;;) {
    const { offset } = pieces;
    const header = await pieces.take(FRAME_HEADER_BYTES);
    if (header.length < FRAME_HEADER_BYTES) throw damage(offset, 'a frame', 'the end of the stream');
    const [kind, bytes, expected] = [0, 4, 8].map((at) => viewOf(header).getUint32(at, true)) as [number, number, number];
    if (bytes > FRAME_BYTES_MAX) throw damage(offset, `a frame of at most ${FRAME_BYTES_MAX} bytes`, `${bytes}`);
    const padded = await pieces.take((bytes + 3) & ~3);
    if (padded.length < bytes) throw damage(offset, `a frame of ${bytes} bytes`, `${padded.length}`);
    crc = crc32c(padded, crc32c(header.subarray(0, 8), crc));
    if (crc !== expected) throw damage(offset, 'a frame that fits its checksum', 'another');
    yield { kind, payload: padded.subarray(0, bytes), offset };
    if (kind !== Kind.End) continue;
    if ((await pieces.take(1)).length) throw damage(pieces.offset - 1, 'the end of the stream', 'more');
    return;
  }
}

function schemaOf(payload: Uint8Array, offset: number): Schema {
  const schema = parsed(payload, offset) as Schema;
  const { revision, nextVectorNumber } = schema;
  try {
    createSchema(configOf(schema)); // throws if it is none
    const numbers = schema.vectors.map(({ number }) => number);
    const isSound = new Set(numbers).size === numbers.length && numbers.every((number) => Number.isInteger(number) && number >= 0 && number < nextVectorNumber);
    if (isSound && Number.isInteger(nextVectorNumber) && Number.isInteger(revision)) return schema;
  } catch (cause) {
    throw damage(offset, 'a schema', String(cause), cause);
  }
  throw damage(offset, 'a schema', 'one with other numbers');
}

function tenantOf(payload: Uint8Array, offset: number): { name: string; status: 'ACTIVE' | 'INACTIVE' } {
  const { name, status } = parsed(payload, offset) as { name: unknown; status: unknown };
  try {
    checkTenantName(name);
  } catch (cause) {
    throw damage(offset, 'a tenant', String(cause), cause);
  }
  if (status !== 'ACTIVE' && status !== 'INACTIVE') throw damage(offset, 'a tenant that is ACTIVE or INACTIVE', JSON.stringify(status));
  return { name, status };
}

/** It keeps its times; its revision is new. */
function changeOf(schema: Schema, payload: Uint8Array, offset: number): Change {
  const where = () => `export, byte ${offset}`;
  const objectBytes = payload.length < 8 ? 0 : viewOf(payload).getUint32(4, true);
  const { id, created, updated, properties } = decodeObject(payload.subarray(0, objectBytes), -1, NO_MARK, where);
  const vectors = payload.length > objectBytes ? decodeVectorEntry(payload.subarray(objectBytes), -1, NO_MARK, where) : [];
  try {
    checkId(id);
    decodeProperties(schema, properties);
    for (const vector of vectors) checkVector(schema, vector);
  } catch (cause) {
    throw damage(offset, 'an object of the collection', String(cause), cause);
  }
  return { id, effect: { properties, vectors, created, updated } };
}

function checkVector(schema: Schema, { number, values }: StoredVector): void {
  const field = schema.vectors.find((vector) => vector.number === number);
  if (field?.dimensions !== values.length) throw new VectileError('DIMENSION_MISMATCH', `vector ${number}: expected ${field?.dimensions ?? 0} dimensions, got ${values.length}`);
  checkRows(values, values.length, METRICS.indexOf(field.metric), 'vector');
}

function parsed(payload: Uint8Array, offset: number): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    throw damage(offset, 'JSON', 'something else', cause);
  }
  throw damage(offset, 'an object as JSON', 'something else');
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function damage(offset: number, expected: string, got: string, cause?: unknown): VectileError {
  return new VectileError('STORAGE_CORRUPT', `export, byte ${offset}: expected ${expected}, got ${got}`, { cause });
}
