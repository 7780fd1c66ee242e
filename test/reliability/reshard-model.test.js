/** Writers and readers while a collection is resharded time and again: what each call gives, and what is there in the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomOf } from './support/random.js';
import { fs, memory, open } from './support/vectile.js';

const SEEDS = Number(process.env.VECTILE_SEEDS ?? 1);
const FIRST = Number(process.env.VECTILE_SEED ?? 1);
const COUNTS = [3, 2, 8, 1];
const WRITERS = 3;
/** Objects that nobody writes. */
const STILL = 150;

const CONFIG = {
  name: 'Note', properties: [{ name: 'text', dataType: 'text' }, { name: 'n', dataType: 'int' }, { name: 'owner', dataType: 'text', tokenization: 'field' }],
  vectors: { default: { metric: 'l2-squared', index: { type: 'flat' } } },
};
const still = (n) => ({ id: `still-${n}`, properties: { text: n % 2 ? 'odd stone' : 'even stone', n, owner: 'still' }, vector: [n, 0] });
const ofStill = (f) => f.byProperty('owner').equal('still');

/** Writes objects of its own, one call after the other, and knows what they must be. */
class Writer {
  /** By id: n, and the revision if it was read. */
  objects = new Map();
  writes = 0;
  #name;
  #random;

  constructor(name, random) {
    this.#name = name;
    this.#random = random;
  }

