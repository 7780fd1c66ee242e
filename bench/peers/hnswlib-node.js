// hnswlib behind a Node addon, compiled when it is installed: as its package does it, and for this very processor.

import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

const nativeFlags = '-O3 -march=native';

export const hnswlibNode = describe('hnswlib-node', undefined, 'its build uses the compiler\'s default target: 128-bit SSE on x64');
export const hnswlibNative = describe('hnswlib-native', nativeFlags, `hnswlib-node, built from source with ${nativeFlags}`);

/** @returns {import('./index.js').Peer} */
function describe(name, cxxFlags, buildNote) {
  return {
    name,
    packages: ['hnswlib-node@3.0.0'],
    cxxFlags,
    kind: 'native',
    get notes() { return ['takes number[] only: the adapter copies each vector into one reused array', buildNote, `compiled by ${compiler()}`]; },
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
}

/** The compiler that node-gyp takes on this machine. */
function compiler() {
  try { return execFileSync(process.env.CXX ?? 'g++', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0]; } catch { return 'an unknown compiler'; }
}

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
