// Properties as bytes and back: named examples, hostile values, then generated ones. SEED=n repeats a run.
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { fromBase64, isBase64, toBase64 } from '../../ts/database/base64.js';
import { BYTES_MAX } from '../../ts/database/property-writer.js';
import { decodeProperties, encodeProperties } from '../../ts/database/properties.js';
import { createSchema, updateSchema } from '../../ts/database/schema.js';
import { patchedProperties } from '../../ts/shard/stored-properties.js';
import { integer, random } from '../conformance/random.js';
import { codeAndMessage } from './refused.js';

const schemaOf = (types, options) => createSchema({
  name: 'A', ...options, properties: Object.entries(types).map(([name, type]) => (typeof type === 'string' ? { name, dataType: type } : { name, ...type })),
});
const text = (bytes) => new TextDecoder().decode(bytes);
const roundTrip = (schema, properties) => decodeProperties(schema, encodeProperties(schema, properties).bytes);
const own = (entries) => Object.fromEntries(entries);

/** As `update` has it done: what is null is taken away. */
function merge(schema, bytes, properties) {
  const { bytes: patch, schema: grown } = encodeProperties(schema, properties);
  const removed = Object.keys(properties).filter((name) => Object.getOwnPropertyDescriptor(properties, name).value === null);
  return { bytes: patchedProperties(bytes, { patch, removed }), schema: grown };
}

const everything = schemaOf({
  text: 'text', int: 'int', number: 'number', flag: 'boolean', date: 'date', uuid: 'uuid', place: 'geoCoordinates', blob: 'blob',
  texts: 'text[]', ints: 'int[]', numbers: 'number[]', flags: 'boolean[]', dates: 'date[]', uuids: 'uuid[]', places: 'geoCoordinates[]',
  object: { dataType: 'object', nestedProperties: [
    { name: 'a', dataType: 'int' }, { name: 'when', dataType: 'date' }, { name: 'inner', dataType: 'object', nestedProperties: [{ name: 'blob', dataType: 'blob' }] },
  ] },
  objects: { dataType: 'object[]', nestedProperties: [{ name: 'when', dataType: 'date[]' }, { name: 'b', dataType: 'text' }] },
});
const grown = createSchema({ name: 'A', autoSchema: true });

