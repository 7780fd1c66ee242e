// Deleting by filters: what goes, what stays, what is told; while others write, too.
import { describe, expect, it } from 'vitest';
import { integer, pick, random } from '../conformance/random.js';
import { errorOf, memory, open, stores } from './support.js';

const config = {
  name: 'Ticket', vectors: {},
  properties: [{ name: 'text', dataType: 'text' }, { name: 'price', dataType: 'int' }, { name: 'tags', dataType: 'text[]', tokenization: 'field' }, { name: 'hidden', dataType: 'int', indexFilterable: false }],
};
const words = ['parcel', 'refund', 'invoice', 'delay', 'Straße'];

async function ticketsOf(objects, store = memory(), options = {}) {
  const db = await open({ store, durability: 'none', ...options });
  const tickets = await db.collections.create(config);
  await tickets.data.insertMany(objects);
  return { db, tickets };
}

const numbered = (count) => Array.from({ length: count }, (_, i) => ({ id: `t${i}`, properties: { text: words[i % words.length], price: i } }));

async function idsOf(tickets) {
  const ids = [];
  for await (const { id } of tickets) ids.push(id);
  return ids;
}

describe('deleteMany', () => {
  it.each(Object.entries(stores))('deletes what matches, for good, on %s', async (_, { make }) => {
    const store = make();
    const { db, tickets } = await ticketsOf(numbered(20), store);
    const result = await tickets.data.deleteMany((f) => f.or(f.byProperty('price').lessThan(3), f.byProperty('text').equal('delay')));
    expect(result).toEqual({ matches: 7, successful: 7, failed: 0, dryRun: false });
    const left = numbered(20).filter(({ properties: { price, text } }) => !(price < 3 || text === 'delay')).map(({ id }) => id);
    expect(await idsOf(tickets)).toEqual(left);
    await db.close();
    const again = await open({ store });
    expect(await idsOf(again.collections.use('Ticket'))).toEqual(left);
    expect(await again.collections.use('Ticket').data.deleteMany({ operator: 'LessThan', property: 'price', value: 3 })).toEqual({ matches: 0, successful: 0, failed: 0, dryRun: false });
    await again.close();
  });

  it('tells what it would delete', async () => {
    const { tickets } = await ticketsOf(numbered(10));
    const filter = { operator: 'GreaterThanEqual', property: 'price', value: 8 };
    expect(await tickets.data.deleteMany(filter, { dryRun: true })).toEqual({ matches: 2, successful: 0, failed: 0, dryRun: true });
    expect(await tickets.data.deleteMany(filter, { dryRun: true, verbose: true })).toEqual({
      matches: 2, successful: 0, failed: 0, dryRun: true, objects: [{ id: 't8', successful: false }, { id: 't9', successful: false }],
    });
    expect(await tickets.length()).toBe(10);
    expect(await tickets.data.deleteMany(filter, { verbose: true })).toEqual({
      matches: 2, successful: 2, failed: 0, dryRun: false, objects: [{ id: 't8', successful: true }, { id: 't9', successful: true }],
    });
    expect(await tickets.length()).toBe(8);
  });

  it('takes more than fit one record', async () => {
    const { tickets } = await ticketsOf(numbered(3500));
    const progress = [];
    tickets.subscribe(({ kind, revision }) => progress.push([kind, revision]));
    const { successful, objects } = await tickets.data.deleteMany({ operator: 'GreaterThanEqual', property: 'price', value: 500 }, { verbose: true });
    expect(successful).toBe(3000);
    expect(new Set(objects.map(({ id }) => id)).size).toBe(3000);
    expect(new Set(progress.map(([, revision]) => revision)).size).toBe(3);
    expect(await idsOf(tickets)).toEqual(numbered(500).map(({ id }) => id));
  });

  it.each([
    [undefined, undefined, 'INVALID_ARGUMENT', 'filters: expected a filter, got undefined'],
    [null, undefined, 'INVALID_ARGUMENT', 'filters: expected a filter'],
    [{}, undefined, 'INVALID_ARGUMENT', 'filters.operator'],
    [(f) => f.byProperty('prise').equal(1), undefined, 'SCHEMA_MISMATCH', 'prise'],
    [(f) => f.byProperty('hidden').equal(1), undefined, 'SCHEMA_MISMATCH', 'hidden'],
    [(f) => f.byProperty('price').equal('1'), undefined, 'SCHEMA_MISMATCH', 'filters.value'],
    [(f) => f.byId().equal('t0'), { dryrun: true }, 'INVALID_ARGUMENT', 'got "dryrun"'],
    [(f) => f.byId().equal('t0'), { dryRun: 1 }, 'INVALID_ARGUMENT', 'dryRun: expected true or false, got 1'],
    [(f) => f.byId().equal('t0'), { verbose: 'yes' }, 'INVALID_ARGUMENT', 'verbose: expected true or false'],
    [(f) => f.byId().equal('t0'), { durability: 'yes' }, 'INVALID_ARGUMENT', 'durability'],
  ])('refuses %o with %o', async (filter, options, code, message) => {
    const { tickets } = await ticketsOf(numbered(2));
    expect(await errorOf(() => tickets.data.deleteMany(filter, options))).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(await tickets.length()).toBe(2);
  });

  it('is refused where nothing may be written, but not to tell', async () => {
    const store = stores.fs.make();
    const { db, tickets } = await ticketsOf(numbered(5), store);
    await tickets.data.insert({ id: 'last' }, { durability: 'sync' });
    const beside = await open({ store, readOnly: true });
    const read = beside.collections.use('Ticket');
    const all = { operator: 'Not', filter: { operator: 'Equal', target: 'id', value: 'none' } };
    expect(await read.data.deleteMany(all, { dryRun: true })).toMatchObject({ matches: 6 });
    expect(await errorOf(() => read.data.deleteMany(all))).toMatchObject({ code: 'STORE_READ_ONLY' });
    await beside.close();
    await db.close();
    expect(await errorOf(() => tickets.data.deleteMany(all))).toMatchObject({ code: 'CLOSED' });
  });

  // a listener stops it between two records, which from another thread it may be too late for
  const here = { threads: 0 };
  it('ends when it is aborted', async () => {
    const { tickets } = await ticketsOf(numbered(3000), memory(), here);
    const controller = new AbortController();
    tickets.subscribe(() => controller.abort());
    expect(await errorOf(() => tickets.data.deleteMany((f) => f.byProperty('price').greaterOrEqual(0), { signal: controller.signal }))).toMatchObject({ code: 'ABORTED' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await tickets.length()).toBe(2000);
  });

  it('leaves what does not match any more when its turn comes', async () => {
    const count = 2500;
    const { tickets } = await ticketsOf(numbered(count), memory(), here);
    const saved = new Set();
    let isFirst = true;
    const writes = [];
    // after the first record is written, others are changed, taken away, and put in their places
    tickets.subscribe(({ kind }) => {
      if (kind !== 'delete' || !isFirst) return;
      isFirst = false;
      for (let i = 1000; i < count; i += 5) {
        writes.push(tickets.data.update({ id: `t${i}`, properties: { price: -i } }));
        saved.add(`t${i}`);
      }
      for (let i = 1001; i < count; i += 5) writes.push(tickets.data.update({ id: `t${i}`, properties: { text: 'still matches' } }));
      for (let i = 1002; i < count; i += 5) {
        writes.push(tickets.data.deleteById(`t${i}`));
        writes.push(tickets.data.insert({ id: `n${i}`, properties: { price: -1 } }));
        saved.add(`n${i}`);
      }
    });
    const { matches, successful, failed, objects } = await tickets.data.deleteMany((f) => f.byProperty('price').greaterOrEqual(0), { verbose: true });
    await Promise.all(writes);
    const left = await idsOf(tickets);
    expect(new Set(left)).toEqual(saved);
    expect(failed).toBe(0);
    expect(matches).toBe(successful);
    expect(objects).toHaveLength(successful);
    expect(objects.some(({ id }) => saved.has(id))).toBe(false);
  });

  it('and a write that comes before or after, at whatever moment, are in one order for all', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const { tickets } = await ticketsOf(numbered(3));
      let update;
      const started = (async () => {
        for (let turn = 0; turn < turns; turn++) await undefined;
        update = await errorOf(() => tickets.data.update({ id: 't1', properties: { price: -1 } }));
      })();
      const { matches, successful, objects } = await tickets.data.deleteMany((f) => f.byProperty('price').greaterOrEqual(0), { verbose: true });
      await started;
      if (update) expect(update.code, `after ${turns} turns`).toBe('OBJECT_MISSING');
      expect(await idsOf(tickets), `after ${turns} turns`).toEqual(update ? [] : ['t1']);
      expect([matches, successful, objects.map(({ id }) => id)]).toEqual(update ? [3, 3, ['t0', 't1', 't2']] : [2, 2, ['t0', 't2']]);
    }
  });

  it('gives an object up that is written all the time', async () => {
    const { tickets } = await ticketsOf(numbered(3));
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; !isOver; i++) await Promise.all([0, 1, 2].map((part) => tickets.data.insertMany([{ id: 't1', properties: { price: 10 * i + part } }]).catch(() => {})));
    })();
    const result = await tickets.data.deleteMany((f) => f.byProperty('price').greaterOrEqual(0), { verbose: true, timeoutMs: 20_000 });
    isOver = true;
    await writing;
    expect(result.successful).toBeGreaterThanOrEqual(2);
    expect(result.failed).toBe(result.matches - result.successful);
    for (const { id, error } of result.objects.filter(({ successful }) => !successful)) expect([id, error.code]).toEqual(['t1', 'REVISION_MISMATCH']);
  });

  it('deletes just what a plain loop would', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const next = random(seed);
      const { tickets } = await ticketsOf([]);
      const plain = new Map();
      for (let step = 0; step < 12; step++) {
        const batch = Array.from({ length: integer(next, 1, 60) }, () => ({
          id: `t${integer(next, 0, 150)}`,
          properties: {
            text: `${pick(next, words)} ${pick(next, words)}`, ...next() < 0.8 && { price: integer(next, -5, 20) }, ...next() < 0.5 && { tags: [pick(next, words), pick(next, words)] },
          },
        }));
        await tickets.data.insertMany(batch);
        for (const { id, properties } of batch) plain.set(id, properties);
        const [bound, word] = [integer(next, -5, 20), pick(next, words)];
        const [filter, matches] = pick(next, [
          [(f) => f.byProperty('price').lessThan(bound), ({ price }) => price < bound],
          [(f) => f.byProperty('price').isNull(true), ({ price }) => price === undefined],
          [(f) => f.and(f.byProperty('text').equal(word), f.not(f.byProperty('price').greaterThan(bound))), ({ text, price }) => text.includes(word) && !(price > bound)],
          [(f) => f.byProperty('tags').containsAny([word]), ({ tags }) => tags?.includes(word) ?? false],
        ]);
        const expected = [...plain].filter(([, properties]) => matches(properties)).map(([id]) => id);
        const dryRun = next() < 0.3;
        const result = await tickets.data.deleteMany(filter, { verbose: true, dryRun });
        expect([result.matches, result.objects.map(({ id }) => id).sort()], `seed ${seed}`).toEqual([expected.length, expected.sort()]);
        if (!dryRun) for (const id of expected) plain.delete(id);
        expect((await idsOf(tickets)).sort(), `seed ${seed}`).toEqual([...plain.keys()].sort());
      }
    }
  });
});
