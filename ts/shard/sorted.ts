/**
 * Objects in the order of values of theirs. Where the index has all values in numbers, the rows are those of one moment. Else ids
 * or objects are gone through in slices between which everything else has its turn: what is written meanwhile is seen as it was or
 * as it is.
 */
import { Top, compareRows, type SortRow } from '../search/sorting.js';
import type { Value } from '../search/values.js';
import { checkAborted } from './abort.js';
import type { SortKey, SortRequest, SortedRows } from './handle.js';
import { pause } from './pause.js';
import type { Shard } from './shard.js';
import { storedValues } from './stored-properties.js';
import type { Question, StoredObject } from './types.js';

/** Ids compared, and objects read, at a time. */
const IDS = 4096;
const PAGE = 256;

export function sortedRows(shard: Shard, request: SortRequest, signal: AbortSignal | undefined): Promise<SortedRows> {
  return request.keys.every(({ column }) => column !== undefined) ? sortedByColumns(shard, request) : sortedByRows(shard, request, signal);
}

async function sortedByColumns(shard: Shard, request: SortRequest): Promise<SortedRows> {
  const { keys, limit, after } = request;
  return shard.columns(questionOf(request), (slots, columns) => {
    const rowOf = (slot: number): SortRow => ({ slot, values: columns.map((column) => numberOrNull(column[slot])) });
    const compare = byColumns(columns, keys);
    // what comes before the row that is gone on from is passed over here, where it has no slot of its own
    const isAfter = after && isBehind(after, columns, keys);
    const top = new Top<number>(limit, compare);
    for (const slot of slots.toArray()) if (!isAfter || isAfter(slot)) top.add(slot);
    return { rows: top.sorted().map(rowOf), seq: shard.seq };
  });
}

/** That of an object; undefined if it is not there. */
export async function rowOfObject(shard: Shard, id: string, keys: readonly SortKey[]): Promise<SortRow | undefined> {
  const object = await shard.get(id);
  if (!object) return undefined;
  const row = rowMaker(keys)(object);
  return readsObjects(keys) ? row : { ...row, values: row.values.map((value, i) => (keys[i]!.column && value !== null ? Number(value) : value)) };
}

/** The index lacks values of some key that are not ids. */
const readsObjects = (keys: readonly SortKey[]): boolean => keys.some(({ property, column }) => property && column === undefined);

function rowMaker(keys: readonly SortKey[]): (object: StoredObject) => Row {
  const properties = keys.flatMap(({ property }) => property ?? []);
  return (object) => {
    const { id, slot, created, updated } = object;
    const stored = storedValues(object, properties);
    let next = 0;
    return { id, slot, values: keys.map(({ property, column }) => (property ? stored[next++]! : column === undefined ? id : column === 'created' ? created : updated)) };
  };
}

function questionOf({ keys, filter, deadline }: SortRequest): Question {
  return { filter, deadline, keys: keys.flatMap(({ column }) => column ?? []) };
}

/** Of equals the lower slot comes first. NaN, and what is beyond a column, is no value. */
function byColumns(columns: readonly Float64Array[], keys: readonly SortKey[]): (a: number, b: number) => number {
  const signs = keys.map(({ order }) => (order === 'asc' ? 1 : -1));
  return (a, b) => {
    for (let i = 0; i < columns.length; i++) {
      const order = compareNumbers(columns[i]![a] ?? NaN, columns[i]![b] ?? NaN);
      if (order) return order * signs[i]!;
    }
    return a - b;
  };
}

function isBehind({ values, slot: afterSlot }: SortRow, columns: readonly Float64Array[], keys: readonly SortKey[]): (slot: number) => boolean {
  const signs = keys.map(({ order }) => (order === 'asc' ? 1 : -1));
  const numbers = values.map((value) => (value === null ? NaN : value as number));
  return (slot) => {
    for (let i = 0; i < columns.length; i++) {
      const order = compareNumbers(columns[i]![slot] ?? NaN, numbers[i]!);
      if (order) return order * signs[i]! > 0;
    }
    return slot > afterSlot;
  };
}

/** NaN comes first. */
function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  const isA = a === a, isB = b === b;
  return isA === isB ? 0 : isA ? 1 : -1;
}

interface Row extends SortRow {
  readonly id: string;
}

async function sortedByRows(shard: Shard, request: SortRequest, signal: AbortSignal | undefined): Promise<SortedRows> {
  const { keys, filter, limit, after, deadline } = request;
  const top = new Top<Row>(limit, compareRows(keys.map(({ order }) => order)), after && { ...after, id: '' });
  for await (const rows of readsObjects(keys) ? objectRows(shard, request, signal) : idRows(shard, request, signal)) for (const row of rows) top.add(row);
  const chosen = top.sorted();
  // since then objects may have gone, or have come to be others than the filter lets through
  const matching = filter && await shard.select(filter, deadline);
  const isThere = ({ slot, id }: Row) => shard.slotOf(id) === slot && (!matching || matching.has(slot));
  return { rows: chosen.filter(isThere).map(({ values, slot }) => ({ values, slot })), seq: shard.seq };
}

async function* objectRows(shard: Shard, { keys, filter, deadline }: SortRequest, signal: AbortSignal | undefined): AsyncGenerator<Row[]> {
  const rowOf = rowMaker(keys);
  for (let from = 0; from >= 0;) {
    const { objects, next } = await shard.page({ from, limit: PAGE, filter, deadline });
    yield objects.map(rowOf);
    from = next;
    await pause();
    checkAborted(signal);
  }
}

async function* idRows(shard: Shard, request: SortRequest, signal: AbortSignal | undefined): AsyncGenerator<Row[]> {
  const { slots, columns } = await shard.columns(questionOf(request), (set, ofKeys) => ({ slots: set.toArray(), columns: ofKeys }));
  const rowOf = (slot: number): Row | undefined => {
    const id = shard.idOf(slot);
    if (id === undefined) return undefined;
    let next = 0;
    return { id, slot, values: request.keys.map(({ column }): Value => (column ? numberOrNull(columns[next++]![slot]) : id)) };
  };
  for (let from = 0; from < slots.length; from += IDS) {
    yield Array.from(slots.subarray(from, from + IDS), rowOf).filter((row) => row !== undefined);
    await pause();
    checkAborted(signal);
  }
}

const numberOrNull = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);
