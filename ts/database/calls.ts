/** What every call takes: a signal and a time limit, which ends what is waited for and, as a deadline, what is evaluated at once. */
import { invalid } from '../errors.js';
import { checkOptions } from '../engine/checks.js';
import { Deadline } from '../search/deadline.js';
import { abortedError, checkAborted } from '../shard/abort.js';
import { pause } from '../shard/pause.js';
import { workersHere } from '../worker/workers.js';

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

/** So long calls that wait for nothing, one after another, may keep timers and signals out. */
const TURN_MS = 50;

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
  try {
    return await (!signal && timeoutMs === undefined ? work(undefined, undefined) : within(signal, timeoutMs, work));
  } finally {
    const overdue = overdueTurn();
    if (overdue) await overdue;
  }
}

async function within<T>(signal: AbortSignal | undefined, timeoutMs: number | undefined, work: Work<T>): Promise<T> {
  checkAborted(signal);
  const ender = new AbortController();
  const ended = new Promise<never>((_, reject) => ender.signal.addEventListener('abort', () => reject(ender.signal.reason)));
  const forget = signal && onAbort(signal, () => ender.abort(abortedError(signal)));
  const deadline = timeoutMs === undefined ? undefined : new Deadline(timeoutMs);
  const timer = deadline && setTimeout(() => ender.abort(deadline.error()), timeoutMs);
  try {
    return await Promise.race([work(ender.signal, deadline), ended]);
  } finally {
    clearTimeout(timer);
    forget?.();
  }
}

/** Until everything else has had its turn, since when it is asked for. */
let turn: Promise<void> | undefined;
let turnSince = 0;

/** What is to be waited for where calls follow each other that wait for nothing. At the edge a turn belongs to a request, which it may not outlive. */
function overdueTurn(): Promise<void> | undefined {
  if (!workersHere()) return undefined;
  const now = performance.now();
  if (turn) return now - turnSince > TURN_MS ? turn : undefined;
  turnSince = now;
  turn = pause().then(() => { turn = undefined; });
  return undefined;
}

/** What is to be done when a signal is aborted. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/** One listener for all calls that share a signal: Node warns of more than ten. Returns how to take it back. */
function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let all = listeners.get(signal);
  if (!all) {
    const added = all = new Set();
    listeners.set(signal, added);
    signal.addEventListener('abort', () => { for (const each of [...added]) each(); }, { once: true });
  }
  all.add(listener);
  return () => void all.delete(listener);
}

export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') throw invalid('signal', 'an AbortSignal', signal);
}
