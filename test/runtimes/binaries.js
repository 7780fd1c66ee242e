/** Other JavaScript runtimes, out of npm packages that carry their binaries. Fetched once into the benchmarks' cache. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { npmInstall } from '../../bench/data/npm-package.js';
import { nodeBinary } from '../../bench/machine.js';
import { cacheDir } from '../../bench/paths.js';
import { createProgress } from '../../bench/progress.js';

const progress = createProgress();

/** The package that is installed, the scope of its packages per platform, and the binary in these. */
const packages = {
  bun: { spec: 'bun@1.4.5', scope: '@oven', binary: 'bin/bun' },
  deno: { spec: 'deno@2.9.6', scope: '@deno', binary: 'deno' },
  workerd: { spec: 'workerd@1.20261117.1', scope: '@cloudflare', binary: 'bin/workerd' },
};

/**
 * @param {'node24' | keyof typeof packages} name
 * @returns {Promise<{ path?: string, missing?: string }>} the binary, or why there is none
 */
export async function runtimeBinary(name) {
  try {
    return { path: name === 'node24' ? await nodeBinary(24, progress) : await fetchBinary(packages[name]) };
  } catch (error) {
    return { missing: error.message };
  }
}

async function fetchBinary({ spec, scope, binary }) {
  const folder = join(cacheDir, 'runtimes', spec);
  // The packages' install scripts only move the binary of the platform's package, which works where it is.
  await npmInstall([spec], folder, { onProgress: progress.fetch(spec), scripts: false });
  const platforms = join(folder, 'node_modules', scope);
  const file = process.platform === 'win32' ? `${binary}.exe` : binary;
  const path = readdirSync(platforms).map((platform) => join(platforms, platform, file)).find((candidate) => existsSync(candidate));
  if (!path) throw new Error(`expected ${file} in a package of ${scope}, got none`);
  return path;
}
