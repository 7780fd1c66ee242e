// The inverted index of a shard: in step with its objects whatever happens to them, and to its files.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VectileError } from '../../ts/errors.js';
import { open } from '../../ts/index.js';
import { SectionCache } from '../../ts/search/section-cache.js';
import { SlotSet } from '../../ts/search/slot-set.js';
import { decodeManifest, encodeManifest } from '../../ts/shard/manifest.js';
import { memory } from '../../ts/storage/memory.js';
import { integer, pick, random } from '../conformance/random.js';
import { keywordOracle } from '../search/support/bm25-oracle.js';
import { stores, temporaryFolder } from '../storage/stores.js';
import { errorOf } from '../support/engine.js';
import { field, identity, openShard, parse, put, remove } from './support.js';

const properties = [
  { name: 'text', dataType: 'text', tokenization: 'word', filterable: true, searchable: true },
  { name: 'title', dataType: 'text', tokenization: 'word', filterable: true, searchable: true },
  { name: 'tags', dataType: 'text[]', tokenization: 'field', filterable: true, searchable: false },
  { name: 'n', dataType: 'int', filterable: true, searchable: false },
];
const WORDS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const EVERYTHING = { kind: 'constant', value: true };

const turn = () => new Promise((resolve) => setImmediate(resolve));
const openSearched = (store, options = {}) => openShard(store, options.fields ?? [], { properties, ...options });

const columnOf = (shard, key) => shard.columns({ keys: [key] }, (_, [column]) => column);

const wordsOf = (text) => (text ? text.split(' ') : []);

function propertiesOf(next) {
  const some = (max) => Array.from({ length: integer(next, 0, max) }, () => pick(next, WORDS)).join(' ');
  return {
    ...next() < 0.9 && { text: some(12) }, ...next() < 0.5 && { title: some(3) },
    ...next() < 0.5 && { tags: Array.from({ length: integer(next, 0, 3) }, () => pick(next, WORDS)) }, ...next() < 0.7 && { n: integer(next, -5, 5) },
  };
}

// —— The oracle ————————————————————————————————————————————————————————————————————

const TESTS = {
  word: (value) => [{ kind: 'anyTerm', property: 'text', terms: [value] }, ({ text }) => wordsOf(text).includes(value)],
  words: (value) => [{ kind: 'allTerms', property: 'text', terms: [value, 'one'] }, ({ text }) => [value, 'one'].every((word) => wordsOf(text).includes(word))],
  tag: (value) => [{ kind: 'anyTerm', property: 'tags', terms: [value] }, ({ tags = [] }) => tags.includes(value)],
  after: (value) => [{ kind: 'termRange', property: 'title', from: value, isAboveFrom: true }, ({ title }) => wordsOf(title).some((word) => word > value)],
  like: (value) => [{ kind: 'like', property: 'text', pattern: `${value[0]}*` }, ({ text }) => wordsOf(text).some((word) => word.startsWith(value[0]))],
  number: (_, n) => [{ kind: 'anyNumber', key: 'value:n', numbers: [n] }, (object) => object.n === n],
  below: (_, to) => [{ kind: 'numberRange', key: 'value:n', to, isBelowTo: true }, ({ n }) => n < to],
  long: (_, n) => [{ kind: 'numberRange', key: 'length:text', from: n * 3 }, ({ text }) => text !== undefined && text.length >= n * 3],
  present: () => [{ kind: 'present', property: 'title' }, ({ title }) => title !== undefined],
};

function testOf(next, depth) {
  const choice = depth ? next() : 1;
  if (choice < 0.3) {
    const [node, test] = testOf(next, depth - 1);
    return [{ kind: 'not', node }, (object) => !test(object)];
  }
  if (choice < 0.7) {
    const kind = choice < 0.5 ? 'and' : 'or';
    const [[a, isA], [b, isB]] = [testOf(next, depth - 1), testOf(next, depth - 1)];
    return [{ kind, nodes: [a, b] }, kind === 'and' ? (object) => isA(object) && isB(object) : (object) => isA(object) || isB(object)];
  }
  return TESTS[pick(next, Object.keys(TESTS))](pick(next, WORDS), integer(next, -5, 6));
}

