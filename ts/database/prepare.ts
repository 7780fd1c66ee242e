/**
 * Objects as callers give them, made ready for the shard: checked by the schema, encoded, with vectors of their texts. Where
 * they bring what the schema has open (dimensions, and properties with autoSchema), the schema is changed first.
 *
 * What a caller gives is copied before the first `await`: it may be changed while the write is under way.
 */
import { invalid } from '../errors.js';
import { TEXTS_MAX } from '../rag/vectorizer.js';
import type { StoredVector } from '../shard/types.js';
import { checkAborted } from '../shard/abort.js';
import type { CollectionHost } from './host.js';
import { checkId, newId } from './ids.js';
import { decodeProperties, encodeProperties } from './properties.js';
import type { Schema } from './schema.js';
import type { Properties, PropertiesInput, VectorsInput } from './typed.js';
import { embed, isVectorized, textOf } from './vectorize.js';
import { resolveVectors, type ResolvedVector } from './vectors.js';

/** Of whatever properties. */
export interface AnyInput {
  /** 1 … 128 bytes of UTF-8; a random UUID if left out. */
  id?: string;
  properties?: object;
  /** One for the only named vector, or by name. Left out, the collection's vectorizer makes it of all texts, if there is one. */
  vector?: VectorsInput;
}

export interface ObjectInput<P extends object = Properties> extends AnyInput {
  properties?: P | PropertiesInput<P>;
}

export interface Prepared {
  /** Place in the source. */
  index: number;
  id: string;
  /** Undefined if it was made up here: nobody knows it yet. */
  givenId: string | undefined;
  properties: Uint8Array;
  vectors: StoredVector[];
}

/** Called for an object that cannot be written; may throw. */
export type Fail = (index: number, id: string | undefined, error: unknown) => void;

const OBJECT_KEYS = ['id', 'properties', 'vector'];

export async function prepareOne(host: CollectionHost, object: AnyInput, signal: AbortSignal | undefined): Promise<Prepared> {
  const fail: Fail = (_, __, error) => { throw error; };
  const [prepared] = await prepareMany(host, [object], -1, fail, signal);
  return prepared!;
}

/** Those that can be written. `first`: place of the first one in the source, −1 if it is the only one. */
export async function prepareMany(
  host: CollectionHost, objects: readonly AnyInput[], first: number, fail: Fail, signal: AbortSignal | undefined,
): Promise<Prepared[]> {
  const batch: Prepared[] = [];
  const wanting: { prepared: Prepared; text: string }[] = [];
  for (const [i, object] of objects.entries()) {
    const index = first + i;
    const argument = first < 0 ? '' : `[${index}].`;
    let givenId: string | undefined;
    try {
      checkObject(object, first < 0 ? 'object' : `[${index}]`);
      givenId = object.id;
      const id = givenId ?? newId();
      checkId(id, `${argument}id`);
      const encoded = encodeFor(host, object.properties, `${argument}properties`);
      const resolved = vectorsFor(host, object.vector, `${argument}vector`);
      // waiting would take longer than all the rest
      const [properties, vectors] = encoded instanceof Promise || resolved instanceof Promise ? await Promise.all([encoded, resolved]) : [encoded, resolved];
      const prepared = { index, id, givenId, properties, vectors };
      batch.push(prepared);
      if (object.vector !== undefined || !isVectorized(host, host.schema())) continue;
      const text = textOf(host.schema(), decodeProperties(host.schema(), properties));
      if (text !== undefined) wanting.push({ prepared, text });
    } catch (error) {
      fail(index, givenId, error);
    }
  }
  const failed = new Set<Prepared>();
  const giveUp = (prepared: Prepared, error: unknown) => {
    failed.add(prepared);
    fail(prepared.index, prepared.givenId, error);
  };
  for (let from = 0; from < wanting.length; from += TEXTS_MAX) {
    const part = wanting.slice(from, from + TEXTS_MAX);
    try {
      const made = await embed(host, part.map(({ text }) => text), signal);
      for (const [i, { prepared }] of part.entries()) {
        try {
          prepared.vectors = await vectorsFor(host, made[i]!, 'vectorizer');
        } catch (error) {
          giveUp(prepared, error);
        }
      }
    } catch (error) {
      checkAborted(signal);
      for (const { prepared } of part) giveUp(prepared, error);
    }
  }
  return failed.size ? batch.filter((prepared) => !failed.has(prepared)) : batch;
}

/** A promise if the schema has to change first, or to be rejected. */
export function encodeFor(host: CollectionHost, properties: object | undefined, argument = 'properties'): Uint8Array | Promise<Uint8Array> {
  const encoded = fitted(host, (schema) => encodeProperties(schema, properties, argument));
  return encoded instanceof Promise ? encoded.then(({ bytes }) => bytes) : encoded.bytes;
}

/** The same. None if none are given. */
export function vectorsFor(host: CollectionHost, input: VectorsInput | undefined, argument = 'vector'): ResolvedVector[] | Promise<ResolvedVector[]> {
  if (input === undefined) return [];
  const resolved = fitted(host, (schema) => resolveVectors(schema, input, argument));
  return resolved instanceof Promise ? resolved.then(({ vectors }) => vectors) : resolved.vectors;
}

export function checkObject(object: unknown, argument = 'object'): void {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) throw invalid(argument, '{ id, properties, vector }', object);
  for (const key of Object.keys(object)) if (!OBJECT_KEYS.includes(key)) throw invalid(argument, `no keys but ${OBJECT_KEYS.join(', ')}`, key);
}

/** Does `work`, and where that asks for another schema, does it once more unless the schema became just that. */
function fitted<T extends { schema?: Schema }>(host: CollectionHost, work: (schema: Schema) => T): T | Promise<T> {
  try {
    const schema = host.schema();
    const result = work(schema);
    return result.schema ? growing(host, work, schema, result) : result;
  } catch (error) {
    return Promise.reject(error);
  }
}

async function growing<T extends { schema?: Schema }>(host: CollectionHost, work: (schema: Schema) => T, schema: Schema, result: T): Promise<T> {
  let isGrown = false;
  await host.changeSchema((present) => {
    if (present.revision !== schema.revision) return present;
    isGrown = true;
    return result.schema!;
  });
  return isGrown ? result : fitted(host, work);
}

export function preparedBytes({ properties, vectors }: Prepared): number {
  return vectors.reduce((bytes, { values }) => bytes + values.byteLength, properties.length);
}
