// hnswlib behind a Node addon, compiled when it is installed.

import { statSync } from 'node:fs';

/** @type {import('./index.js').Peer} */
export const hnswlibNode = {
  name: 'hnswlib-node',
  packages: ['hnswlib-node@3.0.0'],
  kind: 'native',
  notes: ['takes number[] only: the adapter copies each vector into one reused array', 'its build uses the compiler\'s default target: 128-bit SSE on x64'],
  async load({ require }) {
    const { HierarchicalNSW } = require('hnswlib-node');
    return async ({ dimensions, metric, rows, m, efConstruction }) => {
      const space = metric === 'cosine' ? 'cosine' : 'l2';
      const index = new HierarchicalNSW(space, dimensions);
      index.initIndex(rows, m, efConstruction, 100);
      return engine(index, dimensions, () => new HierarchicalNSW(space, dimensions));
    };
  },
};

/** @returns {import('./index.js').Engine} */
function engine(index, dimensions, empty) {
  const point = new Array(dimensions).fill(0.5);   // 0.5 keeps V8's array of doubles
  const load = (vectors, start) => { for (let d = 0; d < dimensions; d++) point[d] = vectors[start + d]; };
  let currentEf = 0, savedBytes = 0;
  return {
    add(vectors, ids) {
      for (let i = 0; i < ids.length; i++) { load(vectors, i * dimensions); index.addPoint(point, ids[i]); }
    },
    search(query, k, ef) {
      if (ef !== currentEf) index.setEf(currentEf = ef);
      load(query, 0);
      return index.searchKnn(point, k).neighbors;
    },
    bytes: () => (savedBytes ? { index: savedBytes, from: 'index file' } : undefined),
    save(path) { index.writeIndexSync(path); savedBytes = statSync(path).size; },
    async reopen(path) { const again = empty(); again.readIndexSync(path); return engine(again, dimensions, empty); },
  };
}
