/** SIGKILL before every step of making, filling, moving and removing tenants: nothing acknowledged is lost, nothing half there is found. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { life, program } from './support/kill.js';
import { after, compare, readTenants } from './support/tenants.js';
import { fs, open } from './support/vectile.js';

/** All steps with VECTILE_STEPS=all; else one of so many, which ones by VECTILE_SEED. */
const STRIDE = process.env.VECTILE_STEPS === 'all' ? 1 : 15;

let made;
beforeAll(async () => { made = await program({ entry: './tenants-child.js' }); });
afterAll(() => made?.remove());

async function run(lane, nth) {
  const folder = join(made.folder, lane);
  rmSync(folder, { recursive: true, force: true });
  return { folder, lines: await life(made.path, { folder, nth }, join(made.folder, `${lane}.journal`)) };
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

describe('kill -9 at a step of a tenant', () => {
  it('leaves what was acknowledged, and nothing half there', { timeout: 600_000 }, async () => {
    const whole = await run('whole', undefined);
    const { steps } = whole.lines.at(-1);
    expect(await check(whole)).toEqual([]);
    expect(steps).toBeGreaterThan(300);
    const offset = Number(process.env.VECTILE_SEED ?? 1) % STRIDE;
    const wrong = [];
    let next = 1 + offset;
    let kills = 0;
    const lane = async (name) => {
      while (next <= steps) {
        const nth = next;
        next += STRIDE;
        kills++;
        try {
          wrong.push(...(await check(await run(name, nth))).map((what) => `before step ${nth}: ${what}`));
        } catch (error) {
          wrong.push(`before step ${nth}: ${error.code} ${error.stack}`);
        }
      }
    };
    await Promise.all(['lane-0', 'lane-1'].map(lane));
    process.stdout.write(`kill at steps of tenants: ${kills} kills at ${steps} steps, ${wrong.length} wrong\n`);
    expect(wrong.slice(0, 10)).toEqual([]);
  });
});
