// Aggregates: the definitions by example, and against the plain way; merged from shards they are the same to the last bit.
import { describe, expect, it } from 'vitest';
import { accumulatorOf } from '../../ts/search/accumulators.js';
import { Aggregation, GroupedAggregation } from '../../ts/search/aggregates.js';
import { cases, integer, pick, shuffled } from './support/cases.js';

function summaryOf(type, values, topOccurrences) {
  const accumulator = accumulatorOf({ type, topOccurrences });
  for (const value of values) accumulator.add(value);
  return accumulator.summary();
}

describe('aggregates of numbers', () => {
  it('are by definition', () => {
    expect(summaryOf('int', [4, 1, null, 4, 2])).toEqual({ count: 4, min: 1, max: 4, mean: 2.75, median: 3, mode: 4, sum: 11 });
    expect(summaryOf('number', [0.5])).toEqual({ count: 1, min: 0.5, max: 0.5, mean: 0.5, median: 0.5, mode: 0.5, sum: 0.5 });
    expect(summaryOf('number[]', [[2, 2], [], null, [3, 1, 3]])).toEqual({ count: 5, min: 1, max: 3, mean: 2.2, median: 2, mode: 2, sum: 11 });
  });

  it('are mostly undefined without values', () => {
    const none = { min: undefined, max: undefined, mean: undefined, median: undefined, mode: undefined };
    expect(summaryOf('number', [null])).toEqual({ count: 0, sum: 0, ...none });
  });

  it('lose nothing to sums of very different sizes', () => {
    expect(summaryOf('number', [1, 1e100, 1, -1e100]).sum).toBe(2);
    expect(summaryOf('number', new Array(10).fill(0.1)).sum).toBe(1);
  });

  it('stay in range if the sum does, or only their mean', () => {
    const huge = Number.MAX_VALUE;
    expect(summaryOf('number', [huge, huge, -huge, -huge, 5])).toMatchObject({ sum: 5, mean: 1 });
    expect(summaryOf('number', [huge, huge, huge])).toEqual({ count: 3, min: huge, max: huge, mean: huge, median: huge, mode: huge, sum: Infinity });
    expect(summaryOf('number', [huge, huge])).toMatchObject({ median: huge, mean: huge });
  });
});

describe('aggregates of dates', () => {
  it('round medians down', () => {
    expect(summaryOf('date', [10, 3, 4, 3, 10, 20])).toEqual({ count: 6, min: 3, max: 20, median: 7, mode: 3 });
    expect(summaryOf('date', [-4, -1])).toMatchObject({ median: -3 });
    expect(summaryOf('date[]', [[8.64e15 - 2], [8.64e15 - 1]])).toMatchObject({ median: 8.64e15 - 2 });
    expect(summaryOf('date', [])).toEqual({ count: 0, min: undefined, max: undefined, median: undefined, mode: undefined });
  });
});

describe('aggregates of texts', () => {
  it('name the most frequent, of equals the first by code points', () => {
    const told = ({ count, topOccurrences }) => [count, ...topOccurrences.map(({ value, occurrences }) => `${value}: ${occurrences}`)];
    const texts = ['b', 'a', 'c', 'b', null, '😀', '\uffff', '😀', '\uffff'];
    expect(told(summaryOf('text', texts, 4))).toEqual([8, 'b: 2', '\uffff: 2', '😀: 2', 'a: 1']);
    expect(told(summaryOf('uuid[]', [['a', 'b', 'a'], ['c'], ['d'], ['e'], ['f']]))).toEqual([7, 'a: 2', 'b: 1', 'c: 1', 'd: 1', 'e: 1']);
    expect(told(summaryOf('text', ['__proto__', 'constructor', '__proto__'], 1))).toEqual([3, '__proto__: 2']);
    expect(summaryOf('text', [null])).toEqual({ count: 0, topOccurrences: [] });
  });
});

describe('aggregates of booleans', () => {
  it('are totals and shares', () => {
    expect(summaryOf('boolean', [true, false, null, true, true]))
      .toEqual({ count: 4, totalTrue: 3, totalFalse: 1, percentageTrue: 0.75, percentageFalse: 0.25 });
    expect(summaryOf('boolean[]', [[true, true], []])).toEqual({ count: 2, totalTrue: 2, totalFalse: 0, percentageTrue: 1, percentageFalse: 0 });
    expect(summaryOf('boolean', [])).toEqual({ count: 0, totalTrue: 0, totalFalse: 0, percentageTrue: undefined, percentageFalse: undefined });
  });
});

const KINDS = {
  int: (random) => integer(random, -4, 5),
  number: (random) => pick(random, [0.1, -0.7, 1e16, -1e16, 3, random() * 1e9]),
  date: (random) => 1.7e12 + integer(random, 0, 6),
  text: (random) => pick(random, ['', 'a', 'b', 'B', '\uffff', '😀']),
  uuid: (random) => `${integer(random, 0, 9)}`.repeat(8),
  boolean: (random) => random() < 0.3,
};

