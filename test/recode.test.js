import { describe, expect, test } from 'vitest';
import { filled, readerOf } from './conformance/codecs.js';
import { measure } from './conformance/oracle.js';
import { pick, random, sequence, vector } from './conformance/random.js';
import { VectorIndex, errorOf } from './support/engine.js';
import { expectSound } from './support/memory.js';

/** Changes of how vectors are stored, while the index goes on. */

const DIMENSIONS = 8;
const engine = { VectorIndex };
const finish = (index) => { while (index.work(5)); };

function someRows(count, seed = 1, dimensions = DIMENSIONS) {
  const next = random(seed);
  return Array.from({ length: count }, () => vector(next, dimensions));
}

/** Every row is there, and what searches say of it is true. */
function expectAllThere(index, rows, { metric = 'l2-squared', k = 10 } = {}) {
  expect(index.size).toBe(rows.length);
  for (let i = 0; i < rows.length; i += Math.ceil(rows.length / 40)) {
    const hits = index.search(rows[i], { k, filterStrategy: 'traverse' });
    expect(hits.ids.length).toBe(Math.min(k, rows.length));
    if (metric !== 'dot') expect([...hits.ids], `the nearest to row ${i}`).toContain(i);
    hits.ids.forEach((id, j) => {
      const { distance, tolerance } = measure(metric, rows[i], rows[id]);
      expect(Math.abs(hits.distances[j] - distance), `row ${id} of query ${i}: ${hits.distances[j]}, not ${distance}`).toBeLessThanOrEqual(2 * tolerance);
    });
  }
}

/** A reader that does something else when told to. */
function fickle(rows) {
  const read = readerOf(rows);
  const reader = (ids, out) => (reader.instead ? reader.instead(ids, out) : read(ids, out));
  return reader;
}

const outside = (rows, reader = readerOf(rows), options) => filled(engine, rows, { metric: 'l2-squared', codec: 'rq8', fullVectors: 'external', reader, ...options });

describe('a reader that fails during a change', () => {
  const failure = new Error('disk');
  const fail = () => { throw failure; };
  const changes = { 'to floats': { codec: 'f32' }, 'to what is trained': { codec: { type: 'sq8', trainingLimit: 10 } } };

  describe.each(Object.entries(changes))('%s', (_, change) => {
    test.each([0, 1, 2, 5, 12])('after %d steps: nothing is lost, and the change goes on when it can', async (steps) => {
      const rows = someRows(300);
      const reader = fickle(rows);
      const index = await outside(rows, reader);
      index.setCodec(change);
      for (let i = 0; i < steps; i++) index.work(0);
      reader.instead = fail;
      for (let i = 0; i < 3; i++) {
        let error;
        for (let tries = 0; tries < 100 && !error; tries++) error = await errorOf(() => index.work(0));
        expect(error).toBe(failure);
      }
      reader.instead = undefined;
      expectAllThere(index, rows);
      expect(index.stats().recoding).toBeDefined();
      finish(index);
      expect(index.stats()).toMatchObject({ codec: { type: change.codec.type ?? 'f32' }, fullVectors: 'memory', recoding: undefined });
      expectAllThere(index, rows);
      expectSound(index);
    });
  });

  test('does not make an addition fail that was made', async () => {
    const rows = someRows(300);
    const reader = fickle(rows);
    const index = await outside(rows, reader);
    index.setCodec({ codec: 'f32' });
    index.work(0);
    reader.instead = fail;
    const error = await errorOf(() => index.add(5000, rows[0]));
    expect(index.has(5000)).toBe(!error);
  });

  test('does not make many additions fail half way', async () => {
    const rows = someRows(300);
    const reader = fickle(rows);
    const index = await outside(rows, reader);
    index.setCodec({ codec: 'f32' });
    index.work(0);
    reader.instead = fail;
    const error = await errorOf(() => index.addMany(Uint32Array.of(5000, 5001), Float32Array.of(...rows[0], ...rows[1])));
    expect([index.has(5000), index.has(5001)]).toEqual(error ? [false, false] : [true, true]);
  });
});

describe.each([NaN, Infinity, 1e30])('a reader that gives %d', (value) => {
  test.each([{ codec: 'f32' }, { codec: { type: 'sq8', trainingLimit: 10 } }, { codec: 'rq1', fullVectors: 'external' }])('for %j: it is not stored', async (change) => {
    const rows = someRows(1500);
    const reader = fickle(rows);
    const index = await outside(rows, reader);
    index.setCodec(change);
    reader.instead = (ids, out) => out.fill(value);
    const error = await errorOf(() => finish(index));
    reader.instead = undefined;
    if (error) {
      expect(error.code).toBe('NOT_FINITE');
      finish(index);
    }
    expectAllThere(index, rows);
  });
});

