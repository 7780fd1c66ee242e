// What the catalog and exports promise when things go wrong: damage is found, fails alone, and never costs what was not deleted.
import { describe, expect, it } from 'vitest';
import { Catalog } from '../../ts/database/catalog.js';
import { errorOf, memory, open, threads } from './support.js';

const codeOf = async (work) => (await errorOf(work))?.code;
const fill = (collection, count, from = 0) => collection.data.insertMany(Array.from({ length: count }, (_, i) => ({ id: `${from + i}`, vector: [from + i, 1] })));
const bytesOf = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** Opens the bare store, and gives it back. */
async function inStore(store, work) {
  const opened = await store.open({ readOnly: false });
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/** A database of one collection for each name, closed. */
async function prepared(...names) {
  const store = memory();
  const db = await open({ store });
  for (const name of names) await fill(await db.collections.create({ name }), 20);
  await db.close();
  return store;
}

describe('the catalog', () => {
  it('is written anew after many changes, and read by those beside it', async () => {
    const store = memory();
    const db = await open({ store });
    const reader = await open({ store, readOnly: true });
    for (let i = 0; i < 60; i++) {
      await db.collections.create({ name: `C${i}` });
      if (i % 2) await db.collections.delete(`C${i}`);
      else await db.collections.use(`C${i}`).config.update({ description: `the ${i}th` });
      if (i === 30) await expect.poll(() => reader.collections.exists('C30'), { timeout: 5000 }).toBe(true);
    }
    const expected = await db.collections.listAll();
    expect(expected).toHaveLength(30);
    await expect.poll(() => reader.collections.listAll(), { timeout: 5000 }).toEqual(expected);
    await db.close();
    await reader.close();
    await inStore(store, async ({ blobs, log }) => {
      expect(await blobs.get('catalog/snapshot')).toBeDefined();
      expect((await log('catalog/log')).bytes).toBeLessThan(120 * 1500);
    });
    const again = await open({ store });
    expect(await again.collections.listAll()).toEqual(expected);
    await again.close();
  });

  it('raises its revision with every change, and tells who watches', async () => {
    await inStore(memory(), async (store) => {
      const catalog = await Catalog.open(store, false, () => 1);
      const seen = [];
      const stop = catalog.watch((name) => seen.push(`${name} ${catalog.revision}`));
      const entry = (name) => ({ schema: { name }, shard: '0'.repeat(32) });
      const { revision } = catalog;
      await Promise.all(['A', 'B'].map((name) => catalog.change(name, () => entry(name))));
      await catalog.change('A', () => undefined);
      expect(await codeOf(() => catalog.change('A', () => { throw Object.assign(new Error('no'), { code: 'MINE' }); }))).toBe('MINE');
      await catalog.change('A', () => 'delete');
      stop();
      await catalog.change('C', () => entry('C'));
      expect(seen).toEqual([`A ${revision + 1}`, `B ${revision + 2}`, `A ${revision + 3}`]);
      expect(catalog.revision).toBe(revision + 4);
      const { database } = catalog;
      await catalog.close();
      const again = await Catalog.open(store, false, () => 1);
      expect([again.database, again.revision, [...again.collections.keys()]]).toEqual([database, revision + 4, ['B', 'C']]);
      await again.close();
    });
  });

  it('that is lost does not take the data with it', async () => {
    const store = await prepared('A');
    await inStore(store, async (opened) => {
      await opened.deleteLog('catalog/log');
      await opened.blobs.delete('catalog/snapshot');
    });
    const filesOf = () => inStore(store, async ({ blobs, logs }) => [...(await blobs.list('shards/')).map(({ name }) => name), ...await logs('shards/')].sort());
    const before = await filesOf();
    expect(before.length).toBeGreaterThan(0);
    expect(await codeOf(() => open({ store }))).toBe('STORAGE_CORRUPT');
    expect(await filesOf()).toEqual(before);
  });

  it('that is damaged is reported by name, and nothing is removed', async () => {
    const store = await prepared(...Array.from({ length: 110 }, (_, i) => `C${i}`));
    const name = 'catalog/snapshot';
    await inStore(store, async ({ blobs }) => {
      const { bytes } = await blobs.get(name);
      bytes[bytes.length >> 1] ^= 4;
      await blobs.put(name, [bytes]);
    });
    for (const readOnly of [false, true]) {
      expect(await errorOf(() => open({ store, readOnly }))).toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringContaining(name) });
    }
    await inStore(store, async ({ logs }) => expect(await logs('shards/')).toHaveLength(110));
  });

  it('leaves nothing of a collection whose deletion was cut short', async () => {
    const store = await prepared('A', 'B');
    const before = await inStore(store, ({ logs }) => logs('shards/'));
    // a process that ended after the record of the deletion
    await inStore(store, async (opened) => {
      const catalog = await Catalog.open(opened, false, () => 1);
      await catalog.change('A', () => 'delete');
      await catalog.close();
    });
    const db = await open({ store });
    expect((await db.collections.listAll()).map(({ name }) => name)).toEqual(['B']);
    expect(await db.collections.use('B').length()).toBe(20);
    await db.close();
    const after = await inStore(store, ({ logs }) => logs('shards/'));
    expect([before.length, after.length]).toEqual([2, 1]);
  });

  it('gives a name that was deleted to another collection, for readers too', async () => {
    const store = await prepared('A');
    const db = await open({ store });
    const reader = await open({ store, readOnly: true });
    const seen = reader.collections.use('A');
    expect(await seen.length()).toBe(20);
    await db.collections.delete('A');
    const again = await db.collections.create({ name: 'A' });
    await fill(again, 3);
    await expect.poll(() => seen.length(), { timeout: 5000 }).toBe(3);
    expect((await seen.query.nearVector([1, 1], { limit: 10 })).objects).toHaveLength(3);
    await reader.close();
    await db.close();
  });
});

