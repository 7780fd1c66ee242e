// Collections where it gets narrow: many calls at once, callers who change their minds, vectorizers that fail, hostile names.
import { describe, expect, it } from 'vitest';
import { errorOf, memory, open } from './support.js';

const codeOf = async (work) => (await errorOf(work))?.code;
const text = [{ name: 'text', dataType: 'text' }];
/** Length and first letter of a text: enough to tell texts apart. */
const vectorize = (texts) => texts.map((each) => [each.length, each.charCodeAt(0) || 1, 1]);

async function withDatabase(work, store = memory()) {
  const db = await open({ store });
  try {
    return await work(db, store);
  } finally {
    await db.close();
  }
}

describe('calls at the same time', () => {
  it('first vectors find their index, whoever comes first', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', vectors: { default: { metric: 'l2-squared' }, other: {} } });
    await Promise.all(Array.from({ length: 50 }, (_, i) => one.data.insert({ id: `${i}`, vector: { default: [i, 1], ...i % 2 && { other: [1, 2, i + 1] } } })));
    for (let i = 0; i < 50; i++) expect((await one.query.nearVector([i, 1], { targetVector: 'default', limit: 1 })).objects[0]?.id).toBe(`${i}`);
    expect((await one.query.nearVector({ other: [1, 2, 3] }, { limit: 100 })).objects).toHaveLength(25);
  }));

  it('of first vectors with other dimensions one kind wins, and the rest is refused', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One' });
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => one.data.insert({ vector: i % 2 ? [1, 2] : [1, 2, 3] })));
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(10);
    for (const { reason } of refused) expect(reason.code).toBe('DIMENSION_MISMATCH');
    expect(await one.length()).toBe(10);
  }));

  it('properties that autoSchema adds are all there', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', autoSchema: true });
    await Promise.all(Array.from({ length: 30 }, (_, i) => one.data.insert({ id: `${i}`, properties: { [`p${i % 7}`]: new Date(i), all: i } })));
    expect((await one.config.get()).properties.map(({ name }) => name).sort()).toEqual(['all', 'p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
    for (let i = 0; i < 30; i++) expect((await one.query.fetchObjectById(`${i}`)).properties).toEqual({ [`p${i % 7}`]: new Date(i), all: i });
  }));

  it('a collection is made once, and deleted once', () => withDatabase(async (db) => {
    const codes = (results) => results.map(({ reason }) => reason?.code).sort();
    expect(codes(await Promise.allSettled([1, 2, 3].map(() => db.collections.create({ name: 'One' }))))).toEqual(['COLLECTION_EXISTS', 'COLLECTION_EXISTS', undefined]);
    expect(codes(await Promise.allSettled([1, 2, 3].map(() => db.collections.delete('One'))))).toEqual(['COLLECTION_MISSING', 'COLLECTION_MISSING', undefined]);
    expect(await db.collections.listAll()).toEqual([]);
  }));

  it('of updates under the same revision one is done', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', properties: [{ name: 'n', dataType: 'int' }] });
    await one.data.insert({ id: 'a', properties: { n: 0 } });
    const { metadata: { revision } } = await one.query.fetchObjectById('a', { returnMetadata: ['revision'] });
    const results = await Promise.allSettled(Array.from({ length: 9 }, (_, n) => one.data.update({ id: 'a', properties: { n } }, { ifRevision: revision })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const { reason } of results) if (reason) expect(reason.code).toBe('REVISION_MISMATCH');
  }));

  it('writes that were asked for before closing are done, later ones are refused, and nothing hangs', async () => {
    const store = memory();
    const db = await open({ store });
    const one = await db.collections.create({ name: 'One', properties: text, vectorizer: vectorize });
    await one.data.insertMany(['a', 'b', 'c', 'd'].map((id) => ({ id, properties: { text: id } })));
    const writes = [
      one.data.insert({ id: 'new', properties: { text: 'new' } }),
      one.data.insertMany(Array.from({ length: 700 }, (_, i) => ({ id: `${i}`, properties: { text: `many ${i}` } })), { batchSize: 100 }),
      one.data.update({ id: 'a', properties: { text: 'updated' } }), one.data.replace({ id: 'b', properties: { text: 'replaced' } }), one.data.deleteById('c'),
      one.data.deleteMany((f) => f.byProperty('text').equal('d')), db.collections.create({ name: 'Two' }),
    ];
    const endless = one.data.insertMany((async function* () {
      for (;;) yield { properties: { text: 'endless' } };
    })());
    const closing = db.close();
    const late = one.data.insert({ id: 'late', properties: { text: 'late' } });
    expect(await codeOf(() => late)).toBe('CLOSED');
    expect(await codeOf(() => endless)).toBe('CLOSED');
    await Promise.all(writes);
    await closing;
    expect(await codeOf(() => one.length())).toBe('CLOSED');
    await withDatabase(async (again) => {
      const found = again.collections.use('One');
      const texts = async (ids) => (await found.query.fetchObjectsByIds(ids)).objects.map(({ properties }) => properties.text);
      expect(await texts(['a', 'b', 'c', 'd', 'late', 'new'])).toEqual(['updated', 'replaced', 'new']);
      expect(await texts(Array.from({ length: 700 }, (_, i) => `${i}`))).toHaveLength(700);
    }, store);
    await db.close();
  });

  it.each([
    ['a collection that is made', (db) => db.collections.create({ name: 'Two' }), async (db) => db.collections.exists('Two')],
    ['a collection that is deleted', (db) => db.collections.delete('One'), async (db) => !await db.collections.exists('One')],
    ['a property', (db) => db.collections.use('One').config.addProperty({ name: 'more', dataType: 'int' }), async (db) => (await db.collections.use('One').config.get()).properties.length === 2],
    ['a configuration', (db) => db.collections.use('One').config.update({ description: 'told' }), async (db) => (await db.collections.use('One').config.get()).description === 'told'],
  ])('closing waits for %s', async (_, work, isDone) => {
    const store = memory();
    const db = await open({ store });
    await db.collections.create({ name: 'One', properties: text });
    const asked = work(db);
    const closing = db.close();
    expect(await codeOf(() => work(db))).toBe('CLOSED');
    await asked;
    await closing;
    await withDatabase(async (again) => expect(await isDone(again)).toBe(true), store);
  });
});

