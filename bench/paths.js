// Where the suite reads and writes.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const benchDir = fileURLToPath(new URL('.', import.meta.url));
export const repositoryDir = fileURLToPath(new URL('..', import.meta.url));
/** Data sets, peers and other runtimes; ignored by git and safe to delete. */
export const cacheDir = join(benchDir, '.cache');
export const resultsDir = join(benchDir, 'results');
