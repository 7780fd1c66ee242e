// Schemas: configurations checked, completed and changed.
import { describe, expect, it } from 'vitest';
import {
  addProperty, addVector, checkPropertyNames, configOf, createSchema, dropVector, fixDimensions, invertedIndexOf, updateSchema, vectorOf,
} from '../../ts/database/schema.js';
import { specsOf } from '../../ts/database/specs.js';
import { codeAndMessage } from './refused.js';
import { errorOf, memory, open } from './support.js';

const ticket = {
  name: 'Ticket',
  properties: [{ name: 'text', dataType: 'text' }, { name: 'account', dataType: 'text', tokenization: 'field' }, { name: 'createdAt', dataType: 'date' }],
  vectors: { default: { dimensions: 512, metric: 'cosine', index: { type: 'dynamic' }, quantizer: { type: 'pq' } } },
};

const refusals = (config) => codeAndMessage(() => createSchema({ name: 'A', ...config }));

describe('createSchema', () => {
  it('completes a configuration', () => {
    expect(createSchema({ ...ticket, vectorizer: () => [] })).toEqual({
      name: 'Ticket',
      properties: [
        { name: 'text', dataType: 'text', tokenization: 'word', indexFilterable: true, indexSearchable: true },
        { name: 'account', dataType: 'text', tokenization: 'field', indexFilterable: true, indexSearchable: true },
        { name: 'createdAt', dataType: 'date', indexFilterable: true, indexRangeFilters: true, indexSearchable: false },
      ],
      vectors: [{
        number: 0, name: 'default', dimensions: 512, metric: 'cosine', quantizer: { type: 'pq' }, fullVectors: 'memory',
        index: { type: 'dynamic', maxConnections: 32, efConstruction: 128, threshold: 10_000 },
      }],
      nextVectorNumber: 1,
      autoSchema: false,
      invertedIndex: { bm25: { k1: 1.2, b: 0.75 }, stopwords: { preset: 'en', additions: [], removals: [] } },
      vectorizer: true,
      sharding: { count: 1 },
      revision: 1,
    });
    expect(createSchema(ticket)).not.toHaveProperty('vectorizer');
  });

  it('has one named vector unless told otherwise', () => {
    expect(createSchema({ name: 'A' }).vectors.map(({ name, dimensions, metric }) => [name, dimensions, metric])).toEqual([['default', undefined, 'cosine']]);
    expect(createSchema({ name: 'A', vectors: {} }).vectors).toEqual([]);
    expect(createSchema({ name: 'A', vectors: { a: {}, b: {} } }).vectors.map(({ name, number }) => [name, number])).toEqual([['a', 0], ['b', 1]]);
  });

  it('is plain JSON', () => {
    const schema = createSchema({ ...ticket, description: 'Tickets', vectors: { a: { quantizer: 'rq1', fullVectors: 'external', index: { ef: 50 } }, b: { index: { type: 'flat' } } } });
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    expect(Object.keys(JSON.parse(JSON.stringify(schema)).vectors[0])).toEqual(Object.keys(schema.vectors[0]));
  });

  it('keeps names that objects have of their own', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'toJSON', 'length'];
    const vectors = Object.fromEntries(names.map((name) => [name, { dimensions: 3 }]));
    const schema = createSchema({ name: '__proto__', properties: names.map((name) => ({ name, dataType: 'text' })), vectors });
    expect(schema.name).toBe('__proto__');
    expect(schema.properties.map(({ name }) => name)).toEqual(names);
    expect(schema.vectors.map(({ name }) => name)).toEqual(names);
    expect(Object.keys(configOf(schema).vectors)).toEqual(names);
    expect(createSchema(configOf(schema))).toEqual(schema);
    expect(createSchema({ name: 'A', properties: [{ name: 'a-b_C', dataType: 'int' }] }).properties[0].name).toBe('a-b_C');
    expect(createSchema({ name: 'x'.repeat(255), properties: [{ name: 'x'.repeat(231), dataType: 'int' }] }).name).toHaveLength(255);
  });

  it.each([
    [undefined, 'INVALID_ARGUMENT config: expected an object, got undefined'],
    [{ name: 'A', sharding: { count: null } }, 'INVALID_ARGUMENT sharding.count: expected an integer from 1 to 256, got null'],
    [{ name: 'A', multiTenancy: [] }, 'INVALID_ARGUMENT multiTenancy: expected an object, got Array of length 0'],
    [{ name: 'A', vektors: {} }, 'INVALID_ARGUMENT config: expected name, description, properties, vectors, autoSchema, invertedIndex, multiTenancy, sharding, vectorizer, generator, reranker, got "vektors"'],
    [{ name: '' }, 'INVALID_ARGUMENT name: expected a letter or _, then at most 254 letters, digits and _, got ""'],
    [{ name: 'a-b' }, 'got "a-b"'],
    [{ name: 'x'.repeat(256) }, '… of 256 characters'],
    [{ name: 7 }, 'got 7'],
    [{ name: 'A', description: 1 }, 'description: expected a string, got 1'],
    [{ name: 'A', autoSchema: 'yes' }, 'autoSchema: expected a boolean, got "yes"'],
    [{ name: 'A', vectorizer: 'openai' }, 'vectorizer: expected a function, { name, embed }, or an embedding model of the AI SDK, got "openai"'],
    [{ name: 'A', invertedIndex: null }, 'invertedIndex: expected an object, got null'],
    [{ name: 'A', invertedIndex: { bm26: {} } }, 'invertedIndex: expected bm25, stopwords, got "bm26"'],
    [{ name: 'A', invertedIndex: { bm25: [] } }, 'invertedIndex.bm25: expected an object, got an array'],
    [{ name: 'A', invertedIndex: { bm25: { k: 1 } } }, 'invertedIndex.bm25: expected k1, b, got "k"'],
    [{ name: 'A', invertedIndex: { bm25: { k1: -1 } } }, 'invertedIndex.bm25.k1: expected a finite number from 0, got -1'],
    [{ name: 'A', invertedIndex: { bm25: { k1: Infinity } } }, 'invertedIndex.bm25.k1: expected a finite number from 0, got Infinity'],
    [{ name: 'A', invertedIndex: { bm25: { b: 1.1 } } }, 'invertedIndex.bm25.b: expected a number from 0 to 1, got 1.1'],
    [{ name: 'A', invertedIndex: { bm25: { b: '0' } } }, 'invertedIndex.bm25.b: expected a number from 0 to 1, got "0"'],
    [{ name: 'A', invertedIndex: { bm25: { b: NaN } } }, 'invertedIndex.bm25.b: expected a number from 0 to 1, got NaN'],
    [{ name: 'A', invertedIndex: { stopwords: { words: [] } } }, 'invertedIndex.stopwords: expected preset, additions, removals, got "words"'],
    [{ name: 'A', invertedIndex: { stopwords: { preset: 'de' } } }, 'invertedIndex.stopwords.preset: expected "en" or "none", got "de"'],
    [{ name: 'A', invertedIndex: { stopwords: { preset: ['en'] } } }, 'invertedIndex.stopwords.preset: expected "en" or "none", got an array'],
    [{ name: 'A', invertedIndex: { stopwords: { additions: 'der' } } }, 'invertedIndex.stopwords.additions: expected an array of at most 10000 words, got "der"'],
    [{ name: 'A', invertedIndex: { stopwords: { additions: ['der', 7] } } }, 'invertedIndex.stopwords.additions[1]: expected a word of at most 1024 characters, got 7'],
    [{ name: 'A', invertedIndex: { stopwords: { removals: [''] } } }, 'invertedIndex.stopwords.removals[0]: expected a word of at most 1024 characters, got ""'],
    [{ name: 'A', invertedIndex: { stopwords: { additions: ['Der'], removals: ['der'] } } }, 'invertedIndex.stopwords.removals: expected no word that is among additions, got "der"'],
    [{ name: 'A', properties: {} }, 'properties: expected an array, got an object'],
    [{ name: 'A', vectors: [] }, 'vectors: expected an object by name, got an array'],
  ])('refuses %j', (config, message) => expect(codeAndMessage(() => createSchema(config))).toContain(message));

  it.each([
    [[null], 'properties[0]: expected an object, got null'],
    [new Array(2), 'properties[0]: expected an object, got undefined'],
    [[{ name: 'a b', dataType: 'text' }], 'properties[0].name: expected a letter or _, then at most 230 letters, digits, _ and -, got "a b"'],
    [[{ name: 'a', dataType: 'int' }, { name: 'b', dataType: 'int' }, { name: 'c', dataType: 'string' }],
      'properties[2].dataType: expected one of text, int, number, boolean, date, uuid, geoCoordinates, blob, object, text[], int[], number[], boolean[], date[], uuid[], geoCoordinates[], object[], got "string"'],
    [[{ name: 'a', dataType: 'blob[]' }], 'got "blob[]"'],
    [[{ name: 'a', type: 'text' }], 'properties[0]: expected name, dataType, description'],
    [[{ name: 'a', dataType: 'text' }, { name: 'a', dataType: 'int' }], 'properties[1].name: expected a name that is not taken, got "a"'],
    [[{ name: 'a', dataType: 'int', tokenization: 'word' }], 'properties[0].tokenization: expected none except of text, got "word"'],
    [[{ name: 'a', dataType: 'text', tokenization: 'words' }], "properties[0].tokenization: expected 'word', 'lowercase'"],
    [[{ name: 'a', dataType: 'int', indexSearchable: true }], 'properties[0].indexSearchable: expected false for this type, got true'],
    [[{ name: 'a', dataType: 'blob', indexFilterable: true }], 'properties[0].indexFilterable: expected false for this type, got true'],
    [[{ name: 'a', dataType: 'text', indexFilterable: 1 }], 'properties[0].indexFilterable: expected a boolean, got 1'],
    [[{ name: 'a', dataType: 'text', indexRangeFilters: true }], 'properties[0].indexRangeFilters: expected false for this type, got true'],
    [[{ name: 'a', dataType: 'int', indexRangeFilters: 'yes' }], 'properties[0].indexRangeFilters: expected a boolean, got "yes"'],
    [[{ name: 'a', dataType: 'int', stemming: 'english' }], 'properties[0].stemming: expected none except of text, got "english"'],
    [[{ name: 'a', dataType: 'text', stemming: 'English' }], 'properties[0].stemming: expected a language in lower case, as "english", got "English"'],
    [[{ name: 'a', dataType: 'text', stemming: '../english' }], 'properties[0].stemming: expected a language'],
    [[{ name: 'a', dataType: 'text', stemming: ['english'] }], 'properties[0].stemming: expected a language in lower case, as "english", got an array'],
    [[{ name: 'a', dataType: 'text', nestedProperties: [] }], 'properties[0].nestedProperties: expected none except of object, got an array'],
    [[{ name: 'a', dataType: 'object' }], 'properties[0].nestedProperties: expected at least one property, or autoSchema, got undefined'],
    [[{ name: 'a', dataType: 'object[]', nestedProperties: [{ name: 'b', dataType: 'x' }] }], 'properties[0].nestedProperties[0].dataType: expected one of'],
  ])('refuses properties %j', (properties, message) => expect(refusals({ properties })).toContain(`INVALID_ARGUMENT ${message.startsWith('got') ? '' : message}`));

  it.each([
    [{ dimensions: 512 }, 'vectors.dimensions: expected an object, got 512'],
    [{ 'a b': {} }, 'vectors["a b"]: expected a letter or _'],
    [{ default: { dimension: 3 } }, 'vectors.default: expected dimensions, metric, index, quantizer, fullVectors, got "dimension"'],
    [{ default: { dimensions: 0 } }, 'vectors.default.dimensions: expected an integer from 1 to 65535, got 0'],
    [{ default: { dimensions: 65536 } }, 'vectors.default.dimensions'],
    [{ default: { metric: 'l2' } }, "vectors.default.metric: expected 'cosine', 'dot', 'l2-squared', 'manhattan', 'hamming', got \"l2\""],
    [{ default: { index: 'hnsw' } }, 'vectors.default.index: expected an object, got "hnsw"'],
    [{ default: { index: { type: 'ivf' } } }, "vectors.default.index.type: expected 'hnsw', 'flat', 'dynamic', got \"ivf\""],
    [{ default: { index: { threshold: 5 } } }, 'vectors.default.index.threshold: expected none except of a dynamic index, got 5'],
    [{ default: { index: { type: 'flat', ef: 5 } } }, 'vectors.default.index.ef: expected none of a flat index, got 5'],
    [{ default: { index: { maxConnections: 1 } } }, 'vectors.default.index.maxConnections: expected an integer from 2 to 2047, got 1'],
    [{ default: { index: { ef: 0 } } }, 'vectors.default.index.ef: expected -1 or an integer from 1 to 4294967295, got 0'],
    [{ default: { quantizer: 'sq16' } }, "vectors.default.quantizer: expected 'f32', 'sq8', 'sq4', 'pq', 'bq', 'rq8', 'rq1', got \"sq16\""],
    [{ default: { quantizer: null } }, 'vectors.default.quantizer: expected'],
    [{ default: { quantizer: { type: 'bq', segments: 3 } } }, 'vectors.default.quantizer: expected type, centred, trainingLimit, got "segments"'],
    [{ default: { quantizer: { type: 'sq8', quantile: 2 } } }, 'vectors.default.quantizer.quantile: expected a number above 0 and at most 1, got 2'],
    [{ default: { dimensions: 10, quantizer: { type: 'pq', segments: 3 } } }, 'vectors.default.quantizer.segments: expected a divisor of 10, got 3'],
    [{ default: { quantizer: { type: 'pq', segments: 0 } } }, 'vectors.default.quantizer.segments: expected an integer from 1 to 65535, got 0'],
    [{ default: { quantizer: 'pq', metric: 'hamming' } }, 'vectors.default.quantizer: expected one that is defined for the metric (f32, bq), got "pq"'],
    [{ default: { fullVectors: 'external' } }, "vectors.default.fullVectors: expected 'memory' without a codec, got \"external\""],
    [{ default: { quantizer: 'sq8', fullVectors: 'disk' } }, "vectors.default.fullVectors: expected 'memory', 'external', 'sq8', got \"disk\""],
  ])('refuses vectors %j', (vectors, message) => expect(refusals({ vectors })).toContain(`INVALID_ARGUMENT ${message}`));

  it('refuses schemas that are too deep, endless or too large', () => {
    const endless = { name: 'a', dataType: 'object' };
    endless.nestedProperties = [endless];
    expect(refusals({ properties: [endless] })).toMatch(/^INVALID_ARGUMENT properties\[0\](\.nestedProperties\[0\])*\.nestedProperties: expected at most 64 levels/);
    const many = (count) => Array.from({ length: count }, (_, i) => ({ name: `p${i}`, dataType: 'int' }));
    expect(refusals({ properties: many(10_001) })).toContain('properties: expected at most 10000');
    expect(refusals({ properties: [...many(9_999), { name: 'o', dataType: 'object', nestedProperties: many(2) }] })).toContain('nested ones included, got 10002');
    expect(createSchema({ name: 'A', properties: many(10_000) }).properties).toHaveLength(10_000);
  });
});

