/** What aggregates tell of properties: how it is asked for, what comes back, and both checked by the schema. Objects are not known here. */
import { checkOptions } from '../engine/checks.js';
import type { AggregateSpec, BooleanSummary, NumberSummary, Summary, TextSummary } from '../search/accumulators.js';
import type { ElementOf, KindOf } from './filters.js';
import { scalarOf, type PropertySchema } from './property-schema.js';
import type { OrderedName } from './query-options.js';
import { listed, pathText, refusal } from './refusal.js';
import type { Schema } from './schema.js';
import { orderedProperty } from './stored-values.js';
import type { ScalarType } from './typed.js';

export type { BooleanSummary, NumberSummary, TextSummary } from '../search/accumulators.js';

/** date. The median of an even number is the mean of the middle two, rounded down to the millisecond. */
export interface DateAggregate {
  count: number;
  min: Date | undefined;
  max: Date | undefined;
  median: Date | undefined;
  mode: Date | undefined;
}

/**
 * Of properties of no known type: what there is depends on the schema.
 *
 * | type | metrics |
 * | --- | --- |
 * | int, number | `count`, `min`, `max`, `mean`, `median`, `mode`, `sum` |
 * | date | `count`, `min`, `max`, `median`, `mode` |
 * | text, uuid | `count`, `topOccurrences` |
 * | boolean | `count`, `totalTrue`, `totalFalse`, `percentageTrue`, `percentageFalse`: shares, 0 … 1, as Weaviate's |
 *
 * Each element of a list counts as a value. `count` is of values: objects without the property do not count. What is not
 * defined without values is undefined then. Of several modes it is the least.
 */
export interface AnyAggregate extends Partial<Omit<NumberSummary, 'min' | 'max' | 'median' | 'mode'>>, Partial<TextSummary>, Partial<BooleanSummary> {
  min?: number | Date | undefined;
  max?: number | Date | undefined;
  median?: number | Date | undefined;
  mode?: number | Date | undefined;
}

type SummaryOf<Kind> =
  Kind extends 'number' ? NumberSummary
    : Kind extends 'date' ? DateAggregate
    : Kind extends 'text' ? TextSummary
    : Kind extends 'boolean' ? BooleanSummary
    : AnyAggregate;

type KindIn<P extends object, K extends keyof P> = KindOf<ElementOf<P[K]>>;

/** Names of metrics, or `true` for all; of texts also how many values are told, default 5. */
export type Metrics<P extends object> = { readonly [K in OrderedName<P>]?: MetricsOf<KindIn<P, K>> };

type MetricsOf<Kind> =
  | true
  | readonly (keyof SummaryOf<Kind>)[]
  | (Kind extends 'text' | 'any' ? { readonly topOccurrences: number } : never);

/** By property, what was asked for. */
export type Aggregates<P extends object, M> = { [K in keyof M & keyof P]: Asked<SummaryOf<KindIn<P, K>>, M[K]> };

type Asked<S, A> = A extends readonly (infer N)[] ? Pick<S, N & keyof S> : S;

const METRICS: Readonly<Partial<Record<ScalarType, readonly string[]>>> = {
  int: ['count', 'min', 'max', 'mean', 'median', 'mode', 'sum'],
  number: ['count', 'min', 'max', 'mean', 'median', 'mode', 'sum'],
  date: ['count', 'min', 'max', 'median', 'mode'],
  text: ['count', 'topOccurrences'],
  uuid: ['count', 'topOccurrences'],
  boolean: ['count', 'totalTrue', 'totalFalse', 'percentageTrue', 'percentageFalse'],
};
const TOP_MAX = 10_000;

export interface Metric {
  readonly property: PropertySchema;
  readonly spec: AggregateSpec;
  readonly names: readonly string[];
}

/** Throws SCHEMA_MISMATCH for properties, and metrics, that the schema does not have. */
export function metricsOf(schema: Schema, metrics: object = {}): Metric[] {
  if (typeof metrics !== 'object' || metrics === null || Array.isArray(metrics)) throw refusal('INVALID_ARGUMENT', 'metrics', 'an object by property', metrics);
  return Object.entries(metrics).flatMap(([name, asked]: [string, unknown]) => {
    if (asked === undefined) return [];
    const argument = pathText('metrics', [name]);
    return [metricOf(argument, orderedProperty(schema, name, argument), asked)];
  });
}

function metricOf(argument: string, property: PropertySchema, asked: unknown): Metric {
  const { dataType } = property;
  const known = METRICS[scalarOf(dataType)]!;
  if (asked === true) return { property, spec: { type: dataType }, names: known };
  if (Array.isArray(asked)) {
    const names = Array.from(asked, (name: unknown, i) => {
      if (typeof name === 'string' && known.includes(name)) return name;
      throw refusal('SCHEMA_MISMATCH', `${argument}[${i}]`, `a metric of ${dataType} (${listed(known)})`, name);
    });
    return { property, spec: { type: dataType }, names };
  }
  const hasTop = known.includes('topOccurrences');
  const expected = `true or names of metrics${hasTop ? ', or { topOccurrences }' : ''}`;
  if (!hasTop || typeof asked !== 'object' || asked === null) throw refusal('INVALID_ARGUMENT', argument, expected, asked);
  checkOptions(asked, ['topOccurrences'], argument);
  const { topOccurrences } = asked as { topOccurrences?: unknown };
  if (!Number.isInteger(topOccurrences) || !((topOccurrences as number) >= 1 && (topOccurrences as number) <= TOP_MAX)) {
    throw refusal('INVALID_ARGUMENT', `${argument}.topOccurrences`, `an integer from 1 to ${TOP_MAX}`, topOccurrences);
  }
  return { property, spec: { type: dataType, topOccurrences: topOccurrences as number }, names: known };
}

/** `summaries` in the order of the metrics. Built of entries, so that every name is safe. */
export function aggregatesOf(metrics: readonly Metric[], summaries: readonly Summary[]): Record<string, AnyAggregate> {
  return Object.fromEntries(metrics.map(({ property, names }, i) => {
    const isDate = scalarOf(property.dataType) === 'date';
    const summary = summaries[i] as unknown as Readonly<Record<string, unknown>>;
    return [property.name, Object.fromEntries(names.map((name) => {
      const value = summary[name];
      return [name, isDate && name !== 'count' && value !== undefined ? new Date(value as number) : value];
    }))];
  }));
}
