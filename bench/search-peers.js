// Inverted indexes that keyword search is measured beside, and what an adapter must offer.

import { minisearch } from './peers/minisearch.js';
import { orama } from './peers/orama.js';

/**
 * @typedef {object} TextPeer otherwise as a Peer of peers/index.js
 * @property {string} name
 * @property {string[]} packages
 * @property {'js' | 'wasm' | 'native'} kind
 * @property {string[]} notes
 * @property {(modules: import('./peers/index.js').Modules) => Promise<{ create: () => TextIndex, parse: (saved: string) => TextIndex }>} load
 *
 * @typedef {object} TextIndex over the property `text`, by the words that data/words.js cuts
 * @property {(objects: { id: string, text: string }[]) => void} add
 * @property {(text: string, k: number) => string[]} search ids of those with any word of the text, best first
 * @property {() => string} save
 */

/** @type {Record<string, TextPeer>} */
export const textPeers = Object.fromEntries([minisearch, orama].map((peer) => [peer.name, peer]));