describe('encodeProperties and decodeProperties', () => {
  it('give back every type', () => {
    const when = new Date('2024-02-29T12:34:56.789Z');
    const properties = {
      text: 'Grüße\0\n"\\', int: -(2 ** 53 - 1), number: 1.5e-310, flag: false, date: when, uuid: '00112233-4455-6677-8899-aabbccddeeff',
      place: { latitude: -90, longitude: 180 }, blob: new Uint8Array([0, 255, 128]),
      texts: ['', 'b'], ints: [1, -2], numbers: [0.1, 1e308], flags: [true, false], dates: [when, new Date(0)], uuids: ['00112233-4455-6677-8899-aabbccddeeff'],
      places: [{ latitude: 0, longitude: 0.25 }], object: { a: 1, when, inner: { blob: new Uint8Array(0) } }, objects: [{ when: [when], b: 'x' }, {}],
    };
    expect(roundTrip(everything, properties)).toStrictEqual(properties);
    expect(encodeProperties(everything, properties)).not.toHaveProperty('schema');
  });

  it('leave out null and undefined, and keep empty lists', () => {
    const { bytes } = encodeProperties(everything, { text: null, int: undefined, texts: [], object: { a: null }, flag: true });
    expect(text(bytes)).toBe('{"texts":[],"object":{},"flag":true}');
    expect(text(encodeProperties(everything, undefined).bytes)).toBe('{}');
  });

  it('bring values to one form', () => {
    const stored = (properties) => text(encodeProperties(everything, properties).bytes);
    expect(stored({ int: -0, number: -0 })).toBe('{"int":0,"number":0}');
    expect(stored({ uuid: 'ABCDEF00-4455-6677-8899-AABBCCDDEEFF' })).toBe('{"uuid":"abcdef00-4455-6677-8899-aabbccddeeff"}');
    expect(stored({ blob: 'AP+A' })).toBe('{"blob":"AP+A"}');
    expect(stored({ place: { latitude: -0, longitude: 1 } })).toBe('{"place":{"latitude":0,"longitude":1}}');
    expect(roundTrip(everything, { blob: 'AP+A' }).blob).toEqual(new Uint8Array([0, 255, 128]));
  });

  it.each([
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000Z'],
    ['2024-02-29t12:00:00z', '2024-02-29T12:00:00.000Z'],
    ['2024-02-29 12:00:00+02:30', '2024-02-29T09:30:00.000Z'],
    ['2024-12-31T23:59:59.123456789-01:00', '2025-01-01T00:59:59.123Z'],
    ['2024-01-01T00:00:00.5Z', '2024-01-01T00:00:00.500Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
  ])('take the date %s', (given, iso) => expect(roundTrip(everything, { date: given }).date.toISOString()).toBe(iso));

  it.each([
    '2024-02-30T12:00:00Z', '2023-02-29T12:00:00Z', '1900-02-29T00:00:00Z', '2024-00-01T00:00:00Z', '2024-13-01T00:00:00Z', '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z', '2024-01-01T00:60:00Z', '2024-01-01T00:00:60Z', '2024-01-01T00:00:00', '2024-01-01', '2024-01-01T00:00:00+24:00',
    '2024-01-01T00:00:00+01:60', '2024-01-01T00:00Z', '24-01-01T00:00:00Z', 'now', '', ' 2024-01-01T00:00:00Z', 1704067200000, new Date(NaN), {},
    { [Symbol.toStringTag]: 'Date' },
  ])('refuse the date %#', (date) => expect(codeAndMessage(() => encodeProperties(everything, { date }))).toContain('SCHEMA_MISMATCH properties.date: expected a valid Date or'));

  it('keep dates before year 0 and after 9999', () => {
    for (const time of [-8.64e15, 8.64e15, Date.UTC(-1, 0), Date.UTC(10_000, 0)]) expect(roundTrip(everything, { date: new Date(time) }).date.getTime()).toBe(time);
  });

  it.each([
    [{ text: 5 }, 'properties.text: expected a string (text), got 5'],
    [{ text: new String('a') }, 'properties.text: expected a string (text), got a String'],
    [{ text: ['a'] }, 'properties.text: expected a string (text), got an array'],
    [{ int: 1.5 }, 'properties.int: expected an integer within ±(2^53 − 1) (int), got 1.5'],
    [{ int: 2 ** 53 }, 'got 9007199254740992'],
    [{ int: 1n }, 'got a bigint'],
    [{ number: NaN }, 'properties.number: expected a finite number, got NaN'],
    [{ number: Infinity }, 'got Infinity'],
    [{ number: '5' }, 'got "5"'],
    [{ flag: 1 }, 'properties.flag: expected a boolean, got 1'],
    [{ flag: Symbol('x') }, 'got a symbol'],
    [{ uuid: '0011223344556677889900aabbccddee' }, 'properties.uuid: expected hexadecimal digits as 8-4-4-4-12 (uuid), got "0011'],
    [{ place: { latitude: 91, longitude: 0 } }, 'properties.place.latitude: expected a number from −90 to 90, got 91'],
    [{ place: { latitude: 0, longitude: -181 } }, 'properties.place.longitude: expected a number from −180 to 180, got -181'],
    [{ place: { latitude: 0 } }, 'properties.place.longitude: expected a number from −180 to 180, got undefined'],
    [{ place: { latitude: NaN, longitude: 0 } }, 'properties.place.latitude'],
    [{ place: { latitude: 0, longitude: 0, altitude: 0 } }, 'alone (geoCoordinates), got "altitude"'],
    [{ place: [0, 0] }, 'properties.place: expected { latitude, longitude } (geoCoordinates), got an array'],
    [{ blob: 'AP+' }, 'properties.blob: expected a Uint8Array or base64 with padding (blob), got "AP+"'],
    [{ blob: new Uint16Array(1) }, 'got a Uint16Array'],
    [{ blob: [1] }, 'got an array'],
    [{ blob: new ArrayBuffer(1) }, 'got an ArrayBuffer'],
    [{ texts: 'a' }, 'properties.texts: expected an array (text[]), got "a"'],
    [{ texts: ['a', 5] }, 'properties.texts[1]: expected a string (text), got 5'],
    [{ texts: ['a', null] }, 'properties.texts[1]: expected a string (text), got null'],
    [{ texts: new Array(2) }, 'properties.texts[0]: expected a string (text), got undefined'],
    [{ texts: [['a']] }, 'properties.texts[0]: expected a string (text), got an array'],
    [{ texts: { 0: 'a', length: 1 } }, 'got an object'],
    [{ object: 'a' }, 'properties.object: expected an object, got "a"'],
    [{ object: new Map() }, 'properties.object: expected an object, got a Map'],
    [{ object: { inner: { blob: 1 } } }, 'properties.object.inner.blob: expected a Uint8Array'],
    [{ object: { b: 1 } }, 'properties.object.b: expected a property of the schema (a, when, inner), got "b"'],
    [{ objects: [{}, { b: 1 }] }, 'properties.objects[1].b: expected a string (text), got 1'],
    [{ objects: [null] }, 'properties.objects[0]: expected an object, got null'],
    [{ txet: 'a' }, 'properties.txet: expected a property of the schema (text, int, number'],
    [{ txet: null }, 'properties.txet: expected a property of the schema'],
    [{ 'a b': 1 }, 'properties["a b"]: expected a property of the schema'],
    [own([['__proto__', 1]]), 'properties.__proto__: expected a property of the schema'],
    [{ constructor: 1 }, 'properties.constructor: expected a property of the schema'],
    [[], 'properties: expected an object, got an array'],
    [null, 'properties: expected an object, got null'],
    ['a', 'properties: expected an object, got "a"'],
    [new Date(), 'properties: expected an object, got a Date'],
  ])('refuse what they cannot keep, %#', (properties, message) => {
    expect(codeAndMessage(() => encodeProperties(everything, properties))).toContain(message);
    expect(codeAndMessage(() => encodeProperties(everything, properties))).toMatch(/^SCHEMA_MISMATCH properties/);
  });

  it('give back some properties only', () => {
    const { bytes } = encodeProperties(everything, { text: 'a', int: 1, date: new Date(0), object: { when: new Date(1) } });
    expect(decodeProperties(everything, bytes, ['object', 'date', 'flag', 'constructor', '__proto__'])).toStrictEqual({ object: { when: new Date(1) }, date: new Date(0) });
    expect(decodeProperties(everything, bytes, [])).toStrictEqual({});
  });

  it('give back what the schema does not know as plain JSON values', () => {
    const { bytes } = encodeProperties(everything, { text: 'a', date: new Date(0), object: { when: new Date(1) } });
    expect(decodeProperties(schemaOf({ text: 'text' }), bytes)).toStrictEqual({ text: 'a', date: '1970-01-01T00:00:00.000Z', object: { when: '1970-01-01T00:00:00.001Z' } });
  });

  it('say so if the bytes are not theirs', () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array([123]), new Uint8Array([34, 255, 34])]) {
      expect(codeAndMessage(() => decodeProperties(everything, bytes))).toMatch(/^STORAGE_CORRUPT properties/);
    }
  });
});

