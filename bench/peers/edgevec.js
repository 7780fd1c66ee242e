// edgevec, a Rust engine in WebAssembly. Two of its quirks matter here:
//  - 0.9.0 ranks the farthest vectors first for `cosine` and `dot`, so cosine is measured as l2 over unit vectors,
//    which ranks the same;
//  - a search takes no ef. It is a field of the index in WebAssembly memory, found once by its neighbours
//    [m, m0, efConstruction, ef, dimensions] and overwritten.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const markedEf = 7919;   // a number that nothing else in a fresh index holds

/** @type {import('./index.js').Peer} */
export const edgevec = {
  name: 'edgevec',
  packages: ['edgevec@0.9.0'],
  kind: 'wasm',
  notes: ['cosine is measured with l2 over unit vectors, because its own cosine returns the farthest vectors', 'it has no ef per search: the field is patched in its memory'],
  async load({ folder }) {
    const library = await import(pathToFileURL(join(folder('edgevec'), 'edgevec.js')).href);
    const { memory } = library.initSync({ module: readFileSync(join(folder('edgevec'), 'edgevec_bg.wasm')) });
    return async ({ dimensions, metric, m, efConstruction }) => {
      const config = new library.EdgeVecConfig(dimensions);
      Object.assign(config, { metric: 'l2', m, m0: 2 * m, ef_construction: efConstruction, ef_search: markedEf });
      const index = new library.EdgeVec(config);
      const efFields = findSequence(memory, [m, 2 * m, efConstruction, markedEf, dimensions]).map((at) => at + 3);
      if (efFields.length === 0) throw new Error('ef was not found in memory: another version of edgevec?');
      return engine(index, dimensions, metric === 'cosine', (ef) => {
        const words = new Uint32Array(memory.buffer);
        for (const at of efFields) words[at] = ef;
      }, memory);
    };
  },
};

/** @returns {import('./index.js').Engine} */
function engine(index, dimensions, unit, setEf, memory) {
  const idOf = [];   // edgevec's own id (from 1) → ours
  let currentEf = 0;
  return {
    add(vectors, ids) {
      const rows = unit ? unitRows(vectors, dimensions) : vectors;
      index.insertBatchFlat(rows, ids.length).forEach((own, i) => { idOf[own] = ids[i]; });
    },
    search(query, k, ef) {
      if (ef !== currentEf) setEf(currentEf = ef);
      return index.search(unit ? unitRows(query, dimensions) : query, k).map((hit) => idOf[hit.id]);
    },
    bytes: () => ({ index: index.memoryUsage(), held: memory.buffer.byteLength, from: 'memoryUsage() and WebAssembly memory' }),
    dispose: () => index.free(),
  };
}

function unitRows(vectors, dimensions) {
  const unit = new Float32Array(vectors.length);
  for (let start = 0; start < vectors.length; start += dimensions) {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += vectors[start + d] ** 2;
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
    for (let d = 0; d < dimensions; d++) unit[start + d] = vectors[start + d] * scale;
  }
  return unit;
}

function findSequence(memory, sequence) {
  const words = new Uint32Array(memory.buffer);
  const found = [];
  for (let at = 0; at + sequence.length <= words.length; at++) if (sequence.every((word, i) => words[at + i] === word)) found.push(at);
  return found;
}
