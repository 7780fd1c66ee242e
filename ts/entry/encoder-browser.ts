/** The encoder for browsers. */
import { provideEncoder } from '../encoder/runtime.js';
import { linkOf } from './browser-worker.js';

provideEncoder({
  core: async () => (await import('./encoder-inline.js')).default(),
  // in full: bundlers look for exactly this expression
  spawn: () => linkOf(new Worker(new URL('./encoder-worker.browser.js', import.meta.url), { type: 'module' })),
});
export * from '../encoder.js';
