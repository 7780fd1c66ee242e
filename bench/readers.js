// One index, searched by readers in one thread and in two, over shared memory; beside them its owner, and the same index in
// memory that is not shared. They take turns. By the wall two threads need two free cores; processor time per search tells
// what two would do there, whatever else the machine is busy with.

import { Worker } from 'node:worker_threads';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openDataset } from './data/dataset.js';
import { describeMachine } from './machine.js';
import { sleep, spread, startClock } from './measure/clock.js';
import { repositoryDir } from './paths.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable } from './table.js';

const turnMs = 500;
const kinds = [
  { name: 'hnsw', index: { type: 'hnsw' } },
  { name: 'hnsw, fast', index: { type: 'hnsw', mode: 'fast' } },
  { name: 'flat', index: { type: 'flat' } },
];

const options = JSON.parse(process.argv[2]);
const { k, m, efConstruction, rounds } = options;
const ef = options.efs[0];
const entry = pathToFileURL(join(repositoryDir, 'dist', 'engine.node.js')).href;
const { VectorIndex } = await import(entry);
const progress = createProgress();
const data = await openDataset(options.dataset, { limit: options.limit ?? Infinity, progress });
const queries = new Float32Array(new SharedArrayBuffer(data.queries.byteLength));
queries.set(data.queries);

const rows = [];
for (const kind of kinds) rows.push(await measure(kind));

const result = {
  dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric },
  parameters: { k, ef, m, efConstruction, rounds, turnMs },
  machine: describeMachine(),
  method: 'in turns of half a second: the owner of an index that is not shared, the owner of the shared one, one reader, two readers at once; µs per search by processor time of the process; byWall: searches of two readers over those of one; byCpu: twice the processor time per search of one over that of two',
  rows,
};
console.log(`\nreaders of one index on ${data.name}, ef ${ef}, k ${k}`);
printTable([
  ['index', 'alone µs', 'owner µs', 'reader µs', 'of two µs', 'shared/alone', 'two/one by wall', 'min', 'max', 'by CPU', 'min', 'max'],
  ...rows.map(({ name, us, sharedOverAlone, byWall, byCpu }) => [
    name, ...['alone', 'owner', 'one', 'two'].map((who) => fixed(us[who].median, 1)), fixed(sharedOverAlone.median, 2),
    fixed(byWall.median, 2), fixed(byWall.min, 2), fixed(byWall.max, 2), fixed(byCpu.median, 2), fixed(byCpu.min, 2), fixed(byCpu.max, 2),
  ]),
]);
console.log(`\nwritten to ${writeResult(`${data.name}-readers-node${nodeMajor()}.json`, result)}`);

async function measure({ name, index: settings }) {
  progress.note(`building ${name}`);
  const graph = settings.type === 'hnsw' ? { maxConnections: m, efConstruction } : {};
  const alone = await VectorIndex.create({ dimensions: data.dimensions, metric: data.metric, seed: 1, ...graph, ...settings });
  alone.addMany(Uint32Array.from({ length: data.rows }, (_, i) => i), data.base);
  while (alone.work(50));
  const owner = await VectorIndex.deserialize(alone.serialize(), { shared: true });
  const search = settings.type === 'hnsw' ? { k, ef } : { k };
  progress.note(`searching ${name}`);
  const threads = [];
  for (let i = 0; i < 2; i++) {
    const workerData = { entry, share: await owner.share(), queries, dimensions: data.dimensions, options: search };
    threads.push(new Worker(new URL('./measure/reader-thread.js', import.meta.url), { workerData }));
  }
  const turns = {
    alone: () => searchHere(alone, search), owner: () => searchHere(owner, search),
    one: () => searchThere(threads.slice(0, 1)), two: () => searchThere(threads),
  };
  const found = Object.fromEntries(Object.keys(turns).map((who) => [who, { us: [], perMs: [] }]));
  for (let round = -1; round < rounds; round++) {
    for (const [who, turn] of Object.entries(turns)) {
      const clock = startClock();
      const { searches, ms } = await turn();
      const { cpu } = clock();
      if (round < 0) continue; // warms up
      found[who].us.push(cpu / searches);
      found[who].perMs.push(searches / ms);
    }
  }
  for (const thread of threads) await thread.terminate();
  alone.dispose();
  owner.dispose();
  return {
    name,
    us: Object.fromEntries(Object.entries(found).map(([who, { us }]) => [who, spread(us)])),
    sharedOverAlone: spread(found.owner.us.map((us, i) => us / found.alone.us[i])),
    byWall: spread(found.two.perMs.map((perMs, i) => perMs / found.one.perMs[i])),
    byCpu: spread(found.two.us.map((us, i) => (2 * found.one.us[i]) / us)),
  };
}

async function searchHere(index, search) {
  await sleep(0);
  const start = performance.now();
  let searches = 0;
  for (; performance.now() - start < turnMs; searches++) {
    const from = (searches % data.queryCount) * data.dimensions;
    index.search(queries.subarray(from, from + data.dimensions), search);
  }
  return { searches, ms: performance.now() - start };
}

async function searchThere(threads) {
  const answers = await Promise.all(threads.map((thread) => new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', (answer) => { thread.off('error', reject); resolve(answer); });
    thread.postMessage(turnMs);
  })));
  if (answers.some(({ unanswered }) => unanswered)) throw new Error('expected an answer to every search, got fewer');
  return { searches: answers.reduce((sum, { searches }) => sum + searches, 0), ms: Math.max(...answers.map(({ ms }) => ms)) };
}
