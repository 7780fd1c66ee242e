/**
 * Properties of objects as bytes: UTF-8 JSON, checked by the schema on the way in, and given back in the types of the schema.
 *
 * Dates are kept as texts in UTC, blobs as base64, lone surrogates as escapes. Names are written and read as own properties, so
 * that `__proto__` is a name like any other.
 */
import { fromBase64 } from './base64.js';
import { levelOf, type Level, type Node } from './levels.js';
import { Slab } from '../shard/slab.js';
import { parseProperties, setOwn } from '../shard/stored-properties.js';
import { BYTES_MAX, PropertyWriter, tooLarge } from './property-writer.js';
import { withProperties, type Schema } from './schema.js';
import type { Properties } from './typed.js';

export interface Encoded {
  bytes: Uint8Array;
  /** Only if autoSchema has added properties: what must be the schema before the bytes are written. */
  schema?: Schema;
}

const slab = new Slab();

/**
 * Refuses, with SCHEMA_MISMATCH, what is not of its type or not in the schema; with INVALID_ARGUMENT more than 16 MB or 64
 * levels. What is null or undefined is left out.
 */
export function encodeProperties(schema: Schema, properties: object = {}, argument = 'properties'): Encoded {
  const writer = new PropertyWriter(schema, argument);
  return encoded(schema, writer.write(properties), writer, argument);
}

/** What was encoded: all properties, or those named `only`. Those the schema does not know come as plain JSON values. */
export function decodeProperties<P extends object = Properties>(schema: Schema, bytes: Uint8Array, only?: readonly string[]): P {
  const all = parseProperties(bytes);
  if (!only) {
    revive(levelOf(schema), all);
    return all as P;
  }
  const some: Stored = {};
  for (const name of only) if (Object.hasOwn(all, name)) setOwn(some, name, all[name]);
  revive(levelOf(schema), some);
  return some as P;
}

type Stored = Record<string, unknown>;

function encoded(schema: Schema, json: string, writer: PropertyWriter, argument: string): Encoded {
  const bytes = slab.encode(json);
  if (bytes.length > BYTES_MAX) throw tooLarge(argument);
  const properties = writer.grown();
  return properties ? { bytes, schema: withProperties(schema, properties) } : { bytes };
}

/** In place. All names are own properties here, so plain access is to them. */
function revive(level: Level, object: Stored): void {
  for (const node of level.revived) {
    const { name } = node.property;
    if (!Object.hasOwn(object, name)) continue;
    const value = object[name];
    object[name] = Array.isArray(value) ? value.map((element) => revived(node, element)) : revived(node, value);
  }
}

function revived({ type, nested }: Node, value: unknown): unknown {
  if (type === 'date' && typeof value === 'string') return new Date(value);
  if (type === 'blob' && typeof value === 'string') return fromBase64(value);
  if (nested && typeof value === 'object' && value !== null) revive(nested, value as Stored);
  return value;
}
