// Short requests of customers to companies, 126,805 of them, embedded by a real model. The texts are read from the folder
// VECTILE_DATA; they are not part of this repository.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { embedInto, encoderDimensions as dimensions, encoderSource } from './encoder.js';

const queryCount = 1000;
const textsFile = 'support-texts.jsonl.gz', queriesFile = 'support-queries.jsonl';

/** Why the data set cannot be made, or undefined. */
export function missingSupport() {
  const folder = process.env.VECTILE_DATA;
  if (!folder) return 'VECTILE_DATA, the folder of the support texts, is not set';
  const file = [textsFile, queriesFile].find((name) => !existsSync(join(folder, name)));
  return file && `${file} is not in ${folder}`;
}

/** @returns {{ id: string, text: string, account: string, label: string, source: string }[]} */
export const supportTexts = () => parseLines(gunzipSync(read(textsFile)));
export const supportQueries = () => parseLines(read(queriesFile)).slice(0, queryCount);

export const support = {
  metric: 'cosine',
  source: `CLINC150 and Schema-Guided Dialogue user turns, embedded with ${encoderSource}; queries: 1,000 held-out CLINC150 questions`,
  async make({ cacheDir, dataDir, limit, progress }) {
    const all = supportTexts();
    const rows = Math.min(all.length, limit);
    const texts = [...supportQueries(), ...all.slice(0, rows)].map(({ text }) => text);
    const vectors = await embedInto(join(dataDir, 'support-512.partial.f32'), texts, { cacheDir, progress });
    return { dimensions, queries: vectors.subarray(0, queryCount * dimensions), base: vectors.subarray(queryCount * dimensions), complete: rows === all.length };
  },
};

function read(name) {
  const missing = missingSupport();
  if (missing) throw new Error(`support texts: ${missing}`);
  return readFileSync(join(process.env.VECTILE_DATA, name));
}

const parseLines = (bytes) => bytes.toString('utf8').trim().split('\n').map((line) => JSON.parse(line));
