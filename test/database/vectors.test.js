// Ids and vectors as callers give them.
import { describe, expect, it } from 'vitest';
import { runInNewContext } from 'node:vm';
import { checkId, newId, uuidOf } from '../../ts/database/ids.js';
import { createSchema, vectorOf } from '../../ts/database/schema.js';
import { checkedVector, onlyVector, resolveVectors } from '../../ts/database/vectors.js';
import { codeAndMessage } from './refused.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('ids', () => {
  it('are any well-formed text of 1 to 128 bytes', () => {
    for (const id of ['a', '\0', '__proto__', 'é'.repeat(64), '€'.repeat(42), '😀'.repeat(32), 'x'.repeat(128), '\ufeff', newId()]) {
      expect(codeAndMessage(() => checkId(id))).toBe('nothing thrown');
    }
  });

  it.each([
    [7, 'id: expected a string, got 7'], [undefined, 'got undefined'], [new String('a'), 'got a String'],
    ['', 'id: expected 1 to 128 bytes of UTF-8, got ""'], ['x'.repeat(129), '1 to 128 bytes'], ['é'.repeat(65), '1 to 128 bytes'],
    ['€'.repeat(43), '1 to 128 bytes'], ['😀'.repeat(33), '1 to 128 bytes'],
    ['a\ud800', 'id: expected no lone surrogates, got "a\\ud800"'], ['\udc00a', 'no lone surrogates'], ['\ud800\ud800\udc00', 'no lone surrogates'],
  ])('refuses %j', (id, message) => {
    expect(codeAndMessage(() => checkId(id))).toContain(message);
    expect(codeAndMessage(() => checkId(id))).toMatch(/^INVALID_ARGUMENT /);
  });

  it('agree with TextEncoder on every length and unit', () => {
    for (const text of ['\x7f', '\x80', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}']) {
      const count = Math.floor(128 / new TextEncoder().encode(text).length);
      expect(codeAndMessage(() => checkId(text.repeat(count)))).toBe('nothing thrown');
      expect(codeAndMessage(() => checkId(text.repeat(count + 1)))).toContain('1 to 128 bytes');
    }
  });

  it('are made as UUIDs', () => {
    expect(newId()).toMatch(UUID);
    expect(newId()).not.toBe(newId());
    expect(uuidOf(new Uint8Array(16).fill(255))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
  });
});

