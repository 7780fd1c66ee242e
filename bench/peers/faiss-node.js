// faiss behind a Node addon. Its prebuilt comes from outside npm, so installing it may fail; it is then skipped.
// The binding exposes neither efConstruction nor efSearch. Both are fields at the end of a serialised HNSW graph, so the
// empty index is written, patched and read back, and again once per ef when it is full.

const metricInnerProduct = 0, metricL2 = 1;
const defaultEfConstruction = 40, defaultEfSearch = 16;

/** @type {import('./index.js').Peer} */
export const faissNode = {
  name: 'faiss-node',
  packages: ['faiss-node@0.5.1'],
  kind: 'native',
  notes: ['efConstruction and efSearch are patched in the serialised index: one copy per ef', 'cosine is measured as inner product over unit vectors', 'takes number[] only'],
  async load({ require }) {
    const { Index } = require('faiss-node');
    return async ({ dimensions, metric, m, efConstruction }) => {
      const cosine = metric === 'cosine';
      const fresh = Index.fromFactory(dimensions, `HNSW${m},Flat`, cosine ? metricInnerProduct : metricL2);
      const index = Index.fromBuffer(patched(fresh.toBuffer(), { efConstruction: defaultEfConstruction, efSearch: defaultEfSearch }, { efConstruction, efSearch: defaultEfSearch }));
      return engine(index, Index, dimensions, cosine, efConstruction);
    };
  },
};

/** @returns {import('./index.js').Engine} */
function engine(index, Index, dimensions, cosine, efConstruction) {
  const idOf = [];
  const byEf = new Map();
  const convert = (vectors) => {
    const numbers = Array.from(vectors);
    if (!cosine) return numbers;
    for (let start = 0; start < numbers.length; start += dimensions) {
      let sum = 0;
      for (let d = 0; d < dimensions; d++) sum += numbers[start + d] ** 2;
      const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
      for (let d = 0; d < dimensions; d++) numbers[start + d] *= scale;
    }
    return numbers;
  };
  return {
    add(vectors, ids) { index.add(convert(vectors)); for (const id of ids) idOf.push(id); },
    prepare(efs) {
      for (const ef of efs) {
        if (!byEf.has(ef)) byEf.set(ef, Index.fromBuffer(patched(index.toBuffer(), { efConstruction, efSearch: defaultEfSearch }, { efConstruction, efSearch: ef })));
      }
    },
    search: (query, k, ef) => (byEf.get(ef) ?? index).search(convert(query), k).labels.map((row) => idOf[row]),
    bytes: () => ({ index: index.toBuffer().length, from: 'serialised index' }),
  };
}

/**
 * Layout behind the 37-byte index header: five arrays, each a u64 count and its elements (f64 level probabilities,
 * i32 neighbour counts, i32 levels, u64 offsets, i32 neighbours), then i32 entry point, max level, efConstruction, efSearch.
 */
function patched(buffer, expected, wanted) {
  let at = 4 + 4 + 8 + 8 + 8 + 1 + 4;
  for (const elementBytes of [8, 4, 4, 8, 4]) at += 8 + Number(buffer.readBigUInt64LE(at)) * elementBytes;
  at += 8;
  const found = { efConstruction: buffer.readInt32LE(at), efSearch: buffer.readInt32LE(at + 4) };
  if (found.efConstruction !== expected.efConstruction || found.efSearch !== expected.efSearch) {
    throw new Error(`faiss index: expected ef fields ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
  }
  const copy = Buffer.from(buffer);
  copy.writeInt32LE(wanted.efConstruction, at);
  copy.writeInt32LE(wanted.efSearch, at + 4);
  return copy;
}
