// Keyword search against an oracle that scores everything; on parts of plain arrays, and on real ones.
import { describe, expect, it } from 'vitest';
import { Analyzer } from '../../ts/search/analyzer.js';
import { explain, explainText } from '../../ts/search/bm25-explain.js';
import { search } from '../../ts/search/bm25.js';
import { expand, queryTerms } from '../../ts/search/expand.js';
import { statistics, sumStatistics } from '../../ts/search/keyword-query.js';
import { SectionedPart } from '../../ts/search/part.js';
import { buildPart } from '../../ts/search/part-writer.js';
import { TopHits } from '../../ts/search/top-hits.js';
import { integer, pick, random, shuffled } from '../conformance/random.js';
import { ArrayPart } from './support/array-part.js';
import { keywordOracle } from './support/bm25-oracle.js';

const own = (terms) => terms.map((term) => [{ term, boost: 1 }]);
const queryOf = (...fields) => ({ fields: fields.map(([properties, groups]) => ({ properties, groups })) });
const title = { name: 'title', weight: 3 };
const text = { name: 'text', weight: 1 };

/** Real parts, of docs whose tokens become texts again. */
const specs = ['title', 'text', 'tags'].map((name) => ({ name, dataType: 'text', tokenization: 'whitespace', filterable: true, searchable: true }));
const analyzer = new Analyzer(specs, new Map());
const utf8 = new TextEncoder();
function realPart(docs, { stale = new Set() } = {}) {
  const texts = (properties) => Object.fromEntries(Object.entries(properties).map(([name, tokens]) => [name, tokens.join(' ')]));
  const part = SectionedPart.of(buildPart(docs.map(({ slot, properties }) =>
    ({ slot, created: 0, updated: 0, properties: utf8.encode(JSON.stringify(texts(properties))) })), analyzer));
  for (const { slot } of docs) if (stale.has(slot)) part.markStale(slot);
  return part;
}

/** A word of a Zipf-like distribution: low numbers are common. */
const zipf = (next, size) => `w${Math.floor(size ** next()) - 1}`;

/** A few parts, some of whose objects are stale; live ones are in one part each. Queries in several forms, with options. */
function randomCase(seed, isBig) {
  const next = random(seed);
  const count = isBig ? integer(next, 2500, 9000) : integer(next, 0, 70);
  const vocabulary = integer(next, 1, isBig ? 300 : 12);
  const names = ['title', 'text', 'tags'].slice(0, integer(next, 1, 4));
  const lengths = pick(next, [3, 8, 20]);
  const tokens = () => Array.from({ length: integer(next, 0, lengths) }, () => zipf(next, vocabulary));
  const propertiesOf = () => Object.fromEntries(names.filter(() => next() < 0.8).map((name) => [name, tokens()]));

  const slots = shuffled(next, Math.ceil(count * pick(next, [1, 1, 1.5, 3]))).slice(0, count);
  const partCount = integer(next, 1, 5);
  const made = Array.from({ length: partCount }, () => ({ docs: [], stale: new Set() }));
  const live = [];
  for (const slot of slots) {
    const home = integer(next, 0, partCount);
    for (let p = 0; p <= home; p++) {
      if (p < home && next() < 0.8) continue;
      made[p].docs.push({ slot, properties: propertiesOf() });
      if (p < home || next() < 0.1) made[p].stale.add(slot);
      else live.push(made[p].docs.at(-1));
    }
  }
  const make = next() < 0.5 ? realPart : ArrayPart;
  const blockSize = pick(next, isBig ? [128, 128, 32] : [128, 1, 2, 5]);
  const parts = made.map(({ docs, stale }) => (make === realPart ? realPart(docs, { stale }) : new ArrayPart(docs, { stale, blockSize })));

  const kinds = integer(next, 1, 3);
  const fields = Array.from({ length: kinds }, (_, kind) => {
    const properties = names.filter((_, i) => kinds === 1 || i % kinds === kind).map((name) => ({ name, weight: pick(next, [1, 1, 2, 0.3, 5]) }));
    const terms = [...new Set(Array.from({ length: integer(next, 0, isBig ? 12 : 6) }, () => zipf(next, vocabulary + 2)))];
    const groups = terms.map((term) => {
      const others = next() < 0.7 ? [] : Array.from({ length: integer(next, 1, 5) }, () => zipf(next, vocabulary + 2));
      return [{ term, boost: 1 }, ...[...new Set(others)].filter((other) => other !== term).map((other) => ({ term: other, boost: pick(next, [0.5, 0.25]) }))];
    });
    return { properties, groups };
  });
  const share = pick(next, [1, 1, 0.5, 0.03, 0]);
  const allowed = new Set(slots.filter(() => next() < share));
  const filter = new Uint32Array(Math.ceil((slots.length * pick(next, [1, 3]) + 1) / 32));
  for (const slot of allowed) if (slot >>> 5 < filter.length) filter[slot >>> 5] |= 1 << (slot & 31);
  const isFiltered = share < 1 || next() < 0.2;
  const options = {
    k: pick(next, [1, 2, 3, 10, 10, 50, 20_000]),
    operator: next() < 0.75 ? 'or' : 'and',
    minimumMatch: pick(next, [1, 1, 1, 2, 3, 5]),
    ...(next() < 0.2 ? { k1: pick(next, [0, 0.5, 3]), b: pick(next, [0, 1, 0.4]) } : {}),
    ...(isFiltered ? { filter } : {}),
  };
  const allows = (slot) => !isFiltered || ((filter[slot >>> 5] ?? 0) >>> (slot & 31) & 1) === 1;
  return { parts, live, query: { fields }, options, allows };
}

