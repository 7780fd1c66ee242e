// What the types of filters let through and what they refuse: compiled by types.test.js, never run.
import { Filters, type Filter, type FilterBuilder, type FilterInput } from '../../ts/database/filters.js';
import type { GeoCoordinates } from '../../ts/database/typed.js';

interface Ticket {
  text: string;
  status: 'open' | 'closed';
  priority?: number | null;
  paid: boolean;
  opened: Date;
  place?: GeoCoordinates;
  tags: string[];
  scores?: readonly number[];
  seen: Date[];
  image: Uint8Array;
  author: { name: string };
  whatever: unknown;
}

/** What queries take. */
declare function find(options: { filters?: FilterInput<Ticket> }): void;
declare function findAny(options: { filters?: FilterInput }): void;
declare const f: FilterBuilder<Ticket>;

// by builder
find({ filters: (f) => f.byProperty('text').equal('parcel') });
find({ filters: (f) => f.byProperty('text').like('parc*') });
find({ filters: (f) => f.byProperty('text').greaterOrEqual('m') });
find({ filters: (f) => f.byProperty('text').containsAny(['a', 'b']) });
find({ filters: (f) => f.byProperty('status').equal('open') });
find({ filters: (f) => f.byProperty('priority').lessThan(20) });
find({ filters: (f) => f.byProperty('priority').containsNone([1, 2]) });
find({ filters: (f) => f.byProperty('priority').isNull(true) });
find({ filters: (f) => f.byProperty('paid').notEqual(true) });
find({ filters: (f) => f.byProperty('opened').greaterThan(new Date()) });
find({ filters: (f) => f.byProperty('opened').lessOrEqual('2024-01-02T03:04:05Z') });
find({ filters: (f) => f.byProperty('place').withinGeoRange({ latitude: 1, longitude: 2, distance: 3 }) });
find({ filters: (f) => f.byProperty('place').isNull(false) });
find({ filters: (f) => f.byProperty('tags').containsAll(['a']) });
find({ filters: (f) => f.byProperty('tags').equal('a') });
find({ filters: (f) => f.byProperty('scores').greaterThan(1) });
find({ filters: (f) => f.byProperty('seen').containsAny([new Date(), '2024-01-02T03:04:05Z']) });
find({ filters: (f) => f.byProperty('whatever').greaterThan(1) });
find({ filters: (f) => f.byProperty('text', false).equal('a') });
find({ filters: (f) => f.byProperty('text', true).greaterThan(3) });
find({ filters: (f) => f.byPropertyLength('tags').containsAny([3]) });
find({ filters: (f) => f.byPropertyLength('scores').lessOrEqual(3) });
find({ filters: (f) => f.byId().containsAny(['a']) });
find({ filters: (f) => f.byCreationTime().greaterThan(new Date()) });
find({ filters: (f) => f.byUpdateTime().lessThan('2024-01-02T03:04:05Z') });
find({ filters: (f) => f.and(f.byProperty('text').equal('a'), f.or(f.byId().equal('a'), f.not(f.byProperty('paid').equal(true)))) });
find({ filters: (f) => f.and(f.byId().equal('a'), { operator: 'Equal', property: 'paid', value: true }) });
find({ filters: (f) => Filters.and(f.byProperty('text').equal('a'), Filters.or(f.byProperty('priority').equal(1), Filters.not(f.byId().equal('a')))) });

// as JSON
find({ filters: { operator: 'LessThan', property: 'priority', value: 20 } });
find({ filters: { operator: 'Equal', property: 'status', value: 'closed' } });
find({ filters: { operator: 'ContainsAny', property: 'tags', value: ['a'] } });
find({ filters: { operator: 'GreaterThan', property: 'opened', value: new Date() } });
find({ filters: { operator: 'IsNull', property: 'place', value: true } });
find({ filters: { operator: 'WithinGeoRange', property: 'place', value: { latitude: 1, longitude: 2, distance: 3 } } });
find({ filters: { operator: 'GreaterThan', length: 'text', value: 3 } });
find({ filters: { operator: 'Equal', target: 'id', value: 'a' } });
find({ filters: { operator: 'ContainsNone', target: 'id', value: ['a'] } });
find({ filters: { operator: 'LessThan', target: 'updateTime', value: '2024-01-02T03:04:05Z' } });
find({ filters: { operator: 'And', filters: [{ operator: 'Like', property: 'text', value: 'a*' }, { operator: 'Not', filter: { operator: 'Equal', property: 'paid', value: true } }] } });
find({ filters: Filters.and({ operator: 'LessThan', property: 'priority', value: 20 }, { operator: 'Like', property: 'text', value: 'a*' }) });
find({});
const kept: Filter<Ticket> = f.byProperty('paid').equal(true);
find({ filters: kept });
const conditions: Filter<Ticket>[] = [kept];
find({ filters: Filters.and(...conditions) });
find({ filters: f.or(...conditions) });
find({ filters: { operator: 'Or', filters: conditions } });

