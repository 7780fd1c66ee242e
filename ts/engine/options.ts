/** What callers pass in, checked and completed, before anything happens. */
import { IndexType as CoreType, LENGTH_MAX, Metric as CoreMetric, NONE, Strategy } from '../../assembly/layout.js';
import { VectileError, invalid } from '../errors.js';
import type { FilterStrategy, IndexOptions, IndexType, Metric, SearchOptions, VectorInput } from '../types.js';

export const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2-squared', 'manhattan', 'hamming'];
export const TYPES: readonly IndexType[] = ['flat', 'hnsw'];
const STRATEGIES: readonly FilterStrategy[] = ['auto', 'scan', 'traverse'];

export interface CoreOptions {
  type: CoreType;
  metric: CoreMetric;
  dimensions: number;
  /** 0 in a flat index. */
  maxConnections: number;
  efConstruction: number;
  seed: number;
  idTable: boolean;
}

const INDEX_OPTIONS = ['dimensions', 'metric', 'type', 'maxConnections', 'efConstruction', 'seed', 'idTable'];
const SEARCH_OPTIONS = ['k', 'ef', 'filter', 'filterStrategy', 'flatSearchCutoff'];

export function indexOptions(options: IndexOptions): CoreOptions {
  if (options === undefined) throw invalid('options', 'an object', options);
  checkOptions(options, INDEX_OPTIONS);
  const { dimensions, metric = 'cosine', type = 'hnsw', maxConnections = 32, efConstruction = 128, seed = 0, idTable = true } = options;
  integer('dimensions', dimensions, 1, 65535);
  oneOf('metric', metric, METRICS);
  oneOf('type', type, TYPES);
  integer('maxConnections', maxConnections, 2, 2047);
  integer('efConstruction', efConstruction, 1, 2 ** 20);
  integer('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  if (typeof idTable !== 'boolean') throw invalid('idTable', 'a boolean', idTable);
  const hnsw = type === 'hnsw';
  return {
    type: TYPES.indexOf(type) as CoreType,
    metric: METRICS.indexOf(metric) as CoreMetric,
    dimensions,
    maxConnections: hnsw ? maxConnections : 0,
    efConstruction: hnsw ? efConstruction : 0,
    seed,
    idTable,
  };
}

/** An object with no other keys than these, or nothing. */
export function checkOptions(options: object | undefined, keys: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options);
  for (const key in options) {
    if (!keys.includes(key)) throw invalid('options', keys.join(', '), key);
  }
}

export function checkSearchOptions(options: SearchOptions | undefined): void {
  checkOptions(options, SEARCH_OPTIONS);
}

export function checkCallback(argument: string, callback: unknown): void {
  if (callback !== undefined && typeof callback !== 'function') throw invalid(argument, 'a function', callback);
}

/** k as asked for; at most `count` can be found. */
export function searchK(options: SearchOptions | undefined): number {
  const k = options?.k ?? 10;
  integer('k', k, 1, 2 ** 32 - 1);
  return k;
}

/** The candidate list's length: as asked for, or by k, and never less than k. */
export function searchEf(options: SearchOptions | undefined, k: number): number {
  const ef = options?.ef ?? -1;
  if (ef === -1) return Math.max(k, Math.min(Math.max(8 * k, 100), 500));
  integer('ef', ef, 1, 2 ** 32 - 1, '-1 or ');
  return Math.max(ef, k);
}

export function searchStrategy(options: SearchOptions | undefined): Strategy {
  const strategy = options?.filterStrategy;
  if (strategy === undefined) return Strategy.Auto;
  oneOf('filterStrategy', strategy, STRATEGIES);
  return STRATEGIES.indexOf(strategy) as Strategy;
}

/** Most vectors that are scanned rather than traversed; NONE stands for the core's own choice. */
export function searchCutoff(options: SearchOptions | undefined): number {
  const cutoff = options?.flatSearchCutoff ?? -1;
  if (cutoff === -1) return NONE;
  integer('flatSearchCutoff', cutoff, 0, NONE - 1, '-1 or ');
  return cutoff;
}

export function checkId(id: number, argument = 'id'): void {
  if (typeof id !== 'number' || id >>> 0 !== id) throw invalid(argument, 'an integer from 0 to 4294967295', id);
}

/** A Float32Array is taken as it is; of an array every element must be a number, and is rounded to f32. */
export function checkVector(vector: VectorInput, dimensions: number, argument = 'vector'): void {
  if (!(vector instanceof Float32Array) && !Array.isArray(vector)) throw invalid(argument, 'a Float32Array or an array of numbers', vector);
  if (vector.length !== dimensions) {
    throw new VectileError('DIMENSION_MISMATCH', `${argument}: expected ${dimensions} dimensions, got ${vector.length}`);
  }
  if (vector instanceof Float32Array) return;
  for (let i = 0; i < dimensions; i++) {
    if (typeof vector[i] !== 'number') throw invalid(`${argument}[${i}]`, 'a number', vector[i]);
  }
}

/** Refuses the first row that is not finite, too long, or of length 0 where that has no direction. */
export function checkRows(vectors: Float32Array, dimensions: number, metric: CoreMetric): void {
  for (let row = 0, from = 0; from < vectors.length; row++, from += dimensions) {
    let squares = 0;
    for (let i = from, end = from + dimensions; i < end; i++) squares += vectors[i]! * vectors[i]!;
    if (!(squares <= LENGTH_MAX * LENGTH_MAX)) throw notFinite(`vectors[${row}]`, vectors.subarray(from, from + dimensions));
    if (squares === 0 && metric === CoreMetric.Cosine) throw zeroVector(`vectors[${row}]`);
  }
}

export function notFinite(argument: string, vector: ArrayLike<number>): VectileError {
  for (let i = 0; i < vector.length; i++) {
    if (!Number.isFinite(Math.fround(vector[i]!))) {
      return new VectileError('NOT_FINITE', `${argument}: expected finite float32 components, got ${vector[i]} at ${i}`);
    }
  }
  return new VectileError('NOT_FINITE', `${argument}: expected a length of at most 2^62, got more`);
}

export function zeroVector(argument: string): VectileError {
  return new VectileError('ZERO_VECTOR', `${argument}: expected a direction for metric cosine, got length 0`);
}

function integer(argument: string, value: number, min: number, max: number, or = ''): void {
  if (!Number.isInteger(value) || value < min || value > max) throw invalid(argument, `${or}an integer from ${min} to ${max}`, value);
}

function oneOf<T extends string>(argument: string, value: T, values: readonly T[]): void {
  if (!values.includes(value)) throw invalid(argument, values.map((v) => `'${v}'`).join(', '), value);
}