/** The summary by its definition. */
function plainly(kind, values, topOccurrences) {
  const all = values.flatMap((value) => value ?? []);
  const count = all.length;
  if (kind === 'boolean') {
    const totalTrue = all.filter(Boolean).length;
    return {
      count, totalTrue, totalFalse: count - totalTrue,
      percentageTrue: count ? totalTrue / count : undefined, percentageFalse: count ? (count - totalTrue) / count : undefined,
    };
  }
  const ordered = all.sort((a, b) => (typeof a === 'number' ? a - b : Buffer.compare(Buffer.from(a), Buffer.from(b))));
  const often = [...new Set(ordered)].map((value) => ({ value, occurrences: all.filter((other) => other === value).length }))
    .sort((a, b) => b.occurrences - a.occurrences);
  if (kind === 'text' || kind === 'uuid') return { count, topOccurrences: often.slice(0, topOccurrences) };
  const middle = (ordered[Math.floor((count - 1) / 2)] + ordered[Math.floor(count / 2)]) / 2;
  const common = { count, min: ordered[0], max: ordered[count - 1], mode: often[0]?.value };
  if (kind === 'date') return { ...common, median: count ? Math.floor(middle) : undefined };
  const sum = exactSum(all);
  return { ...common, median: count ? middle : undefined, sum, mean: count ? sum / count : undefined };
}

/** Of numbers below 2^60, exact to 2^-60 and rounded once. */
function exactSum(values) {
  const scaled = values.reduce((sum, value) => sum + BigInt(Math.trunc(value)) * 2n ** 60n + BigInt(Math.round((value % 1) * 2 ** 60)), 0n);
  return Number(scaled) / 2 ** 60;
}

function column(random, count) {
  const kind = pick(random, Object.keys(KINDS));
  const isList = random() < 0.4;
  const one = () => (random() < 0.2 ? null : isList ? Array.from({ length: integer(random, 0, 4) }, () => KINDS[kind](random)) : KINDS[kind](random));
  return { kind, spec: { type: isList ? `${kind}[]` : kind, topOccurrences: integer(random, 1, 7) }, values: Array.from({ length: count }, one) };
}

/** Objects as rows, dealt out to shards in another order; states as they cross to another thread. */
function dealt(random, rows, make) {
  const shards = Array.from({ length: integer(random, 1, 5) }, make);
  for (const i of shuffled(random, rows.length)) pick(random, shards).add(...rows[i]);
  const merged = make();
  for (const shard of shards) merged.merge(structuredClone(shard.state()));
  return merged;
}

describe('aggregation', () => {
  it('is the plain way, whole and merged from shards, generated', () => {
    cases(2000, (random) => {
      const count = integer(random, 0, 40);
      const columns = Array.from({ length: integer(random, 0, 4) }, () => column(random, count));
      const specs = columns.map(({ spec }) => spec);
      const rows = Array.from({ length: count }, (_, i) => [columns.map(({ values }) => values[i])]);
      const whole = new Aggregation(specs);
      for (const row of rows) whole.add(...row);
      const summaries = whole.summaries();
      expect(whole.objects).toBe(count);
      columns.forEach(({ kind, spec, values }, i) => {
        const { sum, mean, ...exact } = plainly(kind, values, spec.topOccurrences);
        expect(summaries[i]).toMatchObject(exact);
        expect(Object.keys(summaries[i]).length).toBe(Object.keys(exact).length + (sum === undefined ? 0 : 2));
        // compensated: as if in twice the digits
        if (sum !== undefined) expect(Math.abs(summaries[i].sum - sum)).toBeLessThanOrEqual(Math.abs(sum) * 2 ** -52 + 1e-14);
        if (mean !== undefined) expect(Math.abs(summaries[i].mean - mean)).toBeLessThanOrEqual(Math.abs(mean) * 2 ** -51 + 1e-14);
      });
      const merged = dealt(random, rows, () => new Aggregation(specs));
      expect(merged.objects).toBe(count);
      expect(merged.summaries()).toEqual(summaries);
    });
  });

  it('by groups is that of the objects of each, generated', () => {
    cases(1500, (random) => {
      const count = integer(random, 0, 40);
      const by = column(random, count);
      const columns = Array.from({ length: integer(random, 0, 3) }, () => column(random, count));
      const specs = columns.map(({ spec }) => spec);
      const rows = Array.from({ length: count }, (_, i) => [by.values[i], columns.map(({ values }) => values[i])]);
      const limit = integer(random, 0, 12);
      const whole = new GroupedAggregation(specs);
      for (const row of rows) whole.add(...row);
      const groups = whole.groups(limit);

      const values = [...new Set(by.values.flatMap((value) => value ?? []))];
      const expected = values.map((value) => {
        const own = rows.filter(([each]) => [each].flat().includes(value));
        const aggregation = new Aggregation(specs);
        for (const [, row] of own) aggregation.add(row);
        return { value, objects: own.length, summaries: aggregation.summaries() };
      });
      const order = (value) => (typeof value === 'string' ? Buffer.from(value).toString('hex') : Number(value));
      expected.sort((a, b) => b.objects - a.objects || (order(a.value) < order(b.value) ? -1 : 1));
      expect(groups).toEqual(expected.slice(0, limit));
      expect(dealt(random, rows, () => new GroupedAggregation(specs)).groups(limit)).toEqual(groups);
    });
  });
});
