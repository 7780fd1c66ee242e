// hnsw, a graph index in plain JavaScript. It has no way to save but JSON of every number, which is not measured.

/** @type {import('./index.js').Peer} */
export const hnswJs = {
  name: 'hnsw-js',
  packages: ['hnsw@1.1.1'],
  kind: 'js',
  async load({ require }) {
    const { HNSW } = require('hnsw');
    return async ({ dimensions, metric, m, efConstruction }) => {
      const index = new HNSW(m, efConstruction, dimensions, metric === 'cosine' ? 'cosine' : 'euclidean', efConstruction);
      return {
        async add(vectors, ids) {
          for (let i = 0; i < ids.length; i++) await index.addPoint(ids[i], vectors.slice(i * dimensions, (i + 1) * dimensions));
        },
        search: (query, k, ef) => index.searchKNN(query, k, { efSearch: ef }).map((hit) => hit.id),
      };
    };
  },
};
