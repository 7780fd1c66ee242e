// Filtered search: recall and time of the engine's own plan and of a forced traversal, beside an exact scan of the same
// allow-list in the same index. Filters are prepared beforehand on both sides. Random lists, and lists correlated with
// the query both ways: the rows nearest to it, and the rows farthest from it.

import { openDataset } from './data/dataset.js';
import { distanceOf } from './data/ground-truth.js';
import { permutation } from './data/random.js';
import { describeMachine, pinnedCore } from './machine.js';
import { median, spread } from './measure/clock.js';
import { recallAt, settle } from './measure/search.js';
import { vectile } from './peers/vectile.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable } from './table.js';

const selectivities = [0.5, 0.1, 0.01, 0.001];
const queries = 60, repeats = 5;
const recallWanted = 0.97;
const strategies = ['auto', 'traverse', 'scan'];

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, m, efConstruction } = options;
const data = await openDataset(options.dataset, { limit: options.limit ?? Infinity, progress });
const create = await vectile.load();
const engine = await create({ dimensions: data.dimensions, metric: data.metric, rows: data.rows, m, efConstruction });
engine.add(data.base, Uint32Array.from({ length: data.rows }, (_, i) => i));
const { index } = engine;

const ef = options.efs.find((candidate) => recallAt(data, engine, k, candidate) >= recallWanted);
if (!ef) throw new Error(`no ef of ${options.efs} reaches recall ${recallWanted}`);
const unfiltered = recallAt(data, engine, k, ef);
await settle(data, [engine], k, ef);

const distance = distanceOf(data.metric);
const rows = [];
for (const kind of ['random', 'near the query', 'far from the query']) {
  for (const selectivity of selectivities) rows.push(measure(kind, selectivity));
}
const result = {
  dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric },
  parameters: { k, m, efConstruction, ef, unfilteredRecall: unfiltered, queries, repeats },
  machine: { ...describeMachine(), pinnedCore: pinnedCore() },
  method: 'per query the strategies take turns, best of the repeats by the wall; filters prepared beforehand; near and far: the allow-list is the rows nearest to and farthest from that very query',
  rows,
};
console.log(`\nfiltered search on ${data.name}, ef ${ef} (unfiltered recall ${fixed(unfiltered, 3)}), k ${k}`);
printTable([
  ['filter', 'share', 'auto recall', 'traverse recall', 'auto µs', 'traverse µs', 'scan µs', 'auto/scan', 'worst query'],
  ...rows.map((row) => [
    row.kind, `${row.selectivity * 100} %`, fixed(row.auto.recall, 3), fixed(row.traverse.recall, 3), fixed(row.auto.us.median, 0), fixed(row.traverse.us.median, 0),
    fixed(row.scan.us.median, 0), fixed(row.autoOverScan.median, 2), fixed(row.autoOverScan.max, 2),
  ]),
]);
console.log(`\nwritten to ${writeResult(`${data.name}-filter-node${nodeMajor()}.json`, result)}`);

function measure(kind, selectivity) {
  const count = Math.round(data.rows * selectivity);
  const shared = kind === 'random' ? index.filter(permutation(data.rows, count).subarray(0, count)) : null;
  const found = Object.fromEntries(strategies.map((name) => [name, { us: [], recall: [] }]));
  for (let q = 0; q < queries; q++) {
    const query = data.queries.subarray(q * data.dimensions, (q + 1) * data.dimensions);
    const filter = shared ?? index.filter(correlated(query, count, kind.startsWith('far')));
    const best = Object.fromEntries(strategies.map((name) => [name, Infinity]));
    const hits = {};
    for (let repeat = -1; repeat < repeats; repeat++) {
      for (const filterStrategy of strategies) {
        const start = performance.now();
        hits[filterStrategy] = index.search(query, { k, ef, filter, filterStrategy });
        if (repeat >= 0) best[filterStrategy] = Math.min(best[filterStrategy], (performance.now() - start) * 1000);
      }
    }
    const bound = hits.scan.distances.at(-1) * (1 + Math.sign(hits.scan.distances.at(-1)) * 1e-5) + 1e-6;
    for (const name of strategies) {
      found[name].us.push(best[name]);
      found[name].recall.push(hits[name].distances.filter((distance) => distance <= bound).length / hits.scan.ids.length);
    }
  }
  const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const summary = Object.fromEntries(strategies.map((name) => [name, { recall: mean(found[name].recall), us: spread(found[name].us) }]));
  return { kind, selectivity, allowed: count, ...summary, autoOverScan: spread(found.auto.us.map((us, q) => us / found.scan.us[q])) };
}

/** Ids of the rows nearest to the query, or farthest from it. */
function correlated(query, count, far) {
  const distances = Float64Array.from({ length: data.rows }, (_, row) => distance(query, 0, data.base, row * data.dimensions, data.dimensions));
  const order = Uint32Array.from({ length: data.rows }, (_, i) => i).sort((a, b) => (far ? distances[b] - distances[a] : distances[a] - distances[b]));
  return order.slice(0, count);
}
