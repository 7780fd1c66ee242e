// client-vector-search: objects in an array, compared one by one.

import { EmbeddingIndex } from 'client-vector-search';

/** @returns {import('../peers.js').PagePeer} */
export function createPeer() {
  let index, dimensions;
  return {
    async create(options) {
      ({ dimensions } = options);
      index = new EmbeddingIndex();
    },
    add(vectors, firstId) {
      for (let at = 0, id = firstId; at < vectors.length; at += dimensions, id++) {
        index.add({ id: String(id), embedding: Array.from(vectors.subarray(at, at + dimensions)) });
      }
    },
    save: () => index.saveIndex('indexedDB'),
    async open() {
      index = new EmbeddingIndex(await new EmbeddingIndex().getAllObjectsFromIndexedDB());
    },
    search: async (query, k) => (await index.search(Array.from(query), { topK: k })).map(({ object }) => object.id),
  };
}
