/**
 * A process with a fixed script of tenants that ends by SIGKILL before its `nth` step that writes, here or in the other store. Without
 * `nth` it tells how many steps there are. `isOpening`: it only opens what is there, and closes it.
 */
import { writeSync } from 'node:fs';
import { fs, nodeFiles, open } from './vectile.js';
import { vectorOf } from './random.js';
import { configOf, objectOf } from './tenants.js';

const { folder, nth, isOpening } = JSON.parse(process.argv[2]);
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
let steps = 0;
const step = () => {
  if (++steps !== nth) return;
  process.kill(process.pid, 'SIGKILL');
  for (;;); // until it comes
};

const WRITES = ['rename', 'link', 'unlink', 'mkdir', 'rmdir', 'syncFolder'];
const counted = (object, names) => {
  const all = {};
  for (const name in object) {
    const method = object[name];
    all[name] = typeof method !== 'function' ? method : names.includes(name) ? (...given) => { step(); return method.apply(object, given); } : method.bind(object);
  }
  return all;
};
const files = {
  ...counted(nodeFiles, WRITES),
  open: async (path, mode) => {
    step();
    return counted(await nodeFiles.open(path, mode), ['write', 'sync', 'truncate']);
  },
};

let number = 0;
const journaled = async (op, work) => {
  const own = number++;
  tell({ begin: own, op });
  await work();
  tell({ done: own });
};

async function session(work) {
  const db = await open({ store: fs(`${folder}/here`, { files }), offload: fs(`${folder}/away`, { files }), openShardsMax: 2 });
  if (isOpening) {
    await db.close();
    process.exit();
  }
  if (!(await db.collections.exists('Note'))) await db.collections.create(configOf());
  const notes = db.collections.use('Note');
  const change = (kind, names) => journaled({ kind, names }, () => notes.tenants[kind](names));
  const insert = (name, from, count) => journaled({ kind: 'insert', names: [name], from, count }, () =>
    notes.withTenant(name).data.insertMany(Array.from({ length: count }, (_, i) => objectOf(name, from + i, vectorOf))));
  await work({ change, insert, db });
  await db.close();
}

await session(async ({ change, insert, db }) => {
  await change('create', ['a', 'b', 'c', 'd']);
  await insert('a', 0, 4);
  await insert('b', 0, 3);
  await db.snapshot();
  await insert('b', 3, 2);
  await insert('c', 0, 2);
  await change('deactivate', ['a']);
  await change('offload', ['a', 'b', 'd']);
  await change('activate', ['a']);
  await insert('a', 4, 2);
  await change('deactivate', ['b', 'd']);
  await change('offload', ['c']);
  await change('remove', ['c']);
  await change('create', ['c']);
  await insert('c', 10, 1);
  await change('offload', ['a']);
});
await session(async ({ change, insert }) => {
  await change('activate', ['a', 'b']);
  await insert('b', 5, 1);
  await change('offload', ['a', 'c']);
  await change('remove', ['a', 'b']);
  await change('create', ['a']);
  await insert('a', 20, 2);
  await change('activate', ['c']);
});
tell({ steps });
