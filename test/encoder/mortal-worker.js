/** A thread of an encoder that ends when it is told to. */
import { parentPort } from 'node:worker_threads';
import '../../dist/encoder-worker.node.js';

parentPort.on('message', (how) => {
  if (how === 'exit') process.exit(3);
  if (how === 'throw') throw new Error('planted');
});
