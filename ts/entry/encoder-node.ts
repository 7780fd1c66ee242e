/** The encoder for Node, Bun, Deno. */
import { readFile } from 'node:fs/promises';
import { provideEncoder } from '../encoder/runtime.js';
import { workersOf } from './node-workers.js';

const { spawn } = workersOf(() => new URL('./encoder-worker.node.js', import.meta.url));
provideEncoder({
  core: async () => (await import('./encoder-inline.js')).default(),
  spawn,
  readFile: (place) => readFile(/^file:/.test(place) ? new URL(place) : place),
});
export * from '../encoder.js';
