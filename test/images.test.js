import { beforeAll, describe, expect, test } from 'vitest';
import { integer, pick, random, sequence, shuffled, vector } from './conformance/random.js';
import { SEED, VectorIndex, VectileError, binaries, errorOf, useBinary } from './support/engine.js';
import { forged } from './support/checksums.js';
import { HEADER_BYTES, Header, Region } from './support/memory.js';
import { FORMAT_VERSION_WITHOUT_ROWS as VERSION_MAX } from '../assembly/layout.ts';

const seed = SEED ?? 31;
const MUTATIONS = 10_000;
const REFUSALS = ['IMAGE_FOREIGN', 'IMAGE_VERSION', 'IMAGE_TRUNCATED', 'IMAGE_CORRUPT'];

/** A small index with all there can be: twins, tombstones, free slots. */
async function sample({ count = 60, dimensions = 5, ...options } = {}) {
  const next = random(7);
  const index = await VectorIndex.create({ dimensions, metric: 'cosine', maxConnections: 4, efConstruction: 20, seed: 9, ...options });
  for (let i = 0; i < count; i++) index.add(options.idTable === false ? i : i * 71, i % 5 ? vector(next, dimensions) : new Float32Array(dimensions).fill(1));
  for (const id of index.ids().filter((_, i) => i % 7 === 3)) index.remove(id);
  for (let i = 0; i < 3; i++) index.work(0);
  for (const id of index.ids().filter((_, i) => i % 11 === 3)) index.remove(id);
  return index;
}

const answers = (index, seedOfQueries = 3) => {
  const next = random(seedOfQueries);
  const filter = [...index.ids()].filter((_, i) => i % 2);
  return Array.from({ length: 10 }, () => {
    const query = vector(next, index.dimensions);
    return [undefined, filter].map((allowed) => index.search(query, { k: 7, ef: 20, filter: allowed, filterStrategy: 'traverse' }));
  });
};

describe('round trip', () => {
  const kinds = [];
  for (const metric of ['cosine', 'dot', 'l2-squared', 'manhattan', 'hamming']) {
    for (const type of ['hnsw', 'flat']) for (const idTable of [true, false]) kinds.push({ metric, type, idTable });
  }

  test.each(kinds)('%j', async (options) => {
    const index = await sample(options);
    const image = index.serialize();
    expect(image.length).toBe(index.stats().bytes.total);
    const again = await VectorIndex.deserialize(image);
    expect(again.serialize()).toEqual(image);
    expect(answers(again)).toEqual(answers(index));
    expect({ ...again.stats(), bytes: 0 }).toEqual({ ...index.stats(), bytes: 0 });
    expect(again.ids()).toEqual(index.ids());
    for (const id of index.ids()) expect(again.get(id)).toEqual(index.get(id));
    // and it goes on as the other does
    for (const one of [index, again]) {
      const next = random(1);
      for (let i = 0; i < 30; i++) one.add(500 + i, vector(next, 5));
      for (let i = 0; i < 200; i++) one.work(0);
    }
    expect(again.serialize()).toEqual(index.serialize());
  });

  test('of an empty index', async () => {
    for (const type of ['hnsw', 'flat']) {
      const index = await VectorIndex.create({ dimensions: 3, type });
      const image = index.serialize();
      const again = await VectorIndex.deserialize(image);
      expect(again.serialize()).toEqual(image);
      again.add(1, [1, 2, 3]);
      expect([...again.search([1, 2, 3]).ids]).toEqual([1]);
    }
  });

  test('padding is zero', async () => {
    const index = await VectorIndex.create({ dimensions: 1, metric: 'l2-squared', type: 'flat' });
    for (let round = 0; round < 3; round++) {
      index.search([Math.PI], { k: 10 });
      index.add(round, [0]);
    }
    const image = index.serialize();
    // ids, states, live bits, twins; rows are 0 themselves
    expect(image.subarray(HEADER_BYTES).filter((byte) => byte && byte !== 0xff).length).toBeLessThanOrEqual(3 * 2 + 2);
    expect(image.length % 64).toBe(0);
  });

  test('serialize leaves the index as it is, and the image is a copy', async () => {
    const index = await sample();
    const image = index.serialize();
    const before = image.slice();
    index.add(1, [1, 2, 3, 4, 5]);
    expect(image).toEqual(before);
    expect(index.serialize()).not.toEqual(before);
  });
});

