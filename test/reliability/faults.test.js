// Every call to the file system fails once, in every way it can, in two dozen scenarios: the error comes to whoever asked, what was
// acknowledged is there, what can be read is read, and opened anew the database goes on.
import { describe, expect, it } from 'vitest';
import { VectileError, fs, open } from '../database/support.js';
import { SimulatedFiles } from '../storage/simulated-files.js';
import { randomOf } from './support/random.js';
import { checkSearches, objectsOf } from './support/searches.js';

const vectors = { default: { dimensions: 4, metric: 'l2-squared', index: { type: 'hnsw', maxConnections: 4, efConstruction: 16 } } };
const config = { name: 'C', properties: [{ name: 'text', dataType: 'text' }], vectors };
const objectOf = (i) => ({ id: `id ${i}`, properties: { text: `text ${i}` }, vector: [i, 1, 2, 3] });
const some = (count, from = 0) => Array.from({ length: count }, (_, i) => objectOf(from + i));

/** What is done, with the database open and `C` holding id 0 … 9; `wrote(id)` after each acknowledged write, `gone(id)` before a deletion. */
const scenarios = {
  'insert': async ({ c, wrote }) => { for (const object of some(3, 20)) wrote(await c.data.insert(object)); },
  'insert, flush': async ({ c, wrote }) => { for (const object of some(3, 20)) wrote(await c.data.insert(object, { durability: 'flush' })); },
  'insertMany': async ({ c, wrote }) => { (await c.data.insertMany(some(30, 20), { batchSize: 10 })).ids.forEach(wrote); },
  'update': async ({ c }) => { await c.data.update({ id: 'id 3', properties: { text: 'text 3' } }); },
  'update of a vector': async ({ c }) => { await c.data.update({ id: 'id 3', vector: [3, 1, 2, 3] }); },
  'replace': async ({ c }) => { await c.data.replace(objectOf(4)); },
  'delete': async ({ c, gone }) => { gone('id 5'); await c.data.deleteById('id 5'); },
  'snapshot': async ({ db }) => { await db.snapshot(); },
  'snapshot twice': async ({ db, c, wrote }) => { await db.snapshot(); wrote(await c.data.insert(objectOf(20))); await db.snapshot(); },
  'compact': async ({ db, c, gone }) => { await db.snapshot(); gone('id 5'); await c.data.deleteById('id 5'); await db.compact(); },
  'a write beside a snapshot': async ({ db, c, wrote }) => {
    const results = await Promise.allSettled([db.snapshot(), c.data.insert(objectOf(21)).then(wrote), c.data.insert(objectOf(22)).then(wrote)]);
    for (const { reason } of results) if (reason) throw reason;
  },
  'fetch by id': async ({ c }) => { await c.query.fetchObjectById('id 1'); },
  'near, from segments': async ({ db, c }) => { await db.snapshot(); await c.query.nearVector([1, 1, 2, 3], { limit: 3, includeVector: true }); },
  'filter': async ({ c }) => { await c.query.fetchObjects({ filters: { operator: 'GreaterThan', property: 'text', value: '4' } }); },
  'keywords, a write, and keywords': async ({ c, wrote }) => {
    await c.query.bm25('text 1');
    wrote(await c.data.insert(objectOf(20)));
    await c.query.bm25('text 20');
  },
  'snapshots of several parts': async ({ db, c, wrote }) => {
    for (let i = 20; i < 23; i++) {
      wrote(await c.data.insert(objectOf(i)));
      await c.query.bm25('text', { limit: 1 });
    }
    await db.snapshot();
  },
  'create a collection': async ({ db }) => { const d = await db.collections.create({ ...config, name: 'D' }); await d.data.insert(objectOf(1)); },
  'delete a collection': async ({ db }) => { await db.collections.create({ ...config, name: 'D' }); await db.collections.delete('D'); },
  'change the schema': async ({ c }) => { await c.config.addProperty({ name: 'more', dataType: 'int' }); },
  'change the quantizer': async ({ c, db }) => { await c.config.update({ vectors: { default: { quantizer: 'rq8' } } }); await db.snapshot(); },
  'close': async ({ db }) => { await db.close(); },
  'close and open': async ({ db, files }) => { await db.close(); await (await open({ store: fs('/data', { files }) })).close(); },
  'export': async ({ db }) => { await db.snapshot(); for await (const chunk of db.export()) chunk.length; },
  'statistics': async ({ db }) => { await db.stats(); },
};
const kinds = ['EIO', 'ENOSPC', 'EMFILE', 'short', 'sync', 'stop'];
/** Calls between one that fails and the next that does; the scenarios begin at calls of their own. */
const STRIDE = Number(process.env.VECTILE_STRIDE ?? 4);

