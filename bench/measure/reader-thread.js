// A thread that searches an index of another one: for as long as it is told, through all queries again and again.
import { parentPort, workerData } from 'node:worker_threads';

const { entry, share, queries, dimensions, options } = workerData;
const { SharedReader } = await import(entry);
const reader = new SharedReader(share);
const count = queries.length / dimensions;
let next = 0;

parentPort.on('message', (ms) => {
  const start = performance.now();
  let searches = 0, unanswered = 0;
  for (; performance.now() - start < ms; searches++) {
    const q = next++ % count;
    unanswered += Number(!reader.search(queries.subarray(q * dimensions, (q + 1) * dimensions), options));
  }
  parentPort.postMessage({ searches, unanswered, ms: performance.now() - start });
});
