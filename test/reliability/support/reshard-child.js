/**
 * A process that reshards and writes, and ends by SIGKILL before its `nth` step that writes. Without `nth` it tells how many steps there
 * are.
 */
import { writeSync } from 'node:fs';
import { countedFiles } from './counted-files.js';
import { randomOf } from './random.js';
import { reshardAndWrite } from './reshard-script.js';
import { fs, open } from './vectile.js';

const { folder, nth, seed } = JSON.parse(process.argv[2]);
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
const { files, steps } = countedFiles(nth);

let number = 0;
const journaled = async (write, work) => {
  const own = number++;
  tell({ begin: own, write });
  await work();
  tell({ done: own });
};

const db = await open({ store: fs(folder, { files, logFileBytes: 8192 }) });
await reshardAndWrite(db, randomOf(seed), journaled);
await db.close();
tell({ steps: steps() });
