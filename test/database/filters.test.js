// Filters as users write them: what the builder makes, what is refused, and what they find, by a plain oracle on the objects
// themselves. SEED=n repeats a run.
import { describe, expect, it } from 'vitest';
import { resolveFilter } from '../../ts/database/filter-schema.js';
import { Filters, filterBuilder as f } from '../../ts/database/filters.js';
import { encodeProperties } from '../../ts/database/properties.js';
import { createSchema } from '../../ts/database/schema.js';
import { Analyzer } from '../../ts/search/analyzer.js';
import { evaluate, sectionsOf } from '../../ts/search/filter.js';
import { SectionedPart } from '../../ts/search/part.js';
import { buildPart } from '../../ts/search/part-writer.js';
import { SlotSet } from '../../ts/search/slot-set.js';
import { integer, pick, random } from '../conformance/random.js';
import { codeAndMessage } from './refused.js';

const SCALARS = ['text', 'int', 'number', 'boolean', 'date', 'uuid', 'geoCoordinates'];
const TYPES = [...SCALARS, ...SCALARS.map((type) => `${type}[]`)];
const everything = createSchema({
  name: 'A',
  properties: [
    ...TYPES.map((dataType) => ({ name: dataType.replace('[]', 's'), dataType })), { name: 'blob', dataType: 'blob' },
    { name: 'object', dataType: 'object', nestedProperties: [{ name: 'a', dataType: 'int' }] }, { name: 'hidden', dataType: 'int', indexFilterable: false },
  ],
});
const words = (_, text) => text.toLowerCase().split(' ').filter(Boolean);
const resolved = (filter) => resolveFilter(everything, filter, words);
const refused = (filter) => codeAndMessage(() => resolved(filter));
const UUID = '00112233-4455-6677-8899-aabbccddeeff';

describe('the builder', () => {
  it('makes plain JSON', () => {
    const filters = [
      [f.byProperty('price').equal(5), { operator: 'Equal', property: 'price', value: 5 }],
      [f.byProperty('price').notEqual(5), { operator: 'NotEqual', property: 'price', value: 5 }],
      [f.byProperty('price').greaterThan(5), { operator: 'GreaterThan', property: 'price', value: 5 }],
      [f.byProperty('price').greaterOrEqual(5), { operator: 'GreaterThanEqual', property: 'price', value: 5 }],
      [f.byProperty('price').lessThan(5), { operator: 'LessThan', property: 'price', value: 5 }],
      [f.byProperty('price').lessOrEqual(5), { operator: 'LessThanEqual', property: 'price', value: 5 }],
      [f.byProperty('text').like('a*'), { operator: 'Like', property: 'text', value: 'a*' }],
      [f.byProperty('text').containsAny(['a']), { operator: 'ContainsAny', property: 'text', value: ['a'] }],
      [f.byProperty('text').containsAll(['a']), { operator: 'ContainsAll', property: 'text', value: ['a'] }],
      [f.byProperty('text').containsNone(['a']), { operator: 'ContainsNone', property: 'text', value: ['a'] }],
      [f.byProperty('text').isNull(true), { operator: 'IsNull', property: 'text', value: true }],
      [f.byProperty('place').withinGeoRange({ latitude: 1, longitude: 2, distance: 3 }), { operator: 'WithinGeoRange', property: 'place', value: { latitude: 1, longitude: 2, distance: 3 } }],
      [f.byProperty('text', true).greaterThan(5), { operator: 'GreaterThan', length: 'text', value: 5 }],
      [f.byPropertyLength('text').equal(5), { operator: 'Equal', length: 'text', value: 5 }],
      [f.byId().equal('a'), { operator: 'Equal', target: 'id', value: 'a' }],
      [f.byCreationTime().lessThan(new Date(0)), { operator: 'LessThan', target: 'creationTime', value: '1970-01-01T00:00:00.000Z' }],
      [f.byUpdateTime().containsAny([new Date(0)]), { operator: 'ContainsAny', target: 'updateTime', value: ['1970-01-01T00:00:00.000Z'] }],
      [f.and(f.byId().equal('a')), { operator: 'And', filters: [{ operator: 'Equal', target: 'id', value: 'a' }] }],
      [Filters.or(), { operator: 'Or', filters: [] }],
      [Filters.not(f.byId().equal('a')), { operator: 'Not', filter: { operator: 'Equal', target: 'id', value: 'a' } }],
    ];
    for (const [built, json] of filters) expect(JSON.parse(JSON.stringify(built))).toStrictEqual(json);
    for (const [built, json] of filters) expect(built).toStrictEqual(json);
  });

  it('makes what later changes do not reach', () => {
    const values = [new Date(0), 'a'];
    const range = { latitude: 1, longitude: 2, distance: 3 };
    const built = f.and(f.byProperty('a').containsAny(values), f.byProperty('b').withinGeoRange(range));
    values[0].setTime(5);
    values.push('b');
    range.distance = 9;
    expect(built.filters[0].value).toEqual(['1970-01-01T00:00:00.000Z', 'a']);
    expect(built.filters[1].value).toEqual({ latitude: 1, longitude: 2, distance: 3 });
    for (const frozen of [built, built.filters, built.filters[0], built.filters[0].value, built.filters[1].value, Filters, f]) expect(Object.isFrozen(frozen)).toBe(true);
  });

  it('leaves it to others to refuse', () => {
    const endless = [];
    endless.push(endless);
    for (const value of [null, undefined, NaN, Symbol('a'), endless, new Array(4e9), new Date(NaN), new Map(), () => {}]) f.byProperty('int').containsAny(value);
    expect(refused(() => f.byProperty('date').equal(new Date(NaN)))).toBe('SCHEMA_MISMATCH filters.value: expected a valid Date or a text with time and zone, as 2024-01-02T03:04:05Z (date), got a Date');
    expect(refused(() => f.byProperty('int').containsAny(new Array(4e9)))).toBe('INVALID_ARGUMENT filters.value: expected at most 10000 elements, got 4000000000');
  });
});

