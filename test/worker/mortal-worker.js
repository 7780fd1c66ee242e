/** A thread that ends when it is told to, in one way or another. */
import { parentPort } from 'node:worker_threads';
import '../../dist/worker.node.js';

parentPort.on('message', (how) => {
  if (how === 'exit') process.exit(3);
  if (how === 'throw') throw new Error('planted');
  if (how === 'memory') for (const list = []; ;) list.push(new Array(1000).fill(list.length));
});
