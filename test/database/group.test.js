// Hits put into groups, against the same search without groups on random objects. SEED=n repeats a run.
import { describe, expect, it } from 'vitest';
import { integer, pick, random } from '../conformance/random.js';
import { seeds } from '../support/engine.js';
import { RandomTickets, phrase, randomFilter, vectorOf } from './random-tickets.js';
import { refusalOf as refusal } from './refused.js';
import { memory, open } from './support.js';

async function withTickets(work) {
  const db = await open({ store: memory() });
  try {
    const one = await db.collections.create({
      name: 'One',
      properties: [
        { name: 'tags', dataType: 'text[]' }, { name: 'day', dataType: 'date' }, { name: 'paid', dataType: 'boolean' }, { name: 'title', dataType: 'text' },
        { name: 'place', dataType: 'geoCoordinates' }, { name: 'author', dataType: 'object', nestedProperties: [{ name: 'name', dataType: 'text' }] },
      ],
      vectors: { default: { metric: 'l2-squared' } },
    });
    const day = new Date(5);
    await one.data.insertMany([
      { id: '0', properties: { tags: ['x', 'y', 'x'], day, paid: true, title: 'p q' }, vector: [0, 0] }, { id: '1', properties: { tags: ['y'], day: new Date(7), paid: false, title: 'p' }, vector: [1, 0] },
      { id: '2', properties: { tags: [], day, title: 'p' }, vector: [2, 0] }, { id: '3', properties: { tags: ['x', 'z'], paid: true, title: 'c' }, vector: [3, 0] }, { id: '4', vector: [4, 0] },
    ]);
    await work(one);
  } finally {
    await db.close();
  }
}
const idsOf = (objects) => objects.map(({ id }) => id).join('');
const shown = ({ groups }) => groups.map(({ value, objects }) => [value, idsOf(objects)]);

describe('groups', () => {
  it('are in the order of their best hits, each object in those of its values', () => withTickets(async (one) => {
    const near = (groupBy, options) => one.query.nearVector([0, 0], { groupBy, ...options });
    const result = await near({ property: 'tags' }, { returnMetadata: ['distance'] });
    expect(shown(result)).toEqual([['x', '03'], ['y', '01'], ['z', '3']]);
    expect(result.groups.map(({ minDistance, maxDistance }) => [minDistance, maxDistance])).toEqual([[0, 9], [0, 1], [9, 9]]);
    expect(idsOf(result.objects)).toBe('013');
    expect(result.objects[0]).toBe(result.groups[0].objects[0]);
    expect(Object.keys(result.groups[0])).toEqual(['value', 'objects', 'minDistance', 'maxDistance']);
    expect(shown(await near({ property: 'tags', numberOfGroups: 1 }))).toEqual([['x', '03']]);
    expect(shown(await near({ property: 'tags', objectsPerGroup: 1 }))).toEqual([['x', '0'], ['y', '0'], ['z', '3']]);
    expect(shown(await near({ property: 'tags' }, { limit: 2 }))).toEqual([['x', '0'], ['y', '01']]);
    expect(shown(await near({ property: 'tags' }, { offset: 2 }))).toEqual([['x', '3'], ['z', '3']]);
    expect(shown(await near({ property: 'day' }))).toEqual([[new Date(5), '02'], [new Date(7), '1']]);
    expect(shown(await near({ property: 'paid' }))).toEqual([[true, '03'], [false, '1']]);
    expect(shown(await near({ property: 'paid' }, { filters: (f) => f.byProperty('paid').equal(false) }))).toEqual([[false, '1']]);
    expect(await near({ property: 'paid' }, { distance: -1 })).toEqual({ objects: [], groups: [] });
  }));

  it('are of nearObject, nearText and bm25 alike, whichever properties are given back', () => withTickets(async (one) => {
    expect(shown(await one.query.nearObject('3', { groupBy: { property: 'paid' }, returnProperties: ['title'] }))).toEqual([[true, '30'], [false, '1']]);
    const result = await one.query.bm25('p q', { groupBy: { property: 'tags' }, returnMetadata: ['score'], returnProperties: [] });
    expect(shown(result)).toEqual([['x', '0'], ['y', '01']]);
    const [, { objects, minScore, maxScore }] = result.groups;
    expect([maxScore, minScore]).toEqual(objects.map(({ metadata }) => metadata.score));
    expect(result.groups[1]).not.toHaveProperty('minDistance');
    expect(objects[0].properties).toEqual({});
  }));

  it.each([
    [{}, 'SCHEMA_MISMATCH groupBy.property: expected the name of a property (tags, day, paid, title, place, author), got undefined'],
    [null, 'INVALID_ARGUMENT groupBy: expected an object, got null'],
    ['paid', 'INVALID_ARGUMENT groupBy: expected an object, got "paid"'],
    [{ property: 'pade' }, 'SCHEMA_MISMATCH groupBy.property: expected the name of a property'],
    [{ property: 'place' }, 'SCHEMA_MISMATCH groupBy.property: expected a property whose values have an order, which those of geoCoordinates have not'],
    [{ property: 'author' }, 'SCHEMA_MISMATCH groupBy.property'],
    [{ property: 'paid', numberOfGroups: 0 }, 'INVALID_ARGUMENT groupBy.numberOfGroups: expected an integer from 1 to 10000, got 0'],
    [{ property: 'paid', objectsPerGroup: 1.5 }, 'INVALID_ARGUMENT groupBy.objectsPerGroup: expected an integer from 1 to 10000, got 1.5'],
    [{ property: 'paid', limit: 1 }, 'INVALID_ARGUMENT groupBy: expected property, numberOfGroups, objectsPerGroup, got "limit"'],
  ])('are not made by %o', (groupBy, message) => withTickets(async (one) => {
    expect(await refusal(() => one.query.nearVector([0, 0], { groupBy }))).toContain(message);
    expect(await refusal(() => one.query.bm25('a', { groupBy }))).toContain(message);
  }));
});

