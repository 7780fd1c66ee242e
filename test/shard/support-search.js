// For tests of the searches of a shard: objects with words, random tests of them, and what both must say.
import { expect } from 'vitest';
import { decodeManifest } from '../../ts/shard/manifest.js';
import { memory } from '../../ts/storage/memory.js';
import { integer, pick, random } from '../conformance/random.js';
import { keywordOracle } from '../search/support/bm25-oracle.js';
import { identity, openShard, put, remove } from './support.js';

export const properties = [
  { name: 'text', dataType: 'text', tokenization: 'word', filterable: true, searchable: true },
  { name: 'title', dataType: 'text', tokenization: 'word', filterable: true, searchable: true },
  { name: 'tags', dataType: 'text[]', tokenization: 'field', filterable: true, searchable: false },
  { name: 'n', dataType: 'int', filterable: true, searchable: false },
];
export const WORDS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
export const EVERYTHING = { kind: 'constant', value: true };

export const turn = () => new Promise((resolve) => setImmediate(resolve));
export const openSearched = (store, options = {}) => openShard(store, options.fields ?? [], { properties, ...options });

export const columnOf = (shard, key) => shard.columns({ keys: [key] }, (_, [column]) => column);

const wordsOf = (text) => (text ? text.split(' ') : []);

export function propertiesOf(next) {
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

export const request = (terms, more = {}) => ({
  fields: [{ properties: [{ name: 'text', weight: 1 }, { name: 'title', weight: 2 }], terms }],
  typoTolerance: 0, k: 10_000, operator: 'or', minimumMatch: 1, k1: 1.2, b: 0.75, explain: false, ...more,
});

/** Compares what the shard finds with the objects it should have: a Map of properties by id. */
export async function check(shard, objects, next, rounds = 4) {
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
export async function change(shard, objects, next, { writes = 1, ids = 40, changes = 4, isEach = undefined } = {}) {
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
export const slow = (store, turns = 1) => wrapped(store, (blobs) => {
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
export function watched(store, fail = () => {}) {
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

export const MANIFEST = 'shards/a/manifest';

export async function manifestOf(store) {
  const { blobs, close } = await store.open({ readOnly: true });
  const manifest = decodeManifest((await blobs.get(MANIFEST)).bytes, MANIFEST, identity);
  const files = (await blobs.list('shards/a/inverted-')).map(({ name }) => name);
  await close();
  return { manifest, files };
}

/** Changes blobs of a store that is closed. */
export async function alter(store, work) {
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
export async function spoilSections({ names, change }) {
  for (const name of await names('inverted-')) await change(name, (bytes) => { bytes.fill(255, bytes.length - 400); });
}

/** A closed store with these objects in a snapshot, in parts of these sizes, and no log. */
export async function filled(store, next, sizes, options = {}) {
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
