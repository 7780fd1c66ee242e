/** Values of properties of hits: of columns of the index, where it has all that are wanted, else of the objects. */
import type { NumbersKey } from '../search/types.js';
import { visitNumbers, type Visit } from '../shard/aggregate.js';
import { storedValues } from '../shard/stored-properties.js';
import { foundHits, readHits, type Search } from './hits.js';
import { isFilterable, type PropertySchema } from './property-schema.js';

const COLUMNS: readonly string[] = ['int', 'number', 'date', 'boolean'];

/** The search must ask for the columns of the properties, if there are any. */
export async function visitHits(search: Search, properties: readonly PropertySchema[], visit: Visit, signal: AbortSignal | undefined): Promise<void> {
  if (columnsOf(properties)) {
    const hits = await foundHits(search);
    return visitNumbers(properties, hits.length, (i, j) => hits[i]!.numbers![j]!, visit, signal);
  }
  for (const { object } of await readHits(search, false)) visit(storedValues(object, properties));
}

/** Columns of the index that have all values of the properties; undefined if some have none. */
export function columnsOf(properties: readonly PropertySchema[]): NumbersKey[] | undefined {
  return properties.every(hasColumn) ? properties.map(({ name }) => `value:${name}` as const) : undefined;
}

/** A list may have several numbers, or be empty: columns do not tell. */
function hasColumn(property: PropertySchema): boolean {
  return isFilterable(property) && COLUMNS.includes(property.dataType);
}
