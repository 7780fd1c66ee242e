// A collection of several shards against the same of one: every answer is the same, scores and distances to the last bit. What is equal
// by the measure of an answer may come in another order, and others of it where a page ends among them. SEED=n repeats a run.
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { integer, pick, random } from '../conformance/random.js';
import { seeds } from '../support/engine.js';
import { CONFIG, awaited, phrase, randomFilter, randomProperties, vectorOf } from './random-tickets.js';
import { errorOf, memory, open } from './support.js';

const COUNTS = [1, 2, 3, 8];
const ALL = 10_000;
const WORDS = ['parcel', 'refund', 'late', 'card', 'payment', 'paying', 'paid', 'lost'];
/** Properties whose values have an order, and whose order needs which of columns, ids and objects. */
const ORDERED = ['title', 'status', 'price', 'rate', 'hidden', 'paid', 'opened', 'seen', 'scores', 'notes', 'ref'];

/** `body` has as many words as no other object: no two have the same score by it. `angle` is there so that there are two vectors. */
const config = (count) => ({
  ...CONFIG, name: `Tickets${count}`, sharding: { count },
  properties: [...CONFIG.properties, { name: 'body', dataType: 'text', stemming: 'english' }],
  vectors: { ...CONFIG.vectors, angle: { dimensions: 3, metric: 'cosine', index: { type: 'flat' } } },
});

/** As toEqual, but fast where they are. */
function expectEqual(found, expected, message) {
  if (isDeepStrictEqual(found, expected)) return;
  expect(found, message).toEqual(expected);
  throw new Error(`${message}: expected the very same`);
}

const codeOf = async (work) => (await errorOf(work))?.code;

class Sharded {
  /** By number of shards. */
  tickets = new Map();
  ids = new Set();
  #time = 0;
  #store;
  #isAwaited;

  constructor(seed) {
    this.next = random(seed);
    this.#store = memory();
    this.#isAwaited = seed % 2 === 0;
  }

