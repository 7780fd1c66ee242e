import { beforeAll, describe, expect, test } from 'vitest';
import { CODECS, SHORT_DIMENSIONS, checkCodec, checkRescored, filled, readerOf, rowsFor } from './conformance/codecs.js';
import { METRICS, hitsWithin, measure, nearestDistances } from './conformance/oracle.js';
import { clustered, random, sequence, shuffled, vector } from './conformance/random.js';
import { VectileError, VectorIndex, binaries, errorOf, useBinary } from './support/engine.js';

const engine = { VectorIndex };
const DIMENSIONS = [...Array.from({ length: 40 }, (_, i) => i + 1), 64, 100, 129, 256];
const pairs = CODECS.flatMap((codec) => codec.metrics.map((metric) => ({ name: codec.name, metric, codec })));

describe.each(binaries)('%s', (binary) => {
  beforeAll(() => useBinary(binary));

  test.each(pairs)('$name, $metric: codes and their distances are as the oracle says', async ({ codec, metric }) => {
    // tails are the same code in every binary: one of them has them all
    const list = binary === 'baseline' ? DIMENSIONS : DIMENSIONS.filter((dimensions) => dimensions % 3 === 1 || dimensions > 40);
    for (const dimensions of list) expect(await checkCodec(engine, codec, metric, dimensions)).toEqual([]);
    for (const dimensions of SHORT_DIMENSIONS) expect(await checkCodec(engine, codec, metric, dimensions, 'hnsw')).toEqual([]);
  });

  test.each(pairs)('$name, $metric: rescored distances are exact', async ({ codec, metric }) => {
    for (const dimensions of [1, 17, 64, 129]) {
      for (const type of ['flat', 'hnsw']) expect(await checkRescored(engine, codec, metric, dimensions, type)).toEqual([]);
    }
  });

  test.each(pairs.filter(({ metric }) => metric !== 'hamming'))('$name, $metric: sums do not overflow', async ({ codec, metric }) => {
    for (const dimensions of [64, 600, 1536]) {
      const [ones, halves] = [1, 0.5].map((value) => new Float32Array(dimensions).fill(value));
      const rows = Array.from({ length: 41 }, (_, i) => (i % 2 ? halves : ones).map((value, d) => (i % 4 < 2 ? value : -value) * (i < 40 || d % 2 ? 1 : -1)));
      const option = { type: codec.name.split(' ')[0], ...asOptions(codec.codec(dimensions)) };
      if (option.segments) option.segments = dimensions / 2; // more segments than a sum of sixteen bits has room for
      const index = await filled(engine, rows, { metric, type: 'flat', codec: option, fullVectors: 'external' });
      const far = (x, y) => measure(metric, x, y).distance;
      for (const query of [ones, ones.map((x) => -x)]) {
        const { ids, distances } = index.search(query, { k: 41, rescore: false });
        const worst = far(ones, ones.map((x) => -x));
        for (const [i, id] of ids.entries()) {
          if (option.type === 'bq') {
            const differing = rows[id].reduce((count, x, d) => count + Number(x > 0 !== query[d] > 0), 0);
            if (!option.centred) expect(distances[i]).toBe(differing);
          } else {
            const size = Math.abs(worst) + Math.abs(far(query, rows[id]));
            expect(Math.abs(distances[i] - far(query, rows[id])), `row ${id} of ${dimensions}: ${distances[i]}, not ${far(query, rows[id])}`).toBeLessThan(0.2 * size + 1e-3);
          }
        }
        expect(new Set(ids).size).toBe(41);
      }
      index.dispose();
    }
  });

  test.each(pairs.filter(({ metric }) => metric === 'l2-squared'))('$name, $metric: 65,535 dimensions', async ({ codec, metric }) => {
    const dimensions = 65535;
    const rows = rowsFor(metric, dimensions, 6);
    const option = withLimit(codec.codec(dimensions), 6, 4);
    const index = await filled(engine, rows, { metric, type: codec.only ?? 'hnsw', codec: option, fullVectors: 'external', reader: readerOf(rows) });
    for (const query of [rows[3], rows[5]]) {
      const { ids, distances } = index.search(query, { k: 6, filterStrategy: 'scan' });
      expect(ids[0]).toBe(rows.indexOf(query));
      ids.forEach((id, i) => {
        const { distance, tolerance } = measure(metric, query, rows[id]);
        expect(Math.abs(distances[i] - distance)).toBeLessThanOrEqual(2 * tolerance);
      });
      const coded = index.search(query, { k: 6, rescore: false, filterStrategy: 'scan' });
      expect(coded.distances.every(Number.isFinite)).toBe(true);
    }
    index.dispose();
  });

  test.each(pairs)('$name, $metric: very short and very long vectors have an order', async ({ codec, metric }) => {
    const dimensions = 8;
    for (const scale of [0, 1e-44, 1e-38, 1e-20, 1e15, 1e17]) {
      if (scale === 0 && metric === 'cosine') continue;
      const rows = rowsFor(metric, dimensions).map((row) => row.map((x) => x * scale + (metric === 'cosine' ? scale : 0)));
      const usable = rows.map((row) => (metric === 'cosine' && !row.some((x) => x) ? row.fill(scale) : row));
      const index = await filled(engine, usable, { metric, type: codec.only ?? 'hnsw', codec: codec.codec(dimensions), fullVectors: 'external' });
      for (const query of [usable[4], vector(random(2), dimensions)]) {
        for (const filterStrategy of ['scan', 'traverse']) {
          const { ids, distances } = index.search(query, { k: 41, rescore: false, filterStrategy });
          expect([scale, new Set(ids).size]).toEqual([scale, 41]);
          expect([...distances].every(Number.isFinite)).toBe(true);
        }
      }
      expect(index.get(7).every(Number.isFinite)).toBe(true);
      index.dispose();
    }
  });

  test('bq counts differing components of ±1 as hamming does', async () => {
    for (const dimensions of [1, 5, 63, 64, 65, 128, 200]) {
      const rows = rowsFor('hamming', dimensions, 100);
      const [coded, plain] = [await filled(engine, rows, { metric: 'hamming', type: 'flat', codec: 'bq', fullVectors: 'external' }), await filled(engine, rows, { metric: 'hamming', type: 'flat' })];
      for (const query of rows.slice(0, 5)) expect(coded.search(query, { k: 100 }).distances).toEqual(plain.search(query, { k: 100 }).distances);
      rows.forEach((row, id) => expect(coded.get(id)).toEqual(row));
    }
  });
});

