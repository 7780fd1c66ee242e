import { describe, expect, it } from 'vitest';
import { objectsOf, rowsOf, withObjects, withRows } from '../../ts/worker/object-rows.js';
import { pack, transfersOf, unpack } from '../../ts/worker/pack.js';
import { integer, pick, random } from '../conformance/random.js';

/** As it comes out of another thread. */
const crossed = (value) => {
  const packed = pack(value);
  return unpack(structuredClone(packed, { transfer: transfersOf(packed) }), true);
};

const object = (i, more) => ({ id: `id-${i}`, slot: i, revision: 2 ** 40 + i, created: 1e12 + i, updated: 2e12 + i, properties: Uint8Array.from({ length: i % 5 }, () => i), ...more });

describe('objects as rows', () => {
  it('are the same objects on the other side, and nothing in place of those that are not there', () => {
    const next = random(7);
    for (let time = 0; time < 200; time++) {
      const hasVectors = next() < 0.5;
      const objects = Array.from({ length: integer(next, 0, 12) }, (_, i) => {
        if (next() < 0.2) return undefined;
        const vectors = Array.from({ length: integer(next, 0, 3) }, (_, number) => ({ number, values: Float32Array.from({ length: integer(next, 1, 4) }, next) }));
        return object(i, { id: pick(next, ['', 'ä', '\u{1f600}', `id ${i}`, '__proto__']), ...hasVectors && { vectors } });
      });
      expect(objectsOf(crossed(rowsOf(objects)))).toStrictEqual(objects);
    }
  });

  it('have vectors of their own, which keep nothing else in memory', () => {
    const [found] = objectsOf(crossed(rowsOf([object(3, { vectors: [{ number: 1, values: Float32Array.of(1, 2) }] })])));
    expect(found.vectors[0].values.buffer.byteLength).toBe(8);
  });

  it('are in hits and pages what objects were, or are not in them', () => {
    const page = { objects: [object(1), object(2)], next: 7, skipped: 0 };
    expect(withObjects(crossed(withRows(page)))).toStrictEqual(page);
    const hits = { slots: [1], distances: [0.5], seq: 3 };
    expect(withObjects(crossed(hits))).toStrictEqual(hits);
  });
});