describe('resolveFilter', () => {
  it('takes a function or what it returns', () => {
    const node = { kind: 'numberRange', key: 'value:int', isSingle: true, to: 5, isBelowTo: true };
    expect(resolved((f) => f.byProperty('int').lessThan(5))).toEqual(node);
    expect(resolved({ operator: 'LessThan', property: 'int', value: 5 })).toEqual(node);
    expect(resolved((f) => ({ operator: 'LessThan', property: 'int', value: 5, target: undefined }))).toEqual(node);
  });

  it('gives plain JSON', () => {
    for (const filter of [
      f.byProperty('text').like('A* b'), f.byProperty('texts').containsAny(['a b', 'c', 'd', '']), f.byProperty('date').greaterThan('2024-01-01T00:00:00+01:00'),
      f.byProperty('uuid').equal(UUID.toUpperCase()), f.byProperty('boolean').notEqual(true), f.byProperty('ints').containsAll([1, 2]), f.byId().containsAny(['a']),
      f.byProperty('geoCoordinates').withinGeoRange({ latitude: 1, longitude: 2, distance: 3 }), f.byPropertyLength('texts').lessOrEqual(5), f.byCreationTime().equal(new Date(5)),
    ]) expect(JSON.parse(JSON.stringify(resolved(filter)))).toStrictEqual(resolved(filter));
  });

  it('analyzes texts as they are indexed', () => {
    expect(resolved(f.byProperty('text').equal('B a B'))).toEqual({ kind: 'allTerms', property: 'text', terms: ['b', 'a'] });
    expect(resolved(f.byProperty('text').equal(' '))).toEqual({ kind: 'constant', value: false });
    expect(resolved(f.byProperty('text').notEqual(' '))).toEqual({ kind: 'constant', value: true });
    expect(resolved(f.byProperty('text').greaterThan('m'))).toEqual({ kind: 'termRange', property: 'text', from: 'm', isAboveFrom: true });
    expect(resolved(f.byProperty('uuid').equal(UUID.toUpperCase()))).toEqual({ kind: 'anyTerm', property: 'uuid', terms: [UUID] });
    expect(resolved(f.byProperty('uuid').like('00AB*'))).toEqual({ kind: 'like', property: 'uuid', pattern: '00ab*' });
  });

  it('takes lists of nothing for what they say', () => {
    for (const [filter, value] of [
      [Filters.and(), true], [Filters.or(), false], [f.byProperty('int').containsAny([]), false], [f.byProperty('int').containsAll([]), true], [f.byProperty('int').containsNone([]), true],
      [f.byProperty('text').containsAny([]), false], [f.byProperty('text').containsAll([]), true], [f.byId().containsAny([]), false], [f.byProperty('text').containsAll(['a', '']), false],
    ]) expect(resolved(filter)).toEqual({ kind: 'constant', value });
  });

  it.each([
    [undefined, 'INVALID_ARGUMENT filters: expected a filter, got undefined'],
    [null, 'INVALID_ARGUMENT filters: expected a filter, got null'],
    ['text = 5', 'INVALID_ARGUMENT filters: expected a filter, got "text = 5"'],
    [[], 'INVALID_ARGUMENT filters: expected a filter, got an array'],
    [() => undefined, 'INVALID_ARGUMENT filters: expected a filter, got undefined'],
    [new Map(), 'INVALID_ARGUMENT filters: expected a filter, got a Map'],
    [{}, 'INVALID_ARGUMENT filters.operator: expected one of And, Or, Not, Equal, NotEqual'],
    [{ operator: 'equal', property: 'int', value: 5 }, 'INVALID_ARGUMENT filters.operator: expected one of And'],
    [{ operator: 'constructor' }, 'INVALID_ARGUMENT filters.operator'],
    [{ operator: 'Equal', property: 'int', valeu: 5 }, 'INVALID_ARGUMENT filters: expected a filter (of operator, property, length, target, value, filters, filter), got "valeu"'],
    [f.byProperty('int'), 'INVALID_ARGUMENT filters: expected a filter (of operator, property, length, target, value, filters, filter), or an operator that is called, as .equal(…), got "equal"'],
    [{ filters: f.byId().equal('a') }, 'INVALID_ARGUMENT filters: expected { operator, … } or a function, got "{ filters }"'],
    [{ operator: 'And' }, 'INVALID_ARGUMENT filters.filters: expected an array, got undefined'],
    [{ operator: 'And', filters: [f.byId().equal('a'), 5] }, 'INVALID_ARGUMENT filters.filters[1]: expected a filter, got 5'],
    [{ operator: 'And', filters: { 0: 5 } }, 'INVALID_ARGUMENT filters.filters: expected an array, got an object'],
    [{ operator: 'And', filters: [], value: 5 }, 'INVALID_ARGUMENT filters.value: expected none beside filters, got 5'],
    [{ operator: 'Not', filters: [] }, 'INVALID_ARGUMENT filters.filters: expected none beside filter, got an array'],
    [{ operator: 'Not' }, 'INVALID_ARGUMENT filters.filter: expected a filter, got undefined'],
    [{ operator: 'Equal', value: 5 }, 'SCHEMA_MISMATCH filters.property: expected the name of a property (text, int'],
    [{ operator: 'Equal', property: 'int', target: 'id', value: 5 }, 'INVALID_ARGUMENT filters.property: expected none beside target and value, got "int"'],
    [{ operator: 'Equal', property: 'int', length: 'text', value: 5 }, 'INVALID_ARGUMENT filters.property: expected none beside length and value, got "int"'],
    [{ operator: 'Equal', target: 'revision', value: 5 }, 'INVALID_ARGUMENT filters.target: expected id, creationTime or updateTime, got "revision"'],
    [f.byProperty('txet').equal('a'), 'SCHEMA_MISMATCH filters.property: expected the name of a property (text, int'],
    [f.byProperty('__proto__').equal('a'), 'SCHEMA_MISMATCH filters.property: expected the name of a property'],
    [f.byProperty('constructor').equal('a'), 'SCHEMA_MISMATCH filters.property: expected the name of a property'],
    [f.byProperty(Symbol('a')).equal('a'), 'SCHEMA_MISMATCH filters.property: expected the name of a property'],
    [f.byProperty('hidden').equal(5), 'SCHEMA_MISMATCH filters.property: expected a property with indexFilterable or indexRangeFilters, got "hidden"'],
    [f.byProperty('hidden').isNull(true), 'SCHEMA_MISMATCH filters.property: expected a property with indexFilterable or indexRangeFilters, got "hidden"'],
    [f.byProperty('blob').isNull(true), 'SCHEMA_MISMATCH filters.property: expected a property with indexFilterable or indexRangeFilters, which those of blob are never, got "blob"'],
    [f.byProperty('object').isNull(true), 'SCHEMA_MISMATCH filters.property: expected a property with indexFilterable or indexRangeFilters, which those of object are never, got "object"'],
    [f.byProperty('int').like('5*'), 'SCHEMA_MISMATCH filters.operator: expected an operator of int (Equal'],
    [f.byProperty('boolean').greaterThan(true), 'SCHEMA_MISMATCH filters.operator: expected an operator of boolean (Equal, NotEqual, ContainsAny, ContainsNone, ContainsAll, IsNull), got "GreaterThan"'],
    [f.byProperty('geoCoordinatess').equal({}), 'SCHEMA_MISMATCH filters.operator: expected an operator of geoCoordinates[] (WithinGeoRange, IsNull), got "Equal"'],
    [f.byProperty('text').withinGeoRange({}), 'SCHEMA_MISMATCH filters.operator: expected an operator of text'],
    [f.byId().greaterThan('a'), 'SCHEMA_MISMATCH filters.operator: expected an operator of id (Equal, NotEqual, ContainsAny, ContainsNone), got "GreaterThan"'],
    [f.byId().isNull(true), 'SCHEMA_MISMATCH filters.operator: expected an operator of id'],
    [f.byCreationTime().like('2024*'), 'SCHEMA_MISMATCH filters.operator: expected an operator of creationTime'],
    [f.byPropertyLength('text').isNull(true), 'SCHEMA_MISMATCH filters.operator: expected an operator of length'],
    [f.byPropertyLength('int').equal(5), 'SCHEMA_MISMATCH filters.length: expected the name of a text or a list, got "int"'],
    [f.byPropertyLength('uuid').equal(5), 'SCHEMA_MISMATCH filters.length: expected the name of a text or a list, got "uuid"'],
    [f.byPropertyLength('text').equal(-1), 'SCHEMA_MISMATCH filters.value: expected an integer from 0 (length), got -1'],
    [f.byPropertyLength('text').equal('5'), 'SCHEMA_MISMATCH filters.value: expected an integer from 0 (length), got "5"'],
    [f.byProperty('text').equal(5), 'SCHEMA_MISMATCH filters.value: expected a string (text), got 5'],
    [f.byProperty('texts').equal(['a']), 'SCHEMA_MISMATCH filters.value: expected a string (text), got an array'],
    [f.byProperty('text').like(5), 'SCHEMA_MISMATCH filters.value: expected a string, got 5'],
    [f.byProperty('int').equal(1.5), 'SCHEMA_MISMATCH filters.value: expected an integer within ±(2^53 − 1) (int), got 1.5'],
    [f.byProperty('int').equal(2 ** 53), 'SCHEMA_MISMATCH filters.value: expected an integer within'],
    [f.byProperty('number').equal(NaN), 'SCHEMA_MISMATCH filters.value: expected a finite number, got NaN'],
    [f.byProperty('number').lessThan(Infinity), 'SCHEMA_MISMATCH filters.value: expected a finite number, got Infinity'],
    [f.byProperty('number').equal('5'), 'SCHEMA_MISMATCH filters.value: expected a finite number, got "5"'],
    [f.byProperty('number').equal(5n), 'SCHEMA_MISMATCH filters.value: expected a finite number, got a bigint'],
    [f.byProperty('number').equal(null), 'SCHEMA_MISMATCH filters.value: expected a finite number, got null'],
    [f.byProperty('number').equal(), 'SCHEMA_MISMATCH filters.value: expected a finite number, got undefined'],
    [f.byProperty('boolean').equal(1), 'SCHEMA_MISMATCH filters.value: expected a boolean, got 1'],
    [f.byProperty('boolean').isNull('true'), 'SCHEMA_MISMATCH filters.value: expected a boolean, got "true"'],
    [f.byProperty('date').equal('yesterday'), 'SCHEMA_MISMATCH filters.value: expected a valid Date or a text with time and zone, as 2024-01-02T03:04:05Z (date), got "yesterday"'],
    [f.byProperty('date').equal(5), 'SCHEMA_MISMATCH filters.value: expected a valid Date or a text with time and zone, as 2024-01-02T03:04:05Z (date), got 5'],
    [f.byUpdateTime().equal('2024-02-30T00:00:00Z'), 'SCHEMA_MISMATCH filters.value: expected a valid Date'],
    [f.byProperty('uuid').equal('00112233'), 'SCHEMA_MISMATCH filters.value: expected hexadecimal digits as 8-4-4-4-12 (uuid), got "00112233"'],
    [f.byId().equal(5), 'INVALID_ARGUMENT filters.value: expected a string, got 5'],
    [f.byId().containsAny(['a', '']), 'INVALID_ARGUMENT filters.value[1]: expected 1 to 128 bytes of UTF-8, got ""'],
    [f.byProperty('int').containsAny(5), 'INVALID_ARGUMENT filters.value: expected an array, got 5'],
    [f.byProperty('int').containsAny([1, 'a']), 'SCHEMA_MISMATCH filters.value[1]: expected an integer within'],
    [f.byProperty('int').containsAny(new Array(2)), 'SCHEMA_MISMATCH filters.value[0]: expected an integer within'],
    [f.byProperty('int').containsAny(new Uint8Array(2)), 'INVALID_ARGUMENT filters.value: expected an array, got a Uint8Array'],
    [f.byProperty('geoCoordinates').withinGeoRange({ latitude: 91, longitude: 0, distance: 1 }), 'SCHEMA_MISMATCH filters.value.latitude: expected a number from −90 to 90, got 91'],
    [f.byProperty('geoCoordinates').withinGeoRange({ latitude: 0, longitude: NaN, distance: 1 }), 'SCHEMA_MISMATCH filters.value.longitude: expected a number from −180 to 180, got NaN'],
    [f.byProperty('geoCoordinates').withinGeoRange({ latitude: 0, longitude: 0, distance: -1 }), 'SCHEMA_MISMATCH filters.value.distance: expected metres, a finite number from 0, got -1'],
    [f.byProperty('geoCoordinates').withinGeoRange({ latitude: 0, longitude: 0, distance: Infinity }), 'SCHEMA_MISMATCH filters.value.distance'],
    [f.byProperty('geoCoordinates').withinGeoRange({ latitude: 0, longitude: 0 }), 'SCHEMA_MISMATCH filters.value.distance: expected metres, a finite number from 0, got undefined'],
    [f.byProperty('geoCoordinates').withinGeoRange({ lat: 0, longitude: 0, distance: 1 }), 'SCHEMA_MISMATCH filters.value: expected { latitude, longitude, distance } (of latitude, longitude, distance), got "lat"'],
    [f.byProperty('geoCoordinates').withinGeoRange([1, 2, 3]), 'SCHEMA_MISMATCH filters.value: expected { latitude, longitude, distance }, got an array'],
    [f.or(f.byId().equal('a'), f.not(f.and(f.byProperty('int').equal('a')))), 'SCHEMA_MISMATCH filters.filters[1].filter.filters[0].value: expected an integer'],
  ])('refuses what it cannot mean, %#', (filter, message) => expect(refused(filter)).toContain(message));

  it('says which argument', () => {
    expect(codeAndMessage(() => resolveFilter(everything, 5, words, 'where'))).toBe('INVALID_ARGUMENT where: expected a filter, got 5');
  });

  it('goes so deep and no deeper', () => {
    const nested = (levels) => (levels === 1 ? f.byId().equal('a') : f.not(nested(levels - 1)));
    expect(resolved(nested(64))).toEqual({ kind: 'not', node: { kind: 'ids', ids: ['a'] } });
    expect(refused(nested(65))).toMatch(/^INVALID_ARGUMENT filters(\.filter){64}: expected at most 64 levels, got "more"$/);
    const endless = { operator: 'And', filters: [] };
    endless.filters.push(endless);
    expect(refused(endless)).toContain('expected at most 64 levels');
    endless.filters.push(endless, endless);
    expect(refused(endless)).toContain('expected at most 64 levels');
  });

  it('takes so many and no more', () => {
    const condition = f.byProperty('int').equal(5);
    expect(resolved({ operator: 'Or', filters: new Array(9999).fill(condition) }).nodes).toHaveLength(9999);
    expect(refused({ operator: 'Or', filters: new Array(10_000).fill(condition) })).toBe('INVALID_ARGUMENT filters.filters[9999]: expected at most 10000 conditions, got "more"');
    expect(refused({ operator: 'Or', filters: new Array(4e9) })).toBe('INVALID_ARGUMENT filters.filters: expected at most 10000 elements, got 4000000000');
    const wide = (levels) => (levels === 0 ? condition : { operator: 'And', filters: new Array(10).fill(wide(levels - 1)) });
    expect(refused(wide(60))).toContain('expected at most 10000 conditions');
    const numbers = Array.from({ length: 10_000 }, (_, i) => i);
    expect(resolved(f.byProperty('int').containsAny(numbers)).numbers).toHaveLength(10_000);
    expect(refused(f.byProperty('int').containsAny([...numbers, 0]))).toBe('INVALID_ARGUMENT filters.value: expected at most 10000 elements, got 10001');
    expect(refused(f.byProperty('text').like('a* '.repeat(10_001)))).toBe('INVALID_ARGUMENT filters.value: expected at most 10000 conditions, got "more"');
    for (const pattern of ['a*'.repeat(500_000), 'a'.repeat(1_000_000), ' '.repeat(1_000_000), '\ud800'.repeat(1_000_000)]) resolved(f.byProperty('text').like(pattern));
    expect(refused(f.byProperty('text').equal('a'.repeat(1_000_001)))).toBe('INVALID_ARGUMENT filters.value: expected at most 1000000 characters, got 1000001');
  });

  it('reads each value once', () => {
    const reads = [];
    const watched = (object) => new Proxy(object, { get(target, name, receiver) {
      if (typeof name === 'string') reads.push(name);
      return Reflect.get(target, name, receiver);
    } });
    const value = Object.assign(watched([3, 4]));
    resolved(watched({ operator: 'And', filters: watched([watched({ operator: 'ContainsAny', property: 'int', value })]) }));
    expect(reads).toEqual(['operator', 'filters', 'length', '0', 'operator', 'property', 'value', 'length', '0', '1']);
    const fickle = { operator: 'Equal', property: 'int', get value() { return (this.read = (this.read ?? 0) + 1); } };
    Object.defineProperty(fickle, 'read', { value: 0, writable: true, enumerable: false });
    expect(resolved(fickle).numbers).toEqual([1]);
  });

  it('passes on what is thrown', () => {
    const thrown = new RangeError('mine');
    expect(() => resolved({ operator: 'Equal', property: 'int', get value() { throw thrown; } })).toThrow(thrown);
    expect(() => resolved(() => { throw thrown; })).toThrow(thrown);
  });

  it('takes nothing from prototypes', () => {
    expect(refused(Object.create({ operator: 'Equal', property: 'int', value: 5 }))).toContain('INVALID_ARGUMENT filters.operator');
    try {
      Object.prototype.length = 'text';
      Object.prototype.target = 'id';
      expect(resolved({ operator: 'Equal', property: 'int', value: 5 })).toEqual({ kind: 'anyNumber', key: 'value:int', numbers: [5] });
      expect(resolved(Object.assign(Object.create(null), { operator: 'Equal', property: 'int', value: 5 }))).toEqual({ kind: 'anyNumber', key: 'value:int', numbers: [5] });
    } finally {
      delete Object.prototype.length;
      delete Object.prototype.target;
    }
  });
});

