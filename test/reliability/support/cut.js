/** Cuts logs off. */
import { SimulatedFiles } from '../../storage/simulated-files.js';
import { randomOf, vectorOf } from './random.js';
import { checkSearches } from './searches.js';
import { fs, open } from './vectile.js';

const PATH = '/data';
const FILE = `${PATH}/some/log/0000000000000001.log`;

/** Cuts the log of a store at every byte of a file of at least so many. */
export async function cutLog(bytesMin) {
  const random = randomOf(1);
  const files = new SimulatedFiles();
  const store = await fs(PATH, { files }).open({ readOnly: false });
  const log = await store.log('some/log');
  /** Where each append ends, and the number of the next record. */
  const ends = [{ end: 0, next: 1 }];
  while (log.bytes < bytesMin) {
    const records = Array.from({ length: 1 + Math.floor(random() * 3) }, () => Uint8Array.from({ length: Math.floor(random() ** 3 * 1500) }, () => random() * 256));
    await log.append(records, log.nextSeq, 'sync');
    ends.push({ end: log.bytes, next: log.nextSeq });
  }
  const { bytes } = log;
  const content = files.contentOf(FILE);
  await log.close();
  await store.close();
  const wrong = [];
  for (let cut = 0, whole = 0; cut <= bytes; cut++) {
    while (whole + 1 < ends.length && ends[whole + 1].end <= cut) whole++;
    const cutFiles = files.kill();
    cutFiles.replace(FILE, content.subarray(0, cut));
    try {
      const reopened = await fs(PATH, { files: cutFiles }).open({ readOnly: false });
      const { nextSeq, bytes: left } = await reopened.log('some/log');
      if (nextSeq !== ends[whole].next || left !== ends[whole].end) wrong.push(`cut at ${cut}: expected record ${ends[whole].next} to be next at ${ends[whole].end}, got ${nextSeq} at ${left}`);
      if (cutFiles.contentOf(FILE).length !== ends[whole].end) wrong.push(`cut at ${cut}: expected the torn end to be gone`);
      await reopened.close();
    } catch (error) {
      wrong.push(`cut at ${cut}: ${error.code} ${error.message}`);
    }
  }
  return { bytes, appends: ends.length - 1, wrong };
}

/** Cuts the log of a collection without a snapshot at every `step`-th byte. */
export async function cutDatabase(bytesMin, step) {
  const random = randomOf(2);
  const files = new SimulatedFiles();
  const db = await open({ store: fs(PATH, { files }) });
  const items = await db.collections.create({ name: 'Item', properties: [{ name: 'text', dataType: 'text' }], vectors: { default: { dimensions: 16, index: { type: 'flat' } } } });
  let file;
  /** Objects by id after each write, and where it ends. */
  const states = [{ end: 0, objects: new Map() }];
  while (states.at(-1).end < bytesMin) {
    const objects = new Map(states.at(-1).objects);
    const ids = [...objects.keys()];
    const id = ids[Math.floor(random() * ids.length)];
    const text = 'text '.repeat(random() * 40) + states.length;
    if (ids.length < 10 || random() < 0.5) {
      const batch = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, i) => ({ id: `${states.length}-${i}`, properties: { text }, vector: vectorOf(states.length * 10 + i) }));
      await items.data.insertMany(batch);
      for (const object of batch) objects.set(object.id, text);
    } else if (random() < 0.3) {
      await items.data.deleteById(id);
      objects.delete(id);
    } else {
      await items.data.update({ id, properties: { text } });
      objects.set(id, text);
    }
    file ??= files.paths().find((path) => /shards\/.*\.log$/.test(path));
    states.push({ end: files.contentOf(file).length, objects });
  }
  const disk = files.kill();
  await db.close();
  const content = disk.contentOf(file);
  const wrong = [];
  let cuts = 0;
  for (let cut = 0, whole = 0; cut <= content.length; cut += step) {
    while (whole + 1 < states.length && states[whole + 1].end <= cut) whole++;
    const cutFiles = disk.kill();
    cutFiles.replace(file, content.subarray(0, cut));
    const { objects } = states[whole];
    try {
      const reopened = await open({ store: fs(PATH, { files: cutFiles }) });
      const found = new Map();
      const opened = reopened.collections.use('Item');
      for await (const { id, properties } of opened.iterator()) found.set(id, properties.text);
      if (found.size !== objects.size || [...objects].some(([id, text]) => found.get(id) !== text)) wrong.push(`cut at ${cut}: expected ${objects.size} objects as after write ${whole}, got ${found.size}`);
      const expected = [...objects].map(([id, text]) => ({ id, properties: { text } }));
      wrong.push(...(await checkSearches(opened, expected, random, { number: null, filters: 1, keywords: 1 })).map((what) => `cut at ${cut}: ${what}`));
      cutFiles.failAt(1, 'stop'); // no snapshot is needed any more
      await reopened.close().catch(() => {});
    } catch (error) {
      wrong.push(`cut at ${cut}: ${error.code} ${error.message}`);
    }
    cuts++;
  }
  return { cuts, writes: states.length - 1, wrong };
}
