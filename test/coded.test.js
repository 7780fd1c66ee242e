import { describe, expect, test } from 'vitest';
import { filled, readerOf, rowsFor } from './conformance/codecs.js';
import { measure } from './conformance/oracle.js';
import { random, vector } from './conformance/random.js';
import { VectileError, VectorIndex, errorOf } from './support/engine.js';
import { forged } from './support/checksums.js';
import { Header, Region, expectSound } from './support/memory.js';

/** Filters, deletion, equal vectors, images and hostile readers, where vectors are codes. */

const engine = { VectorIndex };
const DIMENSIONS = 12;
const COUNT = 150;
const trainingLimit = 100;
const CODECS = {
  sq8: { type: 'sq8', trainingLimit }, sq4: { type: 'sq4', trainingLimit }, pq: { type: 'pq', centroids: 20, trainingLimit },
  'pq packed': { type: 'pq', centroids: 16, trainingLimit }, bq: 'bq', 'bq centred': { type: 'bq', centred: true, trainingLimit }, rq8: 'rq8', rq1: 'rq1',
};
const names = Object.keys(CODECS);
const rows = rowsFor('l2-squared', DIMENSIONS, COUNT);
const options = (name, more) => ({ metric: 'l2-squared', maxConnections: 6, efConstruction: 40, codec: CODECS[name], ...more });
const placesOf = (name) => ['memory', 'external', ...(CODECS[name].trainingLimit ? ['sq8'] : [])];
const open = (name, more) => filled(engine, rows, options(name, more));
const finish = (index) => { while (index.work(5)); };
const kinds = names.flatMap((name) => ['flat', 'hnsw'].flatMap((type) => placesOf(name).map((fullVectors) => ({ name, type, fullVectors }))));
const queries = [rows[4], rows[77].map((x) => x + 0.1), vector(random(5), DIMENSIONS)];

describe.each(kinds)('$name, $type, full vectors $fullVectors', ({ name, type, fullVectors }) => {
  const reader = fullVectors === 'external' ? readerOf(rows) : undefined;

  test('filters: as many as there can be, none but those allowed', async () => {
    const index = await open(name, { type, fullVectors, reader });
    for (const share of [2, 3, 10, 70]) {
      const allowed = rows.map((_, id) => id).filter((id) => id % share === 1);
      for (const filterStrategy of ['auto', 'scan', 'traverse']) {
        for (const filter of [allowed, index.filter(allowed)]) {
          for (const rescore of [true, false]) {
            const { ids, distances } = index.search(queries[1], { k: COUNT, filter, filterStrategy, rescore });
            expect([...ids].sort((a, b) => a - b)).toEqual(allowed);
            ids.forEach((id, i) => {
              if (i) expect(distances[i]).toBeGreaterThanOrEqual(distances[i - 1]);
              if (!rescore || fullVectors === 'sq8') return;
              const { distance, tolerance } = measure('l2-squared', queries[1], rows[id]);
              expect(Math.abs(distances[i] - distance)).toBeLessThanOrEqual(2 * tolerance);
            });
          }
        }
      }
    }
  });

  test('removal and closing up: what is left is what it was', async () => {
    const index = await open(name, { type, fullVectors });
    const all = Array.from({ length: 12 }, (_, block) => rows.map((row) => row.map((x) => x + block * 0.01)));
    all.slice(1).forEach((block, i) => block.forEach((row, id) => index.add((i + 1) * COUNT + id, row)));
    const before = new Map([...index.ids()].map((id) => [id, index.get(id)]));
    const told = index.search(queries[2], { k: before.size, rescore: false, filterStrategy: 'scan' });
    const distanceOf = new Map([...told.ids].map((id, i) => [id, told.distances[i]]));
    expect(distanceOf.size).toBe(12 * COUNT);
    const bytes = index.stats().bytes.memory;
    for (const id of before.keys()) if (id % 7) index.remove(id);
    finish(index);
    expect(index.stats().bytes.memory).toBeLessThan(bytes);
    expect(index.stats()).toMatchObject({ tombstones: 0, free: 0 });
    const left = [...before.keys()].filter((id) => id % 7 === 0);
    for (const id of left) expect(index.get(id)).toEqual(before.get(id));
    const again = index.search(queries[2], { k: before.size, rescore: false, filterStrategy: 'scan' });
    expect([...again.ids].sort((a, b) => a - b)).toEqual(left);
    if (fullVectors !== 'memory') again.ids.forEach((id, i) => expect(again.distances[i]).toBe(distanceOf.get(id)));
    if (type === 'hnsw') expectSound(index);
    expect((await VectorIndex.deserialize(index.serialize())).serialize()).toEqual(index.serialize());
  });

  test('equal vectors are each returned, and each removed', async () => {
    const index = await open(name, { type, fullVectors });
    for (let id = 1000; id < 1040; id++) index.add(id, rows[4]);
    const equal = [4, ...Array.from({ length: 40 }, (_, i) => 1000 + i)];
    const around = () => index.search(rows[4], { k: COUNT + 40, ef: 400, rescore: false, filterStrategy: 'traverse' });
    for (const gone of [[], [4], [1000, 1039, 1020], [1001, 1002]]) {
      for (const id of gone) { index.remove(id); equal.splice(equal.indexOf(id), 1); }
      const { ids, distances } = around();
      expect(ids.length).toBe(index.size);
      const own = new Set([...ids].map((id, i) => (equal.includes(id) ? distances[i] : undefined)).filter((x) => x !== undefined));
      expect(own.size, 'distances of what is equal').toBe(1);
      expect(equal.every((id) => ids.includes(id))).toBe(true);
    }
    finish(index);
    expect([...around().ids].sort((a, b) => a - b)).toEqual([...index.ids()].sort((a, b) => a - b));
    if (type === 'hnsw') expectSound(index);
  });
});