describe('vectors', () => {
  const one = createSchema({ name: 'A', vectors: { title: { dimensions: 3 } } });
  const two = createSchema({ name: 'A', vectors: { title: { dimensions: 2, metric: 'dot' }, default: { dimensions: 3, metric: 'l2-squared' } } });
  const open = createSchema({ name: 'A', vectors: { a: {}, b: { quantizer: { type: 'pq', segments: 2 } } } });

  it('go to the only named vector, or to default', () => {
    expect(resolveVectors(one, [1, 2, 3])).toEqual({ vectors: [{ number: 0, name: 'title', values: new Float32Array([1, 2, 3]) }] });
    expect(resolveVectors(two, new Float32Array(3))).toEqual({ vectors: [{ number: 1, name: 'default', values: new Float32Array(3) }] });
    expect(resolveVectors(two, { default: [1, 2, 3], title: [4, 5] }).vectors.map(({ number, values }) => [number, ...values])).toEqual([[1, 1, 2, 3], [0, 4, 5]]);
    expect(resolveVectors(two, { title: undefined })).toEqual({ vectors: [] });
    expect(resolveVectors(two, {})).toEqual({ vectors: [] });
    expect(resolveVectors(two, undefined)).toEqual({ vectors: [] });
    expect(onlyVector(two).name).toBe('default');
    expect(codeAndMessage(() => resolveVectors(open, [1]))).toBe('SCHEMA_MISMATCH vector: expected the name of a vector (a, b), got "default"');
  });

  it('are copies', () => {
    const given = new Float32Array([1, 2, 3]);
    const { values } = resolveVectors(one, given).vectors[0];
    given.fill(9);
    expect([...values]).toEqual([1, 2, 3]);
    const part = new Float32Array([0, 1, 2, 3]).subarray(1);
    expect(resolveVectors(one, part).vectors[0].values.buffer.byteLength).toBe(12);
  });

  it('may come from another realm', () => {
    expect([...resolveVectors(one, runInNewContext('new Float32Array([1, 2, 3])')).vectors[0].values]).toEqual([1, 2, 3]);
    expect(resolveVectors(one, runInNewContext('({ title: [1, 2, 3] })')).vectors).toHaveLength(1);
  });

  it('by names that objects have of their own', () => {
    const schema = createSchema({ name: 'A', vectors: Object.fromEntries([['__proto__', {}], ['constructor', {}]]) });
    const { vectors, schema: grown } = resolveVectors(schema, JSON.parse('{ "__proto__": [1, 2], "constructor": [3] }'));
    expect(vectors.map(({ name, number }) => [name, number])).toEqual([['__proto__', 0], ['constructor', 1]]);
    expect(grown.vectors.map(({ dimensions }) => dimensions)).toEqual([2, 1]);
    expect(resolveVectors(two, JSON.parse('{}')).vectors).toEqual([]);
    expect(codeAndMessage(() => resolveVectors(two, { constructor: [1] }))).toContain('SCHEMA_MISMATCH vector.constructor: expected the name of a vector');
  });

  it('fix dimensions that were open', () => {
    const { vectors, schema } = resolveVectors(open, { a: [1, 2, 3], b: [1, 2, 3, 4] });
    expect(vectors.map(({ values }) => values.length)).toEqual([3, 4]);
    expect([vectorOf(schema, 'a').dimensions, vectorOf(schema, 'b').dimensions, schema.revision]).toEqual([3, 4, 3]);
    expect(resolveVectors(schema, { a: [3, 2, 1] })).not.toHaveProperty('schema');
    expect(open.vectors[0]).not.toHaveProperty('dimensions');
    expect(codeAndMessage(() => resolveVectors(open, { b: [1, 2, 3] }))).toBe('INVALID_ARGUMENT vectors.b.quantizer.segments: expected a divisor of 3, got 2');
  });

  it.each([
    [[1, 2], 'DIMENSION_MISMATCH vector: expected 3 dimensions, got 2'],
    [[], 'DIMENSION_MISMATCH vector: expected 3 dimensions, got 0'],
    [[1, NaN, 2], 'NOT_FINITE vector: expected finite float32 components, got NaN at 1'],
    [[1, 2, 1e39], 'NOT_FINITE vector: expected finite float32 components, got 1e+39 at 2'],
    [new Float32Array([1, -Infinity, 0]), 'NOT_FINITE vector: expected finite float32 components, got -Infinity at 1'],
    [[3e38, 3e38, 3e38], 'NOT_FINITE vector: expected a length of at most 2^62, got more'],
    [[0, 0, -0], 'ZERO_VECTOR vector: expected a direction for metric cosine, got length 0'],
    [[1e-50, 0, 0], 'ZERO_VECTOR vector'],
    [[1, '2', 3], 'INVALID_ARGUMENT vector[1]: expected a number, got "2"'],
    [[1, , 3], 'INVALID_ARGUMENT vector[1]: expected a number, got undefined'],
    [[1, 2n, 3], 'INVALID_ARGUMENT vector[1]: expected a number, got a bigint'],
    ['abc', 'INVALID_ARGUMENT vector: expected a Float32Array, an array of numbers, or an object of them by name, got "abc"'],
    [null, 'INVALID_ARGUMENT vector: expected a Float32Array, an array of numbers, or an object of them by name, got null'],
    [new Float64Array(3), 'got a Float64Array'],
    [new Map(), 'got a Map'],
    [{ titel: [1, 2, 3] }, 'SCHEMA_MISMATCH vector.titel: expected the name of a vector (title), or the array by itself, got "titel"'],
    [{ title: [1] }, 'DIMENSION_MISMATCH vector.title: expected 3 dimensions, got 1'],
    [{ title: null }, 'INVALID_ARGUMENT vector.title: expected a Float32Array or an array of numbers, got null'],
    [{ title: [0, 0, 0] }, 'ZERO_VECTOR vector.title: expected a direction'],
  ])('refuses %o', (input, message) => expect(codeAndMessage(() => resolveVectors(one, input))).toContain(message));

  it('of queries are checked alike', () => {
    const [field] = open.vectors;
    expect([...checkedVector(field, [1, 2])]).toEqual([1, 2]);
    expect(codeAndMessage(() => checkedVector(field, [], 'near'))).toBe('DIMENSION_MISMATCH near: expected 1 to 65535 dimensions, got 0');
    expect(codeAndMessage(() => checkedVector(field, new Float32Array(65_536).fill(1)))).toContain('expected 1 to 65535 dimensions, got 65536');
    expect([...checkedVector({ ...field, metric: 'dot' }, [0, 0])]).toEqual([0, 0]);
  });
});
