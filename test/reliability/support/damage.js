/** A small database with a file of every kind, on a simulated disk, and all that can be read of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SimulatedFiles } from '../../storage/simulated-files.js';
import { randomOf } from './random.js';
import { checkSearches, objectsOf } from './searches.js';
import { fs, open } from './vectile.js';

const DIMENSIONS = 8;
const OBJECTS = 24;
const QUERIES = 3;
export const PATH = '/data';

const vectorOf = (seed) => {
  const random = randomOf(seed + 1);
  return Float32Array.from({ length: DIMENSIONS }, () => random() * 2 - 1);
};

const properties = [{ name: 'text', dataType: 'text' }, { name: 'count', dataType: 'int' }];
const CONFIGS = {
  Graph: {
    properties,
    vectors: { default: { dimensions: DIMENSIONS, metric: 'l2-squared', index: { type: 'hnsw', maxConnections: 4 }, quantizer: { type: 'sq8', trainingLimit: 10 } } },
  },
  Flat: {
    properties,
    vectors: { default: { dimensions: DIMENSIONS, metric: 'cosine', index: { type: 'flat' } } },
  },
};

export const openOn = (files) => open({ store: fs(PATH, { files }), now: () => 1_700_000_000_000 });

/** The disk of a process that was killed: snapshots of these collections with everything in them, and logs with records after these. */
export async function makeDisk(names) {
  const files = new SimulatedFiles();
  const db = await openOn(files);
  const objects = (from, count) => Array.from({ length: count }, (_, i) => ({ id: `object-${from + i}`, properties: { text: `text ${from + i}`, ...i % 3 && { count: i % 5 } }, vector: vectorOf(from + i) }));
  const collections = [];
  for (const name of names) collections.push(await db.collections.create({ name, ...CONFIGS[name] }));
  const [graph] = collections;
  for (let i = 0; i <= 100; i++) await graph.config.update({ description: `change ${i}` }); // a snapshot of the catalog, too
  for (const collection of collections) {
    await collection.data.insertMany(objects(0, OBJECTS));
    await collection.data.update({ id: 'object-3', properties: { text: 'another' } });
  }
  while ((await db.stats()).collections[graph.name].vectors.default.unlinked) await sleep(1);
  await db.snapshot();
  await graph.data.insertMany(objects(OBJECTS, 12));
  await db.snapshot(); // before the last ones are linked
  for (const collection of collections) {
    await collection.data.deleteById('object-5');
    await collection.data.replace({ id: 'object-6', properties: { text: 'new' }, vector: vectorOf(1000) });
    await collection.data.insertMany(objects(100, 4));
    await collection.data.update({ id: 'object-7', properties: { text: 'changed' } });
  }
  const disk = files.kill();
  await db.close();
  return disk;
}

/** What the index of words and numbers is asked: each of its sections is read, and most of what is in them counts. */
const FILTERS = [
  { operator: 'Or', filters: [
    { operator: 'And', filters: [{ operator: 'LessThan', property: 'text', value: '2' }, { operator: 'Not', filter: { operator: 'Equal', property: 'count', value: 3 } }] },
    { operator: 'Equal', length: 'text', value: 7 }, { operator: 'IsNull', property: 'count', value: true },
  ] },
  { operator: 'And', filters: [
    { operator: 'IsNull', property: 'text', value: false }, { operator: 'LessThanEqual', target: 'creationTime', value: '2100-01-01T00:00:00Z' },
    { operator: 'LessThanEqual', target: 'updateTime', value: '2100-01-01T00:00:00Z' }, { operator: 'GreaterThan', property: 'count', value: 1 },
  ] },
];

/** What they find, as a text. */
async function search(collection) {
  const found = [];
  for (const filters of FILTERS) found.push((await collection.query.fetchObjects({ filters, limit: 100 })).objects.map(({ id }) => id));
  const { objects } = await collection.query.bm25(`text 1 2 3 10 11 12 100 101 new changed another`, { limit: 100, returnMetadata: ['score'] });
  found.push(objects.map(({ id, metadata }) => [id, metadata.score]));
  found.push((await collection.query.fetchObjects({ sort: { property: 'count' }, limit: 100 })).objects.map(({ id }) => id));
  return found;
}

/** What searches find that is not so of what the collection holds; for disks without damage. */
export const wrongOf = async (db, name) => checkSearches(db.collections.use(name), await objectsOf(db.collections.use(name)), randomOf(1), { filters: 50, keywords: 20 });

/** All there is of a collection, as a text: objects, vectors, and what searches find. `isBrief`: without filters and keywords. */
export async function read(db, name, isBrief = false) {
  const collection = db.collections.use(name);
  const objects = [];
  for await (const { id, properties, vectors, metadata } of collection.iterator({ includeVector: true, returnMetadata: ['revision', 'creationTime', 'updateTime'] })) {
    objects.push([id, properties, Array.from(vectors.default), metadata]);
  }
  const found = [];
  for (let i = 0; i < QUERIES; i++) {
    const near = await collection.query.nearVector(vectorOf(5000 + i), { limit: 5, returnMetadata: ['distance'] });
    found.push(near.objects.map(({ id, metadata }) => [id, Math.fround(metadata.distance)]));
  }
  return JSON.stringify([await collection.length(), objects, found, await collection.config.get(), isBrief ? [] : await search(collection)]);
}

/** What a file is for, by its path. */
export function kindOf(path) {
  const name = path.slice(PATH.length + 1);
  if (name.endsWith('.log')) return name.startsWith('catalog/') ? 'catalog log' : 'log';
  if (name.startsWith('catalog/')) return 'catalog snapshot';
  return /^lock/.test(name) ? 'lock' : name.split('/').at(-1).split('-')[0];
}