describe('changes of a schema', () => {
  const schema = createSchema(ticket);

  it('gives another schema with the next revision', () => {
    const before = JSON.stringify(schema);
    const added = addProperty(schema, { name: 'open', dataType: 'boolean' });
    expect(added.properties.map(({ name }) => name)).toEqual(['text', 'account', 'createdAt', 'open']);
    expect(added.revision).toBe(2);
    expect(addVector(added, 'title', { dimensions: 8 }).revision).toBe(3);
    expect(JSON.stringify(schema)).toBe(before);
  });

  it('refuses what is there already, or is not', () => {
    expect(codeAndMessage(() => addProperty(schema, { name: 'text', dataType: 'int' }))).toBe('INVALID_ARGUMENT property.name: expected a name that is not taken, got "text"');
    expect(codeAndMessage(() => addVector(schema, 'default', {}))).toContain('INVALID_ARGUMENT vector: expected a name that is not taken');
    expect(codeAndMessage(() => dropVector(schema, 'title'))).toBe('SCHEMA_MISMATCH vector: expected the name of a vector (default), got "title"');
    expect(codeAndMessage(() => checkPropertyNames(schema, ['text', 'txet'])))
      .toBe('SCHEMA_MISMATCH returnProperties[1]: expected the name of a property (text, account, createdAt), got "txet"');
    expect(codeAndMessage(() => checkPropertyNames(schema, ['createdAt']))).toBe('nothing thrown');
  });

  it('never uses the number of a dropped vector again', () => {
    const changed = addVector(dropVector(addVector(schema, 'title', {}), 'title'), 'title', {});
    expect(changed.vectors.map(({ name, number }) => [name, number])).toEqual([['default', 0], ['title', 2]]);
    expect(changed.nextVectorNumber).toBe(3);
    const last = addVector({ ...schema, nextVectorNumber: 65_535 }, 'last', {});
    expect(last.vectors[1].number).toBe(65_535);
    expect(codeAndMessage(() => addVector(last, 'more', {}))).toContain('at most 65536 named vectors ever');
  });

  it('fixes dimensions once', () => {
    const open = createSchema({ name: 'A', vectors: { a: { quantizer: { type: 'pq', segments: 96 } } } });
    expect(vectorOf(fixDimensions(open, 'a', 384), 'a').dimensions).toBe(384);
    expect(codeAndMessage(() => fixDimensions(open, 'a', 383))).toBe('INVALID_ARGUMENT vectors.a.quantizer.segments: expected a divisor of 383, got 96');
    expect(codeAndMessage(() => fixDimensions(schema, 'default', 3))).toContain('vectors.default.dimensions: expected 512, because it cannot be changed, got 3');
  });

  it('updates what may be changed and nothing else', () => {
    const update = { description: 'd', autoSchema: true, vectors: { default: { quantizer: 'sq8', fullVectors: 'sq8', index: { threshold: 5, ef: 64 } } } };
    const changed = updateSchema(schema, update);
    expect(changed).toEqual({
      ...schema, description: 'd', autoSchema: true, revision: 2,
      vectors: [{ ...schema.vectors[0], quantizer: { type: 'sq8' }, fullVectors: 'sq8', index: { ...schema.vectors[0].index, threshold: 5, ef: 64 } }],
    });
    expect(updateSchema(changed, { vectors: { default: { index: { ef: -1 } } } }).vectors[0].index).not.toHaveProperty('ef');
    expect(updateSchema(schema, {})).toEqual({ ...schema, revision: 2 });
    const { vectors, description, autoSchema, invertedIndex } = configOf(changed);
    expect(updateSchema(changed, { vectors, description, autoSchema, invertedIndex })).toEqual({ ...changed, revision: 3 });
    expect(updateSchema(changed, configOf(changed))).toEqual({ ...changed, revision: 3 });
    // with what was left out, and of a schema that was stored before there were range filters
    expect(updateSchema(changed, { name: ticket.name, properties: ticket.properties })).toEqual({ ...changed, revision: 3 });
    const older = { ...schema, properties: schema.properties.map(({ indexRangeFilters: _, ...property }) => property) };
    expect(updateSchema(older, configOf(older)).properties).toEqual(older.properties);
  });

  it('updates what is given of the inverted index', () => {
    const { additions } = { additions: ['der', 'die'] };
    const changed = updateSchema(schema, { invertedIndex: { bm25: { k1: 2 }, stopwords: { additions } } });
    additions.push('das');
    expect(changed.invertedIndex).toEqual({ bm25: { k1: 2, b: 0.75 }, stopwords: { preset: 'en', additions: ['der', 'die'], removals: [] } });
    const again = updateSchema(changed, { invertedIndex: { bm25: { b: 0 }, stopwords: { preset: 'none', additions: [] } } });
    expect(again.invertedIndex).toEqual({ bm25: { k1: 2, b: 0 }, stopwords: { preset: 'none', additions: [], removals: [] } });
    expect(codeAndMessage(() => updateSchema(changed, { invertedIndex: { stopwords: { removals: ['die'] } } }))).toContain('expected no word that is among additions');
  });

  it.each([
    [{ name: 'B' }, 'INVALID_ARGUMENT name: expected Ticket, because it cannot be changed, got "B"'],
    [{ properties: [] }, 'INVALID_ARGUMENT properties: expected those there are; addProperty adds one, got an array'],
    [{ properties: ticket.properties.map((property) => ({ ...property, indexFilterable: false })) }, 'INVALID_ARGUMENT properties: expected those there are'],
    [{ properties: 'text' }, 'INVALID_ARGUMENT properties: expected an array, got "text"'],
    [{ vectorizer: () => [] }, 'INVALID_ARGUMENT update: expected name, description, properties, vectors, autoSchema, invertedIndex, multiTenancy, sharding, got "vectorizer"'],
    [{ invertedIndex: { bm25: { b: 2 } } }, 'INVALID_ARGUMENT invertedIndex.bm25.b: expected a number from 0 to 1, got 2'],
    [{ vectors: { title: {} } }, 'SCHEMA_MISMATCH vectors.title: expected the name of a vector (default), got "title"'],
    [{ vectors: { default: { metric: 'dot' } } }, 'INVALID_ARGUMENT vectors.default.metric: expected "cosine", because it cannot be changed, got "dot"'],
    [{ vectors: { default: { dimensions: 3 } } }, 'INVALID_ARGUMENT vectors.default.dimensions: expected 512'],
    [{ vectors: { default: { index: { type: 'hnsw' } } } }, 'INVALID_ARGUMENT vectors.default.index.type: expected "dynamic"'],
    [{ vectors: { default: { index: { maxConnections: 8 } } } }, 'INVALID_ARGUMENT vectors.default.index.maxConnections: expected 32'],
    [{ vectors: { default: { index: { threshold: 0 } } } }, 'INVALID_ARGUMENT vectors.default.index.threshold: expected an integer from 1'],
    [{ vectors: { default: { quantizer: { type: 'pq', segments: 5 } } } }, 'INVALID_ARGUMENT vectors.default.quantizer.segments: expected a divisor of 512, got 5'],
  ])('refuses the update %j', (update, message) => expect(codeAndMessage(() => updateSchema(schema, update))).toContain(message));

  it('a collection is made again from its configuration', () => {
    expect(createSchema(configOf(schema))).toEqual(schema);
    const rich = createSchema({
      name: 'R', description: 'all', autoSchema: true, invertedIndex: { bm25: { k1: 0, b: 1 }, stopwords: { preset: 'none', additions: ['der'], removals: ['the'] } },
      properties: [
        { name: 's', dataType: 'text[]', tokenization: 'segmenter', stemming: 'german', indexFilterable: false }, { name: 'i', dataType: 'int', indexRangeFilters: false },
        { name: 'o', dataType: 'object[]', description: 'x', nestedProperties: [{ name: 'b', dataType: 'blob' }, { name: 'e', dataType: 'object' }] }],
      vectors: { f: { index: { type: 'flat' }, quantizer: { type: 'bq', centred: true } }, h: { dimensions: 3, metric: 'dot', index: { ef: 9 } } },
    });
    expect(createSchema(configOf(rich))).toEqual(rich);
  });
});

