// bm25, filtered near queries and diversity through the database, against plain oracles on random objects with updates, deletes and
// restarts in between. SEED=n repeats a run.
import { describe, expect, it } from 'vitest';
import { integer, pick, random } from '../conformance/random.js';
import { keywordOracle } from '../search/support/bm25-oracle.js';
import { seeds } from '../support/engine.js';
import { RandomTickets, STOPWORDS, phrase, randomFilter, vectorOf } from './random-tickets.js';
import { refusalOf as refusal } from './refused.js';
import { errorOf, memory, open } from './support.js';

async function withDatabase(work) {
  const db = await open({ store: memory() });
  try {
    await work(db);
  } finally {
    await db.close();
  }
}
const idsOf = ({ objects }) => objects.map(({ id }) => id);
const properties = [
  { name: 'title', dataType: 'text' }, { name: 'text', dataType: 'text' }, { name: 'tags', dataType: 'text[]', tokenization: 'field' }, { name: 'secret', dataType: 'text', indexSearchable: false },
  { name: 'price', dataType: 'int' }, { name: 'part', dataType: 'text', tokenization: 'trigram' },
];

describe('bm25', () => {
  const filled = (work) => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', properties });
    await one.data.insertMany([
      { id: 'a', properties: { title: 'Refund', text: 'The parcel was lost', tags: ['New York', 'parcel'], price: 3 } },
      { id: 'b', properties: { title: 'Parcel', text: 'A refund that never came', tags: ['york'], price: 1, secret: 'hush' } },
      { id: 'c', properties: { title: 'Hello', text: 'to the world', price: 2, part: 'theory of parcels' } },
    ]);
    await work(one, async (text, options) => idsOf(await one.query.bm25(text, options)).join(''), db);
  });

  it('finds words in all properties, or in those that are named, some of which count more', () => filled(async (one, found) => {
    expect(await found('refund')).toBe('ab');
    expect(await found('REFUND?')).toBe('ab');
    expect(await found('refund', { queryProperties: ['text'] })).toBe('b');
    expect(await found('refund', { queryProperties: ['title^0.01', 'text^3'] })).toBe('ba');
    expect(await found('refund', { queryProperties: ['title', 'text'], limit: 1 })).toBe('a');
    expect(await found('refund', { offset: 1 })).toBe('b');
    expect(await found('hush')).toBe('');
    expect(await found('nothing like it')).toBe('');
  }));

  it('leaves out stopwords unless there is nothing else', () => filled(async (one, found) => {
    expect(await found('the refund')).toBe('ab');
    expect(await found('the', { queryProperties: ['text'] })).toBe('ca');
    expect(await found('to the', { queryProperties: ['text'], operator: 'and' })).toBe('c');
    await one.config.update({ invertedIndex: { stopwords: { preset: 'none' } } });
    expect(await found('the refund', { queryProperties: ['text'] })).toBe('bca');
    await one.config.update({ invertedIndex: { stopwords: { additions: ['REFUND'] } } });
    expect(await found('the refund', { queryProperties: ['text'] })).toBe('ca');
  }));

  it('finds nothing by a text without words', () => filled(async (one, found) => {
    for (const text of ['', ' ', '?!']) expect(await found(text, { queryProperties: ['title', 'text', 'part'] })).toBe('');
  }));

  it('cuts the text for each property as that was cut', () => filled(async (one, found) => {
    expect(await found('New York')).toBe('a');
    expect(await found('york')).toBe('b');
    expect(await found('parcel', { queryProperties: ['tags'] })).toBe('a');
    // stopwords are parts of other words' trigrams
    expect(await found('the the', { queryProperties: ['part'] })).toBe('c');
    expect(await found('the hello', { queryProperties: ['part'] })).toBe('');
    expect(await found('the theo', { queryProperties: ['part'], operator: 'and' })).toBe('c');
  }));

  it('wants all words, or some, and forgives typos', () => filled(async (one, found) => {
    expect(await found('refund parcel', { queryProperties: ['title', 'text'] })).toBe('ab');
    expect(await found('refund lost', { operator: 'and', queryProperties: ['title', 'text'] })).toBe('a');
    expect(await found('refund lost world', { minimumMatch: 2, queryProperties: ['title', 'text'] })).toBe('a');
    expect(await found('refund lost world', { minimumMatch: 4, queryProperties: ['title', 'text'] })).toBe('');
    expect(await found('refnud')).toBe('');
    expect(await found('refnud', { typoTolerance: 1, queryProperties: ['title'] })).toBe('a');
    expect(await found('refnud', { typoTolerance: 'auto', queryProperties: ['title'] })).toBe('a');
  }));

  it('says what scores are made of', () => filled(async (one) => {
    const { objects } = await one.query.bm25('refund', { queryProperties: ['title^3'], returnMetadata: ['score', 'explainScore', 'distance', 'certainty', 'revision'], returnProperties: ['price'] });
    expect(objects).toEqual([{ id: 'a', properties: { price: 3 }, metadata: { score: expect.closeTo(0.70059, 5), explainScore: expect.stringContaining('title:"refund"'), revision: 1 }, vectors: {} }]);
    expect((await one.query.bm25('refund')).objects[0].metadata).toEqual({});
  }));

  it('goes by k1 and b as they are now', () => filled(async (one) => {
    const scores = async () => (await one.query.bm25('refund', { queryProperties: ['text'], returnMetadata: ['score'] })).objects.map(({ metadata }) => metadata.score);
    const idf = Math.log(1 + 2.5 / 1.5);
    expect(await scores()).toEqual([expect.closeTo(idf / (1.2 * (0.25 + 0.75 * 5 / 4) + 1), 12)]);
    await one.config.update({ invertedIndex: { bm25: { k1: 0 } } });
    expect(await scores()).toEqual([expect.closeTo(idf, 12)]);
    await one.config.update({ invertedIndex: { bm25: { k1: 2, b: 0 } } });
    expect(await scores()).toEqual([expect.closeTo(idf / 3, 12)]);
  }));

  it('refuses more names than there can be before it looks at them', () => filled(async (one) => {
    const queryProperties = new Array(2 ** 32 - 1);
    expect(await errorOf(() => one.query.bm25('x', { queryProperties }))).toMatchObject({ code: 'INVALID_ARGUMENT', message: 'queryProperties: expected at most 10000 names, got 4294967295' });
  }));

  it('ends where its scores jump', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', properties, vectors: {} });
    const texts = ['x y z', 'x y z', 'x', 'x', 'x', 'x'];
    await one.data.insertMany(texts.map((text, i) => ({ id: `${i}`, properties: { title: text } })));
    expect(idsOf(await one.query.bm25('x y z', { autoLimit: 1 }))).toEqual(['0', '1']);
    expect(idsOf(await one.query.bm25('x y z', { autoLimit: 1, offset: 1 }))).toEqual(['1']);
    expect(idsOf(await one.query.bm25('x y z', { autoLimit: 2 }))).toHaveLength(6);
  }));

  it('takes properties by whatever name', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', properties: ['__proto__', 'constructor', 'a-b'].map((name) => ({ name, dataType: 'text' })) });
    await one.data.insert({ id: 'a', properties: JSON.parse('{ "__proto__": "x", "constructor": "y", "a-b": "z" }') });
    for (const [text, name] of [['x', '__proto__'], ['y', 'constructor'], ['z', 'a-b']]) expect(idsOf(await one.query.bm25(text, { queryProperties: [`${name}^2`] }))).toEqual(['a']);
  }));

  it('finds what has come to be searchable', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', autoSchema: true });
    expect(idsOf(await one.query.bm25('x'))).toEqual([]);
    await one.data.insert({ id: 'a', properties: { word: 'x' } });
    expect(idsOf(await one.query.bm25('x'))).toEqual(['a']);
  }));

  it.each([
    [{ queryProperties: [] }, 'INVALID_ARGUMENT queryProperties: expected an array of names, at least one, got an array'],
    [{ queryProperties: 'title' }, 'INVALID_ARGUMENT queryProperties: expected an array of names, at least one, got "title"'],
    [{ queryProperties: ['title', 5] }, 'INVALID_ARGUMENT queryProperties[1]: expected a name, or name^weight, got 5'],
    [{ queryProperties: new Array(3) }, 'INVALID_ARGUMENT queryProperties[0]: expected a name, or name^weight, got undefined'],
    [{ queryProperties: ['titel'] }, 'SCHEMA_MISMATCH queryProperties[0]: expected the name of a searchable property (title, text, tags, part), got "titel"'],
    [{ queryProperties: ['titel^2'] }, 'SCHEMA_MISMATCH queryProperties[0]'],
    [{ queryProperties: ['secret'] }, 'SCHEMA_MISMATCH queryProperties[0]: expected the name of a searchable property'],
    [{ queryProperties: ['price'] }, 'SCHEMA_MISMATCH queryProperties[0]: expected the name of a searchable property'],
    [{ queryProperties: ['title', 'title^2'] }, 'INVALID_ARGUMENT queryProperties[1]: expected each name once, got "title^2"'],
    ...['title^', 'title^0', 'title^-1', 'title^ 1', 'title^1^2', 'title^x', 'title^Infinity', 'title^1e999', 'title^1e7', 'title^1e-7'].map((name) => [{ queryProperties: [name] }, 'INVALID_ARGUMENT queryProperties[0]: expected name^weight, the weight from 0.000001 to 1000000']),
    [{ operator: 'And' }, "INVALID_ARGUMENT operator: expected 'or', 'and', got \"And\""],
    [{ minimumMatch: 0 }, 'INVALID_ARGUMENT minimumMatch: expected an integer from 1 to 10000, got 0'],
    [{ operator: 'and', minimumMatch: 2 }, 'INVALID_ARGUMENT minimumMatch: expected none beside `and`, got 2'],
    [{ typoTolerance: 3 }, 'INVALID_ARGUMENT typoTolerance: expected 0, 1, 2 or "auto", got 3'],
    [{ limit: 0 }, 'INVALID_ARGUMENT limit: expected an integer from 1 to 10000, got 0'],
    [{ limit: 10_001 }, 'INVALID_ARGUMENT limit'],
    [{ offset: -1 }, 'INVALID_ARGUMENT offset'],
    [{ autoLimit: 0.5 }, 'INVALID_ARGUMENT autoLimit'],
    [{ distance: 0.5 }, 'INVALID_ARGUMENT options'],
    [{ returnMetadata: ['scores'] }, 'INVALID_ARGUMENT returnMetadata'],
    [{ filters: 'price < 5' }, 'INVALID_ARGUMENT filters: expected a filter, got "price < 5"'],
  ])('refuses %o', (options, message) => filled(async (one) => expect(await refusal(() => one.query.bm25('a', options))).toContain(message)));

  it('refuses what is no text, or too long', () => filled(async (one) => {
    for (const text of [undefined, null, 5, ['a'], 'x'.repeat(100_001)]) {
      expect(await refusal(() => one.query.bm25(text))).toContain('INVALID_ARGUMENT query: expected a text of at most 100000 characters, got');
    }
  }));
});