describe.each(names)('an image of %s', (name) => {
  const images = async (more) => Promise.all(placesOf(name).flatMap((fullVectors) => ['flat', 'hnsw'].map(async (type) => (await open(name, { type, fullVectors, ...more })).serialize())));
  const refusal = (image) => errorOf(() => VectorIndex.deserialize(image));
  const sizeOf = (view, region) => view.getUint32(Header.Regions + region * 12 + 4, true);

  test('any bit flipped is found', async () => {
    for (const image of await images()) {
      for (let bit = 3; bit < image.length * 8; bit += 4099) {
        image[bit >> 3] ^= 1 << (bit & 7);
        expect((await refusal(image))?.code, `bit ${bit}`).toMatch(/^IMAGE_/);
        image[bit >> 3] ^= 1 << (bit & 7);
      }
      expect(await refusal(image)).toBeUndefined();
    }
  });

  test('a model that is not finite is refused', async () => {
    let tried = 0;
    for (const image of await images()) {
      for (const region of [Region.Model, Region.RowModel]) {
        const words = sizeOf(new DataView(image.buffer), region) >> 2;
        for (const word of new Set([0, 1, words >> 1].filter((at) => at < words))) {
          for (const value of [NaN, Infinity, -Infinity]) {
            const bad = forged(image, (view, at) => view.setFloat32(at(region) + word * 4, value, true));
            expect((await refusal(bad))?.code, `${value} at word ${word}`).toBe('IMAGE_CORRUPT');
            tried++;
          }
        }
      }
    }
    expect(tried).toBeGreaterThan(0);
  });

  test('fields that do not go together are refused', async () => {
    const undefinedMetrics = [3, 4, 5].filter((metric) => metric !== { pq: 3, bq: 4 }[name.slice(0, 2)]);
    const changes = [
      [Header.Codec, [7, 200, 2 ** 32 - 1]], [Header.FullVectors, [3, 2 ** 32 - 1]], [Header.CodeBytes, [0, 1, 4096, 2 ** 32 - 16]], [Header.Centred, [2]],
      [Header.RowBytes, [1, 4096]], [Header.Metric, undefinedMetrics], [Header.Dimensions, [0, 4000, 65536]],
    ];
    if (name.startsWith('pq')) changes.push([Header.Segments, [0, 5, 13, 2 ** 32 - 1]], [Header.Centroids, [0, 257, 2 ** 32 - 1]]);
    for (const image of await images()) {
      for (const [field, values] of changes) {
        for (const value of values) {
          if (new DataView(image.buffer).getUint32(field, true) === value) continue;
          expect((await refusal(forged(image, (view) => view.setUint32(field, value, true))))?.code, `${value} at ${field}`).toMatch(/^IMAGE_(CORRUPT|TRUNCATED)$/);
        }
      }
    }
  });

  test('any bytes for codes are refused or harmless', async () => {
    for (const image of await images()) {
      for (const fill of [0, 0x7f, 0x80, 0xff, undefined]) {
        const next = random(3);
        const bad = forged(image, (view, at) => {
          for (let i = 0; i < sizeOf(view, Region.Codes); i++) view.setUint8(at(Region.Codes) + i, fill ?? Math.floor(next() * 256));
        });
        const error = await refusal(bad);
        if (error) {
          expect(error.code).toBe('IMAGE_CORRUPT');
          continue;
        }
        const index = await VectorIndex.deserialize(bad);
        for (const filterStrategy of ['scan', 'traverse']) {
          const { ids } = index.search(queries[2], { k: COUNT, filterStrategy });
          expect(ids.every((id) => id < COUNT)).toBe(true);
          expect(new Set(ids).size).toBe(ids.length);
        }
        index.add(9999, queries[2]);
        index.remove(3);
        finish(index);
        expect(index.size).toBe(COUNT);
      }
    }
  });
});

