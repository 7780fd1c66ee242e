/**
 * Filters as users write them: plain JSON, and a builder that makes that JSON. Types let through what fits the properties of a
 * collection; whether it fits its schema is known when a filter is used, see filter-schema.ts.
 *
 * ```ts
 * (f) => f.byProperty('price').lessThan(20)
 * Filters.and({ operator: 'LessThan', property: 'price', value: 20 }, { operator: 'Like', property: 'text', value: 'parc*' })
 * { operator: 'GreaterThan', length: 'text', value: 3 }
 * { operator: 'Equal', target: 'id', value: 'a' }
 * ```
 */
import { isoOf } from './dates.js';
import { tagOf } from './refusal.js';
import type { GeoCoordinates, Properties } from './typed.js';

/** Values of one ContainsAny, ContainsAll or ContainsNone. */
export const VALUES_MAX = 10_000;

export type EqualOperator = 'Equal' | 'NotEqual';
export type RangeOperator = 'GreaterThan' | 'GreaterThanEqual' | 'LessThan' | 'LessThanEqual';
export type ContainsOperator = 'ContainsAny' | 'ContainsAll' | 'ContainsNone';
export type FilterOperator = EqualOperator | RangeOperator | ContainsOperator | 'Like' | 'IsNull' | 'WithinGeoRange';

export interface GeoRange extends GeoCoordinates {
  /** Metres, on a sphere of the Earth's mean radius; places just so far away are within. */
  distance: number;
}

/** A moment: a Date, or a text by RFC 3339, with time and zone. */
export type Moment = Date | string;

/**
 * A condition on the objects of a collection. Depth up to 64, 10,000 conditions, 10,000 values in each list.
 *
 * | operator | true of an object |
 * | --- | --- |
 * | `Equal` | text: its tokens include all those of the value; lists: some element is equal; else the value is equal |
 * | `NotEqual` | not Equal: also of objects without the property |
 * | `GreaterThan`, `GreaterThanEqual`, `LessThan`, `LessThanEqual` | the value, or some element; text: some token beyond each of the value, by code points |
 * | `Like` | for each word of the pattern there is a token like it; `*` stands for anything, `?` for one code point |
 * | `ContainsAny`, `ContainsAll`, `ContainsNone` | Equal to some, to each, to none of the values |
 * | `IsNull` | value true: it does not have the property; false: it has |
 * | `WithinGeoRange` | some place is at most so far away |
 * | `And`, `Or`, `Not` | all, any, none of `filters`; with none in it, `And` is true and `Or` is not |
 */
export type Filter<P extends object = Properties> =
  | AndFilter<P> | OrFilter<P> | NotFilter<P> | PropertyFilter<P> | LengthFilter<P> | IdFilter | TimeFilter;

export interface AndFilter<P extends object> { readonly operator: 'And'; readonly filters: readonly Filter<P>[] }
export interface OrFilter<P extends object> { readonly operator: 'Or'; readonly filters: readonly Filter<P>[] }
export interface NotFilter<P extends object> { readonly operator: 'Not'; readonly filter: Filter<P> }

/** By a property's values. */
export type PropertyFilter<P extends object> = {
  [K in FilterName<P>]: ConditionOf<KindOf<ElementOf<P[K]>>, ElementOf<P[K]>> & { readonly property: K }
}[FilterName<P>];

/** By the number of code points of a text, or of elements of a list. */
export type LengthFilter<P extends object> = Comparison<number> & { readonly length: LengthName<P> };

export type IdFilter = (Condition<EqualOperator, string> | Condition<'ContainsAny' | 'ContainsNone', readonly string[]>) & { readonly target: 'id' };

export type TimeFilter = Comparison<Moment> & { readonly target: 'creationTime' | 'updateTime' };

/** A filter, or how to build one. */
export type FilterInput<P extends object = Properties> = Filter<P> | ((f: FilterBuilder<P>) => Filter<P>);

