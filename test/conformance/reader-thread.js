/**
 * A thread that searches an index of another one, again and again, and says what it found now and then: `{ answer }`, or
 * `{ failure }`. For Node, Bun and Deno.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { random, vector } from './random.js';

const { entry, share, seed, dimensions, k } = workerData;
const { SharedReader } = await import(entry);
const next = random(seed);
const reader = new SharedReader(share);
let isDone = false;

parentPort.on('message', (message) => {
  if (message.share) reader.follow(message.share);
  else isDone = true;
});

try {
  for (let searches = 0; !isDone; searches++) {
    const query = vector(next, dimensions);
    const found = reader.search(query, { k, ef: 100 });
    if (searches % 4 === 0 || !found) parentPort.postMessage({ answer: found && { query, ...found } });
    if (searches % 20 === 0 || !found) await new Promise((resolve) => { setTimeout(resolve); }); // messages come in between
  }
  reader.dispose();
  parentPort.postMessage({ ended: true });
} catch (error) {
  parentPort.postMessage({ failure: String(error?.stack ?? error) });
}
