// The engines that can be compared, and what an adapter must offer. An adapter hides nothing: whatever a caller of the
// engine's public interface pays (converting arguments, reading results) is paid inside add() and search() here too.

import { edgevec } from './edgevec.js';
import { faissNode } from './faiss-node.js';
import { hnswJs } from './hnsw-js.js';
import { hnswlibNative, hnswlibNode } from './hnswlib-node.js';
import { hnswlibWasm } from './hnswlib-wasm.js';
import { jsFlat } from './js-flat.js';
import { sqliteVec } from './sqlite-vec.js';
import { usearch, usearchI8 } from './usearch.js';
import { vectile, vectileCompact, vectileFast, vectileFlat, vectileFlatFast, vectileSmallest } from './vectile.js';
import { zvec } from './zvec.js';

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string[]} packages `name@version`, installed together; the first holds the engine; empty for our own
 * @property {string} [cxxFlags] for compiling its addon; such a build has a folder of its own
 * @property {'native' | 'wasm' | 'js'} kind
 * @property {boolean} [exact] scans every row: `ef` means nothing, and recall is 1 unless its notes say otherwise
 * @property {string[]} [metrics] when it does not do all
 * @property {string[]} [notes] what a reader of its figures must know; copied into every result
 * @property {(modules: Modules) => Promise<(options: EngineOptions) => Promise<Engine>>} load imports the engine and returns its constructor
 *
 * @typedef {object} Modules how an adapter reaches its packages
 * @property {(name: string) => Promise<any>} import
 * @property {(name: string) => any} require
 * @property {(name: string) => string} folder of an installed package
 *
 * @typedef {{ dimensions: number, metric: 'cosine' | 'l2-squared', rows: number, m: number, efConstruction: number }} EngineOptions
 *   `rows` is how many will be added; engines that reserve room do it with this
 *
 * @typedef {object} Engine
 * @property {(vectors: Float32Array, ids: Uint32Array) => void | Promise<void>} add one slice of rows; called repeatedly
 * @property {() => void | Promise<void>} [finish] work due once after the last slice; counted as building
 * @property {(efs: number[]) => void | Promise<void>} [prepare] before any search with these efs; not timed
 * @property {(query: Float32Array, k: number, ef: number) => ArrayLike<number | bigint | string>} search ids of the nearest
 * @property {() => { index: number, held?: number, from: string }} [bytes] size of the index, memory held for it, and how that is known
 * @property {(path: string) => void | Promise<void>} [save]
 * @property {(path: string) => Promise<Engine>} [reopen] a second engine from what save() wrote
 * @property {() => void} [dispose]
 */

/** @type {Record<string, Peer>} */
export const peers = Object.fromEntries(
  [
    vectile, vectileFast, vectileCompact, vectileSmallest, vectileFlat, vectileFlatFast,
    hnswlibNode, hnswlibNative, usearch, usearchI8, zvec, faissNode, hnswlibWasm, edgevec, hnswJs, sqliteVec, jsFlat,
  ].map((peer) => [peer.name, peer]),
);

export function peerNamed(name) {
  if (!peers[name]) throw new Error(`peer: expected one of ${Object.keys(peers).join(', ')}; got ${name}`);
  return peers[name];
}