test('a reader that gives zero vectors to cosine: they are not stored', async () => {
  const rows = someRows(100);
  const reader = fickle(rows);
  const index = await outside(rows, reader, { metric: 'cosine' });
  index.setCodec({ codec: 'f32' });
  reader.instead = (ids, out) => out.fill(0);
  const error = await errorOf(() => finish(index));
  reader.instead = undefined;
  if (error) {
    expect(error.code).toBe('ZERO_VECTOR');
    finish(index);
  }
  expectAllThere(index, rows, { metric: 'cosine' });
});

describe('vectors that had equal codes and are not equal', () => {
  const coarse = {
    bq: ['cosine', 'bq'],
    sq4: ['l2-squared', { type: 'sq4', trainingLimit: 60 }],
    pq: ['l2-squared', { type: 'pq', segments: 1, centroids: 8, trainingLimit: 60 }],
  };
  const finer = { floats: { codec: 'f32' }, 'floats beside codes': { codec: 'rq8' }, 'finer codes': { codec: 'rq8', fullVectors: 'external' } };

  describe.each(Object.entries(coarse))('of %s', (_, [metric, codec]) => {
    test.each(Object.entries(finer))('are measured and found each for itself as %s', async (__, change) => {
      const rows = someRows(600, 3, 2);
      const index = await outside(rows, readerOf(rows), { metric, codec });
      expect(index.stats().twins).toBeGreaterThan(300);
      index.setCodec(change);
      finish(index);
      expect(index.stats().twins).toBeLessThan(10);
      expectSound(index);
      expectAllThere(index, rows, { metric });
      let found = 0;
      for (const [id, row] of rows.entries()) found += Number(index.search(row, { k: 1, filterStrategy: 'traverse' }).ids[0] === id);
      expect(found).toBeGreaterThan(570);
    });
  });
});

/** Evenly spread, so that no range that is learnt cuts anything off. */
const even = (next) => Float32Array.from({ length: DIMENSIONS }, () => 2 * next() - 1);

function evenRows(count) {
  const next = random(5);
  return Array.from({ length: count }, () => even(next));
}

/** A map of what an index must hold, kept alongside. Floats in `memory` or behind the reader; of sq8 `get` is near. */
class Held {
  /** False once vectors have been kept as sq8 only: then they are known to within a step. */
  isExact = true;

  constructor(rows) { this.rows = new Map(rows.entries()); }

  read = (ids, out) => ids.forEach((id, i) => out.set(this.rows.get(id), i * DIMENSIONS));

  /** Membership, and what a search says; exact where distances are. */
  check(index, query, told) {
    const k = 10;
    const { type, fullVectors } = index.stats();
    const [isFlat, isExact] = [type === 'flat', fullVectors !== 'sq8' && this.isExact];
    const strategies = isFlat ? ['auto'] : ['traverse', 'scan'];
    for (const filterStrategy of strategies) {
      const { ids, distances, rescored } = index.search(query, { k, filterStrategy, ...(isFlat && { oversampling: this.rows.size / k }) });
      if (ids.length !== Math.min(k, this.rows.size) || new Set(ids).size !== ids.length) throw new Error(`${told}: expected ${k} hits, got ${ids}`);
      if (rescored > this.rows.size) throw new Error(`${told}: ${rescored} rescored of ${this.rows.size}`);
      const nearest = isFlat && isExact ? [...this.rows.values()].map((row) => measure('l2-squared', query, row).distance).sort((a, b) => a - b) : undefined;
      ids.forEach((id, i) => {
        const row = this.rows.get(id);
        if (!row) throw new Error(`${told}: expected ids that are there, got ${id}`);
        const { distance, tolerance } = measure('l2-squared', query, row);
        const slack = isExact ? 2 * tolerance : 0.02 + 0.03 * distance;
        if (!(Math.abs(distances[i] - distance) <= slack)) throw new Error(`${told}: expected ${distance} ± ${slack} for ${id}, got ${distances[i]}`);
        if (nearest && !(Math.abs(distances[i] - nearest[i]) <= 4 * tolerance)) throw new Error(`${told}: expected hit ${i} at ${nearest[i]}, got ${distances[i]}`);
      });
    }
  }

