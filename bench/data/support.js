// Short requests of customers to companies, 126,805 of them, embedded by a real model. The texts are read from the folder
// VECTILE_DATA; they are not part of this repository. The vectors of the 1,000 queries come first in their file, then those
// of the requests, so an unfinished file is already a smaller data set of the same kind.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cacheDir as benchCache } from '../paths.js';
import { embeddedRows, embedInto, encoderDimensions as dimensions, encoderSource, readEmbedded } from './encoder.js';

export { loadEncoder } from './encoder.js';

const queryCount = 1000;
const textsFile = 'support-texts.jsonl.gz', queriesFile = 'support-queries.jsonl';
const vectorsFile = (dataDir) => join(dataDir, 'support-512.partial.f32');

/** Why the data set cannot be made, or undefined. */
export function missingSupport() {
  const folder = process.env.VECTILE_DATA;
  if (!folder) return 'VECTILE_DATA, the folder of the support texts, is not set';
  const file = [textsFile, queriesFile].find((name) => !existsSync(join(folder, name)));
  return file && `${file} is not in ${folder}`;
}

/**
 * Why `supportTexts` cannot give that many, or undefined.
 * @param {{ limit?: number }} [options]
 * @returns {string | undefined}
 */
export function missingSupportTexts({ limit = Infinity } = {}) {
  const missing = missingSupport();
  if (missing) return missing;
  const embedded = Math.max(0, embeddedRows(vectorsFile(join(benchCache, 'data'))) - queryCount);
  if (embedded >= limit) return;
  const wanted = Math.min(supportObjects().length, limit);
  if (embedded < wanted) return `${embedded.toLocaleString('en')} of ${wanted.toLocaleString('en')} support texts are embedded; npm run bench -- data support-512 embeds the rest`;
}

/**
 * The first `limit` requests with their vectors, as far as `npm run bench -- data support-512` has embedded them before;
 * throws what `missingSupportTexts` says.
 * @param {{ limit?: number }} [options]
 * @returns {{ objects: { id: number, text: string, account: string, label: string }[], vectors: Float32Array, queries: Float32Array, queryTexts: string[], queryLabels: string[] }}
 *   a request answers a query of the same label
 */
export function supportTexts({ limit = Infinity } = {}) {
  const missing = missingSupportTexts({ limit });
  if (missing) throw new Error(`support texts: ${missing}`);
  const objects = supportObjects().slice(0, limit).map(({ id, text, account, label }) => ({ id, text, account, label }));
  const asked = supportQueries();
  const { queries, base } = split(readEmbedded(vectorsFile(join(benchCache, 'data')), queryCount + objects.length));
  return { objects, vectors: base, queries, queryTexts: asked.map(({ text }) => text), queryLabels: asked.map(({ label }) => label) };
}

/** @returns {{ id: number, text: string, account: string, label: string, source: string }[]} */
export const supportObjects = () => parseLines(gunzipSync(read(textsFile)));
export const supportQueries = () => parseLines(read(queriesFile)).slice(0, queryCount);

export const support = {
  metric: 'cosine',
  source: `CLINC150 and Schema-Guided Dialogue user turns, embedded with ${encoderSource}; queries: 1,000 held-out CLINC150 questions`,
  async make({ cacheDir, dataDir, limit, progress }) {
    const all = supportObjects();
    const rows = Math.min(all.length, limit);
    const texts = [...supportQueries(), ...all.slice(0, rows)].map(({ text }) => text);
    const vectors = await embedInto(vectorsFile(dataDir), texts, { cacheDir, progress });
    return { dimensions, ...split(vectors), complete: rows === all.length };
  },
};

const split = (vectors) => ({ queries: vectors.subarray(0, queryCount * dimensions), base: vectors.subarray(queryCount * dimensions) });

function read(name) {
  const missing = missingSupport();
  if (missing) throw new Error(`support texts: ${missing}`);
  return readFileSync(join(process.env.VECTILE_DATA, name));
}

const parseLines = (bytes) => bytes.toString('utf8').trim().split('\n').map((line) => JSON.parse(line));
