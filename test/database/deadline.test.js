// Searches that would take long end when their time is over, and the next ones are as ever.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memory, open } from './support.js';
import { random } from '../conformance/random.js';

const COUNT = 4000;
const letters = 'abcdefghijklmnopqrstuvwxyz';
let db, items, next;
const word = () => Array.from({ length: 8 }, () => letters[Math.floor(next() * 26)]).join('');

beforeAll(async () => {
  next = random(3);
  db = await open({ store: memory() });
  items = await db.collections.create({
    name: 'Item',
    properties: [{ name: 'text', dataType: 'text' }, { name: 'parts', dataType: 'text', tokenization: 'trigram' }, { name: 'place', dataType: 'geoCoordinates' }],
    vectors: {},
  });
  await items.data.insertMany(Array.from({ length: COUNT }, () => {
    const text = Array.from({ length: 10 }, word).join(' ');
    return { properties: { text, parts: text, place: { latitude: next() * 180 - 90, longitude: next() * 360 - 180 } } };
  }));
  await items.query.bm25('warm'); // what waits to be indexed is
});
afterAll(() => db.close());

const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const like = (i) => ({ operator: 'Like', property: 'text', value: `*${letters[i % 26]}${letters[(i * 7) % 26]}*q${letters[(i >> 4) % 26]}*` });

describe('a search with timeoutMs ends in time', () => {
  it.each([
    ['many patterns', () => items.query.fetchObjects({ filters: { operator: 'Or', filters: many(5000, like) }, timeoutMs: 50 })],
    ['many circles', () => items.query.fetchObjects({ filters: { operator: 'And', filters: many(9000, (i) => ({ operator: 'WithinGeoRange', property: 'place', value: { latitude: 0, longitude: i / 100, distance: 2e7 } })) }, timeoutMs: 50 })],
    ['many values', () => items.query.fetchObjects({ filters: { operator: 'ContainsAny', property: 'text', value: many(10_000, () => many(10, word).join(' ')) }, timeoutMs: 50 })],
    ['typos of many words', () => items.query.bm25(many(3000, word).join(' '), { typoTolerance: 2, queryProperties: ['text'], timeoutMs: 50 })],
    ['both at once', () => items.query.hybrid(many(3000, word).join(' '), { alpha: 0, typoTolerance: 2, timeoutMs: 50 })],
    ['aggregates', () => items.aggregate.overAll({ filters: { operator: 'Or', filters: many(5000, like) }, timeoutMs: 50 })],
  ])('%s', async (_, ask) => {
    const from = performance.now();
    await expect(ask()).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('expected the call to end within 50 ms') });
    expect(performance.now() - from).toBeLessThan(2000); // on a machine with much else to do
    const { objects: [first] } = await items.query.fetchObjects({ limit: 1 });
    const { objects } = await items.query.bm25(first.properties.text, { limit: 1, returnMetadata: ['score'] });
    expect(objects[0].id).toBe(first.id);
    expect((await items.query.fetchObjects({ filters: (f) => f.byProperty('text').equal(first.properties.text) })).objects.map(({ id }) => id)).toEqual([first.id]);
  });
});

it('typos are not tolerated of pieces of three characters: these are tolerant already', async () => {
  const { objects: [{ properties: { parts } }] } = await items.query.fetchObjects({ limit: 1 });
  const ask = (typoTolerance) => items.query.bm25(parts, { typoTolerance, queryProperties: ['parts'], limit: 20, returnMetadata: ['score'] });
  expect(await ask(2)).toEqual(await ask(0));
});