describe('near queries', () => {
  const line = async (db) => {
    const one = await db.collections.create({ name: 'One', properties, vectors: { default: { metric: 'l2-squared' } } });
    await one.data.insertMany(Array.from({ length: 50 }, (_, i) => ({ id: `${i}`, properties: { price: i % 5, title: i % 2 ? 'odd' : 'even' }, vector: [i, 0] })));
    return one;
  };

  it('find only what the filter lets through', () => withDatabase(async (db) => {
    const one = await line(db);
    const filters = (f) => f.and(f.byProperty('price').equal(2), f.byProperty('title').equal('odd'));
    expect(idsOf(await one.query.nearVector([0, 0], { filters, limit: 3 }))).toEqual(['7', '17', '27']);
    expect(idsOf(await one.query.nearVector([0, 0], { filters, limit: 3, offset: 2 }))).toEqual(['27', '37', '47']);
    expect(idsOf(await one.query.nearObject('27', { filters, distance: 100 }))).toEqual(['27', '17', '37']);
    expect(idsOf(await one.query.nearVector([0, 0], { filters: (f) => f.or() }))).toEqual([]);
    const using = db.collections.use('One', { vectorizer: (texts) => texts.map((text) => [Number(text), 0]) });
    expect(idsOf(await using.query.nearText('30', { filters, limit: 2 }))).toEqual(['27', '37']);
    expect(await refusal(() => one.query.nearVector([0, 0], { filters: (f) => f.byProperty('prize').equal(2) }))).toContain('SCHEMA_MISMATCH filters.property');
  }));

  it('may differ from each other', () => withDatabase(async (db) => {
    const one = await db.collections.create({ name: 'One', properties, vectors: { default: { metric: 'l2-squared' }, more: { metric: 'cosine' } } });
    await one.data.insertMany([[0, 0], [0.1, 0], [0.2, 0], [1, 0], [1.1, 0], [0, 3]].map((vector, i) => ({ id: `${i}`, vector: { default: vector, more: [1, i] } })));
    const found = async (options) => idsOf(await one.query.nearVector([0, 0], { targetVector: 'default', ...options })).join('');
    expect(await found({ limit: 3 })).toBe('012');
    expect(await found({ limit: 3, diversity: { balance: 1 } })).toBe('012');
    expect(await found({ limit: 3, diversity: { balance: 0 } })).toBe('054');
    expect(await found({ limit: 2, offset: 1, diversity: { balance: 0 } })).toBe('54');
    expect(await found({ limit: 3, diversity: { balance: 0, candidates: 3 } })).toBe('021');
    expect(await found({ limit: 3, distance: 1, diversity: { balance: 0 } })).toBe('032');
    const { objects } = await one.query.nearVector([0, 0], { targetVector: 'default', diversity: {}, limit: 1, includeVector: ['more'], returnMetadata: ['distance'] });
    expect(objects).toEqual([{ id: '0', properties: {}, metadata: { distance: 0 }, vectors: { more: new Float32Array([1, 0]) } }]);
    expect((await one.query.nearVector([0, 0], { targetVector: 'default', diversity: {}, limit: 1 })).objects[0].vectors).toEqual({});
  }));

  it.each([
    [{ diversity: true }, 'INVALID_ARGUMENT diversity: expected an object, got true'],
    [{ diversity: { lambda: 1 } }, 'INVALID_ARGUMENT diversity: expected balance, candidates, got "lambda"'],
    [{ diversity: { balance: 1.1 } }, 'INVALID_ARGUMENT diversity.balance: expected a number from 0 to 1, got 1.1'],
    [{ diversity: { candidates: 9 } }, 'INVALID_ARGUMENT diversity.candidates: expected an integer from 10 to 1000, got 9'],
    [{ diversity: { candidates: 1001 } }, 'INVALID_ARGUMENT diversity.candidates'],
    [{ diversity: {}, autoLimit: 1 }, 'INVALID_ARGUMENT diversity: expected none beside autoLimit and groupBy'],
    [{ diversity: {}, groupBy: { property: 'title' } }, 'INVALID_ARGUMENT diversity: expected none beside autoLimit and groupBy'],
    [{ diversity: {}, limit: 900, offset: 200 }, 'INVALID_ARGUMENT limit: expected with the offset at most 1000 beside diversity, got 1100'],
  ])('refuse %o', (options, message) => withDatabase(async (db) => expect(await refusal(async () => (await line(db)).query.nearVector([0, 0], options))).toContain(message)));
});

