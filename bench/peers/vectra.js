// vectra: items in one JSON file that is parsed whole and scanned. All are added in one update, because each update
// writes the file anew.

/** @type {import('./databases.js').DatabasePeer} */
export const vectra = {
  name: 'vectra',
  packages: ['vectra@0.15.0'],
  kind: 'js',
  notes: ['exact: it scans every item', 'one update for all items: each writes its only file anew', 'takes number[] only; a date is stored as a number'],
  async load({ require }) {
    const { LocalIndex } = require('vectra');
    const database = (index) => ({
      async import(objects) {
        await index.beginUpdate();
        for (const { id, text, account, createdAt, vector } of objects) {
          await index.insertItem({ id, vector: Array.from(vector), metadata: { text, account, createdAt: createdAt.getTime() } });
        }
        await index.endUpdate();
      },
      settings: [{}],
      search: async (query, k) => (await index.queryItems(Array.from(query), '', k)).map(({ item }) => item.id),
      get: (id) => index.getItem(id),
      async close() {},
    });
    return {
      async create(folder) {
        const index = new LocalIndex(folder);
        await index.createIndex({ version: 1 });
        return database(index);
      },
      open: async (folder) => database(new LocalIndex(folder)),
    };
  },
};
