// hnswlib compiled to WebAssembly for browsers, without SIMD. loadHnswlib() insists on IndexedDB, so the factory inside
// is called, under a `window` that exists only while it looks for one. Its only persistence is IndexedDB: none here.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** @type {import('./index.js').Peer} */
export const hnswlibWasm = {
  name: 'hnswlib-wasm',
  packages: ['hnswlib-wasm@0.8.2'],
  kind: 'wasm',
  notes: ['a browser package: its inner factory runs in Node under a fake `window`', 'published with assertions on and without SIMD'],
  async load({ folder }) {
    const dist = join(folder('hnswlib-wasm'), 'dist');
    const file = readdirSync(dist).find((name) => /^hnswlib-[0-9a-f]+\.js$/.test(name));
    globalThis.window = globalThis;
    let library;
    try {
      const { default: factory } = await import(pathToFileURL(join(dist, file)).href);
      library = await factory();
    } finally { delete globalThis.window; }
    return async ({ dimensions, metric, rows, m, efConstruction }) => {
      const index = new library.HierarchicalNSW(metric === 'cosine' ? 'cosine' : 'l2', dimensions, '');
      index.initIndex(rows, m, efConstruction, 100);
      return engine(index, dimensions, library);
    };
  },
};

/** @returns {import('./index.js').Engine} */
function engine(index, dimensions, library) {
  let currentEf = 0;
  return {
    add(vectors, ids) {
      for (let i = 0; i < ids.length; i++) index.addPoint(vectors.subarray(i * dimensions, (i + 1) * dimensions), ids[i], false);
    },
    search(query, k, ef) {
      if (ef !== currentEf) index.setEfSearch(currentEf = ef);
      return index.searchKnn(query, k, undefined).neighbors;
    },
    bytes: () => ({ index: library.HEAPU8.length, held: library.HEAPU8.length, from: 'WebAssembly memory' }),
    dispose: () => index.delete(),
  };
}
