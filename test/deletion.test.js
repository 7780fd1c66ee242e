import { describe, expect, test } from 'vitest';
import { clustered, integer, random, sequence, shuffled } from './conformance/random.js';
import { churn } from './support/churn.js';
import { SEED, VectorIndex } from './support/engine.js';
import { Header, SweepPhase, expectSound, measured, withInstance } from './support/memory.js';

const seed = SEED ?? 11;
const EFS = [20, 60];
const size = { count: 8000, dimensions: 32, queries: 150, seed };
const graph = { maxConnections: 12, efConstruction: 80 };

describe('named', () => {
  const small = async () => {
    const index = await VectorIndex.create({ dimensions: 2, metric: 'l2-squared', maxConnections: 4 });
    for (let id = 0; id < 100; id++) index.add(id, [id, 0]);
    return index;
  };

  test('what is removed is not returned, at once', async () => {
    const index = await small();
    expect(index.search([50, 0], { k: 1 }).ids[0]).toBe(50);
    expect(index.remove(50)).toBe(true);
    expect(index.remove(50)).toBe(false);
    for (const filterStrategy of ['scan', 'traverse']) expect([...index.search([50, 0], { k: 2, filterStrategy }).ids].sort()).toEqual([49, 51]);
    expect(index.stats()).toMatchObject({ count: 99, tombstones: 1, free: 0 });
  });

  test('work frees the slots, and new vectors take them', async () => {
    const index = await small();
    for (let id = 0; id < 3; id++) index.remove(id);
    while (index.work(0));
    expect(index.stats()).toMatchObject({ count: 97, tombstones: 0, free: 3 });
    const { total } = index.stats().bytes;
    for (let id = 0; id < 3; id++) index.add(1000 + id, [-id, 0]);
    expect(index.stats()).toMatchObject({ count: 100, free: 0 });
    expect(index.stats().bytes.total).toBeLessThanOrEqual(total + 192);
  });

  test('an index that is emptied can be filled again', async () => {
    const index = await small();
    for (let round = 0; round < 3; round++) {
      for (const id of index.ids()) index.remove(id);
      expect(index.search([0, 0]).ids.length).toBe(0);
      if (round) while (index.work(0));
      for (let id = 0; id < 100; id++) index.add(id, [id, round]);
      expect([...index.search([70, round], { k: 1, filterStrategy: 'traverse' }).ids]).toEqual([70]);
    }
  });

  test('the memory of an emptied index comes back', async () => {
    const index = await VectorIndex.create({ dimensions: 100, metric: 'l2-squared', type: 'flat' });
    for (let id = 0; id < 5000; id++) index.add(id, new Float32Array(100).fill(id));
    const before = index.stats().bytes.memory;
    for (let id = 10; id < 5000; id++) index.remove(id);
    while (index.work(5));
    expect(index.stats().bytes.memory).toBeLessThan(before / 10);
    expect([...index.search(new Float32Array(100).fill(3), { k: 1 }).ids]).toEqual([3]);
  });

  test('a refused addition leaves the bytes alone, also where additions help with repair', async () => {
    const index = await VectorIndex.create({ dimensions: 2, maxConnections: 4 });
    for (let id = 0; id < 500; id++) index.add(id, [id, 1]);
    for (let id = 0; id < 200; id++) index.remove(id);
    const before = index.serialize();
    for (const bad of [[NaN, 1], [0, 0]]) expect(() => index.add(5, bad)).toThrow(/^vector: expected/);
    expect(Buffer.compare(index.serialize(), before)).toBe(0);
    const image = [];
    await expect(index.writeImage((chunk) => { image.push(chunk); index.add(5, [5, 1]); })).rejects.toMatchObject({ code: 'INDEX_CHANGED' });
  });

  test('room that was asked for while memory is given back stays', async () => {
    const index = await VectorIndex.create({ dimensions: 16, type: 'flat' });
    index.addMany(sequence(20_000), new Float32Array(20_000 * 16).fill(1));
    for (let id = 0; id < 15_000; id++) index.remove(id);
    index.work(0);
    index.work(0);
    index.reserve(50_000);
    while (index.work(5));
    expect(index.stats().bytes.memory).toBeGreaterThan(55_000 * 64);
  });

  test('what is left is found among many times as many tombstones', async () => {
    const count = 20_000;
    const { rows, row } = clustered(random(5), count, 16);
    const index = await VectorIndex.create({ dimensions: 16, metric: 'l2-squared', maxConnections: 8, efConstruction: 40 });
    index.addMany(sequence(count), rows);
    const kept = sequence(count).filter((id) => id % 100 === 7);
    for (let id = 0; id < count; id++) if (id % 100 !== 7) index.remove(id);
    for (const id of kept) expect([...index.search(row(id), { k: 1 }).ids]).toEqual([id]);
  });

  test('room that was made for more to come is given back too', async () => {
    const dimensions = 1000;
    const open = () => VectorIndex.create({ dimensions, metric: 'l2-squared', type: 'flat' });
    const index = await open();
    index.addMany(sequence(5000), new Float32Array(5000 * dimensions));
    for (let id = 0; id < 2500; id++) index.remove(id);
    while (index.work(5));
    for (let id = 0; id < 340; id++) index.add(id, new Float32Array(dimensions));
    while (index.work(5));
    const fresh = await open();
    fresh.addMany(sequence(2840), new Float32Array(2840 * dimensions));
    expect(index.stats().bytes.memory / fresh.stats().bytes.memory).toBeLessThanOrEqual(1.1);
  });

  test('searches stay short while much that was removed waits for work', async () => {
    const count = 20_000;
    const { rows, row } = clustered(random(3), count, 8);
    const { index, exports } = await withInstance(() => VectorIndex.create({ dimensions: 8, metric: 'l2-squared', maxConnections: 8, efConstruction: 40 }));
    index.addMany(sequence(count), rows);
    const work = () => {
      index.search(row(0), { ef: 40 }); // widens first
      const before = measured(exports);
      for (let id = 0; id < 50; id++) index.search(row(id * 31), { ef: 40 });
      return measured(exports) - before;
    };
    const fresh = work();
    expect(fresh).toBeLessThan((50 * count) / 10);
    for (const share of [5, 3, 2]) {
      for (let id = 0; id < count; id += share) index.remove(id);
      expect(work(), `one in ${share} removed`).toBeLessThan(fresh * 4);
    }
  });

  test('replacing while a sweep is under way leaves no link to what it frees', async () => {
    const next = random(1);
    const index = await VectorIndex.create({ dimensions: 3, metric: 'l2-squared', maxConnections: 3, efConstruction: 16 });
    const point = () => [next(), next(), next()];
    for (let id = 0; id < 300; id++) index.add(id, point());
    for (let id = 0; id < 300; id += 3) index.remove(id);
    while (index.stats().tombstones) {
      index.work(0);
      for (let i = 0; i < 3; i++) index.add(integer(next, 0, 100) * 3 + 1, point());
      expectSound(index);
    }
    expect([...index.search(point(), { k: 300, ef: 300, filterStrategy: 'traverse' }).ids].every((id) => id % 3)).toBe(true);
  });

  test('repairing around the entry does not link it to itself', async () => {
    const index = await VectorIndex.create({ dimensions: 1, metric: 'l2-squared', maxConnections: 2 });
    for (const id of [1, 2, 3]) index.add(id, [id]);
    for (let round = 0; round < 20; round++) {
      index.add(1 + (round % 3), [round * 7 % 5]);
      expectSound(index);
    }
  });

  test('a slot that was freed keeps none of its links', async () => {
    const index = await VectorIndex.create({ dimensions: 1, metric: 'l2-squared', maxConnections: 4, idTable: false });
    for (let id = 0; id < 50; id++) index.add(id, [id]);
    for (let id = 0; id < 40; id++) index.remove(id);
    while (index.work(0));
    for (let id = 0; id < 40; id++) index.add(id, [45]); // equal to 45: not linked themselves
    expectSound(index);
    for (let id = 0; id < 40; id++) index.remove(id);
    while (index.work(0));
    expect([...index.search([20], { k: 50, filterStrategy: 'traverse' }).ids].every((id) => id >= 40)).toBe(true);
  });

  test('an image written in the middle of a sweep goes on where it was', async () => {
    for (const phase of [SweepPhase.Mark, SweepPhase.Relink, SweepPhase.Free]) {
      const index = await small();
      for (let id = 0; id < 60; id++) index.remove(id);
      let image = index.serialize();
      while (new DataView(image.buffer).getUint32(Header.SweepPhase, true) !== phase) {
        expect(index.work(0)).toBe(true);
        image = index.serialize();
      }
      const again = await VectorIndex.deserialize(image);
      for (const one of [index, again]) {
        while (one.work(0));
        expectSound(one);
        expect([...one.search([70, 0], { k: 40, filterStrategy: 'traverse' }).ids].sort()).toEqual([...Array(40).keys()].map((i) => i + 60));
      }
      expect(again.serialize()).toEqual(index.serialize());
    }
  });
});

