// Collections as their users see them, on every store that runs here.
import { describe, expect, it } from 'vitest';
import { errorOf, open, stores, temporaryFolder } from './support.js';

const ticket = {
  name: 'Ticket',
  properties: [{ name: 'text', dataType: 'text' }, { name: 'account', dataType: 'text', tokenization: 'field' }, { name: 'createdAt', dataType: 'date' }],
};
/** A vector of words: enough for texts that share words to be near. */
const vectorizer = async (texts) => texts.map((text) => {
  const vector = new Float32Array(16).fill(0.01);
  for (const word of text.toLowerCase().split(/\W+/)) if (word) vector[[...word].reduce((h, c) => (h * 31 + c.charCodeAt(0)) % 16, 7)]++;
  return vector;
});
const codeOf = async (work) => (await errorOf(work))?.code;

describe.each(Object.entries(stores))('database on %s', (_, { make, fork }) => {
  it('keeps what was stored', async () => {
    const store = make();
    let db = await open({ store });
    let tickets = await db.collections.create(ticket);
    const createdAt = new Date('2026-11-25T10:00:00Z');
    const id = await tickets.data.insert({ properties: { text: 'Where is my parcel?', account: 'acme', createdAt }, vector: [0.1, 0.9] });
    await tickets.data.insert({ id: 'refund', properties: { text: 'I want my money back' }, vector: [0.9, 0.1] });
    await db.close();
    db = await open({ store });
    tickets = db.collections.use('Ticket');
    const { objects } = await tickets.query.nearVector([0, 1], { limit: 5, returnMetadata: ['distance', 'certainty', 'creationTime', 'revision'], includeVector: true });
    expect(objects.map((object) => object.id)).toEqual([id, 'refund']);
    expect(objects[0].properties).toEqual({ text: 'Where is my parcel?', account: 'acme', createdAt });
    expect([...objects[0].vectors.default]).toEqual([...Float32Array.of(0.1, 0.9)]);
    expect(objects[0].metadata.certainty).toBeCloseTo(1 - objects[0].metadata.distance / 2);
    expect(objects[0].metadata.revision).toBe(1);
    expect(objects[0].metadata.creationTime).toBeInstanceOf(Date);
    expect(await tickets.length()).toBe(2);
    expect((await tickets.query.nearObject('refund', { limit: 1, returnProperties: ['text'] })).objects).toEqual([
      { id: 'refund', properties: { text: 'I want my money back' }, metadata: {}, vectors: {} },
    ]);
    await db.close();
    expect(await codeOf(() => tickets.length())).toBe('CLOSED');
    expect(await codeOf(() => db.stats())).toBe('CLOSED');
  });

  it('embeds texts, when they are stored, changed and asked for', async () => {
    const db = await open({ store: make() });
    const tickets = await db.collections.create({ ...ticket, vectorizer });
    await tickets.data.insertMany([
      { id: 'a', properties: { text: 'the parcel is late' } }, { id: 'b', properties: { text: 'refund the money' } }, { id: 'c', properties: { createdAt: new Date() } },
    ]);
    const nearest = async (text) => (await tickets.query.nearText(text, { limit: 1 })).objects[0].id;
    expect(await nearest('parcel late')).toBe('a');
    await tickets.data.update({ id: 'a', properties: { text: 'nothing of interest' } });
    await tickets.data.update({ id: 'b', properties: { text: 'parcel late' } });
    expect(await nearest('parcel late')).toBe('b');
    expect((await tickets.query.nearText('money', { limit: 10 })).objects).toHaveLength(2);
    const without = await db.collections.create({ name: 'Other', properties: ticket.properties });
    expect(await codeOf(() => without.query.nearText('x'))).toBe('VECTORIZER_MISSING');
    const failing = db.collections.use('Ticket', { vectorizer: () => { throw new Error('quota'); } });
    expect(await errorOf(() => failing.data.insert({ properties: { text: 'x' } }))).toMatchObject({ code: 'VECTORIZER_FAILED', message: expect.stringContaining('quota') });
    await db.close();
  });

  it('updates, replaces and deletes, under conditions', async () => {
    const db = await open({ store: make() });
    const tickets = await db.collections.create(ticket);
    await tickets.data.insert({ id: 'a', properties: { text: 'one', account: 'x' }, vector: [1, 0] });
    const revision = async () => (await tickets.query.fetchObjectById('a', { returnMetadata: ['revision'] })).metadata.revision;
    const first = await revision();
    await tickets.data.update({ id: 'a', properties: { text: 'two', account: null } }, { ifRevision: first });
    expect(await codeOf(() => tickets.data.update({ id: 'a', properties: { text: 'three' } }, { ifRevision: first }))).toBe('REVISION_MISMATCH');
    expect(await tickets.query.fetchObjectById('a', { includeVector: true })).toMatchObject({ properties: { text: 'two' }, vectors: { default: Float32Array.of(1, 0) } });
    await tickets.data.update({ id: 'a', vector: [0, 1] });
    expect((await tickets.query.fetchObjectById('a', { includeVector: true })).vectors.default).toEqual(Float32Array.of(0, 1));
    await tickets.data.replace({ id: 'a', properties: { account: 'y' } });
    expect(await tickets.query.fetchObjectById('a', { includeVector: true })).toEqual({ id: 'a', properties: { account: 'y' }, metadata: {}, vectors: {} });
    expect((await tickets.query.nearVector([0, 1])).objects).toEqual([]);
    expect(await codeOf(() => tickets.data.replace({ id: 'nobody' }))).toBe('OBJECT_MISSING');
    expect(await codeOf(() => tickets.data.update({ id: 'nobody' }))).toBe('OBJECT_MISSING');
    expect(await codeOf(() => tickets.data.insert({ id: 'a' }))).toBe('OBJECT_EXISTS');
    expect(await codeOf(() => tickets.data.deleteById('a', { ifRevision: 1 }))).toBe('REVISION_MISMATCH');
    expect([await tickets.data.deleteById('a'), await tickets.data.deleteById('a'), await tickets.data.exists('a')]).toEqual([true, false, false]);
    await db.close();
  });

  it('imports a stream, reports what fails and stores the rest', async () => {
    const db = await open({ store: make() });
    const tickets = await db.collections.create({ ...ticket, vectors: { default: { dimensions: 2 } } });
    async function* source() {
      for (let i = 0; i < 1000; i++) yield { id: `id ${i % 990}`, properties: { text: `text ${i}` }, vector: i === 17 ? [1, 2, 3] : [1, i] };
    }
    const progress = [];
    const result = await tickets.data.insertMany(source(), { onProgress: ({ done }) => progress.push(done) });
    expect(result).toMatchObject({ inserted: 999, ids: undefined, errorCount: 1, hasErrors: true });
    expect(result.errors).toEqual([{ index: 17, id: 'id 17', error: expect.objectContaining({ code: 'DIMENSION_MISMATCH', message: expect.stringContaining('[17].vector') }) }]);
    expect(progress.at(-1)).toBe(1000);
    expect(await tickets.length()).toBe(989);
    expect((await tickets.query.fetchObjectById('id 3')).properties).toEqual({ text: 'text 993' });
    const twice = await tickets.data.insertMany([{ id: 'x', properties: { text: '1' } }, { id: 'x', properties: { text: '2' } }, { id: '\ud800' }]);
    expect([twice.inserted, twice.ids]).toEqual([2, ['x', 'x', undefined]]);
    expect((await tickets.query.fetchObjectById('x')).properties.text).toBe('2');
    const stop = new AbortController();
    async function* endless() {
      for (let i = 0; ; i++) {
        if (i === 500) stop.abort();
        yield { properties: { text: `${i}` } };
      }
    }
    expect(await codeOf(() => tickets.data.insertMany(endless(), { signal: stop.signal }))).toBe('ABORTED');
    await db.close();
  });

  it('pages and iterates, and goes on past what was deleted', async () => {
    const db = await open({ store: make() });
    const tickets = await db.collections.create(ticket);
    const ids = Array.from({ length: 700 }, (_, i) => `id ${i}`);
    await tickets.data.insertMany(ids.map((id) => ({ id })));
    const iterated = [];
    for await (const { id } of tickets.iterator()) iterated.push(id);
    expect(iterated).toEqual(ids);
    let after;
    const paged = [];
    for (;;) {
      const { objects } = await tickets.query.fetchObjects({ limit: 90, ...after && { after } });
      if (!objects.length) break;
      paged.push(...objects.map(({ id }) => id));
      after = objects.at(-1).id;
      for (const { id } of objects) await tickets.data.deleteById(id, { durability: 'flush' });
    }
    expect(paged).toEqual(ids);
    expect(await tickets.length()).toBe(0);
    expect(await codeOf(() => tickets.query.fetchObjects({ after: 'never there' }))).toBe('OBJECT_MISSING');
    await db.close();
  });

  it('changes its schema while it is in use', async () => {
    const store = make();
    let db = await open({ store });
    let tickets = await db.collections.create({ name: 'Ticket', autoSchema: true, vectors: { default: {}, title: { index: { type: 'flat' }, metric: 'l2-squared' } } });
    await tickets.data.insert({ id: 'a', properties: { __proto__: 'not this', ['__proto__']: 'own', n: 1, when: new Date(0) }, vector: { default: [1, 0], title: [1, 2, 3] } });
    await tickets.config.addProperty({ name: 'later', dataType: 'int[]' });
    await tickets.config.addVector('image', { dimensions: 2, quantizer: { type: 'sq8', trainingLimit: 10 } });
    await tickets.config.update({ description: 'tickets', vectors: { default: { quantizer: { type: 'sq8', trainingLimit: 20 }, fullVectors: 'external' } } });
    await tickets.data.insertMany(Array.from({ length: 60 }, (_, i) => ({ id: `${i}`, properties: { n: i, later: [i] }, vector: { default: [i, 1], image: [1, i] } })));
    await tickets.config.dropVector('title');
    const check = async () => {
      const config = await tickets.config.get();
      expect(config.properties.map(({ name, dataType }) => [name, dataType])).toEqual([['__proto__', 'text'], ['n', 'number'], ['when', 'date'], ['later', 'int[]']]);
      expect(Object.keys(config.vectors)).toEqual(['default', 'image']);
      const a = await tickets.query.fetchObjectById('a', { includeVector: true });
      expect(Object.getOwnPropertyDescriptor(a.properties, '__proto__').value).toBe('own');
      expect(Object.keys(a.vectors)).toEqual(['default']);
      expect(a.properties.when).toEqual(new Date(0));
      expect((await tickets.query.nearVector({ image: [1, 7] }, { limit: 1 })).objects[0].id).toBe('7');
      expect((await tickets.query.nearVector([30, 1], { limit: 1, targetVector: 'default' })).objects).toHaveLength(1);
      expect(await codeOf(() => tickets.query.nearVector({ title: [1, 2, 3] }))).toBe('SCHEMA_MISMATCH');
    };
    await check();
    await db.close();
    db = await open({ store });
    tickets = db.collections.use('Ticket');
    await check();
    await db.close();
  });

  it('makes, lists and deletes collections, and leaves nothing of them', async () => {
    const store = make();
    const db = await open({ store });
    await db.collections.create({ name: 'A' });
    const before = (await db.stats()).bytes.disk;
    const b = await db.collections.create({ name: 'B' });
    await b.data.insertMany(Array.from({ length: 1000 }, () => ({ vector: [1, 2, 3] })));
    await db.snapshot();
    expect(await codeOf(() => db.collections.create({ name: 'B' }))).toBe('COLLECTION_EXISTS');
    expect([await db.collections.exists('B'), await db.collections.exists('C')]).toEqual([true, false]);
    expect((await db.collections.listAll()).map(({ name }) => name)).toEqual(['A', 'B']);
    await db.collections.delete('B');
    expect(await codeOf(() => b.length())).toBe('COLLECTION_MISSING');
    expect(await codeOf(() => db.collections.delete('B'))).toBe('COLLECTION_MISSING');
    expect((await db.stats()).bytes.disk).toBeLessThan(before + 3000); // records of the catalog
    await db.collections.create({ name: 'B' });
    expect(await db.collections.use('B').length()).toBe(0);
    await db.close();
  });

  it('tells subscribers, and is not harmed by them', async () => {
    const db = await open({ store: make() });
    const tickets = await db.collections.create(ticket);
    const events = [];
    tickets.subscribe(() => { throw new Error('mine'); });
    const stop = tickets.subscribe((event) => events.push(`${event.kind} ${event.id}`));
    await tickets.data.insert({ id: 'a' });
    await tickets.data.update({ id: 'a', properties: { text: 'x' } });
    await tickets.data.deleteById('a');
    stop();
    await tickets.data.insert({ id: 'b' });
    expect(events).toEqual(['insert a', 'update a', 'delete a']);
    await db.close();
  });

  it('lets one write and others read, and follows', async () => {
    const store = make();
    const db = await open({ store });
    const tickets = await db.collections.create(ticket);
    await tickets.data.insert({ id: 'a', vector: [1, 0] });
    const started = performance.now();
    expect(await codeOf(() => open({ store }))).toBe('STORE_LOCKED');
    expect(performance.now() - started).toBeLessThan(2000); // at once, on a machine with much else to do
    const reader = await open({ store, readOnly: true });
    const seen = reader.collections.use('Ticket');
    expect(await seen.length()).toBe(1);
    await tickets.data.insert({ id: 'b', vector: [0, 1] });
    const other = await db.collections.create({ name: 'Later' });
    await other.data.insert({ id: 'c' });
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect((await seen.query.nearVector([0, 1], { limit: 1 })).objects[0].id).toBe('b');
    expect(await reader.collections.use('Later').length()).toBe(1);
    expect(await codeOf(() => seen.data.insert({}))).toBe('STORE_READ_ONLY');
    expect(await codeOf(() => reader.collections.create({ name: 'X' }))).toBe('STORE_READ_ONLY');
    await reader.close();
    await db.close();
    expect(await codeOf(() => open({ store: make(), readOnly: true }))).toBe('STORE_MISSING');
  });

  it('goes from any store into any other', async () => {
    const db = await open({ store: make() });
    const tickets = await db.collections.create({ ...ticket, vectors: { default: { quantizer: { type: 'sq8', trainingLimit: 50 } } } });
    await db.collections.create({ name: 'Empty', description: 'none' });
    await tickets.data.insertMany(Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, properties: { text: `text ${i}` }, ...i % 10 && { vector: [i, 1, 0] } })));
    const whole = [];
    for await (const chunk of db.export()) whole.push(chunk);
    const bytes = Buffer.concat(whole);
    for (const target of Object.values(stores)) {
      const copy = await open({ store: target.make(), from: [bytes] });
      const objects = (collection) => collection.query.fetchObjects({ limit: 1000, includeVector: true, returnMetadata: ['creationTime', 'updateTime'] });
      expect(await objects(copy.collections.use('Ticket'))).toEqual(await objects(tickets));
      expect(await copy.collections.listAll()).toEqual(await db.collections.listAll());
      await copy.close();
    }
    for (const damaged of [bytes.subarray(0, bytes.length - 3), Buffer.concat([bytes.subarray(0, 900), Buffer.from([bytes[900] ^ 1]), bytes.subarray(901)])]) {
      const store = make();
      expect(await codeOf(() => open({ store, from: [damaged] }))).toBe('STORAGE_CORRUPT');
      const empty = await open({ store });
      expect(await empty.collections.listAll()).toEqual([]);
      await empty.close();
    }
    expect(await codeOf(async () => open({ store: make(), from: [] }))).toBe('STORAGE_CORRUPT');
    await db.close();
  });

  it('refuses what it does not know, before anything changes', async () => {
    const db = await open({ store: make() });
    const tickets = await db.collections.create(ticket);
    const refused = {
      'a text in a vector': () => tickets.query.nearVector('near'),
      'limit 0': () => tickets.query.fetchObjects({ limit: 0 }),
      'an unknown option': () => tickets.query.fetchObjects({ limits: 3 }),
      'an unknown key of an object': () => tickets.data.insert({ props: {} }),
      'no id': () => tickets.data.update({ properties: {} }),
      'a long id': () => tickets.data.insert({ id: 'x'.repeat(129) }),
      'a batch of none': () => tickets.data.insertMany([], { batchSize: 0 }),
      'a source of nothing': () => tickets.data.insertMany(7),
      'a durability': () => tickets.data.insert({}, { durability: 'sometimes' }),
      'certainty beside distance': () => tickets.query.nearVector([1], { certainty: 0.5, distance: 1 }),
      'a timeout of 0': () => tickets.length({ timeoutMs: 0 }),
      'a store': () => open({ store: {} }),
    };
    for (const [what, work] of Object.entries(refused)) expect(await codeOf(work), what).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => tickets.data.insert({ properties: { unknown: 1 } }))).toBe('SCHEMA_MISMATCH');
    expect(await tickets.length()).toBe(0);
    const slow = db.collections.use('Ticket', { vectorizer: () => new Promise((resolve) => setTimeout(resolve, 500)) });
    expect(await codeOf(() => slow.query.nearText('x', { timeoutMs: 20 }))).toBe('TIMEOUT');
    expect(await codeOf(() => tickets.length({ signal: AbortSignal.abort() }))).toBe('ABORTED');
    await db.close();
  });
});

it('opens a folder by its path', async () => {
  const db = await open(temporaryFolder());
  await db.collections.create({ name: 'A' });
  await db[Symbol.asyncDispose]();
  await expect(open('')).rejects.toThrow(/^path: expected/);
});
