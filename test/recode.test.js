import { describe, expect, test } from 'vitest';
import { filled, readerOf } from './conformance/codecs.js';
import { measure } from './conformance/oracle.js';
import { random, vector } from './conformance/random.js';
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