describe('a damaged collection', () => {
  const damage = (store, name) => inStore(store, async (opened) => {
    const catalog = await Catalog.open(opened, false, () => 1);
    const { shards: [shard] } = catalog.collections.get(name);
    await catalog.close();
    const manifest = (await opened.blobs.list(`shards/${shard}/`)).find((blob) => blob.name.includes('manifest')) ?? (await opened.blobs.list(`shards/${shard}/`))[0];
    const { bytes } = await opened.blobs.get(manifest.name);
    bytes[bytes.length >> 1] ^= 1;
    await opened.blobs.put(manifest.name, [bytes]);
  });

  it('fails alone', async () => {
    const store = await prepared('A', 'B');
    await damage(store, 'A');
    const db = await open({ store });
    const [a, b] = ['A', 'B'].map((name) => db.collections.use(name));
    for (const work of [() => a.length(), () => a.data.insert({}), () => a.query.fetchObjects(), () => bytesOf(db.export())]) expect(await codeOf(work)).toBe('STORAGE_CORRUPT');
    await b.data.insert({ id: 'more', vector: [1, 2] });
    expect(await b.length()).toBe(21);
    const stats = await db.stats();
    expect([stats.objects, stats.collections.B.objects]).toEqual([21, 21]);
    expect((await a.config.get()).name).toBe('A');
    expect(await codeOf(() => db.snapshot())).toBe('STORAGE_CORRUPT');
    await db.collections.delete('A');
    expect(await codeOf(() => db.snapshot())).toBe(undefined);
    expect(await (await db.collections.create({ name: 'A' })).length()).toBe(0);
    await db.close();
  });
});

