// What the types of opening, of configurations and of writes let through and what they refuse: compiled by types.test.js, never run.
/// <reference path="../../ts/engine/assembly.d.ts" />
import { memory, open, type Collection, type Collections, type GeoCoordinates, type PropertyConfig, type StoredResult } from '../../ts/index.js';

interface Ticket {
  text: string;
  status: 'open' | 'closed';
  priority?: number | null;
  note: string | null;
  paid: boolean;
  opened: Date;
  seen?: Date[];
  place: GeoCoordinates;
  tags: string[];
  image?: Uint8Array;
  author: { name: string; born?: Date };
  whatever: unknown;
}

declare const collections: Collections;
declare const tickets: Collection<Ticket>;
declare const anything: Collection;
declare const names: string[];

// opening
void [open('./data'), open('./data', { readOnly: true }), open({ store: memory(), readOnly: true })];
// @ts-expect-error the store belongs into the options
void open(memory());
// @ts-expect-error all options are in one object
void open({ store: memory() }, { readOnly: true });
// @ts-expect-error one place is enough
void open('./data', { store: memory() });

export async function making(): Promise<void> {
  const books = await collections.create({
    name: 'Book',
    properties: [{ name: 'title', dataType: 'text' }, { name: 'isbn', dataType: 'text', tokenization: 'field' }, { name: 'price', dataType: 'number' }],
  });
  const some: Collection = books;
  await some.data.insert({ properties: { title: 'Emma' } });
  await books.data.insertMany([{ id: 'a', properties: { title: 'Emma', price: 9 } }, { id: 'b', properties: { title: 'Atlas' }, vector: [1] }]);
  await books.query.bm25('emma', { filters: (f) => f.byProperty('price').lessThan(20), queryProperties: ['title^2'] });

  const growing = await collections.create({ name: 'Any', properties: [{ name: 'title', dataType: 'text' }], autoSchema: true });
  await growing.data.insert({ properties: { title: 'a', more: 5 } });
  const computed = await collections.create({ name: 'Any', properties: names.map((name) => ({ name, dataType: 'text' })) });
  await computed.data.insert({ properties: { anything: 'a' } });

  const typed: Collection<Ticket> = await collections.create<Ticket>({
    name: 'Ticket',
    properties: [
      { name: 'text', dataType: 'text', stemming: 'english' }, { name: 'status', dataType: 'text', tokenization: 'field' }, { name: 'priority', dataType: 'int' },
      { name: 'note', dataType: 'uuid' }, { name: 'paid', dataType: 'boolean' }, { name: 'opened', dataType: 'date' }, { name: 'seen', dataType: 'date[]' },
      { name: 'place', dataType: 'geoCoordinates' }, { name: 'tags', dataType: 'text[]' }, { name: 'image', dataType: 'blob' },
      { name: 'author', dataType: 'object', nestedProperties: [{ name: 'name', dataType: 'text' }] }, { name: 'whatever', dataType: 'number[]' },
    ],
  }, { ifExists: 'use', timeoutMs: 1000 });
  const fromUse: Collection<Ticket> = await collections.create({ name: 'Ticket', properties: [{ name: 'text', dataType: 'text' }] });
  collections.use<Ticket>('Ticket', { vectorizer: null });
  void [fromUse, collections.use<Ticket>('Ticket', { vectorizer: (texts) => texts.map(() => [1, 2]) })];
  const config = await typed.config.get();
  await typed.config.update(config);
  await typed.config.update({ ...config, description: 'Tickets' });
  const properties: PropertyConfig<Ticket>[] = [{ name: 'text', dataType: 'text' }];
  await collections.create<Ticket>({ name: 'Ticket', properties });

  const create = collections.create<Ticket>;
  // @ts-expect-error there is no such property
  await create({ name: 'Ticket', properties: [{ name: 'txt', dataType: 'text' }] });
  // @ts-expect-error a date is no text
  await create({ name: 'Ticket', properties: [{ name: 'opened', dataType: 'text' }] });
  // @ts-expect-error it is a list
  await create({ name: 'Ticket', properties: [{ name: 'tags', dataType: 'text' }] });
  // @ts-expect-error it is no list
  await create({ name: 'Ticket', properties: [{ name: 'priority', dataType: 'number[]' }] });
  // @ts-expect-error bytes are a blob
  await create({ name: 'Ticket', properties: [{ name: 'image', dataType: 'object' }] });
  // @ts-expect-error there is no such type
  await collections.create({ name: 'A', properties: [{ name: 'a', dataType: 'string' }] });
  // @ts-expect-error there is no such way
  await collections.create({ name: 'A' }, { ifExists: 'replace' });
}

export async function writing(): Promise<void> {
  const required = { text: 'a', status: 'open', note: null, paid: true, place: { latitude: 1, longitude: 2 }, tags: ['a'], author: { name: 'b' }, whatever: 5 } as const;
  await tickets.data.insert({ properties: { ...required, opened: new Date(), seen: ['2024-01-02T03:04:05Z', new Date()], image: new Uint8Array(3) } });
  await tickets.data.insert({ properties: { ...required, opened: '2024-01-02T03:04:05Z', priority: null, seen: null, image: 'AAAA', author: { name: 'b', born: '2024-01-02T03:04:05Z' } } });
  await tickets.data.insertMany([{ properties: { ...required, opened: '2024-01-02T03:04:05Z' } }]);
  await tickets.data.update({ id: 'a', properties: { opened: '2024-01-02T03:04:05Z', text: null, note: 'c' } });
  await anything.data.insert({ properties: { any: new Date(), other: null, list: [1, 'a'] } });
  // @ts-expect-error a date is no number
  await tickets.data.insert({ properties: { ...required, opened: 5 } });
  // @ts-expect-error it is there always
  await tickets.data.insert({ properties: { ...required, opened: null } });
  // @ts-expect-error there is no such property
  await tickets.data.insert({ properties: { ...required, opened: new Date(), txt: 'a' } });
  // @ts-expect-error there is no such status
  await tickets.data.update({ id: 'a', properties: { status: 'opne' } });

  const { properties } = (await tickets.query.fetchObjectById('a'))!;
  const opened: Date = properties.opened;
  const priority: number | undefined = properties.priority;
  const note: string | undefined = properties.note;
  const image: Uint8Array | undefined = properties.image;
  const stored: StoredResult<Ticket> = { id: 'a', properties, metadata: {}, vectors: {} };
  void [opened, priority, note, image, stored];
  // @ts-expect-error it may not be there
  properties.note.trim();
}

// where the properties are not known yet
export async function copy<P extends object>(from: Collection<P>, to: Collection<P>, more: P): Promise<void> {
  for await (const { id } of from) await to.data.insert({ id, properties: more });
}
