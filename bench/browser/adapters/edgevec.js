// edgevec. As in ../../peers/edgevec.js: l2 over unit vectors, because its cosine ranks the farthest first, and ef is a field
// of the index in memory, found by its neighbours [m, m0, efConstruction, ef, dimensions].

import initialize, { EdgeVec, EdgeVecConfig } from 'edgevec';

const name = 'bench';

/** @returns {import('../peers.js').PagePeer} */
export function createPeer() {
  let memory, index, fields, options, dimensions, currentEf = 0;

  async function start(given) {
    ({ dimensions } = options = given);
    ({ memory } = await initialize({ module_or_path: '/edgevec_bg.wasm' }));
  }

  /** Places of ef in memory, in words. */
  function findEf() {
    const { m, efConstruction } = options;
    const words = new Uint32Array(memory.buffer), found = [];
    for (let at = 0; at + 5 <= words.length; at++) {
      if (words[at] === m && words[at + 1] === 2 * m && words[at + 2] === efConstruction && words[at + 4] === dimensions) found.push(at + 3);
    }
    if (!found.length) throw new Error('ef was not found in memory: another version of edgevec?');
    return found;
  }

  return {
    async create(given) {
      await start(given);
      const { m, efConstruction } = options;
      const config = new EdgeVecConfig(dimensions);
      Object.assign(config, { metric: 'l2', m, m0: 2 * m, ef_construction: efConstruction, ef_search: efConstruction });
      index = new EdgeVec(config);
    },
    add(vectors) { index.insertBatchFlat(unitRows(vectors, dimensions), vectors.length / dimensions); },
    save: () => index.save(name),
    async open(given) {
      await start(given);
      index = await EdgeVec.load(name);
    },
    search(query, k, ef) {
      if (ef !== currentEf) {
        fields ??= findEf();
        const words = new Uint32Array(memory.buffer);
        for (const at of fields) words[at] = ef;
        currentEf = ef;
      }
      return index.search(unitRows(query, dimensions), k).map(({ id }) => id - 1);   // it counts from 1
    },
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
