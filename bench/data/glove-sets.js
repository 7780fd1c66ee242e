// Two data sets of GloVe word vectors: all words, and 100,000 random ones (the gate: it builds in a minute).

import { glovePackage, gloveDimensions, gloveFiles, readGlove } from './glove.js';
import { npmPackage } from './npm-package.js';
import { permutation, takeRows } from './random.js';

const queryCount = 1000;

export const glove = {
  metric: 'cosine',
  source: `npm ${glovePackage}; queries: 1,000 random words held out (seed 42)`,
  make: (context) => split(context, Infinity),
};

export const glove100k = {
  metric: 'cosine',
  source: `npm ${glovePackage}; 100,000 random rows and the 1,000 queries of glove-100 (seed 42)`,
  make: (context) => split(context, 100_000),
};

async function split({ cacheDir, progress }, rows) {
  const folder = await npmPackage(glovePackage, { cacheDir, files: gloveFiles, onProgress: progress.fetch(glovePackage) });
  const { words, vectors } = await readGlove(folder, { onProgress: progress.count('read words') });
  const order = permutation(words.length, 42);
  const queryRows = order.subarray(0, queryCount);
  const baseRows = order.subarray(queryCount, queryCount + rows);   // in random order: the first n rows are a sample too
  return {
    dimensions: gloveDimensions,
    base: takeRows(vectors, gloveDimensions, baseRows),
    queries: takeRows(vectors, gloveDimensions, queryRows),
  };
}