describe('what is indexed', () => {
  const specs = (properties) => specsOf(createSchema({ name: 'A', properties }));

  it('are properties that can be filtered by or searched', () => {
    const nestedProperties = [{ name: 'n', dataType: 'text' }];
    expect(specs([
      { name: 'text', dataType: 'text', stemming: 'english' }, { name: 'tags', dataType: 'text[]', tokenization: 'field', indexSearchable: false },
      { name: 'count', dataType: 'int' }, { name: 'blob', dataType: 'blob' }, { name: 'object', dataType: 'object', nestedProperties },
      { name: 'body', dataType: 'text', indexFilterable: false }, { name: 'hidden', dataType: 'text', indexFilterable: false, indexSearchable: false },
    ])).toEqual([
      { name: 'text', dataType: 'text', tokenization: 'word', stemming: 'english', filterable: true, searchable: true },
      { name: 'tags', dataType: 'text[]', tokenization: 'field', filterable: true, searchable: false },
      { name: 'count', dataType: 'int', filterable: true, searchable: false },
      { name: 'body', dataType: 'text', tokenization: 'word', filterable: false, searchable: true },
    ]);
  });

  it.each([
    [{}, true], [{ indexFilterable: false }, false], [{ indexRangeFilters: false }, true], [{ indexFilterable: false, indexRangeFilters: true }, true],
    [{ indexFilterable: true, indexRangeFilters: false }, true], [{ indexFilterable: false, indexRangeFilters: false }, false],
  ])('numbers with %j: %s', (config, isFilterable) => {
    for (const dataType of ['int', 'number[]', 'date']) expect(specs([{ name: 'a', dataType, ...config }]).length > 0).toBe(isFilterable);
  });

  it('is told of schemas that know neither stopwords nor ranges', () => {
    const { invertedIndex, ...older } = createSchema({ name: 'A', properties: [{ name: 'a', dataType: 'int' }] });
    const [{ indexRangeFilters, ...property }] = older.properties;
    const schema = { ...older, properties: [property] };
    expect(indexRangeFilters).toBe(true);
    expect(invertedIndexOf(schema)).toEqual(invertedIndex);
    expect(specsOf(schema)).toEqual(specsOf(older));
    expect(createSchema(configOf(schema))).toEqual({ ...older, invertedIndex });
    expect(updateSchema(schema, {}).invertedIndex).toEqual(invertedIndex);
  });
});

