import { expect, test } from 'vitest';
import { SEED, VectorIndex } from '../support/engine.js';
import { KINDS, SHARES, filterBench } from '../support/selectivity.js';

test.each([['cosine', 100], ['l2-squared', 48]])('filters over 100,000 vectors, %s', async (metric, dimensions) => {
  const bench = await filterBench({
    VectorIndex, metric, dimensions, count: 100_000, queries: 50, seed: SEED ?? 51, options: { maxConnections: 16, efConstruction: 128 },
  });
  const ef = [40, 80, 160, 320].find((one) => bench.unfiltered(one) >= 0.97);
  expect(ef).toBeDefined();
  const low = [];
  for (const kind of KINDS) {
    for (const share of SHARES) {
      const recall = bench.filtered({ kind, share, ef, filterStrategy: 'auto' });
      console.log(`${metric}, ef ${ef}, ${kind}, ${share}: ${recall.toFixed(4)}`);
      if (recall < 0.95) low.push([kind, share, recall]);
    }
  }
  expect(low).toEqual([]);
});
