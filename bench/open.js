// Opening an image, verified, beside the least that any opening must do: a copy of the same bytes into freshly grown
// memory. Both from bytes that are already in this process; turns alternate.

import { openDataset } from './data/dataset.js';
import { describeMachine, pinnedCore } from './machine.js';
import { spread } from './measure/clock.js';
import { vectile } from './peers/vectile.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable, spreadText } from './table.js';

const repeats = 15;
const pageBytes = 65536;

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, m, efConstruction } = options;
const data = await openDataset(options.dataset, { limit: options.limit ?? Infinity, progress });
const create = await vectile.load();
const image = await imageOf(data);
const { VectorIndex } = await vectile.module();

const times = { copy: [], open: [] };
for (let repeat = -2; repeat < repeats; repeat++) {
  const copy = clocked(() => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    memory.grow(Math.ceil(image.length / pageBytes));
    new Uint8Array(memory.buffer).set(image);
    return memory;
  });
  globalThis.gc?.();
  const start = performance.now();
  const index = await VectorIndex.deserialize(image);
  const open = performance.now() - start;
  if (index.search(data.queries.subarray(0, data.dimensions), { k }).ids.length !== k) throw new Error(`expected ${k} hits`);
  index.dispose();
  globalThis.gc?.();
  if (repeat < 0) continue;
  times.copy.push(copy);
  times.open.push(open);
}
const result = {
  dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric },
  parameters: { m, efConstruction, repeats }, machine: { ...describeMachine(), pinnedCore: pinnedCore() },
  imageBytes: image.length, copyMs: spread(times.copy), openMs: spread(times.open), ratio: spread(times.open.map((ms, i) => ms / times.copy[i])),
};
printTable([
  ['opening', 'image MB', 'copy ms', 'open ms', 'open / copy'],
  [data.name, fixed(image.length / 1e6, 1), fixed(result.copyMs.median, 1), fixed(result.openMs.median, 1), spreadText(result.ratio)],
]);
console.log(`\nwritten to ${writeResult(`${data.name}-open-node${nodeMajor()}.json`, result)}`);

async function imageOf(data) {
  const engine = await create({ dimensions: data.dimensions, metric: data.metric, rows: data.rows, m, efConstruction });
  engine.add(data.base, Uint32Array.from({ length: data.rows }, (_, i) => i));
  const image = engine.index.serialize();
  engine.dispose();
  return image;
}

function clocked(work) {
  const start = performance.now();
  work();
  return performance.now() - start;
}