const request = (terms, more = {}) => ({
  fields: [{ properties: [{ name: 'text', weight: 1 }, { name: 'title', weight: 2 }], terms }],
  typoTolerance: 0, k: 10_000, operator: 'or', minimumMatch: 1, k1: 1.2, b: 0.75, explain: false, ...more,
});

/** Compares what the shard finds with the objects it should have: a Map of properties by id. */
async function check(shard, objects, next, rounds = 4) {
  const docs = [...objects].map(([id, properties]) => ({ slot: shard.slotOf(id), properties }));
  const slotsOf = (test) => docs.filter(({ properties }) => test(properties)).map(({ slot }) => slot).sort((a, b) => a - b);
  expect([...(await shard.columns({}, (slots) => slots)).toArray()], 'all').toEqual(slotsOf(() => true));
  for (let i = 0; i < rounds; i++) {
    const [node, test] = testOf(next, 2);
    expect([...(await shard.select(node)).toArray()], JSON.stringify(node)).toEqual(slotsOf(test));
    const terms = [...new Set([pick(next, WORDS), pick(next, WORDS), 'nowhere'])];
    const [filter, allows] = testOf(next, 1);
    const isFiltered = next() < 0.5;
    const k = next() < 0.5 ? 10_000 : integer(next, 1, 6);
    const { slots, scores } = await shard.keyword(request(terms, { k, ...isFiltered && { filter } }));
    const allowed = new Set(slotsOf(allows));
    const fields = [{ properties: request([]).fields[0].properties, groups: terms.map((term) => [{ term, boost: 1 }]) }];
    const tokens = docs.map(({ slot, properties: { text, title } }) => ({ slot, properties: { text: wordsOf(text), title: wordsOf(title) } }));
    const wanted = docs.length ? keywordOracle(tokens, fields, isFiltered ? { allows: (slot) => allowed.has(slot) } : {}).slice(0, k) : [];
    expect(scores.length, `bm25 ${terms}`).toBe(wanted.length);
    scores.forEach((score, j) => expect(score, `bm25 ${terms}`).toBeCloseTo(wanted[j].score, 9));
    // of scores that differ by rounding only, any may come first
    if (k === 10_000) expect([...slots].sort((a, b) => a - b)).toEqual(wanted.map(({ slot }) => slot).sort((a, b) => a - b));
  }
  const column = await columnOf(shard, 'value:n');
  for (const { slot, properties: { n } } of docs) expect(column[slot], `n of ${slot}`).toBe(n ?? NaN);
  const counted = [...column].filter((n) => n === n).length;
  expect(counted).toBe(docs.filter(({ properties: { n } }) => n !== undefined).length);
}

/** So many random writes, each of some changes; noted in `objects`. */
async function change(shard, objects, next, { writes = 1, ids = 40, changes = 4, isEach = undefined } = {}) {
  for (let i = 0; i < writes; i++) {
    const all = new Map();
    for (let j = integer(next, 1, changes + 1); j > 0; j--) {
      const id = `id ${integer(next, 0, ids)}`;
      all.set(id, next() < 0.3 ? undefined : propertiesOf(next));
    }
    await shard.write([...all].map(([id, properties]) => (properties ? put(id, properties) : remove(id))), 'flush');
    for (const [id, properties] of all) properties ? objects.set(id, properties) : objects.delete(id);
    await isEach?.();
  }
}

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

// —— Stores ————————————————————————————————————————————————————————————————————————

/** The store with its blobs changed by `wrap`, which returns what is different. */
const wrapped = (store, wrap) => ({
  ...store, open: async (options) => {
    const opened = await store.open(options);
    Object.assign(opened.blobs, wrap(opened.blobs));
    return opened;
  },
});

/** Where reading takes time. */
const slow = (store, turns = 1) => wrapped(store, (blobs) => {
  const read = blobs.getRange.bind(blobs);
  return {
    getRangeSync: undefined,
    getRange: async (...given) => {
      for (let i = 0; i < turns; i++) await turn();
      return read(...given);
    },
  };
});

