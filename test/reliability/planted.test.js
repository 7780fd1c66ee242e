/** Are these checks worth anything? Bugs are planted in the sources, and each must be found by one of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundle } from './support/bundle.js';
import { life } from './support/kill.js';
import { BUGS } from './support/planted.js';

const LANES = 2;
const folder = mkdtempSync(join(tmpdir(), 'vectile-planted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** So long that no machine is too busy: what has not ended by then waits for ever, which is found, too. */
const DEADLINE_MS = 240_000;

/** Name of the check that found it, and what it said; what ends by a crash was found by that. */
async function check(lane, mutations) {
  const path = await bundle({ entry: './planted-child.js', outfile: join(folder, `${lane}.mjs`), mutations });
  const [found = {}] = await life(path, {}, join(folder, `${lane}.journal`), { deadlineMs: DEADLINE_MS });
  return found.failed ? { by: 'its end', what: found.failed } : found;
}

/** Every third is enough to see that checks find what they are for; test/slow takes all. */
const STRIDE = Number(process.env.VECTILE_STRIDE ?? 3);
const PLANTED = Object.entries(BUGS).filter((_, i) => i % STRIDE === 0);

describe('planted bugs', () => {
  it('are found, each by a check, and without them nothing is', { timeout: 900_000 }, async () => {
    const left = [[undefined, []], ...PLANTED.map(([name, mutation]) => [name, [mutation]])];
    const found = new Map();
    await Promise.all(Array.from({ length: LANES }, async (_, lane) => {
      for (let next = left.shift(); next; next = left.shift()) found.set(next[0], await check(lane, next[1]));
    }));
    expect(found.get(undefined)).toEqual({});
    const names = PLANTED.map(([name]) => name);
    const caught = names.filter((name) => found.get(name).by);
    process.stdout.write(`planted bugs: caught ${caught.length}/${names.length}\n${names.map((name) => `  ${name}: ${found.get(name).by ?? 'NOT FOUND'}\n`).join('')}`);
    expect(names.filter((name) => !found.get(name).by)).toEqual([]);
  });
});
