import { beforeAll, describe, expect, test } from 'vitest';
import { hitsWithin, nearestDistances } from './conformance/oracle.js';
import { clustered, integer, random, sequence, shuffled } from './conformance/random.js';
import { VectorIndex } from './support/engine.js';
import { expectSound, measured, withInstance } from './support/memory.js';

/** Many equal vectors: what they must not cost is time, recall, or hits. */

const COUNT = 20_000;
const DIMENSIONS = 16;
const OPTIONS = { dimensions: DIMENSIONS, metric: 'l2-squared', maxConnections: 12, efConstruction: 60, seed: 3 };

/** `share` of the rows are the same one. */
function rowsWith(share, seed = 7) {
  const next = random(seed);
  const { rows } = clustered(next, COUNT, DIMENSIONS, 50);
  const same = rows.slice(0, DIMENSIONS);
  const equal = new Uint8Array(COUNT);
  for (let i = 0; i < COUNT; i++) if (next() < share) { equal[i] = 1; rows.set(same, i * DIMENSIONS); }
  return { rows, same, equal, row: (i) => rows.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS), ids: [...equal.keys()].filter((i) => equal[i]) };
}

async function build(share) {
  const data = rowsWith(share);
  const { index, exports } = await withInstance(async () => {
    const made = await VectorIndex.create(OPTIONS);
    made.reserve(COUNT + 1000);
    return made;
  });
  const before = measured(exports);
  const started = performance.now();
  index.addMany(sequence(COUNT), data.rows);
  return { ...data, index, exports, ms: performance.now() - started, measured: measured(exports) - before };
}

let distinct;
beforeAll(async () => { distinct = await build(0); }, 60_000);

describe.each([0.9, 1])('%d of all vectors are equal', (share) => {
  let some;
  beforeAll(async () => { some = await build(share); }, 60_000);

  test('are inserted with no more work than distinct ones', () => {
    expect(some.index.stats().twins).toBeGreaterThan(COUNT * share * 0.99 - 100);
    expect(distinct.measured).toBeGreaterThan(COUNT); // the count counts
    expect(some.measured).toBeLessThan(distinct.measured * 1.2);
    expect(some.ms).toBeLessThan(distinct.ms * 3 + 500);
  });

  test.each(['auto', 'traverse'])('fill k hits at distance 0 (%s)', (filterStrategy) => {
    const { index, same, equal } = some;
    for (const k of [1, 10, 100, 1000]) {
      const { ids, distances } = index.search(same, { k, filterStrategy });
      expect(new Set(ids).size).toBe(k);
      expect(Math.max(...distances)).toBe(0);
      for (const id of ids) expect(equal[id]).toBe(1);
    }
  });

  test('are each found through a filter', () => {
    const { index, same, ids } = some;
    for (let i = 0; i < ids.length; i += 97) {
      for (const filterStrategy of ['auto', 'traverse']) {
        expect(index.search(same, { k: 5, filter: [ids[i]], filterStrategy })).toEqual({ ids: Uint32Array.of(ids[i]), distances: Float32Array.of(0), rescored: 0 });
      }
    }
    const half = ids.filter((_, i) => i % 2);
    const hits = index.search(same, { k: ids.length, filter: half, filterStrategy: 'traverse' });
    expect([...hits.ids].sort((a, b) => a - b)).toEqual(half);
  });

  if (share < 1) test('leave the recall of the others as it is', () => {
    const { index, equal, row } = some;
    const others = [...equal.keys()].filter((i) => !equal[i]);
    let found = 0, wanted = 0;
    for (let i = 0; i < 50; i++) {
      const query = row(others[(i * 31) % others.length]);
      const exact = nearestDistances('l2-squared', query, sequence(COUNT), row, 10);
      found += hitsWithin(index.search(query, { k: 10, ef: 60, filterStrategy: 'traverse' }).distances, exact);
      wanted += 10;
    }
    expect(found / wanted).toBeGreaterThanOrEqual(0.97);
  });

  test('searches stay short, also where the filter allows none of the equal ones', () => {
    const work = (index, exports, query, options) => {
      index.search(query, options); // widens first
      const before = measured(exports);
      for (let i = 0; i < 20; i++) index.search(query, options);
      return measured(exports) - before;
    };
    for (const filter of [undefined, sequence(COUNT / 2)]) {
      const options = { k: 10, ef: 100, filterStrategy: 'traverse', filter: filter && some.index.filter(filter) };
      const reference = { ...options, filter: filter && distinct.index.filter(filter) };
      expect(work(some.index, some.exports, some.same, options)).toBeLessThan(work(distinct.index, distinct.exports, distinct.same, reference) * 3 + 2000);
    }
  });
});

