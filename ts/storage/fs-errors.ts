/** What the system says of a file, in our words. */
import { VectileError } from '../errors.js';

export const codeOf = (cause: unknown): string | undefined => (cause as { code?: string } | null)?.code;

export function fileError(cause: unknown, path: string): VectileError {
  if (cause instanceof VectileError) return cause;
  const code = codeOf(cause) ?? String(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new VectileError('STORAGE_FULL', `${path}: expected room on the disk, got ${code}`, { cause });
  return new VectileError('STORAGE_FAILED', `${path}: expected the file system to do its work, got ${code}`, { cause });
}

/** Does something to a file, and explains a failure. */
export async function onFile<T>(path: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw fileError(cause, path);
  }
}

/** The same, where it is no error if there is no such file. */
export async function onFileIfAny(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw fileError(cause, path);
  }
}
