// Filters as shards evaluate them, on real parts. What users write is tested in test/database/filters.test.js.
import { describe, expect, it } from 'vitest';
import { Analyzer } from '../../ts/search/analyzer.js';
import { EARTH_RADIUS, distanceOf, evaluate, sectionsOf } from '../../ts/search/filter.js';
import { EVERYTHING, NOTHING, conjunction, disjunction, negation, numberComparisons } from '../../ts/search/filter-nodes.js';
import { buildPart } from '../../ts/search/part-writer.js';
import { SectionedPart } from '../../ts/search/part.js';
import { SlotSet } from '../../ts/search/slot-set.js';
import { integer, random } from '../conformance/random.js';

const utf8 = new TextEncoder();
const specs = [
  { name: 'text', dataType: 'text', tokenization: 'word', filterable: true, searchable: true },
  { name: 'field', dataType: 'text', tokenization: 'field', filterable: true, searchable: false },
  { name: 'number', dataType: 'number', filterable: true, searchable: false },
  { name: 'numbers', dataType: 'number[]', filterable: true, searchable: false },
  { name: 'place', dataType: 'geoCoordinates', filterable: true, searchable: false },
  { name: 'places', dataType: 'geoCoordinates[]', filterable: true, searchable: false },
];
const analyzer = new Analyzer(specs, new Map());

/** `batches`: lists of [slot, properties], one part each. Newer ones stand for older ones of that slot. */
function contextOf(batches, extent = 100) {
  const parts = [];
  const all = new SlotSet(extent);
  for (const batch of batches) {
    for (const [slot] of batch) {
      for (const part of parts) part.markStale(slot);
      all.add(slot);
    }
    parts.push(SectionedPart.of(buildPart(batch.map(([slot, properties]) => (
      { slot, created: slot * 10, updated: slot * 10 + 5, properties: utf8.encode(JSON.stringify(properties)) })), analyzer)));
  }
  return { parts, all, slotOf: (id) => (all.has(Number(id)) ? Number(id) : -1) };
}
const slotsOf = (node, context) => [...evaluate(node, context)];

describe('evaluate', () => {
  const context = contextOf([
    [[1, { text: 'a b' }], [2, { text: 'b c', number: 5 }], [3, { number: 5, numbers: [1, 9] }], [9, {}]],
    [[2, { text: 'c d', number: 7 }], [50, { text: 'abc', field: 'x y', numbers: [] }]],
  ]);

  it('answers for the newest form of each object', () => {
    expect(slotsOf({ kind: 'anyTerm', property: 'text', terms: ['b', 'd'] }, context)).toEqual([1, 2]);
    expect(slotsOf({ kind: 'allTerms', property: 'text', terms: ['b', 'c'] }, context)).toEqual([]);
    expect(slotsOf({ kind: 'allTerms', property: 'text', terms: ['c', 'd'] }, context)).toEqual([2]);
    expect(slotsOf({ kind: 'anyNumber', key: 'value:number', numbers: [5, 7] }, context)).toEqual([2, 3]);
    expect(slotsOf({ kind: 'anyNumber', key: 'value:number', numbers: [5] }, context)).toEqual([3]);
    expect(slotsOf({ kind: 'present', property: 'numbers' }, context)).toEqual([3, 50]);
    expect(slotsOf({ kind: 'not', node: { kind: 'present', property: 'text' } }, context)).toEqual([3, 9]);
  });

  it('takes each bound in or leaves it out', () => {
    const range = (bounds) => slotsOf({ kind: 'numberRange', key: 'created', ...bounds }, context);
    expect(range({})).toEqual([1, 2, 3, 9, 50]);
    expect(range({ from: 20, to: 90 })).toEqual([2, 3, 9]);
    expect(range({ from: 20, to: 90, isAboveFrom: true, isBelowTo: true })).toEqual([3]);
    expect(range({ from: 91, to: 89 })).toEqual([]);
    expect(range({ from: 15, to: 25 })).toEqual([2]);
    const terms = (bounds) => slotsOf({ kind: 'termRange', property: 'text', ...bounds }, context);
    expect(terms({ from: 'abc' })).toEqual([1, 2, 50]);
    expect(terms({ from: 'abc', isAboveFrom: true })).toEqual([1, 2]);
    expect(terms({ from: 'bb' })).toEqual([2]);
    expect(terms({ to: 'abc' })).toEqual([1, 50]);
    expect(terms({ to: 'abc', isBelowTo: true })).toEqual([1]);
    expect(terms({ from: 'e', to: 'd' })).toEqual([]);
  });

  it('needs all of a list of numbers, or some', () => {
    expect(slotsOf({ kind: 'allNumbers', key: 'value:numbers', numbers: [9, 1] }, context)).toEqual([3]);
    expect(slotsOf({ kind: 'allNumbers', key: 'value:numbers', numbers: [9, 2] }, context)).toEqual([]);
    expect(slotsOf({ kind: 'numberRange', key: 'length:numbers', to: 0 }, context)).toEqual([50]);
  });

  it('orders terms by code points, not by UTF-16 units', () => {
    const letters = contextOf([[[1, { field: '\uffee' }], [2, { field: '𝒳' }], [3, { field: 'z' }]]]);
    expect(slotsOf({ kind: 'termRange', property: 'field', from: '\uffee', isAboveFrom: true }, letters)).toEqual([2]);
    expect(slotsOf({ kind: 'termRange', property: 'field', to: '\uffee' }, letters)).toEqual([1, 3]);
  });

  it('knows ids that there are', () => {
    expect(slotsOf({ kind: 'ids', ids: ['2', '50', '51', 'x'] }, context)).toEqual([2, 50]);
  });

  it('finds no id that is not among all', () => {
    expect(slotsOf({ kind: 'ids', ids: ['7'] }, { ...context, slotOf: () => 7 })).toEqual([]);
  });

  it('knows nothing where there is nothing', () => {
    for (const nothing of [contextOf([]), contextOf([[]]), contextOf([], 0)]) {
      for (const node of [
        { kind: 'constant', value: true }, { kind: 'and', nodes: [] }, { kind: 'or', nodes: [] }, { kind: 'not', node: { kind: 'present', property: 'x' } },
        { kind: 'like', property: 'text', pattern: '*' }, { kind: 'numberRange', key: 'updated' }, { kind: 'near', property: 'place', latitude: 0, longitude: 0, distance: 1e9 },
        { kind: 'allTerms', property: 'text', terms: ['a'] }, { kind: 'ids', ids: ['1'] }, { kind: 'termRange', property: 'text' },
      ]) expect(slotsOf(node, nothing)).toEqual([]);
    }
  });

  it('does not evaluate what cannot change the answer', () => {
    const asked = { get kind() { throw new Error('evaluated'); } };
    const none = { kind: 'anyTerm', property: 'text', terms: ['nowhere'] };
    expect(slotsOf({ kind: 'and', nodes: [none, asked] }, context)).toEqual([]);
    expect(slotsOf({ kind: 'or', nodes: [{ kind: 'not', node: none }, asked] }, context)).toEqual([1, 2, 3, 9, 50]);
  });

  it('gives a set of its own', () => {
    for (const node of [{ kind: 'constant', value: true }, { kind: 'and', nodes: [] }]) evaluate(node, context).andNot(context.all);
    expect(context.all.count).toBe(5);
  });
});

