/** The package as a user has it: packed, and installed into an empty folder. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npm, pack } from '../../wasm-build/pack.js';

/**
 * A folder with `node_modules/vectile`, and where the tarball is. Remove it when done.
 * @param {Record<string, string>} [files] to write into the folder, by name
 */
export async function installPackage(files = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'vectile-'));
  const packed = pack(folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  npm(['install', packed.tarball, '--offline', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return { ...packed, folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
