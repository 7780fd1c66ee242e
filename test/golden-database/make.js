/**
 * Makes the golden database of this release's format: `node test/golden-database/make.js <format>`. It has a snapshot with a tail of
 * the log after it, every type of property, every kind of index, deletes, updates of both kinds, and traces of what was dropped.
 * Once released, a golden database is never made again.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open } from 'vectile';
import { NOW, contentOf, first, later, things } from './content.js';

const BYTES_MAX = 300_000;
const [format] = process.argv.slice(2);
if (!/^\d+$/.test(format ?? '')) throw new Error('format: expected a number, as in node test/golden-database/make.js 1');
const folder = fileURLToPath(new URL(`${format}/`, import.meta.url));
if (existsSync(folder)) throw new Error(`${folder}: expected nothing, got a golden database, which stays as it is`);
mkdirSync(folder, { recursive: true });

let time = NOW;
const now = () => time++;
try {
  const db = await open(join(folder, 'database'), { now });
  const collection = await fill(db);
  await db.snapshot();
  // the tail, small enough for `close` to leave it in the log
  await collection.data.insertMany(later);
  await collection.data.deleteById(first[30].id);
  await collection.data.deleteById(later[3].id);
  await collection.data.update({ id: first[40].id, properties: { text: 'changed in the tail', word: null } });
  await collection.data.update({ id: first[41].id, vector: { graph: later[0].vector.graph } });
  await collection.data.replace({ id: first[42].id, properties: { int: 42 } });
  await db.collections.use('Free').data.insert({ id: 'last', properties: { added: { deep: [1, 2] } } });
  await linked(db);
  const content = await contentOf(db);
  await db.close();

  writeFileSync(join(folder, 'expected.json'), `${JSON.stringify(content)}\n`);
  const files = readdirSync(folder, { recursive: true }).map(String);
  if (!files.some((name) => /database.shards.\w+.log.*\.log$/.test(name) && statSync(join(folder, name)).size > 0)) throw new Error('log: expected a tail, got none');
  const bytes = files.map((name) => statSync(join(folder, name))).reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
  if (bytes > BYTES_MAX) throw new Error(`${folder}: expected at most ${BYTES_MAX} bytes, got ${bytes}`);
  console.log(`${folder}: ${files.length} files, ${bytes} bytes`);
} catch (error) {
  rmSync(folder, { recursive: true });
  throw error;
}

/** What is in the snapshot. */
async function fill(db) {
  const collection = await db.collections.create(things);
  await collection.config.addVector('gone', { dimensions: 2 });
  await collection.data.insertMany(first, { batchSize: 50 });
  await collection.data.update({ id: first[1].id, vector: { gone: [1, 2] } });
  await collection.config.dropVector('gone');
  await collection.config.addProperty({ name: 'added', dataType: 'text' });
  for (const i of [3, 50, 51, 52, 119]) await collection.data.deleteById(first[i].id);
  await collection.data.update({ id: first[4].id, properties: { added: 'properties alone', number: null } });
  await collection.data.update({ id: first[5].id, vector: { coded: later[1].vector.coded } });
  await collection.data.insert({ ...first[3], properties: { text: 'in a slot that was free' } });

  const free = await db.collections.create({ name: 'Free', autoSchema: true });
  await free.data.insert({ id: 'a', properties: { found: 'by itself', __proto__: undefined, at: new Date(NOW) }, vector: [0.6, 0.8] });
  await free.data.insert({ properties: {}, id: '\u00e9\u{1f600}' });
  await db.collections.create({ name: 'Empty', vectors: {} });
  await db.collections.create({ name: 'Gone' });
  await db.collections.delete('Gone');
  await linked(db);
  return collection;
}

/** Waits until everything is linked and trained. */
async function linked(db) {
  for (;;) {
    const { collections } = await db.stats();
    const vectors = Object.values(collections).flatMap((collection) => Object.values(collection.vectors));
    if (vectors.every(({ unlinked, index }) => unlinked === 0 && !index?.recoding)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
