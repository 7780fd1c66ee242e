import { afterEach, describe, expect, test, vi } from 'vitest';
import { random, sequence, vector } from './conformance/random.js';
import { SEED, VectorIndex, VectileError, errorOf } from './support/engine.js';
import { expectSound } from './support/memory.js';

const create = (options) => VectorIndex.create({ dimensions: 3, metric: 'l2-squared', maxConnections: 4, ...options });

async function filled(options, count = 50) {
  const index = await create(options);
  const next = random(1);
  for (let id = 0; id < count; id++) index.add(id, vector(next, index.dimensions));
  return index;
}

/** Refused with this code, the message naming the argument and what came; and the index is as it was, to the byte. */
async function expectRefused(index, call, code, message) {
  const before = index.serialize();
  const error = await errorOf(call);
  const told = String(call);
  expect(error, told).toBeInstanceOf(VectileError);
  expect(error.name, told).toBe('VectileError');
  expect(error.code, told).toBe(code);
  if (message) expect(error.message, told).toMatch(message);
  expect(Buffer.compare(index.serialize(), before), told).toBe(0);
}

describe('vectors', () => {
  const entries = [
    ['add', (index, v) => index.add(1, v)],
    ['add of a new id', (index, v) => index.add(1000, v)],
    ['search', (index, v) => index.search(v)],
    ['searchInto', (index, v) => index.searchInto(v, new Uint32Array(5), new Float32Array(5))],
  ];
  const bulk = [
    ['addMany', (index, v) => index.addMany(Uint32Array.of(7, 1000, 8), Float32Array.from([1, 2, 3, ...v, 4, 5, 6]))],
    ['searchMany', (index, v) => index.searchMany(Float32Array.from([1, 2, 3, ...v]))],
  ];

  test.each(entries)('%s: another number of dimensions', async (_, call) => {
    const index = await filled();
    for (const v of [[], [1, 2], [1, 2, 3, 4], new Float32Array(2), new Float32Array(300)]) {
      await expectRefused(index, () => call(index, v), 'DIMENSION_MISMATCH', new RegExp(`expected 3 dimensions, got ${v.length}`));
    }
  });

  test.each(entries)('%s: no vector at all', async (_, call) => {
    const index = await filled();
    const things = [undefined, null, 5, '123', {}, { length: 3, 0: 1, 1: 2, 2: 3 }, new Set([1, 2, 3]), () => 3, 3n, new Uint8Array(3), new Float64Array(3), new DataView(new ArrayBuffer(12))];
    for (const v of things) await expectRefused(index, () => call(index, v), 'INVALID_ARGUMENT', /expected a Float32Array or an array of numbers, got/);
  });

  test.each(entries)('%s: components that are not numbers', async (_, call) => {
    const index = await filled();
    for (const bad of ['7', 'x', null, undefined, {}, [1], true, 7n, Symbol('x')]) {
      const error = await errorOf(() => call(index, [1, bad, 3]));
      expect(error, String(bad)).toBeInstanceOf(VectileError);
      expect(['NOT_FINITE', 'INVALID_ARGUMENT']).toContain(error.code);
    }
  });

  test.each([...entries, ...bulk])('%s: NaN, infinite, too long', async (name, call) => {
    for (const metric of ['cosine', 'dot', 'l2-squared', 'manhattan', 'hamming']) {
      const index = await filled({ metric });
      for (const bad of [NaN, Infinity, -Infinity, 1e39, -1e39]) {
        await expectRefused(index, () => call(index, [1, bad, 3]), 'NOT_FINITE', /expected finite float32 components, got (NaN|-?Infinity|-?1e\+39) at 1/);
      }
      for (const bad of [1e30, -1e30, 2 ** 64]) await expectRefused(index, () => call(index, [1, bad, 3]), 'NOT_FINITE', /expected a length of at most 2\^62/);
      expect(index.size).toBe(50);
      expect(name === 'add' || index.search([1, 2, 3], { k: 1 }).ids.length).toBeTruthy();
    }
  });

  test.each([...entries, ...bulk])('%s: a zero vector has no direction', async (_, call) => {
    const index = await filled({ metric: 'cosine' });
    for (const zero of [[0, 0, 0], [-0, 0, -0], [1e-50, 0, 0]]) await expectRefused(index, () => call(index, zero), 'ZERO_VECTOR', /expected a direction/);
    const l2 = await filled();
    call(l2, [0, 0, 0]); // and elsewhere it is a point like any other
  });

  test('denormals are numbers', async () => {
    const tiny = 2 ** -149;
    for (const metric of ['cosine', 'dot', 'l2-squared', 'manhattan', 'hamming']) {
      const index = await create({ metric });
      index.add(1, [tiny, 0, 0]);
      index.add(2, [0, tiny * 3, 0]);
      expect([...index.get(1)]).toEqual([tiny, 0, 0]);
      const { ids, distances } = index.search([tiny, 0, 0], { k: 2 });
      expect(ids.length).toBe(2);
      expect(distances.every(Number.isFinite)).toBe(true);
      if (metric !== 'l2-squared' && metric !== 'dot') expect(ids[0]).toBe(1); // there the squares vanish
    }
  });

  test('the longest vectors allowed are found, from opposite ends too', async () => {
    const far = 2 ** 62;
    for (const metric of ['cosine', 'dot', 'l2-squared', 'manhattan', 'hamming']) {
      for (const type of ['flat', 'hnsw']) {
        const index = await VectorIndex.create({ dimensions: 1, metric, type });
        index.add(1, [far]);
        index.add(2, [-far]);
        index.add(3, [1]);
        for (const query of [[far], [-far], [1]]) expect(index.search(query, { k: 3 }).ids.length, metric).toBe(3);
      }
    }
  });

  test('a vector that the caller changes afterwards is still the one that was added', async () => {
    const index = await create();
    const v = Float32Array.of(1, 2, 3);
    index.add(1, v);
    v[0] = 99;
    expect([...index.get(1)]).toEqual([1, 2, 3]);
    index.get(1)[0] = 77;
    expect([...index.get(1)]).toEqual([1, 2, 3]);
  });

  test('a view into a larger buffer is read where it lies', async () => {
    const index = await create();
    const buffer = Float32Array.from({ length: 12 }, (_, i) => i);
    index.add(1, buffer.subarray(4, 7));
    expect([...index.get(1)]).toEqual([4, 5, 6]);
    index.addMany(sequence(8).subarray(2, 4), buffer.subarray(3, 9));
    expect([...index.get(3)]).toEqual([6, 7, 8]);
  });
});

