/** What every call takes: a signal and a time limit, which ends what is waited for and, as a deadline, what is evaluated at once. */
import { invalid } from '../errors.js';
import { checkOptions } from '../engine/checks.js';
import { Deadline } from '../search/deadline.js';
import { abortedError, checkAborted } from '../shard/abort.js';

export interface CallOptions {
  /** Once aborted, the call throws ABORTED. What was handed to the log by then may still take place. */
  signal?: AbortSignal;
  /**
   * Milliseconds, above 0; after them the call throws TIMEOUT, and ends as if aborted. Default none, but 10 s for evaluating filters and
   * words.
   */
  timeoutMs?: number;
}

export const CALL_OPTIONS = ['signal', 'timeoutMs'] as const;

/** What a timer can count. */
const TIMEOUT_MAX = 2 ** 31 - 1;

/** Undefined: there is none. */
type Work<T> = (signal: AbortSignal | undefined, deadline: Deadline | undefined) => Promise<T> | T;

/** Checks the options of a call and does its work within them. The signal that `work` gets is aborted by either of them. */
export async function call<T>(options: CallOptions | undefined, known: readonly string[], work: Work<T>): Promise<T> {
  checkOptions(options, [...CALL_OPTIONS, ...known]);
  const { signal, timeoutMs } = options ?? {};
  checkSignal(signal);
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= TIMEOUT_MAX)) {
    throw invalid('timeoutMs', `a number of milliseconds above 0, at most ${TIMEOUT_MAX}`, timeoutMs);
  }
  if (!signal && timeoutMs === undefined) return work(undefined, undefined);
  checkAborted(signal);
  const ender = new AbortController();
  const ended = new Promise<never>((_, reject) => ender.signal.addEventListener('abort', () => reject(ender.signal.reason)));
  const onAbort = () => ender.abort(abortedError(signal!));
  signal?.addEventListener('abort', onAbort);
  const deadline = timeoutMs === undefined ? undefined : new Deadline(timeoutMs);
  const timer = deadline && setTimeout(() => ender.abort(deadline.error()), timeoutMs);
  try {
    return await Promise.race([work(ender.signal, deadline), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') throw invalid('signal', 'an AbortSignal', signal);
}