// Generated cases

const TOKENIZATIONS = ['word', 'lowercase', 'whitespace', 'field', 'trigram'];
const WORDS = ['a', 'ab', 'abc', 'Abd', 'b', 'cats', 'cat', 'dogs', 'straße', 'ÄRA', 'A\u0308ra', '𝒳y', '\uffee', 'x-y', '5', 'z?', '\ud800'];
const DAY = 86_400_000;
const BEGIN = Date.UTC(2024, 0);

/** Text as it is compared: the same as the index says it does, in other words. */
const oracleTokens = (tokenization, text) => {
  const normal = (part) => part.toWellFormed().normalize('NFC');
  const lower = normal(text.toLowerCase());
  const found = lower.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  switch (tokenization) {
    case 'word': return found;
    case 'lowercase': return lower.split(/\s+/).filter(Boolean);
    case 'whitespace': return normal(text).split(/\s+/).filter(Boolean);
    case 'field': return [normal(text).trim()].filter(Boolean);
    default: return found.flatMap((word) => {
      const points = [...word];
      return points.length < 3 ? [word] : points.slice(2).map((_, i) => points.slice(i, i + 3).join(''));
    });
  }
};
const stem = (word) => word.replace(/s$/, '');
const oracleWords = (tokenization, pattern) => {
  if (['field', 'whitespace', 'lowercase'].includes(tokenization)) return oracleTokens(tokenization, pattern);
  return pattern.toLowerCase().toWellFormed().normalize('NFC').match(/[\p{L}\p{N}\p{M}*?]+/gu) ?? [];
};
const byBytes = (x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y));
const isLike = (pattern, term) => new RegExp(`^${[...pattern].map((letter) => (letter === '*' ? '.*' : letter === '?' ? '.' : letter.replace(/[\\^$.|+()[\]{}/]/, '\\$&'))).join('')}$`, 'su').test(term);
/** By the angle between vectors. */
const metres = (a, b) => {
  const vector = ({ latitude, longitude }) => {
    const [up, around] = [latitude, longitude].map((degrees) => degrees * Math.PI / 180);
    return [Math.cos(up) * Math.cos(around), Math.cos(up) * Math.sin(around), Math.sin(up)];
  };
  const [[x, y, z], [u, v, w]] = [vector(a), vector(b)];
  return 6_371_008.8 * Math.atan2(Math.hypot(y * w - z * v, z * u - x * w, x * v - y * u), x * u + y * v + z * w);
};

