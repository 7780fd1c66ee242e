/**
 * Values of properties as results are sorted, grouped and counted by: one order for all of a type, no copies of texts. Knows what is
 * stored (JSON), not where.
 */
import type { DataType } from '../types.js';

/** Dates are ms since 1970. */
export type Scalar = string | number | boolean;

/** Null: the object has no such property. Plain JSON. */
export type Value = Scalar | null | readonly Scalar[];

/** Objects can be sorted and grouped by properties of this type, and their values be aggregated. */
export function hasOrder(type: DataType): boolean {
  return !/^(?:geoCoordinates|blob|object)/.test(type);
}

/** Of what is stored as a property of a type that has an order. */
export function valueOf(type: DataType, stored: unknown): Value {
  if (stored === undefined || stored === null) return null;
  if (type === 'date') return Date.parse(stored as string);
  if (type === 'date[]') return (stored as string[]).map((text) => Date.parse(text));
  return stored as Value;
}

/** What an object is grouped by: each element of a list once. */
export function distinctIn(value: Value): Iterable<Scalar> {
  if (value === null) return [];
  return typeof value === 'object' ? new Set(value) : [value];
}

/** Nothing comes first; lists by their first elements that differ, else the shorter one first; false before true. */
export function compareValues(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a !== 'object') return compareScalars(a, b as Scalar);
  const list = b as readonly Scalar[];
  const shorter = Math.min(a.length, list.length);
  for (let i = 0; i < shorter; i++) {
    const order = compareScalars(a[i]!, list[i]!);
    if (order) return order;
  }
  return a.length - list.length;
}

export function compareScalars(a: Scalar, b: Scalar): number {
  if (typeof a === 'string') return compareTexts(a, b as string);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By code points. (`<` compares 16-bit units, which puts all beyond U+FFFF before U+E000.) */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  let i = 0;
  while (i < shorter && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === shorter) return a.length - b.length;
  // the units before may be the first halves of pairs, or of one pair and alone
  const before = i > 0 ? a.codePointAt(i - 1)! - b.codePointAt(i - 1)! : 0;
  return before || a.codePointAt(i)! - b.codePointAt(i)!;
}
