// Our own engine, as built in dist/. Searches go through search(), which allocates its result like every peer does.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryDir } from '../paths.js';

export const vectile = describe('vectile', { type: 'hnsw' });
export const vectileFlat = describe('vectile-flat', { type: 'flat' });

/** @returns {import('./index.js').Peer} */
function describe(name, settings) {
  return {
    name,
    packages: [],
    kind: 'wasm',
    exact: settings.type === 'flat',
    version: () => JSON.parse(readFileSync(join(repositoryDir, 'package.json'), 'utf8')).version,
    module: engineModule,
    async load() {
      const { VectorIndex } = await engineModule();
      return async ({ dimensions, metric, rows, m, efConstruction }) => {
        const graph = settings.type === 'hnsw' ? { maxConnections: m, efConstruction } : {};
        const index = await VectorIndex.create({ dimensions, metric, seed: 1, ...graph, ...settings });
        index.reserve(rows);
        return engine(index, VectorIndex, settings.type);
      };
    },
  };
}

function engineModule() {
  const entry = join(repositoryDir, 'dist', 'engine.node.js');
  if (!existsSync(entry)) throw new Error('dist/engine.node.js is missing: run `npm run build` first');
  return import(pathToFileURL(entry).href);
}

/** @returns {import('./index.js').Engine} */
function engine(index, VectorIndex, type) {
  return {
    index,
    add: (vectors, ids) => { index.addMany(ids, vectors); },
    search: type === 'flat' ? (query, k) => index.search(query, { k }).ids : (query, k, ef) => index.search(query, { k, ef }).ids,
    bytes: () => {
      const { bytes } = index.stats();
      return { index: bytes.total, held: bytes.memory + bytes.idTable, from: 'stats().bytes: total; memory and idTable', parts: bytes };
    },
    save: async (path) => writeFileSync(path, await index.serialize()),
    reopen: async (path) => engine(await VectorIndex.deserialize(readFileSync(path)), VectorIndex, type),
    dispose: () => index.dispose(),
  };
}
