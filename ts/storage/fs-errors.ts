/** What the system says of a file, in our words. */
import { VectileError } from '../errors.js';

export function fileError(cause: unknown, path: string): VectileError {
  if (cause instanceof VectileError) return cause;
  const code = (cause as { code?: string } | null)?.code ?? 'unknown';
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
