// Sets of slots: named examples, then generated scripts against a Set. SEED=n repeats a run.
import { describe, expect, it } from 'vitest';
import { SlotSet } from '../../ts/search/slot-set.js';
import { integer, random } from '../conformance/random.js';

const slotsOf = (set) => [...set];

describe('a set of slots', () => {
  it('has what was added', () => {
    const set = SlotSet.of([5, 0, 31, 32, 99, 5], 100);
    expect(slotsOf(set)).toEqual([0, 5, 31, 32, 99]);
    expect([...set.toArray()]).toEqual([0, 5, 31, 32, 99]);
    expect(set.count).toBe(5);
    expect([set.has(31), set.has(30), set.has(-1), set.has(100), set.has(1000)]).toEqual([true, false, false, false, false]);
    expect([set.next(0), set.next(1), set.next(32), set.next(33), set.next(100), set.next(4000)]).toEqual([0, 5, 32, 99, -1, -1]);
  });

  it('may be empty, and of no extent', () => {
    for (const extent of [0, 1, 32, 33]) {
      const set = new SlotSet(extent);
      expect([set.count, set.isEmpty, set.next(0), slotsOf(set).length, set.toArray().length]).toEqual([0, true, -1, 0, 0]);
      expect(set.and(new SlotSet(extent)).isEmpty).toBe(true);
    }
  });

  it('takes words over, but for those past its extent', () => {
    const words = Uint32Array.of(0x80000001, 3, 0xffffffff);
    const set = new SlotSet(40, words);
    expect(slotsOf(set)).toEqual([0, 31, 32, 33]);
    set.add(1);
    expect(words[0]).toBe(0x80000003);
  });

  it('counts anew what was changed', () => {
    const set = SlotSet.of([1], 64);
    expect(set.count).toBe(1);
    set.add(2);
    expect(set.count).toBe(2);
    expect(set.not(SlotSet.of([1, 2, 3, 4, 63], 64)).count).toBe(3);
    expect(set.andNot(SlotSet.of([63], 64)).count).toBe(2);
  });

  it('adds slots of ordinals, with gaps or without, but not of stale ones', () => {
    const added = (slots, live, ordinals) => {
      const set = new SlotSet(200);
      set.addOrdinals(Uint32Array.from(slots), live, Uint32Array.from(ordinals), ordinals.length);
      return slotsOf(set);
    };
    expect(added([7, 8, 9, 10], undefined, [0, 2, 3])).toEqual([7, 9, 10]);
    expect(added([7, 80, 90, 199], undefined, [0, 2, 3])).toEqual([7, 90, 199]);
    expect(added([7, 80, 90, 199], Uint32Array.of(0b0111), [0, 2, 3])).toEqual([7, 90]);
    expect(added([7, 8, 9, 10], Uint32Array.of(0b1110), [0, 1])).toEqual([8]);
  });

  it('adds few ordinals as it adds many', () => {
    const next = random(5);
    for (let round = 0; round < 200; round++) {
      const slots = Uint32Array.from({ length: 3000 }, (_, slot) => slot).filter(() => next() < 0.5);
      const live = next() < 0.5 ? Uint32Array.from({ length: 94 }, () => Math.floor(next() * 2 ** 32)) : undefined;
      const ordinals = Uint32Array.from({ length: integer(next, 0, next() < 0.5 ? 30 : slots.length) }, () => integer(next, 0, slots.length));
      const set = new SlotSet(3000);
      set.addOrdinals(slots, live, ordinals, ordinals.length);
      const kept = [...ordinals].filter((ordinal) => !live || live[ordinal >>> 5] >>> (ordinal & 31) & 1);
      expect(slotsOf(set)).toEqual([...new Set(kept.map((ordinal) => slots[ordinal]))].sort((x, y) => x - y));
    }
  });

  const first = Number(process.env.SEED ?? 1);
  it.each(Array.from({ length: process.env.SEED ? 1 : 40 }, (_, i) => first + i))('does what a Set does, seed %i', (seed) => {
    const next = random(seed);
    const extent = integer(next, 1, 300);
    const randomSlots = () => {
      const share = next();
      return Array.from({ length: extent }, (_, slot) => slot).filter(() => next() < share);
    };
    let slots = randomSlots();
    let set = SlotSet.of(slots, extent);
    for (let step = 0; step < 50; step++) {
      const others = randomSlots();
      const other = SlotSet.of(others, extent);
      const has = new Set(slots);
      const isOther = new Set(others);
      switch (integer(next, 0, 6)) {
        case 0: slots = slots.filter((slot) => isOther.has(slot)); set.and(other); break;
        case 1: slots = [...new Set([...slots, ...others])].sort((x, y) => x - y); set.or(other); break;
        case 2: slots = slots.filter((slot) => !isOther.has(slot)); set.andNot(other); break;
        case 3: slots = others.filter((slot) => !has.has(slot)); set.not(other); break;
        case 4: slots = others; set = other.copy(); other.andNot(other); break;
        default: {
          const slot = integer(next, 0, extent);
          if (!has.has(slot)) slots = [...slots, slot].sort((x, y) => x - y);
          set.add(slot);
        }
      }
      const from = integer(next, 0, extent + 40);
      expect({ slots: slotsOf(set), count: set.count, isEmpty: set.isEmpty, next: set.next(from) })
        .toEqual({ slots, count: slots.length, isEmpty: slots.length === 0, next: slots.find((slot) => slot >= from) ?? -1 });
      expect([...set.toArray()]).toEqual(slots);
      expect(set.includes(other)).toBe([...other].every((slot) => set.has(slot)));
    }
  });
});
