// Another number of shards for a collection that is read and written meanwhile: what is there before, during and after.
import { describe, expect, it } from 'vitest';
import { errorOf, memory, open, stores } from './support.js';

const CONFIG = {
  name: 'Note', properties: [{ name: 'text', dataType: 'text' }, { name: 'n', dataType: 'int' }, { name: 'tags', dataType: 'text[]', tokenization: 'field' }],
  vectors: { default: { metric: 'l2-squared', index: { type: 'flat' } } },
};
const noteOf = (n) => ({ id: `n${n}`, properties: { text: n % 3 ? 'a letter' : 'a parcel', n, tags: [`t${n % 5}`] }, ...n % 7 && { vector: [n, 1] } });
const notesOf = (count, from = 0) => Array.from({ length: count }, (_, i) => noteOf(from + i));

async function withNotes(work, { count = 600, sharding, store = memory(), ...options } = {}) {
  const db = await open({ store, durability: 'none', ...options });
  const notes = await db.collections.create({ ...CONFIG, ...sharding && { sharding: { count: sharding } } });
  await notes.data.insertMany(notesOf(count));
  try {
    await work(notes, db, store);
  } finally {
    await db.close();
  }
}

async function all(notes) {
  const objects = [];
  for await (const object of notes.iterator({ includeVector: true, returnMetadata: ['creationTime', 'updateTime'] })) objects.push(object);
  return objects.sort((a, b) => (a.id < b.id ? -1 : 1));
}
/** All that can be asked of it, in an order that does not depend on shards. */
async function seen(notes) {
  const sort = { target: 'id' };
  return {
    objects: await all(notes), length: await notes.length(),
    words: (await notes.query.bm25('parcel', { limit: 10_000, returnMetadata: ['score'] })).objects.map(({ metadata }) => metadata.score),
    near: (await notes.query.nearVector([50.2, 1], { limit: 30, returnMetadata: ['distance'] })).objects,
    filtered: (await notes.query.fetchObjects({ sort, filters: (f) => f.byProperty('tags').equal('t3'), limit: 1000 })).objects.map(({ id }) => id),
    mean: await notes.aggregate.overAll({ metrics: { n: ['mean', 'sum'] } }),
  };
}
const shardsOf = async (notes) => (await notes.config.get()).sharding.count;
/** Shards that have files in a store. */
async function shardsIn(store) {
  const view = await store.open({ readOnly: true });
  const names = [...(await view.blobs.list('shards/')).map(({ name }) => name), ...await view.logs('shards/')];
  await view.close();
  return new Set(names.map((name) => name.split('/')[1])).size;
}

/** A store whose `shard files` and `catalog log` can be made to wait, or to fail. */
function hooked(store, hooks = {}) {
  return {
    hooks,
    ...store,
    async open(options) {
      const opened = await store.open(options);
      return {
        ...opened,
        async log(name) {
          const log = await opened.log(name);
          const append = log.append.bind(log);
          log.append = async (records, ...rest) => {
            await hooks.append?.(name, records.map((record) => new TextDecoder().decode(record)));
            return append(records, ...rest);
          };
          return log;
        },
      };
    },
  };
}

describe.each(Object.entries(stores))('reshard, on %s', (_, { make }) => {
  it('leaves everything as it was but where it is, there and back, also after restarts', () => withNotes(async (notes, db, store) => {
    const before = await seen(notes);
    for (const count of [3, 2, 8, 1]) {
      await notes.config.reshard(count);
      expect(await shardsOf(notes)).toBe(count);
      expect(await seen(notes)).toEqual(before);
      expect(await shardsIn(store)).toBe(count);
    }
    await notes.config.reshard(3);
    await db.close();
    const again = await open({ store });
    const opened = again.collections.use('Note');
    expect(await seen(opened)).toEqual(before);
    await opened.data.insert(noteOf(1000));
    await opened.config.reshard(2);
    expect(await opened.length()).toBe(601);
    await again.close();
    expect(await shardsIn(store)).toBe(2);
  }, { store: make(), now: (() => { let time = 0; return () => time++; })() }));
});

