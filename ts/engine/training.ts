/**
 * What codecs learn from a sample of vectors, column by column: generators that yield after every millisecond or so of
 * work and return a model, laid out as the core reads it (assembly/codecs/).
 */
import { Codec } from '../../assembly/layout.js';
import type { Storage } from './codecs.js';
import { Core } from './core.js';

/** Vectors a mean, a range or a step is learnt from; more would not change them. */
const SCALAR_SAMPLE_MAX = 10_000;
/** Deviations a quantile is read from. */
const DEVIATIONS_MAX = 2 ** 18;
/** Ranges tried for a component, in standard deviations. */
const RANGES = [3.6, 4.2, 4.8, 5.4, 6.2, 7.4, 9, 12, 16, 24];
const SQ4_LEVELS = 15;
const SQ8_LEVELS = 127;
const ROW_LEVELS = 255;

/** Some vectors, read by columns. Those of cosine are of unit length. */
export interface Sample {
  readonly count: number;
  /** f32[count][width]: components from … from + width of each. */
  columns(from: number, width: number, out: Float32Array): void;
}

/** Vectors worth sampling for a codec. */
export function sampleSize(storage: Storage, count: number): number {
  return Math.min(count, storage.codec === Codec.Pq ? storage.trainingLimit : SCALAR_SAMPLE_MAX);
}

/** The model of a codec, or undefined if it learns nothing. `like`: the core to compute with. */
export function* trainCodec(storage: Storage, sample: Sample, dimensions: number, like: Core, seed: number): Training {
  switch (storage.codec) {
    case Codec.Sq8: return yield* trainSq8(sample, dimensions, storage.quantile);
    case Codec.Sq4: return yield* trainSteps(sample, dimensions, SQ4_LEVELS);
    case Codec.Pq: return yield* trainPq(storage, sample, dimensions, like, seed);
    case Codec.Bq: return storage.centred ? yield* trainMean(sample, dimensions) : undefined;
    default: return undefined;
  }
}

/** The model of rows kept as sq8. */
export function trainRows(sample: Sample, dimensions: number): Training {
  return trainRowSteps(sample, dimensions);
}

/** A component that is the same in all of the sample may vary later: it gets the step of the others. */
function* trainRowSteps(sample: Sample, dimensions: number): Training {
  const model = (yield* trainSteps(sample, dimensions, ROW_LEVELS))!;
  const steps = model.subarray(model.length / 2, model.length / 2 + dimensions);
  const known = steps.filter((step) => step > 0);
  const usual = known.length ? known.reduce((sum, step) => sum + step, 0) / known.length : 1 / ROW_LEVELS;
  steps.forEach((step, i) => { if (!step) steps[i] = usual; });
  return model;
}

export type Training = Generator<void, Float32Array | undefined>;

function* trainMean(sample: Sample, dimensions: number): Training {
  const means = new Float32Array(dimensions);
  const column = new Float32Array(sample.count);
  for (let d = 0; d < dimensions; d++) {
    sample.columns(d, 1, column);
    means[d] = meanOf(column);
    yield;
  }
  return means;
}

/** A mean for each component, and one step for all, so that the quantile of all deviations is the range. */
function* trainSq8(sample: Sample, dimensions: number, quantile: number): Training {
  const model = scalarModel(dimensions);
  const column = new Float32Array(sample.count);
  const total = dimensions * sample.count;
  const stride = Math.max(1, Math.floor(total / DEVIATIONS_MAX));
  const deviations = new Float32Array(Math.ceil(total / stride));
  let taken = 0;
  for (let d = 0, next = 0; d < dimensions; d++, next -= sample.count) {
    sample.columns(d, 1, column);
    const mean = meanOf(column);
    model[d] = mean;
    for (; next < column.length; next += stride) deviations[taken++] = Math.abs(column[next]! - mean);
    yield;
  }
  const sorted = deviations.subarray(0, taken).sort();
  const range = sorted[Math.min(taken - 1, Math.floor(quantile * taken))]!;
  const largest = sorted[taken - 1]!;
  model.fill(((range || largest) * 2) / SQ8_LEVELS, model.length / 2, model.length / 2 + dimensions);
  return model;
}

/** A mean and a step for each component: the step with which the sample is off least. */
function* trainSteps(sample: Sample, dimensions: number, levels: number): Training {
  const model = scalarModel(dimensions);
  const column = new Float32Array(sample.count);
  for (let d = 0; d < dimensions; d++) {
    sample.columns(d, 1, column);
    const mean = meanOf(column);
    model[d] = mean;
    model[model.length / 2 + d] = stepOf(column, mean, levels);
    yield;
  }
  return model;
}

function stepOf(column: Float32Array, mean: number, levels: number): number {
  let squares = 0;
  for (const x of column) squares += (x - mean) ** 2;
  const deviation = Math.sqrt(squares / column.length);
  let best = 0;
  let least = Infinity;
  for (const range of RANGES) {
    const step = (range * deviation) / levels;
    const error = step ? errorOf(column, mean, step, levels) : 0;
    if (error >= least) continue;
    least = error;
    best = step;
  }
  return best;
}

function errorOf(column: Float32Array, mean: number, step: number, levels: number): number {
  const inverse = 1 / step;
  let error = 0;
  for (let i = 0; i < column.length; i++) {
    const level = (column[i]! - mean) * inverse + levels / 2;
    const off = level - Math.min(Math.max(Math.round(level), 0), levels);
    error += off * off;
  }
  return error * step * step;
}

/** f32[2][dimensions rounded up to 32]: means, then steps. */
function scalarModel(dimensions: number): Float32Array {
  return new Float32Array(2 * Math.ceil(dimensions / 32) * 32);
}

function meanOf(column: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < column.length; i++) sum += column[i]!;
  return sum / column.length;
}

/** k-means in each segment, in an instance of its own that is dropped afterwards. */
function* trainPq(storage: Storage, sample: Sample, dimensions: number, like: Core, seed: number): Training {
  const { segments, centroids } = storage;
  const width = dimensions / segments;
  const lanes = Math.ceil(centroids / 4) * 4;
  const model = new Float32Array(dimensions * lanes);
  const core = new Core(like.module);
  const { exports } = core;
  const points = exports.base();
  const state = points + Math.ceil((sample.count * width * 4) / 64) * 64;
  core.ensure(state + exports.kmeansBytes(sample.count, width, centroids));
  for (let segment = 0; segment < segments; segment++) {
    sample.columns(segment * width, width, core.f32.subarray(points >>> 2, (points >>> 2) + sample.count * width));
    exports.kmeansOpen(state, points, sample.count, width, centroids, seed + segment);
    yield;
    while (exports.kmeansStep(state)) yield;
    const at = exports.kmeansCentroids(state) >>> 2;
    model.set(core.f32.subarray(at, at + width * lanes), segment * width * lanes);
  }
  return model;
}
