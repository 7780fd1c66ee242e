/** A database whose threads end at steps of a script: the messages that go to threads, and those that come back. */
import { workersOf } from '../../ts/entry/node-workers.js';
import { provideWorkers } from '../../ts/worker/workers.js';
import { fs, open } from '../reliability/support/vectile.js';
import { within } from '../support/within.js';

/**
 * Ends the thread of the `nth` message from now on, `delayMs` after it; how many messages there were is told by `steps`.
 * Node 20 itself ends the process, once in about a thousand times, if a thread is terminated just as it calls fs (the request is
 * null in node_file.cc: a failed assertion, or SIGSEGV in ReadDir).
 */
export function threadsThatEnd(nth, delayMs = 0) {
  let steps = 0;
  let ended = 0;
  const step = (worker) => {
    if (++steps !== nth) return;
    ended++;
    if (delayMs) setTimeout(() => void worker.terminate(), delayMs);
    else void worker.terminate();
  };
  provideWorkers(workersOf(() => new URL('../../dist/worker.node.js', import.meta.url), undefined, (worker) => {
    const { postMessage } = worker;
    worker.postMessage = (...given) => {
      step(worker);
      postMessage.apply(worker, given);
    };
    worker.on('message', () => step(worker));
  }));
  return { steps: () => steps, ended: () => ended };
}

export const openThere = (folder, threads = 2) => open({ store: fs(`${folder}/here`), offload: fs(`${folder}/away`), threads, openShardsMax: 2 });

/** Does it until no thread is lost, or ended as it started. A call fails in no other way, and waits for no answer of a thread that is lost. */
export async function persistently(work) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await within(work(), 'a call');
    } catch (error) {
      if (!['WORKER_LOST', 'WORKER_UNAVAILABLE'].includes(error.code) || attempt === 5) throw error;
    }
  }
}

/** Closing tells of a thread that was lost; what it had is in the logs. */
export function closed(db) {
  return within(db.close().catch((error) => {
    if (error.code !== 'WORKER_LOST') throw error;
  }), 'closing');
}
