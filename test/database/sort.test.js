// Pages of objects, filtered and sorted, against a plain oracle on random objects with updates, deletes and restarts in between.
// SEED=n repeats a run.
import { describe, expect, it } from 'vitest';
import { integer, pick, random } from '../conformance/random.js';
import { seeds } from '../support/engine.js';
import { RandomTickets, randomFilter } from './random-tickets.js';
import { refusalOf as refusal } from './refused.js';
import { errorOf, memory, open } from './support.js';

const withTickets = async (work) => {
  const db = await open({ store: memory(), now: (() => { let time = 0; return () => time++; })() });
  try {
    await work(await db.collections.create({
      name: 'One',
      properties: [
        { name: 'text', dataType: 'text' }, { name: 'price', dataType: 'int' }, { name: 'paid', dataType: 'boolean' }, { name: 'dates', dataType: 'date[]' },
        { name: 'place', dataType: 'geoCoordinates' }, { name: 'image', dataType: 'blob' }, { name: 'author', dataType: 'object', nestedProperties: [{ name: 'name', dataType: 'text' }] },
      ],
    }), db);
  } finally {
    await db.close();
  }
};
const idsOf = ({ objects }) => objects.map(({ id }) => id);

describe('fetchObjects', () => {
  it('sorts by one key or several, both ways, objects without the property first in ascending order', () => withTickets(async (one) => {
    await one.data.insertMany([
      { id: 'a', properties: { price: 2, text: 'b' } }, { id: 'b', properties: { price: 1, text: 'a' } }, { id: 'c', properties: { text: '' } },
      { id: 'd', properties: { price: 2 } }, { id: 'e', properties: { price: -1, text: 'B' } },
    ]);
    const sorted = async (sort, more) => idsOf(await one.query.fetchObjects({ sort, ...more })).join('');
    expect(await sorted({ property: 'price' })).toBe('cebad');
    expect(await sorted({ property: 'price', order: 'desc' })).toBe('adbec');
    expect(await sorted([{ property: 'price', order: 'desc' }, { property: 'text' }])).toBe('dabec');
    expect(await sorted({ property: 'text' })).toBe('dceba');
    expect(await sorted({ target: 'id', order: 'desc' })).toBe('edcba');
    expect(await sorted([{ property: 'paid' }, { target: 'creationTime', order: 'desc' }])).toBe('abcde');
    expect(await sorted([{ property: 'price' }, { target: 'id', order: 'desc' }])).toBe('cebda');
    expect(await sorted([])).toBe('abcde');
    expect(await sorted({ property: 'price' }, { offset: 1, limit: 2 })).toBe('eb');
    expect(await sorted({ property: 'price' }, { after: 'b', limit: 1 })).toBe('a');
    expect(await sorted({ property: 'text' }, { after: 'd' })).toBe('ceba');
    expect(await sorted({ property: 'text' }, { filters: (f) => f.byProperty('price').greaterThan(1) })).toBe('da');
    // the object that is asked for need not match itself
    expect(await sorted({ property: 'price' }, { after: 'b', filters: (f) => f.byProperty('text').equal('b') })).toBe('a');
    expect(await sorted({ property: 'price' }, { offset: 5 })).toBe('');
  }));

  it('sorts by update times', () => withTickets(async (one) => {
    await one.data.insertMany([{ id: 'a' }, { id: 'b' }]);
    await one.data.update({ id: 'a', properties: { price: 1 } });
    expect(idsOf(await one.query.fetchObjects({ sort: { target: 'updateTime' } }))).toEqual(['b', 'a']);
    expect(idsOf(await one.query.fetchObjects({ sort: { target: 'creationTime' } }))).toEqual(['a', 'b']);
  }));

  it('goes on after an object that was deleted, without sort', () => withTickets(async (one) => {
    await one.data.insertMany(Array.from({ length: 10 }, (_, i) => ({ id: `${i}`, properties: { price: i % 2 } })));
    const filters = { operator: 'Equal', property: 'price', value: 1 };
    expect(idsOf(await one.query.fetchObjects({ filters, limit: 2 }))).toEqual(['1', '3']);
    await one.data.deleteById('3');
    expect(idsOf(await one.query.fetchObjects({ filters, limit: 2, after: '3' }))).toEqual(['5', '7']);
    expect(idsOf(await one.query.fetchObjects({ filters, offset: 3 }))).toEqual(['9']);
    expect(await refusal(() => one.query.fetchObjects({ sort: { property: 'price' }, after: '3' }))).toBe('OBJECT_MISSING after: expected the id of an object, got "3"');
    expect(await refusal(() => one.query.fetchObjects({ sort: { property: 'text' }, after: '3' }))).toBe('OBJECT_MISSING after: expected the id of an object, got "3"');
    expect(await refusal(() => one.query.fetchObjects({ sort: { target: 'id' }, after: '3' }))).toBe('OBJECT_MISSING after: expected the id of an object, got "3"');
  }));

  it.each([
    [{ sort: 'price' }, 'INVALID_ARGUMENT sort: expected an object, got "price"'],
    [{ sort: null }, 'INVALID_ARGUMENT sort: expected an object, got null'],
    [{ sort: ['price'] }, 'INVALID_ARGUMENT sort[0]: expected an object, got "price"'],
    [{ sort: {} }, 'SCHEMA_MISMATCH sort.property: expected the name of a property (text, price, paid, dates, place, image, author), got undefined'],
    [{ sort: { property: 'prize' } }, 'SCHEMA_MISMATCH sort.property: expected the name of a property (text,'],
    [{ sort: { property: '__proto__' } }, 'SCHEMA_MISMATCH sort.property: expected the name of a property'],
    [{ sort: [{ property: 'price' }, { property: 'place' }] }, 'SCHEMA_MISMATCH sort[1].property: expected a property whose values have an order, which those of geoCoordinates have not, got "place"'],
    [{ sort: { property: 'image' } }, 'which those of blob have not'],
    [{ sort: { property: 'author' } }, 'which those of object have not'],
    [{ sort: { property: 'price', order: 'down' } }, "INVALID_ARGUMENT sort.order: expected 'asc', 'desc', got \"down\""],
    [{ sort: { property: 'price', target: 'id' } }, 'INVALID_ARGUMENT sort.property: expected none beside target, got "price"'],
    [{ sort: { target: 'revision' } }, "INVALID_ARGUMENT sort.target: expected 'id', 'creationTime', 'updateTime', got \"revision\""],
    [{ sort: { property: 'price', direction: 'asc' } }, 'INVALID_ARGUMENT sort: expected property, target, order, got "direction"'],
    [{ sort: Array(17).fill({ property: 'price' }) }, 'INVALID_ARGUMENT sort: expected at most 16 keys, got 17'],
    [{ sort: { property: 'price' }, offset: 1, after: 'a' }, 'INVALID_ARGUMENT offset: expected none beside `after`, got 1'],
    [{ offset: 1_000_001 }, 'INVALID_ARGUMENT offset: expected an integer from 0 to 1000000, got 1000001'],
    [{ filters: null }, 'INVALID_ARGUMENT filters: expected a filter, got null'],
    [{ filters: (f) => f.byProperty('prize').equal(1) }, 'SCHEMA_MISMATCH filters.property: expected the name of a property'],
  ])('refuses %o', (options, message) => withTickets(async (one) => expect(await refusal(() => one.query.fetchObjects(options))).toContain(message)));

  it('lets everything else have its turn while it reads', () => withTickets(async (one) => {
    await one.data.insertMany(Array.from({ length: 5000 }, (_, i) => ({ id: `${i}`, properties: { text: `${i * 7919 % 5000}` } })));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const signal = AbortSignal.timeout(1);
    expect((await errorOf(() => one.query.fetchObjects({ sort: { property: 'text' }, signal }))).code).toBe('ABORTED');
    await one.query.fetchObjects({ sort: { property: 'text' } });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  }));

  it('gives only what the filter lets through, whoever writes meanwhile', () => withTickets(async (one) => {
    const durability = 'none';
    await one.data.insertMany(Array.from({ length: 600 }, (_, i) => ({ id: `${i}`, properties: { price: 1, text: `${i}` } })));
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; !isOver; i = (i + 1) % 600) {
        await one.data.deleteById(`${i}`, { durability });
        await one.data.insert({ id: `other ${i}`, properties: { price: 2, text: '0' } }, { durability });
        await one.data.insert({ id: `${i}`, properties: { price: 1, text: `${i}` } }, { durability });
        await one.data.deleteById(`other ${i}`, { durability });
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const filters = (f) => f.byProperty('price').equal(1);
    const others = new Map();
    const fewest = new Map();
    for (const end = performance.now() + 600; performance.now() < end;) {
      for (const sort of [{ property: 'text' }, { property: 'price' }, { target: 'id' }, []]) {
        const { objects } = await one.query.fetchObjects({ filters, sort, limit: 50 });
        const key = JSON.stringify(sort);
        others.set(key, (others.get(key) ?? 0) + objects.filter(({ properties }) => properties.price !== 1).length);
        fewest.set(key, Math.min(fewest.get(key) ?? 50, objects.length));
      }
    }
    isOver = true;
    await writing;
    expect([...others.values()]).toEqual([0, 0, 0, 0]);
    for (const count of fewest.values()) expect(count).toBeGreaterThan(40);
  }));
});

