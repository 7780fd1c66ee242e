// Our database, as built in dist/, as a page uses it: in IndexedDB, with its worker.

const pollMs = 20;

/** @returns {import('../peers.js').PagePeer} */
export function createPeer() {
  let db, collection, dimensions;

  async function openDatabase() {
    const { indexedDB, open } = await import('/dist/index.browser.js');
    db = await open({ store: indexedDB('bench') });
  }

  return {
    async create(options) {
      await openDatabase();
      ({ dimensions } = options);
      const index = { maxConnections: options.m, efConstruction: options.efConstruction };
      collection = await db.collections.create({ name: 'Row', properties: [], vectors: { default: { dimensions, metric: 'cosine', index } } });
    },
    async add(vectors, firstId) {
      function* objects() {
        for (let at = 0, id = firstId; at < vectors.length; at += dimensions, id++) yield { id: String(id), properties: {}, vector: vectors.subarray(at, at + dimensions) };
      }
      const { errors } = await collection.data.insertMany(objects());
      if (errors.length) throw errors[0].error;
    },
    async finish() {
      while ((await db.stats()).collections.Row.vectors.default.unlinked > 0) await new Promise((resolve) => setTimeout(resolve, pollMs));
    },
    save: () => db.close(),
    async open() {
      await openDatabase();
      collection = db.collections.use('Row');
    },
    search: async (query, k, ef) => (await collection.query.nearVector(query, { limit: k, ef })).objects.map(({ id }) => id),
  };
}