describe('same operations, same bytes', () => {
  const DIMENSIONS = 6;
  const COUNT = 1200;
  const rows = Float32Array.from({ length: COUNT * DIMENSIONS }, ((next) => () => next() - 0.5)(random(4)));

  async function build({ chunk = COUNT, reserve = 0, searchBetween = false, single = false, ...options } = {}) {
    const index = await VectorIndex.create({ dimensions: DIMENSIONS, maxConnections: 6, efConstruction: 30, seed: 5, ...options });
    if (reserve) index.reserve(reserve);
    for (let from = 0; from < COUNT; from += chunk) {
      const to = Math.min(COUNT, from + chunk);
      if (single) for (let i = from; i < to; i++) index.add(i * 3, rows.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS));
      else index.addMany(sequence(to - from).map((i) => (from + i) * 3), rows.subarray(from * DIMENSIONS, to * DIMENSIONS));
      if (searchBetween) index.search(rows.subarray(0, DIMENSIONS), { k: to, filter: [0, 3, 6] });
    }
    for (let i = 0; i < COUNT; i += 3) index.remove(i * 3);
    for (let i = 0; i < 90; i++) index.work(0);
    for (let i = 0; i < 50; i++) index.add(i, rows.subarray(i, i + DIMENSIONS));
    return index.serialize();
  }

  test.each(binaries)('%s', async (binary) => {
    await useBinary(binary);
    const image = await build();
    for (const options of [{}, { chunk: 1 }, { chunk: 7 }, { chunk: 500, searchBetween: true }, { reserve: 3 * COUNT }, { reserve: 10, chunk: 100 }, { single: true }]) {
      expect(Buffer.compare(await build(options), image), JSON.stringify(options)).toBe(0);
    }
    expect(Buffer.compare(await build({ seed: 6 }), image)).not.toBe(0);
    await useBinary('baseline');
  });
});

describe('in chunks', () => {
  let image;
  beforeAll(async () => { image = (await sample()).serialize(); });

  const cut = (bytes, size) => Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

  test.each([1, 2, 3, 63, 511, 512, 513, 4096, 1e9])('of %d bytes', async (size) => {
    for (const source of [cut(image, size), (async function* () { yield* cut(image, size); })()]) {
      expect((await VectorIndex.readImage(source)).serialize()).toEqual(image);
    }
  });

  test('of random sizes, empty ones among them', async () => {
    const next = random(seed);
    const chunks = [];
    for (let at = 0; at < image.length;) {
      const size = integer(next, 0, 200);
      chunks.push(image.subarray(at, at + size));
      at += size;
    }
    expect((await VectorIndex.readImage(chunks)).serialize()).toEqual(image);
  });

  test('writeImage gives the bytes of serialize', async () => {
    const index = await sample({ count: 900, dimensions: 40 });
    const chunks = [];
    await index.writeImage(async (chunk) => { await null; chunks.push(chunk.slice()); });
    expect(Buffer.concat(chunks).compare(index.serialize())).toBe(0);
  });

  test('writeImage refuses changes meanwhile', async () => {
    for (const change of [(index) => index.add(5, [1, 2, 3, 4, 5]), (index) => index.remove(71), (index) => index.work(0)]) {
      const index = await sample();
      expect(await errorOf(() => index.writeImage(() => change(index)))).toMatchObject({ code: 'INDEX_CHANGED' });
    }
    const index = await sample();
    expect(await errorOf(() => index.writeImage(() => index.dispose()))).toMatchObject({ code: 'DISPOSED' });
    const failure = new Error('disk full');
    expect(await errorOf(async () => (await sample()).writeImage(() => { throw failure; }))).toBe(failure);
  });

  test('searches and reserve while an image is written do not disturb it', async () => {
    const index = await VectorIndex.create({ dimensions: 16, metric: 'l2-squared', type: 'flat' });
    const count = 20_000;
    const next = random(1);
    index.addMany(sequence(count), Float32Array.from({ length: count * 16 }, () => next()));
    const expected = index.serialize();
    const chunks = [];
    let writes = 0;
    await index.writeImage(async (chunk) => {
      await null;
      if (++writes === 2) index.search(new Float32Array(16), { k: count }); // widens: memory grows
      if (writes === 3) index.reserve(5000);
      index.stats();
      chunks.push(chunk.slice());
    });
    expect(Buffer.concat(chunks).compare(expected)).toBe(0);
  });
});

