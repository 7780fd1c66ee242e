/** Tenants on a disk that loses its power, or whose process is killed, and maybe once more amid what opening does about it. */
import { SimulatedFiles } from '../../storage/simulated-files.js';
import { randomOf, vectorOf } from './random.js';
import { checkTenants } from './tenants-check.js';
import { NOW, SESSIONS, play } from './tenants.js';
import { fs, open } from './vectile.js';

const openOn = (files) => open({ store: fs('/here', { files }), offload: fs('/away', { files }), openShardsMax: 2, now: () => NOW });

/** Plays until the disk stops; what was begun and acknowledged. */
async function journalOn(files) {
  const ops = [];
  let db;
  try {
    for (const session of SESSIONS) {
      db = await openOn(files);
      await play(db, session, vectorOf, async (op, work) => {
        ops.push({ op });
        await work();
        ops.push({ done: true });
      });
      await db.close();
    }
  } catch (error) {
    if (!files.failed) throw error;
    await db?.close().catch(() => {}); // writes nothing any more, and gives its memory back
  }
  return ops;
}

/** Calls of the file system that the script takes. */
export async function stepsOfTenants() {
  const files = new SimulatedFiles();
  await journalOn(files);
  return files.calls.length;
}

/** The disk stops before the `nth` call. What is wrong afterwards. */
export async function stopTenants(nth, seed) {
  const random = randomOf(seed);
  const files = new SimulatedFiles();
  files.failAt(nth, 'stop');
  const ops = await journalOn(files);
  const wrong = [];
  let left = random() < 0.8 ? files.crash(seed) : files.kill();
  if (random() < 0.3) {
    left.failAt(1 + Math.floor(random() * 60), 'stop');
    await openOn(left).then((db) => db.close()).catch((error) => {
      if (!left.failed) wrong.push(`${error.code} ${error.stack}`);
    });
    left = left.crash(seed + 1);
  }
  const paths = (folder) => () => left.paths().filter((path) => path.startsWith(folder));
  wrong.push(...await checkTenants({ open: () => openOn(left), here: paths('/here/'), away: paths('/away/') }, ops));
  return { wrong, acknowledged: ops.filter(({ done }) => done).length, wasOffloading: ops.at(-1)?.op?.kind === 'offload' };
}