describe('hostile names and values', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'toJSON', 'valueOf', 'hasOwnProperty', 'then', 'length', '__defineGetter__'];

  it('names that objects have of their own are kept', () => {
    const schema = createSchema({ name: 'A', properties: [...names.map((name) => ({ name, dataType: 'text' })), { name: 'o', dataType: 'object', nestedProperties: [{ name: '__proto__', dataType: 'date' }] }] });
    const properties = own([...names.map((name) => [name, `value of ${name}`]), ['o', own([['__proto__', new Date(5)]])]]);
    const read = roundTrip(schema, properties);
    expect(Object.entries(read)).toStrictEqual(Object.entries(properties));
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.entries(read.o)).toEqual([['__proto__', new Date(5)]]);
    expect(Object.entries(decodeProperties(schema, encodeProperties(schema, properties).bytes, names))).toEqual(Object.entries(properties).slice(0, -1));
    const merged = merge(schema, encodeProperties(schema, properties).bytes, own([['__proto__', 'new'], ['constructor', null]]));
    expect(Object.entries(decodeProperties(schema, merged.bytes))[0]).toEqual(['__proto__', 'new']);
    expect(Object.hasOwn(decodeProperties(schema, merged.bytes), 'constructor')).toBe(false);
    expect({}.polluted ?? Object.prototype.new).toBeUndefined();
  });

  it('are inferred like any other', () => {
    const { bytes, schema } = encodeProperties(grown, own([['__proto__', own([['__proto__', 'x'], ['polluted', true]])], ['constructor', 5]]));
    const read = decodeProperties(schema, bytes);
    expect(Object.keys(read)).toEqual(['__proto__', 'constructor']);
    expect(Object.entries(Object.getOwnPropertyDescriptor(read, '__proto__').value)).toEqual([['__proto__', 'x'], ['polluted', true]]);
    expect({}.polluted).toBeUndefined();
  });

  it('texts are kept to the last unit', () => {
    for (const value of ['\ud800', '\udfff', 'a\udc00\ud800b', '\0\x01\x1f\x7f', '\u2028\u2029\ufeff', '😀', '\uffff', '"\\/', '</script>', 'x'.repeat(1_000_000)]) {
      expect(roundTrip(everything, { text: value, texts: [value] })).toStrictEqual({ text: value, texts: [value] });
    }
  });

  it('endless and deep objects are refused', () => {
    const endless = { a: 1 };
    endless.endless = endless;
    expect(codeAndMessage(() => encodeProperties(grown, endless))).toMatch(/^INVALID_ARGUMENT properties(\.endless){64}: expected at most 64 levels, got "more"$/);
    const round = { list: [] };
    round.list.push(round);
    expect(codeAndMessage(() => encodeProperties(grown, round))).toContain('at most 64 levels');
    const nested = (levels) => (levels === 1 ? { x: 1 } : { o: nested(levels - 1) });
    expect(roundTrip(encodeProperties(grown, nested(64)).schema, nested(64))).toStrictEqual(nested(64));
    expect(codeAndMessage(() => encodeProperties(grown, nested(65)))).toContain('at most 64 levels');
    let deep = {};
    for (let i = 0; i < 200_000; i++) deep = { deep };
    expect(codeAndMessage(() => encodeProperties(grown, deep))).toContain('at most 64 levels');
  });

  it('objects that would unfold to more than memory are refused', () => {
    let tree = { leaf: 1 };
    for (let i = 0; i < 60; i++) tree = { a: tree, b: tree };
    expect(codeAndMessage(() => encodeProperties(grown, tree))).toMatch(/^INVALID_ARGUMENT .*at most 10000 properties in the schema/);
    let lists = [{}];
    for (let i = 0; i < 60; i++) lists = [{ l: lists }, { l: lists }];
    expect(codeAndMessage(() => encodeProperties(grown, { lists }))).toMatch(/^INVALID_ARGUMENT properties: expected at most 16777216 bytes as JSON/);
    const long = new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 40 : 'x') });
    expect(codeAndMessage(() => encodeProperties(everything, { texts: long }))).toContain('at most 16777216 bytes as JSON');
  });

  it('more than 16 MB is refused, exactly', () => {
    const fits = 'x'.repeat(BYTES_MAX - '{"text":""}'.length);
    expect(encodeProperties(everything, { text: fits }).bytes.length).toBe(BYTES_MAX);
    for (const value of [`${fits}x`, 'x'.repeat(2 ** 28), 'é'.repeat(BYTES_MAX / 2), '\0'.repeat(BYTES_MAX / 5)]) {
      expect(codeAndMessage(() => encodeProperties(everything, { text: value }))).toBe('INVALID_ARGUMENT properties: expected at most 16777216 bytes as JSON, got "more"');
    }
    expect(codeAndMessage(() => encodeProperties(everything, { blob: new Uint8Array(BYTES_MAX) }))).toContain('at most 16777216 bytes');
    expect(codeAndMessage(() => encodeProperties(everything, { texts: new Array(1000).fill('x'.repeat(2 ** 20)) }))).toContain('at most 16777216 bytes');
    const { bytes } = encodeProperties(everything, { text: 'x'.repeat(BYTES_MAX / 2) });
    expect(codeAndMessage(() => merge(everything, bytes, { texts: ['x'.repeat(BYTES_MAX / 2)] }))).toContain('at most 16777216 bytes');
  });

  it('what a getter or a proxy throws comes through, and schemas stay as they were', () => {
    const before = JSON.stringify(grown);
    const error = new Error('mine');
    const fail = () => { throw error; };
    const hostile = [
      { fresh: 'x', get bad() { return fail(); } }, new Proxy({}, { ownKeys: fail }), new Proxy({ a: 1 }, { get: fail }), { list: new Proxy([], { get: fail }) },
    ];
    for (const properties of hostile) expect(() => encodeProperties(grown, properties)).toThrow(error);
    expect(JSON.stringify(grown)).toBe(before);
    expect(encodeProperties(grown, { fresh: 5 }).schema.properties).toMatchObject([{ name: 'fresh', dataType: 'number' }]);
    // One reading decides: a value cannot be checked as one thing and written as another.
    let reads = 0;
    const once = { get text() { return reads++ ? 5 : 'first'; } };
    expect(roundTrip(everything, once)).toEqual({ text: 'first' });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(() => encodeProperties(everything, proxy)).toThrow(TypeError);
  });

  it('messages about them are short and call nothing of theirs', () => {
    const fail = () => { throw new Error('called'); };
    const value = { constructor: { get name() { return fail(); } }, get length() { return fail(); }, toString: fail, toJSON: fail, [Symbol.toPrimitive]: fail };
    expect(codeAndMessage(() => encodeProperties(everything, { text: value }))).toBe('SCHEMA_MISMATCH properties.text: expected a string (text), got an object');
    expect(codeAndMessage(() => encodeProperties(everything, { int: 'x'.repeat(1e7) })).length).toBeLessThan(300);
    expect(codeAndMessage(() => encodeProperties(everything, { ['x'.repeat(1e7)]: 1 })).length).toBeLessThan(500);
  });

  it('objects of classes, of other realms and without prototype are objects', () => {
    class Ticket {
      text = 'mine';
      #secret = 1;
      get int() { return this.#secret; }
    }
    expect(roundTrip(everything, new Ticket())).toEqual({ text: 'mine' });
    expect(roundTrip(everything, Object.assign(Object.create({ int: 'inherited' }), { text: 'own' }))).toEqual({ text: 'own' });
    expect(roundTrip(everything, Object.assign(Object.create(null), { text: 'bare' }))).toEqual({ text: 'bare' });
    const foreign = runInNewContext('({ date: new Date(5), blob: new Uint8Array([1]), texts: ["a"], object: { a: 1 } })');
    expect(roundTrip(everything, foreign)).toStrictEqual({ date: new Date(5), blob: new Uint8Array([1]), texts: ['a'], object: { a: 1 } });
    expect(roundTrip(everything, { [Symbol('s')]: 1, text: 'a' })).toEqual({ text: 'a' });
    expect(roundTrip(everything, { blob: Buffer.from([7, 8]) }).blob).toStrictEqual(new Uint8Array([7, 8]));
  });
});

