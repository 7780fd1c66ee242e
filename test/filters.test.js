import { beforeAll, describe, expect, test } from 'vitest';
import { integer, random, sequence, shuffled, vector } from './conformance/random.js';
import { SEED, VectorIndex, errorOf } from './support/engine.js';
import { KINDS, SHARES, filterBench } from './support/selectivity.js';

const seed = SEED ?? 21;

/** `count` points on a line: the neighbors of x are the integers around it. */
async function line(count, options = {}) {
  const index = await VectorIndex.create({ dimensions: 1, metric: 'l2-squared', maxConnections: 6, ...options });
  for (let id = 0; id < count; id++) index.add(id, [id]);
  return index;
}
const near = (index, x, k, options) => [...index.search([x], { k, ...options }).ids];

test('looking at its size does not make a filter stale', async () => {
  for (const type of ['flat', 'hnsw']) {
    const index = await VectorIndex.create({ dimensions: 2, type, metric: 'l2-squared' });
    for (let id = 0; id < 10; id++) index.add(id, [id, 0]);
    const filter = index.filter([1, 2, 3]);
    const found = () => [...index.search([1, 0], { filter }).ids];
    expect(found()).toEqual([1, 2, 3]);
    index.remove(1);
    expect([filter.size, found()]).toEqual([2, [2, 3]]);
    index.add(1, [1, 0]);
    index.remove(2);
    index.add(77, [2, 0]);
    expect([filter.size, found()]).toEqual([2, [1, 3]]);
  }
});

test('a bitmap of ids is a filter like another, whatever is added and removed', async () => {
  const next = random(seed);
  for (const type of ['flat', 'hnsw']) {
    const index = await VectorIndex.create({ dimensions: 1, type, metric: 'l2-squared', idTable: false });
    for (let id = 0; id < 500; id++) index.add(id, [id]);
    for (const share of [0.5, 0.05, 0]) {
      const bits = new Uint32Array(20); // beyond what there is
      const ids = Array.from({ length: 640 }, (_, id) => id).filter(() => next() < share);
      for (const id of ids) bits[id >>> 5] |= 1 << (id & 31);
      const filter = index.filterOfBits(bits);
      for (let round = 0; round < 4; round++) {
        index.remove(integer(next, 0, 500));
        index.add(500 + round, [500 + round]);
        const there = ids.filter((id) => index.has(id));
        expect(filter.size).toBe(there.length);
        const x = integer(next, 0, 500);
        const wanted = there.sort((a, b) => Math.abs(a - x) - Math.abs(b - x) || a - b).slice(0, 9).map((id) => Math.abs(id - x));
        expect([...index.search([x], { k: 9, filter, ef: 600 }).ids].map((id) => Math.abs(id - x))).toEqual(wanted);
      }
    }
    expect((await errorOf(() => index.filterOfBits([1]))).code).toBe('INVALID_ARGUMENT');
  }
  const withIds = await VectorIndex.create({ dimensions: 1, metric: 'l2-squared' });
  expect((await errorOf(() => withIds.filterOfBits(new Uint32Array(1)))).code).toBe('INVALID_ARGUMENT');
});

test('ids that are made while they are read may change the index', async () => {
  const index = await VectorIndex.create({ dimensions: 2, metric: 'l2-squared', maxConnections: 4 });
  for (let id = 0; id < 3000; id++) index.add(id, [id, 0]);
  for (let id = 0; id < 2000; id++) index.remove(id);
  const shrinking = { *[Symbol.iterator]() { while (index.work(50)); yield 2500; yield 2600; } };
  expect([...index.search([2500, 0], { k: 2, filter: shrinking }).ids]).toEqual([2500, 2600]);
  const growing = { *[Symbol.iterator]() { for (let id = 0; id < 500; id++) { index.add(id, [id, 0]); yield id; } } };
  expect(index.search([0, 0], { k: 400, filter: growing }).ids.length).toBe(400);
});

