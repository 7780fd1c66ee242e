/**
 * Random scripts of calls against a plain oracle: a Map, and distances one by one. Whatever happens in between (closing, the end
 * of the process, a power cut), what was acknowledged is there, and what was under way is there whole or not at all.
 */
import { expect } from 'vitest';
import { integer, normal, pick, random } from '../conformance/random.js';
import { fs, memory, open, threads } from '../database/support.js';
import { SimulatedFiles } from '../storage/simulated-files.js';
import { checkSearches } from './support/searches.js';

const DIMENSIONS = 4;
const graph = { maxConnections: 8, efConstruction: 32 };
const field = (index, more = {}) => ({ dimensions: DIMENSIONS, metric: 'l2-squared', index, ...more });
/** Kinds of collections a script may have. */
const kinds = {
  hnsw: { default: field({ type: 'hnsw', ...graph }) },
  flat: { default: field({ type: 'flat' }) },
  dynamic: { default: field({ type: 'dynamic', threshold: 12, ...graph }) },
  sq8: { default: field({ type: 'hnsw', ...graph }, { quantizer: { type: 'sq8', trainingLimit: 15 } }) },
  external: { default: field({ type: 'hnsw', ...graph }, { quantizer: { type: 'rq8' }, fullVectors: 'external' }) },
  two: { default: field({ type: 'hnsw', ...graph }), second: field({ type: 'flat' }) },
};
export const kindNames = Object.keys(kinds);

/** What may happen between writes, as often as it is named. */
const otherNames = ['check', 'search', 'search', 'search', 'near', 'near', 'near2', 'fetch', 'conditions', 'snapshot', 'snapshot', 'compact', 'settings', 'restart', 'kill', 'powerCut', 'cutWrite', 'cutWrite', 'cutWrite', 'copy'];

/** A folder that threads write to cannot be copied as it is at one moment; that they end at any is what test/worker/kill.test.js does. */
const usualNames = otherNames.filter((name) => !threads || !['kill', 'powerCut', 'cutWrite'].includes(name));

/** Places a database can be, and what is left of them. `cut`: at the end of the process, or of the power. */
const places = {
  memory() {
    const at = (store) => ({ store, cut: () => at(store.fork()) });
    return at(memory());
  },
  files() {
    const at = (files) => ({ store: fs('/data', { files }), cut: (seed) => at(seed === undefined ? files.kill() : files.crash(seed)) });
    return at(new SimulatedFiles());
  },
};