describe('refused', () => {
  const open = (bytes) => errorOf(() => VectorIndex.deserialize(bytes));
  const patched = (image, at, value) => {
    const copy = image.slice();
    new DataView(copy.buffer).setUint32(at, value, true);
    return copy;
  };

  test('foreign bytes', async () => {
    const error = await open(new TextEncoder().encode('PK not an image, but long enough to hold a header'.repeat(20)));
    expect(error).toBeInstanceOf(VectileError);
    expect(error.code).toBe('IMAGE_FOREIGN');
    expect(error.message).toMatch(/expected magic 0x4c544356, got 0x6e204b50/);
    expect((await open(new Uint8Array(1000))).code).toBe('IMAGE_FOREIGN');
  });

  test('a newer format', async () => {
    const error = await open(patched((await sample()).serialize(), Header.Version, 7));
    expect(error.code).toBe('IMAGE_VERSION');
    expect(error.message).toBe(`image: expected format version 1 to ${VERSION_MAX}, got 7`);
  });

  test('truncated at every length', async () => {
    const image = (await sample({ count: 6 })).serialize();
    for (let length = 0; length < image.length; length++) {
      const error = await open(image.subarray(0, length));
      expect(error?.code, `length ${length}`).toBe('IMAGE_TRUNCATED');
      expect(error.message).toMatch(new RegExp(`expected .*${length < HEADER_BYTES ? HEADER_BYTES : image.length} bytes, got ${length}$`));
    }
  });

  test('longer than it says', async () => {
    const image = (await sample()).serialize();
    for (const extra of [1, 64, 5000]) {
      const longer = new Uint8Array(image.length + extra);
      longer.set(image);
      expect((await open(longer)).code).toBe('IMAGE_TRUNCATED');
      expect((await errorOf(() => VectorIndex.readImage([image, new Uint8Array(extra)]))).code).toBe('IMAGE_TRUNCATED');
    }
  });

  test('something else than bytes', async () => {
    for (const image of [undefined, null, 'VCTL', [1, 2], new Float32Array(200)]) {
      expect(await open(image), String(image)).toMatchObject({ name: 'VectileError', code: 'INVALID_ARGUMENT' });
    }
    for (const source of [undefined, null, 5, 'VCTL', ['VCTL'], [null], [[1, 2, 3]], [new Float32Array(3)]]) {
      expect(await errorOf(() => VectorIndex.readImage(source)), JSON.stringify(source)).toMatchObject({ name: 'VectileError' });
    }
    const failure = new Error('network');
    expect(await errorOf(() => VectorIndex.readImage((async function* () { throw failure; })()))).toBe(failure);
  });

  test.each(['hnsw', 'flat'])('every single-bit flip, %s', async (type) => {
    const image = (await sample({ count: 9, dimensions: 3, type })).serialize();
    const copy = image.slice();
    for (let bit = 0; bit < image.length * 8; bit++) {
      copy[bit >> 3] ^= 1 << (bit & 7);
      const error = await open(copy);
      if (!REFUSALS.includes(error?.code)) throw new Error(`bit ${bit}: expected a refusal, got ${error}`);
      copy[bit >> 3] = image[bit >> 3];
    }
  });
});

