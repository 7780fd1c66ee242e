// A shard by itself: what is written is found, at once and after it was opened again.
import { describe, expect, it } from 'vitest';
import { VectileError } from '../../ts/errors.js';
import { stores } from '../storage/stores.js';
import { errorOf } from '../support/engine.js';
import { field, nearest, openShard, parse, put, remove } from './support.js';

const vectorOf = (i) => [i, i % 7, i % 3, 1];

describe.each(Object.entries(stores))('shard on %s', (_, { make, fork }) => {
  it('finds what was written, by id and by vector, at once and when opened again', async () => {
    const store = make();
    let { shard, close } = await openShard(store);
    const outcomes = await shard.write([put('a', { n: 1 }, { 0: [1, 0, 0, 0] }), put('b', { n: 2 }, { 0: [0, 1, 0, 0] })]);
    expect(outcomes).toEqual([{ written: true, revision: 1 }, { written: true, revision: 1 }]);
    expect(await nearest(shard, [0, 1, 0, 0], 2)).toEqual(['b', 'a']);
    await close();
    ({ shard, close } = await openShard(store));
    expect(shard.size).toBe(2);
    const found = await shard.get('a', { vectors: true });
    expect(parse(found)).toEqual({ n: 1 });
    expect([...found.vectors[0].values]).toEqual([1, 0, 0, 0]);
    expect(await nearest(shard, [0, 1, 0, 0], 2)).toEqual(['b', 'a']);
    await close();
  });

  it('writes no file of a snapshot over one of the snapshot before, though nothing was written and the clock stands still', async () => {
    const { shard, store, close } = await openShard(make(), [field(0)], { now: () => 1000 });
    await shard.write([put('a', { n: 1 }, { 0: [1, 0, 0, 0] })]);
    const tables = new Set();
    for (let i = 0; i < 3; i++) {
      await shard.snapshot();
      for (const { name } of await store.blobs.list('shards/a/')) if (name.includes('/table-')) tables.add(name);
    }
    expect(tables.size).toBe(3);
    await close();
  });

  it('keeps slots, and does not touch the graph when only properties change', async () => {
    const { shard, close } = await openShard(make());
    await shard.write([put('a', { n: 1 }, { 0: [1, 0, 0, 0] })]);
    await shard.settle(0);
    const slot = shard.slotOf('a');
    const [before] = [...(await shard.stats()).vectors.values()];
    await shard.write([put('a', { n: 2 }, 'kept')]);
    const [after] = [...(await shard.stats()).vectors.values()];
    expect(shard.slotOf('a')).toBe(slot);
    expect(after.unlinked).toBe(0);
    expect(after.index).toEqual(before.index);
    const found = await shard.get('a', { vectors: true });
    expect([parse(found), [...found.vectors[0].values]]).toEqual([{ n: 2 }, [1, 0, 0, 0]]);
    await close();
  });

  it('checks conditions in the order of writes', async () => {
    const { shard, close } = await openShard(make());
    const [first, second, third, fourth, fifth] = await Promise.all([
      shard.write([put('a', { n: 1 }, {}, { expect: 'absent' })]),
      shard.write([put('a', { n: 2 }, {}, { expect: 'absent' })]),
      shard.write([put('a', { n: 3 }, {}, { ifRevision: 1 }), put('b', {}, {}, { expect: 'present' })]),
      shard.write([put('a', { n: 4 }, {}, { ifRevision: 1 })]),
      shard.write([remove('nobody')]),
    ]);
    expect(first).toEqual([{ written: true, revision: 1 }]);
    expect(second[0].error.code).toBe('OBJECT_EXISTS');
    expect(third[0]).toEqual({ written: true, revision: 2 });
    expect(third[1].error.code).toBe('OBJECT_MISSING');
    expect(fourth[0].error.code).toBe('REVISION_MISMATCH');
    expect(fifth).toEqual([{ written: false, revision: 0 }]);
    expect(parse(await shard.get('a'))).toEqual({ n: 3 });
    await close();
  });

  it.each([
    ['hnsw', field(0)], ['flat', field(0, { type: 'flat' })], ['dynamic', field(0, { type: 'dynamic' })],
    ['hnsw sq8', field(0, { codec: { type: 'sq8', trainingLimit: 50 } })],
    ['hnsw rq8, full vectors outside', field(0, { codec: 'rq8', fullVectors: 'external' })],
    ['flat bq', field(0, { type: 'flat', codec: { type: 'bq', centred: true, trainingLimit: 50 } })],
  ])('%s: after snapshots, changes and a crash it is as it was', async (_, spec) => {
    const store = make();
    let { shard, close } = await openShard(store, [spec]);
    const oracle = new Map();
    const check = async () => {
      expect(shard.size).toBe(oracle.size);
      for (const [id, n] of oracle) {
        expect(parse(await shard.get(id))).toEqual({ n });
        expect(await nearest(shard, vectorOf(n))).toEqual([id]);
      }
    };
    for (let i = 0; i < 120; i++) {
      await shard.write([put(`id ${i}`, { n: i }, { 0: vectorOf(i) })]);
      oracle.set(`id ${i}`, i);
    }
    await check();
    await shard.snapshot();
    await check();
    for (let i = 0; i < 120; i += 3) {
      await shard.write([remove(`id ${i}`)]);
      oracle.delete(`id ${i}`);
    }
    for (let i = 1; i < 120; i += 6) {
      await shard.write([put(`id ${i}`, { n: i + 500 }, { 0: vectorOf(i + 500) })]);
      oracle.set(`id ${i}`, i + 500);
    }
    await check();
    const crashed = fork(store);
    ({ shard, close } = await openShard(crashed, [spec]));
    await check();
    const snapshot = shard.snapshot();
    for (let i = 2; i < 40; i += 6) {
      await shard.write([put(`id ${i}`, { n: i + 900 }, { 0: vectorOf(i + 900) })]);
      oracle.set(`id ${i}`, i + 900);
    }
    await shard.write([remove('id 4')]);
    oracle.delete('id 4');
    await check();
    await snapshot;
    await check();
    await shard.settle(0);
    await check();
    await shard.compact();
    await check();
    await close();
    ({ shard, close } = await openShard(crashed, [spec]));
    await check();
    await close();
  });

  it('builds a damaged index anew, and refuses damaged objects', async () => {
    const store = make();
    const opened = await openShard(store);
    for (let i = 0; i < 50; i++) await opened.shard.write([put(`id ${i}`, { n: i }, { 0: vectorOf(i) })]);
    await opened.shard.snapshot();
    await opened.close();
    const damage = async (prefix) => {
      const copy = fork(store);
      const { blobs, close } = await copy.open({ readOnly: false });
      const [{ name, bytes }] = await blobs.list(`shards/a/${prefix}`);
      const content = await blobs.getRange(name, 0, bytes);
      content[bytes >> 1] ^= 4;
      await blobs.put(name, [content]);
      await close();
      return { copy, name };
    };
    const { copy } = await damage('index-');
    const { shard, close } = await openShard(copy);
    expect(await nearest(shard, vectorOf(31))).toEqual(['id 31']);
    await close();
    for (const prefix of ['vectors-', 'table-', 'manifest']) {
      const { copy, name } = await damage(prefix);
      const error = await errorOf(() => openShard(copy));
      expect([error?.code, error?.message]).toEqual(['STORAGE_CORRUPT', expect.stringContaining(name)]);
    }
    const objects = await damage('objects-');
    const halfway = await openShard(objects.copy);
    const errors = [];
    for (let i = 0; i < 50; i++) errors.push((await errorOf(() => halfway.shard.get(`id ${i}`)))?.message);
    expect(errors.filter(Boolean)).toEqual([expect.stringContaining(objects.name)]);
    await halfway.close();
  });

  it('adds, drops and changes named vectors while it is in use', async () => {
    const store = make();
    let { shard, close } = await openShard(store);
    for (let i = 0; i < 60; i++) await shard.write([put(`id ${i}`, { n: i }, { 0: vectorOf(i) })]);
    const second = field(1, { type: 'flat', dimensions: 2 });
    await shard.configure([field(0, { codec: { type: 'sq8', trainingLimit: 20 } }), second], []);
    await shard.write([put('id 7', { n: 7 }, { 0: vectorOf(7), 1: [7, 7] })]);
    expect(await nearest(shard, [7, 7], 5, 1)).toEqual(['id 7']);
    expect(await nearest(shard, vectorOf(9))).toEqual(['id 9']);
    await shard.configure([second], []);
    await shard.snapshot();
    await close();
    ({ shard, close } = await openShard(store, [second]));
    expect(await nearest(shard, [7, 7], 5, 1)).toEqual(['id 7']);
    expect((await shard.get('id 9', { vectors: true })).vectors).toHaveLength(1); // still on disk, of use to nobody
    await close();
  });

  it.each(['hnsw', 'flat'])('%s: an image that no manifest came to name is not taken for one', async (type) => {
    const store = make();
    let failures = 0;
    const failing = { ...store, open: async (options) => {
      const opened = await store.open(options);
      const { blobs } = opened;
      const putIfMatch = blobs.putIfMatch.bind(blobs);
      blobs.putIfMatch = (...given) => (failures-- > 0 ? Promise.reject(new VectileError('STORAGE_FULL', 'manifest: expected room, got none')) : putIfMatch(...given));
      return opened;
    } };
    const spec = field(0, { type });
    let { shard, close } = await openShard(failing, [spec]);
    const fill = async (from, to) => {
      for (let i = from; i < to; i++) await shard.write([put(`id ${i}`, { n: i }, { 0: vectorOf(i) })], 'flush');
      await shard.settle(0);
    };
    await fill(0, 20);
    await shard.snapshot();
    await fill(20, 90);
    failures = 1;
    expect((await errorOf(() => shard.snapshot()))?.code).toBe('STORAGE_FULL');
    await shard.snapshot();
    await close();
    ({ shard, close } = await openShard(store, [spec]));
    for (let i = 0; i < 90; i++) expect(await nearest(shard, vectorOf(i))).toEqual([`id ${i}`]);
    await close();
  });

  it.each(['hnsw', 'flat'])('%s: vectors outside come back in while others are written, where reading takes time', async (type) => {
    const store = make();
    const slow = { ...store, open: async (options) => {
      const opened = await store.open(options);
      const { blobs } = opened;
      const read = blobs.getRangeSync.bind(blobs);
      blobs.getRangeSync = undefined;
      blobs.getRange = async (...given) => {
        await new Promise((resolve) => setImmediate(resolve));
        return read(...given);
      };
      return opened;
    } };
    const outside = field(0, { type, codec: 'rq8', fullVectors: 'external' });
    const { shard, close } = await openShard(slow, [outside]);
    for (let i = 0; i < 600; i += 100) await shard.write(Array.from({ length: 100 }, (_, j) => put(`id ${i + j}`, { n: i + j }, { 0: vectorOf(i + j) })));
    await shard.settle(0);
    await shard.snapshot();
    const configured = shard.configure([field(0, { type })], []);
    for (let i = 600; i < 640; i++) await shard.write([put(`id ${i}`, { n: i }, { 0: vectorOf(i) })]);
    await configured;
    await shard.settle(0);
    expect((await shard.stats()).vectors.get(0).count).toBe(640);
    expect(new Set(await nearest(shard, vectorOf(0), 640)).size).toBe(640);
    for (let i = 0; i < 640; i++) if (type === 'flat') expect(await nearest(shard, vectorOf(i))).toEqual([`id ${i}`]);
    await close();
  });

  it('an object that is damaged can be replaced and deleted', async () => {
    const store = make();
    const opened = await openShard(store);
    for (let i = 0; i < 3; i++) await opened.shard.write([put(`id ${i}`, { text: 'x'.repeat(1000) }, { 0: vectorOf(i) })]);
    await opened.shard.snapshot();
    await opened.close();
    const raw = await store.open({ readOnly: false });
    const [{ name, bytes }] = await raw.blobs.list('shards/a/objects-');
    const content = await raw.blobs.getRange(name, 0, bytes);
    content[bytes >> 1] ^= 1;
    await raw.blobs.put(name, [content]);
    await raw.close();
    const { shard, close } = await openShard(store);
    expect((await errorOf(() => shard.get('id 1')))?.code).toBe('STORAGE_CORRUPT');
    expect((await shard.write([put('id 1', { text: 'new' }, { 0: vectorOf(1) })]))[0].error).toBeUndefined();
    expect(parse(await shard.get('id 1'))).toEqual({ text: 'new' });
    await close();
  });

  it('ids of a large shard that are damaged are refused by all that needs them, and whatever is written then comes to nothing', async () => {
    const store = make();
    const opened = await openShard(store, []);
    const count = 8000;
    for (let from = 0; from < count; from += 1000) await opened.shard.write(Array.from({ length: 1000 }, (_, i) => put(`id ${from + i}`, { n: from + i })));
    await opened.shard.snapshot();
    await opened.close();
    const raw = await store.open({ readOnly: false });
    const [{ name, bytes }] = await raw.blobs.list('shards/a/table-');
    const content = await raw.blobs.getRange(name, 0, bytes);
    content[bytes - 7] ^= 1;
    await raw.blobs.put(name, [content]);
    await raw.close();
    const isTold = { code: 'STORAGE_CORRUPT', message: expect.stringContaining(name) };
    const { shard, close } = await openShard(store, []);
    expect(shard.size).toBe(count);
    expect((await shard.scan(0, 3)).objects.map(parse)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    for (let turn = 0; turn < 2; turn++) {
      expect(await errorOf(() => shard.get('id 5'))).toMatchObject(isTold);
      expect(await errorOf(() => shard.write([put('id 5', { n: -1 })]))).toMatchObject(isTold);
      expect(await errorOf(() => shard.write([put('new', { n: -1 })]))).toMatchObject(isTold);
      expect(await errorOf(() => shard.snapshot())).toMatchObject(isTold);
    }
    await close();
    const reader = await errorOf(() => openShard(store, [], { readOnly: true }));
    expect(reader).toMatchObject(isTold);
    content[bytes - 7] ^= 1;
    const mended = await store.open({ readOnly: false });
    await mended.blobs.put(name, [content]);
    await mended.close();
    const again = await openShard(store, []);
    expect([again.shard.size, parse(await again.shard.get('id 5'))]).toEqual([count, { n: 5 }]);
    await again.close();
  });

  it('damage that is met in the background is told, and neither hangs writes nor stops reads', async () => {
    const store = make();
    const spec = field(0, { codec: 'rq8', fullVectors: 'external' });
    const opened = await openShard(store, [spec]);
    await opened.shard.write(Array.from({ length: 200 }, (_, i) => put(`id ${i}`, { n: i }, { 0: vectorOf(i) })));
    await opened.shard.settle(0);
    await opened.shard.snapshot();
    await opened.close();
    const raw = await store.open({ readOnly: false });
    const [{ name, bytes }] = await raw.blobs.list('shards/a/vectors-');
    const content = await raw.blobs.getRange(name, 0, bytes);
    content[bytes >> 1] ^= 1;
    await raw.blobs.put(name, [content]);
    await raw.close();
    const { shard, close } = await openShard(store, [spec]);
    await shard.configure([{ ...spec, codec: 'rq1' }], []);
    for (let turn = 0; !shard.failure && turn < 200; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(shard.failure).toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringContaining(name) });
    expect((await errorOf(() => shard.write([put('later', {})])))?.code).toBe('STORAGE_CORRUPT');
    expect(parse(await shard.get('id 7'))).toEqual({ n: 7 });
    await close();
  });
});