test('twins that become distinct get levels like any others', async () => {
  const count = 4000;
  const index = await VectorIndex.create({ dimensions: 4, metric: 'l2-squared', maxConnections: 8, efConstruction: 40 });
  for (let id = 0; id < count; id++) index.add(id, [1, 1, 1, 1]);
  const next = random(3);
  for (let id = 0; id < count; id++) index.add(id, [next(), next(), next(), next()]);
  const { levels, twins } = index.stats();
  expect(twins).toBe(0);
  expect(levels[0] / count).toBeLessThan(0.95); // 7 of 8 are expected
  expect(levels.length).toBeGreaterThan(2);
});

describe('becoming equal, and no more', () => {
  const timed = (call) => {
    const started = performance.now();
    call();
    return performance.now() - started;
  };

  test('replacing all vectors by one and the same, then by distinct ones', async () => {
    const { index, rows, row, same, ms } = await build(0);
    const order = shuffled(random(1), COUNT);
    const collapse = timed(() => { for (const id of order) index.add(id, same); });
    expect(collapse).toBeLessThan(ms * 6 + 1000);
    expect(index.stats().twins).toBeGreaterThan(COUNT * 0.99);
    expectSound(index);
    const hits = index.search(same, { k: COUNT, filterStrategy: 'traverse' });
    expect(new Set(hits.ids).size).toBe(COUNT);

    // one id at a time among all the equal ones: no walk along 20,000 twins for each
    const searches = timed(() => {
      for (let i = 0; i < 200; i++) {
        const filter = [order[i], order[i + 1]];
        expect(index.search(row(i), { k: 2, filter, filterStrategy: 'traverse' }).ids.length).toBe(2);
      }
    });
    expect(searches).toBeLessThan(ms + 1000);
    const half = index.filter(order.subarray(0, COUNT / 2));
    expect(timed(() => { for (let i = 0; i < 100; i++) index.search(row(i), { k: 10, filter: half, filterStrategy: 'traverse' }); })).toBeLessThan(ms + 1000);

    expect(timed(() => { for (const id of order) index.add(id, row(id)); })).toBeLessThan(ms * 6 + 1000);
    expect(index.stats().twins).toBeLessThan(10);
    expectSound(index);
    let found = 0;
    for (let i = 0; i < 50; i++) {
      const exact = nearestDistances('l2-squared', row(i * 7), sequence(COUNT), (id) => rows.subarray(id * DIMENSIONS, (id + 1) * DIMENSIONS), 10);
      found += hitsWithin(index.search(row(i * 7), { k: 10, ef: 80, filterStrategy: 'traverse' }).distances, exact);
    }
    expect(found / 500).toBeGreaterThanOrEqual(0.95);
  }, 60_000);

  test('removing equal ones, the linked one among them, again and again', async () => {
    const { index, same, ids, equal, ms } = await build(0.9);
    const next = random(2);
    const left = new Set(ids);
    const others = COUNT - ids.length;
    const spent = timed(() => {
      while (left.size > 10) {
        // the first hit is the one that is linked
        const [first] = index.search(same, { k: 1, filterStrategy: 'traverse' }).ids;
        expect(left.has(first)).toBe(true);
        index.remove(first);
        left.delete(first);
        for (const id of [...left].slice(0, 500)) if (next() < 0.8) { index.remove(id); left.delete(id); }
        if (next() < 0.5) for (let i = integer(next, 0, 300); i > 0; i--) index.work(0);
      }
    });
    expect(spent).toBeLessThan(ms * 20 + 5000);
    while (index.work(5));
    expect(index.size).toBe(others + left.size);
    expectSound(index);
    const hits = index.search(same, { k: left.size, filterStrategy: 'traverse' });
    expect(new Set(hits.ids)).toEqual(left);
    for (const id of hits.ids) expect(equal[id]).toBe(1);
  }, 60_000);

  test('all equal, all removed, and filled again', async () => {
    const index = await VectorIndex.create(OPTIONS);
    const same = new Float32Array(DIMENSIONS).fill(2);
    for (let round = 0; round < 3; round++) {
      for (let id = 0; id < 2000; id++) index.add(id, same);
      expect(new Set(index.search(same, { k: 2000, filterStrategy: 'traverse' }).ids).size).toBe(2000);
      for (let id = 0; id < 2000; id++) index.remove(id);
      expect(index.search(same, { k: 10 }).ids.length).toBe(0);
      if (round) while (index.work(5));
    }
    expect(index.stats()).toMatchObject({ count: 0, tombstones: 0, twins: 0 });
  });
});