/** Same scores; same slots where scores differ by more than rounding, and lower slots first where ours are the same. */
function expectSame(hits, wanted, k, scoreOf) {
  const first = wanted.slice(0, k);
  expect(hits.slots.length).toBe(first.length);
  expect(new Set(hits.slots).size).toBe(hits.slots.length);
  hits.slots.forEach((slot, i) => {
    const score = hits.scores[i];
    const tolerance = 1e-9 * first[i].score;
    expect(Math.abs(score - first[i].score)).toBeLessThanOrEqual(tolerance);
    expect(scoreOf.get(slot)).toBeDefined();
    expect(Math.abs(score - scoreOf.get(slot))).toBeLessThanOrEqual(tolerance);
    if (i && score === hits.scores[i - 1]) expect(slot).toBeGreaterThan(hits.slots[i - 1]);
    if (i) expect(score).toBeLessThanOrEqual(hits.scores[i - 1]);
  });
}

describe('bm25', () => {
  const docs = [
    { slot: 4, properties: { title: ['refund'], text: ['my', 'order', 'is', 'late'] } },
    { slot: 7, properties: { text: ['refund', 'my', 'order'] } },
    { slot: 9, properties: { title: ['order'] } },
  ];
  const part = new ArrayPart(docs);
  const run = (query, options = {}) => search([part], query, statistics([part], query), { k: 10, ...options });

  it('scores by the formula', () => {
    const query = queryOf([[text], own(['order'])]);
    // N 3, n 2, average (4 + 3) / 2.
    const idf = Math.log(1 + 1.5 / 2.5);
    const score = (tokens) => { const value = 1 / (0.25 + 0.75 * tokens / 3.5); return idf * value / (1.2 + value); };
    const { slots, scores } = run(query);
    expect(slots).toEqual([7, 4]);
    expect(scores[0]).toBeCloseTo(score(3), 14);
    expect(scores[1]).toBeCloseTo(score(4), 14);
  });

  it('takes the terms of several properties together, by their weights', () => {
    const terms = own(['refund', 'order']);
    expect(run(queryOf([[title, text], terms])).slots).toEqual([4, 7, 9]);
    expect(run(queryOf([[title, text], terms]), { operator: 'and' }).slots).toEqual([4, 7]);
    expect(run(queryOf([[title], terms]), { operator: 'and' }).slots).toEqual([]);
    expect(run(queryOf([[title, text], terms]), { minimumMatch: 3 }).slots).toEqual([]);
  });

  it('wants all terms of one way of analysis', () => {
    const query = queryOf([[title], own(['order'])], [[text], own(['refund', 'order'])]);
    expect(run(query, { operator: 'and' }).slots.sort()).toEqual([7, 9]);
    expect(run(query).slots.sort()).toEqual([4, 7, 9]);
  });

  it('finds nothing without terms, properties, parts or objects', () => {
    expect(run(queryOf()).slots).toEqual([]);
    expect(run(queryOf([[title], []])).slots).toEqual([]);
    expect(run(queryOf([[title], []]), { operator: 'and' }).slots).toEqual([]);
    expect(run(queryOf([[], own(['order'])])).slots).toEqual([]);
    expect(run(queryOf([[{ name: '__proto__', weight: 1 }], own(['constructor'])])).slots).toEqual([]);
    const query = queryOf([[title], own(['order'])]);
    expect(search([], query, statistics([], query), { k: 1 })).toEqual({ slots: [], scores: [] });
    const stale = new ArrayPart(docs, { stale: new Set([4, 7, 9]) });
    expect(search([stale], query, statistics([stale], query), { k: 1 })).toEqual({ slots: [], scores: [] });
  });

  it('refuses what is out of range', () => {
    const query = queryOf([[title], own(['order'])]);
    for (const k of [0, 1.5, NaN, Infinity]) expect(() => run(query, { k })).toThrow(/^k: expected a positive integer/);
    expect(() => run(query, { minimumMatch: 0 })).toThrow(/^minimumMatch: /);
    expect(() => run(query, { k1: -1 })).toThrow(/^k1: /);
    expect(() => run(query, { b: 1.1 })).toThrow(/^b: /);
    expect(() => run(queryOf([[{ name: 'title', weight: 0 }], own(['order'])]))).toThrow(/^weight of title: expected a positive number, got 0/);
  });

  it('gives right answers after a part that failed', () => {
    const query = queryOf([[title, text], own(['refund', 'order'])]);
    const wanted = run(query);
    class FailingPart extends ArrayPart {
      terms(property) {
        const terms = super.terms(property);
        if (property !== 'text' || !terms) return terms;
        return Object.assign(Object.create(terms), { hasFrequencies: true, find: (term) => terms.find(term), tokensOf: () => { throw new Error('failed'); } });
      }
    }
    expect(() => search([new FailingPart(docs)], query, statistics([part], query), { k: 10 })).toThrow('failed');
    expect(run(query)).toEqual(wanted);
  });

  it('breaks ties by lower slots, over parts and windows', () => {
    const same = Array.from({ length: 10_000 }, (_, slot) => ({ slot, properties: { text: ['a', 'b', slot % 3 ? 'c' : 'd'] } }));
    const query = queryOf([[text], own(['a', 'b', 'd'])]);
    const parts = [same.filter(({ slot }) => slot % 2), same.filter(({ slot }) => slot % 2 === 0)].map((half) => new ArrayPart(half));
    const { slots, scores } = search(parts, query, statistics(parts, query), { k: 5000 });
    const order = same.map(({ slot }) => slot).sort((x, y) => (x % 3 ? 1 : 0) - (y % 3 ? 1 : 0) || x - y);
    expect(slots).toEqual(order.slice(0, 5000));
    expect(new Set(scores).size).toBe(2);
  });

  it('equals the oracle', () => {
    const seen = { hits: 0, filtered: 0, and: 0, minimum: 0, ties: 0, full: 0 };
    const check = (seed, isBig) => {
      const { parts, live, query, options, allows } = randomCase(seed, isBig);
      const wanted = keywordOracle(live, query.fields, { ...options, allows });
      const scoreOf = new Map(wanted.map(({ slot, score }) => [slot, score]));
      const counts = statistics(parts, query);
      const hits = search(parts, query, counts, options);
      expectSame(hits, wanted, options.k, scoreOf);
      // What is pruned changes no bit of a score, so ties are the same too.
      const unpruned = search(parts, query, counts, { ...options, k: 20_000 });
      expect(hits).toEqual({ slots: unpruned.slots.slice(0, options.k), scores: unpruned.scores.slice(0, options.k) });
      hits.slots.slice(0, 3).forEach((slot, i) => {
        const explanation = explain(parts, query, counts, slot, options);
        expect(explanation.score).toBe(hits.scores[i]);
        expect(explanation.contributions.reduce((sum, { contribution }) => sum + contribution, 0)).toBeCloseTo(hits.scores[i], 10);
      });
      // One shard for each part has the same scores, with the sum of the statistics.
      if (parts.length > 1 && seed % 4 === 0) {
        const sum = sumStatistics(parts.map((part) => statistics([part], query)));
        expect(JSON.parse(JSON.stringify(sum))).toEqual(counts);
      }
      seen.hits += hits.slots.length;
      if (hits.slots.length && options.filter) seen.filtered++;
      if (hits.slots.length && options.operator === 'and') seen.and++;
      if (hits.slots.length && options.minimumMatch > 1) seen.minimum++;
      if (hits.slots.length === options.k) seen.full++;
      if (hits.scores.some((score, i) => i && score === hits.scores[i - 1])) seen.ties++;
    };
    const from = Number(process.env.VECTILE_SEED ?? 1);
    for (let seed = from; seed < from + 2525; seed++) {
      try {
        check(seed, seed >= from + 2500);
      } catch (error) {
        error.message = `seed ${seed}: ${error.message}`;
        throw error;
      }
    }
    for (const [name, count] of Object.entries(seen)) expect(count, name).toBeGreaterThan(100);
  });

  it('scores few postings of common terms, and decodes few blocks for a selective filter', () => {
    const next = random(11);
    const corpus = Array.from({ length: 40_000 }, (_, slot) => ({ slot, properties: { text: Array.from({ length: integer(next, 5, 30) }, () => zipf(next, 5000)) } }));
    const big = new ArrayPart(corpus);
    const query = queryOf([[text], own(['w0', 'w1', 'w2', 'w3', 'w9', 'w40', 'w300', 'w2000'])]);
    const counts = statistics([big], query);
    const all = counts.fields[0].groups.reduce((sum, [{ counts: [count] }]) => sum + count, 0);
    /** Shares of all postings. */
    const workOf = (options) => {
      Object.assign(big.counters, { decoded: 0, scored: 0 });
      search([big], query, counts, { k: 10, ...options });
      return { decoded: big.counters.decoded / all, scored: big.counters.scored / all };
    };
    expect(workOf({ k: 40_000 })).toEqual({ decoded: 1, scored: 1 });
    const filter = new Uint32Array(40_000 / 32);
    for (let i = 0; i < 20; i++) filter[i * 50] = 1;
    const work = { or: workOf({}), two: workOf({ minimumMatch: 2 }), and: workOf({ operator: 'and' }), filtered: workOf({ filter }) };
    const most = { or: [0.6, 0.25], two: [0.6, 0.25], and: [0.1, 0.02], filtered: [0.25, 0.01] };
    for (const [name, [decoded, scored]] of Object.entries(most)) {
      expect(work[name].decoded, `${name}: decoded`).toBeLessThan(decoded);
      expect(work[name].scored, `${name}: scored`).toBeLessThan(scored);
    }
  });
});

