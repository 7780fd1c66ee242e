/**
 * Every codec against plain JavaScript. What a code stands for is what `get` returns where full vectors are outside and no
 * reader gives them: it is held against the vector, and distances by codes are held against it. Models are learnt again
 * here, but rotations are not drawn again: what a rotated code must satisfy does not depend on how it was rotated.
 */
import { integer, normal, random, sequence } from './random.js';
import { length, measure } from './oracle.js';

const COUNT = 41;
const trainingLimit = COUNT;
const SIMILAR = ['cosine', 'dot', 'l2-squared'];

/** `codec(dimensions)`: an option; `only`: where indexes must be of one type; `oracle`: see below. */
export const CODECS = [
  { name: 'sq8', codec: () => ({ type: 'sq8', trainingLimit }), metrics: SIMILAR, oracle: scalarOracle },
  { name: 'sq4', codec: () => ({ type: 'sq4', trainingLimit }), metrics: SIMILAR, oracle: scalarOracle },
  { name: 'pq', codec: () => ({ type: 'pq', centroids: 18, trainingLimit }), metrics: [...SIMILAR, 'manhattan'], oracle: pqOracle },
  { name: 'pq of 256', codec: (dimensions) => ({ type: 'pq', segments: dimensions, trainingLimit }), metrics: ['l2-squared'], oracle: pqOracle },
  { name: 'pq packed', codec: () => ({ type: 'pq', centroids: 16, trainingLimit }), metrics: [...SIMILAR, 'manhattan'], oracle: pqOracle, packed: true, only: 'flat' },
  { name: 'pq packed, few', codec: (dimensions) => ({ type: 'pq', segments: dimensions, centroids: 7, trainingLimit }), metrics: ['l2-squared'], oracle: pqOracle, packed: true, only: 'flat' },
  { name: 'bq', codec: () => 'bq', metrics: [...SIMILAR, 'hamming'], oracle: bqOracle },
  { name: 'bq centred', codec: () => ({ type: 'bq', centred: true, trainingLimit }), metrics: [...SIMILAR, 'hamming'], oracle: bqOracle, centred: true },
  { name: 'rq8', codec: () => 'rq8', metrics: SIMILAR, oracle: rq8Oracle },
  { name: 'rq1', codec: () => 'rq1', metrics: SIMILAR, oracle: rq1Oracle },
];

/** Tails of every kind of block that codes have. */
export const SHORT_DIMENSIONS = [1, 6, 17, 32, 47, 64, 129];

/** Rows with a mean, a component that never changes, two that are equal, and some outliers; of hamming ±1. */
export function rowsFor(metric, dimensions, count = COUNT, seed = dimensions) {
  const next = random(seed * 31 + count);
  const means = Float32Array.from({ length: dimensions }, () => normal(next));
  const rows = Array.from({ length: count }, (_, i) => means.map((mean) => (metric === 'hamming' ? integer(next, 0, 2) * 2 - 1 : mean + normal(next) * (i % 9 ? 0.5 : 2))));
  if (dimensions > 1 && metric !== 'hamming') for (const row of rows) row[dimensions >> 1] = 0.25;
  rows[1] = rows[0].slice();
  return rows;
}

export async function filled({ VectorIndex }, rows, options) {
  const dimensions = rows[0].length;
  const index = await VectorIndex.create({ dimensions, ...options });
  const all = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => all.set(row, i * dimensions));
  index.addMany(sequence(rows.length), all);
  while (index.work(5));
  if (index.stats().recoding) throw new Error(`expected ${JSON.stringify(options.codec)} to be trained`);
  return index;
}

/** Gives the vectors of rows by their ids. */
export const readerOf = (rows) => (ids, out) => ids.forEach((id, i) => out.set(rows[id], i * rows[id].length));

