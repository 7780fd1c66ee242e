// vectile/langchain with the real @langchain/core.
import { Document } from '@langchain/core/documents';
import { index } from '@langchain/core/indexing';
import { RunnableLambda } from '@langchain/core/runnables';
import { VectorStore } from '@langchain/core/vectorstores';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VectileStore } from '../../ts/integrations/langchain.js';
import { refusalOf } from '../database/refused.js';
import { memory, open } from '../database/support.js';
import { MemoryRecords, WordEmbeddings } from './words.js';

const embeddings = new WordEmbeddings();

let db, notes, store;
beforeEach(async () => {
  db = await open({ store: memory() });
  notes = await db.collections.create({ name: 'Note', properties: [{ name: 'shelf', dataType: 'int' }, { name: 'seen', dataType: 'date' }] });
  store = new VectileStore(embeddings, { collection: notes });
});
afterEach(() => db.close());

const document = (pageContent, metadata, id) => new Document({ pageContent, metadata, id });
const textsOf = (documents) => documents.map(({ pageContent }) => pageContent);
const colours = ['red', 'red green', 'green', 'blue'];

describe('documents', () => {
  it('come back with any metadata', async () => {
    const metadata = {
      source: 'a.pdf', loc: { lines: { from: 1, to: 9 } }, nothing: null, mixed: [1, 'a', null, []], none: [], 'a b.c': true, shelf: 3,
      text: 'not the text', metadata: { deep: [{}] }, ['__proto__']: { x: 1 },
    };
    const [id] = await store.addDocuments([document('red', metadata)]);
    const [found] = await store.similaritySearch('red');
    expect(found).toEqual(document('red', metadata, id));
    expect(Object.hasOwn(found.metadata, '__proto__')).toBe(true);
    expect((await store.similaritySearch('red', 1))[0]).toBeInstanceOf(Document);
  });

  it('have what the schema names as properties, in its types, and all else as JSON in one', async () => {
    await store.addDocuments([document('red', { shelf: 3, seen: '2024-05-01T10:00:00Z', source: 'x' }, 'a')]);
    expect((await notes.query.fetchObjectById('a')).properties).toEqual({ text: 'red', shelf: 3, seen: new Date('2024-05-01T10:00:00Z'), metadata: '{"source":"x"}' });
    expect((await store.similaritySearch('red'))[0].metadata).toEqual({ shelf: 3, seen: new Date('2024-05-01T10:00:00Z'), source: 'x' });
  });

  it('add to the schema only what they need', async () => {
    const names = async () => (await notes.config.get()).properties.map(({ name }) => name);
    await store.addDocuments([document('red', { shelf: 1 })]);
    expect(await names()).toEqual(['shelf', 'seen', 'text']);
    await Promise.all([store, new VectileStore(embeddings, { collection: notes })].map((one) => one.addDocuments([document('green', { any: 1 })])));
    expect(await names()).toEqual(['shelf', 'seen', 'text', 'metadata']);
    expect((await notes.query.bm25('red')).objects).toHaveLength(1);
    expect(await refusalOf(() => notes.query.bm25('any', { queryProperties: ['metadata'] }))).toMatch(/metadata/);
  });

  it('with autoSchema, can be filtered by metadata nobody has declared', async () => {
    const collection = await db.collections.create({ name: 'Auto', autoSchema: true });
    const auto = new VectileStore(embeddings, { collection });
    const metadata = [{ author: 'Ann', year: 2001, tags: ['x', 'y'] }, { author: 'Bob', year: 2003, tags: [], loc: { page: 1 }, odd: [1, 'a'] }];
    await auto.addDocuments([document('red', metadata[0]), document('red', metadata[1])]);
    const found = await auto.similaritySearch('red', 4, (f) => f.and(f.byProperty('year').greaterThan(2002), f.byProperty('author').equal('Bob')));
    expect(found.map((one) => one.metadata)).toEqual([metadata[1]]);
    expect((await auto.similaritySearch('red', 4, (f) => f.byProperty('tags').containsAny(['y']))).map((one) => one.metadata)).toEqual([metadata[0]]);
    expect(await refusalOf(() => auto.addDocuments([document('red', { year: 'MMIV' })]))).toMatch(/^SCHEMA_MISMATCH .*year/);
  });

  it('may have been written as objects', async () => {
    await notes.config.addProperty({ name: 'text', dataType: 'text' });
    await notes.data.insertMany([{ id: 'a', properties: { text: 'mine', shelf: 1 }, vector: [1, 0, 0] }, { id: 'b', vector: [0, 1, 0] }]);
    expect(await store.similaritySearch('red', 2)).toEqual([document('mine', { shelf: 1 }, 'a'), document('', {}, 'b')]);
  });

  it('have the ids they are given, their own, or new ones, and are replaced by these', async () => {
    const ids = await store.addDocuments([document('red', {}, 'own'), document('green', {}, 'other'), document('blue', {})], { ids: [undefined, 'given', undefined] });
    expect(ids).toEqual(['own', 'given', expect.stringMatching(/^[\da-f-]{36}$/)]);
    expect(await store.addDocuments([document('blue', { shelf: 2 }, 'own')])).toEqual(['own']);
    expect(await notes.length()).toBe(3);
    expect((await store.similaritySearch('blue', 2)).map(({ id }) => id).sort()).toEqual([ids[2], 'own'].sort());
  });

  it('may be none', async () => {
    expect(await store.addDocuments([])).toEqual([]);
    expect(await store.similaritySearch('red')).toEqual([]);
  });
});

