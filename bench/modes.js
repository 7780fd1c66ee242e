// The engine's modes beside one another: bytes a vector as counted, as held and as estimated beforehand, recall and speed
// over the efs, and speed at equal recall beside exact. All are built and searched in turns, in one process.

import { openDataset } from './data/dataset.js';
import { describeMachine, pinnedCore } from './machine.js';
import { buildInTurns } from './measure/build.js';
import { compareAtRecall, recallTargets } from './measure/equal-recall.js';
import { alternate, driftOf, pointsOf, recallCurves, settle } from './measure/search.js';
import { finishTraining, vectile, vectileCompact, vectileFast, vectileSmallest } from './peers/vectile.js';
import { plot } from './plot.js';
import { createProgress } from './progress.js';
import { nodeMajor, readResult, resultFiles, writeResult } from './results.js';
import { fixed, printTable, whole } from './table.js';

const modes = { exact: vectile, fast: vectileFast, compact: vectileCompact, smallest: vectileSmallest };
const names = Object.keys(modes);
const warmEf = 40;

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, m, efConstruction, rounds } = options;
const data = await openDataset(options.dataset, { limit: options.limit ?? Infinity, progress });
const { estimateBytes } = await vectile.module();
const estimates = await Promise.all(names.map((mode) => estimateBytes({ dimensions: data.dimensions, metric: data.metric, type: 'hnsw', maxConnections: m, mode }, data.rows)));

const engines = [];
for (const peer of Object.values(modes)) {
  const create = await peer.load();
  engines.push(await create({ dimensions: data.dimensions, metric: data.metric, rows: data.rows, m, efConstruction }));
}
const builds = await buildInTurns(data, engines, progress.count('build all modes'));
engines.forEach(({ index }) => finishTraining(index));
const { efs, recalls } = await recallCurves(data, engines, engines.map(() => false), k, options.efs, progress.count('recall by ef'));
const warm = await settle(data, engines, k, warmEf, progress.count('warm up'));
const times = await alternate(data, engines.map((engine, i) => ({ engine, efs: efs[i] })), k, rounds, progress.count('rounds'));
const sides = names.map((_, i) => ({ efs: efs[i], recalls: recalls[i], times: times[i] }));

const result = {
  dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric, queries: data.queryCount, source: data.source },
  parameters: { k, m, efConstruction, rounds }, machine: { ...describeMachine(), pinnedCore: pinnedCore() },
  method: 'slices of 5,000 rows and chunks of 100 queries alternate between the modes; processor time; ratios: QPS over that of exact where both find that share, above 1 the mode is faster',
  hnswlibBytesPerVector: hnswlibBytes(),
  modes: Object.fromEntries(names.map((mode, i) => [mode, {
    notes: modes[mode].notes ?? [],
    codec: engines[i].index.stats().codec,
    build: builds[i],
    bytesPerVector: bytesOf(engines[i].index, estimates[i].total),
    warm: { ...warm[i], lastRoundOverFirst: driftOf(times[i]) },
    points: pointsOf(efs[i], recalls[i], times[i]),
    atRecall: recallTargets.map((recall) => {
      const { ratio, ratioByWall, baseQps } = compareAtRecall(recall, sides[i], sides[0]);
      return { recall, qps: baseQps, ratio, ratioByWall };
    }),
  }])),
};
for (const engine of engines) engine.dispose();
print(result);
const file = `${data.name}-modes-node${nodeMajor()}.json`;
console.log(`\nwritten to ${writeResult(file, result)}`);
plot([file]);

function bytesOf(index, estimate) {
  const { total, memory } = index.stats().bytes;
  return { total: total / data.rows, memory: memory / data.rows, estimate: estimate / data.rows };
}

/** What hnswlib's file takes for a vector of these, if it was measured; null otherwise. */
function hnswlibBytes() {
  const file = resultFiles().find((name) => name.startsWith(`${data.name}-vectile-vs-hnswlib-node-`) && !readResult(name).skipped);
  return file ? readResult(file).engines['hnswlib-node'].bytes.perVector.index : null;
}

function print({ modes, hnswlibBytesPerVector }) {
  console.log(`\nmodes on ${data.name}: ${whole(data.rows)} × ${data.dimensions}, ${data.metric}; m ${m}, efConstruction ${efConstruction}, k ${k}\n`);
  printTable([
    ['', 'build CPU s', 'bytes/vector', 'memory', 'estimate', 'settled', 'drift'],
    ...Object.entries(modes).map(([mode, { build, bytesPerVector, warm }]) => [
      mode, fixed(build.cpuSeconds, 2), whole(bytesPerVector.total), whole(bytesPerVector.memory), whole(bytesPerVector.estimate), warm.settled ? 'yes' : 'NO', fixed(warm.lastRoundOverFirst, 2),
    ]),
    ['hnswlib', '', whole(hnswlibBytesPerVector)],
  ]);
  console.log();
  printTable([
    ['ef', ...names.map((mode) => `${mode} recall`), ...names.map((mode) => `${mode} QPS`)],
    ...efs[0].map((ef, at) => [ef, ...names.map((mode) => fixed(modes[mode].points[at].recall, 4)), ...names.map((mode) => whole(modes[mode].points[at].qps))]),
  ]);
  console.log();
  printTable([
    ['at recall', ...names.map((mode) => `${mode} QPS`), ...names.slice(1).map((mode) => `${mode} / exact`)],
    ...recallTargets.map((recall, at) => [
      recall, ...names.map((mode) => whole(modes[mode].atRecall[at].qps)), ...names.slice(1).map((mode) => fixed(modes[mode].atRecall[at].ratio?.median, 2)),
    ]),
  ]);
}
