/**
 * A store in a folder, for Node, Bun and Deno:
 *
 *   vectile.json           what it is, and of which format
 *   lock-00000007          who may write (fs-lock.ts)
 *   <blob>, <log>/*.log    by their names (fs-blobs.ts, fs-log.ts)
 */
import { VectileError, invalid } from '../errors.js';
import type { Files } from './files.js';
import { FsBlobs, logOf } from './fs-blobs.js';
import { codeOf, fileError, onFile, onFileIfAny } from './fs-errors.js';
import { FsHost } from './fs-host.js';
import { acquire, sharedLock, type Lock } from './fs-lock.js';
import { FsLog } from './fs-log.js';
import { canShare, type StoreShare } from './sharing.js';
import type { OpenStore, Space, Store } from './storage.js';

const FORMAT = 1;
const MARKER = 'vectile.json';
const LOG_FILE_BYTES = 32 << 20;

/** Why a folder above cannot be synced that is not ours, and so was not made by us. */
const NOT_OURS = new Set<string | undefined>(['EACCES', 'EPERM', 'EROFS', 'EINVAL', 'ENOTSUP']);

let hostFiles: Files | undefined;

/** Called by the entry of a runtime that has a file system. */
export function provideFiles(files: Files): void {
  hostFiles = files;
}

/** Memory of the machine, or what the process may have of it; undefined if that cannot be told. */
export function hostMemory(): Space | undefined { return hostFiles?.memory?.(); }

/** How many files the process may have open; Infinity if that cannot be told, undefined if this runtime has no file system. */
export function handlesMax(): number | undefined { return hostFiles && (hostFiles.handlesMax?.() ?? Infinity); }

export interface FsOptions {
  /** @internal Stands in for the file system. */
  files?: Files;
  /** @internal When the next file of a log is begun. Default 32 MB. */
  logFileBytes?: number;
}

/** A store in the folder at `path`, which is made if it is not there. */
export function fs(path: string, options: FsOptions = {}): Store {
  if (typeof path !== 'string' || !path) throw invalid('path', 'the path of a folder', path);
  return {
    kind: 'fs',
    location: path,
    async open({ readOnly }) {
      const files = options.files ?? hostFiles;
      if (!files) throw new VectileError('INVALID_ARGUMENT', `store: expected one for this runtime, such as indexedDB(name), got fs(${JSON.stringify(path)})`);
      return openFolder(files, path, readOnly, options.logFileBytes ?? LOG_FILE_BYTES);
    },
  };
}

/** Opens a folder that another thread of this process has open. */
export function attachFolder({ location, epoch, readOnly, tag, wasClean, logFileBytes = LOG_FILE_BYTES }: StoreShare): OpenStore {
  const files = hostFiles!;
  const lock = readOnly ? undefined : sharedLock(files, location, epoch, wasClean);
  const host = new FsHost(files, location, lock, logFileBytes, tag);
  return openStore(host, new FsBlobs(host), lock);
}

async function openFolder(files: Files, path: string, readOnly: boolean, logFileBytes: number): Promise<OpenStore> {
  if (!readOnly) await makeRoot(files, path);
  const root = await files.resolve(path);
  const entries = await onFile(root, () => files.list(root));
  const isMarked = entries?.some(({ name }) => name === MARKER) ?? false;
  if (readOnly && !isMarked) throw new VectileError('STORE_MISSING', `${root}: expected a database, got ${entries ? 'a folder without one' : 'nothing'}`);
  const foreign = isMarked ? undefined : entries!.find(({ name }) => !/^(lock-\d{8}|\.tmp-.*)$/.test(name));
  if (foreign) throw new VectileError('INVALID_ARGUMENT', `path: expected a folder that is empty or holds a database, got ${root} with ${foreign.name}`);
  const lock = readOnly ? undefined : await acquire(files, root);
  try {
    const host = new FsHost(files, root, lock, logFileBytes);
    const blobs = new FsBlobs(host);
    if (lock && !lock.wasClean) await blobs.recover();
    const marker = await blobs.get(MARKER);
    if (marker) checkMarker(marker.bytes, `${root}/${MARKER}`);
    else {
      await syncAbove(files, root);
      await blobs.put(MARKER, [new TextEncoder().encode(`${JSON.stringify({ format: FORMAT })}\n`)]);
    }
    return openStore(host, blobs, lock);
  } catch (cause) {
    await lock?.release(false).catch(() => {});
    throw cause;
  }
}