describe('searches', () => {
  it.each([
    ['cosine', [['red', 1], ['red green', Math.SQRT1_2], ['green', 0], ['blue', 0]]],
    ['dot', [['red', 1], ['red green', 1], ['green', 0], ['blue', 0]]],
    ['l2-squared', [['red', 1], ['red green', 1 / 2], ['green', 1 / 3], ['blue', 1 / 3]]],
    ['manhattan', [['red', 1], ['red green', 1 / 2], ['green', 1 / 3], ['blue', 1 / 3]]],
    ['hamming', [['red', 1], ['red green', 1 / 2], ['green', 1 / 3], ['blue', 1 / 3]]],
  ])('by %s tell scores, of which higher is better', async (metric, expected) => {
    const collection = await db.collections.create({ name: 'Other', vectors: { other: { metric: 'cosine' }, colour: { metric } } });
    const other = await VectileStore.fromTexts(colours, {}, embeddings, { collection, targetVector: 'colour' });
    const found = await other.similaritySearchWithScore('red', 4);
    expect(found.map(([, score]) => score)).toEqual(expected.map(([, score]) => expect.closeTo(score, 5)));
    const byText = new Map(found.map(([{ pageContent }, score]) => [pageContent, score]));
    for (const [text, score] of expected) expect(byText.get(text), text).toBeCloseTo(score, 5);
  });

  it('take filters, as functions and as JSON', async () => {
    await VectileStore.fromTexts(colours, colours.map((_, shelf) => ({ shelf })), embeddings, { collection: notes });
    expect(textsOf(await store.similaritySearch('red', 4, (f) => f.byProperty('shelf').greaterThan(1)))).toEqual(['green', 'blue']);
    expect(textsOf(await store.similaritySearch('blue', 1, { operator: 'LessThan', property: 'shelf', value: 1 }))).toEqual(['red']);
    expect(await refusalOf(() => store.similaritySearch('red', 1, (f) => f.byProperty('nothing').equal(1)))).toMatch(/^SCHEMA_MISMATCH .*nothing/);
  });

  it('find documents that differ, by maximal marginal relevance', async () => {
    await store.addDocuments([document('red red red green', {}, 'a'), document('red red red green', {}, 'b'), document('red blue', {}, 'c'), document('green', {}, 'd')]);
    const ids = async (options) => (await store.maxMarginalRelevanceSearch('red', options)).map(({ id }) => id);
    expect((await ids({ k: 2, lambda: 1 })).sort()).toEqual(['a', 'b']);
    expect((await ids({ k: 2, lambda: 0.5 })).at(1)).toBe('c');
    expect((await ids({ k: 2, lambda: 0, fetchK: 2 })).sort()).toEqual(['a', 'b']);
    expect(await ids({ k: 9, filter: (f) => f.byId().equal('d') })).toEqual(['d']);
  });

  it('are of one tenant', async () => {
    const shared = await db.collections.create({ name: 'Shared', multiTenancy: { enabled: true, autoTenantCreation: true } });
    const [ann, bob] = ['ann', 'bob'].map((name) => new VectileStore(embeddings, { collection: shared.withTenant(name) }));
    await ann.addDocuments([document('red', { whose: 'Ann' })]);
    await bob.addDocuments([document('red', { whose: 'Bob' })]);
    expect((await ann.similaritySearch('red', 9)).map(({ metadata }) => metadata)).toEqual([{ whose: 'Ann' }]);
  });
});

