/** SIGKILL before steps of resharding: nothing acknowledged is lost, nothing half there is found, nothing is left. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from './support/kill.js';
import { killResharding } from './support/reshard-steps.js';

/** One of so many steps, which ones by VECTILE_SEED; reshard-power.test.js stops at others, test/slow at all of them. */
const STRIDE = Number(process.env.VECTILE_STRIDE ?? 48);
const FIRST = 1 + Number(process.env.VECTILE_SEED ?? 1) % STRIDE;

let made;
beforeAll(async () => { made = await program({ entry: './reshard-child.js' }); });
afterAll(() => made?.remove());

describe('kill -9 amid resharding', () => {
  it('leaves what was acknowledged, and nothing half there', { timeout: 600_000 }, async () => {
    const { steps, kills, wrong } = await killResharding({ program: made, stride: STRIDE, first: FIRST });
    process.stdout.write(`kill amid resharding: ${kills} kills at ${steps} steps, ${wrong.length} wrong\n`);
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(steps).toBeGreaterThan(300);
  });
});