const SEARCHED = { title: 'word', text: 'word', notes: 'whitespace' };
const tokensOf = (value) => [value ?? []].flat().flatMap((text) => text.split(' ').filter(Boolean));
const SEEDS = seeds(1, 8);

/** Optimal string alignment, by the recurrence. */
function typos(a, b) {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}

function groupOf(term, tolerance, vocabulary) {
  const most = tolerance !== 'auto' ? tolerance : term.length < 3 ? 0 : term.length < 6 ? 1 : 2;
  const others = [...vocabulary].filter((other) => other !== term && other[0] === term[0] && typos(term, other) <= most);
  return [{ term, boost: 1 }, ...others.map((other) => ({ term: other, boost: 0.5 ** typos(term, other) }))];
}

it.each(SEEDS)('bm25 is that of the oracle, with seed %i', async (seed) => {
  const next = random(seed);
  const all = new RandomTickets(seed);
  await all.open();
  for (let round = 0; round < 5; round++) {
    await all.write(integer(next, 0, 120));
    if (next() < 0.5) await all.reopen();
    const objects = await all.inOrder();
    const docs = objects.map(({ properties }, slot) => ({ slot, properties: Object.fromEntries(Object.keys(SEARCHED).map((name) => [name, tokensOf(properties[name])])) }));
    for (let i = 0; i < 25; i++) {
      const text = phrase(next);
      const { filters, matches = () => true } = randomFilter(next);
      const weighed = Object.keys(SEARCHED).filter(() => next() < 0.7).map((name) => [name, next() < 0.5 ? 1 : pick(next, [0.5, 2, 3])]);
      const queryProperties = weighed.length ? weighed.map(([name, weight]) => (weight === 1 ? name : `${name}^${weight}`)) : undefined;
      const operator = next() < 0.3 ? 'and' : 'or';
      const minimumMatch = operator === 'or' && next() < 0.3 ? integer(next, 1, 4) : 1;
      const typoTolerance = pick(next, [0, 0, 0, 1, 2, 'auto']);
      const limit = integer(next, 1, 60);
      const offset = next() < 0.3 ? integer(next, 0, 20) : 0;
      const distinct = [...new Set(tokensOf(text))];
      const meaning = distinct.filter((word) => !STOPWORDS.includes(word));
      const terms = meaning.length ? meaning : distinct;
      const searched = weighed.length ? weighed : Object.keys(SEARCHED).map((name) => [name, 1]);
      const fields = ['word', 'whitespace'].flatMap((way) => {
        const alike = searched.filter(([name]) => SEARCHED[name] === way).map(([name, weight]) => ({ name, weight }));
        const vocabulary = new Set(docs.flatMap((doc) => alike.flatMap(({ name }) => doc.properties[name])));
        return alike.length && terms.length ? [{ properties: alike, groups: terms.map((term) => groupOf(term, typoTolerance, vocabulary)) }] : [];
      });
      const expected = keywordOracle(docs, fields, { operator, minimumMatch, allows: (slot) => matches(objects[slot]) });
      const options = { queryProperties, operator, minimumMatch, typoTolerance, limit, offset, filters };
      const found = (await all.tickets.query.bm25(text, { ...options, returnMetadata: ['score'] })).objects.map(({ id, metadata }) => ({ id, score: metadata.score }));
      const about = `SEED=${seed} ${JSON.stringify({ text, ...options })} ${filters}`;
      const scores = new Map(expected.map(({ slot, score }) => [objects[slot].id, score]));
      expect(found.map(({ score }) => score), about).toEqual(expected.slice(offset, offset + limit).map(({ score }) => expect.closeTo(score, 9)));
      for (const { id, score } of found) expect(score, about).toBeCloseTo(scores.get(id), 9);
      const place = new Map(objects.map(({ id }, slot) => [id, slot]));
      for (let j = 1; j < found.length; j++) if (found[j - 1].score === found[j].score) expect(place.get(found[j - 1].id), about).toBeLessThan(place.get(found[j].id));
    }
  }
  await all.close();
});

it.each(SEEDS)('filtered near queries are exact, with seed %i', async (seed) => {
  const next = random(seed + 1000);
  const all = new RandomTickets(seed + 1000);
  await all.open();
  for (let round = 0; round < 4; round++) {
    await all.write(integer(next, 0, 120));
    if (next() < 0.5) await all.reopen();
    for (let i = 0; i < 20; i++) {
      const { filters, matches = () => true } = randomFilter(next);
      const query = vectorOf(next);
      const distanceTo = ({ vector }) => vector.reduce((sum, x, at) => sum + (x - query[at]) ** 2, 0);
      const expected = [...all.objects.values()].filter((object) => object.vector && matches(object)).sort((a, b) => distanceTo(a) - distanceTo(b));
      const limit = integer(next, 1, 40);
      const offset = integer(next, 0, 10);
      const found = await all.tickets.query.nearVector(query, { filters, limit, offset });
      expect(idsOf(found), `SEED=${seed} ${filters}`).toEqual(expected.slice(offset, offset + limit).map(({ id }) => id));
    }
  }
  await all.close();
});
