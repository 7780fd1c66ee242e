/**
 * What can be said of many values of a property at once. Accumulators take the values of one object at a time; their states are plain data, so
 * that those of several shards can be merged, and give the same then as one that has taken all, to the last bit.
 *
 * Definitions: `count` is of values, each element of a list counting; objects without the property do not. `median` of an even
 * number of values is the mean of the middle two. `mode` is the most frequent value, of several the least.
 */
import type { DataType } from '../types.js';
import { Top } from './sorting.js';
import { compareTexts, type Value } from './values.js';

/** int and number. Without values all but `count` and `sum` are undefined. */
export interface NumberSummary {
  count: number;
  min: number | undefined;
  max: number | undefined;
  mean: number | undefined;
  median: number | undefined;
  mode: number | undefined;
  /** Of the values in ascending order, compensated: it does not depend on the order in which they came. */
  sum: number;
}

/** date, all in ms since 1970; the median is rounded down. Without values all but `count` are undefined. */
export interface DateSummary {
  count: number;
  min: number | undefined;
  max: number | undefined;
  median: number | undefined;
  mode: number | undefined;
}

/** text and uuid. */
export interface TextSummary {
  count: number;
  /** The most frequent ones; equally frequent ones by code points. */
  topOccurrences: { value: string; occurrences: number }[];
}

/** boolean. Percentages are shares, 0 … 1, undefined without values. */
export interface BooleanSummary {
  count: number;
  totalTrue: number;
  totalFalse: number;
  percentageTrue: number | undefined;
  percentageFalse: number | undefined;
}

export type Summary = NumberSummary | DateSummary | TextSummary | BooleanSummary;

/** Numbers and dates: all values, in any order. Texts: how often each came. Booleans: how often false and true came. */
export type AccumulatorState = Float64Array | Map<string, number> | [number, number];

export interface Accumulator {
  /** A property of one object. */
  add(value: Value): void;
  /** The state of another one of the same kind. */
  merge(state: AccumulatorState): void;
  /** Valid until the next `add` or `merge`. */
  state(): AccumulatorState;
  summary(): Summary;
}

export interface AggregateSpec {
  /** One that has an order, see values.ts. */
  readonly type: DataType;
  /** text and uuid: how many values are told, default 5. */
  readonly topOccurrences?: number;
}

export function accumulatorOf({ type, topOccurrences = 5 }: AggregateSpec): Accumulator {
  switch (type.replace('[]', '')) {
    case 'int':
    case 'number': return new Sample(numberSummary);
    case 'date': return new Sample(dateSummary);
    case 'boolean': return new Booleans();
    default: return new Texts(topOccurrences);
  }
}

/** All values, 8 bytes each: medians and modes need them. */
class Sample implements Accumulator {
  #values = new Float64Array(4);
  #count = 0;
  readonly #summarize: (ascending: Float64Array) => Summary;

  constructor(summarize: (ascending: Float64Array) => Summary) {
    this.#summarize = summarize;
  }

  add(value: Value): void {
    if (typeof value === 'number') {
      this.#reserve(1);
      this.#values[this.#count++] = value;
    } else if (value !== null) {
      this.merge(Float64Array.from(value as readonly number[]));
    }
  }

  merge(state: Float64Array): void {
    this.#reserve(state.length);
    this.#values.set(state, this.#count);
    this.#count += state.length;
  }

  state(): Float64Array {
    return this.#values.subarray(0, this.#count);
  }

  summary(): Summary {
    return this.#summarize(this.state().sort());
  }

  #reserve(more: number): void {
    if (this.#count + more <= this.#values.length) return;
    const values = new Float64Array(Math.max(this.#count + more, 2 * this.#values.length));
    values.set(this.state());
    this.#values = values;
  }
}

function numberSummary(ascending: Float64Array): NumberSummary {
  const { sum, mean } = totals(ascending);
  const [lower, upper] = middleOf(ascending);
  const middle = (lower + upper) / 2;
  const median = Number.isFinite(middle) ? middle : lower / 2 + upper / 2;
  const hasValues = ascending.length > 0;
  return {
    count: ascending.length, min: ascending[0], max: ascending.at(-1),
    mean: hasValues ? mean : undefined, median: hasValues ? median : undefined, mode: modeOf(ascending), sum,
  };
}

function dateSummary(ascending: Float64Array): DateSummary {
  const [lower, upper] = middleOf(ascending);
  return {
    count: ascending.length, min: ascending[0], max: ascending.at(-1),
    median: ascending.length ? lower + Math.floor((upper - lower) / 2) : undefined, mode: modeOf(ascending),
  };
}

/** NaN without values. */
function middleOf(ascending: Float64Array): [number, number] {
  const half = ascending.length >> 1;
  const upper = ascending[half] ?? NaN;
  return [ascending.length % 2 ? upper : ascending[half - 1] ?? NaN, upper];
}

function modeOf(ascending: Float64Array): number | undefined {
  let mode: number | undefined;
  let most = 0;
  for (let from = 0, to = 0; from < ascending.length; from = to) {
    while (to < ascending.length && ascending[to] === ascending[from]) to++;
    if (to - from <= most) continue;
    most = to - from;
    mode = ascending[from];
  }
  return mode;
}

/** A power of two: what is scaled by it is exact unless it is too small to matter beside what overflowed. */
const SCALE = 2 ** -64;

/** Sums may be beyond the range of f64, or be so on the way only. */
function totals(values: Float64Array): { sum: number; mean: number } {
  const sum = compensatedSum(values, 1);
  if (Number.isFinite(sum)) return { sum, mean: sum / values.length };
  const scaled = compensatedSum(values, SCALE);
  return { sum: scaled / SCALE, mean: scaled / values.length / SCALE };
}

/** Neumaier, Zeitschrift für Angewandte Mathematik und Mechanik 54 (1974): what each addition loses is added at the end. */
function compensatedSum(values: Float64Array, scale: number): number {
  let sum = 0, lost = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]! * scale;
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

class Texts implements Accumulator {
  readonly #counts = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(value: Value): void {
    if (typeof value === 'string') this.#count(value, 1);
    else if (value !== null) for (const element of value as readonly string[]) this.#count(element, 1);
  }

  merge(state: Map<string, number>): void {
    for (const [value, occurrences] of state) this.#count(value, occurrences);
  }

  state(): Map<string, number> {
    return this.#counts;
  }

  summary(): TextSummary {
    const top = new Top<[string, number]>(this.#limit, ([a, first], [b, second]) => second - first || compareTexts(a, b));
    let count = 0;
    for (const entry of this.#counts) {
      count += entry[1];
      top.add(entry);
    }
    return { count, topOccurrences: top.sorted().map(([value, occurrences]) => ({ value, occurrences })) };
  }

  #count(value: string, occurrences: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + occurrences);
  }
}

class Booleans implements Accumulator {
  readonly #counts: [number, number] = [0, 0];

  add(value: Value): void {
    if (typeof value === 'boolean') this.#counts[value ? 1 : 0]++;
    else if (value !== null) for (const element of value as readonly boolean[]) this.#counts[element ? 1 : 0]++;
  }

  merge([falses, trues]: [number, number]): void {
    this.#counts[0] += falses;
    this.#counts[1] += trues;
  }

  state(): [number, number] {
    return this.#counts;
  }

  summary(): BooleanSummary {
    const [totalFalse, totalTrue] = this.#counts;
    const count = totalFalse + totalTrue;
    const shareOf = (total: number) => count ? total / count : undefined;
    return { count, totalTrue, totalFalse, percentageTrue: shareOf(totalTrue), percentageFalse: shareOf(totalFalse) };
  }
}
