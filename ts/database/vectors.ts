/** Vectors as callers give them: checked by the schema, and copied, so that nobody changes them on their way. */
import { VectileError } from '../errors.js';
import { METRICS, checkRows } from '../engine/options.js';
import type { VectorInput } from '../types.js';
import { pathText, refusal, tagOf } from './refusal.js';
import { fixDimensions, vectorOf, type Schema, type VectorSchema } from './schema.js';
import type { VectorsInput } from './typed.js';
import { DIMENSIONS_MAX } from './vector-schema.js';

/** Where a record of vectors is given that has another name. */
export const OR_ARRAY = ', or the array by itself';

export interface ResolvedVector {
  /** As in the schema. */
  number: number;
  name: string;
  /** f32[dimensions] */
  values: Float32Array;
}

export interface ResolvedVectors {
  vectors: ResolvedVector[];
  /** Only if a vector has fixed dimensions that were open: what must be the schema before the vectors are written. */
  schema?: Schema;
}

/** One vector, or a record of them by name, whose undefined ones are left out. None if `input` is undefined. */
export function resolveVectors(schema: Schema, input: VectorsInput | undefined, argument = 'vector'): ResolvedVectors {
  const vectors: ResolvedVector[] = [];
  let grown = schema;
  for (const [field, vector, place] of vectorsByField(schema, input, argument)) {
    const values = checkedVector(field, vector, place);
    vectors.push({ number: field.number, name: field.name, values });
    if (field.dimensions === undefined) grown = fixDimensions(grown, field.name, values.length);
  }
  return grown === schema ? { vectors } : { vectors, schema: grown };
}

/** The vector that is meant where none is named: the only one, or `default`. */
export function onlyVector(schema: Schema, argument = 'vector'): VectorSchema {
  return schema.vectors.length === 1 ? schema.vectors[0]! : vectorOf(schema, 'default', argument);
}

/** A copy of a vector that fits; `input` may be a query's too. Throws DIMENSION_MISMATCH, NOT_FINITE, ZERO_VECTOR. */
export function checkedVector({ dimensions, metric }: VectorSchema, input: VectorInput, argument = 'vector'): Float32Array {
  if (!isVector(input)) throw refusal('INVALID_ARGUMENT', argument, 'a Float32Array or an array of numbers', input);
  if (dimensions === undefined ? input.length === 0 || input.length > DIMENSIONS_MAX : input.length !== dimensions) {
    throw new VectileError('DIMENSION_MISMATCH', `${argument}: expected ${dimensions ?? `1 to ${DIMENSIONS_MAX}`} dimensions, got ${input.length}`);
  }
  const values = Array.isArray(input) ? rounded(input, argument) : new Float32Array(input);
  try {
    checkRows(values, values.length, METRICS.indexOf(metric), argument);
  } catch (error) {
    // The engine speaks of rows; here there is one vector.
    if (!(error instanceof VectileError)) throw error;
    throw new VectileError(error.code, error.message.replace(`${argument}[0]`, argument));
  }
  return values;
}

function* vectorsByField(schema: Schema, input: VectorsInput | undefined, argument: string): Iterable<[field: VectorSchema, vector: VectorInput, place: string]> {
  if (input === undefined) return;
  if (isVector(input)) {
    yield [onlyVector(schema, argument), input, argument];
    return;
  }
  if (tagOf(input) !== 'Object') throw refusal('INVALID_ARGUMENT', argument, 'a Float32Array, an array of numbers, or an object of them by name', input);
  for (const name of Object.keys(input)) {
    const vector = input[name];
    const place = pathText(argument, [name]);
    if (vector !== undefined) yield [vectorOf(schema, name, place, OR_ARRAY), vector, place];
  }
}

/** By tag, because a Float32Array of another realm is none of ours. */
function isVector(input: unknown): input is VectorInput {
  return Array.isArray(input) || ArrayBuffer.isView(input) && tagOf(input) === 'Float32Array';
}

function rounded(input: readonly number[], argument: string): Float32Array {
  const values = new Float32Array(input.length);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = input[i];
    if (typeof value !== 'number') throw refusal('INVALID_ARGUMENT', `${argument}[${i}]`, 'a number', value);
    values[i] = value;
    if (!Number.isFinite(values[i])) throw new VectileError('NOT_FINITE', `${argument}: expected finite float32 components, got ${value} at ${i}`);
  }
  return values;
}
