/**
 * Filters, keywords and orders of a collection against a plain oracle over the objects that should be there: each object is looked
 * at, and scored by the formula. Properties are `text`, in words of a–z and 0–9, and numbers.
 */
import { integer, pick } from '../../conformance/random.js';

const K1 = 1.2;
const B = 0.75;
const LIMIT = 10_000;
const SORTED = 5;

const wordsOf = ({ text = '' }) => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/** All of a collection, as the oracle takes it. */
export async function objectsOf(items) {
  const objects = [];
  for await (const { id, properties } of items.iterator()) objects.push({ id, properties });
  return objects;
}

/**
 * What searches of `items` find that is not so, of `objects`: { id, properties }[]. `number`: the property of
 * numbers; null if there is none. So many filters and keyword searches, and one order.
 */
export async function checkSearches(items, objects, random, { number = 'count', filters = 3, keywords = 2 } = {}) {
  const wrong = [];
  for (let i = 0; i < filters; i++) {
    const filter = filterOf(random, objects, number, 2);
    const found = (await items.query.fetchObjects({ filters: filter, limit: LIMIT })).objects.map(({ id }) => id).sort();
    const wanted = objects.filter((object) => matches(filter, object)).map(({ id }) => id).sort();
    if (found.join() !== wanted.join()) wrong.push(`filter ${JSON.stringify(filter)}: expected ${wanted}, got ${found}`);
  }
  for (let i = 0; i < keywords; i++) {
    const query = [wordOf(random, objects), wordOf(random, objects), 'text'].slice(0, integer(random, 1, 4)).join(' ');
    const filter = random() < 0.3 ? filterOf(random, objects, number, 1) : undefined;
    const limit = random() < 0.5 ? LIMIT : integer(random, 1, 8);
    wrong.push(...await checkKeywords(items, objects, query, { limit, filter }));
  }
  if (number !== null) wrong.push(...await checkOrder(items, objects, number, pick(random, ['asc', 'desc'])));
  return wrong;
}

async function checkKeywords(items, objects, query, { limit, filter }) {
  const { objects: found } = await items.query.bm25(query, { queryProperties: ['text'], limit, returnMetadata: ['score'], ...filter && { filters: filter } });
  const scores = new Map(bm25(objects, query).filter(({ object }) => !filter || matches(filter, object)).map(({ object, score }) => [object.id, score]));
  const best = [...scores.values()].sort((a, b) => b - a).slice(0, limit);
  const isRight = found.length === best.length && new Set(found.map(({ id }) => id)).size === best.length
    && found.every(({ id, metadata }, i) => near(metadata.score, best[i]) && near(metadata.score, scores.get(id)));
  if (isRight) return [];
  const plain = found.slice(0, 5).map(({ id, metadata }) => `${id} ${metadata.score}`);
  return [`bm25 ${query}, ${limit} of ${JSON.stringify(filter)}: expected ${best.length}, of ${best.slice(0, 5)}, got ${found.length}, ${plain}`];
}

/** The order is told by values: of equals any may come first, of those without a value, too. */
async function checkOrder(items, objects, number, order) {
  const limit = objects.length > SORTED ? objects.length - SORTED : LIMIT;
  const { objects: found } = await items.query.fetchObjects({ sort: { property: number, order }, limit });
  const sign = order === 'asc' ? 1 : -1;
  const valueOf = ({ properties }) => properties[number] ?? -Infinity;
  const wanted = objects.map(valueOf).sort((a, b) => (a === b ? 0 : sign * (a < b ? -1 : 1))).slice(0, limit);
  const isRight = found.map(valueOf).join() === wanted.join() && new Set(found.map(({ id }) => id)).size === wanted.length;
  return isRight ? [] : [`sorted by ${number}, ${order}: expected ${wanted}, got ${found.map(valueOf)}`];
}

const near = (a, b) => Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b));

