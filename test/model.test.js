import { afterAll, describe, expect, test } from 'vitest';
import { METRICS } from './conformance/oracle.js';
import { runScript } from './conformance/model.js';
import { VectorIndex, seeds } from './support/engine.js';
import { expectSound } from './support/memory.js';

/** Repeat one with SEED=… npx vitest run test/model.test.js */

/** Of the nearest neighbors, over all scripts of a kind. Small m is there to break the graph, not for its recall. */
const FLOORS = { flat: 1, hnsw: 0.99, 'tiny m': 0.9 };
const recall = {};
let scripts = 0;

const kinds = [
  { name: 'flat', type: 'flat' },
  { name: 'hnsw', type: 'hnsw', maxConnections: 8, efConstruction: 40 },
  { name: 'tiny m', type: 'hnsw', maxConnections: 2, efConstruction: 10 },
  { name: 'tiny m', type: 'hnsw', maxConnections: 3, efConstruction: 1 },
];

describe.each(kinds)('$name, m = $maxConnections', ({ name, ...kind }) => {
  describe.each(METRICS)('%s', (metric) => {
    test.each([true, false])('idTable: %s', async (idTable) => {
      for (const data of ['spread', 'grid', 'same']) {
        for (const seed of seeds((scripts += 100), 4)) {
          const dimensions = { spread: 5 + (seed % 4) * 3, grid: 3, same: 4 }[data];
          const { found, wanted } = await runScript({ VectorIndex, seed, operations: 400, metric, dimensions, data, idTable, ids: 60 << (seed % 4), ...kind, inspect: expectSound });
          recall[name] ??= { found: 0, wanted: 0 };
          recall[name].found += found;
          recall[name].wanted += wanted;
        }
      }
    });
  });
});

afterAll(() => {
  for (const [name, { found, wanted }] of Object.entries(recall)) {
    console.log(`${name}: ${found} of ${wanted} nearest neighbors, ${(found / wanted).toFixed(4)}`);
    expect(found / wanted, `recall, ${name}`).toBeGreaterThanOrEqual(FLOORS[name]);
  }
});
