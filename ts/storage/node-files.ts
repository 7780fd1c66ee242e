/** `Files` by node:fs, as Node, Bun and Deno have it. Writing and syncing leave the thread; reading is done at once. */
import { closeSync, fstatSync, openSync, promises, readFileSync, readlinkSync, readSync } from 'node:fs';
import { hostname, totalmem, uptime } from 'node:os';
import { resolve } from 'node:path';
import type { FileHandle, Files, Owner } from './files.js';

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
  const refuse = () => Promise.reject(Object.assign(new Error('a file opened for reading'), { code: 'EBADF' }));
  return {
    write: refuse,
    sync: refuse,
    truncate: refuse,
    read: (into, position) => readSync(fd, into, 0, into.length, position),
    size: () => fstatSync(fd).size,
    close: async () => closeSync(fd),
  };
}

function orUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}

/** Linux: which boot of which machine, and which of its spaces of pids. Containers may share a host name, and each has a process 1. */
function readSpace(): string | undefined {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** False in Deno without --allow-run: it refuses in words of its own, without a code. */
function maySeeOthers(): boolean {
  try {
    process.kill(1, 0);
    return true;
  } catch (error) {
    return typeof (error as NodeJS.ErrnoException).code === 'string';
  }
}

let space: string | undefined;
let isAlone = false;
let owner: Owner | undefined;

/** A process that cannot see others is in a space of its own: then others are judged by when they last touched their file. */
function ownerOf(): Owner {
  const host = hostname();
  space ??= readSpace();
  isAlone = !space && !maySeeOthers();
  return { pid: process.pid, host, space: space ?? (isAlone ? `${host} ${crypto.randomUUID()}` : host) };
}

export const nodeFiles: Files = {
  open: async (path, mode) => handleOf(await promises.open(path, mode === 'create' ? 'wx+' : 'r+')),
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
  // some runtimes lack these, or ask for a permission
  async space(path) {
    const { blocks, bavail, bsize } = await promises.statfs(path);
    return { used: (blocks - bavail) * bsize, total: blocks * bsize };
  },
  memory() {
    try {
      return { used: process.memoryUsage().rss, total: Math.min(totalmem(), process.constrainedMemory?.() || Infinity) };
    } catch {
      return undefined;
    }
  },
  handlesMax() {
    try {
      // the soft limit, which is what counts; then there is the hard one
      const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
      return limit === undefined ? undefined : Number(limit);
    } catch {
      return undefined;
    }
  },
  resolve: (path) => promises.realpath(path).catch(() => resolve(path)),
  get owner() { return owner ??= ownerOf(); },
  get bootedAt() { return space || isAlone ? 0 : Date.now() - uptime() * 1000; },
  startOf(pid) {
    space ??= readSpace();
    if (space) {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        // after the name, which may hold anything, in parentheses: the state, and as the 20th the start since boot
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
      } catch {
        return undefined;
      }
    }
    try {
      process.kill(pid, 0);
      return '';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH' ? undefined : '';
    }
  },
};
