// Threads that end at steps of changes of tenants, and of resharding: what failed can be done again, nothing is lost, nothing is there by half.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { vectorOf } from '../reliability/support/random.js';
import { compare, followed, play, readTenants, SESSIONS } from '../reliability/support/tenants.js';
import { temporaryFolder } from '../storage/stores.js';
import { closed, openThere, persistently, threadsThatEnd } from './support-steps.js';

/** One of so many steps, and each of them so often. */
const STRIDE = Number(process.env.VECTILE_STRIDE ?? 80);
const TIMES = Number(process.env.VECTILE_TIMES ?? 1);
const FIRST = 1 + Number(process.env.VECTILE_SEED ?? 1) % STRIDE;
const DELAYS_MS = [0, 1, 2, 4];

async function tenants(folder) {
  const ops = [];
  const journaled = async (op, work) => {
    ops.push({ op });
    await persistently(work);
    ops.push({ done: true });
  };
  for (const session of SESSIONS) {
    const db = await persistently(() => openThere(folder));
    await play({ collections: db.collections, snapshot: () => persistently(() => db.snapshot()) }, session, vectorOf, journaled);
    await closed(db);
  }
  const db = await openThere(folder, 0);
  const { OFFLOADING, ONLOADING } = (await db.stats()).collections.Note.tenants;
  const { found, wrong } = await readTenants(db.collections.use('Note'));
  await db.close();
  if (OFFLOADING + ONLOADING) wrong.push(`${OFFLOADING + ONLOADING} on their way`);
  return [...wrong, ...compare(found, followed(ops).acknowledged)];
}

const ITEM = { name: 'Item', properties: [{ name: 'n', dataType: 'int' }], vectors: { main: { dimensions: 16, index: { type: 'hnsw', maxConnections: 4 } } } };

async function resharding(folder) {
  const db = await openThere(folder);
  const items = await persistently(async () => (await db.collections.exists('Item') ? db.collections.use('Item') : db.collections.create(ITEM)));
  const objectOf = (n) => ({ id: `id-${n}`, properties: { n }, vector: vectorOf(n) });
  await persistently(() => items.data.insertMany(Array.from({ length: 40 }, (_, n) => objectOf(n))));
  let next = 40;
  const gone = new Set();
  for (const count of [3, 2, 1]) {
    await Promise.all([
      persistently(() => items.config.reshard(count)),
      ...Array.from({ length: 4 }, async (_, i) => {
        const n = next++;
        const old = count * 5 + i;
        await persistently(() => items.data.insertMany([objectOf(n)]));
        await persistently(() => items.data.deleteById(`id-${old}`));
        gone.add(old);
      }),
    ]);
  }
  await closed(db);
  return checkItems(folder, next, gone);
}

async function checkItems(folder, next, gone) {
  const db = await openThere(folder, 0);
  const items = db.collections.use('Item');
  const wrong = [];
  const found = new Set();
  for await (const { id, properties: { n } } of items.iterator()) {
    if (found.has(n) || id !== `id-${n}`) wrong.push(`${id} has ${n}, or is there twice`);
    found.add(n);
  }
  for (let n = 0; n < next; n++) if (found.has(n) === gone.has(n)) wrong.push(`id-${n}: ${gone.has(n) ? 'there, though deleted' : 'lost'}`);
  const { objects } = await items.query.nearVector(vectorOf(1), { limit: 1000, ef: 1000 });
  if (objects.length !== found.size) wrong.push(`${objects.length} of ${found.size} are found by nearness`);
  await db.close();
  return wrong;
}

it.each(Object.entries({ tenants, resharding }))('%s', { timeout: 36_000_000 }, async (name, script) => {
  const whole = threadsThatEnd(0);
  expect(await script(join(temporaryFolder(), 'whole'))).toEqual([]);
  const steps = whole.steps();
  const wrong = [];
  let ended = 0;
  for (let time = 0; time < TIMES; time++) {
    for (let nth = FIRST; nth <= steps; nth += STRIDE) {
      const threads = threadsThatEnd(nth, DELAYS_MS[(time + nth) % DELAYS_MS.length]);
      const what = await script(join(temporaryFolder(), 'data')).catch((error) => [`${error.code} ${error.stack}`]);
      wrong.push(...what.map((each) => `at step ${nth}: ${each}`));
      ended += threads.ended();
    }
  }
  process.stdout.write(`threads that end amid ${name}: ${ended} at ${steps} steps, ${wrong.length} wrong\n`);
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(ended).toBeGreaterThan(TIMES * steps / STRIDE / 2);
});
