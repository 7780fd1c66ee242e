// Orama: vectors in a map, compared one by one. A document holds its vector as an array of numbers, and the index once more.

import { create, insert, load, save, searchVector } from '@orama/orama';
import { getValue, putValue } from './value.js';

/** @returns {import('../peers.js').PagePeer} */
export function createPeer() {
  let db, dimensions;
  const empty = (options) => {
    ({ dimensions } = options);
    db = create({ schema: { embedding: `vector[${dimensions}]` }, sort: { enabled: false } });
  };
  return {
    create: async (options) => empty(options),
    async add(vectors, firstId) {
      for (let at = 0, id = firstId; at < vectors.length; at += dimensions, id++) {
        await insert(db, { id: String(id), embedding: Array.from(vectors.subarray(at, at + dimensions)) });
      }
    },
    save: async () => putValue(save(db)),
    async open(options) {
      empty(options);
      load(db, await getValue());
    },
    async search(query, k, similarity) {
      const { hits } = await searchVector(db, { mode: 'vector', vector: { value: query, property: 'embedding' }, similarity, limit: k });
      return hits.map(({ id }) => id);
    },
  };
}
