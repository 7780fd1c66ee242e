/** Ends a process at its steps with tenants, by SIGKILL, and sees what is found after each. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { killAtSteps, life } from './kill.js';
import { checkTenants } from './tenants-check.js';
import { fs, open } from './vectile.js';

/** At the steps that `killAtSteps` is given. `isEnough`: bugs may be planted, so the program opens what is there before it is looked at. */
export async function killTenants({ program, isEnough = false, ...which }) {
  const whole = await run(program, 'whole', undefined);
  const { steps } = whole.lines.at(-1);
  const unkilled = (await check(whole)).map((what) => `without a kill: ${what}`);
  const killed = await killAtSteps({ ...which, steps, isEnough }, async (lane, nth) => check(await run(program, lane, nth, isEnough)));
  return { ...killed, wrong: [...unkilled, ...killed.wrong] };
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
