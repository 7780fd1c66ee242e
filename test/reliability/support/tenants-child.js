/**
 * A process with a fixed script of tenants that ends by SIGKILL before its `nth` step that writes, here or in the other store. Without
 * `nth` it tells how many steps there are. `isOpening`: it only opens what is there, and closes it.
 */
import { writeSync } from 'node:fs';
import { fs, nodeFiles, open } from './vectile.js';
import { vectorOf } from './random.js';
import { NOW, SESSIONS, play } from './tenants.js';

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

for (const session of SESSIONS) {
  const db = await open({ store: fs(`${folder}/here`, { files }), offload: fs(`${folder}/away`, { files }), openShardsMax: 2, now: () => NOW });
  if (isOpening) {
    await db.close();
    process.exit();
  }
  await play(db, session, vectorOf, journaled);
  await db.close();
}
tell({ steps });