describe('sectionsOf', () => {
  it('names each once', () => {
    const node = {
      kind: 'and', nodes: [
        { kind: 'anyTerm', property: 'a', terms: ['x'] }, { kind: 'like', property: 'a', pattern: 'x*' }, { kind: 'termRange', property: 'b' }, { kind: 'ids', ids: [] },
        { kind: 'or', nodes: [{ kind: 'numberRange', key: 'created' }, { kind: 'anyNumber', key: 'value:c', numbers: [1] }, { kind: 'allNumbers', key: 'length:c', numbers: [1] }] },
        { kind: 'not', node: { kind: 'present', property: 'd' } }, { kind: 'near', property: 'e', latitude: 0, longitude: 0, distance: 0 }, { kind: 'constant', value: true },
      ],
    };
    expect(sectionsOf(node)).toEqual(['terms:a', 'terms:b', 'numbers:created', 'numbers:value:c', 'numbers:length:c', 'present:d', 'places:e']);
  });
});

describe('places', () => {
  const near = (places, latitude, longitude, distance, property = 'place') =>
    slotsOf({ kind: 'near', property, latitude, longitude, distance }, contextOf([places.map((place, slot) => [slot, { [property]: place }])]));
  const at = (latitude, longitude) => ({ latitude, longitude });
  /** Metres of a degree along a great circle. */
  const degree = EARTH_RADIUS * Math.PI / 180;

  it('are as far away as known', () => {
    // Berlin to Paris, and to Sydney, to 0.1 %
    expect(distanceOf(52.52, 13.405, 48.8566, 2.3522) / 877_460).toBeCloseTo(1, 3);
    expect(distanceOf(52.52, 13.405, -33.8688, 151.2093) / 16_096_000).toBeCloseTo(1, 3);
    expect(distanceOf(0, 0, 0, 180) / (Math.PI * EARTH_RADIUS)).toBe(1);
    expect(distanceOf(90, 0, -90, 77) / (Math.PI * EARTH_RADIUS)).toBe(1);
  });

  it('are within their distance, and so is the place itself', () => {
    const places = [at(52.52, 13.405), at(48.8566, 2.3522), at(52.52, 13.41)];
    expect(near(places, 52.52, 13.405, 0)).toEqual([0]);
    expect(near(places, 52.52, 13.405, distanceOf(52.52, 13.405, 48.8566, 2.3522))).toEqual([0, 1, 2]);
    expect(near(places, 52.52, 13.405, distanceOf(52.52, 13.405, 48.8566, 2.3522) - 1e-3)).toEqual([0, 2]);
    expect(near(places, 52.52, 13.405, 400)).toEqual([0, 2]);
  });

  it('are near across the date line', () => {
    const places = [at(0, 180), at(0, -180), at(0, -179.5), at(0, 179.5), at(0, 0)];
    expect(near(places, 0, 180, 0)).toEqual([0, 1]);
    expect(near(places, 0, -180, 0)).toEqual([0, 1]);
    expect(near(places, 0, 179.9, 0.61 * degree)).toEqual([0, 1, 2, 3]);
    expect(near(places, 0, -179.9, 0.45 * degree)).toEqual([0, 1, 2]);
  });

  it('are near across the poles', () => {
    const places = [at(90, 0), at(90, 123), at(89.5, 10), at(89.5, -170), at(-89.9, 0)];
    expect(near(places, 90, -50, 0)).toEqual([0, 1]);
    expect(near(places, 89.5, 10, 1.001 * degree)).toEqual([0, 1, 2, 3]);
    expect(near(places, 89.5, 10, 0.999 * degree)).toEqual([0, 1, 2]);
    expect(near(places, -90, 0, 0.11 * degree)).toEqual([4]);
  });

  it('are all within half a turn', () => {
    const places = [at(10, 20), at(-10, -160), at(90, 0), at(-90, 0), at(0, 180)];
    expect(near(places, 10, 20, Math.PI * EARTH_RADIUS)).toEqual([0, 1, 2, 3, 4]);
    expect(near(places, 10, 20, Number.MAX_VALUE)).toEqual([0, 1, 2, 3, 4]);
    expect(near(places, 10, 20, Math.PI * EARTH_RADIUS - 1)).toEqual([0, 2, 3, 4]);
  });

  it('of a list are near if one is', () => {
    expect(near([[at(0, 0), at(50, 50)], [at(50, 50.001)], []], 50, 50, 10, 'places')).toEqual([0]);
  });

  it('are found as by measuring all', () => {
    const seed = Number(process.env.SEED ?? 1);
    const next = random(seed);
    const pickDegrees = (max) => [-max, max, 0, next() * 2 * max - max, next() * 2 * max - max, Math.round(next() * 2 * max) - max][integer(next, 0, 6)];
    for (let round = 0; round < 300; round++) {
      const places = Array.from({ length: 90 }, () => at(pickDegrees(90), pickDegrees(180)));
      const [latitude, longitude] = [pickDegrees(90), pickDegrees(180)];
      const distance = [0, next() * 100_000, next() * 2e7, next() * 2e7][integer(next, 0, 4)];
      const expected = places.flatMap((place, slot) => (distanceOf(latitude, longitude, place.latitude, place.longitude) <= distance ? [slot] : []));
      expect(near(places, latitude, longitude, distance), `seed ${seed}, round ${round}`).toEqual(expected);
    }
  });
});