describe('explanations', () => {
  it('say what each term adds', () => {
    const part = new ArrayPart([
      { slot: 3, properties: { title: ['refunds'], text: ['refund', 'refund', 'now'] } },
      { slot: 5, properties: { text: ['order'] } },
    ]);
    const query = queryOf([[title, text], [[{ term: 'refund', boost: 1 }, { term: 'refunds', boost: 0.5 }], [{ term: 'now', boost: 1 }]]]);
    const counts = statistics([part], query);
    const explanation = explain([part], query, counts, 3);
    expect(explanation.contributions.map(({ property, term, found, boost, frequency, tokens, averageTokens, weight }) => [property, term, found, boost, frequency, tokens, averageTokens, weight]))
      .toEqual([['text', 'refund', 'refund', 1, 2, 3, 2, 1], ['text', 'now', 'now', 1, 1, 3, 2, 1]].map((row, i) => (i ? row : ['title', 'refund', 'refunds', 0.5, 1, 1, 1, 3])));
    expect(explainText(explanation)).toMatch(/^bm25 0\.\d+ = title:"refunds" for "refund" × 0\.5 0\.\d+ \(frequency 1, tokens 1 of 1, idf 0\.69315, weight 3\) \+ text:"now" 0\.\d+ /);
    expect(explainText(explain([part], query, counts, 5))).toBe('bm25 0');
    expect(explain([part], query, counts, 4)).toBeUndefined();
    expect(explain([new ArrayPart(part.docs, { stale: new Set([3]) })], query, counts, 3)).toBeUndefined();
  });
});

