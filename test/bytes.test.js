import { describe, expect, test } from 'vitest';
import { estimateBytes } from '../dist/engine.node.js';
import { filled } from './conformance/codecs.js';
import { random, vector } from './conformance/random.js';
import { VectorIndex, errorOf } from './support/engine.js';
import { withInstance } from './support/memory.js';

/** What stats and estimates say of memory, by what there is. */

const DIMENSIONS = 64;
const COUNT = 3000;
const trainingLimit = 1000;
const next = random(2);
const rows = Array.from({ length: COUNT }, () => vector(next, DIMENSIONS));
const storages = [
  {}, { codec: { type: 'sq8', trainingLimit } }, { codec: { type: 'sq4', trainingLimit }, fullVectors: 'sq8' }, { codec: { type: 'pq', centroids: 16, trainingLimit }, fullVectors: 'external' },
  { codec: { type: 'pq', segments: 8, centroids: 32, trainingLimit } }, { codec: 'bq', fullVectors: 'external' }, { codec: 'rq8' }, { codec: { type: 'rq1', trainingLimit }, fullVectors: 'sq8' },
];
const build = (options) => filled({ VectorIndex }, rows, { maxConnections: 8, efConstruction: 20, ...options });

describe.each(['flat', 'hnsw'])('%s', (type) => {
  test.each(storages)('%j: regions add up, memory is little more, and the estimate is near', async (storage) => {
    const options = { dimensions: DIMENSIONS, type, maxConnections: 8, ...storage };
    const { index, exports } = await withInstance(() => build({ type, ...storage }));
    const { total, memory, idTable, ...regions } = index.stats().bytes;
    const sum = Object.values(regions).reduce((bytes, region) => bytes + region, 0);
    expect(total).toBe(sum);
    expect(total).toBe(index.serialize().length);
    // an index that was trained is a copy in an instance of its own: what was there before is not this one's memory
    if (!storage.codec?.trainingLimit) expect(memory).toBe(exports.memory.buffer.byteLength);
    expect(memory / total).toBeGreaterThan(1);
    expect(memory).toBeLessThan(total * 1.05 + 80_000);

    const estimate = await estimateBytes(options, COUNT);
    expect(Object.keys(estimate).sort()).toEqual([...Object.keys(regions), 'total', 'idTable'].sort());
    expect(Math.abs(estimate.total / total - 1)).toBeLessThan(0.03);
    for (const [name, bytes] of Object.entries(regions)) {
      if (name === 'arena') expect(Math.abs(estimate.arena - bytes)).toBeLessThan(0.03 * total);
      else expect(Math.abs(estimate[name] - bytes), name).toBeLessThan(64); // regions are filled up to a multiple of it
    }
    index.search(rows[0], { k: 1, filter: [1] });
    expect(estimate.idTable).toBe(index.stats().bytes.idTable);
  });
});

test('estimates of none, of millions, and of what cannot be', async () => {
  const none = await estimateBytes({ dimensions: DIMENSIONS }, 0);
  expect(none.total).toBe((await VectorIndex.create({ dimensions: DIMENSIONS })).serialize().length);
  const [many, twice] = await Promise.all([5e6, 1e7].map((count) => estimateBytes({ dimensions: 1536, codec: 'rq8' }, count)));
  expect(many.rows).toBe(5e6 * 1536 * 4);
  expect(twice.total / many.total).toBeCloseTo(2, 2);
  expect((await estimateBytes({ dimensions: 1536, codec: 'rq8', idTable: false }, 10)).idTable).toBe(0);
  for (const count of [-1, 1.5, NaN, '5', 2 ** 32 - 1, undefined]) expect(await errorOf(() => estimateBytes({ dimensions: 4 }, count))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  for (const options of [undefined, {}, { dimensions: 4, codec: 'sq2' }, { dimensions: 4, mode: 'fast', metric: 'hamming' }]) expect(await errorOf(() => estimateBytes(options, 5))).toMatchObject({ code: 'INVALID_ARGUMENT' });
});
