/** Ends a process at its steps amid resharding, by SIGKILL, and sees what is found after each. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { follow, life } from './kill.js';
import { Model } from './model.js';
import { checkResharded } from './reshard.js';
import { countsAfter } from './reshard-script.js';
import { fs, open } from './vectile.js';

/** Before every `stride`-th step from `first` on. `wrong` is empty unless something was lost or left. */
export async function killResharding({ program, stride, first, lanes = 2 }) {
  const [{ steps }] = (await run(program, 'whole', undefined)).lines.filter((line) => line.steps);
  const wrong = [];
  let next = first;
  let kills = 0;
  const lane = async (name) => {
    while (next <= steps) {
      const nth = next;
      next += stride;
      kills++;
      const where = `before step ${nth}`;
      try {
        const { folder, lines } = await run(program, name, nth);
        const model = new Model();
        const figures = { wrong: [] };
        for (const line of lines) follow(line, model, figures, where);
        const place = { open: () => open({ store: fs(folder) }), paths: () => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`) };
        wrong.push(...figures.wrong, ...(await checkResharded(place, nth, model, countsAfter(lines))).map((what) => `${where}: ${what}`));
      } catch (error) {
        wrong.push(`${where}: ${error.code} ${error.stack}`);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(`lane-${i}`)));
  return { steps, kills, wrong };
}

async function run(program, lane, nth) {
  const folder = join(program.folder, lane);
  rmSync(folder, { recursive: true, force: true });
  return { folder, lines: await life(program.path, { folder, nth, seed: nth ?? 1 }, join(program.folder, `${lane}.journal`)) };
}
