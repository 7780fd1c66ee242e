/** Named vectors of a schema: configurations checked, completed and changed. */
import { VectileError } from '../errors.js';
import { checkOptions, integer, oneOf } from '../engine/checks.js';
import { storageOf } from '../engine/codecs.js';
import { METRICS } from '../engine/options.js';
import type { Codec, FullVectors, Metric } from '../types.js';
import { refusal } from './refusal.js';
import type { VectorConfig, VectorIndexConfig } from './typed.js';

/** Plain JSON: keys that do not apply are absent. */
export interface VectorSchema {
  /** 0 … 65,535; that of a vector that was dropped is not used again. */
  readonly number: number;
  readonly name: string;
  /** Absent until the first vector is there. */
  readonly dimensions?: number;
  readonly metric: Metric;
  readonly index: VectorIndexSchema;
  readonly quantizer: Exclude<Codec, string>;
  readonly fullVectors: FullVectors;
}

export interface VectorIndexSchema {
  readonly type: 'hnsw' | 'flat' | 'dynamic';
  readonly maxConnections?: number;
  readonly efConstruction?: number;
  readonly threshold?: number;
  readonly ef?: number;
}

export const DIMENSIONS_MAX = 65_535;

const THRESHOLD = 10_000;
const U32_MAX = 2 ** 32 - 1;
const OPTIONS = ['dimensions', 'metric', 'index', 'quantizer', 'fullVectors'];
const INDEX_OPTIONS = ['type', 'maxConnections', 'efConstruction', 'threshold', 'ef'];
const GRAPH_OPTIONS = ['maxConnections', 'efConstruction', 'ef'] as const;
const TYPES = ['hnsw', 'flat', 'dynamic'] as const;

/** `type`: of an index that does not say. */
export function vectorSchema(argument: string, name: string, number: number, config: VectorConfig, type: 'hnsw' | 'dynamic' = 'hnsw'): VectorSchema {
  checkKeys(argument, config);
  const { dimensions, metric = 'cosine', quantizer = 'f32', fullVectors = 'memory' } = config;
  if (dimensions !== undefined) integer(`${argument}.dimensions`, dimensions, 1, DIMENSIONS_MAX);
  oneOf(`${argument}.metric`, metric, METRICS);
  const vector = {
    number, name,
    ...dimensions !== undefined && { dimensions },
    metric,
    index: indexSchema(`${argument}.index`, { type, ...defined(config.index ?? {}) }),
    quantizer: quantizerOf(quantizer),
    fullVectors,
  };
  checkStorage(argument, vector);
  return vector;
}

/** With what may be changed as `config` says; the rest must be as it is, or left out. */
export function changedVector(argument: string, vector: VectorSchema, config: VectorConfig): VectorSchema {
  checkKeys(argument, config);
  const { dimensions = config.dimensions } = vector;
  if (dimensions !== undefined) integer(`${argument}.dimensions`, dimensions, 1, DIMENSIONS_MAX);
  same(`${argument}.dimensions`, dimensions, config.dimensions);
  same(`${argument}.metric`, vector.metric, config.metric);
  const { index = {} } = config;
  for (const option of ['type', 'maxConnections', 'efConstruction'] as const) same(`${argument}.index.${option}`, vector.index[option], index[option]);
  const changed = {
    ...vector,
    ...dimensions !== undefined && { dimensions },
    index: indexSchema(`${argument}.index`, { ...vector.index, ...defined(index) }),
    quantizer: config.quantizer === undefined ? vector.quantizer : quantizerOf(config.quantizer),
    fullVectors: config.fullVectors ?? vector.fullVectors,
  };
  checkStorage(argument, changed);
  return changed;
}

function indexSchema(argument: string, config: VectorIndexConfig): VectorIndexSchema {
  const { type = 'hnsw', threshold, ef = -1 } = config;
  oneOf(`${argument}.type`, type, TYPES);
  if (type === 'flat') {
    for (const option of GRAPH_OPTIONS) {
      if (config[option] !== undefined) throw refusal('INVALID_ARGUMENT', `${argument}.${option}`, 'none of a flat index', config[option]);
    }
  }
  if (type !== 'dynamic' && threshold !== undefined) throw refusal('INVALID_ARGUMENT', `${argument}.threshold`, 'none except of a dynamic index', threshold);
  if (type === 'flat') return { type };
  const { maxConnections = 32, efConstruction = 128 } = config;
  integer(`${argument}.maxConnections`, maxConnections, 2, 2047);
  integer(`${argument}.efConstruction`, efConstruction, 1, 2 ** 20);
  if (threshold !== undefined) integer(`${argument}.threshold`, threshold, 1, U32_MAX);
  if (ef !== -1) integer(`${argument}.ef`, ef, 1, U32_MAX, '-1 or ');
  return { type, maxConnections, efConstruction, ...type === 'dynamic' && { threshold: threshold ?? THRESHOLD }, ...ef !== -1 && { ef } };
}

function checkKeys(argument: string, config: VectorConfig): void {
  if (typeof config !== 'object' || config === null) throw refusal('INVALID_ARGUMENT', argument, 'an object', config);
  checkOptions(config, OPTIONS, argument);
  checkOptions(config.index, INDEX_OPTIONS, `${argument}.index`);
}

/** A codec as an object of its own; what is no codec is refused by `checkStorage`. */
function quantizerOf(codec: Codec): Exclude<Codec, string> {
  return typeof codec === 'object' && codec !== null ? defined(codec) as Exclude<Codec, string> : { type: codec };
}

/** The engine judges codecs; its arguments have other places here. Before dimensions are known, what depends on them is not judged. */
function checkStorage(argument: string, { quantizer, fullVectors, metric, dimensions }: Omit<VectorSchema, 'number' | 'name' | 'index'>): void {
  const segments = quantizer.type === 'pq' ? quantizer.segments : undefined;
  const assumed = segments !== undefined && Number.isInteger(segments) && segments >= 1 && segments <= DIMENSIONS_MAX ? segments : DIMENSIONS_MAX;
  try {
    storageOf({ codec: quantizer, fullVectors }, dimensions ?? assumed, METRICS.indexOf(metric));
  } catch (error) {
    if (!(error instanceof VectileError)) throw error;
    const at = error.message.indexOf(':');
    const place = error.message.slice(0, at);
    const named = place === 'codec' ? 'quantizer' : place === 'fullVectors' ? place : `quantizer.${place}`;
    throw new VectileError(error.code, `${argument}.${named}${error.message.slice(at)}`);
  }
}

function same<T>(argument: string, present: T, given: T): void {
  if (given !== undefined && given !== present) {
    throw refusal('INVALID_ARGUMENT', argument, `${present === undefined ? 'none' : JSON.stringify(present)}, because it cannot be changed`, given);
  }
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
