/** The first rows of GloVe, if they lie in the cache of the benchmarks or in the folder that VECTILE_DATA names. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gloveDimensions, gloveFiles, glovePackage, readGlove } from '../../bench/data/glove.js';
import { cacheDir } from '../../bench/paths.js';

const [file] = Object.keys(gloveFiles);
const name = glovePackage.slice(0, glovePackage.lastIndexOf('@'));
const folder = [process.env.VECTILE_DATA, join(cacheDir, 'npm', glovePackage, 'node_modules', name)].find((path) => path && existsSync(join(path, file)));

/** Why there is none; undefined if there is. */
export const missing = folder ? undefined : `no ${file} in VECTILE_DATA or in the cache of the benchmarks`;
export const dimensions = gloveDimensions;

/** `count` rows to index and as many `queries` after them. */
export async function glove(count, queries) {
  const { vectors } = await readGlove(folder, { limit: count + queries });
  const row = (i) => vectors.subarray(i * dimensions, (i + 1) * dimensions);
  return { rows: vectors.subarray(0, count * dimensions), row, queries: Array.from({ length: queries }, (_, i) => row(count + i)) };
}
