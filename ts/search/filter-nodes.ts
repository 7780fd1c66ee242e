/** Resolved filters put together, and made simpler where that costs nothing: what is left matches the same objects. */
import type { Bounds, FilterNode } from './filter.js';
import type { NumbersKey } from './types.js';

export const EVERYTHING: FilterNode = { kind: 'constant', value: true };
export const NOTHING: FilterNode = { kind: 'constant', value: false };

type NumberRange = FilterNode & { kind: 'numberRange' };

/** All of them; with none, everything. */
export function conjunction(nodes: readonly FilterNode[]): FilterNode {
  const kept: FilterNode[] = [];
  const excluded: FilterNode[] = [];
  const ranges = new Map<string, NumberRange>();
  for (const node of nodes.flatMap((each) => (each.kind === 'and' ? each.nodes : [each]))) {
    if (node.kind === 'constant' && !node.value) return NOTHING;
    if (node.kind === 'numberRange' && node.isSingle) ranges.set(node.key, narrowed(ranges.get(node.key), node));
    // Last, where they can be taken away from what is left.
    else if (node.kind === 'not') excluded.push(node);
    else if (node.kind !== 'constant') kept.push(node);
  }
  for (const range of ranges.values()) if (isHollow(range)) return NOTHING;
  return several('and', [...ranges.values(), ...kept, ...excluded], EVERYTHING);
}

/** Any of them; with none, nothing. */
export function disjunction(nodes: readonly FilterNode[]): FilterNode {
  const kept: FilterNode[] = [];
  for (const node of nodes.flatMap((each) => (each.kind === 'or' ? each.nodes : [each]))) {
    if (node.kind !== 'constant') kept.push(node);
    else if (node.value) return EVERYTHING;
  }
  return several('or', kept, NOTHING);
}

export function negation(node: FilterNode): FilterNode {
  if (node.kind === 'constant') return node.value ? NOTHING : EVERYTHING;
  return node.kind === 'not' ? node.node : { kind: 'not', node };
}

/** What comparisons with values become. */
export interface Comparisons<V> {
  /** Equal to one of them. */
  any(values: readonly V[]): FilterNode;
  /** Equal to each. Ids have neither this nor ranges. */
  all?(values: readonly V[]): FilterNode;
  range?(value: V, bounds: <T extends string | number>(bound: T) => Bounds<T>): FilterNode;
}

/** A value is the tokens of a text: it is equal where all of them are, and nowhere if there are none. */
export function termComparisons(property: string): Comparisons<readonly string[]> {
  return {
    any(values) {
      const alone = new Set(values.filter((tokens) => tokens.length === 1).flat());
      const nodes = values.filter((tokens) => tokens.length > 1).map((terms): FilterNode => ({ kind: 'allTerms', property, terms }));
      return disjunction(alone.size > 0 ? [{ kind: 'anyTerm', property, terms: [...alone] }, ...nodes] : nodes);
    },
    all(values) {
      if (values.some((tokens) => tokens.length === 0)) return NOTHING;
      return values.length > 0 ? { kind: 'allTerms', property, terms: [...new Set(values.flat())] } : EVERYTHING;
    },
    range(tokens, bounds) {
      return tokens.length > 0 ? conjunction(tokens.map((token): FilterNode => ({ kind: 'termRange', property, ...bounds(token) }))) : NOTHING;
    },
  };
}

/** `isSingle`: as of numberRange. */
export function numberComparisons(key: NumbersKey, isSingle: boolean): Comparisons<number> {
  return {
    any: (numbers) => (numbers.length > 0 ? { kind: 'anyNumber', key, numbers: [...new Set(numbers)] } : NOTHING),
    all: (numbers) => (numbers.length > 0 ? { kind: 'allNumbers', key, numbers: [...new Set(numbers)] } : EVERYTHING),
    range: (number, bounds) => ({ kind: 'numberRange', key, ...isSingle && { isSingle }, ...bounds(number) }),
  };
}

export const idComparisons: Comparisons<string> = {
  any: (ids) => (ids.length > 0 ? { kind: 'ids', ids } : NOTHING),
};

function several(kind: 'and' | 'or', nodes: readonly FilterNode[], none: FilterNode): FilterNode {
  return nodes.length > 1 ? { kind, nodes } : nodes[0] ?? none;
}

/** Both ranges as one. */
function narrowed(range: NumberRange | undefined, other: NumberRange): NumberRange {
  if (!range) return other;
  const { from, isAboveFrom } = later(range, other);
  const { to, isBelowTo } = earlier(range, other);
  return {
    kind: 'numberRange', key: range.key, isSingle: true,
    ...from !== undefined && { from }, ...isAboveFrom && { isAboveFrom }, ...to !== undefined && { to }, ...isBelowTo && { isBelowTo },
  };
}

/** The one that begins later. */
function later(a: Bounds<number>, b: Bounds<number>): Bounds<number> {
  if (a.from === undefined || b.from === undefined) return a.from === undefined ? b : a;
  return b.from > a.from || b.from === a.from && b.isAboveFrom ? b : a;
}

/** The one that ends earlier. */
function earlier(a: Bounds<number>, b: Bounds<number>): Bounds<number> {
  if (a.to === undefined || b.to === undefined) return a.to === undefined ? b : a;
  return b.to < a.to || b.to === a.to && b.isBelowTo ? b : a;
}

function isHollow({ from, to, isAboveFrom, isBelowTo }: Bounds<number>): boolean {
  return from !== undefined && to !== undefined && (from > to || from === to && (isAboveFrom || isBelowTo) === true);
}