describe('numbers', () => {
  test.each([0, -1, 1.5, NaN, Infinity, '5', 2 ** 32, 5n, {}, true])('k = %s', async (k) => {
    const index = await filled();
    for (const call of [() => index.search([1, 2, 3], { k }), () => index.searchMany(new Float32Array(3), { k })]) {
      await expectRefused(index, call, 'INVALID_ARGUMENT', /^k: expected an integer from 1 to 4294967295, got /);
    }
    const empty = await create();
    await expectRefused(empty, () => empty.search([1, 2, 3], { k }), 'INVALID_ARGUMENT', /^k: /);
  });

  test('k beyond what there is', async () => {
    for (const type of ['hnsw', 'flat']) {
      const index = await filled({ type });
      for (const k of [50, 51, 1e6, 2 ** 32 - 1]) {
        const { ids, distances } = index.search([1, 2, 3], { k });
        expect([ids.length, distances.length, new Set(ids).size]).toEqual([50, 50, 50]);
      }
    }
  });

  test.each([0, -2, 1.5, NaN, Infinity, '5', 2 ** 32])('ef = %s', async (ef) => {
    for (const index of [await filled(), await create(), await filled({ type: 'flat' })]) {
      await expectRefused(index, () => index.search([1, 2, 3], { ef }), 'INVALID_ARGUMENT', /^ef: expected -1 or an integer from 1 to 4294967295, got /);
    }
  });

  test('ef of any size', async () => {
    const index = await filled();
    for (const ef of [-1, 1, 49, 51, 1e6, 2 ** 32 - 1]) expect(index.search([1, 2, 3], { k: 20, ef, filterStrategy: 'traverse' }).ids.length).toBe(20);
  });

  test.each(['walk', '', 5, null, {}])('filterStrategy = %j', async (filterStrategy) => {
    for (const index of [await filled(), await create()]) {
      await expectRefused(index, () => index.search([1, 2, 3], { filterStrategy }), 'INVALID_ARGUMENT', /^filterStrategy: expected 'auto', 'scan', 'traverse', got /);
    }
  });

  test.each([-1, 2 ** 32, 1.5, NaN, Infinity, '7', null, undefined, 7n, {}, [7], true])('id = %s', async (id) => {
    for (const idTable of [true, false]) {
      const index = await filled({ idTable });
      for (const call of [() => index.add(id, [1, 2, 3]), () => index.remove(id), () => index.has(id), () => index.get(id)]) {
        await expectRefused(index, call, 'INVALID_ARGUMENT', /^id: expected an integer from 0 to 4294967295, got /);
      }
      await expectRefused(index, () => index.filter([1, id]), 'INVALID_ARGUMENT', /^filter: /);
      await expectRefused(index, () => index.search([1, 2, 3], { filter: [1, id] }), 'INVALID_ARGUMENT', /^filter: /);
    }
  });

  test.each([-1, 1.5, NaN, Infinity, '5', null, undefined, 2 ** 32, {}])('reserve(%s)', async (count) => {
    const index = await filled();
    await expectRefused(index, () => index.reserve(count), 'INVALID_ARGUMENT', /^count: /);
  });

  test.each([-1, NaN, 'soon', {}, '5'])('work(%s)', async (budget) => {
    const index = await filled();
    index.remove(3);
    await expectRefused(index, () => index.work(budget), 'INVALID_ARGUMENT', /^budgetMs: /);
  });
});

