/** `Files` by node:fs, as Node, Bun and Deno have it. Writing and syncing leave the thread; reading is done at once. */
import { closeSync, fstatSync, openSync, promises, readFileSync, readSync, statSync, type BigIntStats } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { FileHandle, Files } from './files.js';

const FLAGS = { read: 'r', write: 'r+', create: 'wx+' } as const;

function handleOf(handle: promises.FileHandle): FileHandle {
  return {
    write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    sync: () => handle.sync(),
    truncate: (bytes) => handle.truncate(bytes),
    read: (into, position) => readSync(handle.fd, into, 0, into.length, position),
    size: () => fstatSync(handle.fd).size,
    close: () => handle.close(),
  };
}

function readerOf(fd: number): FileHandle {
  const refuse = () => Promise.reject(new Error('a file opened for reading'));
  return {
    write: refuse,
    sync: refuse,
    truncate: refuse,
    read: (into, position) => readSync(fd, into, 0, into.length, position),
    size: () => fstatSync(fd).size,
    close: async () => closeSync(fd),
  };
}

const orUndefined = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
};

export const nodeFiles: Files = {
  open: async (path, mode) => handleOf(await promises.open(path, FLAGS[mode])),
  openSync: (path) => readerOf(openSync(path, 'r')),
  rename: (from, to) => promises.rename(from, to),
  link: (from, to) => promises.link(from, to),
  unlink: (path) => promises.unlink(path),
  mkdir: async (path) => { await promises.mkdir(path, { recursive: true }); },
  rmdir: (path) => promises.rmdir(path),
  list: async (path) => {
    const entries = await promises.readdir(path, { withFileTypes: true }).catch(orUndefined);
    return entries?.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  },
  stat: async (path) => {
    const stat = await promises.stat(path).catch(orUndefined);
    return stat && { bytes: stat.size, modified: stat.mtimeMs };
  },
  touch: (path) => promises.utimes(path, new Date(), new Date()),
  async syncFolder(path) {
    if (process.platform === 'win32') return; // folders cannot be opened there, and NTFS logs names
    const handle = await promises.open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  resolve: async (path) => promises.realpath(path).catch(() => resolve(path)),
  owner: { pid: process.pid, host: hostname() },
  startOf(pid) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // after the name, which may hold anything, in parentheses; the 20th from there is the start since boot
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
    } catch {
      if (hasProc()) return undefined;
    }
    try {
      process.kill(pid, 0);
      return 'unknown';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'unknown' : undefined;
    }
  },
};

function hasProc(): boolean {
  const stat: { isFile(): boolean } | BigIntStats | undefined = statSync('/proc/self/stat', { throwIfNoEntry: false });
  return stat !== undefined;
}
