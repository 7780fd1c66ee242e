// Shards in threads, through the database, in a folder:
//   import    two shards in two threads beside the same in one, until all is linked; delay of the main thread's event loop
//   search    two shards in two threads beside one in one, several calls at a time, where both have the same recall
//   same      two shards in two threads beside the same in one
//   flat      two shards in two threads beside one in one, exact
//   readers   one shard, whose vectors two threads search, beside one; by its graph, by its graph with a large ef, and exact
// They take turns. Two threads need two free cores, and the main thread a part of one: what one thread and the main one keep busy is measured,
// and says what two threads could do at most, if a call took them no more processor time.

import { availableParallelism, loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openDataset } from './data/dataset.js';
import { describeMachine } from './machine.js';
import { sleep, spread } from './measure/clock.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { loadDatabase, newFolder } from './search-database.js';
import { fixed, printTable, spreadText, whole } from './table.js';

const wanted = { import: 1.6, search: 1.2, same: 1.2, flat: 1.7, readers: 1.7, wideReaders: 1.7, flatReaders: 1.7, delayMs: 10 };
const turnMs = 1500;
const atOnce = 8;
const recallWanted = 0.99;
/** Of searches that take milliseconds, as in large indexes, so that messages hardly count. */
const wideEf = 1024;
const batch = 256;
const cores = availableParallelism();

const options = JSON.parse(process.argv[2]);
const { k, m, efConstruction, rounds, efs } = options;
const progress = createProgress();
const data = await openDataset(options.dataset, { limit: options.limit ?? 50_000, progress });
const load = { before: loadavg()[0] };
const { open } = await loadDatabase();
const vectorAt = (i) => data.base.subarray(i * data.dimensions, (i + 1) * data.dimensions);
const queryAt = (i) => data.queries.subarray((i % data.queryCount) * data.dimensions, (i % data.queryCount + 1) * data.dimensions);
const objects = Array.from({ length: data.rows }, (_, i) => ({ id: `row ${i}`, vector: vectorAt(i) }));

const folders = new Map();
const imports = { 1: [], 2: [] }, delays = [];
for (let round = 0; round < rounds; round++) {
  for (const threads of round % 2 ? [2, 1] : [1, 2]) {
    const { seconds, delayMs, folder } = await importInto('hnsw', 2, threads);
    imports[threads].push(seconds);
    if (threads === 2) delays.push(delayMs);
    folders.set('hnsw 2', folder);
    progress.note(`import, ${threads} threads: ${fixed(seconds, 1)} s; event loop p99 ${fixed(delayMs, 1)} ms`);
  }
}
folders.set('hnsw 1', (await importInto('hnsw', 1, 2)).folder);
folders.set('flat 1', (await importInto('flat', 1, 2)).folder);
folders.set('flat 2', (await importInto('flat', 2, 2)).folder);

const search = await compared('hnsw', { one: [1, 1], two: [2, 2] }, efs);
const same = await compared('hnsw', { one: [2, 1], two: [2, 2] }, efs);
const flat = await compared('flat', { one: [1, 1], two: [2, 2] }, [undefined]);
const readers = await compared('hnsw', { one: [1, 1], two: [1, 2] }, efs);
const wideReaders = await compared('hnsw', { one: [1, 1], two: [1, 2] }, [wideEf]);
const flatReaders = await compared('flat', { one: [1, 1], two: [1, 2] }, [undefined]);