describe('the ends of the range of ids', () => {
  test('0 and 2^32 − 1 are ids like others', async () => {
    const index = await create();
    const last = 2 ** 32 - 1;
    for (const [i, id] of [0, last, 2 ** 31, last - 1].entries()) index.add(id, [i, 0, 0]);
    expect([...index.ids()]).toEqual([0, last, 2 ** 31, last - 1]);
    expect([...index.search([1, 0, 0], { k: 1 }).ids]).toEqual([last]);
    expect([...index.search([0, 0, 0], { k: 4, filter: [last, 0] }).ids]).toEqual([0, last]);
    const again = await VectorIndex.deserialize(index.serialize());
    expect([...again.get(last)]).toEqual([1, 0, 0]);
    expect([index.remove(last), index.has(last), index.has(0), index.remove(0)]).toEqual([true, false, true, true]);
    index.addMany(Uint32Array.of(last, 0), new Float32Array(6));
    expect(index.size).toBe(4);
  });

  test('where ids are slots, a far one asks for more than there is', async () => {
    const index = await filled({ idTable: false });
    for (const id of [2 ** 32 - 1, 2 ** 31]) {
      await expectRefused(index, () => index.add(id, [1, 2, 3]), 'INDEX_FULL');
      await expectRefused(index, () => index.addMany(Uint32Array.of(id), Float32Array.of(1, 2, 3)), 'INDEX_FULL');
    }
    index.add(60, [1, 2, 3]);
    expect([index.size, index.has(55), index.has(60)]).toEqual([51, false, true]);
  });
});