describe('in LangChain', () => {
  it('is a vector store', () => {
    expect(store).toBeInstanceOf(VectorStore);
    expect(store._vectorstoreType()).toBe('vectile');
  });

  it('is a retriever, also in a chain', async () => {
    const made = await VectileStore.fromDocuments(colours.map((text, shelf) => document(text, { shelf })), embeddings, { collection: notes });
    expect(made).toBeInstanceOf(VectileStore);
    expect(textsOf(await made.asRetriever(1).invoke('green'))).toEqual(['green']);
    const retriever = made.asRetriever({ k: 2, filter: (f) => f.byProperty('shelf').lessThan(2), searchType: 'mmr', searchKwargs: { lambda: 1 } });
    expect(textsOf(await retriever.invoke('red'))).toEqual(['red', 'red green']);
    const chain = made.asRetriever(2).pipe(RunnableLambda.from((documents) => textsOf(documents).join(' | ')));
    expect(await chain.invoke('red')).toBe('red | red green');
  });

  it('is kept in step by the indexing API', async () => {
    const recordManager = new MemoryRecords();
    const sync = (texts, cleanup) =>
      index({ docsSource: texts.map((text) => document(text, { source: text.split(' ')[0] })), recordManager, vectorStore: store, options: { cleanup, sourceIdKey: 'source' } });
    const stored = async () => textsOf(await store.similaritySearch('red green blue', 100)).sort();

    expect(await sync(['red', 'red green', 'blue'], 'full')).toEqual({ numAdded: 3, numDeleted: 0, numUpdated: 0, numSkipped: 0 });
    expect(await sync(['red', 'red green', 'blue'], 'full')).toEqual({ numAdded: 0, numDeleted: 0, numUpdated: 0, numSkipped: 3 });
    expect(await sync(['red', 'red blue'], 'incremental')).toEqual({ numAdded: 1, numDeleted: 1, numUpdated: 0, numSkipped: 1 });
    expect(await stored()).toEqual(['blue', 'red', 'red blue']);
    expect(await sync(['green'], 'full')).toEqual({ numAdded: 1, numDeleted: 3, numUpdated: 0, numSkipped: 0 });
    expect(await stored()).toEqual(['green']);
  });
});

describe('delete', () => {
  beforeEach(() => store.addDocuments(colours.map((text, shelf) => document(text, { shelf }, text))));

  it('takes ids, also such as are not there, and more than a filter can name', async () => {
    await store.delete({ ids: [...Array.from({ length: 10_001 }, (_, i) => `none-${i}`), 'red', 'blue'] });
    await store.delete({ ids: [] });
    expect((await store.similaritySearch('red', 9)).map(({ id }) => id).sort()).toEqual(['green', 'red green']);
  });

  it('takes a filter', async () => {
    await store.delete({ filter: (f) => f.byProperty('shelf').greaterThan(0) });
    expect((await store.similaritySearch('red', 9)).map(({ id }) => id)).toEqual(['red']);
  });
});

