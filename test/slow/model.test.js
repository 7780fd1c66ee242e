import { expect, test } from 'vitest';
import { METRICS } from '../conformance/oracle.js';
import { runScript } from '../conformance/model.js';
import { VectorIndex, seeds } from '../support/engine.js';
import { expectSound } from '../support/memory.js';

/** Three thousand long scripts of every kind. Repeat one with SEED=… */
test('long scripts', async () => {
  let found = 0, wanted = 0;
  for (const seed of seeds(100_000, 3000)) {
    const recall = await runScript({
      VectorIndex, seed, operations: 1000,
      type: seed % 8 ? 'hnsw' : 'flat',
      metric: METRICS[seed % 5],
      data: ['spread', 'grid', 'same'][(seed >> 2) % 3],
      dimensions: 2 + (seed % 9),
      idTable: seed % 2 === 0,
      ids: [30, 100, 300, 900][seed % 4],
      maxConnections: [2, 3, 4, 8, 16][(seed >> 1) % 5],
      inspect: expectSound,
      efConstruction: [1, 5, 20, 64][(seed >> 3) % 4],
    });
    found += recall.found;
    wanted += recall.wanted;
  }
  console.log(`${found} of ${wanted} nearest neighbors`);
  expect(found / wanted).toBeGreaterThanOrEqual(0.97);
});

/** A thousand with changes of storage among those that every metric of three has. */
test('long scripts with codecs', async () => {
  const trainingLimit = 60;
  const all = [
    { codec: { type: 'sq8', trainingLimit } }, { codec: { type: 'sq4', trainingLimit }, fullVectors: 'sq8' }, { codec: 'rq1', fullVectors: 'external' },
    { codec: { type: 'pq', centroids: 16, trainingLimit }, fullVectors: 'external' }, { codec: 'rq8' }, { codec: { type: 'pq', centroids: 40, trainingLimit } },
    { codec: { type: 'bq', centred: true, trainingLimit } }, { codec: { type: 'rq8', trainingLimit }, fullVectors: 'sq8' }, { codec: 'f32' },
  ];
  let found = 0, wanted = 0;
  for (const seed of seeds(200_000, 1000)) {
    const first = seed % all.length;
    const reads = seed % 4 > 0;
    const recall = await runScript({
      VectorIndex, seed, reads, operations: 1000,
      storages: reads ? [...all.slice(first), ...all.slice(0, first)] : [all[first]],
      type: seed % 3 ? 'hnsw' : 'flat',
      metric: METRICS[seed % 3],
      data: ['spread', 'grid', 'same'][(seed >> 2) % 3],
      dimensions: 2 + (seed % 9),
      idTable: seed % 2 === 0,
      ids: [100, 300, 900][seed % 3],
      maxConnections: [3, 4, 8, 16][(seed >> 1) % 4],
      inspect: expectSound,
      efConstruction: [5, 20, 64][(seed >> 3) % 3],
    });
    found += recall.found;
    wanted += recall.wanted;
  }
  console.log(`${found} of ${wanted} nearest neighbors, with codecs`);
  expect(found / wanted).toBeGreaterThanOrEqual(0.95);
});
