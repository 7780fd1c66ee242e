// hnswlib compiled to WebAssembly. It writes a file into the memory of its file system, which is copied to IndexedDB.

import { loadHnswlib, syncFileSystem } from 'hnswlib-wasm';

const file = 'index.dat';
const seed = 100;

/** @returns {import('../peers.js').PagePeer} */
export function createPeer() {
  let library, index, dimensions, currentEf = 0;
  async function start(options) {
    ({ dimensions } = options);
    library = await loadHnswlib();
    index = new library.HierarchicalNSW('cosine', dimensions, '');
  }
  return {
    async create(options) {
      await start(options);
      index.initIndex(options.rows, options.m, options.efConstruction, seed);
    },
    add(vectors, firstId) {
      for (let at = 0, id = firstId; at < vectors.length; at += dimensions, id++) index.addPoint(vectors.subarray(at, at + dimensions), id, false);
    },
    async save() {
      await index.writeIndex(file);
      await syncFileSystem('write');
    },
    async open(options) {
      await start(options);
      await syncFileSystem('read');
      await index.readIndex(file, options.rows);
    },
    search(query, k, ef) {
      if (ef !== currentEf) index.setEfSearch(currentEf = ef);
      return index.searchKnn(query, k, undefined).neighbors;
    },
  };
}