describe('an export', () => {
  it('may be cut or changed anywhere, and is refused', async () => {
    const store = memory();
    const db = await open({ store });
    const one = await db.collections.create({ name: 'One', properties: [{ name: 'text', dataType: 'text' }] });
    await one.data.insertMany(Array.from({ length: 4 }, (_, i) => ({ id: `${i}`, properties: { text: `text ${i}` }, vector: [1, i] })));
    const whole = await bytesOf(db.export());
    await db.close();
    const attempt = async (bytes, chunk = bytes.length) => {
      const target = memory();
      const chunks = [];
      for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk));
      const code = await codeOf(async () => (await open({ store: target, from: chunks })).close());
      if (code) {
        const empty = await open({ store: target });
        expect(await empty.collections.listAll()).toEqual([]);
        expect((await empty.stats()).objects).toBe(0);
        await empty.close();
      }
      return code;
    };
    expect(await attempt(whole)).toBe(undefined);
    expect(await attempt(whole, 1)).toBe(undefined);
    expect(await attempt(Buffer.concat([whole, Buffer.of(0)]))).toBe('STORAGE_CORRUPT');
    expect(await attempt(Buffer.concat([whole, whole]))).toBe('STORAGE_CORRUPT');
    for (let at = 0; at < whole.length; at++) {
      expect(await attempt(whole.subarray(0, at)), `cut at ${at}`).toBe('STORAGE_CORRUPT');
      const flipped = Buffer.from(whole);
      flipped[at] ^= 1 << at % 8;
      expect(['STORAGE_CORRUPT', 'STORAGE_VERSION'], `flip at ${at}`).toContain(await attempt(flipped));
    }
  }, threads ? 600_000 : 60_000); // each attempt starts some

  it('goes into an empty store only', async () => {
    const store = await prepared('A');
    const db = await open({ store });
    const whole = await bytesOf(db.export());
    await db.close();
    expect(await codeOf(() => open({ store, from: [whole] }))).toBe('INVALID_ARGUMENT');
    for (const from of [7, 'bytes', [7], ['bytes'], null]) expect(await codeOf(() => open({ store: memory(), from }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => open({ store: memory(), from: [whole], readOnly: true }))).toBe('INVALID_ARGUMENT');
    const kept = await open({ store });
    expect(await kept.collections.use('A').length()).toBe(20);
    await kept.close();
  });

  it('is whole while writes go on', async () => {
    const db = await open({ store: memory() });
    const one = await db.collections.create({ name: 'One', autoSchema: true, vectors: { default: {}, late: {} } });
    await fill(one, 2000).catch(() => {});
    await one.data.insertMany(Array.from({ length: 1500 }, (_, i) => ({ id: `${i}`, properties: { n: i } })));
    const chunks = [];
    let i = 0;
    for await (const chunk of db.export()) {
      chunks.push(chunk);
      if (i++ !== 20) continue;
      // ids that come again behind the scan, and a schema that grows under it
      for (const id of ['3', '4', '5']) {
        await one.data.deleteById(id);
        await one.data.insert({ id: `in place of ${id}` });
        await one.data.insert({ id, properties: { n: -1, when: new Date(1) }, vector: { late: [1, 2, 3] } });
      }
      await one.data.insertMany(Array.from({ length: 300 }, (_, k) => ({ id: `new ${k}`, properties: { when: new Date(k) }, vector: { late: [k + 1, 2, 3], default: [1, k] } })));
    }
    const copy = await open({ store: memory(), from: chunks });
    const there = copy.collections.use('One');
    for (let k = 10; k < 1500; k += 100) expect((await there.query.fetchObjectById(`${k}`)).properties).toEqual({ n: k });
    for (const id of ['3', '4', '5', 'new 7']) {
      const object = await there.query.fetchObjectById(id, { includeVector: true });
      if (object?.properties.when) expect([object.properties.when, object.vectors.late.length]).toEqual([expect.any(Date), 3]);
    }
    if (await there.data.exists('new 7')) expect((await there.query.nearVector({ late: [8, 2, 3] }, { limit: 400 })).objects.length).toBeGreaterThan(250);
    await copy.close();
    await db.close();
  });

  it('may have an object twice, and then the later one counts', async () => {
    const db = await open({ store: memory() });
    const one = await db.collections.create({ name: 'One', properties: [{ name: 'text', dataType: 'text' }] });
    await one.data.insertMany(Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, properties: { text: 'x'.repeat(6200) } })));
    const chunks = [];
    for await (const chunk of db.export()) {
      chunks.push(chunk);
      if (chunks.length !== 5) continue;
      // it was read; its slot goes to another, and it comes again at the end
      await one.data.deleteById('250');
      await one.data.insert({ id: 'another' });
      await one.data.insert({ id: '250', properties: { text: 'again' } });
    }
    expect(chunks.filter((chunk) => Buffer.from(chunk).includes(Buffer.from('250'))).length).toBeGreaterThan(1);
    const copy = await open({ store: memory(), from: chunks });
    expect((await copy.collections.use('One').query.fetchObjectById('250')).properties.text).toBe('again');
    expect(await copy.collections.use('One').length()).toBe(300);
    await copy.close();
    await db.close();
  });

  it('has no vectors that were dropped, and leaves what it came from as it was', async () => {
    const db = await open({ store: memory() });
    const one = await db.collections.create({ name: 'One', vectors: { kept: { dimensions: 2 }, dropped: { dimensions: 64 } } });
    await one.data.insertMany(Array.from({ length: 200 }, (_, i) => ({ id: `${i}`, vector: { kept: [i, 1], dropped: new Float32Array(64).fill(i + 1) } })));
    const before = (await bytesOf(db.export())).length;
    await one.config.dropVector('dropped');
    const bytes = await bytesOf(db.export());
    expect(bytes.length).toBeLessThan(before - 200 * 256);
    const copy = await open({ store: memory(), from: [bytes] });
    const there = copy.collections.use('One');
    await there.config.addVector('another', { dimensions: 3 });
    await there.data.insert({ id: 'b', vector: { another: [1, 2, 3] } });
    const all = (collection) => collection.query.fetchObjects({ limit: 200, includeVector: true, returnMetadata: ['creationTime', 'updateTime'] });
    expect((await all(there)).objects.slice(0, 200)).toEqual((await all(one)).objects);
    expect((await there.query.nearVector({ another: [1, 2, 3] })).objects.map(({ id }) => id)).toEqual(['b']);
    await copy.close();
    await db.close();
  });
});
