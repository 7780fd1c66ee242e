// Counts and metrics of objects, of groups and of hits, against plain loops.
import { describe, expect, it } from 'vitest';
import { integer, pick, random } from '../conformance/random.js';
import { awaited } from './random-tickets.js';
import { errorOf, memory, open, stores } from './support.js';

const properties = [
  { name: 'text', dataType: 'text' }, { name: 'status', dataType: 'text', tokenization: 'field' }, { name: 'price', dataType: 'number' }, { name: 'count', dataType: 'int' },
  { name: 'paid', dataType: 'boolean' }, { name: 'opened', dataType: 'date' }, { name: 'tags', dataType: 'text[]', tokenization: 'field' }, { name: 'scores', dataType: 'int[]' },
  { name: 'seen', dataType: 'date[]' }, { name: 'flags', dataType: 'boolean[]' }, { name: 'key', dataType: 'uuid' }, { name: 'hidden', dataType: 'int', indexFilterable: false },
  { name: 'place', dataType: 'geoCoordinates' }, { name: '__proto__', dataType: 'int' },
];
const config = { name: 'Ticket', vectors: { default: { dimensions: 2 } }, properties };

async function ticketsOf(objects, store = memory(), more = {}) {
  const db = await open({ store, durability: 'none' });
  const tickets = await db.collections.create({ ...config, ...more });
  await tickets.data.insertMany(objects);
  return { db, tickets };
}

const day = (n) => new Date(Date.UTC(2026, 0, n));
const four = [
  { id: 'a', properties: { text: 'late parcel', status: 'open', price: 5, paid: true, opened: day(1), tags: ['x', 'y'], scores: [1, 2] }, vector: [1, 0] },
  { id: 'b', properties: { text: 'lost parcel', status: 'open', price: 15, paid: false, opened: day(3), tags: ['x'], scores: [] }, vector: [1, 0.1] },
  { id: 'c', properties: { text: 'refund', status: 'closed', price: 15, opened: day(3) }, vector: [0, 1] },
  { id: 'd', properties: { text: 'nothing' }, vector: [0.1, 1] },
];

