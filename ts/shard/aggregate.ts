/** What can be said of values of objects: from columns of the index, where it has all that are wanted, else from the objects. */
import { Aggregation, GroupedAggregation } from '../search/aggregates.js';
import type { Value } from '../search/values.js';
import { checkAborted } from './abort.js';
import type { AggregateRequest, Aggregated, StoredProperty } from './handle.js';
import { pause } from './pause.js';
import type { Shard } from './shard.js';
import { storedValues } from './stored-properties.js';

/** Of one object, in the order of the properties; the array is another one's with the next call. */
export type Visit = (values: readonly Value[]) => void;

/** Objects after which everything else has its turn. */
const STEP = 8192;
/** Objects read at a time. */
const PAGE = 256;

/** What is written meanwhile counts as it was before or is after; with `keys` all is of one moment. */
export async function aggregated(shard: Shard, request: AggregateRequest, signal: AbortSignal | undefined): Promise<Aggregated> {
  const { specs, isGrouped } = request;
  if (!isGrouped) {
    const total = new Aggregation(specs);
    await visitAll(shard, request, (values) => total.add(values), signal);
    return { total: total.state() };
  }
  const groups = new GroupedAggregation(specs);
  await visitAll(shard, request, (values) => groups.add(values[specs.length]!, values.slice(0, specs.length)), signal);
  return { groups: groups.state() };
}

async function visitAll(shard: Shard, { properties, keys, filter, deadline }: AggregateRequest, visit: Visit, signal: AbortSignal | undefined): Promise<void> {
  if (keys) {
    const { slots, columns } = await shard.columns({ filter, keys, deadline }, (set, ofKeys) => ({ slots: set.toArray(), columns: ofKeys }));
    return visitNumbers(properties, slots.length, (i, j) => columns[j]![slots[i]!]!, visit, signal);
  }
  for (let from = 0; from >= 0;) {
    const { objects, next } = await shard.page({ from, limit: PAGE, filter, deadline });
    for (const object of objects) visit(storedValues(object, properties));
    from = next;
    await pause();
    checkAborted(signal);
  }
}

/** `numberOf`: of object i for property j, NaN if it has none. */
export async function visitNumbers(
  properties: readonly StoredProperty[], count: number, numberOf: (i: number, j: number) => number, visit: Visit, signal: AbortSignal | undefined,
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
