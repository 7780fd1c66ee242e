/** The database for browsers. */
import { provideWorkers } from '../worker/workers.js';
import { linkOf } from './browser-worker.js';
import './browser.js';

provideWorkers({
  threads: 1,
  // in full: bundlers look for exactly this expression
  spawn: () => linkOf(new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module' })),
});
export * from '../index.js';