describe('statistics', () => {
  it('of shards are added up term by term', () => {
    const group = (...entries) => entries.map(([term, ...counts]) => ({ term, counts }));
    const of = (objects, tokens, ...entries) => ({ objects, fields: [{ properties: [{ tokens, objects }], groups: [group(...entries)] }] });
    const x = of(10, 50, ['refund', 3], ['refunds', 4]);
    const y = of(20, 60, ['refund', 5], ['__proto__', 1], ['refunds', 2]);
    expect(sumStatistics([x, y])).toEqual(of(30, 110, ['refund', 8], ['refunds', 6], ['__proto__', 1]));
    expect(x).toEqual(of(10, 50, ['refund', 3], ['refunds', 4]));
    expect(() => sumStatistics([])).toThrow(/^list: /);
  });
});

describe('expansion', () => {
  const words = ['refund', 'refunds', 'refnud', 'refused', 'befund', 'rfund', '𝒳yz', '𝒳yzw', 'zebra'];
  const parts = [new ArrayPart([{ slot: 0, properties: { text: words.slice(0, 4) } }]), new ArrayPart([{ slot: 1, properties: { text: words.slice(3), title: ['refind'] } }])];
  const termsOf = (term, tolerance) => expand(parts, [{ properties: [title, text], terms: [term] }], tolerance).fields[0].groups[0];

  it('is the term itself without tolerance', () => {
    expect(termsOf('refund')).toEqual([{ term: 'refund', boost: 1 }]);
    expect(termsOf('unknown')).toEqual([{ term: 'unknown', boost: 1 }]);
    expect(termsOf('', 2)).toEqual([{ term: '', boost: 1 }]);
  });

  it('finds terms of all parts and properties with the same first code point', () => {
    const boosts = (group) => Object.fromEntries(group.map(({ term, boost }) => [term, boost]));
    expect(boosts(termsOf('refund', 1))).toEqual({ refund: 1, refunds: 0.5, refnud: 0.5, rfund: 0.5, refind: 0.5 });
    expect(boosts(termsOf('refund', 'auto'))).toEqual({ refund: 1, refunds: 0.5, refnud: 0.5, rfund: 0.5, refind: 0.5, refused: 0.25 });
    expect(boosts(termsOf('𝒳yz', 'auto'))).toEqual({ '𝒳yz': 1, '𝒳yzw': 0.5 });
    expect(termsOf('refund', 1)[0]).toEqual({ term: 'refund', boost: 1 });
    expect(boosts(termsOf('\u{10ffff}a', 2))).toEqual({ '\u{10ffff}a': 1 });
    expect(boosts(termsOf('\ud7ffa', 2))).toEqual({ '\ud7ffa': 1 });
  });

  it('leaves stopwords out, unless nothing else is left', () => {
    const stopwords = new Set(['the', 'is']);
    expect(queryTerms(['the', 'order', 'is', 'order'], stopwords)).toEqual(['order']);
    expect(queryTerms(['is', 'the', 'is'], stopwords)).toEqual(['is', 'the']);
    expect(queryTerms([], stopwords)).toEqual([]);
  });
});

describe('top hits', () => {
  it('are the best of those offered', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed);
      const offers = Array.from(shuffled(next, integer(next, 0, 60)), (slot) => ({ slot, score: integer(next, 1, pick(next, [3, 100])) }));
      const k = integer(next, 1, 30);
      const top = new TopHits(k);
      for (const { slot, score } of offers) top.offer(slot, score);
      const wanted = offers.sort((x, y) => y.score - x.score || x.slot - y.slot).slice(0, k);
      expect(top.hits(), `seed ${seed}`).toEqual({ slots: wanted.map(({ slot }) => slot), scores: wanted.map(({ score }) => score) });
      expect(top.threshold).toBe(wanted.length === k ? wanted.at(-1).score : 0);
    }
  });
});
