/** The package as npm would publish it, and what publint and attw say about it. */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { problemKindInfo } from '@arethetypeswrong/core/problems';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const npm = (args, options) => execFileSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32', ...options });

/**
 * Ways to resolve types in which the package is not meant to work: it is ES modules only, and TypeScript's old `node10`
 * resolution does not know `exports`.
 */
const unsupported = ['node10', 'node16-cjs'];
/** What a bundler imports as a file has no types. */
const untyped = [/\.wasm$/];

/**
 * Packs dist/ as it is.
 * @param {string} folder where the tarball is put
 * @returns {{ tarball: string, files: string[], bytes: number }}
 */
export function pack(folder) {
  const [{ filename, files, size }] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root }));
  return { tarball: join(folder, filename), files: files.map((file) => file.path), bytes: size };
}

/** @returns {Promise<string[]>} what is wrong with the tarball, in words */
export async function lint(tarball) {
  const data = new Uint8Array(await readFile(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: data.buffer } });
  const types = await checkPackage(createPackageFromTarballData(data), { excludeEntrypoints: untyped });
  if (!types.types) return ['attw: the package has no types'];
  return [
    ...messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`),
    ...types.problems
      .filter((problem) => !unsupported.includes(problem.resolutionKind))
      .map((problem) => `attw: ${problem.entrypoint ?? ''} ${problem.resolutionKind ?? ''} ${problemKindInfo[problem.kind].shortDescription}`),
  ];
}
