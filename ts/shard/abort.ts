/** Signals that end what goes on for long. */
import { VectileError } from '../errors.js';

/** Throws ABORTED, or what the signal was aborted with if that is an error of ours. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}

export function abortedError(signal: AbortSignal): VectileError {
  if (signal.reason instanceof VectileError) return signal.reason;
  return new VectileError('ABORTED', 'signal: expected the call to go on, got an abort', { cause: signal.reason });
}