describe('aggregate', () => {
  it('tells of all objects', async () => {
    const { tickets } = await ticketsOf(four);
    expect(await tickets.aggregate.overAll()).toEqual({ totalCount: 4, properties: {} });
    expect(await tickets.aggregate.overAll({ metrics: { price: true, paid: true, opened: true } })).toEqual({
      totalCount: 4,
      properties: {
        price: { count: 3, min: 5, max: 15, mean: 35 / 3, median: 15, mode: 15, sum: 35 },
        paid: { count: 2, totalTrue: 1, totalFalse: 1, percentageTrue: 0.5, percentageFalse: 0.5 },
        opened: { count: 3, min: day(1), max: day(3), median: day(3), mode: day(3) },
      },
    });
    expect(await tickets.aggregate.overAll({ metrics: { tags: true, scores: ['count', 'sum'], status: { topOccurrences: 1 }, count: ['mean', 'sum', 'count'], price: undefined } })).toEqual({
      totalCount: 4,
      properties: {
        tags: { count: 3, topOccurrences: [{ value: 'x', occurrences: 2 }, { value: 'y', occurrences: 1 }] },
        scores: { count: 2, sum: 3 },
        status: { count: 3, topOccurrences: [{ value: 'open', occurrences: 2 }] },
        count: { mean: undefined, sum: 0, count: 0 },
      },
    });
  });

  it('tells of those that a filter lets through', async () => {
    const { tickets } = await ticketsOf(four);
    expect(await tickets.aggregate.overAll({ filters: (f) => f.byProperty('text').equal('parcel') })).toEqual({ totalCount: 2, properties: {} });
    expect(await tickets.aggregate.overAll({ filters: { operator: 'GreaterThan', property: 'price', value: 5 }, metrics: { price: ['mean'], text: ['count'] } }))
      .toEqual({ totalCount: 2, properties: { price: { mean: 15 }, text: { count: 2 } } });
    expect(await tickets.aggregate.overAll({ filters: (f) => f.byId().equal('none'), metrics: { price: ['max'] } })).toEqual({ totalCount: 0, properties: { price: { max: undefined } } });
  });

  it('tells of groups, the largest first', async () => {
    const { tickets } = await ticketsOf(four);
    const open = { groupedBy: { property: 'status', value: 'open' }, totalCount: 2, properties: { price: { max: 15 } } };
    const closed = { groupedBy: { property: 'status', value: 'closed' }, totalCount: 1, properties: { price: { max: 15 } } };
    expect(await tickets.aggregate.groupBy({ property: 'status' }, { metrics: { price: ['max'] } })).toEqual([open, closed]);
    expect(await tickets.aggregate.groupBy({ property: 'status', limit: 1 }, { metrics: { price: ['max'] } })).toEqual([open]);
    const values = async (property) => (await tickets.aggregate.groupBy({ property })).map(({ groupedBy, totalCount }) => [groupedBy.value, totalCount]);
    expect(await values('tags')).toEqual([['x', 2], ['y', 1]]);
    expect(await values('opened')).toEqual([[day(3), 2], [day(1), 1]]);
    expect(await values('paid')).toEqual([[false, 1], [true, 1]]);
    expect(await values('price')).toEqual([[15, 2], [5, 1]]);
    expect(await values('scores')).toEqual([[1, 1], [2, 1]]);
    expect(await values('hidden')).toEqual([]);
  });

  it('has safe names', async () => {
    const { tickets } = await ticketsOf([{ properties: JSON.parse('{ "__proto__": 7 }') }]);
    const { properties: found } = await tickets.aggregate.overAll({ metrics: JSON.parse('{ "__proto__": ["max"] }') });
    expect(Object.entries(found)).toEqual([['__proto__', { max: 7 }]]);
    expect(await tickets.aggregate.groupBy({ property: '__proto__' })).toEqual([{ groupedBy: { property: '__proto__', value: 7 }, totalCount: 1, properties: {} }]);
  });

  it.each([
    [{ metric: {} }, 'INVALID_ARGUMENT', 'got "metric"'],
    [{ metrics: [] }, 'INVALID_ARGUMENT', 'metrics: expected an object by property, got an array'],
    [{ metrics: { prise: true } }, 'SCHEMA_MISMATCH', 'metrics.prise: expected the name of a property (text, status, price,'],
    [{ metrics: { place: true } }, 'SCHEMA_MISMATCH', 'metrics.place: expected a property whose values have an order, which those of geoCoordinates have not'],
    [{ metrics: { price: ['max', 'topOccurrences'] } }, 'SCHEMA_MISMATCH', 'metrics.price[1]: expected a metric of number (count, min, max, mean, median, mode, sum), got "topOccurrences"'],
    [{ metrics: { opened: ['mean'] } }, 'SCHEMA_MISMATCH', 'metrics.opened[0]: expected a metric of date (count, min, max, median, mode), got "mean"'],
    [{ metrics: { text: ['max'] } }, 'SCHEMA_MISMATCH', 'a metric of text (count, topOccurrences)'],
    [{ metrics: { price: { topOccurrences: 5 } } }, 'INVALID_ARGUMENT', 'metrics.price: expected true or names of metrics, got an object'],
    [{ metrics: { price: 'max' } }, 'INVALID_ARGUMENT', 'metrics.price: expected true or names of metrics, got "max"'],
    [{ metrics: { text: false } }, 'INVALID_ARGUMENT', 'metrics.text: expected true or names of metrics, or { topOccurrences }, got false'],
    [{ metrics: { text: { topOccurrences: 0 } } }, 'INVALID_ARGUMENT', 'metrics.text.topOccurrences: expected an integer from 1 to 10000, got 0'],
    [{ metrics: { text: { limit: 5 } } }, 'INVALID_ARGUMENT', 'metrics.text: expected topOccurrences, got "limit"'],
    [{ filters: { operator: 'Equal', property: 'hidden', value: 1 } }, 'SCHEMA_MISMATCH', 'hidden'],
    [{ timeoutMs: -1 }, 'INVALID_ARGUMENT', 'timeoutMs'],
  ])('refuses %j', async (options, code, message) => {
    const { tickets } = await ticketsOf(four);
    const error = { code, message: expect.stringContaining(message) };
    expect(await errorOf(() => tickets.aggregate.overAll(options))).toMatchObject(error);
    expect(await errorOf(() => tickets.aggregate.groupBy({ property: 'status' }, options))).toMatchObject(error);
  });

  it.each([
    [undefined, 'INVALID_ARGUMENT', 'groupBy: expected { property, limit }, got undefined'],
    [{ property: 'status', limit: 0 }, 'INVALID_ARGUMENT', 'groupBy.limit: expected an integer from 1 to 10000, got 0'],
    [{ property: 'status', max: 5 }, 'INVALID_ARGUMENT', 'groupBy: expected property, limit, got "max"'],
    [{ property: 'place' }, 'SCHEMA_MISMATCH', 'groupBy.property: expected a property whose values have an order'],
    [{ property: ['status'] }, 'SCHEMA_MISMATCH', 'groupBy.property: expected the name of a property'],
  ])('refuses to group by %j', async (groupBy, code, message) => {
    const { tickets } = await ticketsOf(four);
    expect(await errorOf(() => tickets.aggregate.groupBy(groupBy))).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('lets other work have its turn, and ends when it is aborted', async () => {
    const { tickets } = await ticketsOf(Array.from({ length: 30_000 }, (_, i) => ({ properties: { count: i } })));
    for (const metrics of [{ count: ['sum'] }, { text: ['count'] }]) {
      const controller = new AbortController();
      const call = tickets.aggregate.overAll({ metrics, signal: controller.signal });
      let isOver = false;
      const done = errorOf(() => call).finally(() => { isOver = true; });
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      expect(isOver).toBe(false);
      controller.abort();
      expect(await done).toMatchObject({ code: 'ABORTED' });
    }
    expect(await tickets.aggregate.overAll({ metrics: { count: ['sum'] } })).toEqual({ totalCount: 30_000, properties: { count: { sum: 15_000 * 29_999 } } });
  });
});

describe('aggregates of hits', () => {
  const price = { count: 2, sum: 20 };
  const metrics = { price: ['count', 'sum'] };

  it('tell of the nearest', async () => {
    const { tickets } = await ticketsOf(four, memory(), { vectorizer: (texts) => texts.map((text) => (text === 'parcel' ? [1, 0] : [0, 1])) });
    expect(await tickets.aggregate.nearVector([1, 0], { objectLimit: 2, metrics })).toEqual({ totalCount: 2, properties: { price } });
    expect(await tickets.aggregate.nearVector({ default: [1, 0] }, { distance: 0.5 })).toEqual({ totalCount: 2, properties: {} });
    expect(await tickets.aggregate.nearVector([1, 0], { certainty: 0.9, objectLimit: 1 })).toEqual({ totalCount: 1, properties: {} });
    expect(await tickets.aggregate.nearVector([1, 0], { objectLimit: 4, filters: (f) => f.byProperty('price').greaterThan(5), metrics }))
      .toEqual({ totalCount: 2, properties: { price: { count: 2, sum: 30 } } });
    expect(await tickets.aggregate.nearObject('c', { objectLimit: 2, metrics: { text: true } })).toEqual({
      totalCount: 2, properties: { text: { count: 2, topOccurrences: [{ value: 'nothing', occurrences: 1 }, { value: 'refund', occurrences: 1 }] } },
    });
    expect(await tickets.aggregate.nearText('parcel', { objectLimit: 2, metrics })).toEqual({ totalCount: 2, properties: { price } });
  });

  it('tell of groups, too', async () => {
    const { tickets } = await ticketsOf(four);
    expect(await tickets.aggregate.nearVector([1, 0], { objectLimit: 3, metrics, groupBy: { property: 'status', limit: 1 } })).toEqual({
      totalCount: 2 + 1, properties: { price: expect.any(Object) }, groups: [{ groupedBy: { property: 'status', value: 'open' }, totalCount: 2, properties: { price } }],
    });
    expect((await tickets.aggregate.nearVector([1, 0], { objectLimit: 4, groupBy: { property: 'opened' } })).groups.map(({ groupedBy, totalCount }) => [groupedBy.value, totalCount]))
      .toEqual([[day(3), 2], [day(1), 1]]);
  });

  it('tell of what a hybrid search finds', async () => {
    const { tickets } = await ticketsOf(four);
    expect(await tickets.aggregate.hybrid('parcel', { alpha: 0, objectLimit: 10, metrics })).toEqual({ totalCount: 2, properties: { price } });
    expect(await tickets.aggregate.hybrid('parcel', { vector: [0, 1], objectLimit: 10, queryProperties: ['text^2'], metrics: { paid: true } }))
      .toMatchObject({ totalCount: 4, properties: { paid: { totalTrue: 1, totalFalse: 1 } } });
    expect(await tickets.aggregate.hybrid('parcel', { alpha: 0, objectLimit: 1, groupBy: { property: 'tags' } })).toMatchObject({ totalCount: 1, groups: expect.any(Array) });
  });

  it.each([
    ['nearVector', [[1, 0]], {}, 'INVALID_ARGUMENT', 'objectLimit: expected an integer from 1 to 10000'],
    ['nearVector', [[1, 0]], { objectLimit: 0 }, 'INVALID_ARGUMENT', 'objectLimit: expected an integer from 1 to 10000, got 0'],
    ['nearVector', [[1, 0]], { limit: 5 }, 'INVALID_ARGUMENT', 'got "limit"'],
    ['nearVector', [[1, 0, 0]], { objectLimit: 5 }, 'DIMENSION_MISMATCH', ''],
    ['nearVector', [[1, 0]], { objectLimit: 5, metrics: { prise: true } }, 'SCHEMA_MISMATCH', 'metrics.prise'],
    ['nearVector', [[1, 0]], { objectLimit: 5, groupBy: { property: 'prise' } }, 'SCHEMA_MISMATCH', 'groupBy.property'],
    ['nearVector', [[1, 0]], { objectLimit: 5, groupBy: null }, 'INVALID_ARGUMENT', 'groupBy'],
    ['nearObject', ['none'], { objectLimit: 5 }, 'OBJECT_MISSING', ''],
    ['nearText', ['a'], { objectLimit: 5 }, 'VECTORIZER_MISSING', ''],
    ['hybrid', ['a'], { alpha: 0 }, 'INVALID_ARGUMENT', 'objectLimit'],
    ['hybrid', ['a'], { alpha: 0, objectLimit: 5, isExplained: true }, 'INVALID_ARGUMENT', 'got "isExplained"'],
    ['hybrid', ['a'], { alpha: 2, objectLimit: 5 }, 'INVALID_ARGUMENT', 'alpha'],
  ])('%s refuses %j with %j', async (name, args, options, code, message) => {
    const { tickets } = await ticketsOf(four);
    expect(await errorOf(() => tickets.aggregate[name](...args, options))).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

describe('of one moment, where the index must be waited for', () => {
  const numbers = { name: 'Number', properties: [{ name: 'text', dataType: 'text' }, { name: 'n', dataType: 'int' }, { name: 'm', dataType: 'int' }] };
  const IDS = Array.from({ length: 400 }, (_, i) => `${i}`);

  /** Every object has n === m, 1 or 100, and both change together; while they do, `ask` goes on. */
  async function beside(ask) {
    const next = random(5);
    const db = await open({ store: awaited(memory(), () => integer(next, 1, 12)), durability: 'none', invertedBytesMax: 0 });
    const all = await db.collections.create({ ...numbers, vectors: { default: { metric: 'l2-squared' } } });
    const object = (id, n) => ({ id, properties: { text: 'one', n, m: n }, vector: [Number(id), 0] });
    await all.data.insertMany(IDS.map((id) => object(id, Number(id) % 2 ? 1 : 100)));
    await db.snapshot();
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; !isOver; i++) {
        const id = IDS[i % IDS.length];
        await all.data.update({ id, properties: i % 3 ? { n: 1, m: 1 } : { n: 100, m: 100 } });
        // another object in the slot
        if (i % 5 === 0) {
          await all.data.deleteById(id);
          await all.data.insert(object(id, i % 2 ? 1 : 100));
        }
        if (i % 10 === 0) await db.snapshot();
      }
    })();
    try {
      let asked = 0;
      for (const end = performance.now() + 400; performance.now() < end || asked < 6; asked++) await ask(all);
    } finally {
      isOver = true;
      await writing;
      await db.close();
    }
  }

  const filters = { operator: 'Equal', property: 'n', value: 1 };
  const metrics = { m: ['min', 'max', 'count'] };
  const expectOnes = ({ totalCount, properties: { m } }) => {
    if (totalCount) expect({ ...m, totalCount }).toEqual({ min: 1, max: 1, count: totalCount, totalCount });
  };

  it('of all', () => beside(async ({ aggregate }) => expectOnes(await aggregate.overAll({ filters, metrics }))));
  it('of groups', () => beside(async ({ aggregate }) => {
    for (const group of await aggregate.groupBy({ property: 'm' }, { filters, metrics })) expect(group.groupedBy.value).toBe(1);
  }));
  it('of the nearest', () => beside(async ({ aggregate }) => expectOnes(await aggregate.nearVector([0, 0], { filters, metrics, objectLimit: 20 }))));
  it('of the best by words, and by both', () => beside(async ({ aggregate }) => {
    expectOnes(await aggregate.hybrid('one', { alpha: 0, filters, metrics, objectLimit: 20 }));
    expectOnes(await aggregate.hybrid('one', { vector: [0, 0], filters, metrics, objectLimit: 20 }));
  }));
  it('pages in order', () => beside(async ({ query }) => {
    const { objects } = await query.fetchObjects({ filters, sort: [{ property: 'm', order: 'desc' }, { target: 'updateTime' }], limit: 20 });
    expect(objects.filter(({ properties: { n, m } }) => n !== 1 || m !== 1)).toEqual([]);
  }));
});

// What a plain loop says. Numbers are small integers and halves, so that sums are exact.

/** Texts by code points, as UTF-8 has them. */
const compare = (a, b) => (typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a - b);
const sorted = (values) => [...values].sort(compare);
const flat = (values) => values.filter((value) => value !== undefined).flat();

function modeOf(values) {
  const counts = new Map();
  for (const value of sorted(values)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > (best?.[1] ?? 0) ? entry : best), undefined)?.[0];
}

function numbersOf(all) {
  const values = sorted(all);
  const middle = values.length >> 1;
  const sum = values.reduce((a, b) => a + b, 0);
  return {
    count: values.length, min: values[0], max: values.at(-1), mean: values.length ? sum / values.length : undefined,
    median: values.length ? (values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2) : undefined, mode: modeOf(values), sum,
  };
}

function datesOf(dates) {
  const { count, min, max, median, mode } = numbersOf(dates.map(Number));
  const date = (ms) => (ms === undefined ? undefined : new Date(Math.floor(ms)));
  return { count, min: date(min), max: date(max), median: date(median), mode: date(mode) };
}

function textsOf(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const top = [...counts].sort(([a, first], [b, second]) => second - first || compare(a, b)).slice(0, 5);
  return { count: values.length, topOccurrences: top.map(([value, occurrences]) => ({ value, occurrences })) };
}

function booleansOf(values) {
  const [count, totalTrue] = [values.length, values.filter(Boolean).length];
  const share = (total) => (count ? total / count : undefined);
  return { count, totalTrue, totalFalse: count - totalTrue, percentageTrue: share(totalTrue), percentageFalse: share(count - totalTrue) };
}

const KINDS = {
  text: textsOf, status: textsOf, tags: textsOf, key: textsOf, price: numbersOf, count: numbersOf, scores: numbersOf, hidden: numbersOf,
  paid: booleansOf, flags: booleansOf, opened: datesOf, seen: datesOf,
};
const METRICS = Object.fromEntries(Object.keys(KINDS).map((name) => [name, true]));

function expectedOf(objects, metrics = METRICS) {
  return { totalCount: objects.length, properties: Object.fromEntries(Object.keys(metrics).map((name) => [name, KINDS[name](flat(objects.map((object) => object[name])))])) };
}

function expectedGroups(objects, property, metrics, limit) {
  const groups = new Map();
  for (const object of objects) {
    for (const value of new Set(flat([object[property]]).map((each) => (each instanceof Date ? Number(each) : each)))) groups.set(value, [...groups.get(value) ?? [], object]);
  }
  const isDate = property === 'opened' || property === 'seen';
  return [...groups].sort(([a, first], [b, second]) => second.length - first.length || compare(a, b)).slice(0, limit)
    .map(([value, members]) => ({ groupedBy: { property, value: isDate ? new Date(value) : value }, ...expectedOf(members, metrics) }));
}

function randomProperties(next) {
  const values = {
    text: () => pick(next, ['late parcel', 'refund', 'Ärger', '😀 happy', '\uffff end']), status: () => pick(next, ['open', 'closed', 'waiting']), price: () => integer(next, -9, 9) / 2,
    count: () => integer(next, 0, 4), paid: () => next() < 0.5, opened: () => day(integer(next, 1, 9)), hidden: () => integer(next, 0, 9),
    tags: () => Array.from({ length: integer(next, 0, 4) }, () => pick(next, ['x', 'y', 'z'])), scores: () => Array.from({ length: integer(next, 0, 3) }, () => integer(next, 0, 5)),
    seen: () => Array.from({ length: integer(next, 0, 3) }, () => day(integer(next, 1, 5))), flags: () => Array.from({ length: integer(next, 0, 3) }, () => next() < 0.3),
    key: () => `00000000-0000-0000-0000-00000000000${integer(next, 0, 9)}`,
  };
  return Object.fromEntries(Object.entries(values).filter(() => next() < 0.8).map(([name, value]) => [name, value()]));
}

describe('aggregates of random objects, written and deleted', () => {
  it.each(Array.from({ length: 12 }, (_, i) => i + 1))('are those of a plain loop, seed %i', async (seed) => {
    const next = random(seed);
    const store = seed % 4 ? memory() : stores.fs.make();
    let { db, tickets } = await ticketsOf([], store);
    const plain = new Map();
    for (let step = 0; step < 8; step++) {
      const batch = Array.from({ length: integer(next, 1, 120) }, () => ({ id: `t${integer(next, 0, 300)}`, properties: randomProperties(next) }));
      await tickets.data.insertMany(batch);
      for (const { id, properties: stored } of batch) plain.set(id, stored);
      for (const id of [...plain.keys()].filter(() => next() < 0.1)) {
        await tickets.data.deleteById(id);
        plain.delete(id);
      }
      if (next() < 0.3) {
        await db.close();
        db = await open({ store, durability: 'none' });
        tickets = db.collections.use('Ticket');
      }
      const bound = integer(next, 0, 5);
      const [filters, matches] = pick(next, [
        [undefined, () => true],
        [(f) => f.byProperty('count').lessThan(bound), ({ count }) => count < bound],
        [(f) => f.not(f.byProperty('status').equal('open')), ({ status }) => status !== 'open'],
        [(f) => f.or(f.byProperty('paid').equal(true), f.byProperty('tags').containsAny(['x'])), ({ paid, tags }) => paid === true || (tags ?? []).includes('x')],
      ]);
      const objects = [...plain.values()].filter(matches);
      const given = filters && { filters };
      expect(await tickets.aggregate.overAll({ ...given, metrics: METRICS })).toEqual(expectedOf(objects));
      const columns = { price: true, count: true, paid: true, opened: true };
      expect(await tickets.aggregate.overAll({ ...given, metrics: columns })).toEqual(expectedOf(objects, columns));
      for (const property of ['count', 'paid', 'opened', 'status', 'tags', 'seen', 'hidden', pick(next, Object.keys(KINDS))]) {
        const limit = integer(next, 1, 6);
        expect(await tickets.aggregate.groupBy({ property, limit }, { ...given, metrics: columns })).toEqual(expectedGroups(objects, property, columns, limit));
      }
      expect(await tickets.aggregate.groupBy({ property: 'count' }, { ...given, metrics: METRICS })).toEqual(expectedGroups(objects, 'count', METRICS, 100));
    }
    await db.close();
  });
});
