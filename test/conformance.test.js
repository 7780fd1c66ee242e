import { describe, expect, test } from 'vitest';
import { conformance } from './conformance/suite.js';
import * as engine from '../dist/engine.node.js';
import { binaries, useBinary } from './support/engine.js';

describe.each(binaries)('%s', (binary) => {
  test('conforms', async () => {
    await useBinary(binary);
    const { passed, failures } = await conformance(engine);
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThan(80);
  });
});

test('a core that computes wrongly does not conform', async () => {
  const wrong = class extends engine.VectorIndex {
    static async create(options) {
      const index = await engine.VectorIndex.create(options);
      const search = index.search.bind(index);
      index.search = (query, how) => {
        const hits = search(query, how);
        if (hits.ids.length > 2) hits.distances[2] *= 1.0001;
        return hits;
      };
      return index;
    }
  };
  const { failures } = await conformance({ ...engine, VectorIndex: wrong });
  expect(failures.some((failure) => failure.startsWith('kernel l2-squared'))).toBe(true);
  expect(failures.some((failure) => failure.startsWith('codec sq8'))).toBe(true);
  expect(failures.some((failure) => failure.startsWith('script'))).toBe(true);
});
