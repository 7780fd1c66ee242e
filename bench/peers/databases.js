// Databases that hold objects and vectors in a folder, and what an adapter must offer. Like adapters of engines it hides
// nothing: converting objects, vectors and results is paid inside.

import { lancedbHnsw, lancedbPq } from './lancedb.js';
import { vectileDatabase } from './vectile-database.js';
import { vectra } from './vectra.js';

/**
 * @typedef {object} DatabasePeer otherwise as a Peer of index.js
 * @property {string} name
 * @property {string[]} packages
 * @property {'native' | 'wasm' | 'js'} kind
 * @property {string[]} notes
 * @property {(modules: import('./index.js').Modules) => Promise<{
 *   create: (folder: string, dimensions: number) => Promise<OpenDatabase>, open: (folder: string) => Promise<OpenDatabase>,
 * }>} load
 *
 * @typedef {{ id: string, text: string, account: string, createdAt: Date, vector: Float32Array }} BenchObject
 *
 * @typedef {object} OpenDatabase
 * @property {(objects: Iterable<BenchObject>) => Promise<void>} import all of them, until searches use the index for all
 * @property {unknown[]} settings of searches, from fast to thorough; exact ones have a single one
 * @property {(query: Float32Array, k: number, setting: unknown) => Promise<string[]>} search ids of the nearest; their properties are read, too
 * @property {(id: string) => Promise<unknown>} get
 * @property {() => Promise<void>} close
 */

/** @type {Record<string, DatabasePeer>} */
export const databases = Object.fromEntries([vectileDatabase, lancedbPq, lancedbHnsw, vectra].map((peer) => [peer.name, peer]));