async function makeRoot(files: Files, path: string): Promise<void> {
  try {
    await files.mkdir(path);
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST' && codeOf(cause) !== 'ENOTDIR') throw fileError(cause, path);
    throw new VectileError('INVALID_ARGUMENT', `path: expected a folder, or where one can be made, got ${path}, where a file is`, { cause });
  }
}

function openStore(host: FsHost, blobs: FsBlobs, lock: Lock | undefined): OpenStore {
  /** Open ones, of which a writer has no two of a name. */
  const logs = new Map<string, FsLog>();
  let isClosed = false;
  const store: OpenStore = {
    epoch: host.epoch,
    blobs,
    async log(name) {
      await logs.get(name)?.close();
      await blobs.ready(`${name}/`);
      const log = await FsLog.open(host, host.path(name));
      if (host.readOnly) return log;
      logs.set(name, log);
      log.onClosed = () => { if (logs.get(name) === log) logs.delete(name); };
      return log;
    },
    async beginLog(name, nextSeq) {
      host.checkWritable();
      await this.deleteLog(name);
      await FsLog.begin(host, host.path(name), nextSeq);
    },
    logs: async (prefix) => [...new Set((await blobs.files(prefix)).map(({ name }) => logOf(name)).filter((name) => name !== undefined))],
    async deleteLog(name) {
      host.checkWritable();
      await logs.get(name)?.close().catch(() => {});
      logs.delete(name);
      const files = (await blobs.files(`${name}/`)).filter((file) => logOf(file.name) === name);
      for (const file of files) await blobs.remove(file.name);
      const folder = host.path(name);
      // or a crash might bring back some of them, to stand beside those of a new log
      if (files.length) await onFileIfAny(folder, () => host.files.syncFolder(folder));
    },
    async syncDeleted(prefix) {
      host.checkWritable();
      for (let at = prefix.lastIndexOf('/'); ; at = prefix.lastIndexOf('/', at - 1)) {
        // folders go with their last file
        if (await host.syncFolderIfAny(at < 0 ? host.root : host.path(prefix.slice(0, at))) || at < 0) return;
      }
    },
    space: async () => host.files.space?.(host.root),
    bytes: async (prefix) => (await blobs.files(prefix)).reduce((sum, { bytes }) => sum + bytes, 0),
    async close() {
      if (isClosed) return;
      isClosed = true;
      const closings = await Promise.allSettled([...logs.values()].map((log) => log.close()));
      host.close();
      await blobs.close();
      await lock?.release(host.isClean);
      for (const closing of closings) if (closing.status === 'rejected') throw closing.reason;
    },
  };
  // other threads have the files of the system, whatever was given here
  if (host.files === hostFiles) {
    let shares = 0;
    canShare(store, {
      share() {
        const { root: location, epoch, readOnly, logFileBytes } = host;
        return { kind: 'fs', location, epoch, readOnly, tag: `w${++shares}`, wasClean: !host.isDoubtful, logFileBytes };
      },
      get isClean() { return host.isClean; },
      set isClean(isClean) { host.isClean = isClean; },
      async recover(prefix) {
        host.wasLeft = true;
        await blobs.recoverBelow(prefix);
      },
    });
  }
  return store;
}

/** Makes the name of a new store durable. Folders above may be made just now too, or not be ours to sync. */
async function syncAbove(files: Files, root: string): Promise<void> {
  for (let at = root; at.includes('/');) {
    at = at.slice(0, at.lastIndexOf('/'));
    await onFile(at || '/', () => files.syncFolder(at || '/')).catch((error: VectileError) => {
      if (!NOT_OURS.has(codeOf(error.cause))) throw error;
    });
  }
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