/** @returns {Promise<string[]>} what is wrong, one line each */
export async function checkCodec(engine, { name, codec, metrics, oracle, only, ...more }, metric, dimensions, type = 'flat') {
  if (!metrics.includes(metric)) throw new Error(`${name} is not defined for ${metric}`);
  if (only && type !== only) return [];
  const rows = rowsFor(metric, dimensions);
  const option = codec(dimensions);
  const index = await filled(engine, rows, { metric, type, codec: option, fullVectors: 'external', maxConnections: 4 });
  const wrong = [];
  const fail = (text) => wrong.push(`${name} ${metric} ${type} ${dimensions}: ${text}`);
  if (index.stats().vectors !== 'decoded') fail(`expected decoded vectors, got ${index.stats().vectors}`);

  // of cosine codes are of unit vectors, and decoded ones are brought to unit length; another index has them as they are
  const unit = (vector) => {
    const by = metric === 'cosine' ? length(vector) : 1;
    return vector.map((value) => value / by);
  };
  const units = rows.map((row) => Float32Array.from(unit(Float64Array.from(row))));
  const vectors = units.map((row) => Float64Array.from(row));
  const plain = metric === 'cosine' ? await filled(engine, units, { metric: 'dot', type, codec: option, fullVectors: 'external', maxConnections: 4 }) : index;
  const decoded = rows.map((row, id) => Float64Array.from(plain.get(id)));
  if (metric === 'cosine') {
    rows.forEach((row, id) => {
      const got = index.get(id);
      // rotated codes have that length before their padding is cut off
      const scale = isRotated(name) ? dot(got, decoded[id]) / dot(decoded[id], decoded[id]) : length(row) / length(decoded[id]);
      const slack = 1e-5 * length(row);
      got.forEach((x, d) => { if (!(Math.abs(x - decoded[id][d] * scale) <= slack)) fail(`expected ${decoded[id][d] * scale} at ${d} of row ${id}, got ${x}`); });
    });
    plain.dispose();
  }
  const { checkVector, distance } = oracle({ option: typeof option === 'string' ? { type: option } : option, metric, vectors, decoded, fail, ...more });
  vectors.forEach((vector, id) => checkVector(vector, decoded[id], id));

  const next = random(dimensions + 7);
  const fresh = Float32Array.from({ length: dimensions }, () => (metric === 'hamming' ? integer(next, 0, 2) * 2 - 1 : normal(next)));
  for (const query of [fresh, rows[2], rows[3].map((value) => -value), new Float32Array(dimensions).fill(1)]) {
    const { ids, distances, rescored } = index.search(query, { k: COUNT, rescore: false, filterStrategy: 'scan' });
    if (rescored) fail(`expected nothing rescored, got ${rescored}`);
    if (new Set(ids).size !== COUNT) fail(`expected ${COUNT} hits, got ${ids}`);
    const prepared = distance(unit(Float64Array.from(query)));
    const got = new Float64Array(COUNT);
    ids.forEach((id, i) => {
      got[id] = distances[i];
      const expected = prepared(id);
      if (!(Math.abs(distances[i] - expected.distance) <= expected.tolerance)) fail(`expected ${expected.distance} ± ${expected.tolerance} for row ${id}, got ${distances[i]}`);
      if (i && distances[i] < distances[i - 1]) fail(`expected nearest first, got ${distances[i]} after ${distances[i - 1]}`);
    });
    if (got[0] !== got[1]) fail(`expected equal rows to be equally far, got ${got[0]} and ${got[1]}`);
    // a row alone, and some rows, are measured as all are
    for (const filter of [[0], [integer(next, 1, COUNT)], [COUNT - 1], [2, 3, 5, 7, 33, 40]]) {
      const some = index.search(query, { k: COUNT, filter, rescore: false });
      some.ids.forEach((id, i) => { if (some.distances[i] !== got[id]) fail(`expected ${got[id]} for row ${id} by a filter, got ${some.distances[i]}`); });
      if (some.ids.length !== filter.length) fail(`expected ${filter.length} hits by a filter, got ${some.ids.length}`);
    }
    if (type === 'flat') continue;
    const walked = index.search(query, { k: COUNT, ef: 2 * COUNT, rescore: false, filterStrategy: 'traverse' });
    walked.ids.forEach((id, i) => { if (walked.distances[i] !== got[id]) fail(`expected ${got[id]} for row ${id} by a walk, got ${walked.distances[i]}`); });
    if (walked.ids.length !== COUNT) fail(`expected ${COUNT} hits by a walk, got ${walked.ids.length}`);
  }
  index.dispose();
  return wrong;
}