const KEYS = ['title', 'status', 'price', 'rate', 'hidden', 'paid', 'opened', 'seen', 'scores', 'notes', 'ref'].map((property) => ({ property })).concat({ target: 'id' }, { target: 'creationTime' }, { target: 'updateTime' });

function compare(a, b) {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  if (Array.isArray(a)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) if (compare(a[i], b[i])) return compare(a[i], b[i]);
    return a.length - b.length;
  }
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}

const SEEDS = seeds(1, 12);
const CASES = 80;

it.each(SEEDS)('pages are those of a plain sort, with seed %i', async (seed) => {
  const next = random(seed);
  const all = new RandomTickets(seed);
  await all.open();
  for (let round = 0; round < 4; round++) {
    await all.write(integer(next, 0, 120));
    if (next() < 0.5) await all.reopen();
    const { objects } = await all.tickets.query.fetchObjects({ limit: 10_000, returnMetadata: ['creationTime', 'updateTime'] });
    expect(objects.map(({ id }) => id).sort()).toEqual([...all.objects.keys()].sort());
    const valueOf = (key, { id, properties, metadata }) => (key.property ? properties[key.property] : key.target === 'id' ? id : metadata[key.target]);
    for (let i = 0; i < CASES / 4; i++) {
      const { filters, matches = () => true } = randomFilter(next);
      const sort = Array.from({ length: integer(next, 0, 4) }, () => ({ ...pick(next, KEYS), ...next() < 0.7 && { order: pick(next, ['asc', 'desc']) } }));
      const place = new Map(objects.map((object, at) => [object, at]));
      const sorted = [...objects].sort((a, b) => {
        for (const key of sort) {
          const order = compare(valueOf(key, a), valueOf(key, b)) * (key.order === 'desc' ? -1 : 1);
          if (order) return order;
        }
        return place.get(a) - place.get(b);
      });
      const limit = integer(next, 1, 60);
      const offset = next() < 0.4 ? integer(next, 0, 50) : 0;
      const after = offset === 0 && next() < 0.6 ? sorted[integer(next, 0, sorted.length)]?.id : undefined;
      const from = after === undefined ? 0 : sorted.findIndex(({ id }) => id === after) + 1;
      const expected = sorted.slice(from).filter(matches).slice(offset, offset + limit);
      const found = await all.tickets.query.fetchObjects({ filters, sort, limit, offset, after });
      expect(idsOf(found), `SEED=${seed} ${JSON.stringify({ sort, limit, offset, after })} ${filters}`).toEqual(expected.map(({ id }) => id));
    }
  }
  await all.close();
});

it('pages that follow each other by `after` are all there is', async () => {
  const all = new RandomTickets(7);
  await all.open();
  await all.write(300);
  for (const sort of [undefined, { property: 'price' }, [{ property: 'title', order: 'desc' }, { property: 'paid' }], { target: 'id' }]) {
    const whole = idsOf(await all.tickets.query.fetchObjects({ sort, limit: 10_000, filters: (f) => f.byProperty('paid').notEqual(true) }));
    const paged = [];
    for (let after; ;) {
      const page = idsOf(await all.tickets.query.fetchObjects({ sort, after, limit: 17, filters: (f) => f.byProperty('paid').notEqual(true) }));
      if (!page.length) break;
      paged.push(...page);
      after = page.at(-1);
    }
    expect(paged).toEqual(whole);
    expect(whole.length).toBeGreaterThan(50);
  }
  await all.close();
});
