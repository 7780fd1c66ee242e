/**
 * One writer per folder, without help from the system: files `lock-<generation>`, of which the highest counts. Who makes
 * the next one, which only one can, has the store; it may do so if the highest is free or its owner is no more. The highest
 * is never deleted, so generations only grow, and they are the epochs of the store.
 *
 * An owner in the same space of processes is looked at. Of one elsewhere, on another machine that shares the folder or in
 * another container, no more is known than when it last touched its file.
 */
import { VectileError } from '../errors.js';
import type { Files, Owner } from './files.js';
import { codeOf, fileError, onFile } from './fs-errors.js';
import { readUpTo, writeAll } from './fs-host.js';

const ATTEMPTS = 50;
const TOUCH_MS = 5000;
/** An owner elsewhere is gone when it has not touched its file for so long. */
const SILENCE_MS = 30_000;

interface Content extends Owner {
  started: string | undefined;
  isFree: boolean;
  /** Given back with nothing left to be looked after. */
  isClean: boolean;
}

export interface Lock {
  generation: number;
  /** Whether the owner before left all as it should be. */
  wasClean: boolean;
  /** Why the store is lost, if it is. */
  readonly lost: VectileError | undefined;
  release(isClean: boolean): Promise<void>;
}

export async function acquire(files: Files, folder: string): Promise<Lock> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const generations = await list(files, folder);
    const highest = generations.at(-1) ?? 0;
    const former = highest ? await readFree(files, folder, highest) : undefined;
    if (former === 'gone') continue;
    const generation = highest + 1;
    if (!(await claim(files, folder, generation))) continue; // another one was faster: it is looked at next
    // who looked long ago may have made one of a number that was deleted since; there is a higher one, then
    const now = await list(files, folder);
    if (now.at(-1) !== generation) {
      await files.unlink(pathOf(folder, generation)).catch(() => {});
      continue;
    }
    for (const lower of now) if (lower < generation) await files.unlink(pathOf(folder, lower)).catch(() => {});
    return held(files, folder, generation, former?.isClean ?? false);
  }
  throw new VectileError('STORE_LOCKED', `${folder}: expected a store that is not open for writing, got one that many want to open`);
}

function held(files: Files, folder: string, generation: number, wasClean: boolean): Lock {
  const watched = watch(files, folder, generation, () => files.touch(pathOf(folder, generation)));
  return {
    generation,
    wasClean,
    get lost() { return watched.lost; },
    async release(isClean) {
      watched.end();
      if (watched.lost) return;
      const path = pathOf(folder, generation);
      try {
        const temporary = await writeTemporary(files, folder, generation, true, isClean);
        await place(files, folder, temporary, () => files.rename(temporary, path));
      } catch (cause) {
        // a full disk has room for what lies there already
        if (!(await overwrite(files, path, encode(files, true, false)).catch(() => false))) throw cause;
      }
    },
  };
}

/** The lock that another thread of this process has, which gives it back. */
export function sharedLock(files: Files, folder: string, generation: number, wasClean: boolean): Lock {
  const watched = watch(files, folder, generation);
  return { generation, wasClean, get lost() { return watched.lost; }, release: async () => watched.end() };
}

/** Looks from time to time whether a generation is the highest still. */
function watch(files: Files, folder: string, generation: number, confirm = async () => {}): { readonly lost: VectileError | undefined; end(): void } {
  let lost: VectileError | undefined;
  const timer = setInterval(async () => {
    try {
      const highest = (await list(files, folder)).at(-1);
      if (highest === generation) await confirm();
      else lost = new VectileError('STORAGE_FAILED', `${folder}: expected to be its only writer, got another one: the lock was lost; it must be opened anew`);
    } catch {
      // it is tried again
    }
  }, TOUCH_MS);
  (timer as { unref?(): void }).unref?.();
  return { get lost() { return lost; }, end: () => clearInterval(timer) };
}

/** Writes over a file that is as long or longer; the rest becomes spaces. False if it is shorter. */
async function overwrite(files: Files, path: string, content: Uint8Array): Promise<boolean> {
  const handle = await files.open(path, 'write');
  try {
    const bytes = new Uint8Array(handle.size()).fill(0x20);
    if (bytes.length < content.length) return false;
    bytes.set(content);
    await writeAll(handle, bytes, 0);
    await handle.sync();
    return true;
  } finally {
    await handle.close().catch(() => {});
  }
}

