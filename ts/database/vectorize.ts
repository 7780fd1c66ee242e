/** Vectors of texts, by the vectorizer a collection was given. */
import { VectileError, failed } from '../errors.js';
import { abortable } from '../rag/abortable.js';
import { checkAborted } from '../shard/abort.js';
import type { CollectionHost } from './host.js';
import type { Schema } from './schema.js';

const isText = (dataType: string): boolean => dataType === 'text' || dataType === 'text[]';

/** All texts of an object in the order of the schema, a line each; undefined if there are none. */
export function textOf(schema: Schema, properties: object): string | undefined {
  const texts: string[] = [];
  for (const { name, dataType } of schema.properties) {
    if (!isText(dataType)) continue;
    const value: unknown = Object.getOwnPropertyDescriptor(properties, name)?.value;
    if (typeof value === 'string') texts.push(value);
    else if (Array.isArray(value)) texts.push(...value.filter((text) => typeof text === 'string'));
  }
  return texts.length ? texts.join('\n') : undefined;
}

/** Whether what is merged with `patch` may have other texts than before. */
export function touchesText(schema: Schema, names: readonly string[]): boolean {
  return schema.properties.some(({ name, dataType }) => isText(dataType) && names.includes(name));
}

/** Whether texts without vectors get them: `null` for a vectorizer says that they do not. Otherwise what was forgotten is missed. */
export function isVectorized(host: CollectionHost, schema: Schema): boolean {
  const { vectorizer } = host.models();
  return vectorizer === undefined ? schema.vectorizer !== undefined : vectorizer !== null;
}

/** One vector each, not yet checked. At most TEXTS_MAX of them. Throws VECTORIZER_MISSING, VECTORIZER_MISMATCH, VECTORIZER_FAILED. */
export async function embed(host: CollectionHost, texts: string[], signal: AbortSignal | undefined): Promise<(Float32Array | number[])[]> {
  const { name } = host, { vectorizer } = host.models();
  const { vectorizer: needed } = host.schema();
  const which = typeof needed === 'string' ? ` with ${needed}` : '';
  if (!vectorizer) {
    throw new VectileError('VECTORIZER_MISSING', `collection ${name}: expected use(${JSON.stringify(name)}, { vectorizer })${which}, or a vector, got neither`);
  }
  if (which && vectorizer.name !== undefined && vectorizer.name !== needed) {
    throw new VectileError('VECTORIZER_MISMATCH', `collection ${name}: expected the vectorizer${which.replace(' with', '')} that its vectors are of, got ${vectorizer.name}`);
  }
  const expected = `vectorizer: expected a vector for each text, number[][] of length ${texts.length}`;
  let made: readonly ArrayLike<number>[];
  try {
    made = await abortable(signal, vectorizer.embed(texts, signal ? { signal } : {})); // what comes too late is not written
  } catch (cause) {
    checkAborted(signal);
    if (cause instanceof VectileError && cause.code === 'VECTORIZER_FAILED') throw cause;
    throw failed('VECTORIZER_FAILED', 'vectorizer', cause);
  }
  if (!Array.isArray(made) || made.length !== texts.length) {
    const got = Array.isArray(made) ? `${typeof made[0] === 'number' ? 'numbers' : 'an array'} of length ${made.length}` : typeof made;
    throw new VectileError('VECTORIZER_FAILED', `${expected}, got ${got}`);
  }
  return made.map((vector: unknown) => {
    if (vector instanceof Float32Array || Array.isArray(vector)) return vector;
    if (ArrayBuffer.isView(vector) && !(vector instanceof DataView)) return Array.from(vector as unknown as ArrayLike<number>);
    throw new VectileError('VECTORIZER_FAILED', `${expected}, got ${vector === null ? 'null' : `a ${typeof vector}`} in place of one`);
  });
}
