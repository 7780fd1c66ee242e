// Peers live in bench/.cache/peers/abi<n>/<packages><compiler flags>, one folder per Node ABI, because addons are
// compiled for one.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { npmInstall } from '../data/npm-package.js';
import { cacheDir } from '../paths.js';

const folderOf = ({ packages, cxxFlags = '' }) => join(cacheDir, 'peers', `abi${process.versions.modules}`, `${packages.join('+').replaceAll('/', '__')}${cxxFlags.replaceAll(' ', '')}`);

export async function installPeer(peer, progress) {
  if (peer.packages.length === 0) return;
  await npmInstall(peer.packages, folderOf(peer), { cxxFlags: peer.cxxFlags, onProgress: progress.fetch(peer.packages.join(' ')) });
}

/** Imports an installed peer. @returns {Promise<(options: import('./index.js').EngineOptions) => Promise<import('./index.js').Engine>>} */
export function loadPeer(peer) {
  const folder = folderOf(peer);
  const require = createRequire(join(folder, 'package.json'));
  return peer.load({
    require,
    import: (name) => import(pathToFileURL(require.resolve(name)).href),
    folder: (name) => join(folder, 'node_modules', name),
  });
}

/** Name → version that really runs. */
export function peerVersions(peer) {
  if (peer.version) return { [peer.name]: peer.version() };
  const root = folderOf(peer);
  return Object.fromEntries(peer.packages.map((spec) => {
    const name = spec.slice(0, spec.lastIndexOf('@'));
    return [name, createRequire(import.meta.url)(join(root, 'node_modules', name, 'package.json')).version];
  }));
}
