/** A database on a disk that loses its power, or whose process is killed, in the middle of random writes; and what is found then. */
import { SimulatedFiles } from '../../storage/simulated-files.js';
import { Model } from './model.js';
import { readAll } from './read.js';
import { known } from './known.js';
import { unwritten } from './named.js';
import { pick, randomOf, vectorOf } from './random.js';
import { fs, open } from './vectile.js';

const PATH = '/data';
const LIVES = 3;
const WRITES = 14;
const LOG = /\/shards\/.*\.log$/;

const openOn = (files) => open({ store: fs(PATH, { files, logFileBytes: 2048 }) });
const CONFIGS = ['f32', { type: 'sq8', trainingLimit: 10 }].flatMap((quantizer) => ['hnsw', 'flat'].map((type) => ({
  name: 'Item', properties: [{ name: 'text', dataType: 'text' }, { name: 'count', dataType: 'int' }],
  vectors: { main: { dimensions: 16, metric: 'l2-squared', quantizer, index: { type, ...type === 'hnsw' && { maxConnections: 4 } } } },
})));

/** Scripts of some seeds; returns what is wrong, with the seed. Ends at the first if `isBrief`. */
export async function powerCuts({ first, seeds, isBrief = false }) {
  const figures = { seeds: 0, lives: 0, acknowledged: 0, present: 0, absent: 0, wrong: [] };
  for (let seed = first; seed < first + seeds && !(isBrief && figures.wrong.length); seed++) {
    figures.seeds++;
    const wrong = await script(seed, figures).catch((error) => [`${error.code} ${error.stack}`]);
    figures.wrong.push(...wrong.map((what) => `seed ${seed}: ${what}`));
  }
  return figures;
}

async function script(seed, figures) {
  const random = randomOf(seed);
  const model = new Model();
  const config = pick(random, CONFIGS);
  let files = new SimulatedFiles();
  for (let life = 0; life < LIVES; life++) {
    figures.lives++;
    const nth = (calls) => 1 + Math.floor(random() * calls);
    // half of them in the log, where most is at stake
    if (random() < 0.5) files.failAt(nth(600), 'stop');
    else files.failAt(nth(60), 'stop', { only: LOG });
    if (random() < 0.3) files.failAt(nth(20), 'short');
    if (random() < 0.2) files.failAt(nth(10), 'sync', { only: LOG });
    if (random() < 0.2) files.failAt(nth(40), pick(random, ['sync', 'EIO', 'ENOSPC']));
    const db = await openOn(files).catch((error) => {
      if (!files.failed) throw error;
    });
    if (db) {
      await play(db, files, random, model, config).catch((error) => {
        if (!files.failed) throw error;
      });
      // what is under way goes on until the power fails, so it fails now
      const crashed = random() < 0.75 ? files.crash(seed * LIVES + life) : files.kill();
      files.failAt(1, 'stop');
      await db.close().catch(() => {});
      files = crashed;
    } else {
      files = random() < 0.75 ? files.crash(seed * LIVES + life) : files.kill();
    }
    const torn = unwritten(files);
    const again = await openOn(files);
    const exists = await again.collections.exists('Item');
    const found = exists ? await readAll(again.collections.use('Item'), seed) : { wrong: [], objects: [] };
    const wrong = [...torn, ...found.wrong, ...model.check(known(found.objects, model))];
    if (random() < 0.5) await again.close();
    else {
      const next = files.kill();
      files.failAt(1, 'stop');
      await again.close().catch(() => {});
      files = next;
    }
    if (wrong.length) return wrong.map((what) => `life ${life}: ${what}`);
    files = files.kill(); // no faults any more
  }
  figures.acknowledged += model.acknowledged;
  figures.present += model.present;
  figures.absent += model.absent;
  return [];
}

/** Writes that overlap with snapshots. */
async function play(db, files, random, model, config) {
  if (!(await db.collections.exists('Item'))) await db.collections.create(config);
  const items = db.collections.use('Item');
  let number = 0;
  let background = Promise.resolve();
  const input = ({ id, text, count, main }) => ({ id, properties: { ...text !== undefined && { text }, ...count !== undefined && { count } }, ...main !== undefined && { vector: vectorOf(main) } });
  const write = async (write, work) => {
    const own = number++;
    model.begin(own, write);
    await work();
    model.acknowledge(own);
  };
  for (let i = 0; i < WRITES; i++) {
    // seals what is pending, so that there are several parts
    if (random() < 0.3) await items.query.bm25('text', { limit: 1 });
    if (random() < 0.35) {
      const work = random() < 0.3 ? db.compact() : db.snapshot();
      background = background.then(() => work).catch((error) => {
        if (!files.failed) throw error;
      });
      if (random() < 0.5) await background;
    }
    const ids = [...model.objects.keys()];
    const id = ids.length ? pick(random, ids) : 'none';
    const main = () => Math.floor(random() * 2 ** 31);
    const kind = pick(random, ['insertMany', 'insertMany', 'update', 'replace', 'delete']);
    if (kind === 'insertMany' || !ids.length) {
      const objects = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, j) => ({ id: `id-${Math.floor(random() * 20) * 10 + j}`, text: 'text '.repeat(random() * 30), count: i, main: main() }));
      const own = { kind: 'insertMany', objects };
      await write(own, async () => {
        // those whose old content could not be read are refused, each alone
        const { errors } = await items.data.insertMany(objects.map(input));
        own.objects = objects.filter(({ id }) => !errors.some((error) => error.id === id));
      });
    } else if (kind === 'update') {
      const some = { id, text: `changed ${i}`, ...random() < 0.4 && { main: main() } };
      await write({ kind, ...some }, () => items.data.update(input(some)));
    } else if (kind === 'replace') {
      const all = { id, text: `new ${i}`, count: i, main: main() };
      await write({ kind, ...all }, () => items.data.replace(input(all)));
    } else {
      await write({ kind, id }, () => items.data.deleteById(id));
    }
  }
  await background;
  if (random() < 0.5) await db.close();
}