const COMPARE = {
  GreaterThan: (order) => order > 0, GreaterThanEqual: (order) => order >= 0, LessThan: (order) => order < 0, LessThanEqual: (order) => order <= 0,
};

/** Whether the filter is true of an object, said as plainly as possible. */
function oracle(filter, object, config) {
  const { operator, value } = filter;
  const again = (operator, more) => oracle({ ...filter, operator, ...more }, object, config);
  switch (operator) {
    case 'And': return filter.filters.every((each) => oracle(each, object, config));
    case 'Or': return filter.filters.some((each) => oracle(each, object, config));
    case 'Not': return !oracle(filter.filter, object, config);
    case 'NotEqual': return !again('Equal');
    case 'ContainsNone': return !again('ContainsAny');
    case 'ContainsAny': return value.some((each) => again('Equal', { value: each }));
    case 'ContainsAll': return value.every((each) => again('Equal', { value: each }));
  }
  const ordered = (keys, operand) => (operator === 'Equal' ? keys.includes(operand) : keys.some((key) => COMPARE[operator](key - operand)));
  const time = (moment) => new Date(moment).getTime();
  if (filter.target === 'id') return object.id === value;
  if (filter.target) return ordered([filter.target === 'creationTime' ? object.created : object.updated], time(value));
  const name = filter.property ?? filter.length;
  const stored = object.properties[name];
  if (operator === 'IsNull') return (stored === undefined) === value;
  if (stored === undefined) return false;
  if (filter.length) return ordered([typeof stored === 'string' ? Array.from(stored).length : stored.length], value);
  const { dataType, tokenization, stemming } = config[name];
  const values = Array.isArray(stored) ? stored : [stored];
  switch (dataType.replace('[]', '')) {
    case 'geoCoordinates': return values.some((place) => metres(place, value) <= value.distance + 0.01);
    case 'date': return ordered(values.map(time), time(value));
    case 'boolean': return ordered(values.map(Number), Number(value));
    case 'int': case 'number': return ordered(values, value);
  }
  const analyzed = (text) => (dataType.startsWith('uuid') ? [text.toLowerCase()] : oracleTokens(tokenization, text).map((token) => (stemming ? stem(token) : token)));
  const tokens = values.flatMap(analyzed);
  if (operator === 'Like') {
    const parts = dataType.startsWith('uuid') ? [value.toLowerCase()] : oracleWords(tokenization, value);
    return parts.length > 0 && parts.every((part) => {
      if (/[*?]/.test(part)) return tokens.some((token) => isLike(part, token));
      const wanted = analyzed(part);
      return wanted.length > 0 && wanted.every((token) => tokens.includes(token));
    });
  }
  const wanted = analyzed(value);
  if (wanted.length === 0) return false;
  return wanted.every((token) => (operator === 'Equal' ? tokens.includes(token) : tokens.some((other) => COMPARE[operator](byBytes(other, token)))));
}