describe('options', () => {
  test.each([
    [undefined, /^options: /], [null, /^options: /], ['3', /^options: /], [{}, /^dimensions: /],
    [{ dimensions: 0 }, /^dimensions: expected an integer from 1 to 65535, got 0/], [{ dimensions: 65536 }, /^dimensions: /],
    [{ dimensions: '3' }, /^dimensions: .*got "3"/], [{ dimensions: 1.5 }, /^dimensions: /], [{ dimensions: NaN }, /^dimensions: /],
    [{ dimensions: 3, metric: 'euclid' }, /^metric: expected 'cosine', .*got "euclid"/], [{ dimensions: 3, metric: null }, /^metric: /],
    [{ dimensions: 3, type: 'ivf' }, /^type: /], [{ dimensions: 3, maxConnections: 1 }, /^maxConnections: expected an integer from 2 to 2047, got 1/],
    [{ dimensions: 3, maxConnections: 2048 }, /^maxConnections: /], [{ dimensions: 3, efConstruction: 0 }, /^efConstruction: /],
    [{ dimensions: 3, efConstruction: 2.5 }, /^efConstruction: /], [{ dimensions: 3, seed: -1 }, /^seed: /], [{ dimensions: 3, seed: 0.5 }, /^seed: /],
    [{ dimensions: 3, seed: '1' }, /^seed: /], [{ dimensions: 3, idTable: 1 }, /^idTable: /],
  ])('%j', async (options, message) => {
    const error = await errorOf(() => VectorIndex.create(options));
    expect(error).toMatchObject({ name: 'VectileError', code: 'INVALID_ARGUMENT' });
    expect(error.message).toMatch(message);
  });

  test.each([
    { dimensions: 1 }, { dimensions: 65535 }, { maxConnections: 2 }, { maxConnections: 2047 }, { maxConnections: 3, efConstruction: 1 },
    { seed: Number.MAX_SAFE_INTEGER }, { maxConnections: 2047, efConstruction: 1, dimensions: 2 },
  ])('at the edge: %j', async (options) => {
    const index = await create({ dimensions: 4, ...options });
    const next = random(2);
    const rows = Array.from({ length: 40 }, () => vector(next, index.dimensions));
    rows.forEach((row, id) => index.add(id, row));
    index.remove(7);
    while (index.work(1));
    for (const id of [0, 20, 39]) expect([...index.search(rows[id], { k: 1, filterStrategy: 'traverse' }).ids]).toEqual([id]);
    expect(index.search(rows[7], { k: 100, filterStrategy: 'traverse' }).ids.length).toBe(39);
    expect((await VectorIndex.deserialize(index.serialize())).size).toBe(39);
  });

  test.each([null, 5, 'k', true])('search(query, %j)', async (options) => {
    const index = await filled();
    for (const call of [
      () => index.search([1, 2, 3], options),
      () => index.searchMany(new Float32Array(3), options),
      () => index.searchInto([1, 2, 3], new Uint32Array(1), new Float32Array(1), options),
    ]) await expectRefused(index, call, 'INVALID_ARGUMENT', /^options: /);
  });

  test.each([null, 5, {}, true, () => [1], Symbol('x')])('filter of a wrong type', async (filter) => {
    for (const index of [await filled(), await create()]) {
      await expectRefused(index, () => index.search([1, 2, 3], { filter }), 'INVALID_ARGUMENT', /^filter: /);
      await expectRefused(index, () => index.searchMany(new Float32Array(3), { filter }), 'INVALID_ARGUMENT', /^filter: /);
      await expectRefused(index, () => index.filter(filter), 'INVALID_ARGUMENT', /^filter: /);
    }
  });

  test('an empty index checks what it is asked', async () => {
    const index = await create();
    await expectRefused(index, () => index.search([1, NaN, 3]), 'NOT_FINITE');
    await expectRefused(index, () => index.search([1, 2]), 'DIMENSION_MISMATCH');
    expect(index.search([1, 2, 3])).toEqual({ ids: new Uint32Array(0), distances: new Float32Array(0), rescored: 0 });
    expect(index.searchMany(new Float32Array(6))).toHaveLength(2);
    expect(index.searchMany(new Float32Array(0))).toEqual([]);
    expect(index.searchInto([1, 2, 3], new Uint32Array(4), new Float32Array(4), { filter: [1] })).toBe(0);
    expect([index.size, index.remove(1), index.has(1), index.get(1), index.ids().length]).toEqual([0, false, false, undefined, 0]);
    expect(index.stats()).toMatchObject({ count: 0, levels: [] });
  });
});

