// Tenants: their names, states and data; the budget of open shards; what is left of them.
import { describe, expect, it } from 'vitest';
import { memory, open, VectileError } from './support.js';

const CONFIG = {
  name: 'Note', properties: [{ name: 'text', dataType: 'text' }, { name: 'count', dataType: 'int' }],
  vectors: { default: { dimensions: 4, metric: 'l2-squared' } }, multiTenancy: { enabled: true },
};
const note = (n, text = `note ${n}`) => ({ id: `id-${n}`, properties: { text, count: n }, vector: [n, 1, 0, 0] });

async function opened(options = {}, config = {}) {
  const store = options.store ?? memory();
  const db = await open({ store, ...options });
  const notes = await db.collections.exists('Note') ? db.collections.use('Note') : await db.collections.create({ ...CONFIG, ...config });
  return { store, db, notes };
}

/** What it is, but for what is in `own`. */
const through = (target, own) => new Proxy(target, {
  get: (_, key) => own[key] ?? (typeof target[key] === 'function' ? target[key].bind(target) : target[key]),
});

/** The store, where writing a blob of a shard, or a record of the catalog, fails if `fail` throws. */
const failing = (store, fail) => ({
  ...store,
  async open(options) {
    const opened = await store.open(options);
    const { blobs } = opened;
    return through(opened, {
      blobs: through(blobs, {
        async put(name, ...rest) {
          fail(name.startsWith('shards/') ? 'blobs' : 'catalog');
          return blobs.put(name, ...rest);
        },
      }),
      async log(name) {
        const log = await opened.log(name);
        return name.startsWith('shards/') ? log : through(log, {
          async append(...given) {
            fail('catalog');
            return log.append(...given);
          },
        });
      },
    });
  },
});

/** Names of all files and logs of shards. */
async function filesOf(store, prefix = 'shards/') {
  const view = await store.fork().open({ readOnly: false });
  const names = [...(await view.blobs.list(prefix)).map(({ name }) => name), ...await view.logs(prefix)];
  await view.close();
  return names;
}

