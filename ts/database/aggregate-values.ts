/**
 * Values of properties of many objects: from columns of the index, where it has all that are wanted, else from the objects.
 * What becomes of the values is not known here.
 */
import type { FilterNode } from '../search/filter.js';
import type { NumbersKey } from '../search/types.js';
import type { Value } from '../search/values.js';
import { pause } from '../shard/pause.js';
import type { Shard } from '../shard/shard.js';
import { checkAborted } from './calls.js';
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
): Promise<void> {
  if (properties.every(hasColumn)) {
    const shard = await host.shard();
    const ask = () => [filter ? shard.select(filter) : shard.all(), ...columnsOf(shard, properties)] as const;
    let answers = ask();
    if (answers.some((answer) => answer instanceof Promise)) {
      // what is waited for may be of different moments: asked again it is in memory, if there is room for it
      await Promise.all(answers);
      answers = ask();
    }
    const [slots, ...columns] = await Promise.all(answers);
    return visitColumns(slots.toArray(), properties, columns, visit, signal);
  }
  for await (const objects of pagesOf((work) => work(host), filter, {}, signal)) for (const object of objects) visit(storedValues(object, properties));
}

/** Of the objects in these slots; to be called in the turn in which they were found. */
export async function visitSlots(
  shard: Shard, slots: readonly number[], properties: readonly PropertySchema[], visit: Visit, signal: AbortSignal | undefined,
): Promise<void> {
  if (properties.every(hasColumn)) return visitColumns(slots, properties, await Promise.all(columnsOf(shard, properties)), visit, signal);
  for (const object of await shard.getSlots(slots)) if (object) visit(storedValues(object, properties));
}

/** A list may have several numbers, or be empty: columns do not tell. */
function hasColumn(property: PropertySchema): boolean {
  return isFilterable(property) && COLUMNS.includes(property.dataType);
}

function columnsOf(shard: Shard, properties: readonly PropertySchema[]): (Float64Array | Promise<Float64Array>)[] {
  return properties.map(({ name }) => shard.column(`value:${name}` as NumbersKey));
}

async function visitColumns(
  slots: ArrayLike<number>, properties: readonly PropertySchema[], columns: readonly Float64Array[], visit: Visit, signal: AbortSignal | undefined,
): Promise<void> {
  const areBooleans = properties.map(({ dataType }) => dataType === 'boolean');
  const values = new Array<Value>(columns.length).fill(null);
  for (let i = 0; i < slots.length; i++) {
    for (let j = 0; j < columns.length; j++) {
      const number = columns[j]![slots[i]!];
      // of an object that came after the column was made there is none
      values[j] = number === undefined || Number.isNaN(number) ? null : areBooleans[j] ? number === 1 : number;
    }
    visit(values);
    if (i % STEP < STEP - 1) continue;
    await pause();
    checkAborted(signal);
  }
}