describe('callers', () => {
  it('may change what they gave while it is being written', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', properties: text });
    const vector = Float32Array.of(1, 0);
    const properties = { text: 'as given' };
    const inserted = one.data.insert({ id: 'a', properties, vector });
    vector[0] = 0.5;
    properties.text = 'later';
    await inserted;
    expect(await one.query.fetchObjectById('a', { includeVector: true })).toMatchObject({ properties: { text: 'as given' }, vectors: { default: Float32Array.of(1, 0) } });
    const patch = { text: 'patched' };
    const updated = one.data.update({ id: 'a', properties: patch, vector });
    vector[0] = 7;
    patch.text = 7;
    await updated;
    expect(await one.query.fetchObjectById('a', { includeVector: true })).toMatchObject({ properties: { text: 'patched' }, vectors: { default: Float32Array.of(0.5, 0) } });
  }));

  it('may share a signal, which ends all of their calls', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One' });
    const warnings = [];
    const warned = (warning) => warnings.push(String(warning));
    process.on('warning', warned);
    const abort = new AbortController();
    const { signal } = abort;
    await Promise.all(Array.from({ length: 50 }, (_, i) => one.data.insert({ id: `${i}` }, { signal })));
    const ends = Array.from({ length: 50 }, () => codeOf(() => one.data.insertMany((async function* () { for (;;) yield await new Promise((resolve) => { setTimeout(resolve, 1, {}); }); })(), { signal })));
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    abort.abort();
    expect(new Set(await Promise.all(ends))).toEqual(new Set(['ABORTED']));
    await new Promise((resolve) => { setImmediate(resolve); });
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  }));

  it('who give up stop an import', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One' });
    let given = 0;
    let isEnded = false;
    async function* endless() {
      try {
        for (;; given++) {
          await new Promise((resolve) => setTimeout(resolve));
          yield {};
        }
      } finally {
        isEnded = true;
      }
    }
    expect(await codeOf(() => one.data.insertMany(endless(), { timeoutMs: 300 }))).toBe('TIMEOUT');
    await expect.poll(() => isEnded, { timeout: 3000 }).toBe(true);
    expect(await one.length()).toBeLessThanOrEqual(given);
    expect(await codeOf(() => one.length({ timeoutMs: 2 ** 31 }))).toBe('INVALID_ARGUMENT');
  }));

  it('whose collection goes away are told, even if nothing of theirs is written', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', vectors: { default: { dimensions: 2 } } });
    let given = 0;
    async function* long() {
      for (; given < 5000; given++) {
        if (given === 300) await db.collections.delete('One');
        if (given % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
        yield { vector: [1] };
      }
    }
    expect(await codeOf(() => one.data.insertMany(long()))).toBe('COLLECTION_MISSING');
    expect(given).toBeLessThan(1000);
  }));

  it('whose objects cannot be read hear of each of them', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', properties: text });
    const hostile = {
      id: 'getter',
      get vector() { throw new RangeError('mine'); },
    };
    const { inserted, errors, ids } = await one.data.insertMany([
      { id: 'a' }, { id: 'string', vector: 'near' }, null, 7, { id: 3 }, { id: 'c', properties: { text: 3 } }, { id: 'd', vector: [NaN, 1] }, { id: 'e', vector: [0, 0] }, { id: 'f', props: 1 }, { id: 'z' },
    ]);
    expect(inserted).toBe(2);
    expect(ids).toEqual(['a', ...Array(8).fill(undefined), 'z']);
    expect(errors.map(({ index, error }) => [index, error.code])).toEqual([
      [1, 'INVALID_ARGUMENT'], [2, 'INVALID_ARGUMENT'], [3, 'INVALID_ARGUMENT'], [4, 'INVALID_ARGUMENT'], [5, 'SCHEMA_MISMATCH'], [6, 'NOT_FINITE'], [7, 'ZERO_VECTOR'], [8, 'INVALID_ARGUMENT'],
    ]);
    // what reading throws that is none of ours is thrown as it is, or reported; either way the rest of the database is well
    const { error } = await one.data.insertMany([hostile, { id: 'after' }]).then((result) => ({ error: result.errors[0].error }), (cause) => ({ error: cause }));
    expect(error instanceof RangeError || error.cause instanceof RangeError).toBe(true);
    expect(await one.data.insert({ id: 'well' })).toBe('well');
  }));

  it('see what a source throws, after what came before was written', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One' });
    function* source() {
      for (let i = 0; i < 256; i++) yield { id: `${i}` };
      throw new RangeError('the file ended');
    }
    await expect(one.data.insertMany(source())).rejects.toThrow('the file ended');
    expect(await one.length()).toBe(256);
    await expect(one.data.insertMany([{}], { onProgress: () => { throw new RangeError('progress'); } })).rejects.toThrow('progress');
  }));
});