/** Notes the names of blobs that are read; `fail(name)` may throw. */
function watched(store, fail = () => {}) {
  const reads = [];
  const note = (name) => {
    reads.push(name);
    fail(name);
  };
  const watching = wrapped(store, (blobs) => {
    const [read, readSync] = [blobs.getRange.bind(blobs), blobs.getRangeSync?.bind(blobs)];
    return {
      getRange: async (name, ...given) => { note(name); return read(name, ...given); },
      ...readSync && { getRangeSync: (name, ...given) => { note(name); return readSync(name, ...given); } },
    };
  });
  return { store: watching, reads, of: (kind) => reads.filter((name) => name.includes(`/${kind}-`)).length };
}

const MANIFEST = 'shards/a/manifest';

async function manifestOf(store) {
  const { blobs, close } = await store.open({ readOnly: true });
  const manifest = decodeManifest((await blobs.get(MANIFEST)).bytes, MANIFEST, identity);
  const files = (await blobs.list('shards/a/inverted-')).map(({ name }) => name);
  await close();
  return { manifest, files };
}

/** Changes blobs of a store that is closed. */
async function alter(store, work) {
  const opened = await store.open({ readOnly: false });
  const { blobs } = opened;
  await work({
    blobs,
    names: async (kind) => (await blobs.list(`shards/a/${kind}`)).map(({ name }) => name),
    change: async (name, edit) => {
      const { bytes } = await blobs.get(name);
      await blobs.put(name, [edit(bytes) ?? bytes]);
    },
  });
  await opened.close();
}

/** Heads stay sound, so that it opens, and meets the damage when it is asked. */
async function spoilSections({ names, change }) {
  for (const name of await names('inverted-')) await change(name, (bytes) => { bytes.fill(255, bytes.length - 400); });
}

/** A closed store with these objects in a snapshot, in parts of these sizes, and no log. */
async function filled(store, next, sizes, options = {}) {
  const objects = new Map();
  const { shard, close } = await openSearched(store, options);
  for (const [i, size] of sizes.entries()) {
    const all = Array.from({ length: size }, (_, j) => [`id ${i * 1000 + j}`, propertiesOf(next)]);
    for (const [id, properties] of all) objects.set(id, properties);
    await shard.write(all.map(([id, properties]) => put(id, properties, options.fields ? { 0: [1, 2, 3, 4] } : {})));
    await shard.select(EVERYTHING); // what is asked is sealed
  }
  await shard.snapshot();
  await close();
  return objects;
}

// —— Tests —————————————————————————————————————————————————————————————————————————

