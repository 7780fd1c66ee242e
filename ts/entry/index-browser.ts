/** The database for browsers. */
import { provideWorkers, type WorkerLink } from '../worker/workers.js';
import './browser.js';

provideWorkers({
  threads: 1,
  spawn() {
    // in full: bundlers look for exactly this expression
    const worker = new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module' });
    const link: WorkerLink = { endpoint: worker, onLost() {}, hold() {}, end: async () => worker.terminate() };
    worker.addEventListener('error', ({ message }) => link.onLost(message || 'an error when it was loaded'));
    worker.addEventListener('messageerror', () => link.onLost('a message that cannot be read'));
    return link;
  },
});
export * from '../index.js';