describe('three rounds of 30 % removed and added again', () => {
  test.each([[true, true], [true, false], [false, true]])('idTable %s, work between: %s', async (idTable, workBetween) => {
    const run = await churn({ ...size, options: { ...graph, idTable } });
    for (let round = 0; round < 3; round++) {
      const removed = run.removeSome(0.3);
      run.probe();
      if (workBetween) expect(run.workUp((slice) => slice % 25 || run.probe())).toBeGreaterThan(10);
      run.add(removed);
      run.probe();
    }
    run.workUp((slice) => slice % 25 || run.probe());
    const result = await run.expectLikeFresh({ efs: EFS });
    console.log(`idTable ${idTable}, work between ${workBetween}: ${JSON.stringify(result)}`);
  }, 60_000);

  test('changes between the slices of a sweep', async () => {
    const run = await churn({ ...size, count: 4000, options: { ...graph, idTable: true } });
    let waiting = run.removeSome(0.3);
    let newId = 1e6;
    run.workUp((slice) => {
      if (slice % 10) return;
      if (slice % 20) run.add([waiting.pop() ?? newId++]);
      else if (slice < 3000) run.removeSome(0.0005);
      run.probe();
    });
    run.add(waiting);
    run.workUp();
    await run.expectLikeFresh({ efs: EFS });
  }, 60_000);

  test('removed for good: memory shrinks to what is left', async () => {
    const run = await churn({ ...size, options: { ...graph, idTable: true } });
    run.removeSome(0.7);
    run.workUp((slice) => slice % 50 || run.probe());
    await run.expectLikeFresh({ efs: EFS });
  }, 60_000);
});

