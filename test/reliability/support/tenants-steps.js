/** Ends a process at its steps with tenants, by SIGKILL, and sees what is found after each. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { life } from './kill.js';
import { after, compare, readTenants } from './tenants.js';
import { fs, open } from './vectile.js';

/**
 * Before every `stride`-th step from `first` on. `wrong` is empty unless something was lost or left. `isEnough`: the first of it will do, and
 * the program opens what is there before it is looked at, because bugs may be planted in that.
 */
export async function killTenants({ program, stride, first = 1, lanes = 2, isEnough = false }) {
  const whole = await run(program, 'whole', undefined);
  const { steps } = whole.lines.at(-1);
  const wrong = (await check(whole)).map((what) => `without a kill: ${what}`);
  let next = first;
  let kills = 0;
  const lane = async (name) => {
    while (next <= steps && !(isEnough && wrong.length)) {
      const nth = next;
      next += stride;
      kills++;
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

const foldersOf = (path) => readdirSync(path, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`);

async function check({ folder, lines }) {
  const wrong = lines.filter(({ failed }) => failed).map(({ failed }) => failed);
  let acknowledged = new Map();
  let begun;
  for (const line of lines) {
    if (line.op) begun = line.op;
    if (line.done === undefined) continue;
    acknowledged = after(acknowledged, begun);
    begun = undefined;
  }
  const db = await open({ store: fs(`${folder}/here`), offload: fs(`${folder}/away`) });
  try {
    if (!(await db.collections.exists('Note'))) return acknowledged.size ? ['no collection'] : wrong;
    const notes = db.collections.use('Note');
    // once it is open, there are files of what is here only, and copies of what is away only
    const { ACTIVE, INACTIVE, OFFLOADED, OFFLOADING, ONLOADING } = (await db.stats()).collections.Note.tenants;
    if (OFFLOADING + ONLOADING) wrong.push(`${OFFLOADING + ONLOADING} on their way`);
    const shards = new Set(foldersOf(`${folder}/here`).flatMap((path) => /shards\/([0-9a-f]{32})\//.exec(path)?.[1] ?? []));
    const copies = new Set(foldersOf(`${folder}/away`).flatMap((path) => /away\/[0-9a-f]{32}\/([0-9a-f]{32})\//.exec(path)?.[1] ?? []));
    if (shards.size > ACTIVE + INACTIVE) wrong.push(`${shards.size} folders of ${ACTIVE + INACTIVE} tenants`);
    if (copies.size !== OFFLOADED) wrong.push(`${copies.size} copies of ${OFFLOADED} tenants`);
    if ([...shards].some((shard) => copies.has(shard))) wrong.push('files here and there');
    const { found, wrong: misplaced } = await readTenants(notes);
    wrong.push(...misplaced, ...compare(found, acknowledged, begun));
    await notes.tenants.remove([...found.keys()]);
    const left = [...foldersOf(`${folder}/here`).filter((path) => path.includes('shards/')), ...foldersOf(`${folder}/away`).filter((path) => /[0-9a-f]{32}/.test(path))];
    if (left.length) wrong.push(`left: ${left}`);
  } finally {
    await db.close();
  }
  return wrong;
}
