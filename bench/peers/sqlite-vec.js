// sqlite-vec: exact search as an SQLite extension, in a database in memory.

/** @type {import('./index.js').Peer} */
export const sqliteVec = {
  name: 'sqlite-vec',
  packages: ['sqlite-vec@0.1.9', 'better-sqlite3@12.11.1'],
  kind: 'native',
  exact: true,
  async load({ require }) {
    const Database = require('better-sqlite3');
    const extension = require('sqlite-vec');
    return async ({ dimensions, metric }) => {
      const database = new Database(':memory:');
      extension.load(database);
      const distance = metric === 'cosine' ? 'distance_metric=cosine' : 'distance_metric=l2';
      database.exec(`create virtual table vectors using vec0(embedding float[${dimensions}] ${distance})`);
      const insert = database.prepare('insert into vectors(rowid, embedding) values (?, ?)');
      const nearest = database.prepare('select rowid from vectors where embedding match ? and k = ?').pluck();
      const bytesOf = (floats) => new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
      const insertAll = database.transaction((vectors, ids) => {
        for (let i = 0; i < ids.length; i++) insert.run(BigInt(ids[i]), bytesOf(vectors.subarray(i * dimensions, (i + 1) * dimensions)));
      });
      return {
        add: (vectors, ids) => insertAll(vectors, ids),
        search: (query, k) => nearest.all(bytesOf(query), k),
        bytes: () => ({ index: database.pragma('page_count', { simple: true }) * database.pragma('page_size', { simple: true }), from: 'database pages' }),
        dispose: () => database.close(),
      };
    };
  },
};
