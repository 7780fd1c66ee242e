/**
 * Snapshots: what of a shard lies in memory, written so that the log before it may go. Segments that are there are kept, an
 * index that has not changed is not written again. The order of the steps is what makes a crash harmless: files first, then
 * the manifest in one step, then the log is trimmed, and last goes what no manifest names.
 */
import { VectileError } from '../errors.js';
import { laneChecksum } from '../storage/lane-checksum.js';
import type { BlobStore, OpenStore } from '../storage/storage.js';
import { decodeManifest, decodeSlots, encodeManifest, encodeSlots, type FieldFile, type Manifest } from './manifest.js';
import { Objects, type Rows } from './objects.js';
import { markOf } from './mark.js';
import { pause } from './pause.js';
import type { FrozenPart, PartFile } from '../search/stored-part.js';
import type { ShardIdentity } from './record.js';
import { Scan } from './scan.js';
import type { ShardSearch } from './search.js';
import { Segments, type Segment } from './segments.js';
import { Table } from './table.js';
import type { FieldSpec } from './types.js';
import { VectorField, type VectorSource } from './vector-field.js';

/** Ids of tables of so many bytes are read when they are needed. */
const LATER_BYTES = 256 << 10;
const SETTLE_MS = 4;
/** Segments smaller than this are put together once there are more of them. */
const SMALL_BYTES = 1 << 20;
const SMALL_SEGMENTS = 8;
/** Of an image, with the checksums of the rest. */
const IMAGE_HEAD_BYTES = 512;

export interface SnapshotPlace {
  store: OpenStore;
  prefix: string;
  identity: ShardIdentity;
}

export interface Snapshot {
  manifest: Manifest;
  etag: string;
}

type Image = NonNullable<FieldFile['image']>;

const manifestName = (prefix: string): string => `${prefix}/manifest`;
const snapshotId = (seq: number, epoch: number, time: number): string => `${String(seq).padStart(12, '0')}-${epoch}-${time.toString(36)}`;

/** The newest snapshot's manifest; undefined if none was written yet. */
export async function readManifest({ store, prefix, identity }: SnapshotPlace): Promise<Snapshot | undefined> {
  const name = manifestName(prefix);
  const found = await store.blobs.get(name);
  return found && { manifest: decodeManifest(found.bytes, name, identity), etag: found.etag };
}

/** Makes an empty shard whose first record will have that number. There must be none of it. */
export async function beginShard({ store, prefix, identity }: SnapshotPlace, firstSeq: number, time: number): Promise<void> {
  const seq = firstSeq - 1;
  const table = await writeTable(store.blobs, `${prefix}/table-${snapshotId(seq, store.epoch, time)}`, new Table(), markOf(identity));
  const manifest: Manifest = { identity, epoch: store.epoch, seq, time, table, segments: [], fields: [], inverted: [] };
  await store.blobs.putIfAbsent(manifestName(prefix), encodeManifest(manifest));
  await store.beginLog(`${prefix}/log`, firstSeq);
}

/** The objects as of a snapshot, or none. */
export async function openObjects({ store, prefix, identity }: SnapshotPlace, manifest: Manifest | undefined): Promise<Objects> {
  const mark = markOf(identity);
  if (!manifest) return new Objects(new Table(), new Segments(store.blobs, prefix, []), mark);
  const table = await openTable(store, manifest.table, mark);
  return new Objects(table, new Segments(store.blobs, prefix, manifest.segments), mark);
}

async function writeTable(blobs: BlobStore, name: string, table: Table, mark: number): Promise<Manifest['table']> {
  const { head, places, ids } = table.encode(mark);
  const { bytes } = await blobs.put(name, [head, ...places, ...ids]);
  return { name, bytes, places: places.reduce((sum, { length }) => sum + length, head.length) };
}

/** Of a large one the ids are read when they are first needed; not by readers, beneath whom the file may go. */
async function openTable({ blobs, epoch }: OpenStore, { name, bytes, places }: Manifest['table'], mark: number): Promise<Table> {
  if (!epoch || !blobs.getRangeSync || bytes < LATER_BYTES) return Table.decode(await blobs.getRange(name, 0, bytes), mark, name);
  return Table.decode(await blobs.getRange(name, 0, places), mark, name, bytes, (from) => {
    try {
      return blobs.getRangeSync!(name, from, bytes - from);
    } catch (cause) {
      if (!(cause instanceof VectileError) || cause.code !== 'BLOB_MISSING') throw cause;
      throw new VectileError('STORAGE_CORRUPT', cause.message, { cause });
    }
  });
}

