import { beforeAll, describe, expect, test } from 'vitest';
import { nearestDistances } from './conformance/oracle.js';
import { integer, random, sequence, shuffled, vector } from './conformance/random.js';
import { SEED, VectorIndex, binaries, errorOf, useBinary } from './support/engine.js';
import { forged } from './support/checksums.js';
import { FORMAT_VERSION, HEADER_BYTES, Header, Region, expectSound } from './support/memory.js';
import { FORMAT_VERSION_WITHOUT_ROWS } from '../assembly/layout.ts';

/** Images without the rows they need: written, and opened again with the vectors from elsewhere. */

const seed = SEED ?? 11;
const DIMENSIONS = 21; // rows have padding
const trainingLimit = 200;
const METRICS = ['cosine', 'dot', 'l2-squared', 'manhattan', 'hamming'];
const SIMILAR = METRICS.slice(0, 3);
const CODECS = [
  ['f32', METRICS], [{ type: 'sq8', trainingLimit }, SIMILAR], [{ type: 'sq4', trainingLimit }, SIMILAR], ['rq8', SIMILAR], ['rq1', SIMILAR],
  [{ type: 'pq', segments: 7, trainingLimit }, METRICS.slice(0, 4)], [{ type: 'pq', segments: 7, centroids: 16, trainingLimit }, METRICS.slice(0, 4)],
  ['bq', [...SIMILAR, 'hamming']], [{ type: 'bq', centred: true, trainingLimit }, [...SIMILAR, 'hamming']],
];
const kinds = CODECS.flatMap(([codec, metrics]) => metrics.flatMap((metric) => ['hnsw', 'flat'].flatMap((type) => [true, false].map((idTable) => ({ codec, metric, type, idTable })))));

function vectorFor(next, metric, dimensions = DIMENSIONS) {
  return metric === 'hamming' ? Float32Array.from({ length: dimensions }, () => integer(next, 0, 2) * 2 - 1) : vector(next, dimensions).map((x) => x * 3);
}

/** An index with free slots, replaced vectors and twins, and what it was given; no work is left. */
async function filled({ count = 500, dimensions = DIMENSIONS, ...options } = {}) {
  const next = random(seed);
  const index = await VectorIndex.create({ dimensions, maxConnections: 6, efConstruction: 40, seed: 3, ...options });
  const vectors = new Map();
  const put = (id, value) => { index.add(id, value); vectors.set(id, value); };
  const drop = (id) => { expect(index.remove(id)).toBe(true); vectors.delete(id); };
  const idOf = (i) => (options.idTable === false ? i : i * 7919);
  const row = (i) => (i % 10 ? vectorFor(next, options.metric, dimensions) : new Float32Array(dimensions).fill(1));
  for (let i = 0; i < count; i++) {
    put(idOf(i), row(i));
    if (i % 50 === 49) drop(idOf(i - 25)); // some while codes are being made
  }
  for (let i = 0; i < count; i += 60) put(idOf(i), row(i + 1));
  for (let i = 0; i < count; i += 45) if (vectors.has(idOf(i))) drop(idOf(i));
  while (index.work(10));
  return { index, vectors };
}

/** The vectors in a random order and batches of random sizes, some for ids that are not in the image. */
function* batchesOf(vectors, more = 20) {
  const next = random(seed + 1);
  const all = [...vectors, ...Array.from({ length: more }, (_, i) => [4e9 + i, vector(next, [...vectors.values()][0]?.length ?? 1)])];
  const order = [...shuffled(next, all.length)].map((i) => all[i]);
  for (let at = 0; at < order.length;) {
    const some = order.slice(at, at + integer(next, 0, 70));
    yield { ids: Uint32Array.from(some, ([id]) => id), vectors: Float32Array.from(some.flatMap(([, value]) => [...value])) };
    at += some.length;
  }
}

function answers(index, metric) {
  const next = random(5);
  const filter = [...index.ids()].filter((_, i) => i % 3);
  return Array.from({ length: 8 }, () => {
    const query = vectorFor(next, metric, index.dimensions);
    return [{}, { filter }, { filterStrategy: 'traverse' }, { filterStrategy: 'scan' }, { rescore: false }].map((options) => index.search(query, { k: 9, ...options }));
  });
}

