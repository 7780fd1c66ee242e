/** Writes the properties of one object as JSON, checking each by the schema. What the schema lacks is inferred, if it may be. */
import { isBase64, toBase64 } from './base64.js';
import { MOMENT, isoOf } from './dates.js';
import { levelOf, nodeOf, type Level, type Node } from './levels.js';
import { DEPTH_MAX, NAME_EXPECTED, PROPERTIES_MAX, countProperties, inferredType, isName, propertySchema, type PropertySchema } from './property-schema.js';
import { PROPERTIES_BYTES_MAX as BYTES_MAX } from '../shard/stored-properties.js';
import { listed, pathText, refusal, tagOf } from './refusal.js';
import type { Schema } from './schema.js';

export { BYTES_MAX };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function tooLarge(argument: string): Error {
  return refusal('INVALID_ARGUMENT', argument, `at most ${BYTES_MAX} bytes as JSON`, 'more');
}

/** For one `write`. Every value is read once; what reading it throws is passed on, and nothing has happened. */
export class PropertyWriter {
  /** Outermost names that were null. */
  readonly removed: string[] = [];
  readonly #root: Level;
  readonly #autoSchema: boolean;
  readonly #argument: string;
  /** What was inferred, by the level it belongs to; levels themselves serve other writers too. */
  #added: Map<Level, Map<string, Node>> | undefined;
  /** Properties of the schema with those added; counted once one is. */
  #count = 0;
  #json = '';
  #depth = 0;
  /** Where it is: names, and numbers in lists. */
  readonly #path: (string | number)[] = [];

  constructor(schema: Schema, argument: string) {
    this.#root = levelOf(schema);
    this.#autoSchema = schema.autoSchema;
    this.#argument = argument;
  }

  write(properties: object): string {
    this.#object(this.#root, properties);
    return this.#json;
  }

  /** All properties of the schema with those added; undefined if none was. */
  grown(): PropertySchema[] | undefined {
    return this.#added && this.#propertiesOf(this.#root);
  }

  #object(level: Level, value: unknown): void {
    if (tagOf(value) !== 'Object') throw this.#mismatch('an object', value);
    if (++this.#depth > DEPTH_MAX) throw refusal('INVALID_ARGUMENT', this.#place(), `at most ${DEPTH_MAX} levels`, 'more');
    const object = value as Record<string, unknown>;
    let separator = '{';
    for (const name of Object.keys(object)) {
      const entry = object[name];
      this.#path.push(name);
      const node = level.nodes.get(name) ?? this.#added?.get(level)?.get(name) ?? this.#unknown(level, name, entry);
      if (entry === null && this.#depth === 1) this.removed.push(name);
      if (node && entry !== null && entry !== undefined) {
        this.#json += separator + node.key;
        separator = ',';
        if (node.isList) this.#list(node, entry);
        else this.#value(node, entry);
      }
      this.#path.pop();
    }
    this.#json += separator === '{' ? '{}' : '}';
    this.#depth--;
  }

  #list(node: Node, list: unknown): void {
    if (!Array.isArray(list)) throw this.#mismatch(`an array (${node.property.dataType})`, list);
    this.#json += '[';
    for (let i = 0; i < list.length; i++) {
      if (i > 0) this.#json += ',';
      this.#path.push(i);
      this.#value(node, list[i]);
      this.#path.pop();
    }
    this.#json += ']';
  }

