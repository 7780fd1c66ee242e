/** What a worker of a browser runs for an encoder. */
import { serveEncoder } from '../encoder/host.js';
import core from './encoder-inline.js';

serveEncoder(globalThis as never, core());
