/** What callers pass in, checked and completed, before anything happens. */
import { IndexType as CoreType, LENGTH_MAX, Metric as CoreMetric, NONE, Status, Strategy } from '../../assembly/layout.js';
import { VectileError, invalid } from '../errors.js';
import type { FilterStrategy, IndexOptions, IndexType, Metric, SearchOptions, VectorInput } from '../types.js';
import { checkBoolean, checkCallback, checkOptions, integer, oneOf } from './checks.js';
import { storageOf, type Storage } from './codecs.js';

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
  shared: boolean;
  storage: Storage;
}

const INDEX_OPTIONS = ['dimensions', 'metric', 'type', 'maxConnections', 'efConstruction', 'seed', 'idTable', 'codec', 'fullVectors', 'mode', 'reader', 'shared'];
const SEARCH_OPTIONS = ['k', 'ef', 'filter', 'filterStrategy', 'flatSearchCutoff', 'oversampling', 'rescore'];

export function indexOptions(options: IndexOptions): CoreOptions {
  if (options === undefined) throw invalid('options', 'an object', options);
  checkOptions(options, INDEX_OPTIONS);
  const { dimensions, metric = 'cosine', type = 'hnsw', maxConnections = 32, efConstruction = 128, seed = 0, idTable = true, shared = false } = options;
  integer('dimensions', dimensions, 1, 65535);
  oneOf('metric', metric, METRICS);
  oneOf('type', type, TYPES);
  integer('maxConnections', maxConnections, 2, 2047);
  integer('efConstruction', efConstruction, 1, 2 ** 20);
  integer('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  checkBoolean('idTable', idTable);
  checkBoolean('shared', shared);
  checkCallback('reader', options.reader);
  const storage = storageOf(options, dimensions, METRICS.indexOf(metric) as CoreMetric);
  const hnsw = type === 'hnsw';
  return {
    type: TYPES.indexOf(type) as CoreType,
    metric: METRICS.indexOf(metric) as CoreMetric,
    dimensions,
    maxConnections: hnsw ? maxConnections : 0,
    efConstruction: hnsw ? efConstruction : 0,
    seed,
    idTable,
    shared,
    storage,
  };
}

export function checkSearchOptions(options: SearchOptions | undefined): void {
  checkOptions(options, SEARCH_OPTIONS);
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

/** How many times k candidates shall be rescored; undefined if the codec decides, 0 if none. */
export function searchOversampling(options: SearchOptions | undefined): number | undefined {
  const { oversampling, rescore = true } = options ?? {};
  if (typeof rescore !== 'boolean') throw invalid('rescore', 'a boolean', rescore);
  if (oversampling !== undefined && (typeof oversampling !== 'number' || !(oversampling >= 1 && oversampling <= 2 ** 20))) {
    throw invalid('oversampling', 'a number from 1 to 1048576', oversampling);
  }
  return rescore ? oversampling : 0;
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

/** One row of `vectors` for each of `ids`. */
export function checkArrays(ids: Uint32Array, vectors: Float32Array): void {
  if (!(ids instanceof Uint32Array)) throw invalid('ids', 'a Uint32Array', ids);
  if (!(vectors instanceof Float32Array)) throw invalid('vectors', 'a Float32Array', vectors);
}

export function checkBatch(ids: Uint32Array, vectors: Float32Array, dimensions: number): void {
  checkArrays(ids, vectors);
  if (vectors.length !== ids.length * dimensions) {
    throw new VectileError('DIMENSION_MISMATCH', `vectors: expected ${ids.length} × ${dimensions} components, got ${vectors.length}`);
  }
}

/** Refuses the first row that is not finite, too long, or of length 0 where that has no direction. */
export function checkRows(vectors: Float32Array, dimensions: number, metric: CoreMetric, argument = 'vectors'): void {
  for (let row = 0, from = 0; from < vectors.length; row++, from += dimensions) {
    let squares = 0;
    for (let i = from, end = from + dimensions; i < end; i++) squares += vectors[i]! * vectors[i]!;
    if (!(squares <= LENGTH_MAX * LENGTH_MAX)) throw notFinite(`${argument}[${row}]`, vectors.subarray(from, from + dimensions));
    if (squares === 0 && metric === CoreMetric.Cosine) throw zeroVector(`${argument}[${row}]`);
  }
}

/** Why the core refused a vector. */
export function throwStatus(status: Status, argument: string, vector: VectorInput): never {
  throw status === Status.NotFinite ? notFinite(argument, vector) : zeroVector(argument);
}

function notFinite(argument: string, vector: ArrayLike<number>): VectileError {
  for (let i = 0; i < vector.length; i++) {
    if (!Number.isFinite(Math.fround(vector[i]!))) {
      return new VectileError('NOT_FINITE', `${argument}: expected finite float32 components, got ${vector[i]} at ${i}`);
    }
  }
  return new VectileError('NOT_FINITE', `${argument}: expected a length of at most 2^62, got more`);
}

function zeroVector(argument: string): VectileError {
  return new VectileError('ZERO_VECTOR', `${argument}: expected a direction for metric cosine, got length 0`);
}
