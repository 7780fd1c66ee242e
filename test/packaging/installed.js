/** The package as a user has it: packed, and installed into an empty folder. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { npm, pack, root } from '../../wasm-build/pack.js';

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

/** Makes packages that are installed here, and their types, be installed in a folder. */
export async function linkPackages(folder, names) {
  for (const name of names.flatMap((one) => [one, `@types/${one}`])) {
    const target = join(root, 'node_modules', name);
    if (!existsSync(target)) continue;
    const place = join(folder, 'node_modules', name);
    await mkdir(dirname(place), { recursive: true });
    await symlink(target, place, 'junction');
  }
}
