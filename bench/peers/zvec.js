// zvec, a prebuilt native collection on disk. Its graph is built by optimize() after all rows are in, so its building
// cannot be interleaved with another engine's.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const insertBatch = 500;

/** @type {import('./index.js').Peer} */
export const zvec = {
  name: 'zvec',
  packages: ['@zvec/zvec@0.7.0'],
  kind: 'native',
  notes: ['the graph is built at the end by optimize(), one thread', 'documents have string ids and live in a folder on disk'],
  async load(modules) {
    const library = modules.require('@zvec/zvec');
    library.ZVecInitialize({ queryThreads: 1, optimizeThreads: 1 });
    return async ({ dimensions, metric, m, efConstruction }) => {
      const { ZVecDataType, ZVecIndexType, ZVecMetricType } = library;
      const schema = new library.ZVecCollectionSchema({
        name: 'bench',
        vectors: [{
          name: 'v', dataType: ZVecDataType.VECTOR_FP32, dimension: dimensions,
          indexParams: { indexType: ZVecIndexType.HNSW, metricType: metric === 'cosine' ? ZVecMetricType.COSINE : ZVecMetricType.L2, m, efConstruction },
        }],
      });
      const path = join(mkdtempSync(join(tmpdir(), 'bench-zvec-')), 'collection');
      return engine(library.ZVecCreateAndOpen(path, schema, { readOnly: false, enableMMAP: true }), path, dimensions, library);
    };
  },
};

/** @returns {import('./index.js').Engine} */
function engine(collection, path, dimensions, library) {
  const indexType = library.ZVecIndexType.HNSW;
  return {
    add(vectors, ids) {
      for (let start = 0; start < ids.length; start += insertBatch) {
        const docs = [];
        for (let i = start; i < Math.min(start + insertBatch, ids.length); i++) docs.push({ id: String(ids[i]), vectors: { v: vectors.subarray(i * dimensions, (i + 1) * dimensions) } });
        collection.insertSync(docs);
      }
    },
    finish: () => collection.optimizeSync({ concurrency: 1 }),
    search: (query, k, ef) => collection.querySync({ fieldName: 'v', vector: query, topk: k, outputFields: [], params: { indexType, ef } }).map((doc) => doc.id),
    bytes: () => ({ index: folderBytes(path), from: 'collection folder' }),
    dispose() { collection.closeSync(); rmSync(join(path, '..'), { recursive: true, force: true }); },
  };
}

function folderBytes(folder) {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? folderBytes(path) : statSync(path).size);
  }, 0);
}