describe('reshard', () => {
  it('tells how far it is', () => withNotes(async (notes) => {
    const told = [];
    await notes.config.reshard(2, { onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toEqual({ done: 600, total: 600 });
    expect(told.every(({ done, total }, i) => total === 600 && done > (told[i - 1]?.done ?? -1))).toBe(true);
    expect(told.length).toBeGreaterThan(2);
    await notes.config.reshard(2, { onProgress: () => expect.unreachable() });
  }));

  it('refuses what makes no sense', () => withNotes(async (notes, db, store) => {
    const refused = async (collection, ...given) => { const { code, message } = await errorOf(() => collection.config.reshard(...given)); return `${code} ${message}`; };
    for (const count of [0, -1, 257, 1.5, NaN, '2', undefined, null]) expect(await refused(notes, count)).toContain('INVALID_ARGUMENT count: expected an integer from 1 to 256');
    expect(await refused(notes, 2, { onProgress: 1 })).toBe('INVALID_ARGUMENT onProgress: expected a function, got 1');
    expect(await refused(notes, 2, { progress: 1 })).toContain('INVALID_ARGUMENT');
    expect(await refused(notes, 2, { signal: AbortSignal.abort() })).toContain('ABORTED');
    const tenants = await db.collections.create({ name: 'Tenants', multiTenancy: { enabled: true } });
    expect(await refused(tenants, 2)).toBe('INVALID_ARGUMENT reshard: expected a collection without tenants, each of which has a shard, got "Tenants"');
    expect(await refused(db.collections.use('Gone'), 2)).toContain('COLLECTION_MISSING');
    const reader = await open({ store, readOnly: true });
    expect(await refused(reader.collections.use('Note'), 2)).toContain('STORE_READ_ONLY');
    await reader.close();
    const first = notes.config.reshard(2);
    expect(await refused(notes, 3)).toBe('RESHARDING reshard: expected Note not to be resharded already, got a second call');
    await first;
    expect(await shardsOf(notes)).toBe(2);
  }));

  it('given up, leaves everything as it was', () => withNotes(async (notes, db, store) => {
    const before = await seen(notes);
    for (const [end, code] of [[(ender) => ender.abort(), 'ABORTED'], [() => { throw new Error('no more'); }, undefined]]) {
      const ender = new AbortController();
      const onProgress = ({ done }) => { if (done > 300) end(ender); };
      expect((await errorOf(() => notes.config.reshard(4, { signal: ender.signal, onProgress }))).code).toBe(code);
      // what it has made is taken away before the next one begins
      await notes.config.reshard(1);
      expect(await shardsIn(store)).toBe(1);
      expect(await seen(notes)).toEqual(before);
    }
    expect((await errorOf(() => notes.config.reshard(4, { timeoutMs: 1 }))).code).toBe('TIMEOUT');
    await notes.config.reshard(3);
    expect(await seen(notes)).toEqual(before);
    expect(await shardsIn(store)).toBe(3);
  }));

  it('ends where there is no room', async () => {
    let used = 10;
    const store = memory();
    await withNotes(async (notes) => {
      used = 90;
      await expect.poll(() => errorOf(() => notes.data.insert({})).then((error) => error?.code), { timeout: 10_000 }).toBe('SHARD_READ_ONLY');
      const before = await seen(notes);
      expect((await errorOf(() => notes.config.reshard(2))).code).toBe('SHARD_READ_ONLY');
      expect(await seen(notes)).toEqual(before);
      expect(await shardsIn(store)).toBe(1);
      expect(await shardsOf(notes)).toBe(1);
    }, { store, memoryReadonlyPercentage: 50, memoryUse: () => ({ used, total: 100 }) });
  });

  it('ends when the collection is deleted, or the database closed', async () => {
    const store = memory();
    await withNotes(async (notes, db) => {
      let deleting;
      const error = await errorOf(() => notes.config.reshard(2, { onProgress: () => { deleting ??= db.collections.delete('Note'); } }));
      expect(error.code).toBe('COLLECTION_MISSING');
      await deleting;
      expect(await shardsIn(store)).toBe(0);
      const again = await db.collections.create(CONFIG);
      await again.data.insertMany(notesOf(600));
      let closing;
      const closed = await errorOf(() => again.config.reshard(2, { onProgress: () => { closing ??= db.close(); } }));
      expect(closed.code).toBe('CLOSED');
      await closing;
      expect(await shardsIn(store)).toBe(1);
      const opened = await open({ store });
      expect(await opened.collections.use('Note').length()).toBe(600);
      await opened.close();
    }, { store });
  });

  it('takes up what is written meanwhile', () => withNotes(async (notes) => {
    const expected = new Map(notesOf(600).map((note) => [note.id, note.properties.n]));
    const writes = [];
    let n = 1000;
    const write = () => {
      for (let i = 0; i < 10; i++) {
        const [updated, deleted, inserted] = [`n${n % 600}`, `n${(n * 7) % 600}`, `m${n}`];
        n++;
        if (expected.has(updated)) {
          expected.set(updated, n);
          writes.push(notes.data.update({ id: updated, properties: { n } }));
        }
        if (deleted !== updated) {
          expected.delete(deleted);
          writes.push(notes.data.deleteById(deleted));
        }
        expected.set(inserted, n);
        writes.push(notes.data.insert({ id: inserted, properties: { text: 'new', n }, vector: [n, 0] }));
      }
    };
    for (const count of [3, 1, 2]) {
      await notes.config.reshard(count, { onProgress: write });
      await Promise.all(writes);
      expect(new Map((await all(notes)).map(({ id, properties }) => [id, properties.n]))).toEqual(expected);
      expect(await notes.length()).toBe(expected.size);
    }
  }));

  it('lets writes that have begun end, and those that come wait, for a moment', async () => {
    const hooks = {};
    await withNotes(async (notes) => {
      const order = [];
      // one that hangs, as a disk may, while it is to be switched
      let release;
      hooks.append = async (name) => {
        if (!name.startsWith('shards/') || release) return;
        await new Promise((resolve) => { release = resolve; });
        order.push('the first is on the disk');
      };
      const first = notes.data.insert({ id: 'first', properties: { n: 1 } }).then(() => order.push('first'));
      await expect.poll(() => release).toBeTypeOf('function');
      const former = release;
      hooks.append = (name, [record]) => { if (name === 'catalog/log' && record.includes('"entry"')) order.push('the record'); };
      const resharding = notes.config.reshard(2).then(() => order.push('resharded'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      const second = notes.data.insert({ id: 'second', properties: { n: 2 } }).then(() => order.push('second'));
      // reads go on
      expect(await notes.length()).toBe(600);
      expect((await notes.query.bm25('parcel')).objects.length).toBe(10);
      expect(order).toEqual([]);
      former();
      await Promise.all([first, resharding, second]);
      expect(order.slice(0, 3)).toEqual(['the first is on the disk', 'first', 'the record']);
      expect(await notes.query.fetchObjectsByIds(['first', 'second'])).toMatchObject({ objects: [{ id: 'first' }, { id: 'second' }] });
    }, { store: hooked(memory(), hooks) });
  });

  it('raises revisions, so that one read before fits only what it was read of', () => withNotes(async (notes) => {
    const revisionsOf = async () => new Map((await notes.query.fetchObjects({ limit: 1000, returnMetadata: ['revision'] })).objects.map(({ id, metadata }) => [id, metadata.revision]));
    for (let i = 0; i < 50; i++) await notes.data.update({ id: 'n1', properties: { n: i } });
    let before = await revisionsOf();
    for (const count of [4, 1]) {
      await notes.config.reshard(count, { onProgress: () => notes.data.update({ id: 'n2', properties: { n: 0 } }) });
      const after = await revisionsOf();
      const highest = Math.max(...before.values());
      for (const revision of after.values()) expect(revision).toBeGreaterThan(highest);
      expect((await errorOf(() => notes.data.update({ id: 'n1', properties: { n: 5 } }, { ifRevision: before.get('n1') }))).code).toBe('REVISION_MISMATCH');
      await notes.data.update({ id: 'n1', properties: { n: 6 } }, { ifRevision: after.get('n1') });
      before = await revisionsOf();
    }
  }));

  it('follows changes of the schema', () => withNotes(async (notes) => {
    let changes;
    const change = async () => {
      await notes.config.addProperty({ name: 'more', dataType: 'text' });
      await notes.config.addVector('angle', { metric: 'cosine' });
      await notes.data.insert({ id: 'new', properties: { n: -1, more: 'words of it' }, vector: { angle: [1, 2, 3] } });
      await notes.config.update({ autoSchema: true, description: 'changed' });
      await notes.data.insert({ id: 'newer', properties: { unheard: 7 }, vector: { angle: [3, 2, 1] } });
    };
    await notes.config.reshard(3, { onProgress: () => { changes ??= change(); } });
    await changes;
    const found = async (filters) => (await notes.query.fetchObjects({ filters })).objects.map(({ id }) => id);
    expect(await found((f) => f.byProperty('more').equal('words'))).toEqual(['new']);
    expect(await found((f) => f.byProperty('unheard').equal(7))).toEqual(['newer']);
    expect((await notes.query.nearVector([3, 2, 1], { targetVector: 'angle' })).objects.map(({ id }) => id)).toEqual(['newer', 'new']);
    expect(await notes.config.get()).toMatchObject({ description: 'changed', autoSchema: true, sharding: { count: 3 } });
    let dropping;
    await notes.config.reshard(2, { onProgress: () => { dropping ??= notes.config.dropVector('default'); } });
    await dropping;
    const [object] = (await notes.query.fetchObjects({ filters: (f) => f.byId().equal('n1'), includeVector: true })).objects;
    expect(object.vectors).toEqual({});
    expect((await notes.query.nearVector([1, 2, 3], { targetVector: 'angle' })).objects.length).toBe(2);
  }));

  it('does not go on with what shards are asked for one after the other', () => withNotes(async (notes, db) => {
    const iterator = notes.iterator();
    await iterator.next();
    const exporting = db.export();
    await exporting.next();
    await exporting.next();
    const early = db.export();
    await early.next();
    await early.next();
    await notes.config.reshard(3);
    const error = await errorOf(async () => { for await (const _ of iterator); });
    expect(`${error.code} ${error.message}`).toBe('RESHARDED shards: expected the 1 that were there when it began, got 3 others; begin anew');
    for (const begun of [exporting, early]) expect((await errorOf(async () => { for await (const _ of begun); })).code).toBe('RESHARDED');
    // pages of fetchObjects are of what is there when they are asked for
    const { objects } = await notes.query.fetchObjects({ limit: 100 });
    await notes.config.reshard(2);
    await notes.config.reshard(3);
    expect(new Set([...objects, ...(await notes.query.fetchObjects({ limit: 1000, after: objects.at(-1).id })).objects].map(({ id }) => id)).size).toBe(600);
    await notes.data.deleteById(objects.at(-1).id);
    expect((await errorOf(() => notes.query.fetchObjects({ after: objects.at(-1).id }))).code).toBe('OBJECT_MISSING');
  }));

  it('tells listeners of writes, and of nothing else', () => withNotes(async (notes) => {
    const events = [];
    const stop = notes.subscribe(({ kind, id }) => events.push(`${kind} ${id}`));
    let writing;
    await notes.config.reshard(3, { onProgress: () => { writing ??= notes.data.insert({ id: 'during' }); } });
    await writing;
    await notes.data.insert({ id: 'after' });
    await notes.data.deleteById('n5');
    stop();
    await notes.data.deleteById('n6');
    expect(events).toEqual(['insert during', 'insert after', 'delete n5']);
  }));

  it('lets reads that have begun end', async () => {
    let turns = 0;
    const store = memory();
    const slow = {
      ...store,
      async open(options) {
        const opened = await store.open(options);
        const names = ['put', 'putIfAbsent', 'putIfMatch', 'get', 'list', 'delete', 'release'];
        const blobs = Object.fromEntries(names.map((name) => [name, (...given) => opened.blobs[name](...given)]));
        return { ...opened, blobs: { ...blobs, async getRange(...range) { for (let i = turns; i > 0; i--) await new Promise((resolve) => setTimeout(resolve, 20)); return opened.blobs.getRange(...range); } } };
      },
    };
    await withNotes(async (notes, db) => {
      await db.snapshot();
      turns = 30;
      const reading = notes.query.fetchObjects({ limit: 50, includeVector: true });
      const counting = notes.aggregate.overAll({ metrics: { n: ['sum'] } });
      const stats = db.stats();
      turns = 0;
      await notes.config.reshard(2);
      expect((await reading).objects.length).toBe(50);
      expect((await counting).properties.n.sum).toBe(300 * 599);
      expect((await stats).objects).toBe(600);
    }, { store: slow, invertedBytesMax: 0 });
  });

  it('without room for the record, is as it was; where nobody knows whether it is there, nothing is written until it is', async () => {
    const hooks = {};
    const store = memory();
    const failing = (code, times) => (name, [record]) => {
      if (name !== 'catalog/log' || !(record.includes('"entry"') || hooks.hasFailed) || times-- <= 0) return;
      hooks.hasFailed = true;
      throw Object.assign(new Error(code), { name: 'VectileError', code });
    };
    await withNotes(async (notes) => {
      const before = await seen(notes);
      hooks.append = failing('STORAGE_FAILED', 1);
      expect((await errorOf(() => notes.config.reshard(2))).code).toBe('STORAGE_FAILED');
      expect(await seen(notes)).toEqual(before);
      expect(await shardsIn(store)).toBe(1);
      await notes.data.insert({ id: 'one more' });
      hooks.hasFailed = false;
      hooks.append = failing('STORAGE_FAILED', 100);
      expect((await errorOf(() => notes.config.reshard(2))).message).toBe('reshard: expected to know which shards Note has, got a failed write; the database must be opened anew');
      expect(await notes.length()).toBe(601);
      const refused = await errorOf(() => notes.data.insert({ id: 'one too many' }));
      expect(`${refused.code} ${refused.message}`).toContain('STORAGE_FAILED reshard: expected to know which shards Note has');
      expect(await shardsIn(store)).toBe(3);
    }, { store: hooked(store, hooks) });
    const again = await open({ store });
    expect(await again.collections.use('Note').length()).toBe(601);
    expect(await shardsIn(store)).toBe(1);
    await again.close();
  });

  it.each(Object.entries(stores))('leaves nothing of a collection that is deleted as it begins, on %s', async (_, { make }) => {
    const store = make();
    const db = await open({ store });
    const notes = await db.collections.create({ ...CONFIG, sharding: { count: 2 } });
    await notes.data.insertMany(notesOf(100));
    const [resharded, snapshot, deleted] = await Promise.allSettled([notes.config.reshard(3), db.snapshot(), db.collections.delete('Note')]);
    expect([resharded.reason?.code, snapshot.status, deleted.status]).toEqual(['COLLECTION_MISSING', 'fulfilled', 'fulfilled']);
    await db.close();
    const again = await open({ store });
    expect(await again.collections.listAll()).toEqual([]);
    await again.close();
  });

  it.each(Object.entries(stores))('is followed by readers beside, on %s', async (_, { make }) => {
    const store = make();
    await withNotes(async (notes, db) => {
      await db.snapshot();
      const reader = await open({ store, readOnly: true });
      const beside = reader.collections.use('Note');
      const wrong = [];
      let isOver = false;
      let asked = 0;
      const reading = (async () => {
        for (; !isOver; asked++) {
          const [length, near, words] = await Promise.all([
            beside.length(), beside.query.nearVector([300, 1], { limit: 5, includeVector: true }), beside.query.bm25('parcel', { limit: 1000 }),
          ].map((answer) => answer.catch((error) => { wrong.push(`${error.code} ${error.message}`); })));
          if (length !== undefined && length !== 600) wrong.push(`${length} objects`);
          if (near && near.objects[0]?.id !== 'n300') wrong.push(`near: ${near.objects[0]?.id}`);
          if (words && words.objects.length !== 200) wrong.push(`${words.objects.length} by words`);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
      for (const count of [3, 2]) {
        await notes.config.reshard(count);
        await notes.data.update({ id: 'n300', properties: { n: count } });
        await expect.poll(async () => (await beside.query.fetchObjectById('n300')).properties.n, { timeout: 5000 }).toBe(count);
        expect(await shardsOf(beside)).toBe(count);
      }
      isOver = true;
      await reading;
      await reader.close();
      expect(wrong).toEqual([]);
      expect(asked).toBeGreaterThan(5);
    }, { store });
  });
});
