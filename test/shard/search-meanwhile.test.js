// Searches of a shard while it changes, is opened, closed and mended.
import { describe, expect, it } from 'vitest';
import { VectileError } from '../../ts/errors.js';
import { SectionCache } from '../../ts/search/section-cache.js';
import { SlotSet } from '../../ts/search/slot-set.js';
import { memory } from '../../ts/storage/memory.js';
import { integer, pick, random } from '../conformance/random.js';
import { errorOf } from '../support/engine.js';
import { field, parse, put, remove } from './support.js';
import { alter, change, check, columnOf, EVERYTHING, filled, openSearched, properties, propertiesOf, request, slow, spoilSections, turn, watched, WORDS } from './support-search.js';

describe('searches', () => {
  it.each([['where reading takes time', slow], ['where it does not', (store) => store]])('find the same with a cache of hardly any bytes, %s', async (_, reading) => {
    for (const bytes of [0, 300, 5000]) {
      const next = random(10 + bytes);
      const place = memory();
      const sections = new SectionCache(bytes);
      let { shard, close } = await openSearched(reading(place), { sections });
      const objects = new Map();
      for (let round = 0; round < 25; round++) {
        await change(shard, objects, next, { writes: 3, ids: 120, changes: 20 });
        await check(shard, objects, next, 2);
        if (round % 3 === 0) await shard.snapshot();
        if (round % 8 === 7) {
          await close();
          expect(sections.bytes, 'of a shard that is closed').toBe(0);
          ({ shard, close } = await openSearched(reading(place), { sections }));
        }
      }
      await shard.snapshot();
      await check(shard, objects, next, 6);
      // what was merged since is in no file yet; what is being merged stays
      const cached = async () => {
        const { resident, unwritten } = (await shard.stats()).inverted.bytes;
        return resident - unwritten;
      };
      for (let turns = 0; await cached() > bytes && turns < 200; turns++) await turn();
      expect(await cached()).toBeLessThanOrEqual(bytes);
      await close();
    }
  });

  it('are each of one moment, while others write, take snapshots and merge, where reading takes time', async () => {
    const place = memory();
    const sections = new SectionCache(0);
    const { shard, close } = await openSearched(slow(place, 2), { sections });
    // each write makes all 20 of one generation
    const generation = (n) => shard.write(Array.from({ length: 20 }, (_, i) => put(`id ${i}`, { n, text: `one ${WORDS[1 + n % 9]}` })), 'flush');
    await generation(0);
    let last = 0;
    let isDone = false;
    const writing = (async () => {
      for (let n = 1; n <= 60; n++) {
        await generation(n);
        last = n;
        if (n % 4 === 0) await (n % 12 ? shard.snapshot() : shard.compact());
      }
      isDone = true;
    })();
    let asked = 0;
    const asking = async (ask) => {
      while (!isDone) {
        await ask();
        asked++;
        await turn();
      }
    };
    await Promise.all([
      writing,
      asking(async () => expect((await shard.select({ kind: 'present', property: 'n' })).count).toBe(20)),
      asking(async () => {
        const from = last;
        const column = await columnOf(shard, 'value:n');
        expect(new Set(column).size).toBe(1);
        expect(column[0]).toBeGreaterThanOrEqual(from);
        expect(column[0]).toBeLessThanOrEqual(last + 1);
      }),
      asking(async () => {
        const { slots, scores } = await shard.keyword(request(['one']));
        expect(slots).toHaveLength(20);
        expect(scores[0]).toBeCloseTo(Math.log(1 + 0.5 / 20.5) * (1 / 2.2), 9);
      }),
    ]);
    expect(asked).toBeGreaterThan(20);
    await close();
  });

  describe('of a reader, where reading takes time,', () => {
    /** A writer whose objects are always 18 or 20, of which slots are handed on and on; while it works, `asks` go on. */
    async function beside(asks, { rounds = 40 } = {}) {
      const place = memory();
      const writer = await openSearched(place, { fields: [field(0, { type: 'flat' })] });
      // by whether its number is even, an object has another tag
      const object = (i, n) => put(`id ${i}`, { n, text: 'one', tags: [i % 2 ? 'odd' : 'even'] }, { 0: [i, 1, 2, 3] });
      const generation = (n) => writer.shard.write(Array.from({ length: 20 }, (_, i) => object(n * 7 % 20 + i, n)), 'flush');
      await generation(0);
      await writer.shard.snapshot();
      const { shard, close } = await openSearched(slow(place, 2), { readOnly: true, sections: new SectionCache(0), fields: [field(0, { type: 'flat' })] });
      let isDone = false;
      let asked = 0;
      const writing = async () => {
        for (let n = 1; n <= rounds; n++) {
          const [from, to] = [(n - 1) * 7 % 20, n * 7 % 20];
          const wanted = new Set(Array.from({ length: 20 }, (_, i) => `id ${to + i}`));
          const gone = Array.from({ length: 20 }, (_, i) => `id ${from + i}`).filter((id) => !wanted.has(id));
          await writer.shard.write([...gone.map((id) => remove(id)), ...Array.from({ length: 20 }, (_, i) => object(to + i, n))], 'flush');
          await (n % 3 ? writer.shard.snapshot() : writer.shard.compact());
          await shard.refresh();
          for (let turns = 0; turns < 50; turns++) await turn();
        }
      };
      const asking = async (ask) => {
        while (!isDone) {
          await ask(shard);
          asked++;
          await turn();
        }
      };
      const results = await Promise.allSettled([writing().finally(() => { isDone = true; }), ...asks.map(asking)]);
      const failed = results.find(({ reason }) => reason);
      if (!failed) {
        await shard.refresh();
        const objects = new Map();
        for (const { id, properties } of (await writer.shard.scan(0, 1000)).objects) objects.set(id, parse({ properties }));
        await check(shard, objects, random(1), 8);
      }
      await close();
      await writer.close();
      if (failed) throw failed.reason;
      expect(asked).toBeGreaterThan(20);
    }

    it('filters see one moment, whatever it takes up meanwhile', () => beside([
      async (shard) => expect((await shard.select({ kind: 'present', property: 'n' })).count).toBe(20),
      async (shard) => expect((await shard.select({ kind: 'anyTerm', property: 'text', terms: ['one'] })).count).toBe(20),
    ]));

    it('keywords see one moment', () => beside([
      async (shard) => expect((await shard.keyword(request(['one']))).slots).toHaveLength(20),
    ]));

    it('orders see one moment', () => beside([
      async (shard) => {
        const numbers = [...await columnOf(shard, 'value:n')].filter((n) => n === n);
        expect(numbers).toHaveLength(20);
        expect(new Set(numbers).size).toBe(1);
      },
    ]));

    it('slots that are found are of the objects that were meant', () => beside([
      async (shard) => {
        const slots = (await shard.select({ kind: 'anyTerm', property: 'tags', terms: ['even'] })).toArray();
        const objects = await shard.read(slots, Infinity);
        expect(objects.filter((object) => object && parse(object).tags[0] !== 'even').map(({ id }) => id)).toEqual([]);
      },
    ]));

    it('the nearest are there all the time', () => beside([
      async (shard) => expect((await shard.near(0, Float32Array.of(1, 1, 2, 3), { k: 3 })).slots).toHaveLength(3),
      async (shard) => expect((await shard.near(0, Float32Array.of(1, 1, 2, 3), { k: 3, filter: { kind: 'present', property: 'n' } })).slots).toHaveLength(3),
    ]));

    it('many at once', () => beside(Array.from({ length: 6 }, (_, i) => async (shard) => {
      if (i % 2) await shard.get(`id ${i}`);
      else expect((await shard.select({ kind: 'present', property: 'n' })).count).toBe(20);
    })));
  });

  it('that are under way when the shard is closed are refused, or right', async () => {
    const next = random(12);
    const place = memory();
    const objects = await filled(place, next, [40, 30]);
    const wanted = [...objects.values()].filter(({ n }) => n !== undefined).length;
    for (let turns = 0; turns < 12; turns++) {
      const { shard, close } = await openSearched(slow(place.fork(), 3));
      const asked = Promise.resolve(shard.select({ kind: 'present', property: 'n' })).then(({ count }) => count, ({ code }) => code);
      for (let i = 0; i < turns; i++) await turn();
      await close();
      expect(['CLOSED', wanted]).toContain(await asked);
    }
  });

  it('give their memory back if the shard is closed while the index is built anew', async () => {
    const place = memory();
    await filled(place, random(13), [60, 40]);
    await alter(place, spoilSections);
    for (let turns = 1; turns < 200; turns += 12) {
      const sections = new SectionCache(64 << 20);
      const { shard, close } = await openSearched(slow(place.fork(), 2), { sections });
      const asked = Promise.resolve(columnOf(shard, 'value:n')).then(() => 'an answer', ({ code }) => code);
      for (let i = 0; i < turns; i++) await turn();
      await close();
      expect(['CLOSED', 'an answer']).toContain(await asked);
      expect(sections.bytes).toBe(0);
    }
  });

  it('wait while the index is built anew, and find what is written meanwhile once', { timeout: 60_000 }, async () => {
    for (let seed = 20; seed < 30; seed++) {
      const next = random(seed);
      const place = memory();
      const objects = await filled(place, next, [60, 40]);
      await alter(place, spoilSections);
      const { shard, close } = await openSearched(slow(place));
      const asked = Promise.resolve(shard.keyword(request(['one', 'two'])));
      const more = Promise.resolve(columnOf(shard, 'value:n'));
      // while it reads objects, which takes a turn for each
      await change(shard, objects, next, { writes: 25, ids: 150 });
      if (seed % 2) await shard.snapshot();
      await change(shard, objects, next, { writes: 10, ids: 150 });
      await Promise.all([asked, more]);
      await check(shard, objects, next, 8);
      await shard.snapshot();
      await close();
      const { store, of } = watched(place);
      const again = await openSearched(store);
      await check(again.shard, objects, next, 8);
      expect(of('objects')).toBe(0);
      await again.close();
    }
  });

  it('wait while the index is built anew of objects that are moved meanwhile', { timeout: 60_000 }, async () => {
    const place = memory();
    const objects = await filled(place, random(40), [80]);
    await alter(place, spoilSections);
    for (const id of [...objects.keys()].slice(0, 20)) objects.delete(id);
    for (let turns = 0; turns < 150; turns += 10) {
      const { shard, close } = await openSearched(slow(place.fork(), 2));
      await shard.write(Array.from({ length: 20 }, (_, i) => remove(`id ${i}`)));
      const compacted = shard.compact();
      for (let i = 0; i < turns; i++) await turn();
      await check(shard, objects, random(turns), 2);
      await compacted;
      await check(shard, objects, random(turns), 2);
      await close();
    }
  });

  it('that many ask while one of them meets damage are all right', async () => {
    for (let seed = 80; seed < 90; seed++) {
      const next = random(seed);
      const place = memory();
      const objects = await filled(place, next, [60, 40, 30]);
      await alter(place, async ({ names, change }) => {
        const name = pick(next, await names('inverted-'));
        await change(name, (bytes) => { for (let at = integer(next, 500, bytes.length); at < bytes.length; at++) bytes[at] ^= 255; });
      });
      const { shard, close } = await openSearched(slow(place, integer(next, 1, 4)), { sections: new SectionCache(0) });
      await Promise.all(Array.from({ length: 6 }, async (_, i) => {
        for (let turns = integer(next, 0, 6); turns > 0; turns--) await turn();
        await check(shard, objects, random(seed * 10 + i), 2);
      }));
      await close();
    }
  });

  it.each([['at once', (store) => store], ['later', slow]])('and writes go on after a merge could not read, %s', async (_, reading) => {
    const next = random(90);
    const place = memory();
    const objects = await filled(place, next, Array(7).fill(5));
    let isFailing = false;
    let failures = 0;
    const { store } = watched(place, (name) => {
      if (!isFailing || !name.includes('/inverted-')) return;
      failures++;
      throw new VectileError('STORAGE_FAILED', `${name}: expected to be read, got EMFILE`);
    });
    const { shard, close } = await openSearched(reading(store));
    expect((await shard.stats()).inverted.parts).toBe(7);
    isFailing = true;
    // with the eighth, all are to be merged
    for (const id of ['more', 'still more']) {
      await shard.write([put(id, propertiesOf(next))], 'flush');
      await shard.select(EVERYTHING);
      for (let turns = 0; turns < 20; turns++) await turn();
    }
    for (const id of ['more', 'still more']) objects.set(id, parse(await shard.get(id)));
    expect(failures).toBeGreaterThan(0);
    isFailing = false;
    expect(shard.failure).toBe(undefined);
    await change(shard, objects, next, { writes: 3 });
    await check(shard, objects, next);
    await close();
  });

  it('are refused if the index is damaged and an object, too, until that is replaced; all else works', async () => {
    const next = random(50);
    const place = memory();
    const fields = [field(0)];
    const objects = await filled(place, next, [20, 10], { fields });
    let damaged;
    await alter(place, async ({ names, change }) => {
      [damaged] = await names('objects-');
      await change(damaged, (bytes) => { bytes[bytes.length >> 1] ^= 1; });
    });
    const broken = place.fork();
    await alter(broken, async ({ blobs, names }) => { for (const name of await names('inverted-')) await blobs.delete(name); });
    const spoiled = place.fork();
    await alter(spoiled, spoilSections);

    // objects are not needed
    let { shard, close } = await openSearched(place.fork(), { fields });
    await check(shard, objects, next);
    await close();

    for (const store of [broken, spoiled]) {
      ({ shard, close } = await openSearched(store, { fields }));
      const lost = [];
      for (const id of objects.keys()) if (await errorOf(() => shard.get(id))) lost.push(id);
      expect(lost).toHaveLength(1);
      for (const ask of [
        () => shard.select({ kind: 'present', property: 'n' }), () => shard.keyword(request(['one'])), () => columnOf(shard, 'value:n'),
        () => shard.near(0, Float32Array.of(1, 2, 3, 4), { k: 3, filter: { kind: 'present', property: 'n' } }),
      ]) {
        const error = await errorOf(async () => ask());
        expect([error?.code, error?.message]).toEqual(['STORAGE_CORRUPT', expect.stringContaining(damaged)]);
      }
      const [other] = [...objects.keys()].filter((id) => id !== lost[0]);
      expect(parse(await shard.get(other))).toEqual(objects.get(other));
      expect((await shard.near(0, Float32Array.of(1, 2, 3, 4), { k: 3 })).slots).toHaveLength(3);
      const now = new Map(objects);
      await shard.write([put('one more', { text: 'one' })]);
      now.set('one more', { text: 'one' });
      await shard.snapshot();
      expect(shard.failure).toBe(undefined);
      await close();
      ({ shard, close } = await openSearched(store, { fields }));
      expect((await errorOf(async () => shard.select(EVERYTHING)))?.code).toBe('STORAGE_CORRUPT');
      await shard.write([put(lost[0], { text: 'two', n: 3 })]);
      now.set(lost[0], { text: 'two', n: 3 });
      await check(shard, now, next);
      await close();
      ({ shard, close } = await openSearched(store, { fields }));
      await check(shard, now, next);
      await close();
    }
  });

  it('know properties that were added', async () => {
    const next = random(60);
    const place = memory();
    const before = properties.slice(0, 2);
    let { shard, close } = await openSearched(place, { properties: before });
    await shard.write([put('a', { text: 'one' }), put('b', { title: 'two' })]);
    await shard.snapshot();
    await shard.configure([], properties);
    const objects = new Map([['a', { text: 'one' }], ['b', { title: 'two' }]]);
    await change(shard, objects, next, { writes: 20 });
    await check(shard, objects, next);
    await close();
    ({ shard, close } = await openSearched(place));
    await check(shard, objects, next);
    await close();
  });

  it('answer at once where the store reads at once', async () => {
    const place = memory();
    await filled(place, random(70), [20]);
    const { shard, close } = await openSearched(place);
    expect(shard.select({ kind: 'present', property: 'n' })).toBeInstanceOf(SlotSet);
    expect(columnOf(shard, 'value:n')).toBeInstanceOf(Float64Array);
    expect(shard.keyword(request(['one'])).slots).toBeInstanceOf(Array);
    await close();
  });
});

it('writes wait while searches would have to catch up with them', async () => {
  const { shard, close } = await openSearched(memory());
  let most = { pending: 0, parts: 0 };
  for (let i = 0; i < 60; i++) {
    await shard.write(Array.from({ length: 1000 }, (_, j) => put(`${i} ${j}`, { text: 'one two three', n: j })), 'none');
    const { inverted: { pending, parts } } = await shard.stats();
    most = { pending: Math.max(most.pending, pending), parts: Math.max(most.parts, parts) };
  }
  // those that are under way come on top
  expect(most.pending).toBeLessThan(4096 + 1024 + 1000);
  expect(most.parts).toBeLessThan(300);
  expect((await shard.select(EVERYTHING)).count).toBe(60_000);
  await close();
});
