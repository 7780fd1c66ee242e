// Searches over shared memory by readers beside the owner of an index.
import { describe, expect, test } from 'vitest';
import { METRICS } from './conformance/oracle.js';
import { runScript } from './conformance/model.js';
import { comparing } from './conformance/shared.js';
import { SharedReader, VectorIndex } from '../dist/engine.node.js';
import { seeds } from './support/engine.js';
import { expectSound } from './support/memory.js';

/** Repeat one with SEED=… npx vitest run test/shared.test.js */

describe('readers answer as the owner does, whatever happens to the index', () => {
  const trainingLimit = 40;
  const storages = [
    { codec: { type: 'sq8', trainingLimit } }, { codec: { type: 'sq4', trainingLimit }, fullVectors: 'sq8' }, { codec: 'rq1', fullVectors: 'external' },
    { codec: 'rq8' }, { codec: { type: 'pq', centroids: 16, trainingLimit } }, { codec: { type: 'pq', centroids: 20, trainingLimit } }, { codec: 'f32' },
  ];
  const kinds = ['flat', 'hnsw'].flatMap((type) => [[type, 'floats', []], [type, 'codecs', storages]]);
  let seed = 7000;

  test.each(kinds)('%s, %s', async (type, _, changes) => {
    for (const metric of METRICS) {
      if (changes.length && (metric === 'manhattan' || metric === 'hamming')) continue;
      for (const idTable of [true, false]) {
        for (const one of seeds((seed += 10), 3)) {
          const index = comparing({ VectorIndex, SharedReader });
          const data = ['spread', 'grid', 'same'][one % 3];
          await runScript({
            VectorIndex: index, seed: one, operations: 500, type, metric, data, idTable, dimensions: 3 + (one % 7), ids: 60 << (one % 4), maxConnections: 6, efConstruction: 40,
            inspect: expectSound, ...(changes.length && { storages: [...changes.slice(one % 7), ...changes.slice(0, one % 7)], reads: true }),
          });
          expect(index.compared()).toBeGreaterThan(10);
        }
      }
    }
  });
});