describe('autoSchema', () => {
  const typesOf = (properties) => properties.map(({ name, dataType, nestedProperties }) => (nestedProperties ? [name, dataType, typesOf(nestedProperties)] : [name, dataType]));

  it('adds properties with the types of their values', () => {
    const properties = {
      text: '2024-01-01T00:00:00Z', uuid: '00112233-4455-6677-8899-aabbccddeeff', whole: 5, part: 0.5, flag: true, date: new Date(0), blob: new Uint8Array([1]),
      place: { latitude: 1, longitude: 2 }, noPlace: { latitude: 1, longitude: 2, altitude: 3 }, object: { a: { b: [1] } },
      texts: ['a'], dates: [new Date(1)], places: [{ latitude: 1, longitude: 2 }], objects: [{ x: 1 }, { y: 'b', x: 2 }],
      nothing: null, notSet: undefined, empty: [],
    };
    const { bytes, schema } = encodeProperties(grown, properties);
    expect(schema.revision).toBe(2);
    expect(typesOf(schema.properties)).toEqual([
      ['text', 'text'], ['uuid', 'text'], ['whole', 'number'], ['part', 'number'], ['flag', 'boolean'], ['date', 'date'], ['blob', 'blob'],
      ['place', 'geoCoordinates'], ['noPlace', 'object', [['latitude', 'number'], ['longitude', 'number'], ['altitude', 'number']]],
      ['object', 'object', [['a', 'object', [['b', 'number[]']]]]], ['texts', 'text[]'], ['dates', 'date[]'], ['places', 'geoCoordinates[]'],
      ['objects', 'object[]', [['x', 'number'], ['y', 'text']]],
    ]);
    const { nothing, notSet, empty, ...kept } = properties;
    expect(decodeProperties(schema, bytes)).toStrictEqual(kept);
    expect(encodeProperties(schema, properties)).toEqual({ bytes });
    expect(schema.properties[0]).toEqual({ name: 'text', dataType: 'text', tokenization: 'word', indexFilterable: true, indexSearchable: true });
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    expect(grown.properties).toEqual([]);
  });

  it('grows objects the schema has', () => {
    const start = createSchema({ name: 'A', autoSchema: true, properties: [{ name: 'o', dataType: 'object', nestedProperties: [{ name: 'a', dataType: 'int' }] }, { name: 'b', dataType: 'text' }] });
    const { schema } = encodeProperties(start, { o: { a: 1, c: { d: new Date(3) } } });
    expect(typesOf(schema.properties)).toEqual([['o', 'object', [['a', 'int'], ['c', 'object', [['d', 'date']]]]], ['b', 'text']]);
    expect(roundTrip(schema, { o: { c: { d: new Date(3) } } })).toStrictEqual({ o: { c: { d: new Date(3) } } });
    const { schema: again } = encodeProperties(schema, { o: { c: { e: 1 } } });
    expect(typesOf(again.properties)[0]).toEqual(['o', 'object', [['a', 'int'], ['c', 'object', [['d', 'date'], ['e', 'number']]]]]);
    expect(again.revision).toBe(3);
  });

  it('holds values to the type that was inferred', () => {
    expect(codeAndMessage(() => encodeProperties(grown, { list: [1, 'a'] }))).toBe('SCHEMA_MISMATCH properties.list[1]: expected a finite number, got "a"');
    expect(codeAndMessage(() => encodeProperties(grown, { list: [{ x: 1 }, { x: 'a' }] }))).toBe('SCHEMA_MISMATCH properties.list[1].x: expected a finite number, got "a"');
    expect(codeAndMessage(() => encodeProperties(grown, { n: NaN }))).toContain('SCHEMA_MISMATCH properties.n: expected a finite number');
    expect(codeAndMessage(() => encodeProperties(grown, { place: { latitude: 100, longitude: 0 } }))).toContain('properties.place.latitude');
    const { schema } = encodeProperties(grown, { n: 1 });
    expect(codeAndMessage(() => encodeProperties(schema, { n: 'a' }))).toContain('SCHEMA_MISMATCH properties.n');
  });

  it.each([
    [{ a: 1n }, 'a value of a type that can be inferred, got a bigint'], [{ a: () => 1 }, 'got a function'], [{ a: new Map() }, 'got a Map'],
    [{ a: [[1]] }, 'got an array'], [{ a: [null] }, 'got null'], [{ a: [new Uint8Array(1)] }, 'got a Uint8Array'], [{ a: new Float32Array(1) }, 'got a Float32Array'],
    [{ 'a b': 1 }, 'properties["a b"]: expected a name of a letter or _'], [{ '': 1 }, 'properties[""]: expected a name'], [{ 0: 1 }, 'properties["0"]'],
  ])('refuses what has no type, %#', (properties, message) => {
    expect(codeAndMessage(() => encodeProperties(grown, properties))).toContain(message);
    expect(codeAndMessage(() => encodeProperties(grown, properties))).toMatch(/^SCHEMA_MISMATCH properties/);
  });

  it('turned off later leaves what was added', () => {
    const { bytes, schema } = encodeProperties(grown, { date: new Date(0) });
    const off = updateSchema(schema, { autoSchema: false });
    expect(decodeProperties(off, bytes)).toStrictEqual({ date: new Date(0) });
    expect(codeAndMessage(() => encodeProperties(off, { other: 1 }))).toContain('SCHEMA_MISMATCH');
  });
});