/** The segments with what of each a table uses. */
function countLive(table: Table, segments: Iterable<Segment>, vectorsBytesMax: number): Segment[] {
  const counted = Array.from(segments, (segment) => ({ ...segment, objectsLive: 0, vectorsLive: 0 }));
  const byIndex: (Segment | undefined)[] = [];
  for (const segment of counted) byIndex[segment.index] = segment;
  for (let slot = 0; slot < table.extent; slot++) {
    // marks of free slots and the like are none of them
    const ofObject = byIndex[table.objectSegments[slot]!];
    if (ofObject) ofObject.objectsLive += table.objectBytes[slot]!;
    const ofVectors = byIndex[table.vectorSegments[slot]!];
    if (ofVectors) ofVectors.vectorsLive = Math.min(ofVectors.vectorsBytes, ofVectors.vectorsLive + vectorsBytesMax);
  }
  return counted;
}

/**
 * A named vector as of a snapshot. An image that is damaged or missing is no loss: the index is built anew of the vectors
 * in the segments. Damage in these is.
 */
export async function openField({ store, identity }: SnapshotPlace, spec: FieldSpec, objects: Objects, source: VectorSource, file: FieldFile | undefined): Promise<VectorField> {
  let damage: { cause: unknown } | undefined;
  const rows = async function* () {
    try {
      yield* objects.rowsOf(spec.number, spec.dimensions);
    } catch (cause) {
      damage = { cause };
      throw cause;
    }
  };
  if (file?.image) {
    try {
      return await openImage(store.blobs, markOf(identity), spec, source, file.image, file.unlinked, rows());
    } catch (cause) {
      if (damage) throw damage.cause;
      if (!(cause instanceof VectileError) || !isDamageOfImage(cause)) throw cause;
    }
  }
  const field = await VectorField.open(spec, source);
  for await (const { ids, vectors, offsets } of rows()) {
    await field.wake(); // they are read already
    ids.forEach((slot, i) => field.put(slot, vectors.subarray(offsets[i], offsets[i]! + spec.dimensions)));
  }
  return field;
}

/** An index, and beside it what was not linked yet, which the rows bring along. */
async function openImage(
  blobs: BlobStore, mark: number, spec: FieldSpec, source: VectorSource, image: Image, unlinked: FieldFile['unlinked'],
  rows: AsyncIterable<Rows>,
): Promise<VectorField> {
  const slots = new Set(unlinked ? decodeSlots(await blobs.getRange(unlinked.name, 0, unlinked.bytes), mark, unlinked.name) : []);
  const aside = new Map<number, Float32Array>();
  let there = 0;
  const passing = async function* () {
    for await (const batch of rows) {
      there += batch.ids.length;
      if (slots.size) batch.ids.forEach((slot, i) => { if (slots.has(slot)) aside.set(slot, batch.vectors.slice(batch.offsets[i], batch.offsets[i]! + spec.dimensions)); });
      yield batch;
    }
  };
  const field = await VectorField.open(spec, source, { chunks: readImage(blobs, image), rows: passing() });
  for (const slot of slots) {
    // an index without full vectors has not asked for any
    const values = aside.get(slot) ?? (await source.read([slot]))[0];
    if (values) field.put(slot, values);
  }
  if (there && there !== field.count) {
    field.dispose();
    throw new VectileError('IMAGE_CORRUPT', `${image.name}: expected an index of ${there} vectors, got one of ${field.count}`);
  }
  return field;
}

/** What is written, and the snapshot before. */
export interface Snapshotted {
  readonly objects: Objects;
  readonly fields: ReadonlyMap<number, VectorField>;
  readonly search: ShardSearch;
  readonly snapshot: Snapshot | undefined;
}

export interface Written extends Snapshot {
  /** Bytes of all files written but segments. */
  overhead: number;
}

