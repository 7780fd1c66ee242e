// What each codec gives: bytes a vector, and recall and speed at two efs without rescoring, with more and more candidates
// rescored, and with all of them. Each codec has an index of its own, searched in turns with an f32 index of the same rows
// at the same ef, and disposed of before the next is built: codecs compare by their ratios to f32.

import { openDataset } from './data/dataset.js';
import { describeMachine, pinnedCore } from './machine.js';
import { buildInTurns } from './measure/build.js';
import { spread } from './measure/clock.js';
import { ratioOf } from './measure/equal-recall.js';
import { alternate, driftOf, pointsOf, recallAt, settle } from './measure/search.js';
import { finishTraining, vectile } from './peers/vectile.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable, whole } from './table.js';

/** Candidates that get exact distances: none, k times so many (more than ef raises ef), or all ef of them. */
const rescorings = ['none', 1, 2, 4, 8, 'all'];
const pqSample = 100_000;   // what it learns from by default; smaller data sets are all it can have

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, m, efConstruction, rounds, efs } = options;
const settings = efs.flatMap((ef) => rescorings.map((rescored) => ({ ef, rescored })));
const data = await openDataset(options.dataset, { limit: options.limit ?? Infinity, progress });
const { VectorIndex } = await vectile.module();
const codecs = {
  sq8: 'sq8', sq4: 'sq4', pq: { type: 'pq', trainingLimit: Math.min(pqSample, data.rows) },
  bq: 'bq', 'bq centred': { type: 'bq', centred: true }, rq8: 'rq8', rq1: 'rq1',
};

const f32 = await built('f32', 'f32', ({ ef }) => ({ k, ef }));
const f32Times = [];
const measured = {};
for (const [name, codec] of Object.entries(codecs)) {
  const { engine, ...about } = await built(name, codec, searchOptions);
  const recalls = settings.map((setting) => recallAt(data, engine, k, setting));
  const [, warm] = await settle(data, [f32.engine, engine], k, settings[0], progress.count(`warm up ${name}`));
  const [besideTimes, times] = await alternate(data, [f32.engine, engine].map((one) => ({ engine: one, efs: settings })), k, rounds, progress.count(`rounds ${name}`));
  f32Times.push(besideTimes);
  measured[name] = {
    ...about, warm: { ...warm, lastRoundOverFirst: driftOf(times) },
    points: pointsOf(settings, recalls, times).map(({ ef: setting, ...point }, i) => ({ ...setting, ...point, ratio: ratioOf(speedsAt(times, i), speedsAt(besideTimes, i)) })),
  };
  engine.dispose();
  globalThis.gc?.();
}

const { engine: f32Engine, ...f32About } = f32;
const f32Points = efs.map((ef) => {
  const at = settings.flatMap((setting, i) => (setting.ef === ef ? [i] : []));
  const qps = spread(f32Times.flatMap((times) => at.flatMap((i) => speedsAt(times, i))));
  return { ef, recall: recallAt(data, f32Engine, k, { ef }), qps: qps.median, qpsMin: qps.min, qpsMax: qps.max };
});
const result = {
  dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric, queries: data.queryCount, source: data.source },
  parameters: { k, m, efConstruction, rounds, efs, rescorings }, machine: { ...describeMachine(), pinnedCore: pinnedCore() },
  method: 'full vectors in memory; chunks of 100 queries alternate between a codec and f32; ratio: QPS over that of f32 in the same turns, per round; processor time. The QPS of f32 is the median over all its turns',
  f32: { ...f32About, points: f32Points }, codecs: measured,
};
print(result);
console.log(`\nwritten to ${writeResult(`${data.name}-codecs-node${nodeMajor()}.json`, result)}`);

function searchOptions({ ef, rescored }) {
  if (rescored === 'none') return { k, ef, rescore: false };
  return { k, ef, oversampling: rescored === 'all' ? ef / k : rescored };
}

/** An index with this codec, trained, as an engine that is searched at a setting. */
async function built(name, codec, optionsAt) {
  const index = await VectorIndex.create({
    dimensions: data.dimensions, metric: data.metric, type: 'hnsw', seed: 1, maxConnections: m, efConstruction, codec, fullVectors: 'memory',
  });
  index.reserve(data.rows);
  const engine = {
    add: (vectors, ids) => { index.addMany(ids, vectors); },
    finish: () => finishTraining(index),
    search: (query, _, setting) => index.search(query, optionsAt(setting)).ids,
    dispose: () => index.dispose(),
  };
  const [{ cpuSeconds }] = await buildInTurns(data, [engine], progress.count(`build ${name}`));
  const { codec: stored, bytes } = index.stats();
  return { engine, codec: stored, buildCpuSeconds: cpuSeconds, bytesPerVector: { code: (bytes.codes || bytes.rows) / data.rows, total: bytes.total / data.rows }, parts: bytes };
}

/** QPS by round at one setting. */
function speedsAt(times, setting) {
  return times.cpu.map((round) => 1e6 / round[setting]);
}

function print({ f32, codecs }) {
  const rows = Object.entries(codecs).flatMap(([name, codec]) => efs.map((ef) => ({ name, ef, ...codec, points: codec.points.filter((point) => point.ef === ef) })));
  const bytes = ({ code, total }) => [whole(code), whole(total)];
  const tables = [
    [`recall@${k}`, (point) => fixed(point.recall, 4), f32.points.map((point) => fixed(point.recall, 4))],
    ['QPS', (point) => whole(point.qps), f32.points.map((point) => whole(point.qps))],
    ['QPS over that of f32', (point) => fixed(point.ratio.median, 2), efs.map(() => fixed(1, 2))],
  ];
  console.log(`\ncodecs on ${data.name}: ${whole(data.rows)} × ${data.dimensions}, ${data.metric}; m ${m}, efConstruction ${efConstruction}, k ${k}`);
  for (const [title, cell, f32Cells] of tables) {
    console.log(`\n${title}, by how many candidates are rescored`);
    printTable([
      ['codec', 'ef', 'code bytes', 'bytes/vector', ...rescorings.map((rescored) => (typeof rescored === 'number' ? `${rescored} k` : rescored))],
      ...efs.map((ef, i) => ['f32', ef, ...bytes(f32.bytesPerVector), f32Cells[i]]),
      ...rows.map((row) => [row.name, row.ef, ...bytes(row.bytesPerVector), ...row.points.map(cell)]),
    ]);
  }
}