test('options that do not exist are refused by name', async () => {
  const index = await create();
  expect(() => index.search([1, 2, 3], { topK: 1 })).toThrow(/^options: expected k, ef, filter, filterStrategy, flatSearchCutoff, oversampling, rescore, got "topK"$/);
  expect(() => index.addMany(new Uint32Array(0), new Float32Array(0), { batch: 1 })).toThrow(/^options: expected onProgress, got "batch"$/);
  await expect(VectorIndex.create({ dimensions: 3, M: 16 })).rejects.toThrow(/^options: expected dimensions, .*, got "M"$/);
});

describe('in bulk', () => {
  test('one bad row, and nothing is added', async () => {
    const index = await filled();
    const ids = sequence(100);
    for (const [component, code] of [[NaN, 'NOT_FINITE'], [1e30, 'NOT_FINITE']]) {
      for (const row of [0, 50, 99]) {
        const vectors = new Float32Array(300).fill(1);
        vectors[row * 3 + 2] = component;
        await expectRefused(index, () => index.addMany(ids, vectors), code, new RegExp(`^vectors\\[${row}\\]: `));
      }
    }
    expect(index.size).toBe(50);
  });

  test('wrong types and lengths', async () => {
    const index = await filled();
    const vectors = new Float32Array(6);
    const ids = Uint32Array.of(1, 2);
    for (const bad of [undefined, null, [1, 2], new Int32Array(2), new Float64Array(2), 5, 'ab']) {
      await expectRefused(index, () => index.addMany(bad, vectors), 'INVALID_ARGUMENT', /^ids: expected a Uint32Array, got /);
    }
    for (const bad of [undefined, null, [1, 2, 3, 4, 5, 6], new Float64Array(6), 5]) {
      await expectRefused(index, () => index.addMany(ids, bad), 'INVALID_ARGUMENT', /^vectors: expected a Float32Array, got /);
      await expectRefused(index, () => index.searchMany(bad), 'INVALID_ARGUMENT', /^queries: expected a Float32Array, got /);
    }
    for (const length of [0, 3, 5, 7, 9]) {
      await expectRefused(index, () => index.addMany(ids, new Float32Array(length)), 'DIMENSION_MISMATCH', new RegExp(`expected 2 × 3 components, got ${length}`));
    }
    await expectRefused(index, () => index.searchMany(new Float32Array(4)), 'DIMENSION_MISMATCH');
    for (const options of [null, 5, { onProgress: 5 }]) {
      await expectRefused(index, () => index.addMany(ids, vectors, options), 'INVALID_ARGUMENT');
    }
    index.addMany(new Uint32Array(0), new Float32Array(0));
    index.addMany(ids, vectors, undefined);
  });

  test('wrong places for hits', async () => {
    const index = await filled();
    const search = (ids, distances) => () => index.searchInto([1, 2, 3], ids, distances);
    for (const [ids, distances] of [
      [undefined, undefined], [null, new Float32Array(1)], [new Uint32Array(0), new Float32Array(0)], [new Uint32Array(2), new Float32Array(3)],
      [[0, 0], new Float32Array(2)], [new Uint32Array(2), [0, 0]], [new Float32Array(2), new Float32Array(2)], [new Uint32Array(2), new Uint32Array(2)],
    ]) await expectRefused(index, search(ids, distances), 'INVALID_ARGUMENT', /^(ids|distances): expected /);
  });

  test('an id twice: the later row counts', async () => {
    const index = await create();
    index.addMany(Uint32Array.of(5, 6, 5), Float32Array.of(1, 1, 1, 2, 2, 2, 3, 3, 3));
    expect([index.size, [...index.get(5)]]).toEqual([2, [3, 3, 3]]);
  });

  test('progress is told about ten times a second and at the end', async () => {
    const told = [];
    let time = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (time += 20));
    (await create()).addMany(sequence(50), new Float32Array(150), { onProgress: (progress) => told.push(progress) });
    clock.mockRestore();
    expect(told.at(-1)).toEqual({ done: 50, total: 50 });
    expect(told.length).toBeGreaterThan(3);
    expect(told.length).toBeLessThan(25);
  });

  describe('what a progress callback does is no harm', () => {
    const count = 300;
    const next = random(3);
    const vectors = Float32Array.from({ length: count * 3 }, () => next());
    const run = async (onProgress) => {
      const index = await create();
      let time = 0;
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => (time += 200)); // told after every row
      const error = await errorOf(() => index.addMany(sequence(count), vectors, { onProgress: () => onProgress(index) }));
      clock.mockRestore();
      return { index, error };
    };

    test('it throws', async () => {
      const failure = new Error('stop');
      const { index, error } = await run(() => { throw failure; });
      expect(error).toBe(failure);
      expect(index.search([0, 0, 0], { k: 1 }).ids.length).toBe(1);
      expectSound(index);
    });

    test('it adds, removes and searches', async () => {
      let more = 1e6;
      const { index, error } = await run((one) => { one.add(more++, [1, 2, 3]); one.remove(more - 5); one.search([1, 2, 3], { k: 500, filter: [1, 2, more - 1] }); });
      expect(error).toBeUndefined();
      for (let id = 0; id < count; id++) expect([...index.get(id)]).toEqual([...vectors.subarray(id * 3, id * 3 + 3)]);
      expectSound(index);
    });

    test('it disposes', async () => {
      const { error } = await run((one) => one.dispose());
      expect(error).toMatchObject({ name: 'VectileError', code: 'DISPOSED' });
    });
  });
});