describe.each(binaries)('%s', (binary) => {
  beforeAll(() => useBinary(binary));

  test.each(kinds)('%j', async (options) => {
    const { index, vectors } = await filled(options);
    const { metric, type, idTable } = options;
    if (type === 'hnsw' && idTable) expect(index.stats().free).toBeGreaterThan(0);
    if (type === 'hnsw') expect(index.stats().twins).toBeGreaterThan(0);
    expect(index.stats()).toMatchObject({ tombstones: 0, fullVectors: 'memory', recoding: undefined });
    const whole = index.serialize();
    const image = index.serialize({ rows: false });
    expect(Buffer.compare(index.serialize(), whole)).toBe(0);
    expect(whole.length - image.length).toBe(index.stats().bytes.rows);
    expect(new DataView(image.buffer).getUint32(Header.Version, true)).toBe(FORMAT_VERSION_WITHOUT_ROWS);
    expect(new DataView(whole.buffer).getUint32(Header.Version, true)).toBe(FORMAT_VERSION);

    const again = await VectorIndex.deserialize(image, { rows: batchesOf(vectors) });
    expect({ ...again.stats(), bytes: 0 }).toEqual({ ...index.stats(), bytes: 0 });
    expect(answers(again, metric)).toEqual(answers(index, metric));
    for (const [id] of vectors) expect(again.get(id)).toEqual(index.get(id));
    expect(Buffer.compare(again.serialize(), whole)).toBe(0);
    expect(Buffer.compare(again.serialize({ rows: false }), image)).toBe(0);

    // and it goes on as one that had its rows in its image
    const other = await VectorIndex.deserialize(whole);
    for (const one of [other, again]) {
      const next = random(2);
      const ids = [...vectors.keys()];
      for (let i = 0; i < 40; i++) {
        one.add(i % 3 ? 600 + i : ids[i], vectorFor(next, metric));
        if (i % 4 === 0) one.remove(ids[i + 100]);
      }
      for (let i = 0; i < 400; i++) one.work(0);
    }
    expect(Buffer.compare(again.serialize(), other.serialize())).toBe(0);
    if (type === 'hnsw') expectSound(again);
  });
});