/** Makes the file of a generation; false if there is one. */
async function claim(files: Files, folder: string, generation: number): Promise<boolean> {
  const path = pathOf(folder, generation);
  const temporary = await writeTemporary(files, folder, generation, false, false);
  try {
    await place(files, folder, temporary, async () => {
      try {
        await files.link(temporary, path);
      } catch (cause) {
        const code = codeOf(cause);
        if (code === 'EEXIST' || code === 'ENOSPC' || code === 'EIO' || code === 'ENOENT') throw cause;
        // where files cannot have two names: who reads this one before it is written finds it young, and held
        const handle = await files.open(path, 'create');
        try {
          await writeAll(handle, encode(files, false, false), 0);
          await handle.sync();
        } finally {
          await handle.close();
        }
      }
      await files.unlink(temporary).catch(() => {});
    });
    return true;
  } catch (cause) {
    // ENOENT: the one who was faster has removed what it took for a leftover
    const code = codeOf((cause as VectileError).cause);
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw cause;
  }
}

/** Both content and name are durable, so that epochs are. */
async function place(files: Files, folder: string, temporary: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    await files.syncFolder(folder);
  } catch (cause) {
    await files.unlink(temporary).catch(() => {});
    throw fileError(cause, folder);
  }
}

async function writeTemporary(files: Files, folder: string, generation: number, isFree: boolean, isClean: boolean): Promise<string> {
  const temporary = `${folder}/.tmp-lock-${files.owner.pid}-${generation}-${Math.random().toString(36).slice(2)}`;
  return onFile(temporary, async () => {
    const handle = await files.open(temporary, 'create');
    try {
      await writeAll(handle, encode(files, isFree, isClean), 0);
      await handle.sync();
    } catch (cause) {
      await files.unlink(temporary).catch(() => {});
      throw cause;
    } finally {
      await handle.close().catch(() => {});
    }
    return temporary;
  });
}

function encode(files: Files, isFree: boolean, isClean: boolean): Uint8Array {
  const content: Content = { ...files.owner, started: files.startOf(files.owner.pid), isFree, isClean };
  return new TextEncoder().encode(`${JSON.stringify(content)}\n`);
}

/** What the former owner left; undefined if that cannot be read. Throws STORE_LOCKED if it is there. */
async function readFree(files: Files, folder: string, generation: number): Promise<Content | undefined | 'gone'> {
  const path = pathOf(folder, generation);
  const stat = await onFile(path, () => files.stat(path));
  if (!stat) return 'gone';
  let content: Content | undefined;
  try {
    content = read(files, path);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return 'gone';
    throw fileError(cause, path);
  }
  const isSilent = Math.abs(Date.now() - stat.modified) > SILENCE_MS;
  if (!content && isSilent) return undefined;
  if (!content) throw locked(folder, 'by a process that has just begun');
  if (content.isFree) return content;
  const isNear = content.space === files.owner.space;
  if (!(isNear ? isRunning(files, content, stat.modified) : !isSilent)) return content;
  if (isNear && content.pid === files.owner.pid) throw locked(folder, 'in this process');
  throw locked(folder, `in process ${content.pid} on ${content.host}${isNear ? '' : ', or was until just now'}`);
}

function isRunning(files: Files, { pid, started }: Content, touched: number): boolean {
  const start = files.startOf(pid);
  if (start === undefined) return false;
  return start && started ? start === started : touched >= files.bootedAt;
}

function locked(folder: string, where: string): VectileError {
  return new VectileError('STORE_LOCKED', `${folder}: expected a store that is not open for writing, got one that is, ${where}`);
}

/** Undefined if the file is not what this module writes. */
function read(files: Files, path: string): Content | undefined {
  const handle = files.openSync(path);
  try {
    const content = JSON.parse(new TextDecoder().decode(readUpTo(handle, path, 0, handle.size()))) as Content;
    return typeof content.pid === 'number' && typeof content.space === 'string' ? content : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  } finally {
    void handle.close().catch(() => {});
  }
}

async function list(files: Files, folder: string): Promise<number[]> {
  const names = (await onFile(folder, () => files.list(folder))) ?? [];
  return names.map(({ name }) => /^lock-(\d{8})$/.exec(name)).filter((match) => match !== null).map((match) => Number(match[1])).sort((a, b) => a - b);
}

const pathOf = (folder: string, generation: number): string => `${folder}/lock-${String(generation).padStart(8, '0')}`;