describe('patchedProperties', () => {
  const { bytes } = encodeProperties(everything, { text: 'a', int: 1, date: new Date(0), object: { a: 1 }, blob: new Uint8Array([1]) });

  it('replaces, adds, and takes away what is null', () => {
    const merged = merge(everything, bytes, { text: 'b', int: null, flag: true, date: undefined, object: { when: new Date(1) }, uuid: null });
    expect(decodeProperties(everything, merged.bytes)).toStrictEqual({ text: 'b', date: new Date(0), object: { when: new Date(1) }, blob: new Uint8Array([1]), flag: true });
    expect(merge(everything, bytes, {}).bytes).toEqual(bytes);
  });

  it('checks, grows, and leaves the old bytes alone', () => {
    const before = text(bytes);
    expect(codeAndMessage(() => merge(everything, bytes, { int: 'a' }))).toBe('SCHEMA_MISMATCH properties.int: expected an integer within ±(2^53 − 1) (int), got "a"');
    expect(codeAndMessage(() => merge(everything, bytes, { txet: null }))).toContain('SCHEMA_MISMATCH properties.txet');
    expect(codeAndMessage(() => merge(everything, bytes, null))).toContain('SCHEMA_MISMATCH properties: expected an object, got null');
    const merged = merge(grown, encodeProperties(grown, {}).bytes, { fresh: new Date(7) });
    expect(decodeProperties(merged.schema, merged.bytes)).toStrictEqual({ fresh: new Date(7) });
    expect(text(bytes)).toBe(before);
  });

  it('keeps texts to the last unit, and what the schema does not know', () => {
    const odd = encodeProperties(everything, { text: 'a\ud800', number: 5e-324 }).bytes;
    expect(decodeProperties(everything, merge(everything, odd, { int: 1 }).bytes)).toStrictEqual({ text: 'a\ud800', number: 5e-324, int: 1 });
    expect(decodeProperties(everything, merge(schemaOf({ int: 'int' }), odd, { int: 2 }).bytes)).toStrictEqual({ text: 'a\ud800', number: 5e-324, int: 2 });
  });
});