const VALUES_OF = {
  text: (next) => Array.from({ length: integer(next, 0, 4) }, () => pick(next, WORDS)).join(pick(next, [' ', ' ', '  ', ', '])),
  int: (next) => integer(next, -3, 4),
  number: (next) => pick(next, [-1.5, 0, -0, 0.1, 1e300, 5e-324, integer(next, 0, 5), next()]),
  boolean: (next) => next() < 0.5,
  date: (next) => {
    const date = new Date(BEGIN + integer(next, 0, 5) * DAY);
    return next() < 0.5 ? date : date.toISOString();
  },
  uuid: (next) => `0000000${integer(next, 0, 4)}-AAAA-bbbb-cccc-${pick(next, ['dddddddddddd', 'eeeeeeeeeeee'])}`,
  geoCoordinates: (next) => ({ latitude: pick(next, [-90, -45, 0, 10, 45, 90]), longitude: pick(next, [-180, -90, 0, 10, 90, 180]) }),
};
const COMPARISONS = ['Equal', 'NotEqual', 'GreaterThan', 'GreaterThanEqual', 'LessThan', 'LessThanEqual', 'ContainsAny', 'ContainsNone'];
const NUMBERS = [...COMPARISONS, 'ContainsAll', 'IsNull'];
const OPERATORS_OF = {
  text: [...NUMBERS, 'Like'], uuid: [...NUMBERS, 'Like'], int: NUMBERS, number: NUMBERS, date: NUMBERS,
  boolean: ['Equal', 'NotEqual', 'ContainsAny', 'ContainsNone', 'ContainsAll', 'IsNull'], geoCoordinates: ['WithinGeoRange', 'IsNull'],
};
const METHODS = {
  Equal: 'equal', NotEqual: 'notEqual', GreaterThan: 'greaterThan', GreaterThanEqual: 'greaterOrEqual', LessThan: 'lessThan', LessThanEqual: 'lessOrEqual', Like: 'like',
  ContainsAny: 'containsAny', ContainsAll: 'containsAll', ContainsNone: 'containsNone', IsNull: 'isNull', WithinGeoRange: 'withinGeoRange',
};

