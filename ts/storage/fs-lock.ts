/**
 * One writer per folder, without help from the system: files `lock-<generation>`, of which the highest counts. Who makes
 * the next one, which only one can, has the store; it may do so if the highest is free or its owner is no more. Files are
 * not deleted when the lock is given back, so generations only grow, and they are the epochs of the store.
 */
import { VectileError } from '../errors.js';
import type { Files } from './files.js';
import { onFile, fileError } from './fs-errors.js';
import { writeAll } from './fs-log.js';

const ATTEMPTS = 20;
const TOUCH_MS = 5000;
/** The owner on another machine, whose processes cannot be looked at, is gone when it has not touched its file for so long. */
const SILENCE_MS = 30_000;

interface Owner {
  pid: number;
  host: string;
  started: string | undefined;
  isFree: boolean;
}

export interface Lock {
  generation: number;
  /** Why the store is lost, if it is. */
  readonly lost: VectileError | undefined;
  release(): Promise<void>;
}

export async function acquire(files: Files, folder: string): Promise<Lock> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const generations = await list(files, folder);
    const highest = generations.at(-1) ?? 0;
    if (highest) await checkFree(files, folder, highest);
    const generation = highest + 1;
    if (!(await claim(files, folder, generation))) continue; // another one was faster: it is looked at next
    for (const former of generations) await files.unlink(pathOf(folder, former)).catch(() => {});
    return held(files, folder, generation);
  }
  throw new VectileError('STORE_LOCKED', `${folder}: expected a store that is not open for writing, got one that many want to open`);
}

function held(files: Files, folder: string, generation: number): Lock {
  let lost: VectileError | undefined;
  const timer = setInterval(async () => {
    try {
      const highest = (await list(files, folder)).at(-1) ?? 0;
      if (highest !== generation) lost = new VectileError('STORAGE_FAILED', `${folder}: expected to be its only writer, got another one; it must be opened anew`);
      else await files.touch(pathOf(folder, generation));
    } catch {
      // it is tried again
    }
  }, TOUCH_MS);
  (timer as { unref?(): void }).unref?.();
  return {
    generation,
    get lost() { return lost; },
    async release() {
      clearInterval(timer);
      if (!lost) await write(files, folder, generation, true, (temporary) => files.rename(temporary, pathOf(folder, generation)));
    },
  };
}

/** Makes the file of a generation; false if it is there. */
async function claim(files: Files, folder: string, generation: number): Promise<boolean> {
  try {
    await write(files, folder, generation, false, async (temporary) => {
      await files.link(temporary, pathOf(folder, generation));
      await files.unlink(temporary);
    });
    return true;
  } catch (cause) {
    if (cause instanceof VectileError && (cause.cause as { code?: string } | undefined)?.code === 'EEXIST') return false;
    throw cause;
  }
}

/** Writes who owns the lock under a name of its own, and puts it in its place; both durable, so that epochs are. */
async function write(files: Files, folder: string, generation: number, isFree: boolean, place: (temporary: string) => Promise<void>): Promise<void> {
  const { pid, host } = files.owner;
  const temporary = `${folder}/.tmp-lock-${pid}-${generation}-${Math.random().toString(36).slice(2)}`;
  try {
    const owner: Owner = { pid, host, started: files.startOf(pid), isFree };
    const handle = await files.open(temporary, 'create');
    try {
      await writeAll(handle, new TextEncoder().encode(`${JSON.stringify(owner)}\n`), 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(temporary);
    await files.syncFolder(folder);
  } catch (cause) {
    await files.unlink(temporary).catch(() => {});
    throw fileError(cause, pathOf(folder, generation));
  }
}

/** Throws STORE_LOCKED if the owner of the lock is there. */
async function checkFree(files: Files, folder: string, generation: number): Promise<void> {
  const path = pathOf(folder, generation);
  const owner = readOwner(files, path);
  if (!owner || owner.isFree) return;
  const { pid, host, started } = files.owner.host === owner.host ? owner : { ...owner, started: undefined };
  if (owner.host === files.owner.host) {
    const start = files.startOf(pid);
    if (start === undefined || (started !== undefined && start !== 'unknown' && started !== start)) return;
  } else {
    const stat = await onFile(path, () => files.stat(path));
    if (!stat || Date.now() - stat.modified > SILENCE_MS) return;
  }
  const who = pid === files.owner.pid && host === files.owner.host ? 'in this process' : `in process ${pid} on ${host}`;
  throw new VectileError('STORE_LOCKED', `${folder}: expected a store that is not open for writing, got one that is, ${who}`);
}

/** Undefined if the file is not what this module writes: nobody who is alive has left it so. */
function readOwner(files: Files, path: string): Owner | undefined {
  try {
    const handle = files.openSync(path);
    try {
      const bytes = new Uint8Array(handle.size());
      handle.read(bytes, 0);
      const owner = JSON.parse(new TextDecoder().decode(bytes)) as Owner;
      return typeof owner.pid === 'number' && typeof owner.host === 'string' ? owner : undefined;
    } finally {
      void handle.close();
    }
  } catch {
    return undefined;
  }
}

async function list(files: Files, folder: string): Promise<number[]> {
  const names = (await onFile(folder, () => files.list(folder))) ?? [];
  return names.map(({ name }) => /^lock-(\d{8})$/.exec(name)).filter((match) => match !== null).map((match) => Number(match[1])).sort((a, b) => a - b);
}

const pathOf = (folder: string, generation: number): string => `${folder}/lock-${String(generation).padStart(8, '0')}`;