interface Condition<O extends FilterOperator, V> { readonly operator: O; readonly value: V }

type Comparison<V> = Condition<EqualOperator | RangeOperator, V> | Condition<'ContainsAny' | 'ContainsNone', readonly V[]>;

/** `V`: the operand of Equal. */
type ConditionOf<Kind, V> =
  | Condition<'IsNull', boolean>
  | (Kind extends 'any' ? Condition<FilterOperator, Operand | readonly Operand[]>
    : Kind extends 'text' ? Condition<EqualOperator, V> | Condition<ContainsOperator, readonly V[]> | Condition<RangeOperator | 'Like', string>
    : Kind extends 'number' ? Condition<EqualOperator, V> | Condition<ContainsOperator, readonly V[]> | Condition<RangeOperator, number>
    : Kind extends 'boolean' ? Condition<EqualOperator, boolean> | Condition<ContainsOperator, readonly boolean[]>
    : Kind extends 'date' ? Condition<EqualOperator | RangeOperator, Moment> | Condition<ContainsOperator, readonly Moment[]>
    : Condition<'WithinGeoRange', GeoRange>);

type Operand = string | number | boolean | Date | GeoRange;

export type ElementOf<T> = unknown extends T ? T : NonNullable<NonNullable<T> extends infer V ? V extends readonly (infer E)[] ? E : V : never>;

/** `any`: of no one kind, so that only a schema can tell what fits. `none`: not filtered by. */
export type KindOf<V> =
  0 extends 1 & V ? 'any'
    : unknown extends V ? 'any'
    : [V] extends [never] ? 'none'
    : [V] extends [string] ? 'text'
    : [V] extends [number] ? 'number'
    : [V] extends [boolean] ? 'boolean'
    : [V] extends [Date] ? 'date'
    : [V] extends [GeoCoordinates] ? 'place'
    : [Extract<V, string | number | boolean | Date | GeoCoordinates>] extends [never] ? 'none' : 'any';

/** Properties that can be filtered by. */
export type FilterName<P extends object> = { [K in keyof P & string]-?: KindOf<ElementOf<P[K]>> extends 'none' ? never : K }[keyof P & string];

/** Those that have a length. */
export type LengthName<P extends object> = { [K in FilterName<P>]: IsMeasured<P[K]> extends true ? K : never }[FilterName<P>];

type IsMeasured<T> =
  0 extends 1 & T ? true
    : unknown extends T ? true
    : [Extract<NonNullable<T>, string | readonly unknown[]>] extends [never] ? false : true;

export interface FilterBuilder<P extends object = Properties> {
  byProperty<K extends FilterName<P>>(name: K, length?: false): PropertyOperators<P, KindOf<ElementOf<P[K]>>, ElementOf<P[K]>>;
  /** By its length. */
  byProperty(name: LengthName<P>, length: true): ComparisonOperators<P, number>;
  byPropertyLength(name: LengthName<P>): ComparisonOperators<P, number>;
  byId(): IdOperators<P>;
  byCreationTime(): ComparisonOperators<P, Moment>;
  byUpdateTime(): ComparisonOperators<P, Moment>;
  and(...filters: Filter<P>[]): Filter<P>;
  or(...filters: Filter<P>[]): Filter<P>;
  not(filter: Filter<P>): Filter<P>;
}

interface EqualOperators<P extends object, V> {
  equal(value: V): Filter<P>;
  notEqual(value: V): Filter<P>;
  containsAny(values: readonly V[]): Filter<P>;
  containsNone(values: readonly V[]): Filter<P>;
}

interface RangeOperators<P extends object, V> {
  greaterThan(value: V): Filter<P>;
  greaterOrEqual(value: V): Filter<P>;
  lessThan(value: V): Filter<P>;
  lessOrEqual(value: V): Filter<P>;
}