test('after dispose every method says so', async () => {
  const index = await filled();
  const filter = index.filter([1, 2]);
  const calls = {
    size: () => index.size, dimensions: () => index.dimensions, add: () => index.add(1, [1, 2, 3]), addMany: () => index.addMany(new Uint32Array(1), new Float32Array(3)),
    reserve: () => index.reserve(1), remove: () => index.remove(1), has: () => index.has(1), get: () => index.get(1), ids: () => index.ids(),
    filter: () => index.filter([1]), filterOfBits: () => index.filterOfBits(new Uint32Array(1)), search: () => index.search([1, 2, 3]), searchInto: () => index.searchInto([1, 2, 3], new Uint32Array(1), new Float32Array(1)),
    searchMany: () => index.searchMany(new Float32Array(3)), work: () => index.work(5), stats: () => index.stats(), memoryBytes: () => index.memoryBytes, serialize: () => index.serialize(),
    candidates: () => index.candidates([1, 2, 3]), rescore: () => index.rescore([1, 2, 3], new Uint32Array(1), new Float32Array(3)),
    setCodec: () => index.setCodec({ codec: 'rq8' }), writeImage: () => index.writeImage(() => {}), share: () => index.share(), shareAgain: () => index.shareAgain(0), write: () => index.write(() => {}),
    stamp: () => index.stamp, 'stamp =': () => { index.stamp = 1; }, readersPaused: () => index.readersPaused, 'readersPaused =': () => { index.readersPaused = true; }, 'filter.size': () => filter.size,
  };
  const methods = Object.getOwnPropertyNames(VectorIndex.prototype).filter((name) => !['constructor', 'dispose'].includes(name));
  expect(methods.filter((name) => !(name in calls)), 'methods without a case here').toEqual([]);
  index.dispose();
  index.dispose();
  for (const [name, call] of Object.entries(calls)) {
    const error = await errorOf(call);
    expect(error, name).toBeInstanceOf(VectileError);
    expect(error.code, name).toBe('DISPOSED');
  }
});

