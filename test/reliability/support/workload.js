/**
 * A process with a database and a random workload, to be killed at any moment. Its arguments are a JSON text. It writes a journal to its
 * standard output, which is a file, a JSON text per line: what was found when it opened (`found`), of how many parts of the inverted
 * index (`parts`), each write before it is begun (`begin`), and after it was acknowledged (`done`), and how many parts became fewer
 * (`merged`).
 */
import { writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { fs, open } from './vectile.js';
import { readAll } from './read.js';
import { pick, randomOf, vectorOf } from './random.js';
import { checkSearches, objectsOf } from './searches.js';

const { folder, seed, durability, collection, isEndless = true, steps = Infinity } = JSON.parse(process.argv[2]);
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
const random = randomOf(seed);
const chance = (part) => random() < part;

const OBJECTS_MAX = 160;
const IS_EXTERNAL = collection.vectors.main.fullVectors === 'external';
const CODECS = [...IS_EXTERNAL ? [] : ['f32'], { type: 'sq8', trainingLimit: 40 }, { type: 'sq4', trainingLimit: 60 }, { type: 'pq', centroids: 16, trainingLimit: 80 }, 'rq8'];

try {
  await run();
} catch (error) {
  tell({ failed: `${error.code ?? ''} ${error.stack}` });
  process.exitCode = 1;
}

async function run() {
  const db = await open({ store: fs(folder), durability });
  if (!(await db.collections.exists('Item'))) await db.collections.create({ name: 'Item', ...collection });
  const items = db.collections.use('Item');
  const partsOf = async () => (await db.stats()).collections.Item.inverted.parts;
  const partsFound = await partsOf();
  const found = await readAll(items, seed);
  tell({ found, parts: partsFound });
  const ids = new Set(found.objects.map(({ id }) => id));
  let hasExtra = 'extra' in (await items.config.get()).vectors;
  let number = 0;
  let serial = 0;
  const background = new Set();
  let failure;

  const content = () => {
    const main = Math.floor(random() * 2 ** 31);
    return {
      text: `${'text '.repeat(Math.floor(random() * 12))}${serial++}`, count: Math.floor(random() * 1000),
      main, ...hasExtra && chance(0.5) && { extra: Math.floor(random() * 2 ** 31) },
    };
  };
  const input = ({ id, text, count, main, extra }) => ({
    id, properties: { ...text !== undefined && { text }, ...count !== undefined && { count } },
    ...(main !== undefined || extra !== undefined) && { vector: { ...main !== undefined && { main: vectorOf(main) }, ...extra !== undefined && { extra: vectorOf(extra) } } },
  });
  const write = async (write, work) => {
    const own = number++;
    tell({ begin: own, write });
    await work();
    tell({ done: own });
  };
  const newId = () => `${seed}-${serial++}`;

  const randomWrite = (busy) => {
    const free = [...ids].filter((id) => !busy.has(id));
    const kind = ids.size > OBJECTS_MAX ? 'delete' : pick(random, ['insert', 'insert', 'insertMany', 'update', 'update', 'replace', 'delete']);
    if (kind === 'insert' || !free.length) {
      const object = { id: newId(), ...content() };
      ids.add(object.id);
      busy.add(object.id);
      return write({ kind: 'insert', ...object }, () => items.data.insert(input(object)));
    }
    if (kind === 'insertMany') {
      const objects = Array.from({ length: 1 + Math.floor(random() * 30) }, () => ({ id: newId(), ...content() }));
      // some are there already, and are replaced
      for (const object of objects) if (chance(0.2)) object.id = pick(random, free);
      const distinct = [...new Map(objects.map((object) => [object.id, object])).values()];
      for (const { id } of distinct) {
        ids.add(id);
        busy.add(id);
      }
      return write({ kind, objects: distinct }, async () => {
        const { errors } = await items.data.insertMany(distinct.map(input));
        if (errors.length) throw errors[0].error;
      });
    }
    const id = pick(random, free);
    busy.add(id);
    if (kind === 'delete') {
      ids.delete(id);
      return write({ kind, id }, () => items.data.deleteById(id));
    }
    const all = content();
    if (kind === 'replace') return write({ kind, id, ...all }, () => items.data.replace(input({ id, ...all })));
    const { text, count, main } = all;
    const some = { ...chance(0.7) && { text }, ...chance(0.5) && { count }, ...chance(0.3) && { main } };
    return write({ kind, id, ...some }, () => items.data.update(input({ id, ...some })));
  };

  let parts = await partsOf();
  for (let step = 0; step < steps; step++) {
    if (chance(0.12) && background.size < 2) {
      const work = pick(random, [() => db.snapshot(), () => db.compact(), codec])();
      background.add(work);
      work.then(() => background.delete(work), (error) => { failure = error; });
    }
    if (chance(0.02)) await (hasExtra ? dropVector() : addVector());
    const busy = new Set();
    await Promise.all(Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomWrite(busy)));
    await turn();
    if (failure) throw failure;
    // what is asked for is sealed into a part, so that there are some to be merged
    if (chance(0.9)) await items.query.bm25('text', { limit: 1 });
    if (chance(0.1)) {
      const [wrong] = await checkSearches(items, await objectsOf(items), random);
      if (wrong) throw new Error(wrong);
    }
    const former = parts;
    parts = await partsOf();
    if (parts < former) tell({ merged: former - parts });
  }
  await Promise.all(background);
  await db.close();
  if (isEndless) await new Promise(() => {});

  function codec() {
    const quantizer = pick(random, CODECS);
    return write({ kind: 'codec' }, () => items.config.update({ vectors: { main: { quantizer } } }));
  }

  async function addVector() {
    await write({ kind: 'addVector' }, () => items.config.addVector('extra', { dimensions: 16, metric: 'l2-squared', index: { type: 'flat' } }));
    hasExtra = true;
  }

  async function dropVector() {
    hasExtra = false;
    await write({ kind: 'dropVector' }, () => items.config.dropVector('extra'));
  }
}