  #value(node: Node, value: unknown): void {
    switch (node.type) {
      case 'text': this.#text(value); break;
      case 'number':
        if (!Number.isFinite(value)) throw this.#mismatch('a finite number', value);
        this.#json += value as number;
        break;
      case 'int':
        if (!Number.isSafeInteger(value)) throw this.#mismatch('an integer within ±(2^53 − 1) (int)', value);
        this.#json += value as number;
        break;
      case 'boolean':
        if (typeof value !== 'boolean') throw this.#mismatch('a boolean', value);
        this.#json += value;
        break;
      case 'date': {
        const iso = isoOf(value);
        if (iso === undefined) throw this.#mismatch(MOMENT, value);
        this.#json += `"${iso}"`;
        break;
      }
      case 'uuid':
        if (typeof value !== 'string' || !UUID.test(value)) throw this.#mismatch('hexadecimal digits as 8-4-4-4-12 (uuid)', value);
        this.#json += `"${value.toLowerCase()}"`;
        break;
      case 'geoCoordinates': this.#coordinates(value); break;
      case 'blob': this.#blob(value); break;
      case 'object': this.#object(node.nested!, value); break;
    }
    if (this.#json.length > BYTES_MAX) throw tooLarge(this.#argument);
  }

  #text(value: unknown): void {
    if (typeof value !== 'string') throw this.#mismatch('a string (text)', value);
    if (value.length > BYTES_MAX) throw tooLarge(this.#argument);
    this.#json += JSON.stringify(value);
  }

  #coordinates(value: unknown): void {
    if (tagOf(value) !== 'Object') throw this.#mismatch('{ latitude, longitude } (geoCoordinates)', value);
    const { latitude, longitude, ...others } = value as { latitude?: unknown; longitude?: unknown };
    const [other] = Object.keys(others);
    if (other !== undefined) throw this.#mismatch('{ latitude, longitude } alone (geoCoordinates)', other);
    this.#json += `{"latitude":${this.#degrees('latitude', latitude, 90)},"longitude":${this.#degrees('longitude', longitude, 180)}}`;
  }

  #degrees(name: string, value: unknown, max: number): number {
    if (typeof value === 'number' && Math.abs(value) <= max) return value;
    this.#path.push(name);
    throw this.#mismatch(`a number from −${max} to ${max}`, value);
  }

  #blob(value: unknown): void {
    let base64 = value;
    if (ArrayBuffer.isView(value) && tagOf(value) === 'Uint8Array') {
      if (value.byteLength > BYTES_MAX) throw tooLarge(this.#argument);
      base64 = toBase64(value as Uint8Array);
    } else if (typeof value !== 'string' || !isBase64(value)) throw this.#mismatch('a Uint8Array or base64 with padding (blob)', value);
    this.#json += `"${base64 as string}"`;
  }

  /** What a name stands for that the level does not know: inferred, refused, or nothing if the value says nothing. */
  #unknown(level: Level, name: string, value: unknown): Node | undefined {
    if (!this.#autoSchema) throw this.#mismatch(`a property of the schema (${listed([...level.nodes.keys()])})`, name);
    if (value === null || value === undefined || Array.isArray(value) && value.length === 0) return undefined;
    if (!isName(name)) throw this.#mismatch(`a name of ${NAME_EXPECTED}`, name);
    const dataType = inferredType(value);
    if (!dataType) throw this.#mismatch('a value of a type that can be inferred', Array.isArray(value) ? value[0] : value);
    this.#count = (this.#count || countProperties(this.#propertiesOf(this.#root))) + 1;
    if (this.#count > PROPERTIES_MAX) throw refusal('INVALID_ARGUMENT', this.#place(), `at most ${PROPERTIES_MAX} properties in the schema`, 'more');
    const node = nodeOf(propertySchema(this.#argument, { name, dataType }, true));
    this.#added ??= new Map();
    if (!this.#added.has(level)) this.#added.set(level, new Map());
    this.#added.get(level)!.set(name, node);
    return node;
  }

  #propertiesOf(level: Level): PropertySchema[] {
    return [...level.nodes.values(), ...this.#added?.get(level)?.values() ?? []].map(({ property, nested }) =>
      (nested ? { ...property, nestedProperties: this.#propertiesOf(nested) } : property));
  }

  #mismatch(expected: string, got: unknown): Error {
    return refusal('SCHEMA_MISMATCH', this.#place(), expected, got);
  }

  #place(): string {
    return pathText(this.#argument, this.#path);
  }
}
