// The order of values, of rows and of pages: examples of each type, and against sorting everything.
import { describe, expect, it } from 'vitest';
import { Top, compareRows, topSorted } from '../../ts/search/sorting.js';
import { compareTexts, compareValues, hasOrder, valueOf } from '../../ts/search/values.js';
import { cases, integer, pick, randomOf, shuffled } from './support/cases.js';

const sign = Math.sign;

describe('values', () => {
  it.each([
    ['numbers', [-1e300, -1, 0, 1e-300, 2, 10]],
    ['booleans', [false, true]],
    ['texts', ['', 'A', 'a', 'aa', 'b', 'ü', '\ud7ff', '\ud800', '\ud800\ue000', '\ud800\ud800\udc00', '\udc00', '\ue000', '\uffff',
      '𐀀', '😀', '😀a', '😁', '\u{10ffff}']],
    ['lists', [[], [1], [1, 1], [1, 2], [2], [10]]],
    ['lists of texts', [[], [''], ['', ''], ['a'], ['\uffff'], ['😀']]],
  ])('%s are in order, after nothing', (_, ascending) => {
    const all = [null, ...ascending];
    all.forEach((a, i) => all.forEach((b, j) => {
      expect(sign(compareValues(structuredClone(a), structuredClone(b))), `${JSON.stringify([a, b])}`).toBe(sign(i - j));
    }));
  });

  it('are read from what is stored', () => {
    expect(valueOf('date', '2024-01-02T03:04:05.678Z')).toBe(1704164645678);
    expect(valueOf('date[]', ['1970-01-01T00:00:00.001Z', '+010000-01-01T00:00:00.000Z'])).toEqual([1, 253402300800000]);
    expect(valueOf('text', 'a')).toBe('a');
    expect(valueOf('text', '')).toBe('');
    expect(valueOf('int[]', [2, 1])).toEqual([2, 1]);
    expect(valueOf('boolean', false)).toBe(false);
    expect(valueOf('date', undefined)).toBe(null);
  });

  it('have an order unless they are places, bytes or objects', () => {
    const ordered = ['text', 'int', 'number', 'boolean', 'date', 'uuid', 'text[]', 'date[]'];
    expect([...ordered, 'geoCoordinates', 'blob', 'object', 'object[]', 'geoCoordinates[]'].filter(hasOrder)).toEqual(ordered);
  });

  it('compares texts by code points, generated', () => {
    const units = [0x61, 0x62, 0xd7ff, 0xd800, 0xd801, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff];
    cases(5000, (random) => {
      const text = () => String.fromCharCode(...Array.from({ length: integer(random, 0, 5) }, () => pick(random, units)));
      const [a, b] = [text(), text()];
      const [x, y] = [a, b].map((each) => Array.from(each, (character) => character.codePointAt(0)));
      const at = x.findIndex((point, i) => point !== y[i]);
      const expected = at < 0 ? x.length - y.length : at < y.length ? x[at] - y[at] : 1;
      expect(sign(compareTexts(a, b)), JSON.stringify([a, b])).toBe(sign(expected));
    });
  });
});

describe('sorting', () => {
  it('has nothing first ascending, last descending, and of equals the lower slot first', () => {
    const rows = [[2], [null], [1], [2], [null]].map((values, slot) => ({ values, slot }));
    expect(rows.toSorted(compareRows(['asc'])).map(({ slot }) => slot)).toEqual([1, 4, 2, 0, 3]);
    expect(rows.toSorted(compareRows(['desc'])).map(({ slot }) => slot)).toEqual([0, 3, 2, 1, 4]);
    expect(rows.toSorted(compareRows([])).map(({ slot }) => slot)).toEqual([0, 1, 2, 3, 4]);
  });

  it('keeps only what is wanted', () => {
    expect(topSorted(5, 2, (a, b) => b - a)).toEqual([4, 3]);
    expect(topSorted(5, 0, (a, b) => b - a)).toEqual([]);
    expect(topSorted(3, 10, () => 0)).toEqual([0, 1, 2]);
    expect(topSorted(0, 10, () => 0)).toEqual([]);
  });

  it('asks little more than once for each of many', () => {
    let count = 0;
    const order = shuffled(randomOf(1), 100_000);
    topSorted(order.length, 10, (a, b) => { count++; return order[a] - order[b]; });
    expect(count).toBeLessThan(110_000);
  });

  it('selects what sorting everything has first, generated', () => {
    cases(2000, (random) => {
      const keys = Array.from({ length: integer(random, 0, 50) }, () => integer(random, 0, 20));
      const limit = integer(random, 0, 60);
      const expected = keys.map((key, i) => [key, i]).sort(([a, i], [b, j]) => a - b || i - j).map(([, i]) => i).slice(0, limit);
      expect(topSorted(keys.length, limit, (a, b) => keys[a] - keys[b])).toEqual(expected);
    });
  });

  it('pages through everything once, by cursors that are JSON, generated', () => {
    const KINDS = {
      number: (random) => integer(random, -2, 3),
      text: (random) => pick(random, ['', 'a', 'b', '\uffff', '😀']),
      boolean: (random) => random() < 0.5,
      list: (random) => Array.from({ length: integer(random, 0, 3) }, () => integer(random, 0, 2)),
    };
    cases(1500, (random) => {
      const orders = Array.from({ length: integer(random, 0, 4) }, () => pick(random, ['asc', 'desc']));
      const kinds = orders.map(() => pick(random, Object.values(KINDS)));
      const row = (_, slot) => ({ slot, values: kinds.map((kind) => (random() < 0.2 ? null : kind(random))) });
      const rows = Array.from({ length: integer(random, 0, 40) }, row);
      // by the definition: key by key
      const expected = rows.toSorted((a, b) => {
        for (const [key, order] of orders.entries()) {
          const [x, y] = [a.values[key], b.values[key]];
          const least = (value) => (value === null ? [] : [value]);
          const compared = compareLists(least(x), least(y));
          if (compared) return order === 'asc' ? compared : -compared;
        }
        return a.slot - b.slot;
      });
      const compare = compareRows(orders);
      const limit = integer(random, 1, 12);
      const found = [];
      for (let after; ;) {
        const page = new Top(limit, compare, after);
        for (const i of shuffled(random, rows.length)) page.add(rows[i]);
        const part = page.sorted();
        found.push(...part);
        if (part.length < limit) break;
        after = JSON.parse(JSON.stringify(part.at(-1)));
        // it may be gone by the time of the next page
        if (random() < 0.3) rows.splice(rows.findIndex(({ slot }) => slot === after.slot), 1);
      }
      expect(found).toEqual(expected);
    });
  });
});

/** As plain as it gets: nested lists, numbers, booleans, texts by code points. */
function compareLists(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = typeof a[i] === 'string' ? [...[a, b].map((list) => Array.from(list[i], (each) => each.codePointAt(0)))] : [a[i], b[i]];
    const compared = Array.isArray(x) ? compareLists(x, y) : x - y;
    if (compared) return compared;
  }
  return a.length - b.length;
}
