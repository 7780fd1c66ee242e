import { afterAll, describe, expect, test } from 'vitest';
import { METRICS } from './conformance/oracle.js';
import { runScript } from './conformance/model.js';
import { VectorIndex, seeds } from './support/engine.js';
import { expectSound } from './support/memory.js';

/** Repeat one with SEED=… npx vitest run test/model.test.js */

/** Of the nearest neighbors, over all scripts of a kind. Small m is there to break the graph, not for its recall. */
const FLOORS = { flat: 1, hnsw: 0.99, 'tiny m': 0.9, 'flat with codecs': 0.99, 'hnsw with codecs': 0.97 };
const recall = {};
let scripts = 0;

function count(name, { found, wanted }) {
  recall[name] ??= { found: 0, wanted: 0 };
  recall[name].found += found;
  recall[name].wanted += wanted;
}

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
          count(name, await runScript({ VectorIndex, seed, operations: 400, metric, dimensions, data, idTable, ids: 60 << (seed % 4), ...kind, inspect: expectSound }));
        }
      }
    });
  });
});

/** With codecs, by the kind of storage: changes among those that are defined for a metric, and some that stay. */
const trainingLimit = 40;
const SIMILAR = [
  { codec: { type: 'sq8', trainingLimit } }, { codec: { type: 'sq4', trainingLimit }, fullVectors: 'sq8' }, { codec: 'rq1', fullVectors: 'external' },
  { codec: 'rq8' }, { codec: { type: 'pq', centroids: 16, trainingLimit }, fullVectors: 'external' }, { codec: { type: 'bq', centred: true, trainingLimit } },
  { codec: { type: 'pq', centroids: 20, trainingLimit } }, { codec: { type: 'rq8', trainingLimit }, fullVectors: 'sq8' }, { codec: 'f32' },
];
const BESIDE_SQ8 = [{ type: 'sq4', trainingLimit }, { type: 'pq', centroids: 16, trainingLimit }, { type: 'rq8', trainingLimit }].map((codec) => ({ codec, fullVectors: 'sq8' }));
const DEFINED = {
  manhattan: [{ codec: { type: 'pq', centroids: 16, trainingLimit } }, { codec: 'f32' }, { codec: { type: 'pq', centroids: 30, trainingLimit } }],
  hamming: [{ codec: 'bq' }, { codec: 'f32' }, { codec: { type: 'bq', centred: true, trainingLimit }, fullVectors: 'external' }],
};

describe.each(['flat', 'hnsw'])('%s, with codecs', (type) => {
  describe.each(METRICS)('%s', (metric) => {
    const all = DEFINED[metric] ?? SIMILAR;
    const kinds = [
      ['changing, with a reader', all.map((_, i) => [...all.slice(i), ...all.slice(0, i)]), true],
      ['staying, without a reader', all.map((storage) => [storage]), false],
      ['changing beside sq8, without a reader', DEFINED[metric] ? [] : BESIDE_SQ8.map((_, i) => [...BESIDE_SQ8.slice(i), ...BESIDE_SQ8.slice(0, i)]), false],
    ];
    test.each(kinds.filter(([, lists]) => lists.length))('%s', async (_, lists, reads) => {
      for (const storages of lists) {
        for (const seed of seeds((scripts += 100), 1)) {
          const data = ['spread', 'grid', 'same'][(scripts / 100) % 3];
          const script = { seed, operations: 400, type, metric, data, dimensions: 3 + (seed / 100) % 6, idTable: scripts % 400 !== 0, ids: 60 << (scripts / 100) % 3, maxConnections: 6, efConstruction: 40 };
          count(`${type} with codecs`, await runScript({ VectorIndex, storages, reads, inspect: expectSound, ...script }));
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