describe('an image without rows', () => {
  let index, vectors, image;
  beforeAll(async () => {
    await useBinary('baseline');
    ({ index, vectors } = await filled({ count: 60, dimensions: 5, metric: 'cosine' }));
    image = index.serialize({ rows: false });
  });
  const open = (rows, bytes = image) => errorOf(() => VectorIndex.deserialize(bytes, { rows }));

  test.each([1, 3, 64, 511, 513, 4096, 1e9])('is read in chunks of %d bytes, and its rows as they come', async (size) => {
    const chunks = Array.from({ length: Math.ceil(image.length / size) }, (_, i) => image.subarray(i * size, (i + 1) * size));
    const rows = (async function* () { for (const batch of batchesOf(vectors)) { await null; yield batch; } })();
    const again = await VectorIndex.readImage(chunks, { rows });
    expect(again.serialize()).toEqual(index.serialize());
  });

  test('is written in chunks', async () => {
    const chunks = [];
    await index.writeImage(async (chunk) => { await null; chunks.push(chunk); }, { rows: false });
    expect(Buffer.concat(chunks).compare(image)).toBe(0);
  });

  test('needs its vectors', async () => {
    expect(await errorOf(() => VectorIndex.deserialize(image))).toMatchObject({ code: 'VECTORS_MISSING' });
    expect(await open(undefined)).toMatchObject({ code: 'VECTORS_MISSING' });
    expect(await open([])).toMatchObject({ code: 'IMAGE_CORRUPT', message: `rows: expected the vectors of all ids, got ${vectors.size} too few` });
  });

  test('needs each of them once', async () => {
    const [[id, value]] = vectors;
    const one = { ids: Uint32Array.of(id), vectors: value };
    expect(await open([...batchesOf(new Map([...vectors].slice(1)))])).toMatchObject({ code: 'IMAGE_CORRUPT', message: /got 1 too few$/ });
    expect(await open([one, ...batchesOf(vectors)])).toMatchObject({ code: 'IMAGE_CORRUPT', message: new RegExp(`got ${id} again$`) });
    // instead of another
    expect(await open([one, one])).toMatchObject({ code: 'IMAGE_CORRUPT' });
  });

  test('refuses vectors that an index would refuse', async () => {
    const [[id]] = vectors;
    const batch = (...values) => [{ ids: Uint32Array.of(id), vectors: Float32Array.from(values) }];
    expect(await open(batch(1, 2, NaN, 4, 5))).toMatchObject({ code: 'NOT_FINITE', message: `vector of id ${id}: expected finite float32 components, got NaN at 2` });
    expect(await open(batch(1, 2, Infinity, 4, 5))).toMatchObject({ code: 'NOT_FINITE' });
    expect(await open(batch(3e38, 3e38, 0, 0, 0))).toMatchObject({ code: 'NOT_FINITE' });
    expect(await open(batch(0, 0, 0, 0, 0))).toMatchObject({ code: 'ZERO_VECTOR' });
    expect(await open(batch(1, 2, 3, 4))).toMatchObject({ code: 'DIMENSION_MISMATCH' });
    expect(await open(batch())).toMatchObject({ code: 'DIMENSION_MISMATCH' });
    for (const wrong of [null, undefined, 5, {}, { ids: [id], vectors: new Float32Array(5) }, { ids: Uint32Array.of(id), vectors: [1, 2, 3, 4, 5] }]) {
      expect(await open([wrong]), JSON.stringify(wrong)).toMatchObject({ name: 'VectileError', code: 'INVALID_ARGUMENT' });
    }
    for (const wrong of [null, 5, 'rows', {}, () => []]) expect(await open(wrong), String(wrong)).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const failure = new Error('disk');
    expect(await open((async function* () { throw failure; })())).toBe(failure);
  });

  test('with every single-bit flip is refused', async () => {
    const small = await filled({ count: 9, dimensions: 3, codec: 'bq', metric: 'dot' });
    const bytes = small.index.serialize({ rows: false });
    const copy = bytes.slice();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      copy[bit >> 3] ^= 1 << (bit & 7);
      const error = await open([...batchesOf(small.vectors)], copy);
      if (!error?.code?.startsWith('IMAGE_')) throw new Error(`bit ${bit}: expected a refusal, got ${error}`);
      copy[bit >> 3] = bytes[bit >> 3];
    }
  });

  test('truncated or too long is refused', async () => {
    for (const length of [...sequence(40), 511, 512, 513, image.length - 64, image.length - 1]) {
      expect((await open([...batchesOf(vectors)], image.subarray(0, length)))?.code, `length ${length}`).toBe('IMAGE_TRUNCATED');
    }
    for (const extra of [1, 64, 5000]) {
      const longer = new Uint8Array(image.length + extra);
      longer.set(image);
      expect((await open([], longer))?.code).toBe('IMAGE_TRUNCATED');
    }
  });

  test('that contradicts itself is refused', async () => {
    const refusal = (bytes, change) => open([...batchesOf(vectors)], forged(bytes, change)).then((error) => error?.code);
    const set = (field, value) => (view) => view.setUint32(Header[field], value, true);
    expect(await refusal(image, set('RowsOutside', 0))).toBe('IMAGE_CORRUPT');
    expect(await refusal(image, set('RowsOutside', 2))).toBe('IMAGE_CORRUPT');
    expect(await refusal(image, set('Version', FORMAT_VERSION))).toBe('IMAGE_CORRUPT');
    expect(await refusal(index.serialize(), set('RowsOutside', 1))).toBe('IMAGE_CORRUPT');
    expect(await refusal(index.serialize(), set('Version', FORMAT_VERSION_WITHOUT_ROWS))).toBe('IMAGE_CORRUPT');
    for (const value of [0, 64]) expect(await refusal(image, (view) => view.setUint32(Header.Regions + Region.Rows * 12 + 4, value + 64, true))).toBe('IMAGE_CORRUPT');
    const outside = await VectorIndex.create({ dimensions: 5, codec: 'rq8', fullVectors: 'external' });
    outside.add(1, [1, 2, 3, 4, 5]);
    expect(await refusal(outside.serialize(), (view) => { set('RowsOutside', 1)(view); set('Version', FORMAT_VERSION_WITHOUT_ROWS)(view); })).toBe('IMAGE_CORRUPT');
  });

  test('whose rows would exceed all memory is refused', async () => {
    // 120,000 slots of 65,535 dimensions: 31 GB of rows, and less than 2 MB of all else
    const large = await VectorIndex.create({ dimensions: 1, type: 'flat', idTable: false, metric: 'dot' });
    large.add(120_000, [1]);
    const bytes = forged(large.serialize({ rows: false }), (view) => {
      view.setUint32(Header.Dimensions, 65_535, true);
      view.setUint32(Header.RowBytes, 65_536 * 4, true);
    });
    expect(await open([], bytes)).toMatchObject({ code: 'INDEX_FULL' });
  });

  test('of nothing needs no vectors, but something to say so', async () => {
    const empty = await VectorIndex.create({ dimensions: 3 });
    const bytes = empty.serialize({ rows: false });
    expect(bytes.length).toBe(empty.serialize().length);
    expect(await open(undefined, bytes)).toMatchObject({ code: 'VECTORS_MISSING' });
    const again = await VectorIndex.deserialize(bytes, { rows: [] });
    expect(again.serialize()).toEqual(empty.serialize());
    again.add(1, [1, 2, 3]);
    expect([...again.search([1, 2, 3]).ids]).toEqual([1]);
  });

  test('is not written while removed vectors are linked', async () => {
    const one = (await filled({ count: 60, dimensions: 5 })).index;
    one.remove(one.ids()[0]);
    for (const write of [() => one.serialize({ rows: false }), () => one.writeImage(() => {}, { rows: false })]) {
      expect(await errorOf(write)).toMatchObject({ code: 'INVALID_ARGUMENT', message: 'rows: expected true while 1 removed vectors are linked, got false' });
    }
    expect(await errorOf(() => one.serialize({ rows: true }))).toBeUndefined();
    while (one.work());
    expect(await errorOf(() => one.serialize({ rows: false }))).toBeUndefined();
    for (const wrong of [1, null, 'no']) expect(await errorOf(() => one.serialize({ rows: wrong }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await errorOf(() => one.serialize({ links: false }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('in the middle of a sweep over replaced vectors is as good', async () => {
    const one = await filled({ count: 300, dimensions: 5, metric: 'l2-squared' });
    const next = random(6);
    for (const id of [...one.vectors.keys()].slice(0, 50)) {
      const value = vector(next, 5);
      one.index.add(id, value);
      one.vectors.set(id, value);
    }
    for (let i = 0; i < 25; i++) one.index.work(0);
    const header = new DataView(one.index.serialize().buffer);
    expect(header.getUint32(Header.SweepPhase, true)).toBeGreaterThan(0);
    expect(header.getUint32(Header.Moved, true)).toBeGreaterThan(0);
    const again = await VectorIndex.deserialize(one.index.serialize({ rows: false }), { rows: batchesOf(one.vectors) });
    for (const each of [one.index, again]) while (each.work(0));
    expect(Buffer.compare(again.serialize(), one.index.serialize())).toBe(0);
  });

  test('of an index that shall become another one does', async () => {
    const one = await filled({ count: 150, dimensions: 5, metric: 'cosine', codec: { type: 'sq4', trainingLimit: 160 } });
    const again = await VectorIndex.deserialize(one.index.serialize({ rows: false }), { rows: batchesOf(one.vectors) });
    expect(again.stats().recoding).toMatchObject({ codec: { type: 'sq4' } });
    for (const each of [one.index, again]) {
      const next = random(6);
      for (let i = 0; i < 30; i++) each.add(i + 1, vector(next, 5));
      while (each.work(0));
      expect(each.stats().codec.type).toBe('sq4');
    }
    expect(Buffer.compare(again.serialize(), one.index.serialize())).toBe(0);
  });
});

describe('the option changes nothing', () => {
  test.each([{ fullVectors: 'external' }, { fullVectors: 'sq8' }])('where rows are not floats: %j', async ({ fullVectors }) => {
    const index = await VectorIndex.create({ dimensions: 5, codec: { type: 'sq4', trainingLimit: 50 }, fullVectors });
    const next = random(3);
    const rows = Float32Array.from({ length: 100 * 5 }, () => next() - 0.5);
    index.addMany(sequence(100), rows);
    index.remove(3);
    expect(index.stats()).toMatchObject({ fullVectors, tombstones: 1 });
    expect(index.serialize({ rows: false })).toEqual(index.serialize());
  });

  test('when an image has its rows, and they are not read', async () => {
    const { index } = await filled({ count: 30 });
    const again = await VectorIndex.deserialize(index.serialize(), { rows: (function* () { throw new Error('read'); })() });
    expect(again.serialize()).toEqual(index.serialize());
  });
});

test('rows made into other codes are those of the vectors as they were added, to the bit', async () => {
  const next = random(9);
  const rows = Float32Array.from({ length: 300 * 5 }, () => next() * 9);
  const plain = await VectorIndex.create({ dimensions: 5, type: 'flat' });
  plain.addMany(sequence(300), rows);
  const got = () => Array.from(sequence(300), (id) => plain.get(id));
  const before = got();
  plain.setCodec({ codec: { type: 'sq8', trainingLimit: 100 } });
  while (plain.work());
  expect(plain.stats().codec.type).toBe('sq8');
  expect(got()).toEqual(before);
});

describe('where the caller allots slots', () => {
  const dimensions = 6;
  /** Everything there is, and nothing else, is found where it should be. */
  function expectAnswers(index, vectors) {
    const next = random(8);
    expect(index.size).toBe(vectors.size);
    for (let i = 0; i < 10; i++) {
      const query = vector(next, dimensions);
      const hits = index.search(query, { k: vectors.size, filterStrategy: 'auto', ef: 400 });
      expect([...hits.ids].sort((a, b) => a - b)).toEqual([...vectors.keys()].sort((a, b) => a - b));
      nearestDistances('l2-squared', query, [...vectors.keys()], (id) => vectors.get(id), vectors.size).forEach((distance, j) => expect(hits.distances[j]).toBeCloseTo(distance, 3));
    }
  }

  /** Work done between a removal and the next addition: none, some, until no tombstone is left, until there is no more. */
  const stages = {
    'at once': () => {},
    'in the middle of repair': (index) => { for (let i = 0; i < 12; i++) index.work(0); },
    'when it was freed': (index) => { while (index.work(0)); },
  };
  const cases = ['hnsw', 'flat'].flatMap((type) => ['f32', 'rq8'].flatMap((codec) => Object.keys(stages).map((stage) => [type, codec, stage])));

  test.each(cases)('%s, %s: a slot is used again %s', async (type, codec, stage) => {
    const next = random(seed);
    const index = await VectorIndex.create({ dimensions, type, codec, metric: 'l2-squared', idTable: false, maxConnections: 6, efConstruction: 40 });
    const vectors = new Map();
    const put = (id, value = vector(next, dimensions)) => { index.add(id, value); vectors.set(id, value); };
    for (let id = 0; id < 200; id++) put(id, id % 8 ? undefined : new Float32Array(dimensions).fill(1));
    for (let round = 0; round < 4; round++) {
      const removed = [...shuffled(next, 200)].slice(0, 70);
      for (const id of removed) {
        expect(index.remove(id)).toBe(true);
        expect(index.has(id)).toBe(false);
        expect(index.remove(id)).toBe(false);
        vectors.delete(id);
      }
      stages[stage](index);
      if (stage === 'when it was freed') expect(index.stats().tombstones).toBe(0);
      expectAnswers(index, vectors);
      for (const id of removed) put(id, id % 16 ? undefined : new Float32Array(dimensions).fill(1));
      expectAnswers(index, vectors);
      if (type === 'hnsw') expectSound(index);
      const again = await VectorIndex.deserialize(index.serialize());
      expectAnswers(again, vectors);
    }
    for (const id of [...vectors.keys()]) index.remove(id);
    stages[stage](index);
    vectors.clear();
    put(150);
    expectAnswers(index, vectors);
  });

  test.each(['hnsw', 'flat'])('%s: a slot far beyond the others', async (type) => {
    const next = random(seed);
    const index = await VectorIndex.create({ dimensions, type, metric: 'l2-squared', idTable: false, maxConnections: 6, efConstruction: 40 });
    const vectors = new Map();
    for (const id of [5, 100_000, 3, 99_999, 250_000, 0, 31, 32, 200_000]) {
      const value = vector(next, dimensions);
      index.add(id, value);
      vectors.set(id, value);
      expectAnswers(index, vectors);
    }
    expect(index.remove(250_000)).toBe(true);
    vectors.delete(250_000);
    while (index.work(0));
    index.add(180_000, vectors.get(5));
    vectors.set(180_000, vectors.get(5)); // a twin
    expectAnswers(index, vectors);
    const again = await VectorIndex.deserialize(index.serialize({ rows: false }), { rows: batchesOf(vectors, 0) });
    expectAnswers(again, vectors);
    expect(Buffer.compare(again.serialize(), index.serialize())).toBe(0);
  });
});