/** Objects in several versions, in parts of which older ones are stale, and some that were deleted. */
function world(next) {
  const types = TYPES.filter(() => next() < 0.6);
  const config = {};
  for (const [i, dataType] of (types.length ? types : TYPES).entries()) {
    const isText = dataType.startsWith('text');
    // Hostile names, too.
    const name = pick(next, [`p${i}`, `p${i}`, '__proto__', 'constructor', 'length']);
    Object.defineProperty(config, Object.hasOwn(config, name) ? `q${i}` : name, {
      value: { dataType, ...isText && { tokenization: pick(next, TOKENIZATIONS), ...next() < 0.3 && { stemming: 'plain' } } }, enumerable: true, configurable: true,
    });
  }
  const schema = createSchema({ name: 'A', properties: Object.entries(config).map(([name, { stemming: _, ...rest }]) => ({ name, ...rest })) });
  const specs = schema.properties.map(({ name, dataType, tokenization, indexSearchable }) => (
    { name, dataType, tokenization, ...config[name].stemming && { stemming: 'plain' }, filterable: true, searchable: indexSearchable && next() < 0.5 }));
  const analyzer = new Analyzer(specs, new Map([['plain', stem]]));
  const extent = integer(next, 1, 90);
  const slots = Array.from({ length: extent }, (_, slot) => slot);
  const objects = new Map();
  const parts = [];
  for (let batch = integer(next, 1, 5); batch > 0; batch--) {
    const share = next();
    const docs = slots.filter(() => next() < share).map((slot) => {
      const properties = {};
      for (const [name, { dataType }] of Object.entries(config)) {
        if (next() < 0.3) continue;
        const valueOf = VALUES_OF[dataType.replace('[]', '')];
        const value = dataType.endsWith('[]') ? Array.from({ length: integer(next, 0, 4) }, () => valueOf(next)) : valueOf(next);
        Object.defineProperty(properties, name, { value, enumerable: true, configurable: true });
      }
      for (const part of parts) part.markStale(slot);
      const created = BEGIN + integer(next, 0, 5) * DAY;
      const doc = { slot, created, updated: created + integer(next, 0, 2) * DAY };
      objects.set(slot, { ...doc, id: `id ${slot}`, properties: Object.assign(Object.create(null), properties) });
      return { ...doc, properties: encodeProperties(schema, properties).bytes };
    });
    parts.push(SectionedPart.of(buildPart(docs, analyzer)));
    for (const slot of slots.filter(() => next() < 0.1)) {
      for (const part of parts) part.markStale(slot);
      objects.delete(slot);
    }
  }
  const all = SlotSet.of(objects.keys(), extent);
  const slotOf = (id) => [...objects].find(([, object]) => object.id === id)?.[0] ?? -1;
  return { schema, config, objects, analyzer, context: { parts, all, slotOf } };
}