describe('what contradicts itself is refused, whatever the checksums say', () => {
  let image;
  beforeAll(async () => { image = (await sample()).serialize(); });
  const refusal = async (change) => errorOf(() => VectorIndex.deserialize(forged(image, change)));

  test('the checksums are those of the core', () => expect(Buffer.compare(forged(image, () => {}), image)).toBe(0));

  const fields = {
    ImageBytes: [0, 512, 2 ** 32 - 1], Type: [2], Metric: [5, 2 ** 31], Dimensions: [0, 65536, 9, 2 ** 32 - 1], RowBytes: [0, 16, 48], MaxConnections: [0, 1, 2048, 5],
    EfConstruction: [0], HasIds: [2, 0], Capacity: [0, 1e6], Extent: [0, 1, 61, 2 ** 32 - 1], Live: [61, 2 ** 32 - 1], Tombstones: [60, 2 ** 31], TwinCount: [1000],
    FreeCount: [1000], FreeHead: [60, 2 ** 31], Entry: [60, 2 ** 31], EntryLevel: [9, 2 ** 30], ArenaUsed: [2 ** 31, 1e6], ArenaWaste: [2 ** 31],
    SweepPhase: [4], SweepCursor: [61, 2 ** 31], Moved: [1, 1000], Regions: [0, 256],
  };
  test.each(Object.entries(fields))('header: %s', async (name, values) => {
    for (const value of values) {
      const error = await refusal((view) => view.setUint32(Header[name], value, true));
      expect(error, `${name} = ${value}`).toMatchObject({ name: 'VectileError', code: expect.stringMatching(/^IMAGE_(CORRUPT|TRUNCATED)$/) });
    }
  });

  test.each([
    ['a neighbor that is no slot', Region.Links, 60],
    ['a neighbor beyond all', Region.Links, 2 ** 32 - 2],
    ['a twin that is no slot', Region.Twins, 60],
    ['a neighbor at an upper level that is no slot', Region.Arena, 1e6],
  ])('%s', async (_, region, value) => {
    for (const word of [0, 1, 5]) expect((await refusal((view, at) => view.setUint32(at(region) + word * 4, value, true)))?.code).toBe('IMAGE_CORRUPT');
  });

  test('a slot beyond the last is live', async () => {
    expect((await refusal((view, at) => view.setUint8(at(Region.Live) + 7, view.getUint8(at(Region.Live) + 7) | 0x80)))?.code).toBe('IMAGE_CORRUPT');
  });

  test('another number of live slots, tombstones or twins', async () => {
    for (const name of ['Live', 'Tombstones', 'TwinCount', 'FreeCount', 'Moved']) {
      for (const change of [1, -1]) {
        const error = await refusal((view) => view.setUint32(Header[name], view.getUint32(Header[name], true) + change, true));
        expect(error?.code, `${name} ${change}`).toBe('IMAGE_CORRUPT');
      }
    }
  });

  test('a chain of twins that bites its tail', async () => {
    const index = await VectorIndex.create({ dimensions: 2, maxConnections: 4 });
    for (let id = 0; id < 5; id++) index.add(id, [1, 1]);
    expect(index.stats().twins).toBe(4);
    const [node, last] = [0, 1]; // 0 → 4 → 3 → 2 → 1
    for (const to of [4, 3, 1, node]) {
      const cyclic = forged(index.serialize(), (view, at) => view.setUint32(at(Region.Twins) + last * 4, to, true));
      expect((await errorOf(() => VectorIndex.deserialize(cyclic)))?.code, `to ${to}`).toBe('IMAGE_CORRUPT');
    }
  });

  test('a free list that bites its tail', async () => {
    const index = await VectorIndex.create({ dimensions: 2, type: 'flat' });
    for (let id = 0; id < 5; id++) index.add(id, [1, id]);
    for (let id = 0; id < 3; id++) index.remove(id);
    const cyclic = forged(index.serialize(), (view, at) => view.setUint32(at(Region.Twins), 2, true)); // 2 → 1 → 0 → 2
    expect((await errorOf(() => VectorIndex.deserialize(cyclic)))?.code).toBe('IMAGE_CORRUPT');
  });

  test.each([
    ['WantedCodec', [8, 200, 2 ** 32 - 1]],
    ['WantedFullVectors', [3, 200, 2 ** 32 - 1]],
    ['WantedSegments', [0, 2, 7, 2 ** 32 - 1]],
    ['WantedCentroids', [0, 257, 2 ** 32 - 1]],
    ['WantedCentred', [1, 2]],
    ['Quantile', [2 ** 30 + 1, 2 ** 32 - 1]],
  ])('a wish that cannot be: %s', async (field, values) => {
    const index = await VectorIndex.create({ dimensions: 5, metric: 'manhattan', codec: { type: 'pq', segments: 5, centroids: 8, trainingLimit: 1000 } });
    for (let id = 0; id < 20; id++) index.add(id, [id, 1, 2, 3, 4]);
    for (const value of values) {
      const error = await errorOf(() => VectorIndex.deserialize(forged(index.serialize(), (view) => view.setUint32(Header[field], value, true))));
      expect(error?.code, `${field} ${value}`).toBe('IMAGE_CORRUPT');
    }
  });

  test('a wish for a codec that is not defined for the metric', async () => {
    const index = await VectorIndex.create({ dimensions: 5, metric: 'manhattan' });
    index.add(1, [1, 2, 3, 4, 5]);
    for (const codec of [1, 2, 4, 5, 6]) {
      const error = await errorOf(() => VectorIndex.deserialize(forged(index.serialize(), (view) => view.setUint32(Header.WantedCodec, codec, true))));
      expect(error?.code, `codec ${codec}`).toBe('IMAGE_CORRUPT');
    }
  });

  test('a node taller than any, and links outside the arena', async () => {
    const wide = (await sample({ maxConnections: 64 })).serialize(); // its nodes have at most 7 levels
    const tall = forged(wide, (view, at) => { view.setUint8(at(Region.States) + 1, 16 + 15); view.setUint32(at(Region.Uppers) + 4, 0, true); });
    expect(await errorOf(() => VectorIndex.deserialize(tall))).toMatchObject({ code: 'IMAGE_CORRUPT' });
    expect((await refusal((view, at) => { view.setUint8(at(Region.States) + 1, 16 + 2); view.setUint32(at(Region.Uppers) + 4, 2 ** 20, true); }))?.code).toBe('IMAGE_CORRUPT');
  });
});

