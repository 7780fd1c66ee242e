// One fast index that grows from 10,000 to a million rows: at each size what it cost to build so far, what it takes, how
// long its image is written and opened, and how long a search takes at a fixed ef and at the ef that reaches a fixed recall.
// At the end the exponents of search time against rows. Rows beyond the 340,479 words of GloVe are synthetic.

import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset } from './data/dataset.js';
import { describeMachine, pinnedCore } from './machine.js';
import { buildInTurns, charge } from './measure/build.js';
import { spread, startClock } from './measure/clock.js';
import { alternate, driftOf, pointsOf, recallAt, settle } from './measure/search.js';
import { finishTraining, vectileFast } from './peers/vectile.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable, whole } from './table.js';

const sizes = [10_000, 100_000, 340_000, 1_000_000];
const fixedEf = 100, recallWanted = 0.95, efMost = 1 << 14;
const imageRepeats = 3, readBytes = 1 << 20;

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, m, efConstruction, rounds } = options;
const largest = Math.min(options.limit ?? Infinity, sizes.at(-1));
const { VectorIndex } = await vectileFast.module();
const create = await vectileFast.load();

const built = { cpuSeconds: 0, wallSeconds: 0, rssGrowth: 0 };
const steps = [];
let engine, data;
for (const size of [...sizes.filter((rows) => rows < largest), largest]) {
  const before = data?.rows ?? 0;
  data = await openDataset(options.dataset, { limit: size, progress });
  engine ??= await create({ dimensions: data.dimensions, metric: data.metric, rows: data.rows, m, efConstruction });
  await charge(built, () => engine.index.reserve(data.rows - before));
  const [cost] = await buildInTurns(data, [engine], progress.count(`build up to ${size}`), before);
  for (const figure of Object.keys(built)) built[figure] += cost[figure];
  steps.push(await measured());
}
engine.dispose();

const result = {
  dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric, queries: data.queryCount, source: data.source },
  parameters: { k, m, efConstruction, rounds, mode: 'fast', fixedEf, recallWanted }, machine: { ...describeMachine(), pinnedCore: pinnedCore() },
  method: 'processor time; build: all rows so far, codes trained; image: streamed to and from a file in the page cache; search: median over rounds of the median chunk of 100 queries; exponent: slope of log time against log rows, least squares',
  steps,
  exponents: { atFixedEf: exponentOf((step) => step.atFixedEf.us), atFixedRecall: exponentOf((step) => step.atFixedRecall.us) },
};
print(result);
const part = largest < sizes.at(-1) ? `-first${largest}` : '';
console.log(`\nwritten to ${writeResult(`scale${part}-node${nodeMajor()}.json`, result)}`);

async function measured() {
  finishTraining(engine.index);
  const { bytes, codec } = engine.index.stats();
  const image = await imageCosts();
  const ef = efReaching(recallWanted);
  const recalls = [recallAt(data, engine, k, fixedEf), recallAt(data, engine, k, ef)];
  const [warm] = await settle(data, [engine], k, fixedEf, progress.count('warm up'));
  const [times] = await alternate(data, [{ engine, efs: [fixedEf, ef] }], k, rounds, progress.count('rounds'));
  const [atFixedEf, atFixedRecall] = pointsOf([fixedEf, ef], recalls, times).map((point) => ({ ...point, us: 1e6 / point.qps }));
  return {
    rows: data.rows, codec, build: { ...built }, bytesPerVector: { total: bytes.total / data.rows, memory: bytes.memory / data.rows },
    image, warm: { ...warm, lastRoundOverFirst: driftOf(times) }, atFixedEf, atFixedRecall,
  };
}

/** The smallest ef that reaches this recall. */
function efReaching(recall) {
  const reaches = (ef) => recallAt(data, engine, k, ef) >= recall;
  let most = k;
  while (!reaches(most)) {
    if (most >= efMost) throw new Error(`no ef up to ${efMost} reaches recall ${recall}`);
    most *= 2;
  }
  for (let least = most === k ? k : most / 2 + 1; least < most;) {
    const middle = (least + most) >> 1;
    if (reaches(middle)) most = middle; else least = middle + 1;
  }
  return most;
}

/** Writing the image to a file and opening it from there, chunk by chunk. */
async function imageCosts() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-scale-')), path = join(folder, 'image');
  const costs = { saveSeconds: [], openSeconds: [] };
  try {
    for (let repeat = 0; repeat < imageRepeats; repeat++) {
      const saving = startClock();
      const handle = openSync(path, 'w');
      await engine.index.writeImage((chunk) => { for (let at = 0; at < chunk.length;) at += writeSync(handle, chunk, at); });
      closeSync(handle);
      costs.saveSeconds.push(saving().cpu / 1e6);

      const opening = startClock();
      const again = await VectorIndex.readImage(createReadStream(path, { highWaterMark: readBytes }));
      costs.openSeconds.push(opening().cpu / 1e6);
      if (again.size !== data.rows) throw new Error(`opened index: expected ${data.rows} vectors, got ${again.size}`);
      again.dispose();
      globalThis.gc?.();
    }
    return { bytes: statSync(path).size, saveSeconds: spread(costs.saveSeconds), openSeconds: spread(costs.openSeconds) };
  } finally { rmSync(folder, { recursive: true, force: true }); }
}

/** b of time = a × rows^b, by least squares over the steps; null for fewer than two. */
function exponentOf(timeOf) {
  if (steps.length < 2) return null;
  const xs = steps.map(({ rows }) => Math.log(rows)), ys = steps.map((step) => Math.log(timeOf(step)));
  const mean = (numbers) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  const x0 = mean(xs), y0 = mean(ys);
  return mean(xs.map((x, i) => (x - x0) * (ys[i] - y0))) / mean(xs.map((x) => (x - x0) ** 2));
}

function print({ steps, exponents }) {
  console.log(`\nfast index on ${data.name} as it grows; m ${m}, efConstruction ${efConstruction}, k ${k}\n`);
  printTable([
    ['rows', 'build CPU s', 'bytes/vector', 'memory', 'image MB', 'save s', 'open s', `recall, ef ${fixedEf}`, 'µs', `ef for ${recallWanted}`, 'µs'],
    ...steps.map((step) => [
      whole(step.rows), fixed(step.build.cpuSeconds, 1), whole(step.bytesPerVector.total), whole(step.bytesPerVector.memory), fixed(step.image.bytes / 1e6, 1),
      fixed(step.image.saveSeconds.median, 2), fixed(step.image.openSeconds.median, 2), fixed(step.atFixedEf.recall, 4), fixed(step.atFixedEf.us, 1), step.atFixedRecall.ef, fixed(step.atFixedRecall.us, 1),
    ]),
  ]);
  console.log(`\nsearch time grows as rows^${fixed(exponents.atFixedEf, 2)} at ef ${fixedEf}, as rows^${fixed(exponents.atFixedRecall, 2)} at recall ${recallWanted}`);
}
