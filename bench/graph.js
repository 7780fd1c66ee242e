// What building by codes costs the graph: recall at equal ef, all three searched by plain floats. The graph built in mode
// `fast` is walked by floats after its codes are dropped (setCodec), so that nothing but the graph differs.

import { openDataset } from './data/dataset.js';
import { describeMachine } from './machine.js';
import { buildInTurns } from './measure/build.js';
import { recallAt } from './measure/search.js';
import { loadPeer } from './peers/install.js';
import { peerNamed } from './peers/index.js';
import { finishTraining } from './peers/vectile.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable } from './table.js';

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, m, efConstruction, efs } = options;
const data = await openDataset(options.dataset, { limit: options.limit ?? Infinity, progress });
const graphs = { 'hnswlib-node': 'hnswlib-node', 'vectile by floats': 'vectile', 'vectile by codes': 'vectile-fast' };

const recalls = {};
for (const [name, peer] of Object.entries(graphs)) {
  const create = await loadPeer(peerNamed(peer));
  const engine = await create({ dimensions: data.dimensions, metric: data.metric, rows: data.rows, m, efConstruction });
  await buildInTurns(data, [engine], progress.count(`build ${name}`));
  if (peer === 'vectile-fast') {
    engine.index.setCodec({ codec: 'f32' });
    finishTraining(engine.index);
  }
  recalls[name] = efs.map((ef) => recallAt(data, engine, k, ef));
  engine.dispose?.();
}
const result = {
  dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric, queries: data.queryCount },
  parameters: { k, m, efConstruction, efs }, machine: describeMachine(), recalls,
};
console.log(`\nrecall@${k} by graph on ${data.name}`);
printTable([['ef', ...Object.keys(recalls)], ...efs.map((ef, i) => [ef, ...Object.values(recalls).map((list) => fixed(list[i], 4))])]);
console.log(`\nwritten to ${writeResult(`${data.name}-graph-node${nodeMajor()}.json`, result)}`);