  checkAll(index, told) {
    const isExact = this.isExact && index.stats().vectors !== 'decoded';
    const ids = [...index.ids()].sort((a, b) => a - b);
    if (String(ids) !== String([...this.rows.keys()].sort((a, b) => a - b))) throw new Error(`${told}: expected the ids ${[...this.rows.keys()]}, got ${ids}`);
    if (index.size !== this.rows.size) throw new Error(`${told}: expected ${this.rows.size}, got ${index.size}`);
    for (const [id, row] of this.rows) {
      index.get(id).forEach((x, d) => {
        if (!(Math.abs(x - row[d]) <= (isExact ? 0 : 0.03))) throw new Error(`${told}: expected ${row[d]} at ${d} of ${id}, got ${x}`);
      });
    }
  }
}

describe('changes while the index goes on', () => {
  const trainingLimit = 100;
  const storages = {
    'f32': { codec: 'f32' },
    'sq8': { codec: { type: 'sq8', trainingLimit } },
    'sq4 and sq8': { codec: { type: 'sq4', trainingLimit }, fullVectors: 'sq8' },
    'pq outside': { codec: { type: 'pq', centroids: 16, trainingLimit }, fullVectors: 'external' },
    'bq centred': { codec: { type: 'bq', centred: true, trainingLimit } },
    'rq8 outside': { codec: 'rq8', fullVectors: 'external' },
    'rq1 and sq8': { codec: { type: 'rq1', trainingLimit }, fullVectors: 'sq8' },
  };
  const typeOf = ({ codec }) => codec.type ?? codec;
  const isExact = (storage) => storage.fullVectors !== 'sq8';

  async function held(from, type, count = 260) {
    const model = new Held(evenRows(count));
    const index = await filled(engine, [...model.rows.values()], { metric: 'l2-squared', type, maxConnections: 6, efConstruction: 30, ...storages[from], reader: isExact(storages[from]) ? model.read : undefined });
    return { index, model };
  }

  /** Until the change is made, a slice at a time, and a few operations whenever it has gone some way. */
  function live(index, model, next, told) {
    let inBetween = 0, last = -1;
    for (let slices = 0; index.stats().recoding; slices++) {
      index.work(0);
      const { recoding } = index.stats();
      if (!recoding) break;
      if (recoding.done) inBetween++;
      if (Math.floor(recoding.done / 48) !== last && !index.stats().tombstones) {
        last = Math.floor(recoding.done / 48);
        for (let i = 0; i < 4; i++) operate(index, model, next, 1000 + slices * 10 + i);
        model.check(index, even(next), `${told}, slice ${slices}`);
      }
      if (slices > 5000) throw new Error(`${told}: work never ends`);
    }
    return inBetween;
  }

  function operate(index, model, next, fresh) {
    const change = Math.floor(next() * 4);
    const id = change === 0 ? fresh : pick(next, [...model.rows.keys()]);
    const row = even(next);
    if (change >= 2) { // what was removed may come again, in the slot of another perhaps
      expect(index.remove(id)).toBe(true);
      model.rows.delete(id);
    }
    if (change === 2) return;
    model.rows.set(id, row); // what a reader gives comes first
    index.add(id, row);
  }

  const names = Object.keys(storages);
  const changes = names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to]));

  describe.each(['hnsw', 'flat'])('%s', (type) => {
    test.each(changes)('from %s to %s', async (from, to) => {
      const { index, model } = await held(from, type);
      const next = random(changes.findIndex(([a, b]) => a === from && b === to));
      // full vectors kept as sq8 can become others only as far as they are known
      const reader = isExact(storages[to]) && !isExact(storages[from]) ? model.read : undefined;
      index.setCodec({ ...storages[to], reader });
      const before = index.stats();
      expect(before.recoding).toMatchObject({ codec: { type: typeOf(storages[to]) }, fullVectors: storages[to].fullVectors ?? 'memory', done: 0 });
      model.isExact = isExact(storages[from]) || reader !== undefined;
      const told = `${from} to ${to}`;
      expect(live(index, model, next, told)).toBeGreaterThan(2);
      expect(index.stats()).toMatchObject({ codec: { type: typeOf(storages[to]) }, fullVectors: storages[to].fullVectors ?? 'memory', recoding: undefined });
      finish(index);
      for (let i = 0; i < 8; i++) model.check(index, even(next), told);
      model.checkAll(index, told);
      if (type === 'hnsw') expectSound(index);
      const again = await VectorIndex.deserialize(index.serialize(), { reader: index.stats().vectors === 'read' ? model.read : undefined });
      expect(again.stats().recoding).toBeUndefined();
      for (let i = 0; i < 3; i++) model.check(again, even(next), `${told}, opened again`);
    });
  });

  describe('interrupted', () => {
    const some = [['f32', 'pq outside'], ['f32', 'sq4 and sq8'], ['rq8 outside', 'f32'], ['pq outside', 'rq1 and sq8'], ['sq8', 'bq centred']];
    test.each(some)('from %s to %s: an image in the middle is the old one with the wish noted, which comes true', async (from, to) => {
      const { index, model } = await held(from, 'hnsw');
      const next = random(8);
      const query = even(next);
      const plain = index.search(query, { k: 20 });
      index.setCodec(storages[to]);
      const images = [index.serialize()];
      for (let more = true, steps = 1; more; steps++) {
        more = index.work(0);
        const { recoding } = index.stats();
        if (recoding && steps % 5 === 0) images.push(index.serialize());
      }
      expect(images.length).toBeGreaterThan(2);
      index.dispose();
      for (const image of images) {
        const again = await VectorIndex.deserialize(image, { reader: model.read });
        expect(again.stats()).toMatchObject({ codec: { type: typeOf(storages[from]) }, recoding: { codec: { type: typeOf(storages[to]) }, done: 0, trained: false } });
        expect(again.search(query, { k: 20 })).toEqual(plain);
        model.checkAll(again, 'opened');
        expect(live(again, model, next, 'opened')).toBeGreaterThan(2);
        expect(again.stats()).toMatchObject({ codec: { type: typeOf(storages[to]) }, recoding: undefined });
        model.check(again, query, 'opened and changed');
        expectSound(again);
        again.dispose();
        model.rows = new Map(evenRows(260).entries());
      }
    });

    test.each([['rq8 outside', 'f32'], ['pq outside', 'sq8'], ['rq8 outside', 'rq1 and sq8']])('without a reader, from %s to %s waits: no decoded vector is taken for a full one', async (from, to) => {
      const { index, model } = await held(from, 'hnsw');
      index.setCodec(storages[to]);
      index.work(0);
      const again = await VectorIndex.deserialize(index.serialize());
      const error = await errorOf(() => finish(again));
      expect(error?.code ?? 'VECTORS_MISSING').toBe('VECTORS_MISSING');
      expect(again.stats()).toMatchObject({ codec: { type: typeOf(storages[from]) }, vectors: 'decoded', count: 260, recoding: { codec: { type: typeOf(storages[to]) } } });
      again.setCodec({ ...storages[to], reader: model.read });
      finish(again);
      expect(again.stats()).toMatchObject({ codec: { type: typeOf(storages[to]) }, recoding: undefined });
      model.checkAll(again, 'with a reader again');
    });

    test('by another wish, or the wish to stay', async () => {
      const { index, model } = await held('f32', 'hnsw');
      const before = index.serialize();
      for (const to of ['sq8', 'pq outside', 'rq1 and sq8', 'bq centred']) {
        index.setCodec(storages[to]);
        for (let i = 0; i < 12; i++) index.work(0);
        expect(index.stats().recoding.codec.type).toBe(typeOf(storages[to]));
      }
      index.setCodec({ codec: 'f32' });
      expect([index.stats().recoding, index.work(5)]).toEqual([undefined, false]);
      expect(index.serialize()).toEqual(before);
      index.setCodec(storages['sq8']);
      for (let i = 0; i < 12; i++) index.work(0);
      index.setCodec(storages['rq8 outside']);
      finish(index);
      expect(index.stats()).toMatchObject({ codec: { type: 'rq8' }, fullVectors: 'external', recoding: undefined });
      index.setCodec({ ...storages['rq8 outside'], reader: model.read }); // the same, and a reader
      expect(index.stats().recoding).toBeUndefined();
      model.checkAll(index, 'read');
    });

    test('by an image that is written meanwhile: it is told of the change', async () => {
      const { index } = await held('f32', 'hnsw');
      const error = await errorOf(() => index.writeImage(() => index.setCodec({ codec: 'rq8' })));
      expect(error).toMatchObject({ code: 'INDEX_CHANGED' });
      let adopted = false;
      expect(await errorOf(() => index.writeImage(() => { while (index.work(0)); adopted = index.stats().codec.type === 'rq8'; }))).toMatchObject({ code: 'INDEX_CHANGED' });
      expect(adopted).toBe(true);
    });
  });

  test('a filter prepared before goes on', async () => {
    const { index, model } = await held('f32', 'hnsw');
    const allowed = [...model.rows.keys()].filter((id) => id % 3 === 0);
    const filter = index.filter(allowed);
    const query = even(random(1));
    const expected = index.search(query, { k: 20, filter });
    for (const to of ['rq8 outside', 'sq8', 'pq outside']) {
      index.setCodec({ ...storages[to], reader: model.read });
      for (let more = true; more;) {
        more = index.work(0);
        expect(index.search(query, { k: 20, filter, oversampling: 10 }).ids).toEqual(expected.ids);
      }
      expect(filter.size).toBe(allowed.length);
    }
  });

  test('where ids are slots, far apart', async () => {
    const index = await VectorIndex.create({ dimensions: DIMENSIONS, metric: 'l2-squared', idTable: false });
    const rows = new Map(evenRows(200).map((row, i) => [i * 3, row]));
    for (const [id, row] of rows) index.add(id, row);
    index.setCodec(storages['sq8']);
    for (let i = 0; index.work(0); i++) if (i % 3 === 0) {
      const row = even(random(i));
      rows.set(601 + i * 5, row);
      index.add(601 + i * 5, row);
      rows.delete(i * 3);
      index.remove(i * 3);
    }
    expect(index.stats()).toMatchObject({ codec: { type: 'sq8' }, count: rows.size });
    for (const [id, row] of rows) {
      expect(index.get(id)).toEqual(row);
      expect(index.search(row, { k: 1 }).ids[0]).toBe(id);
    }
    expectSound(index);
  });
});