async function prepared() {
  const files = new SimulatedFiles();
  const db = await open({ store: fs('/data', { files }) });
  const c = await db.collections.create(config);
  await c.data.insertMany(some(10));
  await db.close();
  return files;
}
const template = await prepared();

/** Runs a scenario with one fault; what came of it. */
async function run(scenario, kind, n) {
  const files = template.kill();
  const db = await open({ store: fs('/data', { files }) });
  const c = db.collections.use('C');
  const there = new Set(some(10).map(({ id }) => id));
  files.failAt(n, kind);
  let error;
  const working = scenarios[scenario]({ db, c, files, wrote: (id) => there.add(id), gone: (id) => there.delete(id) }).catch((cause) => { error = cause; });
  await Promise.race([working, new Promise((_, reject) => setTimeout(() => reject(new Error('it hangs')), 30_000))]);
  const hasFailed = files.failed > 0;
  if (error) expect(error, String(error?.stack)).toBeInstanceOf(VectileError);
  files.heal();
  // what was read before is read now
  if (kind !== 'stop' && !scenario.startsWith('close')) {
    expect((await c.query.fetchObjectById('id 1')).properties.text).toBe('text 1');
    expect(await checkSearches(c, await objectsOf(c), randomOf(n), { number: null, filters: 1, keywords: 1 })).toEqual([]);
  }
  await Promise.race([db.close().catch(() => {}), new Promise((_, reject) => setTimeout(() => reject(new Error('closing hangs')), 30_000))]);
  const again = await open({ store: fs('/data', { files: files.kill() }) });
  const found = again.collections.use('C');
  for (const id of there) expect(await found.data.exists(id), id).toBe(true);
  for (let i = 0; i < 10; i++) {
    if (!there.has(`id ${i}`)) continue;
    expect((await found.query.nearVector([i, 1, 2, 3], { limit: 1 })).objects[0]).toMatchObject(i === 3 && scenario.startsWith('update') ? { id: 'id 3' } : { id: `id ${i}`, properties: { text: `text ${i}` } });
  }
  expect(await checkSearches(found, await objectsOf(found), randomOf(n), { number: null, filters: 1, keywords: 1 })).toEqual([]);
  await found.data.insert({ id: 'after', properties: { text: 'after' }, vector: [9, 9, 9, 9] });
  await again.close();
  return { hasFailed, error };
}

describe('one fault', () => {
  const tally = { runs: 0, errors: 0, silent: 0 };
  it.each(Object.keys(scenarios))('%s', async (scenario) => {
    for (const kind of kinds) {
      for (let n = 1 + Object.keys(scenarios).indexOf(scenario) % STRIDE; ; n += STRIDE) {
        expect(n).toBeLessThan(1000);
        let result;
        try {
          result = await run(scenario, kind, n);
        } catch (cause) {
          throw new Error(`${scenario}, ${kind} at call ${n}: ${cause.message}`, { cause });
        }
        if (!result.hasFailed) break;
        tally.runs++;
        if (result.error) tally.errors++;
        else tally.silent++;
      }
    }
  }, 120_000);

  it('was told', () => {
    console.log(`faults: ${tally.runs} runs of ${Object.keys(scenarios).length} scenarios, ${tally.errors} with an error to the caller, ${tally.silent} that did no harm`);
    expect(tally.errors).toBeGreaterThan(100);
  });
});
