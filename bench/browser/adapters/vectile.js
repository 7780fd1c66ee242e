// Our engine, as built in dist/, in the thread of the page.

import { getValue, putValue } from './value.js';

const workMs = 50;

/** @returns {import('../peers.js').PagePeer} */
export function createPeer({ mode }) {
  let index;
  const load = () => import('/dist/engine.browser.js');
  return {
    async create({ dimensions, rows, m, efConstruction }) {
      const { VectorIndex } = await load();
      index = await VectorIndex.create({ dimensions, metric: 'cosine', seed: 1, maxConnections: m, efConstruction, mode });
      index.reserve(rows);
    },
    add(vectors, firstId) { index.addMany(Uint32Array.from({ length: vectors.length / index.dimensions }, (_, i) => firstId + i), vectors); },
    finish() { while (index.work(workMs)); },
    save: () => putValue(new Blob([index.serialize()])),
    async open() {
      const { VectorIndex } = await load();
      index = await VectorIndex.deserialize(new Uint8Array(await (await getValue()).arrayBuffer()));
    },
    search: (query, k, ef) => index.search(query, { k, ef }).ids,
  };
}