/** Those that match, with their scores. */
function bm25(objects, query) {
  const words = objects.map(({ properties }) => wordsOf(properties));
  const lengths = words.map(({ length }) => length).filter(Boolean);
  const average = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const terms = [...new Set(wordsOf({ text: query }))].map((term) => {
    const frequencies = words.map((list) => list.reduce((count, word) => count + (word === term), 0));
    const n = frequencies.filter(Boolean).length;
    return { frequencies, idf: Math.log(1 + (objects.length - n + 0.5) / (n + 0.5)) };
  });
  return objects.map((object, i) => {
    const score = terms.reduce((sum, { frequencies, idf }) => {
      const weight = frequencies[i] / (1 - B + B * words[i].length / average);
      return sum + (frequencies[i] ? idf * weight / (K1 + weight) : 0);
    }, 0);
    return { object, score };
  }).filter(({ object }, i) => terms.some(({ frequencies }) => frequencies[i]) && object);
}

function wordOf(random, objects) {
  const words = objects.length ? wordsOf(pick(random, objects).properties) : [];
  return words.length && random() < 0.9 ? pick(random, words) : 'nowhere';
}

function filterOf(random, objects, number, depth) {
  const deeper = () => filterOf(random, objects, number, depth - 1);
  if (depth && random() < 0.6) {
    const operator = pick(random, ['And', 'Or', 'Not']);
    return operator === 'Not' ? { operator, filter: deeper() } : { operator, filters: [deeper(), deeper()] };
  }
  const ranges = ['GreaterThan', 'GreaterThanEqual', 'LessThan', 'LessThanEqual'];
  const word = () => wordOf(random, objects);
  const object = objects.length ? pick(random, objects) : { id: 'nobody', properties: {} };
  const conditions = [
    () => ({ operator: pick(random, ['Equal', 'NotEqual', ...ranges]), property: 'text', value: word() }),
    () => ({ operator: pick(random, ['ContainsAny', 'ContainsAll', 'ContainsNone']), property: 'text', value: [word(), word()] }),
    () => ({ operator: 'Like', property: 'text', value: `${word().slice(0, 2)}*` }),
    () => ({ operator: pick(random, ['Equal', ...ranges]), length: 'text', value: [...object.properties.text ?? ''].length }),
    () => ({ operator: 'ContainsAny', target: 'id', value: [object.id, 'nobody'] }),
    () => ({ operator: 'IsNull', property: number !== null && random() < 0.5 ? number : 'text', value: random() < 0.5 }),
  ];
  if (number !== null) {
    const value = () => object.properties[number] ?? 0;
    conditions.push(
      () => ({ operator: pick(random, ['Equal', 'NotEqual']), property: number, value: value() }),
      () => ({ operator: pick(random, ranges), property: number, value: value() }),
    );
  }
  return pick(random, conditions)();
}

/** Whether a filter is true of an object. */
function matches(filter, object) {
  const { operator, property, length, target, value } = filter;
  switch (operator) {
    case 'And': return filter.filters.every((each) => matches(each, object));
    case 'Or': return filter.filters.some((each) => matches(each, object));
    case 'Not': return !matches(filter.filter, object);
    case 'NotEqual': return !matches({ ...filter, operator: 'Equal' }, object);
    case 'ContainsNone': return !matches({ ...filter, operator: 'ContainsAny' }, object);
    case 'IsNull': return !Object.hasOwn(object.properties, property) === value;
  }
  const { text } = object.properties;
  const keys = target ? [object.id] : length ? (text === undefined ? [] : [[...text].length])
    : property === 'text' ? wordsOf(object.properties) : [object.properties[property] ?? []].flat();
  switch (operator) {
    case 'Equal': return keys.includes(value);
    case 'ContainsAny': return value.some((each) => keys.includes(each));
    case 'ContainsAll': return value.every((each) => keys.includes(each));
    case 'Like': return keys.some((key) => key.startsWith(value.slice(0, -1)));
    case 'GreaterThan': return keys.some((key) => key > value);
    case 'GreaterThanEqual': return keys.some((key) => key >= value);
    case 'LessThan': return keys.some((key) => key < value);
    case 'LessThanEqual': return keys.some((key) => key <= value);
    default: throw new Error(`filter: expected a known operator, got ${operator}`);
  }
}
