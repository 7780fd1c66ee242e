/**
 * A process with a fixed script of tenants that ends by SIGKILL before its `nth` step that writes, here or in the other store. Without
 * `nth` it tells how many steps there are. `isOpening`: it only opens what is there, and closes it.
 */
import { writeSync } from 'node:fs';
import { countedFiles } from './counted-files.js';
import { fs, open } from './vectile.js';
import { vectorOf } from './random.js';
import { NOW, SESSIONS, play } from './tenants.js';

const { folder, nth, isOpening } = JSON.parse(process.argv[2]);
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
const { files, steps } = countedFiles(nth);

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
tell({ steps: steps() });
