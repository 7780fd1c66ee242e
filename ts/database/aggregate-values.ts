/**
 * Values of properties of many objects: from columns of the index, where it has all that are wanted, else from the objects.
 * What becomes of the values is not known here.
 */
import type { Deadline } from '../search/deadline.js';
import type { FilterNode } from '../search/filter.js';
import type { NumbersKey } from '../search/types.js';
import type { Value } from '../search/values.js';
import { pause } from '../shard/pause.js';
import type { Shard } from '../shard/shard.js';
import { checkAborted } from './calls.js';
import type { Hit } from './hits.js';
import { isFilterable, type PropertySchema } from './property-schema.js';
import { pagesOf } from './select.js';
import { storedValues } from './stored-values.js';

/** Of one object, in the order of the properties; the array is another one's with the next call. */
export type Visit = (values: readonly Value[]) => void;

/** Objects after which everything else has its turn. */
const STEP = 8192;
const COLUMNS: readonly string[] = ['int', 'number', 'date', 'boolean'];

/** Of all objects, or those for which the filter is true. What is written meanwhile counts as it was before or is after. */
export async function visitAll(
  host: { shard(): Promise<Shard> }, filter: FilterNode | undefined, properties: readonly PropertySchema[], visit: Visit, signal: AbortSignal | undefined,
  deadline: Deadline | undefined,
): Promise<void> {
  const keys = keysOf(properties);
  if (keys) {
    const { slots, columns } = await (await host.shard()).columns({ filter, keys, deadline }, (set, ofKeys) => ({ slots: set.toArray(), columns: ofKeys }));
    return visitNumbers(properties, slots.length, (i, j) => columns[j]![slots[i]!]!, visit, signal);
  }
  for await (const objects of pagesOf((work) => work(host), filter, {}, signal, 0, deadline)) for (const object of objects) visit(storedValues(object, properties));
}

/** Of hits, with the numbers of `keysOf` if there are any; to be called in the turn in which they were found. */
export async function visitHits(
  shard: Shard, hits: readonly Hit[], properties: readonly PropertySchema[], visit: Visit, signal: AbortSignal | undefined,
): Promise<void> {
  if (keysOf(properties)) return visitNumbers(properties, hits.length, (i, j) => hits[i]!.numbers![j]!, visit, signal);
  for (const object of await shard.getSlots(hits.map(({ slot }) => slot))) if (object) visit(storedValues(object, properties));
}

/** Of columns of the index that have all values of the properties; undefined if some have none. */
export function keysOf(properties: readonly PropertySchema[]): NumbersKey[] | undefined {
  return properties.every(hasColumn) ? properties.map(({ name }) => `value:${name}` as const) : undefined;
}

/** A list may have several numbers, or be empty: columns do not tell. */
function hasColumn(property: PropertySchema): boolean {
  return isFilterable(property) && COLUMNS.includes(property.dataType);
}

/** `numberOf`: of object i for property j, NaN if it has none. */
async function visitNumbers(
  properties: readonly PropertySchema[], count: number, numberOf: (i: number, j: number) => number, visit: Visit, signal: AbortSignal | undefined,
): Promise<void> {
  const areBooleans = properties.map(({ dataType }) => dataType === 'boolean');
  const values = new Array<Value>(properties.length).fill(null);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < properties.length; j++) {
      const number = numberOf(i, j);
      values[j] = Number.isNaN(number) ? null : areBooleans[j] ? number === 1 : number;
    }
    visit(values);
    if (i % STEP < STEP - 1) continue;
    await pause();
    checkAborted(signal);
  }
}
