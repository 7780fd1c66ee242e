// What the types of aggregates and of writes by filters let through and what they refuse: compiled by types.test.js, never run.
import type { Collection } from '../../ts/database/collection.js';
import type { GeoCoordinates, Properties } from '../../ts/database/typed.js';

interface Ticket {
  text: string;
  status?: 'open' | 'closed' | null;
  price?: number;
  paid: boolean;
  opened: Date;
  place: GeoCoordinates;
  tags: string[];
  scores: readonly number[];
  image: Uint8Array;
  author: { name: string };
  whatever: unknown;
}

declare const tickets: Collection<Ticket>;
declare const anything: Collection<Properties>;
const { aggregate, data } = tickets;

/** Compiles only if X is just Y. */
declare function same<X>(): <Y>(value: Y & ([Y, X] extends [X, Y] ? unknown : never)) => void;

export async function run(): Promise<void> {
  const none = await aggregate.overAll();
  same<number>()(none.totalCount);

  const all = await aggregate.overAll({ filters: (f) => f.byProperty('price').lessThan(20), metrics: { price: ['mean', 'max'], opened: true, tags: { topOccurrences: 3 }, paid: ['totalTrue'] }, timeoutMs: 5 });
  same<number | undefined>()(all.properties.price.mean);
  same<Date | undefined>()(all.properties.opened.median);
  same<string | undefined>()(all.properties.tags.topOccurrences[0]?.value);
  same<number>()(all.properties.tags.count);
  same<number>()(all.properties.paid.totalTrue);
  // @ts-expect-error it was not asked for
  all.properties.price.min;
  // @ts-expect-error it was not asked for
  all.properties.status;
  // @ts-expect-error dates have no mean
  all.properties.opened.mean;

  // @ts-expect-error it is a number
  same<string>()(all.properties.tags.count);
  // @ts-expect-error it may be undefined
  same<number>()(all.properties.price.mean);

  const groups = await aggregate.groupBy({ property: 'status', limit: 5 }, { metrics: { scores: ['sum'], whatever: ['max'] } });
  same<number | undefined>()(groups[0]?.properties.scores.sum);
  same<'open' | 'closed' | undefined>()(groups[0]?.groupedBy.value);
  same<Date | undefined>()((await aggregate.groupBy({ property: 'opened' }))[0]?.groupedBy.value);

  const near = await aggregate.nearVector([1, 2], { objectLimit: 5, metrics: { price: ['sum'] }, groupBy: { property: 'tags' }, targetVector: 'default' });
  same<number>()(near.properties.price.sum);
  same<number | undefined>()(near.groups[0]?.properties.price.sum);
  same<string | undefined>()(near.groups[0]?.groupedBy.value);
  const plain = await aggregate.nearObject('a', { distance: 0.5 });
  // @ts-expect-error there are no groups unless they are asked for
  plain.groups;
  await aggregate.nearText(['a', 'b'], { certainty: 0.5 });
  await aggregate.hybrid('a', { objectLimit: 5, alpha: 0.5, queryProperties: ['text^3'], metrics: { price: true } });

  const untyped = await anything.aggregate.overAll({ metrics: { price: ['max'], name: true, tags: { topOccurrences: 2 } } });
  same<number | Date | undefined>()(untyped.properties.price.max);
  await anything.aggregate.groupBy({ property: 'anything' });

  // @ts-expect-error there is no such property
  await aggregate.overAll({ metrics: { prise: true } });
  // @ts-expect-error there is no such property, whatever else there is
  await aggregate.overAll({ metrics: { price: true, prise: true } });
  // @ts-expect-error numbers have no top occurrences
  await aggregate.overAll({ metrics: { price: ['topOccurrences'] } });
  // @ts-expect-error numbers have no top occurrences
  await aggregate.overAll({ metrics: { price: { topOccurrences: 5 } } });
  // @ts-expect-error texts have no maximum
  await aggregate.overAll({ metrics: { status: ['max'] } });
  // @ts-expect-error dates have no sum
  await aggregate.overAll({ metrics: { opened: ['sum'] } });
  // @ts-expect-error places have no metrics
  await aggregate.overAll({ metrics: { place: true } });
  // @ts-expect-error blobs have no metrics
  await aggregate.overAll({ metrics: { image: true } });
  // @ts-expect-error objects have no metrics
  await aggregate.overAll({ metrics: { author: true } });
  // @ts-expect-error there is no such option
  await aggregate.overAll({ metric: {} });
  // @ts-expect-error there is no such property
  await aggregate.overAll({ filters: (f) => f.byProperty('prise').equal(5) });
  // @ts-expect-error there is no such property
  await aggregate.groupBy({ property: 'prise' });
  // @ts-expect-error groups are not made by places
  await aggregate.groupBy({ property: 'place' });
  // @ts-expect-error how many hits?
  await aggregate.nearVector([1]);
  // @ts-expect-error hits are not listed
  await aggregate.nearVector([1], { objectLimit: 5, returnProperties: ['text'] });
  // @ts-expect-error it is objectLimit
  await aggregate.hybrid('a', { limit: 5 });

  const { matches } = await data.deleteMany((f) => f.byProperty('status').equal('closed'), { dryRun: true, verbose: true });
  same<number>()(matches);
  await data.deleteMany({ operator: 'LessThan', property: 'price', value: 5 });
  // @ts-expect-error a filter is needed
  await data.deleteMany();
  // @ts-expect-error a filter is needed
  await data.deleteMany(undefined);
  // @ts-expect-error there is no such property
  await data.deleteMany((f) => f.byProperty('prise').equal(5));
  // @ts-expect-error of the wrong type
  await data.deleteMany({ operator: 'LessThan', property: 'price', value: '5' });

  for await (const { properties } of tickets.iterator({ filters: (f) => f.byProperty('paid').equal(true) })) same<string>()(properties.text);
  // @ts-expect-error of the wrong type
  tickets.iterator({ filters: (f) => f.byProperty('paid').equal('yes') });
}