describe('a collection goes by its configuration', () => {
  const properties = [{ name: 'text', dataType: 'text' }];
  const objects = [{ id: 'a', properties: { text: 'the parcel parcel parcel' } }, { id: 'b', properties: { text: 'parcel' } }, { id: 'c', properties: { text: 'where is the refund' } }];

  it('at once when it is changed, and when it is opened again', async () => {
    const store = memory();
    let db = await open({ store });
    let tickets = await db.collections.create({ name: 'Ticket', properties, vectors: {}, invertedIndex: { stopwords: { additions: ['where'] } } });
    await tickets.data.insertMany(objects);
    const scores = async (query) => Object.fromEntries((await tickets.query.bm25(query, { returnMetadata: ['score'] })).objects.map(({ id, metadata }) => [id, metadata.score]));
    expect(Object.keys(await scores('where parcel'))).toEqual(['a', 'b']);
    const { a, b } = await scores('parcel');
    expect(a).toBeGreaterThan(b);
    await tickets.config.update({ invertedIndex: { bm25: { k1: 0 }, stopwords: { additions: [] } } });
    expect(Object.keys(await scores('where parcel')).sort()).toEqual(['a', 'b', 'c']);
    const flat = await scores('parcel');
    expect(flat.a).toBe(flat.b);
    await db.close();
    db = await open({ store });
    tickets = db.collections.use('Ticket');
    expect((await tickets.config.get()).invertedIndex).toEqual({ bm25: { k1: 0, b: 0.75 }, stopwords: { preset: 'en', additions: [], removals: [] } });
    expect(await scores('parcel')).toEqual(flat);
    await db.close();
  });

  it('by stems of its languages, if there are stemmers of them', async () => {
    const store = memory();
    const db = await open({ store, stemmers: { backwards: (word) => [...word].sort().join('') } });
    const named = (stemming) => [{ name: 'text', dataType: 'text', stemming }];
    expect(await errorOf(() => db.collections.create({ name: 'Ticket', properties: named('klingon') }))).toMatchObject({ code: 'STEMMER_MISSING' });
    const tickets = await db.collections.create({ name: 'Ticket', properties: named('backwards'), vectors: {} });
    expect(await errorOf(() => tickets.config.addProperty({ name: 'more', dataType: 'text', stemming: 'klingon' }))).toMatchObject({ code: 'STEMMER_MISSING' });
    expect((await tickets.config.get()).properties).toHaveLength(1);
    await tickets.config.addProperty({ name: 'more', dataType: 'text', stemming: 'english' });
    await tickets.data.insert({ id: 'a', properties: { text: 'listen', more: 'running parcels' } });
    const found = async (filters) => (await tickets.query.fetchObjects({ filters })).objects.map(({ id }) => id);
    expect(await found((f) => f.byProperty('text').equal('silent'))).toEqual(['a']);
    expect(await found((f) => f.byProperty('more').equal('run parcel'))).toEqual(['a']);
    expect((await tickets.query.bm25('parcel')).objects).toHaveLength(1);
    expect((await tickets.query.bm25('enlist')).objects).toHaveLength(1);
    await db.close();
  });
});
