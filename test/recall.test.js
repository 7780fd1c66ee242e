import { beforeAll, describe, expect, test } from 'vitest';
import { hitsWithin } from './conformance/oracle.js';
import { random, sequence, shuffled } from './conformance/random.js';
import { VectorIndex } from './support/engine.js';
import { dimensions, glove, missing } from './support/glove.js';

/** Floors on real data: the first 10,000 words of GloVe, 200 held out. What the kernels' tests prove exact is the truth. */
const COUNT = 10_000;
const K = 10;

if (missing) console.warn(`SKIPPED recall on GloVe: ${missing}`);

describe.skipIf(missing)(missing ? `recall on GloVe (skipped: ${missing})` : 'recall on GloVe', () => {
  let data, truth, index;

  beforeAll(async () => {
    data = await glove(COUNT, 200);
    const flat = await VectorIndex.create({ dimensions, type: 'flat' });
    flat.addMany(sequence(COUNT), data.rows);
    truth = data.queries.map((query) => flat.search(query, { k: K }).distances);
    index = await VectorIndex.create({ dimensions, maxConnections: 16, efConstruction: 200, seed: 1 });
    index.addMany(sequence(COUNT), data.rows);
  }, 60_000);

  const recall = (options, expected = truth) => {
    let found = 0;
    data.queries.forEach((query, i) => { found += hitsWithin(index.search(query, { k: K, filterStrategy: 'traverse', ...options }).distances, expected[i]); });
    return found / (K * data.queries.length);
  };

  test.each([[10, 0.84], [32, 0.96], [64, 0.98], [128, 0.99], [400, 0.998]])('ef %d: at least %d', (ef, floor) => {
    const got = recall({ ef });
    console.log(`ef ${ef}: ${got}`);
    expect(got).toBeGreaterThanOrEqual(floor);
  });

  test('by default', () => expect(recall({ filterStrategy: undefined })).toBeGreaterThanOrEqual(0.95));

  test.each([0.5, 0.1, 0.01])('filtered to %d at random', (share) => {
    const ids = shuffled(random(1), COUNT).subarray(0, COUNT * share);
    const filter = index.filter(ids);
    const exact = data.queries.map((query) => index.search(query, { k: K, filter, filterStrategy: 'scan' }).distances);
    expect(recall({ ef: 128, filter }, exact)).toBeGreaterThanOrEqual(0.95);
    expect(recall({ ef: 128, filter, filterStrategy: 'auto' }, exact)).toBeGreaterThanOrEqual(0.95);
  });

  test('every word finds itself', () => {
    let lost = 0;
    for (let id = 0; id < COUNT; id += 10) if (index.search(data.row(id), { k: 1, ef: 32, filterStrategy: 'traverse' }).ids[0] !== id) lost++;
    expect(lost).toBeLessThanOrEqual(COUNT / 10 / 100);
  });
});
