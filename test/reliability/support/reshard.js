/** Resharding on a disk that loses its power, or whose process is killed: what is found then, and what is left on the disk. */
import { SimulatedFiles } from '../../storage/simulated-files.js';
import { known } from './known.js';
import { Model } from './model.js';
import { randomOf } from './random.js';
import { readAll } from './read.js';
import { countsAfter, reshardAndWrite } from './reshard-script.js';
import { fs, open } from './vectile.js';

const PATH = '/data';
const openOn = (files) => open({ store: fs(PATH, { files, logFileBytes: 8192 }) });

/** Calls of the file system that the script takes, about. */
export async function stepsOfResharding() {
  const files = new SimulatedFiles();
  const { failure } = await script(files, 1, new Model());
  if (failure) throw failure;
  return files.calls.length;
}

/** The disk stops before the `nth` call. What is wrong afterwards. */
export async function stopResharding(nth, seed) {
  const random = randomOf(seed);
  const model = new Model();
  const files = new SimulatedFiles();
  files.failAt(nth, 'stop');
  const { failure, counts } = await script(files, seed, model);
  if (failure && !files.failed) return { wrong: [`${failure.code} ${failure.stack}`] };
  let left = random() < 0.5 ? files.kill() : files.crash(seed);
  if (random() < 0.2) {
    // and once more, amid what opening does about it
    left.failAt(1 + Math.floor(random() * 60), 'stop');
    await openOn(left).then((db) => db.close()).catch(() => {});
    left = left.crash(seed + 1);
  }
  return { wrong: await checkResharded({ open: () => openOn(left), paths: () => left.paths() }, seed, model, counts), acknowledged: model.acknowledged, wasUnderWay: counts.length > 1 };
}

/** What is wrong of a place: how it is opened, and which files it has. `counts`: shards that there may be. */
export async function checkResharded({ open, paths }, seed, model, counts) {
  const db = await open();
  try {
    if (!(await db.collections.exists('Item'))) return model.acknowledged ? ['no collection'] : [];
    const items = db.collections.use('Item');
    const { sharding } = await items.config.get();
    const found = await readAll(items, seed);
    // a shard that nothing was written to has no files
    const wrong = [...found.wrong, ...model.check(known(found.objects, model)), ...found.objects.length ? leftIn(paths(), sharding.count) : []];
    if (!counts.includes(sharding.count)) wrong.push(`expected ${counts.join(' or ')} shards, got ${sharding.count}`);
    await items.config.reshard(1 + sharding.count % 3);
    const again = await readAll(items, seed);
    const texts = ({ objects }) => objects.map((object) => JSON.stringify(object)).sort();
    if (texts(again).join() !== texts(found).join()) wrong.push('others after resharding');
    return [...wrong, ...again.wrong, ...leftIn(paths(), 1 + sharding.count % 3)];
  } finally {
    await db.close();
  }
}

function leftIn(paths, count) {
  const shards = new Set(paths.flatMap((path) => /\/shards\/([0-9a-f]+)\//.exec(path)?.[1] ?? []));
  return shards.size === count ? [] : [`files of ${shards.size} shards, of which there are ${count}`];
}

async function script(files, seed, model) {
  const lines = [];
  const random = randomOf(seed + 1_000_000);
  const journaled = async (write, work) => {
    const number = lines.push({ begin: lines.length, write }) - 1;
    model.begin(number, write);
    await work();
    model.acknowledge(number);
    lines.push({ done: number });
  };
  let failure;
  try {
    const db = await openOn(files);
    await reshardAndWrite(db, random, journaled);
    await db.close();
  } catch (cause) {
    failure = cause;
  }
  return { counts: countsAfter(lines), failure };
}
