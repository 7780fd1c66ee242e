// LanceDB: a native database over columnar files. Its index is built when the rows are in; candidates of its codes are
// ranked again by their full vectors (refine factor).

const addRows = 5000;

export const lancedbPq = describe('lancedb', 'IVF_PQ with its defaults', (Index) => Index.ivfPq({ distanceType: 'cosine' }),
  [5, 10, 30].flatMap((refine) => [5, 10, 20, 40, 80, 160].map((nprobes) => ({ nprobes, refine }))));
export const lancedbHnsw = describe('lancedb-hnsw', 'IVF_HNSW_SQ with its defaults', (Index) => Index.hnswSq({ distanceType: 'cosine' }),
  [1, 3].flatMap((refine) => [20, 40, 80, 160, 320].map((ef) => ({ nprobes: 20, ef, refine }))));

/** @returns {import('./databases.js').DatabasePeer} */
function describe(name, indexNote, config, settings) {
  return {
    name,
    packages: ['@lancedb/lancedb@0.39.0'],
    kind: 'native',
    notes: [`${indexNote}, built after the last row; it uses all the threads it is given cores for`, `rows are added ${addRows} at a time; ids have no index of their own; a date is stored as a number`],
    async load({ require }) {
      const { connect, Index } = require('@lancedb/lancedb');
      const database = (db, table) => ({
        async import(objects) {
          const add = async (rows) => { if (table) await table.add(rows); else table = await db.createTable('ticket', rows); };
          let rows = [];
          for (const { vector, createdAt, ...rest } of objects) {
            rows.push({ ...rest, createdAt: createdAt.getTime(), vector: Array.from(vector) });
            if (rows.length < addRows) continue;
            await add(rows);
            rows = [];
          }
          if (rows.length) await add(rows);
          await table.createIndex('vector', { config: config(Index) });
        },
        settings,
        async search(query, k, { nprobes, ef, refine }) {
          let search = table.vectorSearch(query).distanceType('cosine').nprobes(nprobes).refineFactor(refine).limit(k).select(['id', 'text', 'account', 'createdAt', '_distance']);
          if (ef) search = search.ef(ef);
          return (await search.toArray()).map(({ id }) => id);
        },
        get: async (id) => (await table.query().where(`id = '${id}'`).limit(1).toArray())[0],
        async close() { table?.close(); db.close(); },
      });
      return {
        create: async (folder) => database(await connect(folder)),
        async open(folder) { const db = await connect(folder); return database(db, await db.openTable('ticket')); },
      };
    },
  };
}