describe('arguments in the wrong place', () => {
  const messageOf = async (work) => (await errorOf(work))?.message;

  it('are told from each other when a database is opened', async () => {
    const store = memory();
    expect(await messageOf(() => open({ store }, { readOnly: true }))).toBe('options: expected none beside { store }, which they belong into, got Object');
    expect(await messageOf(() => open('./nowhere', { store }))).toBe('options.store: expected none beside a path, got Object');
    expect(await messageOf(() => open(store))).toBe('options: expected { store }, got "a store by itself"');
    for (const place of [undefined, null, 5, '', {}]) expect(await codeOf(() => open(place)), String(place)).toBe('INVALID_ARGUMENT');
  });

  it('say what is meant', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', properties: text, vectors: { default: { dimensions: 2 } } });
    expect(await messageOf(() => one.query.nearVector({ vector: [1, 2] }))).toBe('vector: expected the name of a vector (default), or the array by itself, got "vector"');
    expect(await messageOf(() => one.aggregate.nearVector([1, 2]))).toBe('objectLimit: expected an integer from 1 to 10000, got undefined');
    expect(await messageOf(() => one.data.deleteMany({ filters: (f) => f.byId().equal('a') }))).toBe('filters: expected { operator, … } or a function, got "{ filters }"');
    expect(await messageOf(() => one.data.insert({ text: 'x' }))).toBe('object: expected no keys but id, properties, vector, got "text"');
  }));
});

