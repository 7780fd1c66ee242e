/** Properties of objects as they are stored: UTF-8 JSON. What they may be is the database's matter. */
import { VectileError } from '../errors.js';
import { valueOf, type Value } from '../search/values.js';
import type { StoredProperty } from './handle.js';
import { Slab } from './slab.js';
import type { Patch, StoredObject } from './types.js';

/** Of one object, as JSON. */
export const PROPERTIES_BYTES_MAX = 16 * 2 ** 20;

type Stored = Record<string, unknown>;

const slab = new Slab();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Throws STORAGE_CORRUPT for what is no JSON. */
export function parseProperties(bytes: Uint8Array): Stored {
  try {
    return JSON.parse(utf8Decoder.decode(bytes)) as Stored;
  } catch (cause) {
    throw new VectileError('STORAGE_CORRUPT', `properties: expected an object as JSON, got ${bytes.length} other bytes`, { cause });
  }
}

/** One for each property. */
export function storedValues(object: StoredObject, properties: readonly StoredProperty[]): Value[] {
  const stored = parseProperties(object.properties);
  return properties.map(({ name, dataType }) => (Object.hasOwn(stored, name) ? valueOf(dataType, stored[name]) : null));
}

/** Throws INVALID_ARGUMENT if they are too large together. */
export function patchedProperties(bytes: Uint8Array, { patch, removed }: Pick<Patch, 'patch' | 'removed'>): Uint8Array {
  const changes = parseProperties(patch);
  const merged = parseProperties(bytes);
  for (const name of removed) delete merged[name];
  for (const name of Object.keys(changes)) setOwn(merged, name, changes[name]);
  const patched = slab.encode(JSON.stringify(merged));
  if (patched.length > PROPERTIES_BYTES_MAX) throw new VectileError('INVALID_ARGUMENT', `properties: expected at most ${PROPERTIES_BYTES_MAX} bytes as JSON, got more`);
  return patched;
}

/** Plain assignment would call the setter of `__proto__`, and fail for names that a frozen Object.prototype has. */
export function setOwn(object: Stored, name: string, value: unknown): void {
  if (name in object) Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else object[name] = value;
}