// of a collection without a type of its own, any name and any value
findAny({ filters: (f) => f.byProperty('anything').greaterThan(5) });
findAny({ filters: (f) => f.byProperty('anything').like('a*') });
findAny({ filters: (f) => f.byProperty('anything').equal(new Date()) });
findAny({ filters: (f) => f.byProperty('anything').containsAll(['a', 5]) });
findAny({ filters: (f) => f.byProperty('anything').withinGeoRange({ latitude: 1, longitude: 2, distance: 3 }) });
findAny({ filters: (f) => f.byPropertyLength('anything').equal(5) });
findAny({ filters: { operator: 'Like', property: 'anything', value: 'a' } });
findAny({ filters: kept });

// as collections of any properties
declare class Queries<P extends object> { find(options: { filters?: FilterInput<P> }): void }
declare const typed: Queries<Ticket>;
const loose: Queries<any> = typed;
loose.find({ filters: (f) => f.and(f.byProperty('anything').greaterThan(5), f.byPropertyLength('anything').equal(3)) });

// and where the properties are not known yet
function generic<P extends object>(queries: Queries<P>, filters: FilterInput<P>): void { queries.find({ filters }); }
generic(typed, (f) => f.byProperty('paid').equal(true));
generic<Ticket>(typed, { operator: 'Equal', property: 'paid', value: true });

// @ts-expect-error there is no such property
f.byProperty('txt');
// @ts-expect-error there is no such property
find({ filters: (f) => f.byProperty('txt').equal('a') });
// @ts-expect-error there is no such property
find({ filters: { operator: 'Equal', property: 'txt', value: 'a' } });
// @ts-expect-error blobs are not filtered by
f.byProperty('image');
// @ts-expect-error objects are not filtered by
f.byProperty('author');
// @ts-expect-error text is no number
f.byProperty('text').equal(5);
// @ts-expect-error there is no such status
f.byProperty('status').equal('opne');
// @ts-expect-error a number is no text
f.byProperty('priority').equal('5');
// @ts-expect-error a number is no text
find({ filters: { operator: 'LessThan', property: 'priority', value: '20' } });
// @ts-expect-error numbers are not like a pattern
f.byProperty('priority').like('5*');
// @ts-expect-error numbers are not like a pattern
find({ filters: { operator: 'Like', property: 'priority', value: '5*' } });
// @ts-expect-error booleans are not ordered
f.byProperty('paid').greaterThan(true);
// @ts-expect-error booleans are not ordered
find({ filters: { operator: 'GreaterThan', property: 'paid', value: true } });
// @ts-expect-error a date is no number
f.byProperty('opened').greaterThan(5);
// @ts-expect-error dates are not like a pattern
f.byProperty('opened').like('2024*');
// @ts-expect-error places are not equal
f.byProperty('place').equal({ latitude: 1, longitude: 2 });
// @ts-expect-error a distance is needed
f.byProperty('place').withinGeoRange({ latitude: 1, longitude: 2 });
// @ts-expect-error texts have no places
f.byProperty('text').withinGeoRange({ latitude: 1, longitude: 2, distance: 3 });
// @ts-expect-error a list is needed
f.byProperty('text').containsAny('a');
// @ts-expect-error a list is needed
find({ filters: { operator: 'ContainsAny', property: 'tags', value: 'a' } });
// @ts-expect-error elements are compared, not lists
f.byProperty('tags').equal(['a']);
// @ts-expect-error of the wrong element
f.byProperty('tags').containsAll([5]);
// @ts-expect-error a boolean is needed
f.byProperty('text').isNull('true');
// @ts-expect-error numbers have no length
f.byPropertyLength('priority');
// @ts-expect-error numbers have no length
f.byProperty('priority', true);
// @ts-expect-error a length is a number
f.byPropertyLength('text').equal('3');
// @ts-expect-error a length is a number
f.byProperty('text', true).like('3');
// @ts-expect-error a number has no length
find({ filters: { operator: 'GreaterThan', length: 'priority', value: 3 } });
// @ts-expect-error ids are not ordered
f.byId().greaterThan('a');
// @ts-expect-error an id is a text
f.byId().equal(5);
// @ts-expect-error a time is no number
f.byCreationTime().equal(5);
// @ts-expect-error there is no such target
find({ filters: { operator: 'Equal', target: 'revision', value: 5 } });
// @ts-expect-error there is no such operator
find({ filters: { operator: 'Equals', property: 'text', value: 'a' } });
// @ts-expect-error a condition is about something
find({ filters: { operator: 'Equal', value: 'a' } });
// @ts-expect-error it is `filters`
find({ filters: { operator: 'And', operands: [] } });
// @ts-expect-error a filter is no text
Filters.and('a');
// @ts-expect-error there is no such property
find({ filters: Filters.and({ operator: 'Equal', property: 'txt', value: 'a' }) });
// @ts-expect-error there is no such property
find({ filters: { operator: 'Not', filter: { operator: 'Equal', property: 'txt', value: 'a' } } });
// @ts-expect-error texts are not ordered with numbers, wherever it stands
find({ filters: (f) => f.or(f.byId().equal('a'), { operator: 'LessThan', property: 'text', value: 5 }) });
// @ts-expect-error filters are not changed
kept.operator = 'NotEqual';
