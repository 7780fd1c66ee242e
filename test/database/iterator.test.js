// Going through objects by a filter, while others write, too.
import { describe, expect, it } from 'vitest';
import { integer, pick, random } from '../conformance/random.js';
import { errorOf, memory, open } from './support.js';

const config = { name: 'Ticket', vectors: {}, properties: [{ name: 'text', dataType: 'text' }, { name: 'price', dataType: 'int' }] };
const numbered = (count) => Array.from({ length: count }, (_, i) => ({ id: `t${i}`, properties: { text: i % 2 ? 'odd' : 'even', price: i } }));

async function ticketsOf(objects) {
  const db = await open({ store: memory(), durability: 'none' });
  const tickets = await db.collections.create(config);
  await tickets.data.insertMany(objects);
  return tickets;
}
async function all(iterator) {
  const objects = [];
  for await (const object of iterator) objects.push(object);
  return objects;
}
const idsOf = async (iterator) => (await all(iterator)).map(({ id }) => id);

describe('iterator with filters', () => {
  it('gives what matches, in the order of all', async () => {
    const tickets = await ticketsOf(numbered(1000));
    const even = (from) => numbered(1000).filter((_, i) => i >= from && i % 2 === 0).map(({ id }) => id);
    expect(await idsOf(tickets.iterator({ filters: (f) => f.byProperty('text').equal('even') }))).toEqual(even(0));
    expect(await idsOf(tickets.iterator({ filters: { operator: 'Equal', property: 'text', value: 'even' }, after: 't501' }))).toEqual(even(502));
    expect(await idsOf(tickets.iterator({ filters: (f) => f.byProperty('text').equal('neither') }))).toEqual([]);
    const [first] = await all(tickets.iterator({ filters: (f) => f.byId().equal('t7'), returnProperties: ['price'], returnMetadata: ['revision'] }));
    expect(first).toEqual({ id: 't7', properties: { price: 7 }, metadata: { revision: expect.any(Number) }, vectors: {} });
  });

  it.each([
    ['null', { filters: null }, 'INVALID_ARGUMENT'],
    ['a property that is not there', { filters: (f) => f.byProperty('prise').equal(1) }, 'SCHEMA_MISMATCH'],
    ['a filter by another name', { filter: (f) => f.byId().equal('a') }, 'INVALID_ARGUMENT'],
    ['an id that is not there', { filters: (f) => f.byId().equal('t1'), after: 'gone' }, 'OBJECT_MISSING'],
  ])('refuses %s', async (_, options, code) => {
    const tickets = await ticketsOf(numbered(2));
    expect(await errorOf(() => all(tickets.iterator(options)))).toMatchObject({ code });
  });

  it('gives none that does not match, and each that does throughout once, while others write', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const next = random(seed);
      const tickets = await ticketsOf(numbered(1500));
      const touched = new Set();
      const seen = [];
      let born = 0;
      for await (const { id, properties } of tickets.iterator({ filters: (f) => f.byProperty('text').equal('even') })) {
        expect(properties.text, `seed ${seed}`).toBe('even');
        seen.push(id);
        if (next() > 0.05) continue;
        for (let i = 0; i < 20; i++) {
          const other = `t${integer(next, 0, 1500)}`;
          touched.add(other);
          const text = pick(next, ['even', 'odd']);
          if (next() < 0.5) {
            await tickets.data.update({ id: other, properties: { text } }).catch(() => {});
          } else if (await tickets.data.deleteById(other)) {
            // its place is given to this one
            await tickets.data.insert({ id: `n${born++}`, properties: { text } });
          }
        }
      }
      expect(new Set(seen).size, `seed ${seed}`).toBe(seen.length);
      const throughout = numbered(1500).filter(({ id, properties }) => properties.text === 'even' && !touched.has(id)).map(({ id }) => id);
      expect(seen.filter((id) => throughout.includes(id)), `seed ${seed}`).toEqual(throughout);
    }
  });

  it('ends when it is aborted', async () => {
    const tickets = await ticketsOf(numbered(1000));
    const controller = new AbortController();
    const seen = [];
    const read = async () => {
      for await (const { id } of tickets.iterator({ filters: (f) => f.byProperty('price').greaterThan(100), signal: controller.signal })) {
        if (seen.push(id) === 10) controller.abort();
      }
    };
    expect(await errorOf(read)).toMatchObject({ code: 'ABORTED' });
    expect(seen).toHaveLength(10);
  });
});