it('a collection that is there may be used in place of made', () => withDatabase(async (db, store) => {
  const config = { name: 'One', properties: text, vectorizer: vectorize };
  const made = await Promise.all([1, 2, 3].map(() => db.collections.create(config, { ifExists: 'use' })));
  await made[0].data.insert({ id: 'a', properties: { text: 'x' } });
  const other = await db.collections.create({ name: 'One', vectors: {} }, { ifExists: 'use' });
  expect((await other.query.nearText('x')).objects.map(({ id }) => id)).toEqual(['a']);
  expect(await codeOf(() => db.collections.create({ ...config, propertis: [] }, { ifExists: 'use' }))).toBe('INVALID_ARGUMENT');
  expect(await codeOf(() => db.collections.create(config, { ifExists: 'replace' }))).toBe('INVALID_ARGUMENT');
  expect(await errorOf(() => db.collections.create(config))).toMatchObject({ code: 'COLLECTION_EXISTS', message: expect.stringContaining('use gives') });
  const reader = await open({ store, readOnly: true });
  expect(await (await reader.collections.create(config, { ifExists: 'use' })).length()).toBe(1);
  expect(await codeOf(() => reader.collections.create({ name: 'Two' }, { ifExists: 'use' }))).toBe('STORE_READ_ONLY');
  await reader.close();
}));

it('objects that fail have the id they were given, and their place', () => withDatabase(async (db) => {
  const vectorizer = (texts) => texts.map((each) => (each === 'x' ? [1] : [1, 2]));
  const one = await db.collections.create({ name: 'One', properties: text, vectorizer, vectors: { default: { dimensions: 2 } } });
  const { errors, ids } = await one.data.insertMany([{ text: 'x' }, { properties: { text: 5 } }, { id: 'a', properties: { text: 5 } }, { vector: [1] }, { properties: { text: 'x' } }, { id: 'b' }]);
  expect(errors.map(({ index, id }) => [index, id]).sort()).toEqual([[0, undefined], [1, undefined], [2, 'a'], [3, undefined], [4, undefined]]);
  expect(errors[0].error.message).toBe('[0]: expected no keys but id, properties, vector, got "text"');
  expect(ids).toEqual([undefined, undefined, undefined, undefined, undefined, 'b']);
}));

