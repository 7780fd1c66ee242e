// What the types of searches let through and what they refuse: compiled by types.test.js, never run.
/// <reference path="../../ts/engine/assembly.d.ts" />
import type { Collection } from '../../ts/database/collection.js';
import { Query, type GroupedResult, type QueryResult } from '../../ts/database/query.js';
import type { MetadataName, StoredResult } from '../../ts/database/results.js';
import type { GeoCoordinates } from '../../ts/database/typed.js';

interface Ticket {
  title: string;
  text?: string | null;
  tags: string[];
  status: 'open' | 'closed';
  price: number;
  prices: readonly number[];
  paid: boolean;
  opened: Date;
  seen: Date[];
  place: GeoCoordinates;
  image: Uint8Array;
  author: { name: string };
  whatever: unknown;
}

declare const query: Query<Ticket>;
declare const any: Query;
declare const name: string;

// properties that are searched
query.bm25('a', { queryProperties: ['title', 'text', 'tags', 'status', 'whatever'] });
query.bm25('a', { queryProperties: ['title^3', 'text^0.5', 'tags'] });
query.hybrid('a', { queryProperties: ['title^2'] });
any.bm25('a', { queryProperties: ['anything', 'anything^3', name] });
// @ts-expect-error there is no such property
query.bm25('a', { queryProperties: ['titel'] });
// @ts-expect-error there is no such property
query.bm25('a', { queryProperties: ['titel^3'] });
// @ts-expect-error a weight is a number
query.bm25('a', { queryProperties: ['title^high'] });
// @ts-expect-error numbers have no words
query.bm25('a', { queryProperties: ['price'] });
// @ts-expect-error dates have no words
query.hybrid('a', { queryProperties: ['opened'] });
// @ts-expect-error bytes have no words
query.hybrid('a', { queryProperties: ['image'] });
// @ts-expect-error a list is needed
query.bm25('a', { queryProperties: 'title' });

// other options of searches
query.bm25('a', { limit: 5, offset: 5, autoLimit: 1, operator: 'and', typoTolerance: 'auto', returnMetadata: ['score', 'explainScore'] });
query.bm25('a', { operator: 'or', minimumMatch: 2, typoTolerance: 2, returnProperties: ['title'], signal: new AbortController().signal });
query.hybrid('a', { alpha: 0.5, vector: [1, 2], fusionType: 'ranked', maxVectorDistance: 0.5, targetVector: 'default', ef: 100, returnMetadata: ['score', 'distance'] });
query.hybrid('a', { vector: { title: new Float32Array(2) } });
query.nearVector([1], { diversity: { balance: 0.5, candidates: 200 } });
query.nearText(['a', 'b'], { diversity: {} });
// @ts-expect-error words are not near
query.bm25('a', { distance: 0.5 });
// @ts-expect-error there is no such operator
query.bm25('a', { operator: 'And' });
// @ts-expect-error three typos are another word
query.bm25('a', { typoTolerance: 3 });
// @ts-expect-error there is no such fusion
query.hybrid('a', { fusionType: 'relative' });
// @ts-expect-error it is maxVectorDistance
query.hybrid('a', { distance: 0.5 });
// @ts-expect-error a text is needed
query.bm25(['a']);
// @ts-expect-error vectors have no words
query.nearVector([1], { operator: 'and' });
// @ts-expect-error there is no such metadata
query.bm25('a', { returnMetadata: ['scores'] });
// @ts-expect-error there is no such option
query.nearVector([1], { diversity: { lambda: 0.5 } });

