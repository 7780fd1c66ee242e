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
