/** The database for Node, Bun, Deno: with the core as for the engine, files, and threads. */
import { provideFiles } from '../storage/fs.js';
import { nodeFiles } from '../storage/node-files.js';
import { provideWorkers } from '../worker/workers.js';
import { workersOf } from './node-workers.js';
import './node.js';

provideFiles(nodeFiles);
provideWorkers(workersOf(() => new URL('./worker.node.js', import.meta.url)));
export * from '../index.js';
