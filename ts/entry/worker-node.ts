/** What a worker thread of Node, Bun or Deno runs. */
import { parentPort } from 'node:worker_threads';
import { provideFiles } from '../storage/fs.js';
import { nodeFiles } from '../storage/node-files.js';
import { serve } from '../worker/host.js';
import { endpointOf } from './node-endpoint.js';

provideFiles(nodeFiles);
serve(endpointOf(parentPort!));