  async open(from) {
    // with every other seed nothing of the inverted index stays in memory, and it must be waited for
    const options = { store: this.#isAwaited ? awaited(this.#store) : this.#store, now: () => this.#time, ...this.#isAwaited && { invertedBytesMax: 0 } };
    this.db = await open({ ...options, ...from && { from } });
    for (const count of COUNTS) {
      const { name } = config(count);
      this.tickets.set(count, (await this.db.collections.exists(name)) ? this.db.collections.use(name) : await this.db.collections.create(config(count)));
    }
  }

  /** Restarted, maybe from a snapshot, or from an export. */
  async reopen() {
    if (this.next() < 0.5) await this.db.snapshot();
    if (this.next() < 0.3) await this.db.compact();
    if (this.next() < 0.6) {
      await this.db.close();
      return this.open();
    }
    const chunks = [];
    for await (const chunk of this.db.export()) chunks.push(chunk);
    await this.db.close();
    this.#store = memory();
    await this.open(chunks);
    for (const [count, tickets] of this.tickets) expect((await tickets.config.get()).sharding).toEqual({ count });
  }

  /** What a call says of one shard, which the others must say, too. At one time: they must not be told apart by it. */
  async same(call) {
    this.#time++;
    const one = await call(this.tickets.get(1));
    for (const count of COUNTS.slice(1)) expectEqual(await call(this.tickets.get(count)), one, `of ${count} shards`);
    return one;
  }

  object(id) {
    const { next } = this;
    const number = Number(id.match(/\d+/)[0]);
    const body = Array.from({ length: 1 + number }, () => pick(next, WORDS)).join(' ');
    const vector = { ...next() < 0.9 && { default: vectorOf(next) }, ...next() < 0.7 && { angle: vectorOf(next).subarray(1) } };
    return { id, properties: { ...randomProperties(next), ...next() < 0.9 && { body }, ...next() < 0.7 && { place: { latitude: 8 + 4 * next(), longitude: 3 + 4 * next() } } }, vector };
  }

  randomId() {
    const number = integer(this.next, 0, 250);
    return number % 3 ? `id-${number}` : `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`;
  }

  async write() {
    const { next, ids } = this;
    const roll = next();
    const id = next() < 0.8 && ids.size ? pick(next, [...ids]) : this.randomId();
    if (roll < 0.5) {
      const batch = Array.from({ length: integer(next, 1, 60) }, () => this.object(this.randomId()));
      const options = { batchSize: pick(next, [1, 7, 128]) };
      await this.same(async (tickets) => {
        const { errors, ids: written, inserted } = await tickets.data.insertMany(batch, options);
        return { errors, written, inserted };
      });
      for (const object of batch) ids.add(object.id);
    } else if (roll < 0.6) {
      const object = this.object(id);
      expect(await this.same((tickets) => codeOf(() => tickets.data.insert(object)))).toBe(ids.has(id) ? 'OBJECT_EXISTS' : undefined);
      ids.add(id);
    } else if (roll < 0.8) {
      const object = this.object(id);
      const call = pick(next, ['update', 'replace']);
      const isConditional = next() < 0.5;
      const wrong = pick(next, [undefined, undefined, 0, 1e9]);
      const code = await this.same(async (tickets) => {
        const found = await tickets.query.fetchObjectById(id, { returnMetadata: ['revision'] });
        const options = { ...isConditional && { ifRevision: found?.metadata.revision ?? 5 }, ...wrong !== undefined && { ifRevision: wrong } };
        return codeOf(() => tickets.data[call](object, options));
      });
      expect(code).toBe(!ids.has(id) ? 'OBJECT_MISSING' : wrong !== undefined ? 'REVISION_MISMATCH' : undefined);
    } else if (roll < 0.88) {
      expect(await this.same((tickets) => tickets.data.deleteById(id))).toBe(ids.delete(id));
    } else {
      const other = this.randomId();
      const { filters = (f) => f.byId().containsAny([id, other]) } = randomFilter(next);
      const some = (f) => f.and(typeof filters === 'function' ? filters(f) : filters, f.byProperty('price').greaterThan(5));
      const options = { verbose: true, dryRun: next() < 0.3 };
      const { objects, dryRun } = await this.same(async (tickets) => {
        const result = await tickets.data.deleteMany(some, options);
        return { ...result, objects: result.objects.sort((a, b) => (a.id < b.id ? -1 : 1)) };
      });
      if (!dryRun) for (const { id: deleted } of objects) ids.delete(deleted);
    }
  }

  /** Page by page, hits of one shard and of each other. `measure`: what they are ranked by. */
  async sameHits(ask, options, measure) {
    const page = { limit: integer(this.next, 1, 60), ...this.next() < 0.3 && { offset: integer(this.next, 0, 20) }, ...this.next() < 0.3 && !options.isRanked && { autoLimit: integer(this.next, 1, 4) } };
    const { isRanked: _, ...asked } = options;
    const one = this.tickets.get(1);
    const all = new Map((await ask(one, { ...asked, limit: ALL })).objects.map((hit) => [hit.id, hit]));
    const expected = (await ask(one, { ...asked, ...page })).objects.map(measure);
    for (const count of COUNTS.slice(1)) {
      for (const [more, measures] of [[{ limit: ALL }, [...all.values()].map(measure)], [page, expected]]) {
        const { objects } = await ask(this.tickets.get(count), { ...asked, ...more });
        expectEqual(objects.map(measure), measures, `of ${count} shards`);
        expect(new Set(objects.map(({ id }) => id)).size).toBe(objects.length);
        for (const hit of objects) expectEqual(hit, all.get(hit.id), `${hit.id} of ${count} shards`);
      }
    }
    return [...all.values()];
  }

  close() { return this.db.close(); }
}

const METADATA = ['creationTime', 'updateTime'];
const scoreOf = ({ metadata }) => metadata.score;
const distanceOf = ({ metadata }) => metadata.distance;
const hasTies = (hits, measure) => new Set(hits.map(measure)).size < hits.length;

function randomWords(next) {
  return {
    ...next() < 0.7 && { queryProperties: [...new Set([pick(next, ['title', 'title^3', 'body', 'body^0.5']), pick(next, ['text', 'text^2.5']), 'notes'])] },
    ...pick(next, [{}, { operator: 'and' }, { minimumMatch: 2 }]), ...next() < 0.4 && { typoTolerance: pick(next, [1, 2, 'auto']) },
  };
}

const filtersOf = (next) => {
  const part = pick(next, ['ar', 'e', 'fu']);
  const { filters } = next() < 0.5 ? randomFilter(next) : {
    filters: pick(next, [
      (f) => f.byProperty('title').like(`*${part}*`), (f) => f.byProperty('body').equal('payment'), (f) => f.byId().notEqual('id-7'), (f) => f.byProperty('place').withinGeoRange({ latitude: 10, longitude: 5, distance: 200_000 }), (f) => f.byPropertyLength('title').greaterThan(part.length * 8),
      (f) => f.byProperty('ref').notEqual('00000001-0000-4000-8000-000000000000'), (f) => f.byProperty('scores').containsAny([1, 3]), (f) => f.byCreationTime().greaterThan(new Date(20)),
      (f) => f.or(f.byProperty('notes').containsAll(['parcel', 'refund']), f.not(f.byProperty('rate').isNull(true))), (f) => f.byUpdateTime().lessOrEqual(new Date(30)),
      (f) => f.byId().containsAny(Array.from({ length: 30 }, (_, i) => `id-${i * 5}`)),
    ]),
  };
  return filters && { filters };
};

const randomMetrics = (next) => ({ ...pick(next, [{}, { price: true, rate: true, paid: true, opened: true }, { hidden: true }]), ...pick(next, [{}, { price: ['mean', 'mode'] }, { title: { topOccurrences: 3 }, scores: true, seen: true, notes: true, ref: true }]) });

const QUESTIONS = {
  async bm25(t) {
    const { next } = t;
    const text = phrase(next, 5);
    const options = { ...randomWords(next), ...filtersOf(next), returnMetadata: ['score', 'explainScore', ...METADATA], includeVector: next() < 0.2 };
    await t.sameHits((tickets, more) => tickets.query.bm25(text, { ...options, ...more }), {}, scoreOf);
  },

  async near(t) {
    const { next } = t;
    const target = pick(next, ['default', 'angle']);
    const vector = target === 'default' ? vectorOf(next) : vectorOf(next).subarray(1);
    const options = {
      ...pick(next, [{}, { distance: next() * 2 }, target === 'angle' ? { certainty: next() } : {}]), ...filtersOf(next), targetVector: target,
      returnMetadata: ['distance', 'certainty', ...METADATA], returnProperties: ['title', 'opened'],
    };
    await t.sameHits((tickets, more) => tickets.query.nearVector(vector, { ...options, ...more }), {}, distanceOf);
  },

  async nearObject(t) {
    const id = pick(t.next, [...t.ids, 'gone']);
    await t.same(async (tickets) => tickets.query.nearObject(id, { targetVector: 'default', limit: 20, returnMetadata: ['distance'] }).catch(({ code }) => code));
  },

  async diversity(t) {
    const { next } = t;
    const vector = vectorOf(next);
    const options = { targetVector: 'default', diversity: { balance: next(), candidates: integer(next, 20, 100) }, limit: integer(next, 1, 20), ...filtersOf(next), returnMetadata: ['distance'] };
    await t.same((tickets) => tickets.query.nearVector(vector, options));
  },

  /** Both of its searches find what has scores and distances of its own: ties have no rank that could be compared. */
  async hybrid(t) {
    const { next } = t;
    const text = [pick(next, WORDS), pick(next, WORDS)].join(' ');
    const words = { queryProperties: ['body'], ...pick(next, [{}, { operator: 'and' }, { typoTolerance: 1 }]), ...filtersOf(next) };
    if (hasTies((await t.tickets.get(1).query.bm25(text, { ...words, limit: ALL, returnMetadata: ['score'] })).objects, scoreOf)) return 'tied';
    const vector = vectorOf(next);
    const options = {
      ...words, alpha: pick(next, [0, 0.25, 0.75, 1, next()]), vector: { default: vector }, ...next() < 0.3 && { maxVectorDistance: next() * 3 },
      fusionType: pick(next, ['relativeScore', 'ranked']), returnMetadata: ['score', 'distance', 'explainScore', ...METADATA],
    };
    const page = { limit: integer(next, 1, 150), offset: integer(next, 0, 20), ...options.fusionType === 'relativeScore' && next() < 0.3 && { autoLimit: integer(next, 1, 4) } };
    return t.same((tickets) => tickets.query.hybrid(text, { ...options, ...page }));
  },

  /** Ties are equal in what they give to a score where all hits count. */
  async hybridOfTies(t) {
    const { next } = t;
    const text = phrase(next, 4);
    const vector = vectorOf(next);
    const options = { ...randomWords(next), ...filtersOf(next), alpha: next(), vector: { default: vector }, returnMetadata: ['score', 'distance', ...METADATA] };
    const { objects: all } = await t.tickets.get(1).query.hybrid(text, { ...options, limit: ALL });
    for (const count of COUNTS.slice(1)) {
      const { objects } = await t.tickets.get(count).query.hybrid(text, { ...options, limit: ALL });
      expectEqual(objects.map(scoreOf), all.map(scoreOf), `of ${count} shards`);
      expectEqual(byId(objects), byId(all), `of ${count} shards`);
    }
  },

  async groupBy(t) {
    const { next } = t;
    const property = pick(next, ORDERED);
    const options = { groupBy: { property, numberOfGroups: integer(next, 1, 5), objectsPerGroup: integer(next, 1, 5) }, limit: integer(next, 1, 100), ...filtersOf(next) };
    const vector = vectorOf(next);
    await t.same((tickets) => tickets.query.nearVector(vector, { ...options, targetVector: 'default', returnMetadata: ['distance'] }));
    const text = pick(next, WORDS);
    const words = { ...options, queryProperties: ['body'], returnMetadata: ['score'] };
    const { groupBy: _, ...plain } = words;
    if (hasTies((await t.tickets.get(1).query.bm25(text, { ...plain, limit: ALL })).objects, scoreOf)) return 'tied';
    return t.same((tickets) => tickets.query.bm25(text, words));
  },

  async aggregates(t) {
    const { next } = t;
    const options = { ...filtersOf(next), metrics: randomMetrics(next) };
    await t.same((tickets) => tickets.aggregate.overAll(options));
    const groupBy = { property: pick(next, ORDERED), limit: integer(next, 1, 10) };
    await t.same((tickets) => tickets.aggregate.groupBy(groupBy, options));
    const vector = vectorOf(next);
    const near = { ...options, targetVector: 'default', ...pick(next, [{ objectLimit: integer(next, 1, 50) }, { distance: next() * 3 }]), ...next() < 0.5 && { groupBy } };
    await t.same((tickets) => tickets.aggregate.nearVector(vector, near));
    const hybrid = { ...options, queryProperties: ['body'], vector: { default: vector }, objectLimit: ALL, ...next() < 0.5 && { groupBy } };
    const word = pick(next, WORDS);
    await t.same((tickets) => tickets.aggregate.hybrid(word, hybrid).then((result) => result, ({ code }) => code));
  },

  async sorts(t) {
    const { next } = t;
    const keys = Array.from({ length: integer(next, 1, 4) }, () => ({
      ...pick(next, [...ORDERED.map((property) => ({ property })), { target: 'creationTime' }, { target: 'updateTime' }, { target: 'id' }]), order: pick(next, ['asc', 'desc']),
    }));
    const filters = filtersOf(next) ?? {};
    const valuesOf = ({ id, properties, metadata }) => JSON.stringify(keys.map(({ property, target }) => (property ? properties[property] ?? null : target === 'id' ? id : metadata[target])));
    const asked = { sort: keys, ...filters, returnMetadata: METADATA };
    const { objects: one } = await t.tickets.get(1).query.fetchObjects({ ...asked, limit: ALL });
    for (const count of COUNTS.slice(1)) {
      const { query } = t.tickets.get(count);
      const { objects: all } = await query.fetchObjects({ ...asked, limit: ALL });
      expectEqual(all.map(valuesOf), one.map(valuesOf), `of ${count} shards`);
      expectEqual(byId(all), byId(one), `of ${count} shards`);
      if (keys.some(({ target }) => target === 'id')) expectEqual(all, one, `of ${count} shards`);
      await expectPages(next, all, (page) => query.fetchObjects({ ...asked, ...page }));
    }
  },

  async pages(t) {
    const { next } = t;
    const filters = filtersOf(next) ?? {};
    const { objects: one } = await t.tickets.get(1).query.fetchObjects({ ...filters, limit: ALL });
    for (const count of COUNTS.slice(1)) {
      const tickets = t.tickets.get(count);
      const { objects: all } = await tickets.query.fetchObjects({ ...filters, limit: ALL });
      expectEqual(byId(all), byId(one), `of ${count} shards`);
      await expectPages(next, all, (page) => tickets.query.fetchObjects({ ...filters, ...page }));
      const after = all.length && next() < 0.5 ? pick(next, all).id : undefined;
      const iterated = [];
      for await (const object of tickets.iterator({ ...filters, ...after !== undefined && { after } })) iterated.push(object);
      expectEqual(iterated, after === undefined ? all : all.slice(all.findIndex(({ id }) => id === after) + 1), `the iterator of ${count} shards`);
    }
  },

  async byId(t) {
    const some = Array.from({ length: 20 }, () => t.randomId());
    await t.same((tickets) => tickets.query.fetchObjectsByIds(some, { includeVector: true, returnMetadata: METADATA }));
    await t.same(async (tickets) => [await tickets.length(), await tickets.data.exists(some[0]), await tickets.query.fetchObjectById(some[1])]);
    expect(await t.tickets.get(8).length()).toBe(t.ids.size);
  },
};

const byId = (objects) => [...objects].sort((a, b) => (a.id < b.id ? -1 : 1));

/** Pages by `after` and by `offset` are pieces of the whole. */
async function expectPages(next, all, ask) {
  const limit = integer(next, 15, 80);
  const paged = [];
  for (let page = await ask({ limit }); page.objects.length; page = await ask({ limit, after: page.objects.at(-1).id })) paged.push(...page.objects);
  expectEqual(paged, all, 'pages by after');
  const offset = integer(next, 0, all.length + 2);
  expectEqual((await ask({ limit, offset })).objects, all.slice(offset, offset + limit), 'a page by offset');
}

describe('several shards', () => {
  it.each(seeds(1, 4))('give what one gives, seed %i', async (seed) => {
    const t = new Sharded(seed);
    await t.open();
    const asked = {};
    let tied = 0;
    try {
      for (let round = 0; round < 6; round++) {
        for (let writes = integer(t.next, 1, 12); writes > 0; writes--) await t.write();
        if (round && t.next() < 0.6) await t.reopen();
        for (const [name, ask] of Object.entries(QUESTIONS)) {
          asked[name] = (asked[name] ?? 0) + 1;
          if (await ask(t) === 'tied') tied++;
        }
      }
    } finally {
      await t.close();
    }
    expect(tied).toBeLessThan(4);
    expect(t.ids.size).toBeGreaterThan(20);
  });
});