// filters
query.bm25('a', { filters: (f) => f.byProperty('price').lessThan(20) });
query.hybrid('a', { filters: { operator: 'LessThan', property: 'price', value: 20 } });
query.nearVector([1], { filters: (f) => f.and(f.byProperty('paid').equal(true), f.byId().notEqual('a')) });
query.nearObject('a', { filters: (f) => f.byCreationTime().lessThan(new Date()) });
query.nearText('a', { filters: (f) => f.byProperty('text').like('a*') });
query.fetchObjects({ filters: (f) => f.byPropertyLength('tags').greaterThan(2) });
any.bm25('a', { filters: (f) => f.byProperty('anything').equal(5) });
// @ts-expect-error there is no such property
query.bm25('a', { filters: (f) => f.byProperty('prize').lessThan(20) });
// @ts-expect-error a number is no text
query.hybrid('a', { filters: (f) => f.byProperty('price').lessThan('20') });
// @ts-expect-error a number is no text
query.nearVector([1], { filters: { operator: 'LessThan', property: 'price', value: '20' } });
// @ts-expect-error there is no such property
query.fetchObjects({ filters: { operator: 'Equal', property: 'prize', value: 20 } });

// sorting
query.fetchObjects({ sort: { property: 'price' } });
query.fetchObjects({ sort: [{ property: 'price', order: 'desc' }, { property: 'tags' }, { property: 'seen' }, { property: 'paid' }, { target: 'id' }, { target: 'updateTime', order: 'asc' }] });
any.fetchObjects({ sort: [{ property: 'anything' }, { property: name }] });
// @ts-expect-error there is no such property
query.fetchObjects({ sort: { property: 'prize' } });
// @ts-expect-error places have no order
query.fetchObjects({ sort: [{ property: 'place' }] });
// @ts-expect-error bytes have no order
query.fetchObjects({ sort: [{ property: 'image' }] });
// @ts-expect-error objects have no order
query.fetchObjects({ sort: [{ property: 'author' }] });
// @ts-expect-error there is no such target
query.fetchObjects({ sort: { target: 'revision' } });
// @ts-expect-error there is no such order
query.fetchObjects({ sort: { property: 'price', order: 'descending' } });
// @ts-expect-error one of both
query.fetchObjects({ sort: { property: 'price', target: 'id' } });
// @ts-expect-error one of both
query.fetchObjects({ sort: { order: 'desc' } });
// @ts-expect-error searches are in the order of their hits
query.bm25('a', { sort: { property: 'price' } });

// groups
const groupBy = { property: 'status', numberOfGroups: 2, objectsPerGroup: 3 } as const;
const grouped: Promise<GroupedResult<Ticket>> = query.bm25('a', { groupBy });
const alsoGrouped: Promise<GroupedResult<Ticket>>[] = [
  query.nearVector([1], { groupBy }), query.nearObject('a', { groupBy }), query.nearText('a', { groupBy }), query.hybrid('a', { groupBy: { property: 'tags' } }),
];
const plain: Promise<QueryResult<Ticket>> = query.bm25('a');
export const values: Promise<[title: string, value: string | number | boolean | Date, most: number | undefined]> =
  grouped.then(({ objects, groups }) => [objects[0]!.properties.title, groups[0]!.value, groups[0]!.objects[0]!.metadata.score]);
any.bm25('a', { groupBy: { property: 'anything' } });
// @ts-expect-error there is no such property
query.bm25('a', { groupBy: { property: 'stauts' } });
// @ts-expect-error places make no groups
query.nearVector([1], { groupBy: { property: 'place' } });
// @ts-expect-error objects make no groups
query.nearObject('a', { groupBy: { property: 'author' } });
// @ts-expect-error a property is needed
query.nearText('a', { groupBy: {} });
// @ts-expect-error there is no such option
query.hybrid('a', { groupBy: { property: 'tags', limit: 3 } });
// @ts-expect-error there are no groups unless they are asked for
plain.then(({ groups }) => groups);
void alsoGrouped;