/** Rescored distances: those of the vectors themselves, wherever they are. */
export async function checkRescored(engine, { name, codec, metrics, only }, metric, dimensions, type = 'flat') {
  if (!metrics.includes(metric) || (only && type !== only)) return [];
  const wrong = [];
  const rows = rowsFor(metric, dimensions);
  const storages = [{ fullVectors: 'memory' }, { fullVectors: 'external', reader: readerOf(rows) }];
  // the codes that stand for full vectors must be trained, and only these codecs say when
  if (SIMILAR.includes(metric) && codec(dimensions).trainingLimit) storages.push({ fullVectors: 'sq8' });
  for (const storage of storages) {
    const index = await filled(engine, rows, { metric, type, codec: codec(dimensions), maxConnections: 4, ...storage });
    const known = storage.fullVectors === 'sq8' ? rows.map((_, id) => index.get(id)) : rows;
    const fail = (text) => wrong.push(`${name} ${metric} ${type} ${dimensions} ${storage.fullVectors}: ${text}`);
    const next = random(dimensions + 3);
    for (let i = 0; i < 2; i++) {
      const query = i ? rows[5] : Float32Array.from({ length: dimensions }, () => (metric === 'hamming' ? integer(next, 0, 2) * 2 - 1 : normal(next)));
      const exact = (id) => {
        const one = measure(metric, query, known[id]);
        if (storage.fullVectors !== 'sq8') return one;
        return { distance: one.distance, tolerance: 4 * one.tolerance + 1e-6 };
      };
      const best = rows.map((_, id) => exact(id).distance).sort((a, b) => a - b);
      const { ids, distances, rescored } = index.search(query, { k: 9, oversampling: COUNT, filterStrategy: type === 'flat' ? 'auto' : 'traverse' });
      const all = type === 'flat'; // a walk may not come to every node of a graph as thin as this
      if (all ? rescored !== COUNT : rescored < 9) fail(`expected ${COUNT} rescored, got ${rescored}`);
      if (ids.length !== 9) fail(`expected 9 hits, got ${ids.length}`);
      ids.forEach((id, j) => {
        const { distance, tolerance } = exact(id);
        if (!(Math.abs(distances[j] - distance) <= 2 * tolerance)) fail(`expected ${distance} ± ${2 * tolerance} for row ${id}, got ${distances[j]}`);
        if (all && !(Math.abs(distances[j] - best[j]) <= 4 * tolerance)) fail(`expected hit ${j} at ${best[j]}, got ${distances[j]}`);
      });
      if (storage.fullVectors !== 'external' || !all) continue;
      // the two steps by hand
      const candidates = index.candidates(query, { k: COUNT });
      const given = new Float32Array(candidates.ids.length * dimensions);
      readerOf(rows)(candidates.ids, given);
      const second = index.rescore(query, candidates.ids, given, { k: 9 });
      if (String(second.distances) !== String(distances)) fail(`expected ${distances} by candidates and rescore, got ${second.distances}`);
    }
    index.dispose();
  }
  return wrong;
}

// Oracles. checkVector(vector, decoded, id) looks at a code, distance(query)(id) says what a search must return.

const MIDDLES = { sq8: 64, sq4: 7.5 };
const LEVELS = { sq8: 127, sq4: 15 };
const STEPS_OF_SQ4 = [3.6, 4.2, 4.8, 5.4, 6.2, 7.4, 9, 12, 16, 24];