describe('vectorizers', () => {
  it('that fail for some texts fail for those', () => withDatabase(async (db) => {
    const seen = [];
    const vectorizer = async (texts) => {
      seen.push(texts.length);
      if (texts.includes('text 70')) throw new Error('quota');
      return vectorize(texts).map((vector, i) => (texts[i] === 'text 3' ? [1] : vector));
    };
    const one = await db.collections.create({ name: 'One', properties: text, vectorizer, vectors: { default: { dimensions: 3 } } });
    const { inserted, errorCount, errors } = await one.data.insertMany(Array.from({ length: 128 }, (_, i) => ({ id: `${i}`, properties: { text: `text ${i}` } })));
    expect(Math.max(...seen)).toBeLessThanOrEqual(64);
    expect([inserted, errorCount]).toEqual([63, 65]);
    expect(errors.find(({ id }) => id === '3').error.code).toBe('DIMENSION_MISMATCH');
    expect(errors.find(({ id }) => id === '100').error.code).toBe('VECTORIZER_FAILED');
    expect(await one.length()).toBe(63);
  }));

  it('are asked when texts change, and only then', () => withDatabase(async (db) => {
    const asked = [];
    const vectorizer = (texts) => {
      asked.push(...texts);
      return vectorize(texts);
    };
    const one = await db.collections.create({ name: 'One', properties: [...text, { name: 'more', dataType: 'text' }, { name: 'n', dataType: 'int' }], vectorizer });
    await one.data.insert({ id: 'a', properties: { text: 'first', more: 'second', n: 1 } });
    await one.data.update({ id: 'a', properties: { n: 2 } });
    await one.data.update({ id: 'a', properties: { more: null } });
    expect(asked).toEqual(['first\nsecond', 'first']);
    const vectorOf = async () => [...(await one.query.fetchObjectById('a', { includeVector: true })).vectors.default ?? []];
    expect(await vectorOf()).toEqual([5, 102, 1]);
    await one.data.update({ id: 'a', properties: { text: null } });
    expect(await vectorOf()).toEqual([]);
    expect(asked).toHaveLength(2);
    await one.data.update({ id: 'a', properties: { text: 'again' }, vector: [9, 9, 9] });
    expect(await vectorOf()).toEqual([9, 9, 9]);
    expect(asked).toHaveLength(2);
  }));

  it('that are forgotten are missed', async () => {
    const store = memory();
    const db = await open({ store });
    const properties = [...text, { name: 'n', dataType: 'int' }];
    await db.collections.create({ name: 'One', properties, vectorizer: vectorize });
    await db.collections.create({ name: 'Two', properties });
    await db.close();

    const forgetful = await open({ store });
    const one = forgetful.collections.use('One');
    const missing = async (call) => expect(await codeOf(call)).toBe('VECTORIZER_MISSING');
    await missing(() => one.data.insert({ properties: { text: 'x' } }));
    await missing(() => one.data.insertMany([{ properties: { text: 'x' } }]));
    await one.data.insert({ id: 'a', properties: { text: 'x', n: 1 }, vector: [1, 2, 3] });
    await missing(() => one.data.update({ id: 'a', properties: { text: 'y' } }));
    await missing(() => one.data.replace({ id: 'a', properties: { text: 'y' } }));
    await one.data.update({ id: 'a', properties: { text: 'x', n: 2 } });
    await one.data.update({ id: 'a', properties: { text: 'y' }, vector: [1, 2, 4] });
    await one.data.insert({ id: 'b', properties: { n: 1 } });
    expect(await one.length()).toBe(2);

    const without = forgetful.collections.use('One', { vectorizer: null });
    await without.data.insert({ id: 'c', properties: { text: 'x' } });
    await without.data.update({ id: 'a', properties: { text: 'z' } });
    expect((await without.query.fetchObjectById('a', { includeVector: true })).vectors.default).toEqual(Float32Array.of(1, 2, 4));
    await missing(() => without.query.nearText('x'));
    forgetful.collections.use('One', { vectorizer: vectorize });
    await one.data.insert({ id: 'd', properties: { text: 'x' } });
    expect((await one.query.nearText('x')).objects.map(({ id }) => id)).toContain('d');

    await forgetful.collections.use('Two').data.insert({ properties: { text: 'x' } });
    const copy = await open({ store: memory(), from: forgetful.export() });
    await missing(() => copy.collections.use('One').data.insert({ properties: { text: 'x' } }));
    await copy.collections.use('Two').data.insert({ properties: { text: 'x' } });
    await copy.close();
    await forgetful.close();
  });

  it('are quoted where they throw, and told what is expected of them', () => withDatabase(async (db) => {
    await db.collections.create({ name: 'One', properties: text });
    const message = async (vectorizer) => {
      const one = db.collections.use('One', { vectorizer });
      return (await errorOf(() => one.data.insert({ properties: { text: 'x' } }))).message;
    };
    expect(await message(() => { throw new Error('rate limit 429'); })).toBe('vectorizer: threw Error: rate limit 429');
    const expected = 'vectorizer: expected a vector for each text, number[][] of length 1, got';
    expect(await message(() => [1, 2])).toBe(`${expected} numbers of length 2`);
    expect(await message(() => [1])).toBe(`${expected} a number in place of one`);
    expect(await message(() => [[1], [2]])).toBe(`${expected} an array of length 2`);
    expect(await message(() => undefined)).toBe(`${expected} undefined`);
  }));

  it('that return nonsense are refused', () => withDatabase(async (db) => {
    for (const made of [undefined, [], 'vectors', [null], [[1, 'x']], [{}], [[NaN, 1]]]) {
      const one = db.collections.use('One', { vectorizer: () => made });
      if (!await db.collections.exists('One')) await db.collections.create({ name: 'One', properties: text });
      expect(['VECTORIZER_FAILED', 'INVALID_ARGUMENT', 'NOT_FINITE'], JSON.stringify(made)).toContain(await codeOf(() => one.data.insert({ properties: { text: 'x' } })));
      expect(await one.length()).toBe(0);
    }
  }));
});

