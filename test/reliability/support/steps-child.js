/**
 * A process with a fixed script that ends by SIGKILL before or after a named step: the `nth` call of `operation` on a file of `kind`. Without
 * `step` it tells which steps there are.
 */
import { writeSync } from 'node:fs';
import { fs, nodeFiles, open } from './vectile.js';
import { steppedFiles } from './stepped-files.js';
import { vectorOf } from './random.js';

const { folder, step } = JSON.parse(process.argv[2]);
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
const { files, counts } = steppedFiles(nodeFiles, step);
let number = 0;
const write = async (write, work) => {
  const own = number++;
  tell({ begin: own, write });
  await work();
  tell({ done: own });
};
const input = ({ id, text, count, main }) => ({ id, properties: { text, ...count !== undefined && { count } }, ...main !== undefined && { vector: { main: vectorOf(main) } } });
const objects = (from, length) => Array.from({ length }, (_, i) => ({ id: `id-${from + i}`, text: `text ${from + i}`, count: i, main: from + i }));

const CONFIG = {
  properties: [{ name: 'text', dataType: 'text' }, { name: 'count', dataType: 'int' }],
  vectors: { main: { dimensions: 16, metric: 'l2-squared', index: { type: 'hnsw', maxConnections: 4 } } },
};

let items;
async function round(from) {
  const db = await open({ store: fs(folder, { files, logFileBytes: 8192 }) });
  if (!(await db.collections.exists('Item'))) await db.collections.create({ name: 'Item', ...CONFIG });
  items = db.collections.use('Item');
  const insert = (objects) => write({ kind: 'insertMany', objects }, () => items.data.insertMany(objects.map(input)));
  await insert(objects(from, 30));
  for (let i = 0; i < 3; i++) {
    // vectors are written that cannot be linked yet, so there is a list of them in the snapshot
    await insert(objects(from + 30 + i * 40, 40));
    await db.snapshot();
    const id = `id-${from + i * 40}`;
    await write({ kind: 'delete', id }, () => items.data.deleteById(id));
    await items.query.bm25('text', { limit: 1 }); // seals, so that there are several parts
    const changed = { id: `id-${from + 1 + i}`, text: 'changed', main: 5000 + from + i };
    await write({ kind: 'update', ...changed }, () => items.data.update(input(changed)));
  }
  await db.compact();
  await write({ kind: 'codec' }, () => items.config.update({ vectors: { main: { quantizer: from ? 'f32' : 'rq8' } } }));
  await insert(objects(from + 10, 5));
  await db.close();
}

await round(0);
await round(1000);
tell({ counts });