/** One script; throws what is wrong. `tally` counts what was done. */
export async function runScript(seed, { place: placeName, steps, kind = undefined, others: chosen = usualNames, tally = {} }) {
  const next = random(seed);
  const vectors = kinds[kind ?? pick(next, kindNames)];
  const names = Object.keys(vectors);
  const isExact = names.every((name) => !vectors[name].quantizer);
  let place = places[placeName]();
  let db = await open({ store: place.store });
  let collection = await db.collections.create({ name: 'C', properties: [{ name: 'text', dataType: 'text' }, { name: 'n', dataType: 'int' }], vectors });
  let oracle = new Map();
  const count = (what) => { tally[what] = (tally[what] ?? 0) + 1; };

  const newVector = () => Float32Array.from({ length: DIMENSIONS }, () => (next() < 0.1 ? 1 : normal(next)));
  const newVectors = () => Object.fromEntries(names.filter(() => next() < 0.85).map((name) => [name, newVector()]));
  const newProperties = () => ({ text: `text ${integer(next, 0, 1000)}`, ...next() < 0.5 && { n: integer(next, -9, 9) } });
  const someId = () => `id ${integer(next, 0, 40)}`;
  const knownId = () => (oracle.size && next() < 0.9 ? pick(next, [...oracle.keys()]) : someId());

  const readAll = async () => {
    const found = new Map();
    for await (const { id, properties, vectors } of collection.iterator({ includeVector: true })) {
      expect(found.has(id), `${id} twice`).toBe(false);
      found.set(id, { properties, vectors });
    }
    return found;
  };
  const isSame = (found, wanted) => found.size === wanted.size && [...wanted].every(([id, object]) => JSON.stringify(plain(found.get(id))) === JSON.stringify(plain(object)));
  const checkAll = async () => {
    const found = await readAll();
    expect([...found.keys()].sort()).toEqual([...oracle.keys()].sort());
    for (const [id, object] of oracle) expect(plain(found.get(id)), id).toEqual(plain(object));
    expect(await collection.length()).toBe(oracle.size);
  };
  /** Words and numbers; so many filters. */
  const checkSearched = async (filters) => {
    const objects = [...oracle].map(([id, { properties }]) => ({ id, properties }));
    expect(await checkSearches(collection, objects, next, { number: 'n', filters, keywords: 1 })).toEqual([]);
  };
  const distance = (a, b) => a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0);
  const checkNear = async () => {
    const name = pick(next, names);
    const held = [...oracle].filter(([, { vectors }]) => vectors[name]);
    const query = held.length && next() < 0.5 ? pick(next, held)[1].vectors[name] : newVector();
    const limit = integer(next, 1, 8);
    const { objects } = await collection.query.nearVector(query, { limit, targetVector: name, returnMetadata: ['distance'] });
    const wanted = held.map(([, { vectors }]) => distance(query, vectors[name])).sort((a, b) => a - b).slice(0, limit);
    expect(objects.length).toBe(wanted.length);
    objects.forEach(({ id, metadata, properties }, i) => {
      expect(plain({ properties, vectors: {} })).toEqual(plain({ properties: oracle.get(id).properties, vectors: {} }));
      expect(Math.abs(metadata.distance - distance(query, oracle.get(id).vectors[name]))).toBeLessThan(0.02 + 0.02 * metadata.distance);
      if (isExact || i === 0) expect(metadata.distance - wanted[i]).toBeLessThan(isExact ? 1e-4 + 1e-4 * wanted[i] : 0.05 + 0.05 * wanted[i]);
    });
  };

  /** Writes: what to do, and what it makes of the oracle. */
  const writes = {
    async insert(state) {
      const id = someId();
      const object = { properties: newProperties(), vectors: newVectors() };
      const isTaken = state.has(id);
      if (!isTaken) state.set(id, object);
      return async () => {
        const error = await collection.data.insert({ id, properties: object.properties, vector: object.vectors }).catch((cause) => cause);
        if (isTaken) expect(error.code).toBe('OBJECT_EXISTS');
        else if (error !== id) throw error;
      };
    },
    async insertMany(state) {
      const objects = Array.from({ length: integer(next, 1, 20) }, () => ({ id: someId(), properties: newProperties(), vectors: newVectors() }));
      const distinct = [...new Map(objects.map((object) => [object.id, object])).values()]; // one record, so whole or not at all
      for (const { id, ...object } of distinct) state.set(id, object);
      return async () => {
        const { inserted, hasErrors } = await collection.data.insertMany(distinct.map(({ id, properties, vectors }) => ({ id, properties, vector: vectors })));
        expect([inserted, hasErrors]).toEqual([distinct.length, false]);
      };
    },
    async update(state) {
      const id = knownId();
      const old = state.get(id);
      const properties = next() < 0.3 ? { n: null } : newProperties();
      const vectors = next() < 0.4 ? newVectors() : undefined;
      if (old) {
        const merged = { ...old.properties, ...properties };
        for (const name of Object.keys(merged)) if (merged[name] === null) delete merged[name];
        state.set(id, { properties: merged, vectors: { ...old.vectors, ...vectors } });
      }
      return async () => {
        const error = await collection.data.update({ id, properties, ...vectors && { vector: vectors } }).catch((cause) => cause);
        if (!old) expect(error.code).toBe('OBJECT_MISSING');
        else if (error) throw error;
      };
    },
    async replace(state) {
      const id = knownId();
      const object = { properties: newProperties(), vectors: newVectors() };
      const isThere = state.has(id);
      if (isThere) state.set(id, object);
      return async () => {
        const error = await collection.data.replace({ id, properties: object.properties, vector: object.vectors }).catch((cause) => cause);
        if (!isThere) expect(error.code).toBe('OBJECT_MISSING');
        else if (error) throw error;
      };
    },
    async remove(state) {
      const id = knownId();
      const isThere = state.delete(id);
      return async () => expect(await collection.data.deleteById(id)).toBe(isThere);
    },
  };
  const writeNames = ['insert', 'insert', 'insertMany', 'update', 'update', 'replace', 'remove', 'remove'];

  const reopen = async () => {
    db = await open({ store: place.store });
    collection = db.collections.use('C');
  };
  const others = {
    check: checkAll,
    search: () => checkSearched(2),
    near: checkNear,
    near2: checkNear,
    async fetch() {
      const ids = Array.from({ length: 3 }, knownId);
      const { objects } = await collection.query.fetchObjectsByIds(ids);
      expect(objects.map(({ id, properties }) => [id, plain({ properties, vectors: {} })])).toEqual(
        ids.filter((id) => oracle.has(id)).map((id) => [id, plain({ properties: oracle.get(id).properties, vectors: {} })]),
      );
    },
    async conditions() {
      const id = knownId();
      const object = await collection.query.fetchObjectById(id, { returnMetadata: ['revision'] });
      expect(object !== null).toBe(oracle.has(id));
      if (!object) return;
      const error = await collection.data.update({ id, properties: { text: 'never' } }, { ifRevision: object.metadata.revision + 1 }).catch((cause) => cause);
      expect(error.code).toBe('REVISION_MISMATCH');
    },
    snapshot: () => db.snapshot(),
    compact: () => db.compact(),
    async settings() {
      const name = names[0];
      const [quantizer, fullVectors] = pick(next, [['f32', 'memory'], [{ type: 'sq8', trainingLimit: 10 }, 'memory'], ['rq8', 'external'], ['rq8', 'memory']]);
      if (isExact) return; // so that these stay exact
      await collection.config.update({ vectors: { [name]: { quantizer, fullVectors } } });
    },
    async restart() {
      await db.close();
      await reopen();
    },
    async kill() {
      const former = db;
      place = place.cut();
      await reopen();
      await former.close().catch(() => {});
      await checkAll();
      if (next() < 0.5) await checkSearched(1);
    },
    async powerCut() {
      const former = db;
      place = place.cut(integer(next, 0, 2 ** 31));
      await reopen();
      await former.close().catch(() => {});
      await checkAll();
    },
    /** The end while a write is under way. */
    async cutWrite() {
      const before = oracle;
      const after = new Map(oracle);
      const work = await writes[pick(next, writeNames)](after);
      const snapshot = next() < 0.3 ? db.snapshot().catch(() => {}) : undefined;
      let isDone = false;
      const writing = work().then(() => { isDone = true; });
      for (let turns = integer(next, 0, 40); turns > 0; turns--) await (turns % 16 ? Promise.resolve() : new Promise((resolve) => setImmediate(resolve)));
      const wasDone = isDone;
      const former = db;
      place = place.cut(next() < 0.5 ? undefined : integer(next, 0, 2 ** 31));
      await Promise.all([writing, snapshot]);
      await former.close().catch(() => {});
      await reopen();
      const found = await readAll();
      if (isSame(found, after)) {
        oracle = after;
        count('in flight, there');
      } else {
        expect(wasDone, 'an acknowledged write is gone').toBe(false);
        oracle = before;
        count('in flight, not there');
      }
      await checkAll();
      if (next() < 0.5) await checkSearched(1);
    },
    async copy() {
      const chunks = [];
      for await (const chunk of db.export()) chunks.push(chunk);
      await db.close();
      place = places[pick(next, Object.keys(places))]();
      db = await open({ store: place.store, from: chunks });
      collection = db.collections.use('C');
    },
  };

  try {
    for (let step = 0; step < steps; step++) {
      const isWrite = next() < 0.6;
      const name = pick(next, isWrite ? writeNames : chosen);
      count(name);
      if (isWrite) {
        await (await writes[name](oracle))();
      } else {
        await others[name]();
      }
    }
    await checkAll();
    await checkNear();
    await checkSearched(2);
  } catch (cause) {
    throw new Error(`seed ${seed} on ${placeName}: ${cause.message}`, { cause });
  } finally {
    await db.close().catch(() => {});
  }
}

/** As JSON compares it, with names in order. */
function plain(object) {
  if (!object) return object;
  const { properties, vectors } = object;
  return {
    properties: Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1))),
    vectors: Object.fromEntries(Object.entries(vectors).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => [name, [...values]])),
  };
}
