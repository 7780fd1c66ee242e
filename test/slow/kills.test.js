/** SIGKILL before every step of tenants, and of resharding, ten times each; and that such kills find what is wrong, by bugs that are planted. */
import { afterEach, describe, expect, it } from 'vitest';
import { program } from '../reliability/support/kill.js';
import { killResharding } from '../reliability/support/reshard-steps.js';
import { killTenants } from '../reliability/support/tenants-steps.js';

let made;
afterEach(() => made?.remove());

const states = (from, to) => [{ file: 'ts/database/tenant-states.ts', from, to }];
const PLANTED = {
  'a copy is removed before what is here counts': states(
    'await this.#put(collection, [tenant], () => status);\n    await this.removeCopies([tenant.shard]);',
    'await this.removeCopies([tenant.shard]);\n    await this.#put(collection, [tenant], () => status);',
  ),
  'a copy is taken for whole that is not': states('if (tenant.status === \'OFFLOADING\' && offload && await isWhole(offload, this.#identity(tenant)))', 'if (tenant.status === \'OFFLOADING\')'),
  'what came in part stays': states("if (status === 'ONLOADING' || arrived.has(name)) return 'OFFLOADED';", "if (status === 'ONLOADING') return 'ACTIVE';\n        if (arrived.has(name)) return 'OFFLOADED';"),
};

const TIMES = Number(process.env.VECTILE_TIMES ?? 10);

describe('kill -9 at a step', () => {
  it.each([['tenants', './tenants-child.js', killTenants], ['resharding', './reshard-child.js', killResharding]])(
    `of %s leaves what was acknowledged, and nothing half there, at every step, ${TIMES} times`, { timeout: 3_600_000 * TIMES }, async (what, entry, killAt) => {
      made = await program({ entry });
      const { steps, kills, wrong } = await killAt({ program: made, times: TIMES });
      process.stdout.write(`kill at steps of ${what}: ${kills} kills at ${steps} steps, ${wrong.length} wrong\n`);
      expect(wrong.slice(0, 10)).toEqual([]);
      expect(kills).toBe(steps * TIMES);
    },
  );

  it.each(Object.entries(PLANTED))('finds that %s', async (_, mutations) => {
    made = await program({ entry: './tenants-child.js', mutations });
    const { wrong } = await killTenants({ program: made, stride: 3, isEnough: true });
    expect(wrong.length).toBeGreaterThan(0);
  });
});
