/** How vectors are stored: options checked and completed, what a mode stands for, and how many candidates to rescore. */
import { Codec as CoreCodec, FullVectors as CoreFullVectors, Header, Metric as CoreMetric, QUANTILE_ONE } from '../../assembly/layout.js';
import { VectileError, invalid } from '../errors.js';
import type { Codec, CodecName, FullVectors, Mode } from '../types.js';
import { checkOptions, integer, oneOf } from './checks.js';
import type { IndexMemory } from './memory.js';

export const CODECS: readonly CodecName[] = ['f32', 'sq8', 'sq4', 'pq', 'bq', 'rq8', 'rq1'];
export const FULL_VECTORS: readonly FullVectors[] = ['memory', 'external', 'sq8'];
const MODES: readonly Mode[] = ['exact', 'fast', 'compact', 'smallest'];

/** Vectors that are there before a codec is trained on them. */
const TRAINING_LIMIT = 10_000;
const PQ_TRAINING_LIMIT = 100_000;
const QUANTILE = 0.99;

/** The fields of a header from Codec, or from WantedCodec, on. */
export interface Storage {
  codec: CoreCodec;
  fullVectors: CoreFullVectors;
  segments: number;
  centroids: number;
  centred: number;
  /** 0 where nothing is trained. */
  trainingLimit: number;
  quantile: number;
}

export const PLAIN: Storage = {
  codec: CoreCodec.F32, fullVectors: CoreFullVectors.Memory, segments: 0, centroids: 0, centred: 0, trainingLimit: 0, quantile: 0,
};

const MODE_STORAGE: Record<Mode, { codec: CodecName; fullVectors: FullVectors }> = {
  exact: { codec: 'f32', fullVectors: 'memory' },
  fast: { codec: 'sq4', fullVectors: 'memory' },
  compact: { codec: 'sq4', fullVectors: 'sq8' },
  smallest: { codec: 'rq1', fullVectors: 'external' },
};

const OPTIONS_OF: Record<CodecName, readonly string[]> = {
  f32: [], sq8: ['quantile', 'trainingLimit'], sq4: ['trainingLimit'], pq: ['segments', 'centroids', 'trainingLimit'],
  bq: ['centred', 'trainingLimit'], rq8: ['trainingLimit'], rq1: ['trainingLimit'],
};

/** Metrics besides cosine, dot and l2-squared, which every codec has. */
const MORE_METRICS: Partial<Record<CodecName, CoreMetric>> = { pq: CoreMetric.Manhattan, bq: CoreMetric.Hamming };

export function storageOf(
  options: { codec?: Codec; fullVectors?: FullVectors; mode?: Mode }, dimensions: number, metric: CoreMetric,
): Storage {
  const { mode } = options;
  if (mode !== undefined) {
    oneOf('mode', mode, MODES);
    if (options.codec !== undefined || options.fullVectors !== undefined) {
      throw invalid('mode', 'neither codec nor fullVectors beside it', options.codec === undefined ? 'fullVectors' : 'codec');
    }
  }
  const chosen = mode ? MODE_STORAGE[mode] : undefined;
  const { codec = chosen?.codec ?? 'f32', fullVectors = chosen?.fullVectors ?? 'memory' } = options;
  const settings = typeof codec === 'string' ? { type: codec } : codec;
  if (typeof settings !== 'object' || settings === null) throw invalid('codec', 'a name or an object with a type', codec);
  oneOf('codec', settings.type, CODECS);
  oneOf('fullVectors', fullVectors, FULL_VECTORS);
  checkOptions(settings, ['type', ...OPTIONS_OF[settings.type]], 'codec');
  if (settings.type === 'f32' && fullVectors !== 'memory') throw invalid('fullVectors', "'memory' without a codec", fullVectors);
  if (!isDefined(settings.type, metric)) throw invalid('codec', `one that is defined for the metric (${definedFor(metric)})`, settings.type);
  if (fullVectors === 'sq8' && !isDefined('sq8', metric)) throw invalid('fullVectors', "'memory' or 'external' for this metric", fullVectors);
  return {
    ...PLAIN,
    codec: CODECS.indexOf(settings.type) as CoreCodec,
    fullVectors: FULL_VECTORS.indexOf(fullVectors) as CoreFullVectors,
    ...parametersOf(settings, dimensions),
    trainingLimit: trainingLimitOf(settings, fullVectors),
  };
}

/** Vectors that must be there first; 0 where nothing is learnt. */
function trainingLimitOf(codec: Exclude<Codec, string>, fullVectors: FullVectors): number {
  const given = 'trainingLimit' in codec ? codec.trainingLimit : undefined;
  const centred = Number(codec.type === 'bq' && codec.centred === true);
  const isTrained = fullVectors === 'sq8' || learns({ codec: CODECS.indexOf(codec.type) as CoreCodec, centred });
  if (!isTrained && given !== undefined) throw invalid('trainingLimit', 'none where nothing is trained', given);
  if (!isTrained) return 0;
  const limit = given ?? (codec.type === 'pq' ? PQ_TRAINING_LIMIT : TRAINING_LIMIT);
  integer('trainingLimit', limit, 1, 2 ** 32 - 1);
  return limit;
}