describe('training by itself', () => {
  const storages = [
    { codec: { type: 'sq8', trainingLimit: 120 } },
    { codec: { type: 'pq', centroids: 10, trainingLimit: 120 }, fullVectors: 'external' },
    { codec: { type: 'rq8', trainingLimit: 120 }, fullVectors: 'sq8' },
  ];
  const open = (storage, reader) => VectorIndex.create({ dimensions: DIMENSIONS, metric: 'l2-squared', maxConnections: 6, ...storage, reader });

  test.each(storages)('of %j, not before so many are there', async (storage) => {
    const rows = someRows(400);
    const index = await open(storage, readerOf(rows));
    for (let id = 0; id < 119; id++) index.add(id, rows[id]);
    finish(index);
    expect(index.stats()).toMatchObject({ codec: { type: 'f32' }, vectors: 'exact', recoding: { codec: { type: storage.codec.type }, trainingLimit: 120, trained: false, done: 0 } });
    index.remove(5);
    index.add(119, rows[119]);
    finish(index);
    expect(index.stats().codec.type).toBe('f32');
    index.add(5, rows[5]);
    finish(index);
    expect(index.stats()).toMatchObject({ codec: { type: storage.codec.type }, fullVectors: storage.fullVectors ?? 'memory', recoding: undefined });
    expect(index.search(rows[3], { k: 1 }).ids[0]).toBe(3);
  });

  test.each(storages)('of %j, by additions alone', async (storage) => {
    const rows = someRows(1000);
    const index = await open(storage, readerOf(rows));
    rows.forEach((row, id) => index.add(id, row));
    expect(index.stats()).toMatchObject({ codec: { type: storage.codec.type }, recoding: undefined, count: 1000 });
    for (let id = 0; id < 1000; id += 37) expect(index.search(rows[id], { k: 1 }).ids[0]).toBe(id);
    expectSound(index);
  });

  test.each(storages)('of %j, at once by addMany', async (storage) => {
    const rows = someRows(400);
    const index = await open(storage, readerOf(rows));
    const add = (from, to) => {
      const all = new Float32Array((to - from) * DIMENSIONS);
      rows.slice(from, to).forEach((row, i) => all.set(row, i * DIMENSIONS));
      index.addMany(sequence(to - from, from), all);
    };
    add(0, 40);
    expect(index.stats().codec.type).toBe('f32');
    add(40, 400);
    expect(index.stats()).toMatchObject({ codec: { type: storage.codec.type }, recoding: undefined, count: 400 });
    for (let id = 0; id < 400; id += 17) expect(index.search(rows[id], { k: 1 }).ids[0]).toBe(id);
    expectSound(index);
  });

  test('is left to work where many are there already', async () => {
    const rows = someRows(200);
    const index = await open({ codec: 'rq8', fullVectors: 'memory' });
    rows.forEach((row, id) => index.add(id, row));
    index.setCodec(storages[0]);
    expect(index.stats().recoding).toMatchObject({ trained: false, done: 0, total: 200 });
    const seen = [];
    while (index.work(0)) seen.push(index.stats().recoding);
    const last = seen.filter(Boolean).at(-1);
    expect(seen.some((one) => one?.trained)).toBe(true);
    expect(last.done).toBeGreaterThan(150);
    expect(index.stats().codec).toEqual({ type: 'sq8', quantile: 0.99 });
  });
});