describe('all vectors replaced three times', () => {
  test.each([true, false])('idTable %s', async (idTable) => {
    const run = await churn({ ...size, count: 4000, options: { ...graph, idTable } });
    const next = random(seed);
    for (let round = 0; round < 3; round++) {
      const ids = run.ids();
      const order = [...shuffled(next, ids.length)].map((i) => ids[i]);
      for (let from = 0; from < order.length; from += 200) {
        run.add(order.slice(from, from + 200));
        run.probe();
      }
    }
    run.workUp();
    const result = await run.expectLikeFresh({ efs: EFS });
    console.log(`replaced, idTable ${idTable}: ${JSON.stringify(result)}`);
  }, 60_000);
});

test('endless churn does not pile up bytes where the caller allots slots', async () => {
  const index = await VectorIndex.create({ dimensions: 2, metric: 'l2-squared', maxConnections: 2, efConstruction: 8, idTable: false });
  const next = random(seed);
  const round = () => {
    for (let id = 0; id < 500; id++) index.add(id, [next(), next()]);
    for (let id = 0; id < 500; id++) index.remove(id);
    while (index.work(0));
  };
  for (let i = 0; i < 3; i++) round();
  const before = index.stats().bytes.total;
  for (let i = 0; i < 30; i++) round();
  expect(index.stats().bytes.total).toBeLessThan(before * 1.3);
});