describe('base64', () => {
  it('is that of Node, for every length', () => {
    for (const length of [...Array(70).keys(), 24_575, 24_576, 24_577, 100_001]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 89 + length) & 255);
      const base64 = Buffer.from(bytes).toString('base64');
      expect(toBase64(bytes)).toBe(base64);
      expect(isBase64(base64)).toBe(true);
      expect(Buffer.compare(fromBase64(base64), bytes)).toBe(0);
    }
  });

  it('is told from other texts', () => {
    for (const other of ['A', 'AA', 'AAA', '====', 'A===', 'AB==', 'AAB=', 'AA=A', 'AA-_', 'AAA\n', 'AA A', '=AAA', 'AAAé']) expect(isBase64(other), other).toBe(false);
    expect(isBase64('A'.repeat(16_000_000))).toBe(true);
  });
});

describe('generated objects', () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  const next = random(seed);
  const below = (n) => integer(next, 0, n);
  const pick = (list) => list[below(list.length)];
  const times = (n, make) => Array.from({ length: n }, make);
  const SCALARS = ['text', 'int', 'number', 'boolean', 'date', 'uuid', 'geoCoordinates', 'blob', 'object'];
  const NAMES = ['a', 'b', '_', '__proto__', 'constructor', 'toJSON', 'x-y', 'Z9', 'length', 'name', 'valueOf'];

  const property = (name, depth) => {
    const type = pick(depth < 4 ? SCALARS : SCALARS.slice(0, -1));
    const dataType = type !== 'blob' && below(3) === 0 ? `${type}[]` : type;
    return { name, dataType, ...type === 'object' && { nestedProperties: properties(depth + 1) } };
  };
  const properties = (depth) => {
    const names = new Set(times(1 + below(5), () => pick(NAMES)));
    return [...names].map((name) => property(name, depth));
  };
  const scalar = {
    text: () => String.fromCharCode(...times(below(20), () => pick([below(128), below(65_536), 0xd800 + below(2048), 0]))),
    int: () => pick([0, 1, -1, 2 ** 53 - 1, -(2 ** 53 - 1), below(1000)]),
    number: () => pick([0, 0.1, -1.5, 5e-324, Number.MAX_VALUE, 1e21, 123456789.123, below(2 ** 31) / 7]),
    boolean: () => below(2) === 0,
    date: () => new Date(pick([0, -1, below(2 ** 31) * 1000, -8.64e15, 8.64e15])),
    uuid: () => '00000000-0000-4000-8000-000000000000'.replace(/0/g, () => '0123456789abcdef'[below(16)]),
    geoCoordinates: () => ({ latitude: below(181) - 90, longitude: below(3600) / 10 - 180 }),
    blob: () => Uint8Array.from(times(below(40), () => below(256))),
    object: ({ nestedProperties }) => object(nestedProperties),
  };
  const object = (list) => own(list.filter(() => below(4) > 0).map((each) => {
    const make = () => scalar[each.dataType.replace('[]', '')](each);
    return [each.name, each.dataType.endsWith('[]') ? times(below(4), make) : make()];
  }));
  /** Own entries all the way down, because equality of objects overlooks `__proto__`. */
  const unfolded = (value) => {
    if (Array.isArray(value)) return value.map(unfolded);
    if (typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array) return value;
    return Object.keys(value).map((name) => [name, unfolded(value[name])]);
  };
  const byName = (value) => (Array.isArray(value) && Array.isArray(value[0]) ? value.map(byName).sort(([a], [b]) => (a < b ? -1 : 1)) : value);

  it(`come back as they were (seed ${seed})`, () => {
    for (let i = 0; i < 1500; i++) {
      const schema = createSchema({ name: 'A', properties: properties(1) });
      const given = object(schema.properties);
      const { bytes } = encodeProperties(schema, given);
      expect(unfolded(decodeProperties(schema, bytes))).toStrictEqual(unfolded(given));
      const patch = object(schema.properties);
      const merged = merge(schema, bytes, patch).bytes;
      expect(byName(unfolded(decodeProperties(schema, merged)))).toStrictEqual(byName(unfolded(own([...Object.entries(given), ...Object.entries(patch)]))));
    }
  });

  it(`come back as they were by an inferred schema (seed ${seed})`, () => {
    for (let i = 0; i < 500; i++) {
      const given = object(createSchema({ name: 'A', properties: properties(1) }).properties);
      let result;
      // Objects in a list may have values of several types under one name.
      try {
        result = encodeProperties(grown, given);
      } catch (error) {
        expect(error.code).toBe('SCHEMA_MISMATCH');
        continue;
      }
      const { bytes, schema = grown } = result;
      // An empty list that came before its type was known is not there, so it is what was stored that is written again.
      const stored = decodeProperties(schema, bytes);
      expect(encodeProperties(schema, stored)).toEqual({ bytes });
      expect(encodeProperties(JSON.parse(JSON.stringify(schema)), stored)).toEqual({ bytes });
    }
  });
});