describe('where full vectors are missing', () => {
  const missing = [
    ['rq8 outside', { codec: 'rq8', fullVectors: 'external' }, [{ codec: 'f32' }, { codec: 'rq8' }, { codec: 'bq', fullVectors: 'external' }, { mode: 'compact' }]],
    ['sq8', { codec: { type: 'sq4', trainingLimit: 50 }, fullVectors: 'sq8' }, [{ codec: 'f32' }, { codec: { type: 'sq4', trainingLimit: 50 } }, { mode: 'fast' }]],
  ];
  test.each(missing)('%s: a change that needs them is refused before anything changes; with a reader it is made', async (_, storage, changes) => {
    const rows = someRows(150);
    for (const change of changes) {
      const index = await filled(engine, rows, { metric: 'l2-squared', ...storage });
      const before = index.serialize();
      const error = await errorOf(() => index.setCodec(change));
      expect([change, error?.code, error?.message]).toEqual([change, 'VECTORS_MISSING', expect.stringMatching(/^reader: expected one/)]);
      expect(index.stats().recoding).toBeUndefined();
      expect(index.work(5)).toBe(false);
      expect(index.serialize()).toEqual(before);
      if (change.mode) continue; // learns from more than there are
      index.setCodec({ ...change, reader: readerOf(rows) });
      finish(index);
      expect(index.stats().recoding).toBeUndefined();
      expectAllThere(index, rows);
      rows.forEach((row, id) => expect(index.get(id)).toEqual(row));
    }
  });

  test('kept as sq8 they serve other codes', async () => {
    const rows = evenRows(150);
    const index = await filled(engine, rows, { metric: 'l2-squared', codec: { type: 'sq4', trainingLimit: 50 }, fullVectors: 'sq8' });
    for (const codec of [{ type: 'rq8', trainingLimit: 50 }, { type: 'sq8', trainingLimit: 50 }, { type: 'pq', centroids: 20, trainingLimit: 50 }]) {
      index.setCodec({ codec, fullVectors: 'sq8' });
      finish(index);
      expect(index.stats()).toMatchObject({ codec: { type: codec.type }, fullVectors: 'sq8', recoding: undefined });
      rows.forEach((row, id) => row.forEach((x, d) => expect(Math.abs(index.get(id)[d] - x)).toBeLessThan(0.1)));
    }
  });
});