describe(`${MUTATIONS.toLocaleString('en')} random mutations`, () => {
  const kinds = {
    'flip a bit': (next, bytes) => { bytes[integer(next, 0, bytes.length)] ^= 1 << integer(next, 0, 8); return bytes; },
    'set a byte': (next, bytes) => { bytes[integer(next, 0, bytes.length)] = pick(next, [0, 1, 0x7f, 0x80, 0xff, integer(next, 0, 256)]); return bytes; },
    'set a header field': (next, bytes) => {
      new DataView(bytes.buffer).setUint32(integer(next, 0, HEADER_BYTES / 4) * 4, pick(next, [0, 1, 2, 1000, 2 ** 31, 2 ** 32 - 1]), true);
      return bytes;
    },
    'several bytes': (next, bytes) => { for (let i = integer(next, 2, 20); i > 0; i--) bytes[integer(next, 0, bytes.length)] ^= integer(next, 1, 256); return bytes; },
    truncate: (next, bytes) => bytes.slice(0, integer(next, 0, bytes.length)),
    extend: (next, bytes) => { const longer = new Uint8Array(bytes.length + integer(next, 1, 300)); longer.set(bytes); return longer; },
    'swap two blocks': (next, bytes) => {
      const size = pick(next, [4, 16, 64, 128]);
      const [a, b] = [0, 0].map(() => integer(next, 0, Math.floor(bytes.length / size)) * size);
      const block = bytes.slice(a, a + size);
      bytes.copyWithin(a, b, b + size);
      bytes.set(block, b);
      return bytes;
    },
    'clear a block': (next, bytes) => { const at = integer(next, 0, bytes.length); bytes.fill(pick(next, [0, 0xff]), at, at + integer(next, 1, 200)); return bytes; },
    'remove a block': (next, bytes) => { const at = integer(next, 0, bytes.length - 64); return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + 64)); },
    'repeat a block': (next, bytes) => { const at = integer(next, 0, bytes.length - 64); bytes.copyWithin(at + 64, at, at + 64); return bytes; },
  };

  test('are refused, or change nothing', async () => {
    const next = random(seed);
    const samples = [];
    for (const type of ['hnsw', 'flat']) for (const metric of ['cosine', 'hamming']) {
      const image = (await sample({ type, metric, count: 40 })).serialize();
      samples.push({ image, expected: answers(await VectorIndex.deserialize(image)) });
    }
    let refused = 0, harmless = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const { image, expected } = pick(next, samples);
      const kind = pick(next, Object.keys(kinds));
      const mutant = kinds[kind](next, image.slice());
      let index;
      const error = await errorOf(async () => { index = await VectorIndex.deserialize(mutant); });
      const told = `seed ${seed}, mutation ${i}, ${kind}`;
      if (error) {
        refused++;
        if (!(error instanceof VectileError) || !REFUSALS.includes(error.code)) throw new Error(`${told}: expected a refusal, got ${error.stack}`);
      } else {
        harmless++;
        expect(answers(index), told).toEqual(expected);
        expect(Buffer.compare(mutant, image), told).toBe(0);
      }
    }
    expect(refused).toBeGreaterThan(MUTATIONS * 0.8);
    expect(harmless).toBeGreaterThan(0); // some mutations write what was there
  });
});

test('shuffled regions of two images of the same shape do not pass for one', async () => {
  const [a, b] = [await sample(), await sample({ seed: 10 })].map((index) => index.serialize());
  expect(a.length === b.length || Math.abs(a.length - b.length) < 2000).toBe(true);
  const order = shuffled(random(1), 8);
  for (const i of order) {
    const mixed = a.slice();
    const at = HEADER_BYTES + Math.floor(((Math.min(a.length, b.length) - HEADER_BYTES) * i) / 8);
    mixed.set(b.subarray(at, a.length), at);
    const error = await errorOf(() => VectorIndex.deserialize(mixed));
    if (Buffer.compare(mixed, a)) expect(error?.code).toBe('IMAGE_CORRUPT');
  }
});