describe('nodes put together', () => {
  const a = { kind: 'present', property: 'a' };
  const b = { kind: 'present', property: 'b' };
  const price = numberComparisons('value:price', true);
  const from = (bound, isAboveFrom) => price.range(bound, (bound) => ({ from: bound, ...isAboveFrom && { isAboveFrom } }));
  const to = (bound, isBelowTo) => price.range(bound, (bound) => ({ to: bound, ...isBelowTo && { isBelowTo } }));
  const base = { kind: 'numberRange', key: 'value:price', isSingle: true };

  it('lose what says nothing', () => {
    expect(conjunction([])).toEqual(EVERYTHING);
    expect(disjunction([])).toEqual(NOTHING);
    expect(conjunction([a])).toBe(a);
    expect(conjunction([a, EVERYTHING])).toBe(a);
    expect(conjunction([a, NOTHING])).toEqual(NOTHING);
    expect(disjunction([a, EVERYTHING])).toEqual(EVERYTHING);
    expect(disjunction([NOTHING, a])).toBe(a);
    expect(negation(negation(a))).toBe(a);
    expect(negation(NOTHING)).toEqual(EVERYTHING);
    expect(disjunction([disjunction([a, b]), a])).toEqual({ kind: 'or', nodes: [a, b, a] });
    expect(conjunction([negation(a), conjunction([b, a])])).toEqual({ kind: 'and', nodes: [b, a, negation(a)] });
  });

  it('make one range of several, where objects have one number', () => {
    expect(conjunction([from(5), to(9)])).toEqual({ ...base, from: 5, to: 9 });
    expect(conjunction([from(5), from(5, true), to(9, true), to(10)])).toEqual({ ...base, from: 5, isAboveFrom: true, to: 9, isBelowTo: true });
    expect(conjunction([from(5, true), from(6), to(9), to(9, true)])).toEqual({ ...base, from: 6, to: 9, isBelowTo: true });
    expect(conjunction([from(5), to(5)])).toEqual({ ...base, from: 5, to: 5 });
    for (const hollow of [[from(5, true), to(5)], [from(6), to(5)], [from(5), to(5, true)]]) expect(conjunction(hollow)).toEqual(NOTHING);
    const lists = numberComparisons('value:prices', false);
    const both = [lists.range(5, (from) => ({ from })), lists.range(4, (to) => ({ to }))];
    expect(conjunction(both)).toEqual({ kind: 'and', nodes: both });
  });
});