describe('tenants', () => {
  it('are made, listed and found by name', async () => {
    const { db, notes } = await opened();
    expect(await notes.tenants.create(['b', { name: 'a', status: 'INACTIVE' }, 'b'])).toEqual([
      { name: 'b', status: 'ACTIVE' }, { name: 'a', status: 'INACTIVE' }, { name: 'b', status: 'ACTIVE' },
    ]);
    expect(await notes.tenants.create({ name: 'a' })).toEqual([{ name: 'a', status: 'INACTIVE' }]);
    expect({ ...await notes.tenants.get() }).toEqual({ a: { name: 'a', status: 'INACTIVE' }, b: { name: 'b', status: 'ACTIVE' } });
    expect(await notes.tenants.getByName('b')).toEqual({ name: 'b', status: 'ACTIVE' });
    expect(await notes.tenants.getByName('c')).toBe(null);
    expect([await notes.tenants.exists('a'), await notes.tenants.exists('A')]).toEqual([true, false]);
    await notes.tenants.create(Array.from({ length: 250 }, (_, i) => `t${String(i).padStart(3, '0')}`));
    const seen = [];
    for (let page = await notes.tenants.list(); page.length; page = await notes.tenants.list({ after: page.at(-1).name })) seen.push(...page.map(({ name }) => name));
    expect(seen).toEqual(['a', 'b', ...Array.from({ length: 250 }, (_, i) => `t${String(i).padStart(3, '0')}`)]);
    expect(await notes.tenants.list({ limit: 1, after: 'aa' })).toEqual([{ name: 'b', status: 'ACTIVE' }]);
    await db.close();
  });

  it('have objects of their own, under the same ids', async () => {
    const { db, notes } = await opened();
    await notes.tenants.create(['a', 'b']);
    const [a, b] = ['a', 'b'].map((name) => notes.withTenant(name));
    await a.data.insert(note(1, 'of a'));
    await b.data.insertMany([note(1, 'of b'), note(2)]);
    expect([await a.length(), await b.length()]).toEqual([1, 2]);
    expect((await a.query.fetchObjectById('id-1')).properties.text).toBe('of a');
    expect((await b.query.nearVector([1, 1, 0, 0], { limit: 1 })).objects[0].properties.text).toBe('of b');
    expect((await a.query.bm25('note')).objects).toEqual([]);
    expect((await b.aggregate.overAll()).totalCount).toBe(2);
    const ids = [];
    for await (const { id } of b.iterator()) ids.push(id);
    expect(ids).toEqual(['id-1', 'id-2']);
    expect([a.tenant, a.name, notes.tenant]).toEqual(['a', 'Note', undefined]);
    await db.close();
  });

  it('are needed where there are any, and refused where there are none', async () => {
    const { db, notes } = await opened();
    const plain = await db.collections.create({ name: 'Plain' });
    const missing = { code: 'TENANT_REQUIRED' };
    await expect(notes.length()).rejects.toMatchObject(missing);
    await expect(notes.data.insert(note(1))).rejects.toMatchObject(missing);
    await expect(notes.data.insertMany([])).rejects.toMatchObject(missing);
    await expect(notes.query.fetchObjects()).rejects.toMatchObject(missing);
    await expect(notes.aggregate.overAll()).rejects.toMatchObject(missing);
    await expect(notes.iterator().next()).rejects.toMatchObject(missing);
    expect(() => notes.subscribe(() => {})).toThrow(VectileError);
    await expect(plain.withTenant('a').length()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(plain.tenants.get()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await db.close();
  });

  it('are of an index that is dynamic, and can be made and activated by being used, if the collection says so', async () => {
    const { db, notes } = await opened();
    const { vectors, multiTenancy } = await notes.config.get();
    expect(vectors.default.index.type).toBe('dynamic');
    expect(multiTenancy).toEqual({ enabled: true, autoTenantCreation: false, autoTenantActivation: false });
    const a = notes.withTenant('a');
    await expect(a.data.insert(note(1))).rejects.toMatchObject({ code: 'TENANT_MISSING' });
    await notes.config.update({ multiTenancy: { autoTenantCreation: true } });
    await expect(a.length()).rejects.toMatchObject({ code: 'TENANT_MISSING' });
    await expect(a.data.deleteById('id-1')).rejects.toMatchObject({ code: 'TENANT_MISSING' });
    await a.data.insert(note(1));
    await notes.withTenant('b').data.insertMany([note(1), note(2)]);
    await notes.tenants.deactivate(['a', 'b']);
    await expect(a.length()).rejects.toMatchObject({ code: 'TENANT_INACTIVE' });
    await notes.config.update({ multiTenancy: { enabled: true, autoTenantActivation: true } });
    expect(await a.length()).toBe(1);
    await notes.withTenant('b').data.insert(note(3));
    expect((await notes.tenants.list()).map(({ status }) => status)).toEqual(['ACTIVE', 'ACTIVE']);
    await expect(notes.config.update({ multiTenancy: { enabled: false } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(db.collections.create({ name: 'X', multiTenancy: { autoTenantCreation: true } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await db.close();
  });

  it('are there with their states and objects when the database is opened again', async () => {
    const { store, db, notes } = await opened();
    await notes.tenants.create(['a', 'b', 'c', 'd']);
    for (const name of ['a', 'b']) await notes.withTenant(name).data.insertMany([note(1, name), note(2)]);
    await notes.tenants.deactivate('b');
    await notes.tenants.remove('d');
    await db.close();
    const again = await opened({ store });
    expect((await again.notes.tenants.list()).map(({ name, status }) => `${name} ${status}`)).toEqual(['a ACTIVE', 'b INACTIVE', 'c ACTIVE']);
    expect((await again.db.stats()).collections.Note.tenants).toEqual({ ACTIVE: 2, INACTIVE: 1, OFFLOADED: 0, OFFLOADING: 0, ONLOADING: 0, open: 0 });
    await again.notes.tenants.activate(['b']);
    for (const name of ['a', 'b']) expect((await again.notes.withTenant(name).query.fetchObjectById('id-1')).properties.text).toBe(name);
    expect((await again.db.stats()).collections.Note).toMatchObject({ objects: 4, tenants: { ACTIVE: 3, open: 2 } });
    await again.db.close();
  });

  it('have no files before the first write, and none after they are removed', async () => {
    const { store, db, notes } = await opened();
    await notes.tenants.create(['a', 'b']);
    expect(await notes.withTenant('a').length()).toBe(0);
    expect((await notes.withTenant('a').query.nearVector([1, 2, 3, 4])).objects).toEqual([]);
    await notes.tenants.deactivate('a');
    await notes.tenants.activate('a');
    expect(await filesOf(store)).toEqual([]);
    for (const name of ['a', 'b']) await notes.withTenant(name).data.insert(note(1));
    await db.snapshot();
    await notes.tenants.deactivate('b');
    expect((await filesOf(store)).length).toBeGreaterThan(4);
    await notes.tenants.remove(['a', 'b', 'none']);
    expect(await filesOf(store)).toEqual([]);
    await notes.tenants.create('a');
    expect(await notes.withTenant('a').length()).toBe(0);
    await notes.withTenant('a').data.insert(note(7));
    await db.collections.delete('Note');
    expect(await filesOf(store)).toEqual([]);
    await db.close();
  });

  it('that are being removed when the database is closed are removed before', async () => {
    for (let turns = 0; turns < 6; turns++) {
      const { store, db, notes } = await opened();
      await notes.tenants.create('a');
      await notes.withTenant('a').data.insert(note(1));
      const removing = notes.tenants.remove('a');
      for (let i = 0; i < turns; i++) await new Promise((resolve) => { setImmediate(resolve); });
      await Promise.all([db.close(), removing]);
      expect(await filesOf(store)).toEqual([]);
    }
  });

  it('that are being made when the database is closed are there, though they are made one after another', async () => {
    const { store, db, notes } = await opened();
    const names = Array.from({ length: 6 }, (_, i) => `own-${i}`);
    const making = names.map((name) => notes.tenants.create(['shared', name]));
    const closing = db.close();
    await expect(notes.tenants.create('late')).rejects.toMatchObject({ code: 'CLOSED' });
    await Promise.all([...making, closing]);
    const again = await opened({ store });
    expect(Object.keys(await again.notes.tenants.get())).toEqual([...names, 'shared']);
    await again.db.close();
  });

  it.each([['made anew', {}, 'RESHARDED'], ['not made by the rest', { autoTenantCreation: true }, 'TENANT_MISSING']])(
    'that are removed amid an import end it, and are %s', async (what, own, code) => {
      const { db, notes } = await opened({}, { multiTenancy: { enabled: true, ...own } });
      await notes.tenants.create('a');
      const source = async function* () {
        for (let n = 0; n < 600; n++) {
          if (n === 300) {
            await notes.tenants.remove('a');
            if (what === 'made anew') await notes.tenants.create('a');
          }
          yield note(n);
        }
      };
      await expect(notes.withTenant('a').data.insertMany(source(), { batchSize: 50 })).rejects.toMatchObject({ code });
      expect(await notes.tenants.exists('a')).toBe(what === 'made anew');
      if (what === 'made anew') expect(await notes.withTenant('a').length()).toBe(0);
      await db.close();
    },
  );

  it('are followed by a reader beside the writer', async () => {
    const { store, db, notes } = await opened();
    await notes.tenants.create(['a', 'b']);
    await notes.withTenant('a').data.insert(note(1));
    const reader = await opened({ store, readOnly: true });
    expect(await reader.notes.withTenant('a').length()).toBe(1);
    await expect(reader.notes.tenants.create('c')).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
    await notes.tenants.deactivate('a');
    await notes.tenants.create('c');
    await expect.poll(() => reader.notes.withTenant('a').length().catch(({ code }) => code)).toBe('TENANT_INACTIVE');
    await expect.poll(() => reader.notes.tenants.exists('c')).toBe(true);
    await reader.db.close();
    await db.close();
  });

  it('tell their listeners of their own writes, also after having been closed', async () => {
    const { db, notes } = await opened({ openShardsMax: 1 });
    await notes.tenants.create(['a', 'b']);
    const heard = [];
    const stop = notes.withTenant('a').subscribe(({ id }) => heard.push(id));
    expect(() => notes.withTenant('c').subscribe(() => {})).toThrow(/expected one that is there/);
    await notes.withTenant('a').data.insert(note(1));
    await notes.withTenant('b').data.insert(note(2));
    await notes.withTenant('a').data.insert(note(3));
    stop();
    await notes.withTenant('a').data.insert(note(4));
    expect(heard).toEqual(['id-1', 'id-3']);
    await db.close();
  });
});

describe('the budget', () => {
  it('closes what was used longest ago, and opens it again', async () => {
    const { db, notes } = await opened({ openShardsMax: 3 });
    const names = Array.from({ length: 10 }, (_, i) => `t${i}`);
    await notes.tenants.create(names);
    const openNow = async () => (await db.stats()).collections.Note.tenants.open;
    for (let round = 0; round < 3; round++) {
      for (const [i, name] of names.entries()) {
        await notes.withTenant(name).data.insert(note(100 * i + round));
        expect(await openNow()).toBeLessThanOrEqual(3);
      }
    }
    await Promise.all(names.map(async (name) => expect(await notes.withTenant(name).length()).toBe(3)));
    expect(await openNow()).toBe(3);
    await notes.tenants.warm(['t0', 't5']);
    expect(await openNow()).toBe(3);
    await db.close();
  });

  it('lets calls wait for each other, not fail', async () => {
    const { db, notes } = await opened({ openShardsMax: 2 });
    const names = Array.from({ length: 20 }, (_, i) => `t${i}`);
    await notes.tenants.create(names);
    await Promise.all(names.map((name, i) => notes.withTenant(name).data.insertMany(Array.from({ length: 300 }, (_, j) => note(1000 * i + j)), { batchSize: 50 })));
    const counts = await Promise.all(names.map((name) => notes.withTenant(name).length()));
    expect(counts).toEqual(names.map(() => 300));
    const iterators = names.map((name) => notes.withTenant(name).iterator({ filters: { operator: 'GreaterThanEqual', property: 'count', value: 0 } }));
    let seen = 0;
    for (let isMore = true; isMore;) {
      isMore = false;
      for (const [i, iterator] of iterators.entries()) {
        const { value, done } = await iterator.next();
        if (done) continue;
        isMore = true;
        seen++;
        expect(Math.floor(value.properties.count / 1000)).toBe(i);
      }
    }
    expect(seen).toBe(6000);
    await db.close();
  });

  it('of bytes is kept when uses end', async () => {
    const { db, notes } = await opened({ openBytesMax: 1 });
    await notes.tenants.create(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c', 'a']) await notes.withTenant(name).data.insert({ vector: [1, 2, 3, 4] });
    await expect.poll(async () => (await db.stats()).collections.Note.tenants.open).toBe(1);
    await db.close();
  });
});

describe('offloading', () => {
  it('moves files to another store, and back', async () => {
    const offload = memory();
    const { store, db, notes } = await opened({ offload });
    await notes.tenants.create(['a', 'b', 'empty']);
    for (const name of ['a', 'b']) await notes.withTenant(name).data.insertMany([note(1, `of ${name}`), note(2)]);
    await notes.withTenant('a').data.deleteById('id-2');
    await notes.tenants.deactivate('b');
    await notes.tenants.offload(['a', 'b', 'empty']);
    expect((await notes.tenants.list()).map(({ status }) => status)).toEqual(['OFFLOADED', 'OFFLOADED', 'OFFLOADED']);
    expect(await filesOf(store)).toEqual([]);
    expect((await filesOf(offload, '')).length).toBeGreaterThan(6);
    await expect(notes.withTenant('a').length()).rejects.toMatchObject({ code: 'TENANT_OFFLOADED' });
    await expect(db.export().next().then(async () => { for await (const _ of db.export()); })).rejects.toMatchObject({ code: 'TENANT_OFFLOADED' });
    await notes.tenants.offload('a');
    await notes.tenants.activate('a');
    await notes.tenants.deactivate(['b', 'empty']);
    expect(await filesOf(offload, '')).toEqual([]);
    expect((await notes.tenants.list()).map(({ status }) => status)).toEqual(['ACTIVE', 'INACTIVE', 'INACTIVE']);
    expect((await notes.withTenant('a').query.fetchObjects()).objects.map(({ properties }) => properties.text)).toEqual(['of a']);
    await notes.withTenant('a').data.insert(note(3));
    await notes.tenants.activate(['b', 'empty']);
    expect((await notes.withTenant('b').query.nearVector([2, 1, 0, 0])).objects.map(({ id }) => id)).toEqual(['id-2', 'id-1']);
    expect(await notes.withTenant('empty').length()).toBe(0);
    await db.close();
    const again = await opened({ store, offload });
    expect(await again.notes.withTenant('a').length()).toBe(2);
    await again.notes.tenants.offload(['a', 'b']);
    await again.notes.tenants.remove(['a', 'b']);
    expect([...await filesOf(offload, ''), ...await filesOf(store)]).toEqual([]);
    await again.db.close();
  });

  it('is undone by use, if the collection says so', async () => {
    const offload = memory();
    const { store, db, notes } = await opened({ offload }, { multiTenancy: { enabled: true, autoTenantActivation: true } });
    await notes.tenants.create('a');
    await notes.withTenant('a').data.insert(note(1));
    const moving = notes.tenants.offload('a');
    expect(await Promise.all([moving.then(() => 0), notes.withTenant('a').length(), notes.withTenant('a').length()])).toEqual([0, 1, 1]);
    await notes.tenants.offload('a');
    await db.close();
    const without = await opened({ store });
    await expect(without.notes.withTenant('a').length()).rejects.toMatchObject({ code: 'TENANT_OFFLOADED' });
    await expect(without.notes.tenants.activate('a')).rejects.toMatchObject({ code: 'TENANT_OFFLOADED' });
    await expect(without.notes.tenants.offload('a')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await without.notes.tenants.remove('a');
    await without.db.close();
    expect((await filesOf(offload, '')).length).toBeGreaterThan(0);
    const withIt = await opened({ store, offload });
    expect(await filesOf(offload, '')).toEqual([]);
    await withIt.db.close();
  });

  it('that had no room, not even to say so, is done again when there is', async () => {
    for (const from of ['blobs', 'catalog']) {
      for (const autoTenantActivation of [false, true]) {
        let isFull = false, hasFailed = false;
        const store = failing(memory(), (what) => {
          if (!isFull || what !== from && !hasFailed) return;
          hasFailed = true;
          throw new VectileError('STORAGE_FULL', 'store: expected room, got none');
        });
        const { db, notes } = await opened({ store, offload: memory(), threads: 0 }, { multiTenancy: { enabled: true, autoTenantActivation } });
        await notes.tenants.create('a');
        await notes.withTenant('a').data.insert(note(1));
        await notes.tenants.offload('a');
        for (const [work, status] of [['activate', 'ACTIVE'], ['offload', 'OFFLOADED'], ['deactivate', 'INACTIVE']]) {
          isFull = true;
          hasFailed = false;
          await expect(notes.tenants[work]('a'), `${work}, ${from}`).rejects.toMatchObject({ code: 'STORAGE_FULL' });
          isFull = false;
          await notes.tenants[work]('a');
          expect(await notes.tenants.getByName('a')).toEqual({ name: 'a', status });
        }
        await notes.tenants.offload('a');
        isFull = true;
        hasFailed = false;
        await expect(notes.tenants.activate('a')).rejects.toMatchObject({ code: 'STORAGE_FULL' });
        isFull = false;
        if (!autoTenantActivation) await notes.tenants.activate('a');
        expect(await notes.withTenant('a').length()).toBe(1);
        await db.close();
      }
    }
  });

  it('refuses a copy that is damaged, and keeps it', async () => {
    const offload = memory();
    const { store, db, notes } = await opened({ offload });
    await notes.tenants.create('a');
    await notes.withTenant('a').data.insert(note(1));
    await notes.tenants.offload('a');
    await db.close();
    const names = (await filesOf(offload, '')).filter((name) => !name.endsWith('/seal'));
    for (const name of [...names, `${names[0].slice(0, names[0].lastIndexOf('/'))}/seal`]) {
      const damaged = offload.fork();
      const view = await damaged.open({ readOnly: false });
      const { bytes } = await view.blobs.get(name);
      bytes[bytes.length >> 1] ^= 1;
      await view.blobs.put(name, [bytes]);
      await view.close();
      const again = await opened({ store: store.fork(), offload: damaged });
      await expect(again.notes.tenants.activate('a'), name).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
      expect(await again.notes.tenants.getByName('a')).toEqual({ name: 'a', status: 'OFFLOADED' });
      await again.db.close();
      expect(await filesOf(damaged, '')).toHaveLength(names.length + 1);
    }
  });
});

describe('export', () => {
  it('has tenants, INACTIVE ones too, without changing them', async () => {
    const offload = memory();
    const { db, notes } = await opened({ offload });
    const plain = await db.collections.create({ name: 'Plain', vectors: { default: { dimensions: 4 } } });
    await plain.data.insert({ vector: [1, 0, 0, 0] });
    await notes.tenants.create(['a', 'b', 'c', 'd']);
    for (const name of ['a', 'b', 'd']) await notes.withTenant(name).data.insertMany([note(1, `of ${name}`), note(2)]);
    await notes.tenants.deactivate(['b']);
    await notes.tenants.offload('d');
    const chunks = [];
    for await (const chunk of db.export({ offloaded: 'skip' })) chunks.push(chunk);
    expect((await db.stats()).collections.Note.tenants).toMatchObject({ ACTIVE: 2, INACTIVE: 1, OFFLOADED: 1, open: 2 });
    await db.close();
    const copy = await opened({ from: chunks });
    expect((await copy.notes.tenants.list()).map(({ name, status }) => `${name} ${status}`)).toEqual(['a ACTIVE', 'b INACTIVE', 'c ACTIVE']);
    await copy.notes.tenants.activate('b');
    for (const name of ['a', 'b']) expect((await copy.notes.withTenant(name).query.fetchObjects()).objects.map(({ properties }) => properties.text)).toEqual([`of ${name}`, 'note 2']);
    expect(await copy.notes.withTenant('c').length()).toBe(0);
    expect(await copy.db.collections.use('Plain').length()).toBe(1);
    await copy.db.close();
    const store = memory();
    await expect(open({ store, from: chunks.slice(0, -1) })).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    const empty = await open({ store });
    expect(await filesOf(store)).toEqual([]);
    await empty.close();
  });

  it('ends if a tenant goes that it has a part of, and goes on without one that it has nothing of', async () => {
    const { db, notes } = await opened({ offload: memory() });
    await notes.tenants.create(['a', 'b', 'c', 'd']);
    for (const name of ['a', 'b', 'c', 'd']) await notes.withTenant(name).data.insertMany(Array.from({ length: 600 }, (_, n) => note(n)));
    const exported = async (meanwhile) => {
      const chunks = [];
      for await (const chunk of db.export({ offloaded: 'skip' })) if (chunks.push(chunk) === 100) await meanwhile();
      return chunks;
    };
    await expect(exported(() => notes.tenants.offload('a'))).rejects.toMatchObject({ code: 'TENANT_OFFLOADED' });
    const copy = await opened({ from: await exported(() => notes.tenants.offload('c')) });
    expect((await copy.notes.tenants.list()).map(({ name }) => name)).toEqual(['b', 'd']);
    for (const name of ['b', 'd']) expect(await copy.notes.withTenant(name).length()).toBe(600);
    await copy.db.close();
    await expect(exported(() => notes.tenants.remove('b'))).rejects.toMatchObject({ code: 'TENANT_MISSING' });
    await db.close();
  });
});
