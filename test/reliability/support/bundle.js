/**
 * Programs for processes that are to be killed: made of the sources by esbuild, into a temporary folder. `mutations` plant bugs:
 * each replaces a piece of a source, which must be there exactly once.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const wasm = join(root, 'dist/core.wasm');

/** @param {{ entry: string, outfile: string, mutations?: { file: string, from: string, to: string }[] }} options `entry`: beside this file */
export async function bundle({ entry, outfile, mutations = [] }) {
  const left = new Set(mutations);
  await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    ignoreAnnotations: true, // package.json says that only what is in dist has side effects
    logLevel: 'error',
    define: { CORE_WASM: JSON.stringify(wasm) },
    plugins: [{
      name: 'plant',
      setup({ onLoad }) {
        if (!mutations.length) return;
        onLoad({ filter: /\.ts$/ }, ({ path }) => {
          let contents = readFileSync(path, 'utf8');
          for (const mutation of mutations) {
            if (mutation.file !== relative(root, path)) continue;
            const parts = contents.split(mutation.from);
            if (parts.length !== 2) throw new Error(`${mutation.file}: expected once, got ${parts.length - 1} times: ${mutation.from}`);
            contents = parts.join(mutation.to);
            left.delete(mutation);
          }
          return { contents, loader: 'ts' };
        });
      },
    }],
  });
  for (const { file } of left) throw new Error(`${file}: expected to be a part of ${entry}`);
  return outfile;
}
