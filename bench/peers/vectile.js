// Our own engine, as built in dist/, with exact floats and in its modes. Searches go through search(), which allocates its
// result like every peer does. Building ends with work(), so that codes are trained before anything is searched.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryDir } from '../paths.js';
import { createVectorFile } from './vector-file.js';

const workMs = 50;
const flatFastOversampling = 8;   // rows rescored per hit wanted, so that at least .99 of the neighbours are found

export const vectile = describe('vectile', { type: 'hnsw' });
export const vectileFast = describe('vectile-fast', { type: 'hnsw', mode: 'fast' });
export const vectileCompact = describe('vectile-compact', { type: 'hnsw', mode: 'compact' });
export const vectileSmallest = describe('vectile-smallest', { type: 'hnsw', mode: 'smallest' }, {
  notes: ['full vectors lie in a file beside the index: bytes do not count them, searches read them'],
});
export const vectileFlat = describe('vectile-flat', { type: 'flat' });
export const vectileFlatFast = describe('vectile-flat-fast', { type: 'flat', mode: 'fast' }, {
  search: { oversampling: flatFastOversampling },
  notes: [`scans codes and rescores ${flatFastOversampling} rows per hit wanted: its recall is measured, not 1`],
});

/** @returns {import('./index.js').Peer} */
function describe(name, settings, { search, notes } = {}) {
  return {
    name,
    packages: [],
    kind: 'wasm',
    exact: settings.type === 'flat',
    notes,
    version: () => JSON.parse(readFileSync(join(repositoryDir, 'package.json'), 'utf8')).version,
    module: engineModule,
    async load() {
      const { VectorIndex } = await engineModule();
      return async ({ dimensions, metric, rows, m, efConstruction }) => {
        const graph = settings.type === 'hnsw' ? { maxConnections: m, efConstruction } : {};
        const file = settings.mode === 'smallest' ? createVectorFile(dimensions) : undefined;
        const outside = file && { reader: file.read };
        const index = await VectorIndex.create({ dimensions, metric, seed: 1, ...graph, ...settings, ...outside });
        index.reserve(rows);
        const open = (image) => VectorIndex.deserialize(image, outside);
        return engine(index, { type: settings.type, search, open, file });
      };
    },
  };
}

function engineModule() {
  const entry = join(repositoryDir, 'dist', 'engine.node.js');
  if (!existsSync(entry)) throw new Error('dist/engine.node.js is missing: run `npm run build` first');
  return import(pathToFileURL(entry).href);
}

/** Does all outstanding work; fails where vectors are too few for the codec to be trained. */
export function finishTraining(index) {
  while (index.work(workMs));
  const { recoding } = index.stats();
  if (recoding) throw new Error(`codec ${recoding.codec.type}: expected at least ${recoding.trainingLimit} rows to train it on`);
}

/** @returns {import('./index.js').Engine} the first one owns the file of full vectors; what is opened later only reads it */
function engine(index, { type, search, open, file }) {
  return {
    index,
    add(vectors, ids) { file?.write(vectors, ids); index.addMany(ids, vectors); },
    finish() { while (index.work(workMs)); },
    search: type === 'flat' ? (query, k) => index.search(query, { k, ...search }).ids : (query, k, ef) => index.search(query, { k, ef }).ids,
    bytes: () => {
      const { bytes } = index.stats();
      return { index: bytes.total, held: bytes.memory + bytes.idTable, from: 'stats().bytes: total; memory and idTable', parts: bytes };
    },
    save: async (path) => writeFileSync(path, await index.serialize()),
    reopen: async (path) => engine(await open(readFileSync(path)), { type, search, open }),
    dispose() { index.dispose(); file?.remove(); },
  };
}
