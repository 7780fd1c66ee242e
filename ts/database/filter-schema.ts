/**
 * Filters checked by a schema and resolved to what shards evaluate. How texts are cut into terms is told by a function; indexes
 * are not known here.
 *
 * Filters may come from strangers: only own properties count, each value is read once, and sizes are checked before walking.
 */
import type { FilterNode } from '../search/filter.js';
import {
  NOTHING, conjunction, disjunction, idComparisons, negation, numberComparisons, termComparisons, type Comparisons,
} from '../search/filter-nodes.js';
import { hasWildcard, likeWords } from '../search/like-words.js';
import type { NumbersKey } from '../search/types.js';
import { MOMENT, isoOf } from './dates.js';
import { VALUES_MAX, filterBuilder, type FilterOperator } from './filters.js';
import { checkId } from './ids.js';
import { levelOf } from './levels.js';
import { isFilterable, scalarOf, type PropertySchema } from './property-schema.js';
import { listed, pathText, refusal, tagOf } from './refusal.js';
import type { Schema } from './schema.js';
import type { ScalarType } from './typed.js';

/** Tokens as they are indexed. */
export type TermsOf = (property: string, text: string) => readonly string[];

const DEPTH_MAX = 64;
const CONDITIONS_MAX = 10_000;
/** UTF-16 code units of a text, and of all texts together: they are cut into tokens at once. */
const TEXT_MAX = 1_000_000;
const TEXTS_MAX = 10_000_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const IDS: readonly FilterOperator[] = ['Equal', 'NotEqual', 'ContainsAny', 'ContainsNone'];
/** Of lengths and times. */
const COMPARISONS: readonly FilterOperator[] = [...IDS, 'GreaterThan', 'GreaterThanEqual', 'LessThan', 'LessThanEqual'];
const BOOLEANS: readonly FilterOperator[] = [...IDS, 'ContainsAll', 'IsNull'];
const NUMBERS: readonly FilterOperator[] = [...COMPARISONS, 'ContainsAll', 'IsNull'];
const TEXTS: readonly FilterOperator[] = [...NUMBERS, 'Like'];
const PLACES: readonly FilterOperator[] = ['WithinGeoRange', 'IsNull'];
const OPERATORS: Readonly<Record<ScalarType, readonly FilterOperator[]>> = {
  text: TEXTS, uuid: TEXTS, int: NUMBERS, number: NUMBERS, date: NUMBERS, boolean: BOOLEANS, geoCoordinates: PLACES, blob: [], object: [],
};
const ALL_OPERATORS: readonly string[] = ['And', 'Or', 'Not', ...TEXTS, 'WithinGeoRange'];
const FIELDS = ['operator', 'property', 'length', 'target', 'value', 'filters', 'filter'];

/**
 * `input`: a filter, or a function that is handed the builder. Throws SCHEMA_MISMATCH for what does not fit the schema:
 * properties that are not there or not filterable, operators and values that are not of their type; and INVALID_ARGUMENT for
 * what is no filter. What a function or a getter throws is passed on.
 */
export function resolveFilter(schema: Schema, input: unknown, termsOf: TermsOf, argument = 'filters'): FilterNode {
  return new Resolver(schema, termsOf, argument).resolve(typeof input === 'function' ? input(filterBuilder) : input);
}

/** The fields of one object that there are. */
type Fields = ReadonlyMap<string, unknown>;

/** What conditions are about: how a value is read, and what its comparisons become. */
interface Subject<V> extends Comparisons<V> {
  operators: readonly FilterOperator[];
  /** For messages. */
  type: string;
  read(value: unknown): V;
}

class Resolver {
  readonly #schema: Schema;
  readonly #termsOf: TermsOf;
  readonly #argument: string;
  /** Where it is: fields, and numbers in lists. */
  readonly #path: (string | number)[] = [];
  #depth = 0;
  #count = 0;
  #textLength = 0;