describe('what is refused', () => {
  it.each([
    ['a collection that is none', () => new VectileStore(embeddings, { collection: 'Note' }), 'collection: expected a collection, got "Note"'],
    ['a name of no property', () => new VectileStore(embeddings, { collection: notes, textKey: 1 }), 'textKey: expected the name of a property, got 1'],
    ['one property for both', () => new VectileStore(embeddings, { collection: notes, metadataKey: 'text' }), 'metadataKey: expected the name of a property other than textKey, got "text"'],
    ['a text that is no text', () => new VectileStore(embeddings, { collection: notes, textKey: 'shelf' }).similaritySearch('red'), 'textKey: expected a property of type text, got "int"'],
    ['fewer vectors', () => store.addVectors([], [document('red')]), 'vectors: expected one for each of 1 documents, got Array of length 0'],
    ['fewer ids', () => store.addDocuments([document('red')], { ids: [] }), 'ids: expected one for each of 1 documents, got Array of length 0'],
    ['fewer metadata', () => VectileStore.fromTexts(['red'], [], embeddings, { collection: notes }), 'metadatas: expected one for each of 1 texts, got Array of length 0'],
    ['to delete nothing named', () => store.delete(), 'delete: expected { ids } or { filter }, got undefined'],
    ['to delete by both', () => store.delete({ ids: ['a'], filter: (f) => f.byId().equal('a') }), 'delete: expected { ids } or { filter }, got Object'],
    ['ids that are no list', () => store.delete({ ids: 'a' }), 'ids: expected an array of ids, got "a"'],
    ['no documents', () => store.similaritySearch('red', 0), 'k: expected a positive integer, got 0'],
    ['too many that differ', () => store.maxMarginalRelevanceSearch('red', { k: 1001 }), 'k: expected an integer from 1 to 1000, got 1001'],
    ['too many candidates', () => store.maxMarginalRelevanceSearch('red', { k: 1, fetchK: 0 }), 'fetchK: expected an integer from 1 to 1000, got 0'],
    ['a balance that is none', () => store.maxMarginalRelevanceSearch('red', { k: 1, lambda: 2 }), 'lambda: expected a number from 0 to 1, got 2'],
  ])('%s', async (_, work, message) => {
    expect(await refusalOf(work)).toBe(`INVALID_ARGUMENT ${message}`);
    expect(await notes.length()).toBe(0);
  });

  it('metadata that do not fit the schema, by its error', async () => {
    expect(await refusalOf(() => store.addDocuments([document('red', { shelf: 'top' })]))).toMatch(/^SCHEMA_MISMATCH .*shelf/);
  });

  it('metadata that JSON cannot say, before the schema is changed', async () => {
    const round = {};
    round.round = round;
    for (const metadata of [round, { size: 1n }]) {
      expect(await refusalOf(() => store.addDocuments([document('red', {}), document('red', metadata)]))).toMatch(/^INVALID_ARGUMENT documents\[1\]\.metadata: expected what JSON can say/);
    }
    expect((await notes.config.get()).properties.map(({ name }) => name)).toEqual(['shelf', 'seen']);
  });

  it('a metadata property that something else was written to', async () => {
    await notes.config.addProperty({ name: 'metadata', dataType: 'text' });
    for (const metadata of ['hello', '7']) {
      await notes.data.insertMany([{ id: 'a', properties: { metadata }, vector: [1, 0, 0] }]);
      expect(await refusalOf(() => store.similaritySearch('red'))).toMatch(/^SCHEMA_MISMATCH metadataKey: .*"metadata"/);
    }
    const [found] = await new VectileStore(embeddings, { collection: notes, metadataKey: 'more' }).similaritySearch('red');
    expect(found.metadata).toEqual({ metadata: '7' });
  });
});