/** Writes a snapshot of a shard that goes on being read and written. `seq`: of the last record applied, when asked. */
export async function writeSnapshot(
  place: SnapshotPlace, { objects, fields, search, snapshot: former }: Snapshotted, now: () => { seq: number; time: number }, compactFully: boolean,
): Promise<Written> {
  const { store, prefix, identity } = place;
  const { blobs } = store;
  const mark = markOf(identity);
  await objects.compact(victims(objects, compactFully));
  await objects.flush();

  // from here to the first `await` all is of one moment
  const { seq, time: clock } = now();
  // names of files are new even if nothing was written, and no millisecond has passed, since the snapshot before: until the manifest
  // is written, that is the one that counts
  const time = Math.max(clock, (former?.manifest.time ?? 0) + 1);
  const copy = objects.table.copy();
  const frozen = [...fields.values()];
  for (const field of frozen) field.freeze();
  const unlinked = frozen.map((field) => field.unlinkedSlots);
  const parts = search.freeze();
  const id = snapshotId(seq, store.epoch, time);
  const manifest: Manifest = { identity, epoch: store.epoch, seq, time, table: { name: `${prefix}/table-${id}`, bytes: 0, places: 0 }, segments: [], fields: [] };
  const versions: [VectorField, number][] = [];
  let overhead = 0;
  try {
    await objects.flush([copy]);
    manifest.table = await writeTable(blobs, manifest.table.name, copy, mark);
    overhead = manifest.table.bytes;
    manifest.segments = countLive(copy, objects.segments.byIndex.values(), objects.vectorsBytesMax);
    for (const [i, field] of frozen.entries()) {
      const { number } = field.spec;
      const kept = former?.manifest.fields.find((file) => file.number === number);
      const file: FieldFile = { number, image: undefined, unlinked: undefined };
      if (field.hasIndex) {
        file.image = kept?.image;
        if (field.hasChanged || !kept?.image) {
          const written = await writeImage(blobs, `${prefix}/index-${number}-${id}`, field);
          file.image = written.file;
          versions.push([field, written.version]);
        }
        if (file.image !== kept?.image) overhead += file.image!.bytes;
        field.thaw();
        if (unlinked[i]!.length) {
          const name = `${prefix}/unlinked-${number}-${id}`;
          file.unlinked = { name, bytes: (await blobs.put(name, [encodeSlots(unlinked[i]!, mark)])).bytes };
          overhead += file.unlinked.bytes;
        }
      }
      manifest.fields.push(file);
    }
  } finally {
    for (const field of frozen) field.thaw();
  }
  const newParts: [FrozenPart, PartFile][] = [];
  for (const part of parts ?? []) {
    let { file } = part;
    if (!file) {
      const name = `${prefix}/inverted-${String(manifest.inverted?.length ?? 0)}-${id}`;
      file = { name, bytes: (await blobs.put(name, part.encode())).bytes, count: part.count };
      newParts.push([part, file]);
      overhead += file.bytes;
    }
    (manifest.inverted ??= []).push(file);
  }
  if (parts) manifest.inverted ??= [];
  const name = manifestName(prefix);
  const encoded = encodeManifest(manifest);
  const { etag } = former ? await blobs.putIfMatch(name, encoded, former.etag) : await blobs.putIfAbsent(name, encoded);
  // not before: an image that no manifest names is no image
  for (const [field, version] of versions) field.imageVersion = version;
  for (const [part, file] of newParts) part.written(file);
  overhead += encoded.length;
  return { manifest, etag, overhead };
}

/** Deletes all files of a shard that its manifest does not name. */
export async function deleteUnnamed({ store, prefix }: SnapshotPlace, manifest: Manifest | undefined, objects: Objects): Promise<void> {
  const named = new Set([manifestName(prefix), ...objects.segments.names()]);
  if (manifest) {
    named.add(manifest.table.name);
    for (const { image, unlinked } of manifest.fields) for (const file of [image, unlinked]) if (file) named.add(file.name);
    for (const { name } of manifest.inverted ?? []) named.add(name);
  }
  for (const { name } of await store.blobs.list(`${prefix}/`)) if (!named.has(name)) await store.blobs.delete(name);
}

/** Segments that are mostly out of use, if in all as much is out of use as in use; and small ones, if there are many. */
function victims({ segments }: Objects, fully: boolean): Segment[] {
  const all = [...segments.byIndex.values()];
  const sizeOf = (segment: Segment) => segment.objectsBytes + segment.vectorsBytes;
  const liveOf = (segment: Segment) => segment.objectsLive + segment.vectorsLive;
  if (fully) return all.filter((segment) => liveOf(segment) < sizeOf(segment) * 0.95);
  const small = all.filter((segment) => sizeOf(segment) < SMALL_BYTES);
  const isWasteful = segments.bytes > 2 * segments.liveBytes;
  const wasteful = isWasteful ? all.filter((segment) => liveOf(segment) * 2 <= sizeOf(segment)) : [];
  return small.length > SMALL_SEGMENTS ? [...new Set([...small, ...wasteful])] : wasteful;
}

async function writeImage(blobs: BlobStore, name: string, field: VectorField): Promise<{ file: Image; version: number }> {
  while (field.settle(SETTLE_MS)) await pause();
  const { version, chunks } = field.image();
  let head: number | undefined;
  const { bytes } = await blobs.put(name, (async function* () {
    for await (const chunk of chunks) {
      head ??= headOf(chunk);
      yield chunk;
    }
  })());
  return { file: { name, bytes, head: head! }, version };
}

/** No CRC: those of images end with one of their own, and all such have the same. */
const headOf = (chunk: Uint8Array): number => laneChecksum(chunk.subarray(0, IMAGE_HEAD_BYTES));

/** Each chunk is valid until the next is asked for. */
async function* readImage(blobs: BlobStore, { name, bytes, head }: Image): AsyncGenerator<Uint8Array> {
  const scan = new Scan(blobs);
  for (let from = 0; from < bytes;) {
    const chunk = await scan.read(name, from, bytes);
    if (!from && headOf(chunk) !== head) throw new VectileError('STORAGE_CORRUPT', `${name}, byte 0: expected the image of this index, got another`);
    from += chunk.length;
    yield chunk;
  }
}

function isDamageOfImage({ code }: VectileError): boolean {
  return code.startsWith('IMAGE_') || code === 'STORAGE_CORRUPT' || code === 'BLOB_MISSING' || code === 'STORAGE_VERSION';
}