  constructor(schema: Schema, termsOf: TermsOf, argument: string) {
    this.#schema = schema;
    this.#termsOf = termsOf;
    this.#argument = argument;
  }

  resolve(filter: unknown): FilterNode {
    this.#counted(1);
    if (++this.#depth > DEPTH_MAX) throw this.#invalid(`at most ${DEPTH_MAX} levels`, 'more');
    const fields = this.#fields(filter, FIELDS, 'a filter');
    const node = this.#node(fields.get('operator'), fields);
    this.#depth--;
    return node;
  }

  #node(operator: unknown, fields: Fields): FilterNode {
    if (!ALL_OPERATORS.includes(operator as string)) {
      if (operator === undefined && fields.size) throw this.#invalid('{ operator, … } or a function', `{ ${[...fields.keys()].join(', ')} }`);
      throw this.#in('operator', () => this.#invalid(`one of ${listed(ALL_OPERATORS)}`, operator));
    }
    switch (operator) {
      case 'And': return conjunction(this.#filters(fields));
      case 'Or': return disjunction(this.#filters(fields));
      case 'Not':
        this.#only(fields, 'filter');
        return negation(this.#in('filter', () => this.resolve(fields.get('filter'))));
      default: return this.#condition(operator as FilterOperator, fields);
    }
  }

  #filters(fields: Fields): FilterNode[] {
    this.#only(fields, 'filters');
    return this.#in('filters', () => this.#each(fields.get('filters'), CONDITIONS_MAX, (filter) => this.resolve(filter)));
  }

  #condition(operator: FilterOperator, fields: Fields): FilterNode {
    const value = fields.get('value');
    if (fields.has('target')) {
      this.#only(fields, 'target', 'value');
      return this.#ofTarget(operator, fields.get('target'), value);
    }
    const by = fields.has('length') ? 'length' : 'property';
    this.#only(fields, by, 'value');
    const property = this.#in(by, () => this.#property(fields.get(by)));
    return by === 'length' ? this.#ofLength(operator, property, value) : this.#ofProperty(operator, property, value);
  }

  #ofTarget(operator: FilterOperator, target: unknown, value: unknown): FilterNode {
    switch (target) {
      case 'id': return this.#compared(operator, { operators: IDS, type: 'id', read: (id) => this.#id(id), ...idComparisons }, value);
      case 'creationTime': return this.#compared(operator, this.#times(target, 'created'), value);
      case 'updateTime': return this.#compared(operator, this.#times(target, 'updated'), value);
      default: throw this.#in('target', () => this.#invalid('id, creationTime or updateTime', target));
    }
  }

  #times(type: string, key: NumbersKey): Subject<number> {
    return { operators: COMPARISONS, type, read: (value) => this.#number('date', value), ...numberComparisons(key, true) };
  }

