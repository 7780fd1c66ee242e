// Our own database, as built in dist/, in a folder, with what it does by default.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryDir } from '../paths.js';

const pollMs = 20;
export const collectionName = 'Ticket';

/** @type {import('./databases.js').DatabasePeer} */
export const vectileDatabase = {
  name: 'vectile',
  packages: [],
  kind: 'wasm',
  notes: ['durability sync; hnsw with the defaults of a collection, floats in memory'],
  version: () => JSON.parse(readFileSync(join(repositoryDir, 'package.json'), 'utf8')).version,
  async load() {
    const entry = join(repositoryDir, 'dist', 'index.node.js');
    if (!existsSync(entry)) throw new Error('dist/index.node.js is missing: run `npm run build` first');
    const { open } = await import(pathToFileURL(entry).href);
    return {
      async create(folder, dimensions) {
        const db = await open(folder);
        const collection = await db.collections.create({
          name: collectionName,
          properties: [{ name: 'text', dataType: 'text' }, { name: 'account', dataType: 'text', tokenization: 'field' }, { name: 'createdAt', dataType: 'date' }],
          vectors: { default: { dimensions, metric: 'cosine' } },
        });
        return database(db, collection);
      },
      async open(folder) {
        const db = await open(folder);
        return database(db, db.collections.use(collectionName));
      },
    };
  },
};

function database(db, collection) {
  return {
    db, collection,
    async import(objects) {
      const { inserted, errors } = await collection.data.insertMany(inputs(objects));
      if (errors.length) throw new Error(`insertMany: ${errors.length} of ${inserted + errors.length} failed, the first with ${errors[0].error.message}`);
      await linked(db);
    },
    settings: [10, 12, 14, 16, 20, 24, 32, 40, 56, 80, 112, 160, 224, 320].map((ef) => ({ ef })),
    search: async (query, k, setting) => (await collection.query.nearVector(query, { limit: k, ...setting })).objects.map(({ id }) => id),
    get: (id) => collection.query.fetchObjectById(id),
    close: () => db.close(),
  };
}

function* inputs(objects) {
  for (const { id, text, account, createdAt, vector } of objects) yield { id, properties: { text, account, createdAt }, vector };
}

/** Waits until every vector is in the graph. */
async function linked(db) {
  while ((await db.stats()).collections[collectionName].vectors.default.unlinked > 0) await new Promise((resolve) => setTimeout(resolve, pollMs));
}
