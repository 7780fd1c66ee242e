import { beforeAll, describe, expect, test } from 'vitest';
import { DIMENSIONS, checkExactness, checkKernel } from './conformance/kernels.js';
import { METRICS, measure } from './conformance/oracle.js';
import { clustered, random, sequence, vector } from './conformance/random.js';
import { VectorIndex, binaries, useBinary } from './support/engine.js';

test('the baseline binary runs here', () => expect(binaries).toContain('baseline'));

describe.each(binaries)('%s', (binary) => {
  beforeAll(() => useBinary(binary));

  test.each([
    ['cosine', [3, 4], [4, 3], 1 - 24 / 25],
    ['dot', [1, 2, 3], [4, 5, 6], -32],
    ['l2-squared', [1, 2, 3], [4, 6, 3], 25],
    ['manhattan', [1, 2, 3], [4, 6, 3], 7],
    ['hamming', [1, 2, 3], [4, 6, 3], 2],
    ['hamming', [0, 1], [-0, 1], 0],
    ['cosine', [1, 0], [-5, 0], 2],
    ['dot', [2 ** 62], [-(2 ** 62)], 2 ** 124],
  ])('%s of %j and %j is %d', async (metric, x, y, expected) => {
    const index = await VectorIndex.create({ dimensions: x.length, metric, type: 'flat' });
    index.add(1, x);
    expect(index.search(y, { k: 1 }).distances[0]).toBeCloseTo(expected, 6);
  });

  describe.each(METRICS)('%s', (metric) => {
    test('as the oracle, in every dimension, slot and batch', async () => {
      for (const dimensions of DIMENSIONS) expect(await checkKernel({ VectorIndex }, metric, dimensions)).toEqual([]);
    });

    // a row of unit length has no integers
    if (metric !== 'cosine') {
      test('exact on small integers', async () => {
        for (const dimensions of DIMENSIONS) expect(await checkExactness({ VectorIndex }, metric, dimensions)).toEqual([]);
      });
    }

    test('a walk measures as a scan does, to the bit', async () => {
      const dimensions = 29;
      const next = random(5);
      const { rows } = clustered(next, 400, dimensions);
      const index = await VectorIndex.create({ dimensions, metric, maxConnections: 6, efConstruction: 40 });
      index.addMany(sequence(400), rows);
      for (let i = 0; i < 20; i++) {
        const query = vector(next, dimensions);
        const scanned = index.search(query, { k: 400, filterStrategy: 'scan' });
        const walked = index.search(query, { k: 400, filterStrategy: 'traverse' });
        expect(walked.ids.length).toBe(400);
        expect(walked.distances).toEqual(scanned.distances);
      }
    });

    test('65,535 dimensions', async () => {
      const dimensions = 65535;
      const next = random(6);
      const index = await VectorIndex.create({ dimensions, metric, type: 'flat' });
      const [x, y] = [vector(next, dimensions), vector(next, dimensions)];
      index.add(1, x);
      const { distance, tolerance } = measure(metric, y, x);
      expect(Math.abs(index.search(y, { k: 1 }).distances[0] - distance)).toBeLessThanOrEqual(tolerance);
    });
  });

  test('hamming counts every component once', async () => {
    for (let dimensions = 1; dimensions <= 67; dimensions++) {
      const index = await VectorIndex.create({ dimensions, metric: 'hamming', type: 'flat' });
      for (let differing = 0; differing <= dimensions; differing++) {
        index.add(differing, Float32Array.from({ length: dimensions }, (_, i) => (i < differing ? 2 : 1)));
      }
      const { ids, distances } = index.search(new Float32Array(dimensions).fill(1), { k: dimensions + 1 });
      expect([...distances]).toEqual([...ids]);
    }
  });
});
