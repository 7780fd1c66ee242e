/**
 * A store in a folder, for Node, Bun and Deno:
 *
 *   vectile.json           what it is, and of which format
 *   lock-00000007          who may write (fs-lock.ts)
 *   <blob>, <log>/*.log    by their names (fs-blobs.ts, fs-log.ts)
 */
import { VectileError, invalid } from '../errors.js';
import type { Files } from './files.js';
import { FsBlobs } from './fs-blobs.js';
import { onFile } from './fs-errors.js';
import { acquire, type Lock } from './fs-lock.js';
import { FsLog, type LogHost } from './fs-log.js';
import type { OpenStore, Store } from './storage.js';

const FORMAT = 1;
const MARKER = 'vectile.json';

/** Folders above the store's may not be ours to sync; then they were not made by us. */
const NOT_OURS = new Set<string | undefined>(['EACCES', 'EPERM', 'EROFS', 'EINVAL', 'ENOTSUP']);

let hostFiles: Files | undefined;

/** Called by the entry of a runtime that has a file system. */
export function provideFiles(files: Files): void {
  hostFiles = files;
}

export interface FsOptions {
  /** @internal Stands in for the file system. */
  files?: Files;
}

/** A store in the folder at `path`, which is made if it is not there. */
export function fs(path: string, options: FsOptions = {}): Store {
  if (typeof path !== 'string' || !path) throw invalid('path', 'the path of a folder', path);
  return {
    kind: 'fs',
    location: path,
    async open({ readOnly }) {
      const files = options.files ?? hostFiles;
      if (!files) throw invalid('path', 'a store for this runtime, such as indexedDB(name), where there is no file system', path);
      return openFolder(files, path, readOnly);
    },
  };
}

async function openFolder(files: Files, path: string, readOnly: boolean): Promise<OpenStore> {
  if (!readOnly) await makeFolder(files, '', path);
  const root = await files.resolve(path);
  const names = await onFile(root, () => files.list(root));
  const isMarked = names?.some(({ name }) => name === MARKER) ?? false;
  if (readOnly && !isMarked) throw new VectileError('STORE_MISSING', `${path}: expected a database, got ${names ? 'a folder without one' : 'nothing'}`);
  if (!isMarked && names!.some(({ name }) => !/^(lock-\d+|\.tmp-.*)$/.test(name))) {
    throw invalid('path', 'a folder that is empty or holds a database', path);
  }
  const lock = readOnly ? undefined : await acquire(files, root);
  try {
    const store = openStore(files, root, lock);
    const blobs = store.blobs as FsBlobs;
    if (!readOnly) await blobs.sweep();
    const marker = await blobs.get(MARKER);
    if (marker) checkMarker(marker.bytes, `${root}/${MARKER}`);
    else await blobs.put(MARKER, [new TextEncoder().encode(`${JSON.stringify({ format: FORMAT })}\n`)]);
    return store;
  } catch (cause) {
    await lock?.release().catch(() => {});
    throw cause;
  }
}

function openStore(files: Files, root: string, lock: Lock | undefined): OpenStore {
  let isClosed = false;
  /** Whose names are known to be durable. */
  const folders = new Set<string>();
  const host: LogHost = {
    files,
    epoch: lock?.generation ?? 0,
    readOnly: !lock,
    checkWritable() {
      if (!lock) throw new VectileError('STORE_READ_ONLY', `${root}: expected a store open for writing, got one opened read-only`);
      if (isClosed) throw new VectileError('CLOSED', `${root}: expected a store in use, got one closed`);
      if (lock.lost) throw lock.lost;
    },
    async makeFolder(folder) {
      if (folders.has(folder)) return;
      await makeFolder(files, root, folder);
      folders.add(folder);
    },
    async removeFolder(folder) {
      folders.delete(folder);
      await files.rmdir(folder).catch(() => {}); // it may not be empty
      folders.delete(folder); // someone may have made it in between
    },
  };
  const blobs = new FsBlobs(host, root);
  return {
    epoch: host.epoch,
    blobs,
    log: (name) => FsLog.open(host, `${root}/${name}`),
    async logs(prefix) {
      const found = (await blobs.list(prefix)).map(({ name }) => /^(.*)\/\d{16}\.log$/.exec(name)?.[1]).filter((name) => name !== undefined);
      return [...new Set(found)];
    },
    async deleteLog(name) {
      host.checkWritable();
      for (const blob of await blobs.list(`${name}/`)) await blobs.delete(blob.name);
      const parent = `${root}/${name}`.replace(/\/[^/]*$/, '');
      await host.removeFolder(`${root}/${name}`);
      if (parent !== root) await host.removeFolder(parent);
    },
    bytes: async (prefix) => (await blobs.list(prefix)).reduce((sum, { bytes }) => sum + bytes, 0),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await blobs.close();
      await lock?.release();
    },
  };
}

/** Makes a folder and all above it. Names are made durable up to `root`, or to the top, of whatever may have been made by us. */
async function makeFolder(files: Files, root: string, folder: string): Promise<void> {
  await onFile(folder, () => files.mkdir(folder));
  const path = root ? folder : await files.resolve(folder);
  for (let at = path; at.length > root.length && at !== parentOf(at);) {
    at = parentOf(at);
    await onFile(at, () => files.syncFolder(at)).catch((cause: VectileError) => {
      const { code } = cause.cause as { code?: string };
      if (root || !NOT_OURS.has(code)) throw cause;
    });
  }
}

/** The folder above; that of the top is the top. */
function parentOf(path: string): string {
  if (path.startsWith('/')) return path.slice(0, Math.max(1, path.lastIndexOf('/')));
  return /^(.*[^:/\\])[/\\][^/\\]+$/.exec(path)?.[1] ?? path; // of Windows
}

function checkMarker(bytes: Uint8Array, path: string): void {
  let format: unknown;
  try {
    format = (JSON.parse(new TextDecoder().decode(bytes)) as { format?: unknown }).format;
  } catch (cause) {
    throw new VectileError('STORAGE_CORRUPT', `${path}, byte 0: expected JSON, got something else`, { cause });
  }
  if (format !== FORMAT) throw new VectileError('STORAGE_VERSION', `${path}: expected format ${FORMAT}, got ${String(format)}`);
}