describe('memory that cannot be had', () => {
  const { grow } = WebAssembly.Memory.prototype;
  afterEach(() => { WebAssembly.Memory.prototype.grow = grow; });

  /** The n-th growth from now on fails, and all after it. Returns how many there were. */
  function failFrom(n) {
    const calls = { count: 0 };
    WebAssembly.Memory.prototype.grow = function (pages) {
      if (++calls.count >= n) throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
      return grow.call(this, pages);
    };
    return calls;
  }

  const next = random(SEED ?? 5);
  const many = 4000;
  const operations = {
    add: (index) => { for (let id = 100; id < 100 + many; id++) index.add(id, vector(next, 16)); },
    addMany: (index) => index.addMany(sequence(many, 100), Float32Array.from({ length: many * 16 }, () => next())),
    reserve: (index) => index.reserve(1e6),
    'search with a long list': (index) => index.search(vector(next, 16), { k: 5000, ef: 2 ** 20 }),
    serialize: (index) => index.serialize(),
  };

  test.each(Object.keys(operations))('%s', async (name) => {
    const options = { dimensions: 16, maxConnections: 2, efConstruction: 4 };
    for (const count of [100, 5500, 9000]) for (let nth = 1; nth <= 3; nth++) {
      const index = await filled(options, count);
      const before = index.serialize();
      const calls = failFrom(nth);
      const error = await errorOf(() => operations[name](index));
      WebAssembly.Memory.prototype.grow = grow;
      if (error) expect(error, `growth ${nth}`).toMatchObject({ name: 'VectileError', code: 'OUT_OF_MEMORY' });
      if (error && name === 'reserve') expect(error.message).toMatch(/expected \d+ bytes of memory, got \d+/);
      if (error) expect(calls.count).toBeGreaterThanOrEqual(nth);
      // one add after another: those before the failure stay
      if (error && name !== 'add') expect(Buffer.compare(index.serialize(), before), `${count}, growth ${nth}`).toBe(0);
      await expectUsable(index);
    }
  });

  test('work that gives memory back', async () => {
    for (let count = 3000; count < 3600; count += 25) {
      for (let nth = 1; nth <= 3; nth++) {
        const index = await filled({ dimensions: 16, maxConnections: 8, efConstruction: 8, type: count % 2 ? 'hnsw' : 'flat' }, count);
        for (let id = 0; id < 500; id++) index.remove(id);
        while (index.stats().tombstones) index.work(0);
        const expected = answers(index);
        failFrom(nth);
        const error = await errorOf(() => { while (index.work(0)); });
        WebAssembly.Memory.prototype.grow = grow;
        expect(error, 'without memory for a copy there is none').toBeUndefined();
        index.add(600, index.get(600)); // at once: it works in the scratch area as it was left
        expect(answers(index), `${count} vectors, growth ${nth}`).toEqual(expected);
        await expectUsable(index);
      }
    }
  });

  test('create and open', async () => {
    const image = (await filled({ dimensions: 16 }, 5000)).serialize();
    failFrom(1);
    expect(await errorOf(() => VectorIndex.deserialize(image))).toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect(await errorOf(() => VectorIndex.create({ dimensions: 65535 }))).toMatchObject({ code: 'OUT_OF_MEMORY' });
    WebAssembly.Memory.prototype.grow = grow;
    expect((await VectorIndex.deserialize(image)).size).toBe(5000);
  });

  test('beyond 4 GiB', async () => {
    for (const type of ['hnsw', 'flat']) {
      const index = await filled({ type });
      for (const count of [2 ** 31, 2 ** 32 - 1, 2 ** 28]) {
        await expectRefused(index, () => index.reserve(count), 'INDEX_FULL', /^index: expected (at most|fewer than) \d+ (bytes|slots), got \d+/);
      }
      await expectUsable(index);
    }
  });

  const answers = (index) => {
    const queries = random(9);
    return Array.from({ length: 5 }, () => index.search(vector(queries, 16), { k: 5, filterStrategy: 'scan' }).distances);
  };

  async function expectUsable(index) {
    const count = index.size;
    const probe = new Float32Array(index.dimensions).fill(50);
    index.add(2 ** 30, probe);
    expect(index.size).toBe(count + 1);
    expect([...index.search(probe, { k: 1, filterStrategy: 'scan' }).ids]).toEqual([2 ** 30]);
    expect(index.search(probe, { k: 10, filterStrategy: 'traverse' }).ids.length).toBe(10);
    expectSound(index);
    index.remove(2 ** 30);
    while (index.work(5));
    expect((await VectorIndex.deserialize(index.serialize())).size).toBe(count);
  }
});
