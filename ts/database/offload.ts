/**
 * Files of a shard in another store, and back:
 *
 *   <database>/<shard>/<file>   as it was
 *   <database>/<shard>/seal     their names, sizes and checksums, and where the log goes on. It is written last, and removed first:
 *                               without it, or if it does not fit, there is no copy
 *
 * Before either side counts, what was written there is read back. Which side counts is for the catalog to say.
 */
import { VectileError } from '../errors.js';
import { decodeJson, encodeJson } from '../storage/checked-json.js';
import { crc32c } from '../storage/crc32c.js';
import type { BlobStore, OpenStore } from '../storage/storage.js';
import type { ShardIdentity } from '../shard/record.js';

const FORMAT = 1;
const CHUNK_BYTES = 1 << 20;

interface Seal {
  format: number;
  identity: ShardIdentity;
  /** Of the next record of the log; 1 if there are no files. */
  nextSeq: number;
  files: SealedFile[];
}

interface SealedFile {
  name: string;
  bytes: number;
  crc: number;
}

export interface OffloadPlace {
  store: OpenStore;
  /** Of names of the shard's files here, with a / at the end. */
  prefix: string;
  offload: OpenStore;
  identity: ShardIdentity;
  /** Called between files; may throw to give up. */
  check(): void;
}

/** Copies a shard that is not open, and whose log holds nothing that is not in its other files. There must be no copy of it. */
export async function copyAway({ store, prefix, offload, identity, check }: OffloadPlace, nextSeq: number): Promise<void> {
  const target = copyPrefix(identity);
  const files: SealedFile[] = [];
  for (const { name } of await store.blobs.list(prefix)) {
    check();
    const file = name.slice(prefix.length);
    files.push({ name: file, ...await copy(store.blobs, name, offload.blobs, target + file) });
  }
  await offload.blobs.put(sealName(identity), [encodeJson({ format: FORMAT, identity, nextSeq, files } satisfies Seal)]);
  await readSeal(offload, identity);
  store.blobs.release(prefix);
  offload.blobs.release(target);
}

/** Whether there is a copy, and every byte of it is as it was written. */
export async function isWhole(offload: OpenStore, identity: ShardIdentity): Promise<boolean> {
  try {
    const seal = await readSeal(offload, identity);
    if (!seal) return false;
    for (const file of seal.files) await checkFile(offload.blobs, copyPrefix(identity) + file.name, file);
    return true;
  } catch (cause) {
    if (cause instanceof VectileError && ['STORAGE_CORRUPT', 'BLOB_MISSING', 'STORAGE_VERSION'].includes(cause.code)) return false;
    throw cause;
  } finally {
    offload.blobs.release(copyPrefix(identity));
  }
}

/** Brings a copy here, where there must be no files of it. Throws STORAGE_CORRUPT if it is damaged. */
export async function copyBack({ store, prefix, offload, identity, check }: OffloadPlace): Promise<void> {
  const source = copyPrefix(identity);
  const seal = await readSeal(offload, identity);
  if (!seal) throw new VectileError('STORAGE_CORRUPT', `${sealName(identity)}: expected the seal of an offloaded tenant, got none; the store given as offload must be the one it was moved to`);
  for (const { name, bytes, crc } of seal.files) {
    check();
    const there = await copy(offload.blobs, source + name, store.blobs, prefix + name);
    if (there.bytes !== bytes || there.crc !== crc) {
      throw new VectileError('STORAGE_CORRUPT', `${source + name}, byte 0: expected ${bytes} bytes that fit their checksum, got ${there.bytes} others`);
    }
  }
  if (seal.nextSeq > 1) await store.beginLog(`${prefix}log`, seal.nextSeq);
  store.blobs.release(prefix);
  offload.blobs.release(source);
}

/** Removes a copy, or what there is of one. */
export async function removeCopy(offload: OpenStore, identity: ShardIdentity): Promise<void> {
  await offload.blobs.delete(sealName(identity));
  for (const { name } of await offload.blobs.list(copyPrefix(identity))) await offload.blobs.delete(name);
  const [left] = await offload.blobs.list(copyPrefix(identity));
  if (left) throw new VectileError('STORAGE_FAILED', `${left.name}: expected it to be removed, got it still there`);
  await offload.syncDeleted(copyPrefix(identity));
}

async function readSeal(offload: OpenStore, identity: ShardIdentity): Promise<Seal | undefined> {
  const name = sealName(identity);
  const found = await offload.blobs.get(name);
  if (!found) return undefined;
  const seal = decodeJson(found.bytes, name) as Seal;
  if (seal.format !== FORMAT) throw new VectileError('STORAGE_VERSION', `${name}: expected format ${FORMAT}, got ${seal.format}`);
  if (seal.identity.shard !== identity.shard || seal.identity.database !== identity.database) {
    throw new VectileError('STORAGE_CORRUPT', `${name}: expected shard ${identity.shard}, got ${seal.identity.shard}`);
  }
  return seal;
}

/** Copies a file and reads it back. */
async function copy(from: BlobStore, name: string, to: BlobStore, target: string): Promise<{ bytes: number; crc: number }> {
  const [info] = (await from.list(name)).filter((blob) => blob.name === name);
  if (!info) throw new VectileError('BLOB_MISSING', `${name}: expected a blob, got none`);
  let crc = 0;
  await to.put(target, (async function* () {
    for await (const chunk of chunksOf(from, name, info.bytes)) {
      crc = crc32c(chunk, crc);
      yield chunk;
    }
  })());
  const file = { bytes: info.bytes, crc };
  await checkFile(to, target, file);
  return file;
}

async function checkFile(blobs: BlobStore, name: string, { bytes, crc }: { bytes: number; crc: number }): Promise<void> {
  let read = 0;
  const [info] = (await blobs.list(name)).filter((blob) => blob.name === name);
  for await (const chunk of chunksOf(blobs, name, bytes)) read = crc32c(chunk, read);
  if (read === crc && info?.bytes === bytes) return;
  throw new VectileError('STORAGE_CORRUPT', `${name}, byte 0: expected ${bytes} bytes that fit their checksum, got ${info?.bytes ?? 0} others`);
}

async function* chunksOf(blobs: BlobStore, name: string, bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += CHUNK_BYTES) yield await blobs.getRange(name, at, Math.min(CHUNK_BYTES, bytes - at));
}

const copyPrefix = ({ database, shard }: ShardIdentity): string => `${database}/${shard}/`;
const sealName = (identity: ShardIdentity): string => `${copyPrefix(identity)}seal`;
