// What happens beside a call: readers that learn of a vector after its objects, slots that go to others, timers that have their turn.
import { describe, expect, it } from 'vitest';
import { errorOf, memory, open, stores } from './support.js';

describe.each(Object.entries(stores))('beside calls, on %s', (_, { make }) => {
  it('readers find vectors whose dimensions were open when they came', async () => {
    const store = make();
    const db = await open({ store });
    const one = await db.collections.create({ name: 'One' });
    // their clocks differ, so that some hear of the objects first and some of the schema
    const readers = [];
    for (let i = 0; i < 5; i++) {
      readers.push(await open({ store, readOnly: true }));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await one.data.insert({ id: 'a', vector: [1, 0] });
    for (const reader of readers) {
      const seen = reader.collections.use('One');
      const found = async () => ((await seen.config.get()).vectors.default.dimensions ? (await seen.query.nearVector([1, 0])).objects.length : 0);
      await expect.poll(found, { timeout: 5000 }).toBe(1);
      await reader.close();
    }
    await db.close();
  });

  it('a hit is the object that was near, not one that got its slot', async () => {
    const db = await open({ store: make() });
    const one = await db.collections.create({ name: 'One', vectors: { default: { metric: 'l2-squared' } } });
    await one.data.insertMany(Array.from({ length: 100 }, (_, i) => ({ id: `${i}`, vector: [i, 0] })));
    let isOver = false;
    const flush = { durability: 'none' };
    const writing = (async () => {
      for (let i = 0; !isOver; i = (i + 1) % 100) {
        await one.data.deleteById(`${i}`, flush);
        await one.data.insert({ id: 'far', vector: [1e6, 0] }, flush);
        await one.data.insert({ id: `${i}`, vector: [i, 0] }, flush);
        await one.data.deleteById('far', flush);
      }
    })();
    let others = 0;
    for (const end = performance.now() + 500; performance.now() < end;) {
      const { objects } = await one.query.nearVector([50, 0], { limit: 50, returnMetadata: ['distance'], includeVector: true });
      for (const { vectors, metadata } of objects) if ((vectors.default[0] - 50) ** 2 !== metadata.distance) others++;
    }
    isOver = true;
    await writing;
    expect(others).toBe(0);
    await db.close();
  });
});

it('timers have their turn while nothing else waits', async () => {
  const db = await open({ store: memory() });
  const one = await db.collections.create({ name: 'One' });
  function* endless() { for (;;) yield {}; }
  expect((await errorOf(() => one.data.insertMany(endless(), { timeoutMs: 50 }))).code).toBe('TIMEOUT');
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await one.data.insertMany(Array.from({ length: 3000 }, () => ({})));
  for await (const _ of one.iterator());
  clearInterval(timer);
  expect(turns).toBeGreaterThan(2);
  await db.close();
});