function randomCondition(next, { config, objects }, countCase) {
  const listOf = (value) => Array.from({ length: integer(next, 0, 4) }, value);
  const operandOf = (operator, value) => (operator.startsWith('Contains') ? listOf(value) : operator === 'IsNull' ? next() < 0.5 : value());
  const condition = (operator, subject, value) => {
    const [kind, name] = Object.entries(subject)[0];
    if (next() < 0.5) return { operator, ...subject, value };
    const operators = kind === 'property' ? f.byProperty(name) : kind === 'length' ? pick(next, [f.byPropertyLength(name), f.byProperty(name, true)])
      : { id: f.byId(), creationTime: f.byCreationTime(), updateTime: f.byUpdateTime() }[name];
    return operators[METHODS[operator]](value);
  };
  const name = pick(next, Object.keys(config));
  const { dataType } = config[name];
  const type = dataType.replace('[]', '');
  const dice = next();
  if (dice < 0.08) {
    const operator = pick(next, ['Equal', 'NotEqual', 'ContainsAny', 'ContainsNone']);
    countCase(operator, 'id');
    return condition(operator, { target: 'id' }, operandOf(operator, () => pick(next, [...objects.values()].map(({ id }) => id).concat('id 1', 'none'))));
  }
  if (dice < 0.18) {
    const target = pick(next, ['creationTime', 'updateTime']);
    const operator = pick(next, COMPARISONS);
    countCase(operator, target);
    return condition(operator, { target }, operandOf(operator, () => VALUES_OF.date(next)));
  }
  if (dice < 0.4 && (type !== dataType || type === 'text')) {
    const operator = pick(next, COMPARISONS);
    countCase(operator, `length of ${dataType}`);
    return condition(operator, { length: name }, operandOf(operator, () => integer(next, 0, type === dataType ? 12 : 5)));
  }
  const operator = pick(next, OPERATORS_OF[type]);
  countCase(operator, dataType);
  const valueOf = () => {
    if (operator === 'WithinGeoRange') return { ...VALUES_OF.geoCoordinates(next), distance: pick(next, [0, 0, 1, next() * 2e6, next() * 2e7, 2.1e7]) };
    if (operator !== 'Like') return VALUES_OF[type](next);
    const letters = [...VALUES_OF[type](next)].map((letter) => (next() < 0.7 ? letter : pick(next, ['?', '*', '*', ''])));
    return letters.slice(0, integer(next, 1, letters.length + 1)).join('') + pick(next, ['', '*', '*']);
  };
  return condition(operator, { property: name }, operandOf(operator, valueOf));
}

