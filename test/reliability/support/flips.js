/** Turns bits over, one at a time, each on a disk as it was, and sees what comes of it. */
import { kindOf, makeDisk, openOn, read, wrongOf } from './damage.js';
import { randomOf } from './random.js';

/** Kinds of files of which the inverted index may come: searches are made each time; and seldom where another is damaged. */
const SEARCHED = ['inverted', 'log', 'manifest', 'objects', 'table'];
const SELDOM = 10;

const CODES = ['STORAGE_CORRUPT', 'STORAGE_VERSION', 'IMAGE_CORRUPT', 'IMAGE_VERSION', 'IMAGE_FOREIGN', 'IMAGE_TRUNCATED'];

/** Spread evenly over the kinds of files, and within a kind by bytes; on a disk with these collections. */
export async function flipBits(count, seed, names = ['Graph', 'Flat']) {
  const disk = await makeDisk(names);
  const random = randomOf(seed);
  const expected = await readUndamaged(disk, names);
  const shards = await shardsOf(disk, names);
  const byKind = Map.groupBy?.(disk.paths(), kindOf) ?? groupBy(disk.paths(), kindOf);
  const kinds = {};
  const wrong = expected.wrong;
  let slowestMs = 0;
  for (const [kind, paths] of byKind) {
    const sizes = paths.map((path) => disk.contentOf(path).length);
    const bits = 8 * sizes.reduce((sum, size) => sum + size, 0);
    const figures = kinds[kind] = { bytes: bits / 8, found: 0, harmless: 0 };
    const flips = Math.ceil(count / byKind.size);
    for (let i = 0; i < flips; i++) {
      // every bit of small files, a random one of each stretch of large ones
      let bit = Math.floor(((i + random()) / flips) * bits);
      const at = sizes.findIndex((size) => (bit < size * 8 ? true : ((bit -= size * 8), false)));
      const start = performance.now();
      const isBrief = !SEARCHED.includes(kind) && i % SELDOM > 0;
      const outcome = await flip(disk, paths[at], bit, isBrief ? expected.brief : expected.full, shards, isBrief);
      slowestMs = Math.max(slowestMs, performance.now() - start);
      if (outcome === 'found' || outcome === 'harmless') figures[outcome]++;
      else wrong.push(`${paths[at]}, bit ${bit}: ${outcome}`);
    }
  }
  return { kinds, wrong, slowestMs };
}

async function flip(disk, path, bit, expected, shards, isBrief) {
  const names = Object.keys(expected);
  const files = disk.kill();
  files.flip(path, bit);
  let db;
  try {
    db = await openOn(files);
  } catch (error) {
    const shard = names.find((name) => path.includes(shards[name]));
    if (shard) return `the damage of ${shard} keeps all from being opened: ${error.code} ${error.message}`;
    return refusal(error, path);
  }
  try {
    let outcome = 'harmless';
    for (const name of names) {
      try {
        const got = await read(db, name, isBrief);
        if (got !== expected[name]) return `${name} is another: ${got}, expected ${expected[name]}`;
      } catch (error) {
        if (!path.includes(shards[name])) return `${name} is refused, whose file it is not: ${error.code} ${error.message}`;
        outcome = refusal(error, path);
        if (outcome !== 'found') return outcome;
      }
    }
    return outcome;
  } finally {
    files.failAt(1, 'stop'); // no snapshot is needed any more
    await db.close().catch(() => {});
  }
}

/** `found` if it is of the right kind and names the file. */
function refusal(error, path) {
  const name = path.split('/').at(-1);
  const isNamed = error.message.includes(name) || error.message.includes(path.split('/').at(-2));
  if (name.startsWith('lock-') && error.code === 'STORE_LOCKED') return 'found';
  return CODES.includes(error.code) && isNamed ? 'found' : `got ${error.code ?? error.stack}: ${error.message}`;
}

async function readUndamaged(disk, names) {
  const db = await openOn(disk.kill());
  const expected = { full: {}, brief: {}, wrong: [] };
  for (const name of names) {
    expected.full[name] = await read(db, name);
    expected.brief[name] = await read(db, name, true);
    expected.wrong.push(...await wrongOf(db, name));
  }
  await db.close();
  return expected;
}

/** Ids of the shards by the name of the collection: told by what fails when a file of one is damaged. */
async function shardsOf(disk, names) {
  const shards = {};
  for (const path of disk.paths().filter((path) => path.endsWith('/manifest'))) {
    const id = path.split('/').at(-2);
    const files = disk.kill();
    files.flip(path, 80);
    const db = await openOn(files);
    for (const name of names) await read(db, name).catch(() => { shards[name] = id; });
    await db.close().catch(() => {});
  }
  return shards;
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...groups.get(keyOf(item)) ?? [], item]);
  return groups;
}