describe('packed codes of pq', () => {
  /** Distances by id, of all at once and of each alone. */
  const both = (index, query) => {
    const byId = ({ ids, distances }) => [...ids].map((id, i) => [id, distances[i]]).sort((a, b) => a[0] - b[0]);
    const options = { k: index.size, rescore: false };
    return [byId(index.search(query, options)), [...index.ids()].flatMap((id) => byId(index.search(query, { ...options, filter: [id] }))).sort((a, b) => a[0] - b[0])];
  };

  test.each([1, 15, 16, 17, 31, 32, 33, 64, 65, 100, 333])('%d in blocks of 32 are measured as one by one', async (count) => {
    for (const [dimensions, segments] of [[12, 3], [7, 7], [600, 300]]) {
      const rows = rowsFor('l2-squared', dimensions, Math.max(count, 2)).slice(0, count);
      const index = await filled(engine, rows, { metric: 'l2-squared', type: 'flat', codec: { type: 'pq', segments, centroids: 16, trainingLimit: 1 } });
      const [all, each] = both(index, rows[0].map((x) => x + 0.1));
      expect(all.length).toBe(count);
      expect(all).toEqual(each);
      index.dispose();
    }
  });

  test('stay their own through replacement, removal and closing up', async () => {
    const dimensions = 120;
    const rows = rowsFor('l2-squared', dimensions, 3000);
    const codec = { type: 'pq', segments: 120, centroids: 16, trainingLimit: 500 };
    const index = await filled(engine, rows, { metric: 'l2-squared', type: 'flat', codec, fullVectors: 'external' });
    const decoded = rows.map((_, id) => String(index.get(id)));
    const kept = new Map(decoded.entries());
    const next = random(4);
    const order = shuffled(next, 3000);
    for (const id of order.subarray(0, 40)) { // another's vector in its place, then its own again
      index.add(id, rows[(id + 1) % 3000]);
      expect(String(index.get(id))).toBe(decoded[(id + 1) % 3000]);
      index.add(id, rows[id]);
    }
    const before = index.stats().bytes.memory;
    for (const id of order.subarray(0, 2500)) { index.remove(id); kept.delete(id); }
    const check = () => {
      for (const [id, expected] of kept) expect(String(index.get(id))).toBe(expected);
      const [all, each] = both(index, rows[order[2600]]);
      expect(all.length).toBe(kept.size);
      expect(all).toEqual(each);
    };
    check();
    while (index.work(5));
    expect(index.stats().bytes.memory).toBeLessThan(before);
    expect(index.stats().free).toBe(0);
    check();
    for (const id of order.subarray(0, 77)) { index.add(id, rows[id]); kept.set(id, decoded[id]); }
    check();
    const again = await VectorIndex.deserialize(index.serialize());
    for (const [id, expected] of kept) expect(String(again.get(id))).toBe(expected);
  });
});

