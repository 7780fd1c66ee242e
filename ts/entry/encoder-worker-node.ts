/** What a worker thread of Node, Bun or Deno runs for an encoder. */
import { parentPort } from 'node:worker_threads';
import { serveEncoder } from '../encoder/host.js';
import core from './encoder-inline.js';
import { endpointOf } from './node-endpoint.js';

serveEncoder(endpointOf(parentPort!), core());
