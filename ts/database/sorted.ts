/** Objects in the order of values of theirs, a page at a time. */
import { oneOf } from '../engine/checks.js';
import { VectileError, invalid } from '../errors.js';
import type { Deadline } from '../search/deadline.js';
import type { FilterNode } from '../search/filter.js';
import { compareRows, type SortOrder, type SortRow } from '../search/sorting.js';
import type { SortKey } from '../shard/handle.js';
import type { StoredObject } from '../shard/types.js';
import { isFilterable } from './property-schema.js';
import { checkNested } from './query-options.js';
import type { Schema } from './schema.js';
import type { Place, Shards } from './shards.js';
import { orderedProperty } from './stored-values.js';

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
/** A page is asked for so often until none of its objects is written before it is read. */
const ATTEMPTS = 4;

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
  return { order, property: { name: property.name, dataType: property.dataType }, ...hasColumn && { column: `value:${property.name}` as const } };
}

/** Throws OBJECT_MISSING if `after` is not there. */
export async function sortedObjects(shards: Shards, page: SortedPage, wantsVectors: boolean, signal: AbortSignal | undefined): Promise<StoredObject[]> {
  for (let attempt = 1; ; attempt++) {
    const places = await sortedPlaces(shards, page, signal);
    const objects = await shards.read(places, { vectors: wantsVectors });
    const there = objects.filter((object) => object !== undefined);
    if (there.length === places.length || attempt === ATTEMPTS) return there;
  }
}

async function sortedPlaces(shards: Shards, { keys, filter, limit, offset, after, deadline }: SortedPage, signal: AbortSignal | undefined): Promise<Place[]> {
  const last = after === undefined ? undefined : await rankedRow(shards, after, keys);
  const found = await shards.each((handle, shard) => {
    const afterRow = last && { values: last.values, slot: shards.slotOfRank(last.slot, shard) };
    return handle.sorted({ keys, filter, limit: limit + offset, after: afterRow, deadline }, signal);
  });
  const compare = compareRows(keys.map(({ order }) => order));
  const rows = found.flatMap(({ rows: ofShard, seq }, shard) =>
    ofShard.map(({ values, slot }) => ({ values, slot: shards.rankOf({ shard, slot }), place: { shard, slot, seq } })));
  if (shards.count > 1) rows.sort(compare);
  return rows.slice(offset, offset + limit).map(({ place }) => place);
}

/** Of an object: its values, and its rank in the place of the slot. */
async function rankedRow(shards: Shards, id: string, keys: readonly SortKey[]): Promise<SortRow> {
  const row = await shards.of(id).row(id, keys);
  if (!row) throw new VectileError('OBJECT_MISSING', `after: expected the id of an object, got ${JSON.stringify(id)}`);
  return { values: row.values, slot: shards.rankOf({ shard: shards.numberOf(id), slot: row.slot }) };
}
