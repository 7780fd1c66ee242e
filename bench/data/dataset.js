// Data sets by name, made on first use and kept below bench/.cache/data/<name>/:
//   base.f32, queries.f32     rows × dimensions, little-endian
//   truth-<rows>.f64 / .u32   exact top 100 of every query among the first <rows> rows
//   meta.json                 written last: a folder without it is made again
// `limit` takes the first rows, with ground truth of their own.

import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../paths.js';
import { glove, glove100k, gloveMillion } from './glove-sets.js';
import { exactNeighbors } from './ground-truth.js';
import { mnist } from './mnist.js';
import { support } from './support.js';
import { wordnet } from './wordnet.js';

export const datasets = { 'glove-100': glove, 'glove-100-100k': glove100k, 'glove-100-1m': gloveMillion, 'mnist-784': mnist, 'wordnet-512': wordnet, 'support-512': support };
/** Neighbours known per query: no search can be judged beyond. */
export const truthDepth = 100;

/**
 * @typedef {object} Dataset
 * @property {string} name `glove-100-100k`, or `glove-100-100k-first20000` under a limit
 * @property {'cosine' | 'l2-squared'} metric
 * @property {string} source
 * @property {number} dimensions
 * @property {number} rows
 * @property {number} queryCount
 * @property {Float32Array} base rows × dimensions
 * @property {Float32Array} queries queryCount × dimensions
 * @property {{ ids: Uint32Array, distances: Float64Array, k: number }} truth
 */

/** @returns {Promise<Dataset>} */
export async function openDataset(name, { limit = Infinity, progress }) {
  const kind = datasets[name];
  if (!kind) throw new Error(`data set: expected one of ${Object.keys(datasets).join(', ')}; got ${name}`);
  const dataDir = join(cacheDir, 'data'), folder = join(dataDir, name);
  if (!suffices(folder, limit)) {
    const made = await kind.make({ cacheDir: join(cacheDir, 'npm'), dataDir, limit, progress });
    store(folder, made, kind);
  }

  const meta = readMeta(folder);
  const rows = Math.min(limit, meta.rows);
  const data = {
    name: rows < meta.rows || !meta.complete ? `${name}-first${rows}` : name,
    metric: kind.metric, source: kind.source, dimensions: meta.dimensions, rows, queryCount: meta.queries,
    base: readFloats(join(folder, 'base.f32'), rows * meta.dimensions),
    queries: readFloats(join(folder, 'queries.f32'), meta.queries * meta.dimensions),
  };
  return { ...data, truth: groundTruth(data, folder, progress) };
}

const readMeta = (folder) => JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8'));

function suffices(folder, limit) {
  if (!existsSync(join(folder, 'meta.json'))) return false;
  const meta = readMeta(folder);
  return meta.complete || meta.rows >= limit;
}

function store(folder, { dimensions, base, queries, complete = true }, { metric, source }) {
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  writeBytes(join(partial, 'base.f32'), base);
  writeBytes(join(partial, 'queries.f32'), queries);
  const meta = { metric, source, dimensions, rows: base.length / dimensions, queries: queries.length / dimensions, complete };
  writeFileSync(join(partial, 'meta.json'), `${JSON.stringify(meta, null, 2)}\n`);
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
}

function groundTruth(data, folder, progress) {
  const k = Math.min(truthDepth, data.rows), length = data.queryCount * k;
  const file = join(folder, `truth-${data.rows}`);
  if (!existsSync(`${file}.f64`)) {
    const { ids, distances } = exactNeighbors(data, k, progress.count('exact neighbours'));
    writeBytes(`${file}.u32`, ids);
    writeBytes(`${file}.f64.partial`, distances);
    renameSync(`${file}.f64.partial`, `${file}.f64`);
  }
  const ids = new Uint32Array(length), distances = new Float64Array(length);
  readInto(`${file}.u32`, ids);
  readInto(`${file}.f64`, distances);
  return { ids, distances, k };
}

function readFloats(file, length) {
  const floats = new Float32Array(length);
  readInto(file, floats);
  return floats;
}

/** Fills an array from the start of a file; in pieces, because one read stops at 2 GiB. */
function readInto(file, array) {
  const bytes = new Uint8Array(array.buffer);
  const handle = openSync(file, 'r');
  try {
    if (fstatSync(handle).size < bytes.length) throw new Error(`${file}: expected ${bytes.length} bytes, got ${fstatSync(handle).size}`);
    for (let at = 0; at < bytes.length;) at += readSync(handle, bytes, at, Math.min(1 << 28, bytes.length - at), at);
  } finally { closeSync(handle); }
}

function writeBytes(file, array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const handle = openSync(file, 'w');
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at, Math.min(1 << 28, bytes.length - at), at);
  } finally { closeSync(handle); }
}