test('a code of pq that names no centroid is refused', async () => {
  for (const type of ['flat', 'hnsw']) {
    const image = (await open('pq', { type })).serialize();
    for (const value of [20, 255]) {
      for (const slot of [0, COUNT - 1]) {
        const bad = forged(image, (view, at) => view.setUint8(at(Region.Codes) + slot * view.getUint32(Header.CodeBytes, true), value));
        expect((await errorOf(() => VectorIndex.deserialize(bad)))?.code).toBe('IMAGE_CORRUPT');
      }
    }
    expect(await errorOf(() => VectorIndex.deserialize(forged(image, (view, at) => view.setUint8(at(Region.Codes), 19))))).toBeUndefined();
  }
});

describe('a reader', () => {
  const read = readerOf(rows);
  const query = queries[1];

  async function withReader(reader, metric = 'l2-squared') {
    const index = await filled(engine, rows, { metric, maxConnections: 6, codec: 'rq8', fullVectors: 'external', reader: (ids, out) => reader.now(ids, out, index) });
    return index;
  }

  test('that writes to the ids it is given does not change who is found', async () => {
    const reader = { now: read };
    const index = await withReader(reader);
    const expected = [...index.search(query, { k: 5 }).ids];
    reader.now = (ids, out) => { read(ids, out); ids.fill(12345); };
    expect([...index.search(query, { k: 5 }).ids]).toEqual(expected);
  });

  const calls = {
    search: (index) => index.search(query, { k: 5 }),
    searchInto: (index) => index.searchInto(query, new Uint32Array(5), new Float32Array(5)),
    searchMany: (index) => index.searchMany(query, { k: 5 }),
  };

  /** The call fails so, nothing has changed, and with a sound reader the answers are what they were. */
  async function expectFailure(bad, code, call, metric) {
    const reader = { now: read };
    const index = await withReader(reader, metric);
    const [before, expected] = [index.serialize(), index.search(query, { k: 5 })];
    reader.now = bad;
    const error = await errorOf(() => call(index));
    if (code instanceof Error) expect(error).toBe(code);
    else expect([error instanceof VectileError, error?.code]).toEqual([true, code]);
    reader.now = read;
    expect(index.serialize()).toEqual(before);
    expect(index.search(query, { k: 5 })).toEqual(expected);
  }

  test.each(Object.entries(calls))('of %s that throws, or gives what is no vector', async (_, call) => {
    const failure = new Error('disk');
    await expectFailure(() => { throw failure; }, failure, call);
    for (const value of [NaN, Infinity, -Infinity, 1e30]) await expectFailure((ids, out) => out.fill(value), 'NOT_FINITE', call);
    await expectFailure((ids, out) => { read(ids, out); out[DIMENSIONS * 3 + 1] = NaN; }, 'NOT_FINITE', call);
    await expectFailure((ids, out) => { out.fill(0); }, 'ZERO_VECTOR', call, 'cosine');
  });

  test('that searches the same index, wider and with a filter, does not disturb the search it serves', async () => {
    const reader = { now: read };
    const index = await withReader(reader);
    const filter = index.filter([1, 2, 3, 50]);
    const [plain, filtered] = [{ k: 5 }, { k: 3, filter }].map((more) => index.search(query, more));
    let depth = 0;
    reader.now = (ids, out) => {
      const asked = ids.slice();
      if (depth++ < 2) {
        index.search(rows[3], { k: COUNT, ef: 3000 });
        index.search(rows[9], { k: 2, filter: [9, 8, 7] });
      }
      depth--;
      expect(ids).toEqual(asked);
      read(ids, out);
    };
    expect(index.search(query, { k: 5 })).toEqual(plain);
    expect(index.search(query, { k: 3, filter })).toEqual(filtered);
  });

  test.each(Object.entries(calls))('that disposes of the index, in %s', async (_, call) => {
    const index = await withReader({ now: (ids, out, one) => { read(ids, out); one.dispose(); } });
    expect(await errorOf(() => call(index))).toMatchObject({ name: 'VectileError', code: 'DISPOSED' });
  });

  test('that adds and removes leaves an index that is sound', async () => {
    let more = 5000;
    const index = await withReader({ now: (ids, out, one) => { read(ids, out); one.add(more++, rows[5]); one.remove(ids[0]); } });
    for (let i = 0; i < 20; i++) await errorOf(() => index.search(query, { k: 5, oversampling: 1, filter: Array.from({ length: COUNT }, (_, id) => id) }));
    expect(index.size).toBe(COUNT);
    expect(index.ids().length).toBe(COUNT);
    expectSound(index);
    finish(index);
    expect((await VectorIndex.deserialize(index.serialize())).size).toBe(COUNT);
  });

  test('is asked for no more than there is, however much is wanted', async () => {
    const asked = [];
    const index = await withReader({ now: (ids, out) => { asked.push(ids.length); read(ids, out); } });
    for (const more of [{ k: 2 ** 32 - 1 }, { k: 100, oversampling: 2 ** 20 }, { k: 2 ** 32 - 1, oversampling: 2 ** 20 }]) {
      const { ids, rescored } = index.search(query, more);
      expect([ids.length, rescored]).toEqual([Math.min(more.k, COUNT), COUNT]);
    }
    expect(Math.max(...asked)).toBe(COUNT);
  });
});
