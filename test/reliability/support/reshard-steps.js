/** Ends a process at its steps amid resharding, by SIGKILL, and sees what is found after each. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { follow, killAtSteps, life } from './kill.js';
import { Model } from './model.js';
import { checkResharded } from './reshard.js';
import { countsAfter } from './reshard-script.js';
import { fs, open } from './vectile.js';

/** At the steps that `killAtSteps` is given; those of one time after another are of other scripts. */
export async function killResharding({ program, ...which }) {
  const [{ steps }] = (await run(program, 'whole')).lines.filter((line) => line.steps);
  return killAtSteps({ ...which, steps }, async (lane, nth, time) => {
    const { folder, lines } = await run(program, lane, nth, nth + time * steps);
    const model = new Model();
    const figures = { wrong: [] };
    for (const line of lines) follow(line, model, figures, 'journal');
    const place = { open: () => open({ store: fs(folder) }), paths: () => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`) };
    return [...figures.wrong, ...await checkResharded(place, nth, model, countsAfter(lines))];
  });
}

async function run(program, lane, nth, seed = 1) {
  const folder = join(program.folder, lane);
  rmSync(folder, { recursive: true, force: true });
  return { folder, lines: await life(program.path, { folder, nth, seed }, join(program.folder, `${lane}.journal`)) };
}