interface ValueOperators<P extends object, V> extends EqualOperators<P, V>, NullOperator<P> {
  containsAll(values: readonly V[]): Filter<P>;
}

interface NullOperator<P extends object> { isNull(value: boolean): Filter<P> }
interface LikeOperator<P extends object> { like(pattern: string): Filter<P> }
interface GeoOperator<P extends object> { withinGeoRange(range: GeoRange): Filter<P> }

export type IdOperators<P extends object> = EqualOperators<P, string>;
export type ComparisonOperators<P extends object, V> = EqualOperators<P, V> & RangeOperators<P, V>;

export type PropertyOperators<P extends object, Kind, V> =
  Kind extends 'any' ? ValueOperators<P, Operand> & RangeOperators<P, Operand> & LikeOperator<P> & GeoOperator<P>
    : Kind extends 'text' ? ValueOperators<P, V> & RangeOperators<P, string> & LikeOperator<P>
    : Kind extends 'number' ? ValueOperators<P, V> & RangeOperators<P, number>
    : Kind extends 'boolean' ? ValueOperators<P, boolean>
    : Kind extends 'date' ? ValueOperators<P, Moment> & RangeOperators<P, Moment>
    : GeoOperator<P> & NullOperator<P>;

/** Combines filters, outside of a builder; which properties they are of is checked where they are used. */
export const Filters = Object.freeze({
  /** True where all are. */
  and<F extends readonly AnyFilter[]>(...filters: F): { readonly operator: 'And'; readonly filters: F } {
    return Object.freeze({ operator: 'And', filters: Object.freeze(filters) });
  },
  /** True where one is. */
  or<F extends readonly AnyFilter[]>(...filters: F): { readonly operator: 'Or'; readonly filters: F } {
    return Object.freeze({ operator: 'Or', filters: Object.freeze(filters) });
  },
  /** True where it is not. */
  not<F extends AnyFilter>(filter: F): { readonly operator: 'Not'; readonly filter: F } {
    return Object.freeze({ operator: 'Not', filter });
  },
});

/** Of whatever properties. */
type AnyFilter = Filter<Properties>;

/** Makes what `filters: (f) => …` returns; the same for all collections. */
export const filterBuilder: FilterBuilder = Object.freeze({
  byProperty: (name: string, length = false) => operatorsOf(length ? { length: name } : { property: name }),
  byPropertyLength: (name: string) => operatorsOf({ length: name }),
  byId: () => operatorsOf({ target: 'id' }),
  byCreationTime: () => operatorsOf({ target: 'creationTime' }),
  byUpdateTime: () => operatorsOf({ target: 'updateTime' }),
  ...Filters,
}) as FilterBuilder;

/** All there are: which of them fit is a matter of types. */
function operatorsOf(subject: { property: string } | { length: string } | { target: string }): object {
  const condition = (operator: FilterOperator) => (value: unknown) => Object.freeze({ operator, ...subject, value: plain(value) });
  return Object.freeze({
    equal: condition('Equal'),
    notEqual: condition('NotEqual'),
    greaterThan: condition('GreaterThan'),
    greaterOrEqual: condition('GreaterThanEqual'),
    lessThan: condition('LessThan'),
    lessOrEqual: condition('LessThanEqual'),
    like: condition('Like'),
    containsAny: condition('ContainsAny'),
    containsAll: condition('ContainsAll'),
    containsNone: condition('ContainsNone'),
    isNull: condition('IsNull'),
    withinGeoRange: condition('WithinGeoRange'),
  });
}

/** The value as frozen JSON, so that later changes of it do not change the filter. What is not a value is left to be refused. */
function plain(value: unknown): unknown {
  if (!Array.isArray(value)) return plainElement(value);
  return value.length > VALUES_MAX ? value : Object.freeze(Array.from(value, plainElement));
}

function plainElement(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return tagOf(value) === 'Object' ? Object.freeze({ ...value }) : isoOf(value) ?? value;
}
