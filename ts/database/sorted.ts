/**
 * Objects in the order of values of theirs, a page at a time. Where the index has all values in numbers, the page is that of one
 * moment. Else ids or objects are gone through in slices between which everything else has its turn: what is written meanwhile
 * is seen as it was or as it is.
 */
import { oneOf } from '../engine/checks.js';
import { VectileError, invalid } from '../errors.js';
import type { Deadline } from '../search/deadline.js';
import type { FilterNode } from '../search/filter.js';
import { Top, compareRows, type SortOrder, type SortRow } from '../search/sorting.js';
import type { NumbersKey } from '../search/types.js';
import type { Value } from '../search/values.js';
import { pause } from '../shard/pause.js';
import type { Shard } from '../shard/shard.js';
import type { Question, StoredObject } from '../shard/types.js';
import { checkAborted } from './calls.js';
import { isFilterable, type PropertySchema } from './property-schema.js';
import { checkNested } from './query-options.js';
import type { Schema } from './schema.js';
import { pagesOf } from './select.js';
import { orderedProperty, storedValues } from './stored-values.js';

/** A key of the order, checked. */
export interface SortKey {
  readonly order: SortOrder;
  /** What the index has it by: a number of each object. */
  readonly column?: NumbersKey;
  /** Undefined: a target, which is `created`, `updated`, or `id`. */
  readonly property?: PropertySchema;
}

export interface SortedPage {
  keys: readonly SortKey[];
  filter: FilterNode | undefined;
  limit: number;
  offset: number;
  after: string | undefined;
  deadline?: Deadline | undefined;
}

const KEYS_MAX = 16;
const TARGETS = ['id', 'creationTime', 'updateTime'] as const;
const COLUMN_TYPES = ['int', 'number', 'boolean', 'date'];
/** Ids compared at a time. */
const IDS = 4096;

export function sortKeys(schema: Schema, sort: unknown): SortKey[] {
  const list: readonly unknown[] = Array.isArray(sort) ? sort : [sort];
  if (list.length > KEYS_MAX) throw invalid('sort', `at most ${KEYS_MAX} keys`, list.length);
  return Array.from(list, (each, i) => sortKey(schema, each, Array.isArray(sort) ? `sort[${i}]` : 'sort'));
}

function sortKey(schema: Schema, given: unknown, argument: string): SortKey {
  checkNested(argument, given as object, ['property', 'target', 'order']);
  const { property: name, target, order = 'asc' } = given as { property?: unknown; target?: (typeof TARGETS)[number]; order?: SortOrder };
  oneOf(`${argument}.order`, order, ['asc', 'desc']);
  if (target !== undefined) {
    if (name !== undefined) throw invalid(`${argument}.property`, 'none beside target', name);
    oneOf(`${argument}.target`, target, TARGETS);
    return target === 'id' ? { order } : { order, column: target === 'creationTime' ? 'created' : 'updated' };
  }
  const property = orderedProperty(schema, name, `${argument}.property`);
  const hasColumn = COLUMN_TYPES.includes(property.dataType) && isFilterable(property);
  return { order, property, ...hasColumn && { column: `value:${property.name}` as const } };
}

/** Throws OBJECT_MISSING if `after` is not there. */
export function sortedObjects(shard: Shard, page: SortedPage, wantsVectors: boolean, signal: AbortSignal | undefined): Promise<StoredObject[]> {
  return page.keys.every(({ column }) => column !== undefined) ? sortedByColumns(shard, page, wantsVectors) : sortedByRows(shard, page, wantsVectors, signal);
}

async function sortedByColumns(shard: Shard, page: SortedPage, wantsVectors: boolean): Promise<StoredObject[]> {
  const { keys, limit, offset, after } = page;
  return shard.columns(questionOf(page), (slots, columns) => {
    const top = new Top<number>(limit + offset, byColumns(columns, keys), after === undefined ? undefined : slotOf(shard, after));
    for (const slot of slots.toArray()) top.add(slot);
    return existing(shard, top.sorted().slice(offset), wantsVectors);
  });
}

function questionOf({ keys, filter, deadline }: SortedPage): Question {
  return { filter, deadline, keys: keys.flatMap(({ column }) => column ?? []) };
}

