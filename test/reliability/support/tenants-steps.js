/** Ends a process at its steps with tenants, by SIGKILL, and sees what is found after each. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { life } from './kill.js';
import { checkTenants } from './tenants-check.js';
import { fs, open } from './vectile.js';

/**
 * Before every `stride`-th step from `first` on, and all of that `times` times. `wrong` is empty unless something was lost or left. `isEnough`: the first of it will do, and
 * the program opens what is there before it is looked at, because bugs may be planted in that.
 */
export async function killTenants({ program, stride, first = 1, times = 1, lanes = 2, isEnough = false }) {
  const whole = await run(program, 'whole', undefined);
  const { steps } = whole.lines.at(-1);
  const wrong = (await check(whole)).map((what) => `without a kill: ${what}`);
  const all = Array.from({ length: times }, () => Array.from({ length: Math.ceil((steps - first + 1) / stride) }, (_, i) => first + i * stride)).flat();
  let kills = 0;
  const lane = async (name) => {
    while (kills < all.length && !(isEnough && wrong.length)) {
      const nth = all[kills++];
      try {
        wrong.push(...(await check(await run(program, name, nth, isEnough))).map((what) => `before step ${nth}: ${what}`));
      } catch (error) {
        wrong.push(`before step ${nth}: ${error.code} ${error.stack}`);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(`lane-${i}`)));
  return { steps, kills, wrong };
}

async function run(program, lane, nth, isOpened = false) {
  const folder = join(program.folder, lane);
  rmSync(folder, { recursive: true, force: true });
  const journal = join(program.folder, `${lane}.journal`);
  const lines = await life(program.path, { folder, nth }, journal);
  if (isOpened) lines.push(...await life(program.path, { folder, isOpening: true }, journal));
  return { folder, lines };
}

const filesIn = (path) => readdirSync(path, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`);

async function check({ folder, lines }) {
  const wrong = lines.filter(({ failed }) => failed).map(({ failed }) => failed);
  const place = {
    open: () => open({ store: fs(`${folder}/here`), offload: fs(`${folder}/away`) }),
    here: () => filesIn(`${folder}/here`), away: () => filesIn(`${folder}/away`),
  };
  return [...wrong, ...await checkTenants(place, lines)];
}