  #ofLength(operator: FilterOperator, { name, dataType }: PropertySchema, value: unknown): FilterNode {
    if (dataType !== 'text' && !dataType.endsWith('[]')) throw this.#in('length', () => this.#mismatch('the name of a text or a list', name));
    const read = (length: unknown) => this.#number('length', length);
    return this.#compared(operator, { operators: COMPARISONS, type: 'length', read, ...numberComparisons(`length:${name}`, true) }, value);
  }

  #ofProperty(operator: FilterOperator, property: PropertySchema, value: unknown): FilterNode {
    const { name, dataType } = property;
    const scalar = scalarOf(dataType);
    const kind = { operators: OPERATORS[scalar], type: dataType };
    this.#fits(operator, kind);
    switch (operator) {
      case 'IsNull': return this.#in('value', () => this.#null(name, value));
      case 'Like': return this.#in('value', () => this.#like(property, value));
      case 'WithinGeoRange': return this.#in('value', () => this.#near(name, value));
    }
    if (scalar === 'text' || scalar === 'uuid') {
      return this.#compared(operator, { ...kind, read: (text) => this.#tokens(property, text), ...termComparisons(name) }, value);
    }
    const comparisons = numberComparisons(`value:${name}`, scalar === dataType);
    return this.#compared(operator, { ...kind, read: (number) => this.#number(scalar, number), ...comparisons }, value);
  }

  #compared<V>(operator: FilterOperator, subject: Subject<V>, value: unknown): FilterNode {
    this.#fits(operator, subject);
    const { any, all, range } = subject;
    const read = (each: unknown) => subject.read(each);
    const readList = () => this.#each(value, VALUES_MAX, read);
    return this.#in('value', () => {
      switch (operator) {
        case 'Equal': return any([read(value)]);
        case 'NotEqual': return negation(any([read(value)]));
        case 'ContainsAny': return any(readList());
        case 'ContainsAll': return all!(readList());
        case 'ContainsNone': return negation(any(readList()));
        case 'GreaterThan': return range!(read(value), (from) => ({ from, isAboveFrom: true }));
        case 'GreaterThanEqual': return range!(read(value), (from) => ({ from }));
        case 'LessThan': return range!(read(value), (to) => ({ to, isBelowTo: true }));
        default: return range!(read(value), (to) => ({ to }));
      }
    });
  }

  #null(property: string, value: unknown): FilterNode {
    const present: FilterNode = { kind: 'present', property };
    if (typeof value !== 'boolean') throw this.#mismatch('a boolean', value);
    return value ? negation(present) : present;
  }

  /** Words without wildcards are looked up as they are indexed; those with them are compared with what is indexed. */
  #like(property: PropertySchema, value: unknown): FilterNode {
    const { name, tokenization } = property;
    const text = this.#text(value, 'a string');
    const words = tokenization ? likeWords(text, tokenization) : [text.toLowerCase()];
    if (words.length === 0) return NOTHING;
    // Each may be compared with all there is.
    this.#counted(words.length - 1);
    return conjunction(words.map((word) => {
      if (hasWildcard(word)) return { kind: 'like', property: name, pattern: word };
      return termComparisons(name).any([tokenization ? this.#termsOf(name, word) : [word]]);
    }));
  }

  #near(property: string, value: unknown): FilterNode {
    const fields = this.#fields(value, ['latitude', 'longitude', 'distance'], '{ latitude, longitude, distance }', 'SCHEMA_MISMATCH');
    const number = (name: string, expected: string, min: number, max: number) => this.#in(name, () => {
      const field = fields.get(name);
      if (typeof field !== 'number' || !(field >= min && field <= max)) throw this.#mismatch(expected, field);
      return field;
    });
    return {
      kind: 'near', property,
      latitude: number('latitude', 'a number from −90 to 90', -90, 90),
      longitude: number('longitude', 'a number from −180 to 180', -180, 180),
      distance: number('distance', 'metres, a finite number from 0', 0, Number.MAX_VALUE),
    };
  }

  /** What of a text or uuid is compared, each once. */
  #tokens({ name, tokenization }: PropertySchema, value: unknown): readonly string[] {
    if (tokenization) return [...new Set(this.#termsOf(name, this.#text(value, 'a string (text)')))];
    if (typeof value !== 'string' || !UUID.test(value)) throw this.#mismatch('hexadecimal digits as 8-4-4-4-12 (uuid)', value);
    return [value.toLowerCase()];
  }

  #text(value: unknown, expected: string): string {
    if (typeof value !== 'string') throw this.#mismatch(expected, value);
    if (value.length > TEXT_MAX) throw this.#invalid(`at most ${TEXT_MAX} characters`, value.length);
    this.#textLength += value.length;
    if (this.#textLength > TEXTS_MAX) throw this.#invalid(`at most ${TEXTS_MAX} characters in all texts of the filter`, 'more');
    return value;
  }

  /** The key that is indexed for the value. */
  #number(type: ScalarType | 'length', value: unknown): number {
    switch (type) {
      case 'length':
        if (!Number.isSafeInteger(value) || (value as number) < 0) throw this.#mismatch('an integer from 0 (length)', value);
        return value as number;
      case 'int':
        if (!Number.isSafeInteger(value)) throw this.#mismatch('an integer within ±(2^53 − 1) (int)', value);
        return value as number;
      case 'boolean':
        if (typeof value !== 'boolean') throw this.#mismatch('a boolean', value);
        return Number(value);
      case 'date': {
        const iso = isoOf(value);
        if (iso === undefined) throw this.#mismatch(MOMENT, value);
        return Date.parse(iso);
      }
      default:
        if (!Number.isFinite(value)) throw this.#mismatch('a finite number', value);
        return value as number;
    }
  }

  #id(id: unknown): string {
    checkId(id, this.#place());
    return id;
  }

  #property(name: unknown): PropertySchema {
    const { nodes } = levelOf(this.#schema);
    const property = nodes.get(name as string)?.property;
    if (!property) throw this.#mismatch(`the name of a property (${listed([...nodes.keys()])})`, name);
    if (!isFilterable(property)) {
      const { dataType } = property;
      const never = OPERATORS[scalarOf(dataType)].length ? '' : `, which those of ${dataType} are never`;
      throw this.#mismatch(`a property with indexFilterable or indexRangeFilters${never}`, name);
    }
    return property;
  }

  #fits(operator: FilterOperator, { operators, type }: Pick<Subject<unknown>, 'operators' | 'type'>): void {
    if (!operators.includes(operator)) throw this.#in('operator', () => this.#mismatch(`an operator of ${type} (${listed(operators)})`, operator));
  }

  #counted(conditions: number): void {
    this.#count += conditions;
    if (this.#count > CONDITIONS_MAX) throw this.#invalid(`at most ${CONDITIONS_MAX} conditions`, 'more');
  }

  /** The elements, each read once. */
  #each<T>(list: unknown, max: number, read: (element: unknown) => T): T[] {
    if (!Array.isArray(list)) throw this.#invalid('an array', list);
    const { length } = list;
    if (length > max) throw this.#invalid(`at most ${max} elements`, length);
    return Array.from({ length }, (_, i) => this.#in(i, () => read(list[i])));
  }

  /** What an object has of its own, each read once; what is undefined is taken as left out. */
  #fields(value: unknown, names: readonly string[], expected: string, code: 'INVALID_ARGUMENT' | 'SCHEMA_MISMATCH' = 'INVALID_ARGUMENT'): Fields {
    if (tagOf(value) !== 'Object') throw refusal(code, this.#place(), expected, value);
    const fields = new Map<string, unknown>();
    for (const name of Object.keys(value as object)) {
      const field = (value as Record<string, unknown>)[name];
      if (!names.includes(name)) {
        const uncalled = typeof field === 'function' ? ', or an operator that is called, as .equal(…)' : '';
        throw refusal(code, this.#place(), `${expected} (of ${names.join(', ')})${uncalled}`, name);
      }
      if (field !== undefined) fields.set(name, field);
    }
    return fields;
  }

  /** Besides the operator. */
  #only(fields: Fields, ...names: string[]): void {
    for (const name of fields.keys()) {
      if (name === 'operator' || names.includes(name)) continue;
      throw this.#in(name, () => this.#invalid(`none beside ${names.join(' and ')}`, fields.get(name)));
    }
  }

  #in<T>(part: string | number, run: () => T): T {
    this.#path.push(part);
    const result = run();
    this.#path.pop();
    return result;
  }

  #invalid(expected: string, got: unknown): Error { return refusal('INVALID_ARGUMENT', this.#place(), expected, got); }
  #mismatch(expected: string, got: unknown): Error { return refusal('SCHEMA_MISMATCH', this.#place(), expected, got); }
  #place(): string { return pathText(this.#argument, this.#path); }
}