function randomFilter(next, world, countCase, depth) {
  if (depth === 1 || next() < 0.3) return randomCondition(next, world, countCase);
  const inner = () => randomFilter(next, world, countCase, depth - 1);
  const several = () => Array.from({ length: integer(next, 0, 10) === 0 ? 0 : integer(next, 1, 4) }, inner);
  switch (integer(next, 0, 5)) {
    case 0: return f.not(inner());
    case 1: return { operator: 'And', filters: several() };
    case 2: return Filters.and(...several());
    case 3: return { operator: 'Or', filters: several() };
    default: return f.or(...several());
  }
}

describe('filters find what an oracle finds', () => {
  const first = Number(process.env.SEED ?? 1);
  const rounds = process.env.SEED ? 1 : 120;
  const counts = new Map();
  let cases = 0;
  let telling = 0;

  it.each(Array.from({ length: rounds }, (_, i) => first + i))('seed %i', (seed) => {
    const next = random(seed);
    const generated = world(next);
    const { schema, config, objects, analyzer, context } = generated;
    const known = new Set();
    for (let round = 0; round < 60; round++) {
      const used = [];
      const filter = randomFilter(next, generated, (operator, type) => used.push(`${operator} ${type}`), integer(next, 1, 5));
      const expected = [...objects].filter(([, object]) => oracle(filter, object, config)).map(([slot]) => slot).sort((x, y) => x - y);
      const asked = pick(next, [filter, () => filter, JSON.parse(JSON.stringify(filter))]);
      const node = resolveFilter(schema, asked, (property, text) => analyzer.termsOf(property, text));
      const found = evaluate(JSON.parse(JSON.stringify(node)), context);
      expect([...found], `seed ${seed}, round ${round}: ${JSON.stringify(filter)}`).toEqual(expected);
      for (const name of sectionsOf(node)) known.add(name.split(':')[0]);
      cases++;
      if (expected.length === 0 || expected.length === objects.size) continue;
      telling++;
      for (const key of used) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  });

  it.skipIf(process.env.SEED)('of every operator and type, often enough', () => {
    const expected = [
      ...TYPES.flatMap((dataType) => OPERATORS_OF[dataType.replace('[]', '')].map((operator) => `${operator} ${dataType}`)),
      ...TYPES.filter((dataType) => dataType.endsWith('[]') || dataType === 'text').flatMap((dataType) => COMPARISONS.map((operator) => `${operator} length of ${dataType}`)),
      ...['creationTime', 'updateTime'].flatMap((target) => COMPARISONS.map((operator) => `${operator} ${target}`)),
      ...['Equal', 'NotEqual', 'ContainsAny', 'ContainsNone'].map((operator) => `${operator} id`),
    ];
    expect(expected.filter((key) => (counts.get(key) ?? 0) < 3).map((key) => `${key}: ${counts.get(key) ?? 0}`)).toEqual([]);
    expect(cases).toBeGreaterThanOrEqual(3000);
    expect(telling).toBeGreaterThan(cases / 2);
  });
});