describe('recall with the whole pool rescored', () => {
  const count = 2000, dimensions = 96, k = 10, queries = 30;
  const data = clustered(random(11), count + queries, dimensions);
  const rows = data.rows.subarray(0, count * dimensions);
  const ids = sequence(count);
  /** How far below that of floats. */
  const slack = { f32: 0, sq8: 0.01, sq4: 0.01, pq: 0.03, rq8: 0.01, rq1: 0.05, bq: 0.1 };

  test.each(['cosine', 'l2-squared'])('%s', async (metric) => {
    const recall = {};
    for (const type of Object.keys(slack)) {
      const codec = { type, ...(['sq8', 'sq4', 'pq'].includes(type) && { trainingLimit: 1000 }) };
      const index = await VectorIndex.create({ dimensions, metric, maxConnections: 12, efConstruction: 60, codec });
      index.addMany(ids, rows);
      expect(index.stats().recoding).toBeUndefined();
      let found = 0;
      for (let i = 0; i < queries; i++) {
        const query = data.row(count + i);
        const { distances } = index.search(query, { k, ef: 150, oversampling: 15, filterStrategy: 'traverse' });
        found += hitsWithin(distances, nearestDistances(metric, query, ids, data.row, k));
      }
      recall[type] = found / (queries * k);
      index.dispose();
    }
    expect(recall.f32).toBeGreaterThan(0.97);
    for (const [type, less] of Object.entries(slack)) expect(recall[type], `${type} of ${JSON.stringify(recall)}`).toBeGreaterThanOrEqual(recall.f32 - less);
  });
});

describe('refused', () => {
  const cases = [
    ['a codec that does not exist', { codec: 'sq2' }, /^codec: /],
    ['a codec without a type', { codec: {} }, /^codec: /],
    ['no codec', { codec: null }, /^codec: /],
    ['an option of another codec', { codec: { type: 'sq4', quantile: 0.9 } }, /^codec: expected type, trainingLimit, got "quantile"$/],
    ['an option of what learns nothing', { codec: { type: 'rq8', trainingLimit: 5 } }, /^trainingLimit: /],
    ['a quantile of 0', { codec: { type: 'sq8', quantile: 0 } }, /^quantile: /],
    ['a quantile above 1', { codec: { type: 'sq8', quantile: 1.01 } }, /^quantile: /],
    ['a quantile that is no number', { codec: { type: 'sq8', quantile: '0.9' } }, /^quantile: /],
    ['a quantile that is NaN', { codec: { type: 'sq8', quantile: NaN } }, /^quantile: /],
    ['a limit of 0', { codec: { type: 'sq8', trainingLimit: 0 } }, /^trainingLimit: /],
    ['a limit of half a vector', { codec: { type: 'pq', trainingLimit: 0.5 } }, /^trainingLimit: /],
    ['segments that do not divide', { codec: { type: 'pq', segments: 5 } }, /^segments: expected a divisor of 12, got 5$/],
    ['more segments than dimensions', { codec: { type: 'pq', segments: 24 } }, /^segments: /],
    ['no segments', { codec: { type: 'pq', segments: 0 } }, /^segments: /],
    ['no centroids', { codec: { type: 'pq', centroids: 0 } }, /^centroids: /],
    ['more centroids than a byte names', { codec: { type: 'pq', centroids: 257 } }, /^centroids: /],
    ['centred by a number', { codec: { type: 'bq', centred: 1 } }, /^centred: /],
    ['a limit where nothing is trained', { codec: { type: 'bq', trainingLimit: 5 } }, /^trainingLimit: /],
    ['a place that does not exist', { codec: 'sq8', fullVectors: 'disk' }, /^fullVectors: /],
    ['floats outside', { fullVectors: 'external' }, /^fullVectors: /],
    ['floats as sq8', { codec: 'f32', fullVectors: 'sq8' }, /^fullVectors: /],
    ['a mode that does not exist', { mode: 'best' }, /^mode: /],
    ['a mode beside a codec', { mode: 'fast', codec: 'sq4' }, /^mode: /],
    ['a mode beside full vectors', { mode: 'fast', fullVectors: 'memory' }, /^mode: /],
    ['a reader that is no function', { codec: 'rq8', reader: {} }, /^reader: /],
    ['an option that does not exist', { codecs: 'sq8' }, /^options: /],
  ];

  test.each(cases)('%s', async (_, options, message) => {
    const index = await filled(engine, rowsFor('cosine', 12), {});
    const before = index.serialize();
    for (const call of [() => VectorIndex.create({ dimensions: 12, ...options }), () => index.setCodec(options)]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(VectileError);
      expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringMatching(message)]);
    }
    expect(index.work(5)).toBe(false);
    expect(index.serialize()).toEqual(before);
  });

  test.each(METRICS)('%s with codecs that are not defined for it', async (metric) => {
    const names = ['f32', 'sq8', 'sq4', 'pq', 'bq', 'rq8', 'rq1'];
    const defined = { manhattan: ['f32', 'pq'], hamming: ['f32', 'bq'] }[metric] ?? names;
    for (const codec of names) {
      const error = await errorOf(() => VectorIndex.create({ dimensions: 12, metric, codec }));
      expect([codec, error?.code]).toEqual([codec, defined.includes(codec) ? undefined : 'INVALID_ARGUMENT']);
      if (error) expect(error.message).toBe(`codec: expected one that is defined for the metric (${defined.join(', ')}), got "${codec}"`);
    }
    const rows = await errorOf(() => VectorIndex.create({ dimensions: 12, metric, codec: defined.at(-1), fullVectors: 'sq8' }));
    expect(rows?.code).toBe(defined.length < 3 ? 'INVALID_ARGUMENT' : undefined);
    for (const mode of ['fast', 'compact', 'smallest']) {
      expect((await errorOf(() => VectorIndex.create({ dimensions: 12, metric, mode })))?.code).toBe(defined.length < 3 ? 'INVALID_ARGUMENT' : undefined);
    }
  });

  test('searches that want what cannot be', async () => {
    const index = await filled(engine, rowsFor('cosine', 12), { codec: 'rq8' });
    const query = new Float32Array(12).fill(1);
    for (const oversampling of [0, 0.5, -1, NaN, Infinity, 2 ** 20 + 1, '2', null]) {
      expect((await errorOf(() => index.search(query, { oversampling })))?.code, `oversampling ${oversampling}`).toBe('INVALID_ARGUMENT');
    }
    for (const rescore of [0, 1, 'yes', null]) expect((await errorOf(() => index.search(query, { rescore })))?.code, `rescore ${rescore}`).toBe('INVALID_ARGUMENT');
    for (const options of [5, 'k', null]) expect((await errorOf(() => index.candidates(query, options)))?.code, `candidates with ${options}`).toBe('INVALID_ARGUMENT');
    const ids = Uint32Array.of(1, 2);
    for (const [code, call] of [
      ['DIMENSION_MISMATCH', () => index.rescore(query, ids, new Float32Array(12))],
      ['INVALID_ARGUMENT', () => index.rescore(query, [1, 2], new Float32Array(24))],
      ['INVALID_ARGUMENT', () => index.rescore(query, ids, [1])],
      ['NOT_FINITE', () => index.rescore(query, ids, new Float32Array(24).fill(NaN))],
      ['ZERO_VECTOR', () => index.rescore(query, ids, new Float32Array(24))],
      ['INVALID_ARGUMENT', () => index.rescore(query, ids, new Float32Array(24).fill(1), { k: 0 })],
    ]) expect((await errorOf(call))?.code, String(call)).toBe(code);
    expect(index.search(query, { k: 5, oversampling: 2 ** 20 }).rescored).toBe(41);
  });
});

