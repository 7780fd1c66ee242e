// The table of ids and places: against a Map, and what it costs.
import { describe, expect, it } from 'vitest';
import { IN_MEMORY, NOWHERE, Table } from '../../ts/shard/table.js';
import { random as randomFrom } from '../conformance/random.js';
import { seeds } from '../support/engine.js';

const MARK = 0x89abcdef;

const uuid = (random) => {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

describe('table', () => {
  it('tells ids apart that look alike', () => {
    const table = new Table();
    const ids = ['', 'a', 'A', '0', '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-00000000000A', '00000000-0000-0000-0000-00000000000a',
      '00000000000000000000000000000000', '__proto__', 'ÿ', 'ÿ'.normalize('NFD'), 'x'.repeat(128)];
    const slots = ids.map((id) => table.allot(id));
    expect(new Set(slots).size).toBe(ids.length);
    ids.forEach((id, i) => {
      expect(table.slotOf(id)).toBe(slots[i]);
      expect(table.idOf(slots[i])).toBe(id);
    });
    expect(table.slotOf('b')).toBe(-1);
  });

  it.each(seeds(1, 8))('is a Map to whoever asks, seed %d', (seed) => {
    const random = randomFrom(seed);
    let table = new Table();
    const oracle = new Map();
    const ids = Array.from({ length: 200 }, (_, i) => (i % 3 ? uuid(random) : `text ${'x'.repeat(random() * 60)} ${i}`));
    for (let step = 0; step < 3000; step++) {
      const id = ids[Math.floor(random() * ids.length)];
      const slot = table.slotOf(id);
      expect(slot).toBe(oracle.get(id)?.slot ?? -1);
      if (slot < 0) {
        const taken = table.allot(id);
        expect([...oracle.values()].some((entry) => entry.slot === taken)).toBe(false);
        expect([table.objectSegments[taken], table.vectorSegments[taken]]).toEqual([NOWHERE, NOWHERE]);
        table.objectSegments[taken] = step % 5 ? 3 : IN_MEMORY;
        table.revisions[taken] = step;
        oracle.set(id, { slot: taken, revision: step });
      } else if (random() < 0.5) {
        table.release(slot);
        oracle.delete(id);
      } else {
        expect(table.revisions[slot]).toBe(oracle.get(id).revision);
        expect(table.idOf(slot)).toBe(id);
      }
      if (step % 500 === 499) {
        table = reopened(table, step % 1000 === 999);
      }
    }
    expect(table.size).toBe(oracle.size);
    expect([...table.slots()].map((slot) => table.idOf(slot)).sort()).toEqual([...oracle.keys()].sort());
  });

  it.each([false, true])('refuses every damaged byte, with vectors: %s', (hasVectors) => {
    const { bytes, places } = written(tableOf(20, hasVectors));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = new Uint8Array(bytes);
      damaged[at] ^= 1 << (at % 8);
      expect(() => Table.decode(damaged, MARK, 'table-1'), `byte ${at}`).toThrow(/^table-1: expected/);
      const later = () => Table.decode(damaged.slice(0, places), MARK, 'table-1', bytes.length, (from) => damaged.slice(from));
      if (at < places) {
        expect(later, `byte ${at}`).toThrow(/^table-1: expected/);
        continue;
      }
      // nothing of damaged ids is given, however often they are asked for
      const table = later();
      expect(table.objectBytes[3]).toBe(33);
      const uses = [() => table.slotOf('id 3'), () => table.idOf(3), () => table.allot('new'), () => table.release(3), () => table.copy()];
      for (const use of [...uses, ...uses]) expect(use, `byte ${at}`).toThrow(/^table-1: expected bytes that fit their checksum/);
    }
    expect(() => Table.decode(bytes, 1, 'table-1')).toThrow('table-1: expected the header of a table of this shard, got others at byte 0');
    for (const length of [0, 63, 64, bytes.length - 1]) expect(() => Table.decode(bytes.subarray(0, length), MARK, 'table-1')).toThrow(/^table-1/);
    expect(() => Table.decode(bytes.subarray(0, places), MARK, 'table-1', bytes.length - 1, () => bytes)).toThrow(/^table-1/);
  });

  it('reads ids when they are needed, once', () => {
    const { bytes, places } = written(tableOf(20, false));
    let reads = 0;
    const table = Table.decode(bytes.slice(0, places), MARK, 'table-1', bytes.length, (from) => {
      reads++;
      return bytes.slice(from);
    });
    expect([table.size, table.extent, table.has(7), table.has(20), table.objectBytes[7], table.vectorSegments[7]]).toEqual([20, 20, true, false, 77, NOWHERE]);
    expect([...table.slots()]).toHaveLength(20);
    expect(reads).toBe(0);
    expect([table.slotOf('id 7'), table.idOf(8), table.slotOf('id 20')]).toEqual([7, 'id 8', -1]);
    expect(reads).toBe(1);
  });

  it('takes at most 64 bytes an object with UUIDs', () => {
    const random = randomFrom(7);
    const table = new Table();
    let worst = 0;
    for (let i = 1; i <= 120_000; i++) {
      table.allot(uuid(random));
      if (i > 20_000) worst = Math.max(worst, table.bytes / i);
    }
    console.log(`table: at most ${worst.toFixed(1)} bytes an object`);
    expect(worst).toBeLessThanOrEqual(64);
  });
});

/** Objects of `id 0` … in slots of the same numbers. */
function tableOf(count, hasVectors) {
  const table = new Table();
  for (let i = 0; i < count; i++) {
    const slot = table.allot(`id ${i}`);
    table.objectBytes[slot] = i * 11;
    if (hasVectors) table.vectorSegments[slot] = 1;
  }
  return table;
}

function written(table) {
  const { head, places, ids } = table.copy().encode(MARK);
  const first = Buffer.concat([head, ...places]);
  return { bytes: new Uint8Array(Buffer.concat([first, ...ids])), places: first.length };
}

function reopened(table, isLater) {
  const { bytes, places } = written(table);
  return isLater
    ? Table.decode(bytes.slice(0, places), MARK, 'table', bytes.length, (from) => bytes.slice(from))
    : Table.decode(bytes, MARK, 'table');
}