describe('queries by texts', () => {
  it('find what is near the middle of several', () => withDatabase(async (db) => {
    const vectorizer = (texts) => texts.map((each) => (each === 'left' ? [-1, 1] : [1, 1]));
    const one = await db.collections.create({ name: 'One', properties: text, vectorizer, vectors: { default: { metric: 'l2-squared' } } });
    await one.data.insertMany([{ id: 'middle', vector: [0, 1] }, { id: 'left', vector: [-1, 1] }, { id: 'right', vector: [1, 1] }]);
    const nearest = async (texts) => (await one.query.nearText(texts, { limit: 1, returnMetadata: ['distance'] })).objects[0];
    expect(await nearest(['left', 'right'])).toMatchObject({ id: 'middle', metadata: { distance: 0 } });
    expect((await nearest('left')).id).toBe('left');
    expect((await nearest(['right'])).id).toBe('right');
    for (const texts of [[], '', [''], [3], 3, null, Array(65).fill('x')]) expect(await codeOf(() => nearest(texts))).toBe('INVALID_ARGUMENT');
  }));
});

describe('queries', () => {
  const line = (db) => db.collections.create({ name: 'Line', vectors: { default: { metric: 'l2-squared' } } });

  it('end where they are told to', () => withDatabase(async (db) => {
    const one = await line(db);
    const at = [0, 1, 2, 30, 31, 32, 300];
    await one.data.insertMany(at.map((x) => ({ id: `${x}`, vector: [x, 1] })));
    const ids = async (options) => (await one.query.nearVector([0, 1], options)).objects.map(({ id }) => id);
    expect(await ids({})).toEqual(at.map(String));
    expect(await ids({ limit: 2, offset: 1 })).toEqual(['1', '2']);
    expect(await ids({ distance: 4 })).toEqual(['0', '1', '2']);
    expect(await ids({ distance: -1 })).toEqual([]);
    expect(await ids({ limit: 6, autoLimit: 1 })).toEqual(['0', '1', '2']);
    expect(await ids({ offset: 100 })).toEqual([]);
    expect(await codeOf(() => ids({ certainty: 0.5 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => ids({ autoLimit: 1.5 }))).toBe('INVALID_ARGUMENT');
    for (const vector of [[1], [NaN, 1], [Infinity, 0], new Float64Array(2), {}, { default: [1, 1], more: [1] }, null, undefined]) {
      expect(['DIMENSION_MISMATCH', 'NOT_FINITE', 'INVALID_ARGUMENT', 'SCHEMA_MISMATCH']).toContain(await codeOf(() => one.query.nearVector(vector)));
    }
  }));

  it('by cosine know how certain they are', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One' });
    await one.data.insertMany([{ id: 'same', vector: [1, 0] }, { id: 'right', vector: [0, 1] }, { id: 'opposite', vector: [-1, 0] }]);
    const certain = async (certainty) => (await one.query.nearVector([1, 0], { certainty, returnMetadata: ['certainty'] })).objects.map(({ id, metadata }) => [id, metadata.certainty]);
    expect(await certain(0.5)).toEqual([['same', 1], ['right', 0.5]]);
    expect(await certain(0)).toHaveLength(3);
    expect(await codeOf(() => certain(1.01))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => certain('0.5'))).toBe('INVALID_ARGUMENT');
  }));

  it('read properties that came while they went on', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', autoSchema: true });
    await one.data.insertMany(Array.from({ length: 300 }, (_, i) => ({ id: `${i}` })));
    const when = [];
    for await (const { id, properties } of one.iterator()) {
      if (id === '0') await one.data.update({ id: '299', properties: { when: new Date(5) } });
      if (properties.when !== undefined) when.push(properties.when);
    }
    expect(when).toEqual([new Date(5)]);
  }));

  it('of a collection with nothing in it give nothing', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', properties: text, vectors: {} });
    expect((await one.query.fetchObjects()).objects).toEqual([]);
    expect(await one.query.fetchObjectById('a')).toBe(null);
    expect((await one.query.fetchObjectsByIds(['a', 'b'])).objects).toEqual([]);
    for await (const object of one.iterator()) expect.fail(object.id);
    expect(await codeOf(() => one.query.nearVector([1]))).toBe('SCHEMA_MISMATCH');
    expect(await codeOf(() => one.query.nearObject('a'))).toBe('SCHEMA_MISMATCH');
    expect(await codeOf(async () => { for await (const _ of one.iterator({ after: 'never' })); })).toBe('OBJECT_MISSING');
  }));
});