const PROPERTIES = ['title', 'status', 'price', 'rate', 'hidden', 'paid', 'opened', 'seen', 'scores', 'notes', 'ref'];

it.each(seeds(1, 6))('are those of the hits, with seed %i', async (seed) => {
  const next = random(seed);
  const all = new RandomTickets(seed);
  await all.open();
  for (let round = 0; round < 3; round++) {
    await all.write(integer(next, 50, 200));
    if (next() < 0.5) await all.reopen();
    for (let i = 0; i < 30; i++) {
      const { filters } = randomFilter(next);
      const [vector, text] = [vectorOf(next), phrase(next)];
      const search = pick(next, [(options) => all.tickets.query.nearVector(vector, options), (options) => all.tickets.query.bm25(text, options), (options) => all.tickets.query.hybrid(text, { vector, ...options })]);
      const groupBy = { property: pick(next, PROPERTIES), ...next() < 0.7 && { numberOfGroups: integer(next, 1, 8) }, ...next() < 0.7 && { objectsPerGroup: integer(next, 1, 8) } };
      const limit = next() < 0.5 ? integer(next, 1, 80) : undefined;
      const { objects } = await search({ filters, limit: limit ?? 100, returnMetadata: ['distance', 'score'] });
      const { numberOfGroups = 10, objectsPerGroup = 10, property } = groupBy;
      const expected = new Map();
      for (const object of objects) {
        for (const value of new Set([object.properties[property] ?? []].flat().map((each) => each.getTime?.() ?? each))) {
          if (!expected.has(value) && expected.size < numberOfGroups) expected.set(value, []);
          if (expected.get(value)?.length < objectsPerGroup) expected.get(value).push(object);
        }
      }
      const found = await search({ filters, limit, groupBy, returnMetadata: ['distance', 'score'] });
      const about = `SEED=${seed} ${JSON.stringify({ groupBy, limit, text })} ${filters}`;
      expect(found.groups.map(({ value, objects: own }) => [value.getTime?.() ?? value, own]), about).toEqual([...expected]);
      const grouped = new Set([...expected.values()].flat());
      expect(found.objects, about).toEqual(objects.filter((object) => grouped.has(object)));
      for (const { objects: own, minScore, maxScore, minDistance, maxDistance } of found.groups) {
        const measures = own.map(({ metadata }) => metadata.score ?? metadata.distance);
        expect([minScore ?? minDistance, maxScore ?? maxDistance], about).toEqual([Math.min(...measures), Math.max(...measures)]);
      }
    }
  }
  await all.close();
});