function isDefined(codec: CodecName, metric: CoreMetric): boolean {
  return codec === 'f32' || metric <= CoreMetric.L2Squared || MORE_METRICS[codec] === metric;
}

function definedFor(metric: CoreMetric): string {
  return CODECS.filter((codec) => isDefined(codec, metric)).join(', ');
}

function parametersOf(codec: Exclude<Codec, string>, dimensions: number): Partial<Storage> {
  switch (codec.type) {
    case 'sq8': {
      const { quantile = QUANTILE } = codec;
      if (typeof quantile !== 'number' || !(quantile > 0 && quantile <= 1)) throw invalid('quantile', 'a number above 0 and at most 1', quantile);
      return { quantile };
    }
    case 'pq': {
      const { segments = automaticSegments(dimensions), centroids = 256 } = codec;
      integer('segments', segments, 1, dimensions);
      if (dimensions % segments) throw invalid('segments', `a divisor of ${dimensions}`, segments);
      integer('centroids', centroids, 1, 256);
      return { segments, centroids };
    }
    case 'bq': {
      const { centred = false } = codec;
      if (typeof centred !== 'boolean') throw invalid('centred', 'a boolean', centred);
      return { centred: Number(centred) };
    }
    default: return {};
  }
}

/** Components a segment has by default: more the longer a vector, as far as they divide it. */
function automaticSegments(dimensions: number): number {
  const rules: [least: number, components: number][] = [[2048, 8], [768, 6], [256, 4], [0, 2]];
  const rule = rules.find(([least, components]) => dimensions >= least && dimensions % components === 0);
  return dimensions / (rule?.[1] ?? 1);
}

/** Reads how an index stores vectors, or shall (Header.WantedCodec). */
export function readStorage(memory: IndexMemory, from: Header.Codec | Header.WantedCodec): Storage {
  const wanted = from === Header.WantedCodec;
  const field = (offset: Header): number => memory.field(offset);
  return {
    codec: field(from),
    fullVectors: field(wanted ? Header.WantedFullVectors : Header.FullVectors),
    segments: field(wanted ? Header.WantedSegments : Header.Segments),
    centroids: field(wanted ? Header.WantedCentroids : Header.Centroids),
    centred: field(wanted ? Header.WantedCentred : Header.Centred),
    trainingLimit: field(Header.TrainingLimit),
    quantile: field(wanted ? Header.WantedQuantile : Header.Quantile) / QUANTILE_ONE,
  };
}

export function writeWanted(memory: IndexMemory, storage: Storage): void {
  memory.setField(Header.WantedCodec, storage.codec);
  memory.setField(Header.WantedFullVectors, storage.fullVectors);
  memory.setField(Header.WantedSegments, storage.segments);
  memory.setField(Header.WantedCentroids, storage.centroids);
  memory.setField(Header.WantedCentred, storage.centred);
  memory.setField(Header.TrainingLimit, storage.trainingLimit);
  memory.setField(Header.WantedQuantile, Math.round(storage.quantile * QUANTILE_ONE));
}

/** Whether two describe the same stored bytes. */
export function isSame(a: Storage, b: Storage): boolean {
  if (a.codec === CoreCodec.Sq8 && Math.abs(a.quantile - b.quantile) > 1 / QUANTILE_ONE) return false;
  return a.codec === b.codec && a.fullVectors === b.fullVectors && a.segments === b.segments && a.centroids === b.centroids && a.centred === b.centred;
}

/** Whether a codec is trained on vectors. */
export function learns({ codec, centred }: Pick<Storage, 'codec' | 'centred'>): boolean {
  return codec === CoreCodec.Sq8 || codec === CoreCodec.Sq4 || codec === CoreCodec.Pq || (codec === CoreCodec.Bq && centred === 1);
}

/** Whether a change is one from what is known of vectors to more. */
export function needsReader(present: Storage, wanted: Storage): boolean {
  if (isSame(present, wanted) || present.fullVectors === CoreFullVectors.Memory) return false;
  return present.fullVectors === CoreFullVectors.External || wanted.fullVectors === CoreFullVectors.Memory;
}

/** The storage as options that make it. */
export function codecOf(storage: Storage): Exclude<Codec, string> {
  const type = CODECS[storage.codec]!;
  if (type === 'pq') return { type, segments: storage.segments, centroids: storage.centroids };
  if (type === 'sq8') return { type, quantile: Number(storage.quantile.toFixed(6)) };
  if (type === 'bq') return { type, centred: storage.centred === 1 };
  return { type };
}

/**
 * Candidates that may be rescored when the caller does not say: all that a walk has; of a scan as many times k as a code is
 * coarse. The core stops earlier when no more are likely to matter (assembly/rescore.ts).
 */
export function rescoreCount(codec: CoreCodec, isFlat: boolean, k: number, ef: number): number {
  if (!isFlat) return ef;
  const isFine = codec === CoreCodec.Sq8 || codec === CoreCodec.Rq8;
  return k * (isFine ? 8 : codec === CoreCodec.Sq4 ? 16 : codec === CoreCodec.Pq ? 32 : 64);
}

export function readerMissing(what: string): VectileError {
  return new VectileError('VECTORS_MISSING', `reader: expected one, because ${what} needs full vectors and the index keeps none, got none`);
}