describe('names', () => {
  const hostile = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__defineGetter__'];

  it('of collections, properties and vectors may be those of Object.prototype', () => withDatabase(async (db, store) => {
    for (const name of hostile) {
      const one = await db.collections.create({
        name,
        properties: hostile.map((property) => ({ name: property, dataType: 'text' })),
        vectors: Object.fromEntries(hostile.map((vector) => [vector, { dimensions: 2 }])),
      });
      await one.data.insert({ id: name, properties: Object.fromEntries(hostile.map((property) => [property, property])), vector: Object.fromEntries(hostile.map((vector, i) => [vector, [1, i]])) });
    }
    expect(({}).polluted).toBe(undefined);
    await withDatabase(async (copy) => {
      for (const name of hostile) {
        const one = copy.collections.use(name);
        const object = await one.query.fetchObjectById(name, { includeVector: true });
        for (const [i, each] of hostile.entries()) {
          expect(Object.getOwnPropertyDescriptor(object.properties, each).value).toBe(each);
          expect(Object.getOwnPropertyDescriptor(object.vectors, each).value).toEqual(Float32Array.of(1, i));
        }
        expect((await one.query.nearVector([1, 0], { targetVector: '__proto__', returnProperties: ['__proto__'] })).objects[0].id).toBe(name);
      }
      const { collections } = await copy.stats();
      expect(Object.keys(collections)).toEqual(hostile);
      expect(Object.keys(collections.constructor.vectors)).toEqual(hostile);
    }, store.fork());
  }));

  it('that nobody has are nobody', () => withDatabase(async (db) => {
    expect(await db.collections.exists('toString')).toBe(false);
    expect(await codeOf(() => db.collections.use('constructor').length())).toBe('COLLECTION_MISSING');
    for (const name of ['', '1a', 'a b', 'a/b', '../a', 'a'.repeat(256), 7, null]) expect(await codeOf(() => db.collections.create({ name }))).toBe('INVALID_ARGUMENT');
    const one = await db.collections.create({ name: 'One' });
    expect(await codeOf(() => one.query.fetchObjects({ returnProperties: ['toString'] }))).toBe('SCHEMA_MISMATCH');
    expect(await codeOf(() => one.query.fetchObjects({ includeVector: ['toString'] }))).toBe('SCHEMA_MISMATCH');
    for (const id of ['__proto__', 'constructor', '../../etc/passwd', '\u0000', '💥'.repeat(32)]) {
      await one.data.insert({ id });
      expect([await one.data.exists(id), (await one.query.fetchObjectById(id)).id]).toEqual([true, id]);
    }
  }));
});
