// What removals leave behind: three rounds in which 30 % of the vectors are removed at random, the work is done, and
// others take their place; and three in which all are replaced. Beside a fresh index of the same vectors: recall at equal
// ef, bytes, and how long a slice of work() took.

import { openDataset } from './data/dataset.js';
import { permutation } from './data/random.js';
import { describeMachine, pinnedCore } from './machine.js';
import { recallAt } from './measure/search.js';
import { vectile } from './peers/vectile.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable, whole } from './table.js';

const efs = [40, 80, 160, 320];
const share = 0.3, rounds = 3, budgetMs = 5;

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, m, efConstruction } = options;
const data = await openDataset(options.dataset, { limit: options.limit ?? Infinity, progress });
const create = await vectile.load();
const all = Uint32Array.from({ length: data.rows }, (_, i) => i);
const rows = [];

const fresh = await built();
record('fresh');

const removed = await built();
for (let round = 1; round <= rounds; round++) {
  const gone = permutation(data.rows, round).slice(0, Math.round(share * data.rows));
  for (const id of gone) removed.index.remove(id);
  const repair = workOff(removed.index);
  for (const id of gone) if (removed.index.has(id)) throw new Error(`id ${id} is a ghost`);
  const insert = timed(() => removed.add(rowsOf(gone), gone));
  record(`removed and added 30 %, round ${round}`, removed, repair, insert);
}

const late = await built();
for (let round = 1; round <= rounds; round++) {
  const gone = permutation(data.rows, 10 + round).slice(0, Math.round(share * data.rows));
  for (const id of gone) late.index.remove(id);
  const insert = timed(() => late.add(rowsOf(gone), gone));
  record(`the same, work() after adding, round ${round}`, late, workOff(late.index), insert);
}

const replaced = await built();
for (let round = 1; round <= rounds; round++) {
  const other = permutation(data.rows, 100 + round);   // every id gets another row, and in the end its own again
  timed(() => replaced.add(rowsOf(other), all));
  const insert = timed(() => replaced.add(data.base, all));
  record(`replaced all twice, round ${round}`, replaced, workOff(replaced.index), insert);
}

const result = {
  dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric },
  parameters: { k, m, efConstruction, share, rounds, budgetMs }, machine: { ...describeMachine(), pinnedCore: pinnedCore() }, rows,
};
console.log(`\nremovals on ${data.name}, k ${k}`);
printTable([
  ['', ...efs.map((ef) => `ef ${ef}`), 'bytes/vector', 'memory', 'image', 'insert s', 'work s', 'longest ms'],
  ...rows.map((row) => [
    row.name, ...row.recall.map((r) => fixed(r, 4)), whole(row.total), whole(row.memory), whole(row.image), fixed(row.insertSeconds, 1), fixed(row.workSeconds, 1), fixed(row.longestMs, 1),
  ]),
]);
console.log(`\nwritten to ${writeResult(`${data.name}-churn-node${nodeMajor()}.json`, result)}`);

async function built() {
  const engine = await create({ dimensions: data.dimensions, metric: data.metric, rows: data.rows, m, efConstruction });
  engine.add(data.base, all);
  return engine;
}

function record(name, engine = fresh, work = {}, insertSeconds = null) {
  const { bytes, tombstones, count } = engine.index.stats();
  if (tombstones || count !== data.rows) throw new Error(`${name}: expected ${data.rows} vectors and no tombstones, got ${count} and ${tombstones}`);
  progress.note(name);
  rows.push({
    name, recall: efs.map((ef) => recallAt(data, engine, k, ef)),
    total: bytes.total / data.rows, memory: bytes.memory / data.rows, image: engine.index.serialize().length / data.rows, insertSeconds, ...work,
  });
}

/** Calls work() until it has nothing left. */
function workOff(index) {
  let longestMs = 0;
  const workSeconds = timed(() => {
    for (let more = true; more;) {
      const start = performance.now();
      more = index.work(budgetMs);
      longestMs = Math.max(longestMs, performance.now() - start);
    }
  });
  return { workSeconds, longestMs };
}

function timed(work) {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

function rowsOf(ids) {
  const out = new Float32Array(ids.length * data.dimensions);
  ids.forEach((id, i) => out.set(data.base.subarray(id * data.dimensions, (id + 1) * data.dimensions), i * data.dimensions));
  return out;
}