const importRatio = spread(imports[1].map((seconds, i) => seconds / imports[2][i]));
const result = {
  dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric },
  parameters: { k, m, efConstruction, rounds, turnMs, atOnce, recallWanted },
  machine: { ...describeMachine(), load: { ...load, after: loadavg()[0] } },
  method: 'times by the wall, in turns; import: insertMany with vectors until all are linked, durability flush, one thread over two; search: the smallest ef of each with the recall wanted, of wideReaders 1024, calls a second with several calls at a time, two over one; busyCores: processor time by the wall; most: cores there are over those one keeps busy; event loop: 99th percentile of its delay during imports, 1 ms resolution',
  wanted,
  import: { seconds: { one: spread(imports[1]), two: spread(imports[2]) }, ratio: importRatio, eventLoopMs: spread(delays) },
  search, same, flat, readers, wideReaders, flatReaders,
};
const written = writeResult(`${data.name}-threads-node${nodeMajor()}.json`, result);
printTable([
  ['', 'one', 'two', 'ratio', 'most', 'wanted'],
  ['import, s', fixed(result.import.seconds.one.median, 1), fixed(result.import.seconds.two.median, 1), spreadText(importRatio), '', wanted.import],
  ...Object.entries({ search, same, flat, readers, wideReaders, flatReaders }).map(([name, { one, two, ratio, most }]) => [
    `${name}, calls/s`, `${whole(one.perSecond.median)} (${fixed(one.recall, 3)})`, `${whole(two.perSecond.median)} (${fixed(two.recall, 3)})`, spreadText(ratio), fixed(most, 2), wanted[name],
  ]),
  ['event loop p99, ms', '', fixed(result.import.eventLoopMs.median, 1), '', '', wanted.delayMs],
]);
console.log(`\nwritten to ${written}`);

async function importInto(type, shards, threads) {
  const folder = newFolder();
  const db = await open(folder, { threads, durability: 'flush' });
  const index = type === 'flat' ? { type } : { type, maxConnections: m, efConstruction };
  const rows = await db.collections.create({ name: 'Row', sharding: { count: shards }, vectors: { default: { metric: data.metric, index } } });
  await rows.data.insert({ vector: vectorAt(0) }); // threads are started, dimensions known
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const start = performance.now();
  await rows.data.insertMany(objects, { batchSize: batch });
  while ((await db.stats()).collections.Row.vectors.default.unlinked > 0) await sleep(5);
  const seconds = (performance.now() - start) / 1000;
  loop.disable();
  await db.close();
  return { seconds, delayMs: loop.percentile(99) / 1e6, folder };
}

/** `[shards, threads]` of each. */
async function compared(type, both, widths) {
  const sides = {};
  for (const [name, [shards, threads]] of Object.entries(both)) {
    const db = await open(folders.get(`${type} ${shards}`), { threads, readOnly: true });
    const rows = db.collections.use('Row');
    const side = { db, rows, shards, threads, perSecond: [], busyCores: [] };
    for (const ef of widths) {
      Object.assign(side, { ef, recall: await recallOf(rows, ef) });
      if (side.recall >= recallWanted) break;
    }
    sides[name] = side;
  }
  const { one, two } = sides;
  for (let turn = 0; turn <= 2 * rounds; turn++) {
    for (const side of turn % 2 ? [two, one] : [one, two]) {
      const { perSecond, busyCores } = await callsOf(side);
      if (!turn) continue; // the first one warms up, and has memory shared
      side.perSecond.push(perSecond);
      side.busyCores.push(busyCores);
    }
  }
  for (const { db } of [one, two]) await db.close();
  const told = ({ shards, threads, ef, recall, perSecond, busyCores }) => ({ shards, threads, ef, recall, perSecond: spread(perSecond), busyCores: spread(busyCores) });
  return { one: told(one), two: told(two), ratio: spread(one.perSecond.map((calls, i) => two.perSecond[i] / calls)), most: cores / spread(one.busyCores).median };
}

async function recallOf(rows, ef) {
  let found = 0;
  const count = Math.min(500, data.queryCount);
  for (let i = 0; i < count; i++) {
    const { objects: hits } = await rows.query.nearVector(queryAt(i), { limit: k, returnProperties: [], ...ef && { ef } });
    const truth = new Set(Array.from(data.truth.ids.subarray(i * data.truth.k, i * data.truth.k + k), (id) => `row ${id}`));
    for (const { id } of hits) if (truth.has(id)) found++;
  }
  return found / (count * k);
}

async function callsOf({ rows, ef }) {
  let done = 0, next = 0;
  const start = performance.now(), before = process.cpuUsage();
  const caller = async () => {
    while (performance.now() - start < turnMs) {
      await rows.query.nearVector(queryAt(next++), { limit: k, returnProperties: [], ...ef && { ef } });
      done++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  const ms = performance.now() - start, { user, system } = process.cpuUsage(before);
  return { perSecond: done / (ms / 1000), busyCores: (user + system) / 1000 / ms };
}