describe.each(Object.entries(stores))('searches of a shard on %s', (_, { make, fork }) => {
  it('find what was written once it is acknowledged, and not what was before, in slots that are reused, too', async () => {
    const next = random(1);
    const { shard, close } = await openSearched(make());
    const objects = new Map();
    await change(shard, objects, next, { writes: 150, isEach: () => check(shard, objects, next, 1) });
    // all slots were another's
    await shard.write([...objects.keys()].map((id) => remove(id)));
    objects.clear();
    await check(shard, objects, next);
    for (let i = 0; i < 50; i++) objects.set(`another ${i}`, propertiesOf(next));
    await shard.write([...objects].map(([id, properties]) => put(id, properties)));
    expect(Math.max(...(await shard.columns({}, (slots) => slots)).toArray())).toBeLessThan(50);
    await check(shard, objects, next);
    await close();
  });

  it('open from a snapshot without reading objects, and with what the log has after it', async () => {
    const next = random(2);
    const place = make();
    const objects = await filled(place, next, [200, 50, 30]);
    const { store, of } = watched(place);
    let { shard, close } = await openSearched(store);
    expect(of('inverted')).toBeGreaterThan(0);
    await check(shard, objects, next);
    expect(of('objects')).toBe(0);
    await change(shard, objects, next, { writes: 20 });
    const crashed = fork(place);
    await check(shard, objects, next);
    await close();
    ({ shard, close } = await openSearched(crashed));
    await check(shard, objects, next);
    await change(shard, objects, next, { writes: 20 });
    await check(shard, objects, next);
    await close();
    const later = watched(crashed);
    ({ shard, close } = await openSearched(later.store));
    await check(shard, objects, next);
    expect(later.of('objects')).toBe(0);
    await close();
  });

  it('open from the log alone', async () => {
    const next = random(3);
    const store = make();
    const { shard, close } = await openSearched(store);
    const objects = new Map();
    await change(shard, objects, next, { writes: 60 });
    const crashed = fork(store);
    await close();
    const again = await openSearched(crashed);
    expect(await manifestOf(crashed).catch(() => undefined)).toBe(undefined);
    await check(again.shard, objects, next);
    await again.close();
  });

  it('go through many snapshots and merges, after which no file is left that is not named', async () => {
    const next = random(4);
    const store = make();
    let { shard, close } = await openSearched(store);
    const objects = new Map();
    const seen = new Set();
    let most = 0;
    const isEach = async () => {
      await check(shard, objects, next, 1);
      await turn(); // of what is merged in the background
    };
    for (let round = 0; round < 30; round++) {
      await change(shard, objects, next, { writes: 4, ids: 300, changes: 30, isEach });
      await (round % 7 ? shard.snapshot() : shard.compact());
      const { manifest, files } = await manifestOf(store);
      expect(files.sort()).toEqual(manifest.inverted.map(({ name }) => name).sort());
      for (const name of files) seen.add(name);
      most = Math.max(most, files.length);
      if (round % 5) continue;
      await close();
      ({ shard, close } = await openSearched(store));
      await check(shard, objects, next, 2);
    }
    await close();
    const { files } = await manifestOf(store);
    expect(most).toBeGreaterThan(3);
    expect(most).toBeLessThan(40);
    expect(seen.size).toBeGreaterThan(files.length + 30);
  });

  it('follow a writer, beside which they read', async () => {
    const next = random(5);
    const store = make();
    const { shard, close } = await openSearched(store);
    const objects = new Map();
    await change(shard, objects, next, { writes: 5 });
    const reader = await openSearched(store, { readOnly: true });
    for (let round = 0; round < 30; round++) {
      await change(shard, objects, next, { writes: 3, ids: 100 });
      if (round % 3 === 1) await shard.snapshot();
      if (round % 6 === 5) await shard.compact();
      await reader.shard.refresh();
      await check(reader.shard, objects, next, 2);
    }
    await reader.close();
    await close();
  });
});

