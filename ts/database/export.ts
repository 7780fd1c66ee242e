/**
 * A database as one file:
 *
 *   file  ─► magic, format: u32; then frames
 *   frame ─► kind, bytes, crc32c of what follows: u32; `bytes` bytes, padded to 4
 *
 *   collection  a schema as JSON; the objects after it are of this collection
 *   object      entry of the object and, if it has any, entry of its vectors, as in segments (shard/entry.ts)
 *   end         { collections, objects }: how many there should have been
 */
import { VectileError, invalid } from '../errors.js';
import { decodeObject, decodeVectorEntry, encodeObject, encodeVectorEntry } from '../shard/entry.js';
import type { Shard } from '../shard/shard.js';
import type { Change } from '../shard/types.js';
import { crc32c } from '../storage/crc32c.js';
import type { Schema } from './schema.js';

const MAGIC = 0x50584356; // "VCXP"
const FORMAT = 1;
const FRAME_HEADER_BYTES = 12;
const enum Kind { Collection = 1, Object = 2, End = 3 }
const PAGE = 256;
const BATCH = 256;
/** Above this a frame's length is damage: an object has at most 16 MB, and its vectors less. */
const FRAME_BYTES_MAX = 1 << 28;
const UNLINKED_MAX = 1000;

export async function* exportDatabase(collections: readonly { schema: Schema; shard: () => Promise<Shard> }[]): AsyncGenerator<Uint8Array> {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, MAGIC, true);
  new DataView(head.buffer).setUint32(4, FORMAT, true);
  yield head;
  let objects = 0;
  for (const { schema, shard } of collections) {
    yield frame(Kind.Collection, json(schema));
    for (let next = 0; next >= 0;) {
      const page = await (await shard()).scan(next, PAGE, { vectors: true });
      for (const object of page.objects) {
        yield frame(Kind.Object, encodeObject(object), object.vectors!.length ? encodeVectorEntry(object.slot, object.vectors!) : new Uint8Array());
      }
      objects += page.objects.length;
      next = page.next;
    }
  }
  yield frame(Kind.End, json({ collections: collections.length, objects }));
}

/** `create` makes a collection and gives its shard. Throws STORAGE_CORRUPT for a stream that is not whole. */
export async function importDatabase(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, create: (schema: Schema) => Promise<Shard>): Promise<void> {
  if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source || Symbol.iterator in source)) throw invalid('from', 'a stream of bytes', source);
  let shard: Shard | undefined;
  let batch: Change[] = [];
  let collections = 0;
  let objects = 0;
  const write = async () => {
    if (!batch.length) return;
    const changes = batch;
    batch = [];
    for (const outcome of await shard!.write(changes, 'flush')) if (outcome.error) throw outcome.error;
    await shard!.settle(UNLINKED_MAX);
  };
  let isEnded = false;
  for await (const { kind, payload, offset } of frames(source)) {
    if (isEnded) throw damage(offset, 'the end', 'more');
    if (kind === Kind.Collection) {
      await write();
      shard = await create(JSON.parse(new TextDecoder().decode(payload)) as Schema);
      collections++;
    } else if (kind === Kind.Object && shard) {
      batch.push(changeOf(payload, offset));
      objects++;
      if (batch.length >= BATCH) await write();
    } else if (kind === Kind.End) {
      const expected = JSON.parse(new TextDecoder().decode(payload)) as { collections: number; objects: number };
      if (expected.collections !== collections || expected.objects !== objects) {
        throw damage(offset, `${expected.collections} collections and ${expected.objects} objects`, `${collections} and ${objects}`);
      }
      isEnded = true;
    } else {
      throw damage(offset, 'a collection, an object or the end', `kind ${kind}`);
    }
  }
  if (!isEnded) throw damage(0, 'a stream with an end', 'one that was cut off');
  await write();
  await shard?.snapshot();
}

function changeOf(payload: Uint8Array, offset: number): Change {
  const where = () => `export, byte ${offset}`;
  const objectBytes = new DataView(payload.buffer, payload.byteOffset).getUint32(4, true);
  const { id, created, updated, properties } = decodeObject(payload.subarray(0, objectBytes), -1, where);
  const vectors = payload.length > objectBytes ? decodeVectorEntry(payload.subarray(objectBytes), -1, where) : [];
  const copy = properties.slice();
  return { id, effect: () => ({ properties: copy, vectors, created, updated }) };
}

async function* frames(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<{ kind: number; payload: Uint8Array; offset: number }> {
  let rest = new Uint8Array();
  let offset = 0;
  let hasHead = false;
  for await (const chunk of source) {
    if (!(chunk instanceof Uint8Array)) throw invalid('from', 'chunks of Uint8Array', chunk);
    const buffer = new Uint8Array(rest.length + chunk.length);
    buffer.set(rest);
    buffer.set(chunk, rest.length);
    const view = new DataView(buffer.buffer);
    let at = 0;
    if (!hasHead && buffer.length >= 8) {
      if (view.getUint32(0, true) !== MAGIC) throw damage(0, 'the beginning of an export', 'something else');
      if (view.getUint32(4, true) !== FORMAT) throw new VectileError('STORAGE_VERSION', `export: expected format ${FORMAT}, got ${view.getUint32(4, true)}`);
      hasHead = true;
      at = 8;
    }
    while (hasHead && at + FRAME_HEADER_BYTES <= buffer.length) {
      const bytes = view.getUint32(at + 4, true);
      if (bytes > FRAME_BYTES_MAX) throw damage(offset + at, 'a frame', `one of ${bytes} bytes`);
      const end = at + FRAME_HEADER_BYTES + ((bytes + 3) & ~3);
      if (end > buffer.length) break;
      const payload = buffer.subarray(at + FRAME_HEADER_BYTES, end);
      if (view.getUint32(at + 8, true) !== crc32c(payload, crc32c(buffer.subarray(at, at + 8)))) throw damage(offset + at, 'a frame that fits its checksum', 'another');
      yield { kind: view.getUint32(at, true), payload: payload.subarray(0, bytes), offset: offset + at };
      at = end;
    }
    rest = buffer.slice(at);
    offset += at;
  }
  if (rest.length || !hasHead) throw damage(offset, 'a whole frame', `${rest.length} bytes`);
}

function frame(kind: Kind, ...parts: Uint8Array[]): Uint8Array {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const out = new Uint8Array(FRAME_HEADER_BYTES + ((bytes + 3) & ~3));
  const view = new DataView(out.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, bytes, true);
  let at = FRAME_HEADER_BYTES;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  view.setUint32(8, crc32c(out.subarray(FRAME_HEADER_BYTES), crc32c(out.subarray(0, 8))), true);
  return out;
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function damage(offset: number, expected: string, got: string): VectileError {
  return new VectileError('STORAGE_CORRUPT', `export, byte ${offset}: expected ${expected}, got ${got}`);
}
