/** Vectors of texts, by the function a collection was given. */
import { VectileError } from '../errors.js';
import type { CollectionHost } from './host.js';
import type { Schema } from './schema.js';

/** Texts handed to a vectorizer at a time. */
const TEXTS = 64;

/** All texts of an object in the order of the schema, a line each; undefined if there are none. */
export function textOf(schema: Schema, properties: object): string | undefined {
  const texts: string[] = [];
  for (const { name, dataType } of schema.properties) {
    if (dataType !== 'text' && dataType !== 'text[]') continue;
    const value: unknown = Object.getOwnPropertyDescriptor(properties, name)?.value;
    if (typeof value === 'string') texts.push(value);
    else if (Array.isArray(value)) texts.push(...value.filter((text) => typeof text === 'string'));
  }
  return texts.length ? texts.join('\n') : undefined;
}

/** Throws VECTORIZER_MISSING, VECTORIZER_FAILED. */
export async function embed(host: CollectionHost, texts: readonly string[], signal: AbortSignal | undefined): Promise<number[][] | Float32Array[]> {
  const { vectorizer } = host;
  if (!vectorizer) {
    throw new VectileError('VECTORIZER_MISSING', `collection ${host.name}: expected a vectorizer, given to create or use, got none`);
  }
  const vectors: Float32Array[] = [];
  for (let from = 0; from < texts.length; from += TEXTS) {
    const batch = texts.slice(from, from + TEXTS);
    let made: readonly ArrayLike<number>[];
    try {
      made = await vectorizer(batch, signal ? { signal } : {});
    } catch (cause) {
      throw new VectileError('VECTORIZER_FAILED', `vectorizer: expected vectors of ${batch.length} texts, got an error: ${String(cause)}`, { cause });
    }
    if (!Array.isArray(made) || made.length !== batch.length) {
      throw new VectileError('VECTORIZER_FAILED', `vectorizer: expected an array of ${batch.length} vectors, got ${Array.isArray(made) ? made.length : typeof made}`);
    }
    for (const vector of made) vectors.push(vector instanceof Float32Array ? vector : (Array.from(vector as ArrayLike<number>) as unknown as Float32Array));
  }
  return vectors;
}
