// What is in files of a shard fits the mark of that shard and no other.
import { describe, expect, it } from 'vitest';
import { decodeObject, decodeVectorEntry, encodeObject, encodeVectorEntry } from '../../ts/shard/entry.js';
import { decodeSlots, encodeSlots } from '../../ts/shard/manifest.js';
import { markOf } from '../../ts/shard/mark.js';
import { Table } from '../../ts/shard/table.js';

const database = '0123456789abcdef'.repeat(2);
const [own, foreign] = ['1', '2'].map((digit) => markOf({ database, shard: digit.repeat(32) }));
const where = () => 'place';
const object = { id: 'one', slot: 3, revision: 1, created: 2, updated: 3, properties: new TextEncoder().encode('{}') };

/** By kind: what was written with a mark is read with one. */
const KINDS = {
  object: (mark, other) => decodeObject(encodeObject(object, mark), 3, other, where).id,
  vectors: (mark, other) => decodeVectorEntry(encodeVectorEntry(3, [{ number: 0, values: Float32Array.of(1, 2) }], mark), 3, other, where)[0].values[1],
  table: (mark, other) => {
    const table = new Table();
    table.allot('one');
    const { head, places, ids } = table.copy().encode(mark);
    return Table.decode(Buffer.concat([head, ...places, ...ids]), other, 'place').slotOf('one');
  },
  unlinked: (mark, other) => decodeSlots(encodeSlots(Uint32Array.of(7, 8), mark), other, 'place')[1],
};

describe('marks', () => {
  it('are of database and shard', () => {
    const marks = [own, foreign, markOf({ database: '2'.repeat(32), shard: '1'.repeat(32) }), markOf({ database: '1'.repeat(32), shard: '2'.repeat(32) })];
    expect(new Set(marks).size).toBe(4);
    expect(markOf({ database, shard: '1'.repeat(32) })).toBe(own);
  });

  it.each(Object.entries(KINDS))('tell a foreign %s', (_, read) => {
    expect(read(own, own)).toEqual(read(foreign, foreign));
    expect(() => read(own, foreign)).toThrow(expect.objectContaining({ code: 'STORAGE_CORRUPT', message: expect.stringMatching(/^place/) }));
    expect(() => read(foreign, own)).toThrow(expect.objectContaining({ code: 'STORAGE_CORRUPT' }));
  });
});
