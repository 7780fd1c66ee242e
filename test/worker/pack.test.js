import { describe, expect, it } from 'vitest';
import { VectileError } from '../../ts/errors.js';
import { Deadline } from '../../ts/search/deadline.js';
import { pack, transfersOf, unpack } from '../../ts/worker/pack.js';
import { integer, pick, random } from '../conformance/random.js';

/** As it comes out of another thread. */
const crossed = (value, copiesVectors) => {
  const packed = pack(value);
  return unpack(structuredClone(packed, { transfer: transfersOf(packed) }), copiesVectors);
};

describe('what crosses', () => {
  it('is plain data as it was', () => {
    const value = { a: 1, b: 'x', c: [undefined, null, -0, NaN, Infinity, 2n ** 70n], d: { e: true, f: undefined }, g: new Map([['h', [1]], ['i', undefined]]) };
    expect(crossed(value)).toStrictEqual(value);
    for (const one of [undefined, null, 0, '', 'text', true]) expect(crossed(one)).toBe(one);
    expect(Object.is(crossed(-0), -0)).toBe(true);
  });

  it('is typed arrays of every kind, wherever they are, by one buffer in which each begins at a multiple of 8', () => {
    const kinds = [
      Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array,
    ];
    const value = {
      lists: kinds.map((Kind, i) => Kind.from({ length: i }, (_, at) => (Kind.name.startsWith('Big') ? BigInt(at) : at))),
      byName: new Map(kinds.map((Kind) => [Kind.name, new Kind(3)])),
      alone: Float64Array.of(NaN, -0, 1 / 3),
    };
    const packed = pack(value);
    expect(crossed(value)).toStrictEqual(value);
    expect(packed.holes.filter((_, i) => i % 5 === 3).every((at) => at % 8 === 0)).toBe(true);
    expect(crossed(Float32Array.of(1, 2))).toStrictEqual(Float32Array.of(1, 2));
    expect(crossed(Buffer.from('bytes'))).toStrictEqual(Uint8Array.from(Buffer.from('bytes')));
  });

  it('leaves the value itself as it is, and does not take the buffers of its views along', () => {
    const slab = new Float32Array(1 << 20).fill(7);
    const value = { rows: [{ values: slab.subarray(5, 8) }], rest: { n: 1 } };
    const packed = pack(value);
    expect(packed.buffer.byteLength).toBe(16);
    unpack(structuredClone(packed, { transfer: transfersOf(packed) }));
    expect(value).toStrictEqual({ rows: [{ values: Float32Array.of(7, 7, 7) }], rest: { n: 1 } });
    expect(value.rows[0].values.buffer).toBe(slab.buffer);
    expect(slab.length).toBe(1 << 20);
  });

  it('is vectors that keep nothing else in memory, where that is asked for', () => {
    const value = { vector: Float32Array.of(1, 2), bytes: Uint8Array.of(1, 2, 3) };
    expect(crossed(value).vector.buffer.byteLength).toBe(16);
    expect(crossed(value, true)).toStrictEqual(value);
    expect(crossed(value, true).vector.buffer.byteLength).toBe(8);
  });

  it('is names that objects have by nature, too', () => {
    const value = JSON.parse('{ "__proto__": { "a": 1 }, "constructor": 2 }');
    Object.defineProperty(value, '__proto__', { value: { a: Uint8Array.of(1) } });
    const [found] = crossed([value]);
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    expect(Object.entries(found)).toStrictEqual([['__proto__', { a: Uint8Array.of(1) }], ['constructor', 2]]);
  });

  it('is errors with their class, code and causes', () => {
    const cause = Object.assign(new Error('no room'), { code: 'ENOSPC' });
    const error = new VectileError('STORAGE_FULL', '/data: expected room, got none', { cause });
    const [{ found }] = crossed([{ found: error }]);
    expect(found).toBeInstanceOf(VectileError);
    expect(found).toMatchObject({ name: 'VectileError', code: 'STORAGE_FULL', message: error.message, stack: error.stack });
    expect(found.cause).toBeInstanceOf(Error);
    expect(found.cause).toMatchObject({ message: 'no room', code: 'ENOSPC' });
    expect(crossed(new RangeError('too far'))).toMatchObject({ name: 'RangeError', message: 'too far' });
    expect(crossed(new VectileError('ABORTED', 'x', { cause: new DOMException('gone', 'AbortError') })).cause).toMatchObject({ name: 'AbortError', message: 'gone' });
    const loop = new Error('loop');
    loop.cause = loop;
    expect(crossed(loop).cause.cause.cause.cause).toBeUndefined();
  });

  it('is deadlines, as what is left of them', async () => {
    const [limited, own] = [new Deadline(10_000), new Deadline()];
    await new Promise((resolve) => setTimeout(resolve, 20));
    const found = crossed({ limited, own });
    expect(found.limited).toBeInstanceOf(Deadline);
    expect(found.limited.left().leftMs).toBeLessThanOrEqual(9981);
    expect(found.limited.left().leftMs).toBeGreaterThan(5000);
    expect([found.limited, found.own].map((deadline) => deadline.error().message)).toEqual([limited, own].map((deadline) => deadline.error().message));
    expect(() => crossed({ over: new Deadline(0) }).over.check()).toThrow('expected the call to end within 0 ms');
  });

  it('is nothing that a thread has for itself', () => {
    for (const value of [() => {}, Symbol('x'), new Date(), new Set(), new (class Own {})(), new DataView(new ArrayBuffer(8)), Promise.resolve()]) {
      expect(() => pack({ deep: [value] })).toThrow(/^message: expected plain data, got/);
    }
  });
});

it('whatever is plain comes out as it was', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e6);
  const next = random(seed);
  const leaf = () => pick(next, [
    () => integer(next, -5, 5), () => next(), () => 'text', () => undefined, () => null, () => true,
    () => Uint8Array.from({ length: integer(next, 0, 9) }, () => integer(next, 0, 255)), () => Float32Array.from({ length: integer(next, 0, 9) }, next),
    () => Float64Array.from({ length: integer(next, 0, 3) }, next).subarray(integer(next, 0, 1)), () => new VectileError('CLOSED', `closed ${integer(next, 0, 9)}`),
  ])();
  const value = (depth) => {
    if (!depth || next() < 0.3) return leaf();
    const list = Array.from({ length: integer(next, 0, 4) }, () => value(depth - 1));
    return pick(next, [() => list, () => Object.fromEntries(list.map((one, i) => [`key ${i}`, one])), () => new Map(list.map((one, i) => [`key ${i}`, one]))])();
  };
  for (let i = 0; i < 2000; i++) {
    const one = value(4);
    const copy = structuredClone(pack(one)); // nothing was put into what was given
    expect(crossed(one, next() < 0.5), `SEED=${seed}, ${i}`).toStrictEqual(one);
    expect(unpack(copy), `SEED=${seed}, ${i}`).toStrictEqual(one);
  }
});
