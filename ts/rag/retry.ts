/** Calls of models that are repeated when they fail in a way that may pass. */
import { integer } from '../engine/checks.js';
import { VectileError, invalid } from '../errors.js';
import { checkAborted } from '../shard/abort.js';
import { sleep } from './abortable.js';

export interface RetryOptions {
  /** How often a call is repeated, 0 … 10, default 3. */
  retries?: number;
  /** Milliseconds before the first repetition, default 500; twice as many before each that follows, of which up to a half is left out at random. */
  delayMs?: number;
  /** Numbers from 0 to 1. Default Math.random. */
  random?: () => number;
}

export const RETRY_OPTIONS = ['retries', 'delayMs', 'random'] as const;

/** A server that wants to be left alone for longer is not waited for. */
const WAIT_MS_MAX = 60_000;
/** Of an error whose cause has a cause, and so on: it may be its own. */
const CAUSES_MAX = 10;
const STATUSES = [408, 409, 429];
/** Of Node's sockets and of its fetch. */
const NETWORK_CODE = /^(ECONN(REFUSED|RESET|ABORTED)|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|UND_ERR_\w+)$/;
/** What a fetch that met no server says, by runtime. */
const FETCH_FAILED = /fetch failed|failed to fetch|load failed|networkerror/i;

export function checkRetry({ retries = 0, delayMs = 0, random }: RetryOptions): void {
  integer('retries', retries, 0, 10);
  if (!(typeof delayMs === 'number' && delayMs >= 0 && delayMs <= WAIT_MS_MAX)) throw invalid('delayMs', `a number of milliseconds from 0 to ${WAIT_MS_MAX}`, delayMs);
  if (random !== undefined && typeof random !== 'function') throw invalid('random', 'a function', random);
}

/** Throws what the last call threw, or ABORTED. */
export async function retrying<T>(work: () => PromiseLike<T> | T, signal: AbortSignal | undefined, options: RetryOptions = {}): Promise<T> {
  const { retries = 3, delayMs = 500, random = Math.random } = options;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (cause) {
      checkAborted(signal);
      const asked = retryAfterMs(cause);
      if (attempt >= retries || !isRetryable(cause) || asked > WAIT_MS_MAX) throw cause;
      await sleep(Math.max(asked, delayMs * 2 ** attempt * (1 - random() / 2)), signal);
    }
  }
}

/** By what the error says of itself, by its HTTP status, or because no server was reached. */
export function isRetryable(error: unknown, depth = 0): boolean {
  if (depth > CAUSES_MAX || typeof error !== 'object' || error === null || error instanceof VectileError) return false;
  const { isRetryable: isSaid, statusCode, status = statusCode, code, name, message, cause } = error as Record<string, unknown>;
  if (typeof isSaid === 'boolean') return isSaid;
  if (name === 'AbortError') return false;
  if (typeof status === 'number') return STATUSES.includes(status) || status >= 500;
  if (typeof code === 'string' && NETWORK_CODE.test(code)) return true;
  return error instanceof TypeError && FETCH_FAILED.test(String(message)) || isRetryable(cause, depth + 1);
}

/** What the server has asked for: seconds or a date, or milliseconds as some say. 0: nothing. */
function retryAfterMs(error: unknown): number {
  if (typeof error !== 'object' || error === null) return 0;
  const { responseHeaders, headers = responseHeaders, response } = error as { responseHeaders?: unknown; headers?: unknown; response?: { headers?: unknown } };
  const header = (name: string): string | undefined => {
    const all = headers ?? response?.headers;
    if (typeof all !== 'object' || all === null) return undefined;
    const value: unknown = 'get' in all && typeof all.get === 'function' ? all.get(name) : (all as Record<string, unknown>)[name];
    return typeof value === 'string' ? value : undefined;
  };
  const ms = Number(header('retry-after-ms') ?? NaN);
  if (ms >= 0) return ms;
  const after = header('retry-after');
  if (after === undefined) return 0;
  const seconds = Number(after);
  const wait = Number.isNaN(seconds) ? Date.parse(after) - Date.now() : seconds * 1000;
  return wait > 0 ? wait : 0;
}