describe('a reader', () => {
  test('alone is replaced, and nothing else changes', async () => {
    const rows = someRows(300);
    const index = await outside(rows, undefined, { codec: 'rq1' });
    index.setCodec({ reader: readerOf(rows) });
    expect(index.stats()).toMatchObject({ codec: { type: 'rq1' }, fullVectors: 'external', vectors: 'read', recoding: undefined });
    expectAllThere(index, rows);
    expect((await errorOf(() => index.setCodec({}))).code).toBe('INVALID_ARGUMENT');
  });

  test.each(['cosine', 'dot', 'l2-squared'])('that answers later is refused, with %s', async (metric) => {
    const rows = someRows(50);
    const index = await outside(rows, async (ids, out) => out.fill(1), { metric });
    const errors = [await errorOf(() => index.search(rows[0])), await errorOf(() => index.get(1))];
    expect(errors.map(({ code, message }) => `${code} ${message}`)).toEqual(Array(2).fill(expect.stringMatching(/^INVALID_ARGUMENT reader: expected a synchronous function/)));
  });

  test.each(['cosine', 'dot', 'l2-squared'])('that leaves vectors out is found out, with %s', async (metric) => {
    const rows = someRows(50);
    const index = await outside(rows, () => {}, { metric });
    for (const call of [() => index.search(rows[0]), () => index.get(1)]) expect((await errorOf(call)).message).toMatch(/^reader\[0\]: expected finite/);
  });

  test('that changes the index is found out', async () => {
    const rows = someRows(50);
    const reader = fickle(rows);
    const index = await outside(rows, reader);
    reader.instead = (ids, out) => { readerOf(rows)(ids, out); index.remove(3); };
    expect((await errorOf(() => index.search(rows[0]))).code).toBe('INDEX_CHANGED');
  });
});