  async write(notes) {
    const random = this.#random;
    const objects = this.objects;
    const idOf = () => `${this.#name}-${Math.floor(random() * 40)}`;
    const id = idOf();
    const n = Math.floor(random() * 1000);
    const properties = { text: `sand ${n}`, n, owner: this.#name };
    const roll = random();
    this.writes++;
    if (roll < 0.25) {
      const batch = new Map(Array.from({ length: 1 + Math.floor(random() * 12) }, () => idOf()).map((each) => [each, { id: each, properties, vector: [n, 1000] }]));
      const { inserted } = await notes.data.insertMany([...batch.values()]);
      expect(inserted).toBe(batch.size);
      for (const each of batch.keys()) objects.set(each, n);
    } else if (roll < 0.4) {
      const code = await notes.data.insert({ id, properties }).then(() => undefined, (error) => error.code ?? error.message);
      expect(code).toBe(objects.has(id) ? 'OBJECT_EXISTS' : undefined);
      if (!code) objects.set(id, n);
    } else if (roll < 0.65) {
      // an object that was read before, maybe in other shards, fits only as long as nobody has written it
      const found = await notes.query.fetchObjectById(id, { returnMetadata: ['revision'] });
      expect(found?.properties.n).toBe(objects.get(id));
      const isFirst = random() < 0.5;
      if (isFirst && found) {
        await notes.data.update({ id, properties: { n: n + 1 } });
        objects.set(id, n + 1);
      }
      if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, random() * 30));
      const code = await notes.data.update({ id, properties: { n } }, found ? { ifRevision: found.metadata.revision } : {}).then(() => undefined, (error) => error.code ?? error.message);
      if (!found) return expect(code).toBe('OBJECT_MISSING');
      if (isFirst) return expect(code).toBe('REVISION_MISMATCH');
      // resharding writes it, too
      expect([undefined, 'REVISION_MISMATCH']).toContain(code);
      if (!code) objects.set(id, n);
    } else if (roll < 0.85) {
      expect(await notes.data.deleteById(id)).toBe(objects.delete(id));
    } else {
      const below = Math.floor(random() * 300);
      const { successful } = await notes.data.deleteMany((f) => f.and(f.byProperty('owner').equal(this.#name), f.byProperty('n').lessThan(below)));
      const gone = [...objects].filter(([, value]) => value < below).map(([each]) => each);
      expect(successful).toBe(gone.length);
      for (const each of gone) objects.delete(each);
    }
    return undefined;
  }
}

async function all(notes, options = {}) {
  for (;;) {
    const objects = new Map();
    try {
      for await (const { id, properties } of notes.iterator(options)) {
        expect(objects.has(id)).toBe(false);
        objects.set(id, properties.n);
      }
      return objects;
    } catch (error) {
      if (error.code !== 'RESHARDED') throw error;
    }
  }
}

/** One of the ways in which what nobody writes must always be found. */
async function read(notes, random) {
  const n = Math.floor(random() * STILL);
  const roll = random();
  if (roll < 0.2) expect((await notes.query.fetchObjectById(`still-${n}`)).properties.n).toBe(n);
  else if (roll < 0.4) expect((await notes.query.nearVector([n + 0.1, 0], { limit: 3 })).objects[0].id).toBe(`still-${n}`);
  else if (roll < 0.55) expect((await notes.query.bm25('odd', { limit: 1000 })).objects.length).toBe(STILL / 2);
  else if (roll < 0.7) expect((await notes.aggregate.overAll({ filters: ofStill, metrics: { n: ['sum', 'count'] } })).properties.n).toEqual({ count: STILL, sum: STILL * (STILL - 1) / 2 });
  else if (roll < 0.85) expect((await notes.query.fetchObjects({ sort: { property: 'n' }, filters: ofStill, limit: 20, offset: n })).objects.map(({ id }) => id)).toEqual(Array.from({ length: Math.min(20, STILL - n) }, (_, i) => `still-${n + i}`));
  else expect((await all(notes, { filters: ofStill })).size).toBe(STILL);
}

async function script(seed, store) {
  const random = randomOf(seed);
  let db = await open({ store });
  let notes = await db.collections.create(CONFIG);
  await notes.data.insertMany(Array.from({ length: STILL }, (_, n) => still(n)));
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`w${i}`, randomOf(seed * 100 + i)));
  let reads = 0;
  for (const count of COUNTS) {
    let isOver = false;
    const until = async (work) => {
      while (!isOver) {
        await work();
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
    const ender = new AbortController();
    const isGivenUp = random() < 0.3;
    const work = [
      ...writers.map((writer) => until(() => writer.write(notes))),
      until(() => read(notes, random).then(() => { reads++; })),
    ];
    work.forEach((each) => each.catch(() => { isOver = true; }));
    const resharding = (async () => {
      if (isGivenUp) {
        const error = await notes.config.reshard(count, { signal: ender.signal, onProgress: ({ done }) => { if (done > 100) ender.abort(); } }).catch(({ code }) => code);
        expect(error).toBe('ABORTED');
      }
      await notes.config.reshard(count);
      await new Promise((resolve) => setTimeout(resolve, 50));
    })();
    await resharding.finally(() => { isOver = true; });
    await Promise.all(work);
    expect((await notes.config.get()).sharding).toEqual({ count });
    if (random() < 0.5) {
      await db.close();
      db = await open({ store });
      notes = db.collections.use('Note');
    }
    const expected = new Map([...writers.flatMap(({ objects }) => [...objects]), ...Array.from({ length: STILL }, (_, n) => [`still-${n}`, n])]);
    expect(new Map([...await all(notes)].sort())).toEqual(new Map([...expected].sort()));
    expect(await notes.length()).toBe(expected.size);
  }
  const chunks = [];
  for await (const chunk of db.export()) chunks.push(chunk);
  const copy = await open({ store: memory(), from: chunks });
  expect(new Map([...await all(copy.collections.use('Note'))].sort())).toEqual(new Map([...await all(notes)].sort()));
  await copy.close();
  await db.close();
  return { writes: writers.reduce((sum, writer) => sum + writer.writes, 0), reads };
}

describe.each(Array.from({ length: SEEDS }, (_, i) => FIRST + i))('writers, readers and resharding, seed %d', (seed) => {
  it('in memory', async () => {
    const { writes, reads } = await script(seed, memory());
    expect(Math.min(writes, reads)).toBeGreaterThan(20);
  });

  it('in a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vectile-reshard-'));
    try {
      await script(seed + 1000, fs(folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