describe('options', () => {
  test('modes are codecs and places of full vectors', async () => {
    const storages = { exact: ['f32', 'memory'], fast: ['sq4', 'memory'], compact: ['sq4', 'sq8'], smallest: ['rq1', 'external'] };
    for (const [mode, [type, fullVectors]] of Object.entries(storages)) {
      const { recoding, ...stats } = (await VectorIndex.create({ dimensions: 12, mode })).stats();
      expect(recoding ?? stats, mode).toMatchObject({ codec: { type }, fullVectors });
    }
  });

  test('vectors that must be there before training: 100,000 for pq, 10,000 for the others, wherever full vectors are', async () => {
    for (const [codec, expected] of [['pq', 100_000], ['sq8', 10_000], ['sq4', 10_000], [{ type: 'bq', centred: true }, 10_000]]) {
      for (const fullVectors of ['memory', 'external', 'sq8']) {
        const { recoding } = (await VectorIndex.create({ dimensions: 12, codec, fullVectors })).stats();
        expect([codec, fullVectors, recoding.trainingLimit]).toEqual([codec, fullVectors, expected]);
      }
    }
  });

  test('segments by default', async () => {
    for (const [dimensions, segments] of [[1, 1], [7, 7], [96, 48], [256, 64], [258, 129], [259, 259], [768, 128], [770, 385], [2048, 256], [2052, 342]]) {
      const { recoding } = (await VectorIndex.create({ dimensions, codec: 'pq' })).stats();
      expect([dimensions, recoding.codec.segments]).toEqual([dimensions, segments]);
    }
  });
});

const asOptions = (option) => (typeof option === 'string' ? {} : option);

/** The option, trained on so few vectors, of pq with few centroids so that it does not take long. */
function withLimit(option, trainingLimit, centroids) {
  if (!option.trainingLimit) return option;
  return { ...option, trainingLimit, ...(option.type === 'pq' && { centroids, segments: 65535 / 5 }) };
}
