/** What every call takes: a signal and a time limit. */
import { VectileError, invalid } from '../errors.js';
import { checkOptions } from '../engine/checks.js';

export interface CallOptions {
  /** Once aborted, the call throws ABORTED. What was handed to the log by then may still take place. */
  signal?: AbortSignal;
  /** Milliseconds, above 0; after them the call throws TIMEOUT. Default none. */
  timeoutMs?: number;
}

export const CALL_OPTIONS = ['signal', 'timeoutMs'] as const;

/** Checks the options of a call and does its work within them. */
export async function call<T>(options: CallOptions | undefined, known: readonly string[], work: () => Promise<T> | T): Promise<T> {
  checkOptions(options, [...CALL_OPTIONS, ...known]);
  const { signal, timeoutMs } = options ?? {};
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') throw invalid('signal', 'an AbortSignal', signal);
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) throw invalid('timeoutMs', 'a number of milliseconds above 0', timeoutMs);
  if (!signal && timeoutMs === undefined) return work();
  if (signal?.aborted) throw aborted(signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onAbort = () => {};
  const ended = new Promise<never>((_, reject) => {
    onAbort = () => reject(aborted(signal!));
    signal?.addEventListener('abort', onAbort);
    if (timeoutMs !== undefined) {
      timer = setTimeout(() => reject(new VectileError('TIMEOUT', `timeoutMs: expected the call to end within ${timeoutMs} ms, got longer`)), timeoutMs);
    }
  });
  try {
    return await Promise.race([work(), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

function aborted(signal: AbortSignal): VectileError {
  return new VectileError('ABORTED', 'signal: expected the call to go on, got an abort', { cause: signal.reason });
}