/** Of equals the lower slot comes first. NaN, and what is beyond a column, is no value. */
function byColumns(columns: readonly Float64Array[], keys: readonly SortKey[]): (a: number, b: number) => number {
  const signs = keys.map(({ order }) => (order === 'asc' ? 1 : -1));
  return (a, b) => {
    for (let i = 0; i < columns.length; i++) {
      const x = columns[i]![a] ?? NaN, y = columns[i]![b] ?? NaN;
      if (x < y) return -signs[i]!;
      if (x > y) return signs[i]!;
      if (x === y) continue;
      const isX = x === x, isY = y === y;
      if (isX !== isY) return isX ? signs[i]! : -signs[i]!;
    }
    return a - b;
  };
}

interface Row extends SortRow {
  readonly id: string;
}

/** Where rows come from. */
interface Rows {
  /** That of an object. */
  of(id: string): Promise<Row | undefined>;
  /** Of all objects for which the filter of the page is true. */
  pages(signal: AbortSignal | undefined): AsyncIterable<Row[]>;
}

async function sortedByRows(shard: Shard, page: SortedPage, wantsVectors: boolean, signal: AbortSignal | undefined): Promise<StoredObject[]> {
  const { keys, filter, limit, offset, after, deadline } = page;
  const rows = keys.some(({ property, column }) => property && column === undefined) ? objectRows(shard, page) : await idRows(shard, page);
  const afterRow = after === undefined ? undefined : await rows.of(after);
  if (after !== undefined && !afterRow) throw missing(after);
  const top = new Top<Row>(limit + offset, compareRows(keys.map(({ order }) => order)), afterRow);
  for await (const each of rows.pages(signal)) for (const row of each) top.add(row);
  const chosen = top.sorted().slice(offset);
  // since then objects may have gone, or have come to be others than the filter lets through
  const matching = filter && await shard.select(filter, deadline);
  const isThere = ({ slot, id }: Row) => shard.slotOf(id) === slot && (!matching || matching.has(slot));
  return existing(shard, chosen.filter(isThere).map(({ slot }) => slot), wantsVectors);
}

function objectRows(shard: Shard, { keys, filter, deadline }: SortedPage): Rows {
  const properties = keys.flatMap(({ property }) => property ?? []);
  const rowOf = (object: StoredObject): Row => {
    const { id, slot, created, updated } = object;
    const stored = storedValues(object, properties);
    let next = 0;
    return { id, slot, values: keys.map(({ property, column }) => (property ? stored[next++]! : column === undefined ? id : column === 'created' ? created : updated)) };
  };
  return {
    async of(id) {
      const object = await shard.get(id);
      return object && rowOf(object);
    },
    async *pages(signal) {
      for await (const objects of pagesOf((work) => work({ shard: async () => shard }), filter, {}, signal, 0, deadline)) yield objects.map(rowOf);
    },
  };
}

async function idRows(shard: Shard, page: SortedPage): Promise<Rows> {
  const { slots, columns } = await shard.columns(questionOf(page), (set, ofKeys) => ({ slots: set.toArray(), columns: ofKeys }));
  const rowOf = (slot: number): Row | undefined => {
    const id = shard.idOf(slot);
    if (id === undefined) return undefined;
    let next = 0;
    return { id, slot, values: page.keys.map(({ column }): Value => (column ? numberOrNull(columns[next++]![slot]) : id)) };
  };
  return {
    async of(id) {
      const slot = shard.slotOf(id);
      return slot < 0 ? undefined : rowOf(slot);
    },
    async *pages(signal) {
      for (let from = 0; from < slots.length; from += IDS) {
        yield Array.from(slots.subarray(from, from + IDS), rowOf).filter((row) => row !== undefined);
        await pause();
        checkAborted(signal);
      }
    },
  };
}

const numberOrNull = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);

/** Objects of slots, in their order. */
async function existing(shard: Shard, slots: readonly number[], vectors: boolean): Promise<StoredObject[]> {
  return (await shard.getSlots(slots, { vectors })).filter((object) => object !== undefined);
}

function slotOf(shard: Shard, id: string): number {
  const slot = shard.slotOf(id);
  if (slot < 0) throw missing(id);
  return slot;
}

function missing(id: string): VectileError {
  return new VectileError('OBJECT_MISSING', `after: expected the id of an object, got ${JSON.stringify(id)}`);
}