function scalarOracle({ option: { type }, metric, vectors, decoded, fail }) {
  const dimensions = vectors[0].length;
  const columns = Array.from({ length: dimensions }, (_, d) => Float32Array.from(vectors, (vector) => vector[d]));
  const exactMeans = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length);
  const means = Float32Array.from(exactMeans);
  const steps = Float32Array.from(type === 'sq8' ? sq8Steps(columns, exactMeans) : columns.map((column, d) => sq4Step(column, exactMeans[d])));
  const middle = MIDDLES[type];
  const [lowest, highest] = [-middle, LEVELS[type] - middle];
  const level = (x, d) => (steps[d] ? (x - means[d]) / steps[d] : 0);

  const levels = decoded.map((vector) => Array.from(vector, (x, d) => {
    const exact = level(x, d);
    return steps[d] ? Math.round(exact - lowest) + lowest : 0;
  }));
  return {
    checkVector(vector, code, id) {
      for (let d = 0; d < dimensions; d++) {
        const slack = 1e-3 * steps[d] + 1e-6 * Math.abs(vector[d]);
        const inRange = Math.min(Math.max(vector[d], means[d] + lowest * steps[d]), means[d] + highest * steps[d]);
        if (!(Math.abs(code[d] - inRange) <= steps[d] / 2 + slack)) fail(`expected ${inRange} ± ${steps[d] / 2} at ${d} of row ${id}, got ${code[d]}`);
        if (steps[d] && Math.abs(level(code[d], d) - levels[id][d]) > 0.01) fail(`expected a level at ${d} of row ${id}, got ${level(code[d], d)}`);
      }
    },
    distance(query) {
      const l2 = metric === 'l2-squared';
      const centred = Float32Array.from(query, (x, d) => (l2 ? x - means[d] : x));
      const folded = centred.map((x, d) => x * steps[d]);
      const scale = Math.fround(Math.max(...folded.map(Math.abs)) / 127);
      const bytes = folded.map((x) => (scale ? nearestEven(Math.fround(x * Math.fround(1 / scale))) : 0));
      return (id) => {
        let sum = 0, constant = 0, square = 0, size = 0;
        for (let d = 0; d < dimensions; d++) {
          sum += bytes[d] * levels[id][d];
          constant += l2 ? centred[d] ** 2 : query[d] * means[d];
          square += (steps[d] * levels[id][d]) ** 2;
          size += Math.abs(scale * bytes[d]) * (Math.abs(levels[id][d]) + 2 * middle) + (l2 ? centred[d] ** 2 : Math.abs(query[d] * means[d]));
        }
        const product = scale * sum;
        const distance = l2 ? constant + square - 2 * product : (metric === 'cosine' ? 1 : 0) - constant - product;
        return { distance, tolerance: 2e-6 * (size + square + 1) };
      };
    },
  };
}

function sq8Steps(columns, means, quantile = 0.99) {
  const deviations = Float32Array.from(columns.flatMap((column, d) => Array.from(column, (x) => Math.abs(x - means[d])))).sort();
  const range = deviations[Math.floor(quantile * deviations.length)] || deviations.at(-1);
  return columns.map(() => (2 * range) / LEVELS.sq8);
}

function sq4Step(column, mean) {
  const deviation = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / column.length);
  const errors = STEPS_OF_SQ4.map((range) => {
    const step = (range * deviation) / LEVELS.sq4;
    const errorOf = (x) => {
      const level = (x - mean) / step + MIDDLES.sq4;
      return level - Math.min(Math.max(Math.round(level), 0), LEVELS.sq4);
    };
    return { step, error: column.reduce((sum, x) => sum + errorOf(x) ** 2, 0) * step ** 2 };
  });
  if (!deviation) return 0;
  return errors.reduce((best, one) => (one.error < best.error ? one : best)).step;
}

function nearestEven(x) {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 ? floor + 1 : floor;
}

function pqOracle({ option, metric, vectors, decoded, packed, fail }) {
  const dimensions = vectors[0].length;
  const segments = option.segments ?? defaultSegments(dimensions);
  const sub = dimensions / segments;
  const part = (vector, s) => vector.subarray(s * sub, (s + 1) * sub);
  // every centroid that anything is coded as, by segment
  const centroids = Array.from({ length: segments }, (_, s) => [...new Map(decoded.map((vector) => [String(part(vector, s)), part(vector, s)])).values()]);
  const entry = (x, y) => {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += metric === 'l2-squared' ? (x[i] - y[i]) ** 2 : metric === 'manhattan' ? Math.abs(x[i] - y[i]) : -x[i] * y[i];
    return sum;
  };
  const apart = (x, y) => {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += (x[i] - y[i]) ** 2;
    return sum;
  };
  return {
    checkVector(vector, code, id) {
      for (let s = 0; s < segments; s++) {
        const own = apart(part(vector, s), part(code, s));
        const least = Math.min(...centroids[s].map((centroid) => apart(part(vector, s), centroid)));
        if (own > least + 1e-5 * (1 + least)) fail(`expected the nearest centroid, ${least} from segment ${s} of row ${id}, got one at ${own}`);
      }
      const most = Math.max(...centroids.map((list) => list.length));
      if (most > (option.centroids ?? 256)) fail(`expected at most ${option.centroids} centroids a segment, got ${most}`);
    },
    distance(query) {
      // packed tables have 255 steps, as long in every segment
      const ranges = centroids.map((list, s) => { const entries = list.map((one) => entry(part(query, s), one)); return Math.max(...entries) - Math.min(...entries); });
      const step = packed ? Math.max(...ranges) / 255 : 0;
      const lengths = centroids.map((_, s) => length(part(query, s)));
      return (id) => {
        let distance = metric === 'cosine' ? 1 : 0, size = 1;
        for (let s = 0; s < segments; s++) {
          const term = entry(part(query, s), part(decoded[id], s));
          distance += term;
          size += Math.abs(term) + lengths[s];
        }
        return { distance, tolerance: 3e-6 * size + (1.01 * segments * step) / 2 };
      };
    },
  };
}

