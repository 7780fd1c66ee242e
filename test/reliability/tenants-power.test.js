/** The power fails, or the process is killed, amid changes of tenants, and maybe once more amid what opening does about it. */
import { expect, it } from 'vitest';
import { SimulatedFiles } from '../storage/simulated-files.js';
import { randomOf, vectorOf } from './support/random.js';
import { checkTenants } from './support/tenants-check.js';
import { NOW, SESSIONS, play } from './support/tenants.js';
import { fs, open } from './support/vectile.js';

const SEEDS = Number(process.env.VECTILE_SEEDS ?? 100);
const FIRST = Number(process.env.VECTILE_SEED ?? 1);

const openOn = (files) => open({ store: fs('/here', { files }), offload: fs('/away', { files }), openShardsMax: 2, now: () => NOW });

/** Plays until the disk stops; what was begun and acknowledged. */
async function journalOn(files) {
  const ops = [];
  try {
    for (const session of SESSIONS) {
      const db = await openOn(files);
      await play(db, session, vectorOf, async (op, work) => {
        ops.push({ op });
        await work();
        ops.push({ done: true });
      });
      await db.close();
    }
  } catch (error) {
    if (!files.failed) throw error;
  }
  return ops;
}

async function steps() {
  const files = new SimulatedFiles();
  await journalOn(files);
  return files.calls.length;
}

it(`${SEEDS} seeds of power loss amid changes of tenants: nothing acknowledged is lost, nothing is half there`, { timeout: 600_000 }, async () => {
  const most = await steps();
  const wrong = [];
  let acknowledged = 0;
  let offloading = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const random = randomOf(seed);
    const files = new SimulatedFiles();
    files.failAt(1 + Math.floor(random() * most), 'stop');
    const ops = await journalOn(files);
    let left = random() < 0.8 ? files.crash(seed) : files.kill();
    if (random() < 0.3) {
      left.failAt(1 + Math.floor(random() * 60), 'stop');
      await openOn(left).then((db) => db.close()).catch((error) => {
        if (!left.failed) wrong.push(`seed ${seed}: ${error.code} ${error.stack}`);
      });
      left = left.crash(seed + 1);
    }
    const place = {
      open: () => openOn(left), here: () => left.paths().filter((path) => path.startsWith('/here/')), away: () => left.paths().filter((path) => path.startsWith('/away/')),
    };
    wrong.push(...(await checkTenants(place, ops).catch((error) => [`${error.code} ${error.stack}`])).map((what) => `seed ${seed}: ${what}`));
    acknowledged += ops.filter(({ done }) => done).length;
    if (ops.at(-1)?.op?.kind === 'offload') offloading++;
  }
  process.stdout.write(`power loss amid tenants: ${SEEDS} seeds, ${acknowledged} acknowledged, ${offloading} while offloading, ${wrong.length} wrong\n`);
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(offloading).toBeGreaterThan(SEEDS / 10);
});
