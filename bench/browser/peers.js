// The engines that are measured in a page, and what an adapter must offer. As in ../peers: whatever a caller of the engine's
// public interface pays (converting arguments, reading results, waiting for a worker) is paid inside add() and search() too.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmInstall } from '../data/npm-package.js';
import { cacheDir, repositoryDir } from '../paths.js';

/**
 * @typedef {object} BrowserPeer
 * @property {string} name
 * @property {string} adapter file in adapters/, which exports `createPeer(config)`
 * @property {object} [config] handed to it
 * @property {string[]} packages `name@version`, installed together without their scripts; empty for our own
 * @property {'wasm' | 'js'} kind
 * @property {string[]} [leaveOut] modules its packages import and never reach here
 * @property {string[]} [files] of its first package, that the page fetches
 * @property {(k: number) => (number | null)[]} settings what search() takes third, by ascending recall; one, if there is no choice
 * @property {boolean} [slow] needs more than ten minutes for 100,000 rows
 * @property {string[]} notes what a reader of its figures must know
 *
 * @typedef {{ dimensions: number, rows: number, m: number, efConstruction: number }} PageOptions the metric is cosine
 *
 * @typedef {object} PagePeer in a page
 * @property {(options: PageOptions) => Promise<void>} create loads the library and makes an empty index
 * @property {(vectors: Float32Array, firstId: number) => void | Promise<void>} add one slice of rows, numbered from `firstId`
 * @property {() => void | Promise<void>} [finish] until every row is found by its graph; counted as importing
 * @property {() => Promise<void>} save until a second visit can open it
 * @property {(options: PageOptions) => Promise<void>} open in a page of a later visit
 * @property {(query: Float32Array, k: number, setting: number | null) => ArrayLike<number | string> | Promise<ArrayLike<number | string>>} search ids of the nearest
 */

const efMax = 1000;
const efs = (k) => Array.from({ length: efMax - k + 1 }, (_, i) => k + i);
const scan = () => [null];

/** @type {Record<string, BrowserPeer>} */
export const browserPeers = Object.fromEntries([
  {
    name: 'vectile-fast', adapter: 'vectile.js', config: { mode: 'fast' }, packages: [], kind: 'wasm', settings: efs,
    notes: ['the engine in the page, mode fast; its image is one Blob in IndexedDB'],
  },
  {
    name: 'vectile', adapter: 'vectile.js', config: { mode: 'exact' }, packages: [], kind: 'wasm', settings: efs,
    notes: ['the engine in the page, exact floats; its image is one Blob in IndexedDB'],
  },
  {
    name: 'vectile-database', adapter: 'vectile-database.js', packages: [], kind: 'wasm', settings: efs,
    notes: ['the database, in IndexedDB and in its worker; exact floats; a slice is durable when it is added; saving is closing'],
  },
  {
    name: 'orama', adapter: 'orama.js', packages: ['@orama/orama@3.1.18'], kind: 'js',
    settings: () => [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0, -1],
    notes: [
      'scans all; the setting is its threshold of similarity, the highest that finds the wanted share',
      'what its save() returns is one value in IndexedDB, as an object: as JSON 100,000 vectors are longer than a string may be',
    ],
  },
  {
    name: 'client-vector-search', adapter: 'client-vector-search.js', packages: ['client-vector-search@0.2.0'], kind: 'js', settings: scan,
    leaveOut: ['@xenova/transformers'],
    notes: ['scans all, in memory: its search in IndexedDB reads every object for each query', 'opening is reading all objects from its IndexedDB and adding them'],
  },
  {
    name: 'hnswlib-wasm', adapter: 'hnswlib-wasm.js', packages: ['hnswlib-wasm@0.8.2'], kind: 'wasm', settings: efs,
    notes: ['published with assertions on and without SIMD', 'saved as a file of its IDBFS'],
  },
  {
    name: 'edgevec', adapter: 'edgevec.js', packages: ['edgevec@0.9.0'], kind: 'wasm', settings: efs, slow: true, files: ['edgevec_bg.wasm'],
    notes: ['cosine is measured with l2 over unit vectors, because its own cosine returns the farthest vectors', 'it has no ef per search: the field is patched in its memory'],
  },
].map((peer) => [peer.name, peer]));

export function browserPeerNamed(name) {
  if (!browserPeers[name]) throw new Error(`peer: expected one of ${Object.keys(browserPeers).join(', ')}; got ${name}`);
  return browserPeers[name];
}

export const folderOf = ({ packages }) => join(cacheDir, 'npm', packages.join('+').replaceAll('/', '__'));

export async function installBrowserPeer(peer, progress) {
  if (peer.packages.length) await npmInstall(peer.packages, folderOf(peer), { scripts: false, onProgress: progress.fetch(peer.packages.join(' ')) });
}

/** Name → version that really runs. */
export function versionsOf(peer) {
  const versionIn = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  if (!peer.packages.length) return { vectile: versionIn(repositoryDir) };
  return Object.fromEntries(peer.packages.map((spec) => {
    const name = spec.slice(0, spec.lastIndexOf('@'));
    return [name, versionIn(join(folderOf(peer), 'node_modules', name))];
  }));
}