function defaultSegments(dimensions) {
  for (const [least, sub] of [[2048, 8], [768, 6], [256, 4], [0, 2]]) if (dimensions >= least && dimensions % sub === 0) return dimensions / sub;
  return dimensions;
}

function bqOracle({ metric, vectors, decoded, centred = false, fail }) {
  const dimensions = vectors[0].length;
  const means = Float64Array.from({ length: dimensions }, (_, d) => (centred ? vectors.reduce((sum, vector) => sum + vector[d], 0) / vectors.length : 0));
  const isSet = (x, d) => x - means[d] > 0;
  // a mean is rounded, and so is a unit vector
  const isDoubtful = (x, d) => centred && Math.abs(x - means[d]) < 1e-6;
  return {
    checkVector(vector, code, id) {
      const size = (metric === 'hamming' ? Math.sqrt(dimensions) : length(vector)) / Math.sqrt(dimensions);
      for (let d = 0; d < dimensions; d++) {
        if (isDoubtful(vector[d], d)) continue;
        const expected = means[d] + (isSet(vector[d], d) ? size : -size);
        if (!(Math.abs(code[d] - expected) <= 1e-5 * (1 + Math.abs(expected)))) fail(`expected ${expected} at ${d} of row ${id}, got ${code[d]}`);
      }
    },
    distance(query) {
      return (id) => {
        let distance = 0, tolerance = 0;
        for (let d = 0; d < dimensions; d++) {
          if (isDoubtful(vectors[id][d], d) || isDoubtful(query[d], d)) tolerance++;
          distance += Number(isSet(query[d], d) !== isSet(vectors[id][d], d));
        }
        return { distance, tolerance };
      };
    },
  };
}

const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);

/** From an inner product estimated with an error of up to `error` × |x| × |q|. */
function fromProduct(metric, query, vector, product, error) {
  const [qq, xx] = [dot(query, query), dot(vector, vector)];
  const tolerance = error * Math.sqrt(qq * xx) + 1e-5 * (1 + qq + xx);
  if (metric === 'l2-squared') return { distance: qq + xx - 2 * product, tolerance: 2 * tolerance };
  return { distance: (metric === 'cosine' ? 1 : 0) - product, tolerance };
}

const isRotated = (name) => name.startsWith('rq');
const spaceOf = (dimensions) => Math.ceil(dimensions / 64) * 64;

/** Levels of a query are 1/127 of its largest component apart, which after a rotation is about 3.5 / √space of its length. */
function rq8Oracle({ metric, vectors, decoded, fail }) {
  const space = spaceOf(vectors[0].length);
  return {
    checkVector(vector, code, id) {
      const square = dot(vector, vector);
      const product = dot(vector, code);
      if (!(Math.abs(product - square) <= 1e-4 * square)) fail(`expected a product of ${square} of row ${id} with its code, got ${product}`);
      const error = length(vector.map((x, d) => x - code[d])) / length(vector);
      if (!(error <= 0.03)) fail(`expected row ${id} to be off by less than 0.03 of its length, got ${error}`);
    },
    distance: (query) => (id) => fromProduct(metric, query, vectors[id], dot(query, decoded[id]), 0.08 / Math.sqrt(space)),
  };
}

function rq1Oracle({ metric, vectors, decoded, fail }) {
  const space = spaceOf(vectors[0].length);
  const share = 2 / Math.PI; // of the length of a Gaussian vector that its signs tell
  return {
    checkVector(vector, code, id) {
      const square = dot(vector, vector);
      const product = dot(vector, code);
      if (!(Math.abs(product - share * square) <= 1e-4 * square)) fail(`expected a product of ${share * square} of row ${id} with its code, got ${product}`);
    },
    distance: (query) => (id) => fromProduct(metric, query, vectors[id], dot(query, decoded[id]) / share, 0.6 / Math.sqrt(space)),
  };
}
