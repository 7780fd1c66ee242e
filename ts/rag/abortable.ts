/** Waiting that ends when a signal says so, whether or not what is waited for listens to it. */
import { abortedError } from '../shard/abort.js';

/** What `work` comes to, unless the signal is aborted before: then ABORTED is thrown at once, and nobody asks for the work any more. */
export function abortable<T>(signal: AbortSignal | undefined, work: PromiseLike<T> | T): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortedError(signal!));
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    Promise.resolve(work).then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort));
  });
}

/** Ends early, with ABORTED, by the signal. */
export async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await abortable(signal, new Promise<void>((resolve) => { timer = setTimeout(resolve, ms); }));
  } finally {
    clearTimeout(timer);
  }
}