// what is asked for is there
export async function told(search: Query<Ticket>, names: MetadataName[]): Promise<void> {
  const near = await search.nearVector([1], { returnMetadata: ['distance', 'certainty', 'revision'], limit: 5 });
  for (const { metadata } of near.objects) {
    metadata.distance.toFixed(2);
    metadata.revision.toFixed();
    // @ts-expect-error only with cosine
    metadata.certainty.toFixed(2);
    // @ts-expect-error not of near searches
    metadata.score.toFixed(2);
    metadata.score?.toFixed(2);
  }
  const scored = { returnMetadata: ['score', 'explainScore'], limit: 3 } as const;
  for (const { metadata } of (await search.bm25('a', scored)).objects) metadata.score + metadata.explainScore.length;
  const [both] = (await search.hybrid('a', { returnMetadata: ['score', 'distance'], groupBy: { property: 'tags' } })).groups;
  both?.objects[0]?.metadata.score.toFixed(2);
  // @ts-expect-error what was found by its words has none
  both?.objects[0]?.metadata.distance.toFixed(2);
  // @ts-expect-error nothing was asked for
  (await search.nearText('a')).objects[0]!.metadata.distance.toFixed(2);
  // @ts-expect-error nobody knows what was asked for
  (await search.nearText('a', { returnMetadata: names })).objects[0]!.metadata.distance.toFixed(2);
  (await search.fetchObjectById('a', { returnMetadata: ['creationTime'] }))?.metadata.creationTime.getTime();
}

// and nothing else
export async function chosen(search: Query<Ticket>, tickets: Collection<Ticket>): Promise<void> {
  const { objects: [first] } = await search.nearVector([1], { returnProperties: ['title', 'price'], filters: (f) => f.byProperty('paid').equal(true) });
  first?.properties.title.trim();
  // @ts-expect-error it was not asked for
  first?.properties.tags;
  // @ts-expect-error it was not asked for
  (await search.fetchObjects({ returnProperties: [] })).objects[0]?.properties.title;
  for await (const { properties } of tickets.iterator({ returnProperties: ['opened'] })) properties.opened.getTime();
  const all: StoredResult<Ticket> | null = await search.fetchObjectById('a');
  const text: string | undefined = all?.properties.text;
  void text;
  const { groups: [group] } = await search.bm25('a', { groupBy: { property: 'opened' }, returnProperties: ['title'] });
  group?.value.getTime();
  const status: 'open' | 'closed' | undefined = (await search.bm25('a', { groupBy: { property: 'status' } })).groups[0]?.value;
  const whatever: string | number | boolean | Date | undefined = (await search.bm25('a', { groupBy: { property: 'whatever' } })).groups[0]?.value;
  void [status, whatever];
}

// where the properties are not known yet
export async function titles<P extends { title: string }>(tickets: Collection<P>): Promise<string[]> {
  const { objects } = await tickets.query.fetchObjects({ limit: 5 });
  return objects.map(({ properties }) => properties.title);
}
export const ofTickets = (tickets: Collection<Ticket>): Promise<string[]> => titles(tickets);

// what is generated is there where it was asked for
declare const collection: Collection<Ticket>;
async () => {
  const prompts = { groupedTask: 'Why?', groupedProperties: ['text'] } as const;
  const { generative, objects } = await collection.generate.hybrid('a', prompts, { returnProperties: ['title'], returnMetadata: ['score'] });
  const text: string = generative.text;
  const score: number = objects[0]!.metadata.score;
  // @ts-expect-error it was not asked for each object
  objects[0]!.generative.text;
  // @ts-expect-error it was not asked for
  objects[0]!.properties.price;
  const each = await collection.generate.nearVector([1], { singlePrompt: '{text}' }, { groupBy: { property: 'status' } });
  const single: string = each.objects[0]!.generative.text + each.groups[0]!.objects[0]!.generative.text;
  const status: 'open' | 'closed' = each.groups[0]!.value;
  // @ts-expect-error nothing was asked of all objects
  each.generative.text;
  for await (const part of collection.generate.bm25('a', prompts)) if (part.objects) part.objects[0]!.properties.title; else part.text + part.index;
  // @ts-expect-error there is no such property
  collection.generate.bm25('a', { groupedTask: 'Why?', groupedProperties: ['txt'] });
  collection.query.bm25('a', { rerank: { property: 'text' } });
  // @ts-expect-error numbers are not judged
  collection.query.bm25('a', { rerank: { property: 'price' } });
  return { text, score, single, status };
};