describe('files of the inverted index', () => {
  it('are built anew if a byte of them is another, whichever', { timeout: 120_000 }, async () => {
    const next = random(6);
    const place = memory();
    const objects = await filled(place, next, [12, 5]);
    let rebuilt = 0;
    let bytesInAll = 0;
    const names = (await manifestOf(place)).files;
    expect(names).toHaveLength(2);
    for (const name of names) {
      let size;
      await alter(place, ({ change }) => change(name, (bytes) => { size = bytes.length; }));
      bytesInAll += size;
      for (let at = 0; at < size; at++) {
        const damaged = place.fork();
        await alter(damaged, ({ change }) => change(name, (bytes) => { bytes[at] ^= 1 << integer(next, 0, 8); }));
        const { store, of } = watched(damaged);
        const { shard, close } = await openSearched(store);
        try {
          await check(shard, objects, next, 1);
          for (const property of ['text', 'title', 'tags', 'n']) {
            const wanted = [...objects].filter(([, object]) => property in object).map(([id]) => shard.slotOf(id));
            expect([...(await shard.select({ kind: 'present', property })).toArray()]).toEqual(wanted.sort((a, b) => a - b));
          }
          for (const key of ['created', 'updated', 'length:tags', 'length:title']) await columnOf(shard, key);
        } catch (cause) {
          throw new Error(`${name}, byte ${at}: ${cause.message}`, { cause });
        }
        if (of('objects')) rebuilt++;
        await close();
      }
    }
    // padding, and sections that were not asked for, do no harm
    expect(rebuilt).toBeGreaterThan(bytesInAll / 2);
  });

  it('are built anew if they are short, long, missing, or of another format', async () => {
    const next = random(7);
    const place = memory();
    const objects = await filled(place, next, [30, 9]);
    const [first, second] = (await manifestOf(place)).files;
    const cases = {
      'half of it': ({ change }) => change(first, (bytes) => bytes.subarray(0, bytes.length >> 1)),
      'empty': ({ change }) => change(first, () => new Uint8Array(0)),
      'longer': ({ change }) => change(first, (bytes) => Uint8Array.from([...bytes, 0, 0, 0, 0])),
      'missing': ({ blobs }) => blobs.delete(second),
      'of another part': async ({ blobs, change }) => { const { bytes } = await blobs.get(first); await change(second, () => bytes); },
      'zeros': ({ change }) => change(second, (bytes) => { bytes.fill(0); }),
    };
    for (const [what, work] of Object.entries(cases)) {
      const copy = place.fork();
      await alter(copy, work);
      const damaged = await openSearched(copy.fork());
      await check(damaged.shard, objects, next, 1).catch((cause) => { throw new Error(`${what}: ${cause.message}`, { cause }); });
      await damaged.close();
      // the next snapshot has sound ones
      let { shard, close } = await openSearched(copy);
      await shard.snapshot();
      await close();
      const { store, of } = watched(copy);
      ({ shard, close } = await openSearched(store));
      await check(shard, objects, next);
      expect(of('objects'), what).toBe(0);
      await close();
    }
  });

  it('are made of objects where a snapshot was written without', async () => {
    const next = random(8);
    const place = memory();
    const objects = await filled(place, next, [30, 9]);
    await alter(place, async ({ blobs, names }) => {
      const { manifest: { inverted, ...manifest } } = await manifestOf(place);
      expect(inverted).toHaveLength(2);
      await blobs.put(MANIFEST, [encodeManifest(manifest)]);
      for (const name of await names('inverted-')) await blobs.delete(name);
    });
    const { store, of } = watched(place);
    let { shard, close } = await openSearched(store);
    expect(of('objects')).toBeGreaterThan(0);
    await check(shard, objects, next);
    await shard.write([put('one more', { text: 'one' })]);
    objects.set('one more', { text: 'one' });
    await check(shard, objects, next);
    await close();
    const later = watched(place);
    ({ shard, close } = await openSearched(later.store));
    await check(shard, objects, next);
    expect(later.of('objects')).toBe(0);
    await close();
  });

  it('are there, or made of the objects, in a database of format 1', async () => {
    const folder = join(temporaryFolder(), 'database');
    cpSync(fileURLToPath(new URL('../golden-database/1/database', import.meta.url)), folder, { recursive: true });
    for (const readOnly of [true, false, false]) {
      const db = await open(folder, { readOnly });
      const things = db.collections.use('Thing');
      const { properties: schema } = await things.config.get();
      let count = 0;
      for (const { name } of schema.filter(({ dataType }) => !/^(blob|object)/.test(dataType))) {
        const wanted = [];
        for await (const { id, properties } of things.iterator()) if (properties[name] !== undefined) wanted.push(id);
        const { objects } = await things.query.fetchObjects({ filters: { operator: 'IsNull', property: name, value: false }, limit: 10_000 });
        expect(objects.map(({ id }) => id).sort(), name).toEqual(wanted.sort());
        count += wanted.length;
      }
      expect(count).toBeGreaterThan(0);
      await db.close();
    }
  });

  it('that cannot be read for once are asked again', async () => {
    const next = random(9);
    const place = memory();
    const objects = await filled(place, next, [30, 9]);
    let isFailing = false;
    const { store, of } = watched(place, (name) => {
      if (isFailing && name.includes('/inverted-')) throw new VectileError('STORAGE_FAILED', `${name}: expected to be read, got EIO`);
    });
    const { shard, close } = await openSearched(store);
    isFailing = true;
    expect((await errorOf(async () => shard.select({ kind: 'present', property: 'n' })))?.code).toBe('STORAGE_FAILED');
    expect((await errorOf(async () => shard.keyword(request(['one']))))?.code).toBe('STORAGE_FAILED');
    expect((await errorOf(async () => columnOf(shard, 'value:n')))?.code).toBe('STORAGE_FAILED');
    isFailing = false;
    await check(shard, objects, next);
    expect(of('objects')).toBe(0);
    await close();
  });
});

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
