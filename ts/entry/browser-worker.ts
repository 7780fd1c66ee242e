/** A worker of a browser, as the pools know threads. */
import type { WorkerLink } from '../worker/workers.js';

export function linkOf(worker: Worker): WorkerLink {
  const link: WorkerLink = { endpoint: worker, onLost() {}, hold() {}, end: async () => worker.terminate() };
  worker.addEventListener('error', ({ message }) => link.onLost(message || 'an error when it was loaded'));
  worker.addEventListener('messageerror', () => link.onLost('a message that cannot be read'));
  return link;
}
