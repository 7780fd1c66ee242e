/** Random objects of every type of property, with hostile names and values, for tests of the inverted index. */
import { integer, pick } from '../../conformance/random.js';

const stem = (word) => word.replace(/s$/, '');

export const STEMMERS = new Map([['test', stem]]);

const property = (name, dataType, more = {}) => ({ name, dataType, filterable: true, searchable: false, ...more });
const text = (name, dataType, tokenization, more = {}) => property(name, dataType, { tokenization, searchable: true, ...more });

export const SPECS = [
  text('title', 'text', 'word'),
  text('body', 'text', 'lowercase', { stemming: 'test', filterable: false }),
  text('tags', 'text[]', 'field', { searchable: false }),
  text('notes', 'text[]', 'whitespace'),
  text('__proto__', 'text', 'word'),
  text('hidden', 'text', 'word', { filterable: false, searchable: false }),
  text('short', 'text', 'trigram', { stemming: 'test' }),
  property('constructor', 'int'),
  property('price', 'number'),
  property('scores', 'number[]'),
  property('flag', 'boolean'),
  property('flags', 'boolean[]'),
  property('at', 'date'),
  property('dates', 'date[]'),
  property('ref', 'uuid'),
  property('refs', 'uuid[]'),
  property('where', 'geoCoordinates'),
  property('route', 'geoCoordinates[]'),
  property('picture', 'blob', { filterable: false }),
  property('nested', 'object', { filterable: false }),
  property('unindexed', 'int', { filterable: false }),
];

const WORDS = [
  'a', 'b', 'cat', 'cats', 'dog', 'constructor', '__proto__', 'toString', 'Ünïcode', 'naïve',
  'e\u0301te', '日本', '𝒳𝒴', '😀', '\uffee', '\ue000x', '\ud800', 'z\u0000z', 'term', 'terms', '0', '42', 'x'.repeat(70),
];

const uuid = (next) => `0000000${integer(next, 0, 9)}-aaaa-4bbb-8ccc-00000000000${integer(next, 0, 3)}`;

function phrase(next) {
  const length = next() < 0.05 ? integer(next, 250, 400) : integer(next, 0, 9);
  const words = Array.from({ length }, () => (next() < 0.1 ? `w${integer(next, 0, 300)}` : pick(next, WORDS)));
  return words.join(pick(next, [' ', '  ', ', ']));
}

const date = (next) => new Date(integer(next, -3, 4) * 86_400_000 * 400 + integer(next, 0, 3)).toISOString();
const place = (next) => ({ latitude: integer(next, -9, 10) * 10, longitude: integer(next, -18, 19) * 10 + (next() < 0.5 ? 0.5 : 0) });
const list = (next, element) => Array.from({ length: integer(next, 0, 4) }, () => element(next));

function valueOf(next, type) {
  if (type.endsWith('[]')) return list(next, (n) => valueOf(n, type.slice(0, -2)));
  switch (type) {
    case 'text': return phrase(next);
    case 'int': return integer(next, -2, 3);
    case 'number': return next() < 0.5 ? integer(next, -1, 2) : (next() - 0.5) * 10 ** integer(next, -9, 9);
    case 'boolean': return next() < 0.5;
    case 'date': return date(next);
    case 'uuid': return uuid(next);
    case 'geoCoordinates': return place(next);
    case 'blob': return 'AAEC';
    default: return { title: 'not of the outer object' };
  }
}

/** Properties by name; about a third are missing. */
export function propertiesOf(next) {
  // Without a prototype, so that __proto__ is a property like others.
  const properties = Object.create(null);
  const missing = next();
  for (const { name, dataType } of SPECS) if (next() >= missing * 0.7) properties[name] = valueOf(next, dataType);
  return properties;
}

export function docOf(next, slot) {
  const properties = propertiesOf(next);
  const json = new TextEncoder().encode(JSON.stringify(properties));
  const time = 1_700_000_000_000;
  return { doc: { slot, created: time + integer(next, 0, 5), updated: time + integer(next, 0, 5000) / 2, properties: json }, properties };
}