describe('named', () => {
  test('only what is allowed is returned', async () => {
    const index = await line(1000);
    const odd = Array.from({ length: 500 }, (_, i) => 2 * i + 1);
    for (const filterStrategy of ['auto', 'scan', 'traverse']) {
      expect(near(index, 100.1, 4, { filter: odd, filterStrategy })).toEqual([101, 99, 103, 97]);
    }
  });

  test('any iterable of ids will do', async () => {
    const index = await line(100);
    const ids = [3, 50, 90];
    for (const filter of [ids, new Set(ids), Uint32Array.from(ids), ids.values(), index.filter(ids), (function* () { yield* ids; })()]) {
      expect(near(index, 60, 5, { filter })).toEqual([50, 90, 3]);
    }
  });

  test('nothing allowed, nothing found', async () => {
    const index = await line(100);
    for (const filter of [[], [1000, 1001], index.filter([])]) expect(near(index, 1, 5, { filter })).toEqual([]);
    expect(index.filter([5, 5, 5, 200]).size).toBe(1);
  });

  test('k hits whenever k are allowed, wherever they are', async () => {
    const index = await line(5000, { maxConnections: 4, efConstruction: 20 });
    for (const count of [1, 9, 10, 11, 157, 200, 2500]) {
      for (const filterStrategy of ['auto', 'scan', 'traverse']) {
        const far = sequence(count, 5000 - count);
        expect(near(index, 0, 10, { filter: far, filterStrategy, ef: 10 }).length).toBe(Math.min(10, count));
        expect(near(index, 0, count, { filter: far, filterStrategy }).sort((a, b) => a - b)).toEqual([...far]);
      }
    }
  });

  test('a filter of another index is refused', async () => {
    const [one, other] = [await line(10), await line(10)];
    expect(await errorOf(() => near(one, 1, 1, { filter: other.filter([1]) }))).toMatchObject({ name: 'VectileError', code: 'INVALID_ARGUMENT' });
    const again = await VectorIndex.deserialize(one.serialize());
    expect(await errorOf(() => near(again, 1, 1, { filter: one.filter([1]) }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('two filters taking turns', async () => {
    const index = await line(300);
    const [low, high, few] = [index.filter(sequence(100)), index.filter(sequence(100, 200)), index.filter([150])];
    for (let i = 0; i < 10; i++) {
      expect(near(index, 150, 1, { filter: low })).toEqual([99]);
      expect(near(index, 150, 1, { filter: few })).toEqual([150]);
      expect(near(index, 150, 1, { filter: high })).toEqual([200]);
      expect(near(index, 150, 1)).toEqual([150]);
    }
  });
});

describe.each(['hnsw', 'flat'])('a prepared filter stays right, %s', (type) => {
  test.each([['as a list', 3], ['as a bitmap', 60]])('%s', async (_, count) => {
    const index = await line(200, { type });
    const ids = sequence(count, 100);
    const filter = index.filter([...ids, 5000]);
    const check = (expected) => {
      for (const filterStrategy of ['auto', 'traverse']) {
        expect(near(index, 0, 1000, { filter, filterStrategy }).sort((a, b) => a - b)).toEqual([...expected].sort((a, b) => a - b));
      }
      expect(filter.size).toBe(expected.length);
    };
    check([...ids]);
    index.remove(100);
    check([...ids.subarray(1)]);
    index.add(100, [1]);
    check([...ids]);
    index.add(101, [2]);
    check([...ids]);
    expect(near(index, 1, 1, { filter })).toEqual([100]);
    index.add(5000, [3]);
    check([...ids, 5000]);
    for (let id = 300; id < 1500; id++) index.add(id, [id]);
    check([...ids, 5000]);
    for (let id = 300; id < 1500; id++) index.remove(id);
    for (let id = 0; id < 100; id++) index.remove(id);
    check([...ids, 5000]);
    while (index.work(0)) check([...ids, 5000]);
    expect(index.stats().free).toBe(0); // closed up: slots have moved
    check([...ids, 5000]);
  });

  test('what is added after it was last used is not allowed by it', async () => {
    for (const start of [500, 1000, 2000]) {
      const index = await line(start, { type, efConstruction: 8 });
      const filter = index.filter(sequence(200));
      for (let id = start; id < start + 500;) {
        index.search([id], { k: 200 }); // leaves numbers where the scratch area is laid out next
        for (let i = 0; i < 41; i++, id++) index.add(id, [id]);
        for (const filterStrategy of ['auto', 'traverse']) {
          const hits = near(index, id, 200, { filter, filterStrategy });
          expect(hits.length).toBe(200);
          expect(Math.max(...hits)).toBeLessThan(200);
        }
      }
    }
  });

  test('after an index is opened anew', async () => {
    const index = await VectorIndex.deserialize((await line(200, { type })).serialize());
    const filter = index.filter([10, 20, 500]);
    expect(near(index, 0, 5, { filter })).toEqual([10, 20]);
    index.add(500, [15]);
    expect(near(index, 0, 5, { filter })).toEqual([10, 500, 20]);
  });
});

/** An ef at which unfiltered recall is at least 0.97, as the promise says. */
const EF = 80;
/** What these allow begins far from the query. A walk that the caller insists on may end before it is there; `auto` scans. */
const AWAY = ['farthest', 'other clusters'];
const benches = [
  { metric: 'l2-squared', dimensions: 24, count: 10_000 },
  { metric: 'cosine', dimensions: 24, count: 10_000 },
];

describe.each(benches)('recall, $metric', (settings) => {
  let bench;
  beforeAll(async () => {
    bench = await filterBench({ VectorIndex, queries: 25, seed, options: { maxConnections: 16, efConstruction: 100 }, ...settings });
  }, 60_000);

  test('without a filter it is at least 0.97', () => expect(bench.unfiltered(EF)).toBeGreaterThanOrEqual(0.97));

  describe.each(KINDS)('%s', (kind) => {
    test.each(SHARES)('selectivity %d', (share) => {
      expect(bench.filtered({ kind, share, ef: EF, filterStrategy: 'auto' }), 'auto').toBeGreaterThanOrEqual(0.95);
      expect(bench.filtered({ kind, share, ef: EF, filterStrategy: 'traverse' }), 'traverse').toBeGreaterThanOrEqual(AWAY.includes(kind) ? 0.1 : 0.95);
      expect(bench.filtered({ kind, share, filterStrategy: 'scan' }), 'scan').toBe(1);
      expect(bench.filtered({ kind, share, ef: 1, k: 30, filterStrategy: 'traverse' }), 'never fewer than k').toBeGreaterThan(0);
    });
  });
});

describe('generated', () => {
  test('random filters over random changes', async () => {
    const next = random(seed);
    const index = await VectorIndex.create({ dimensions: 4, metric: 'l2-squared', maxConnections: 5 });
    const live = new Set();
    const filters = [];
    for (let i = 0; i < 1500; i++) {
      const id = integer(next, 0, 600);
      if (next() < 0.7) { index.add(id, vector(next, 4)); live.add(id); } else { index.remove(id); live.delete(id); }
      if (next() < 0.3) index.work(0);
      if (i % 150 === 0) {
        const ids = shuffled(next, 700).subarray(0, integer(next, 0, 700));
        filters.push({ filter: index.filter(ids), ids: new Set(ids) });
      }
      const { filter, ids } = filters[integer(next, 0, filters.length)];
      const expected = [...ids].filter((x) => live.has(x)).sort((a, b) => a - b);
      const hits = index.search(vector(next, 4), { k: 700, filter, filterStrategy: 'traverse' });
      expect([...hits.ids].sort((a, b) => a - b), `seed ${seed}, step ${i}`).toEqual(expected);
    }
  });
});
