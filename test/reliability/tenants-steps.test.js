/** SIGKILL before steps of making, filling, moving and removing tenants: nothing acknowledged is lost, nothing half there is found. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from './support/kill.js';
import { killTenants } from './support/tenants-steps.js';

/** One of so many steps, which ones by VECTILE_SEED; all of them in test/slow. */
const STRIDE = 60;
const FIRST = 1 + Number(process.env.VECTILE_SEED ?? 1) % STRIDE;

let made;
beforeAll(async () => { made = await program({ entry: './tenants-child.js' }); });
afterAll(() => made?.remove());

describe('kill -9 at a step of a tenant', () => {
  it('leaves what was acknowledged, and nothing half there', { timeout: 600_000 }, async () => {
    const { steps, kills, wrong } = await killTenants({ program: made, stride: STRIDE, first: FIRST });
    process.stdout.write(`kill at steps of tenants: ${kills} kills at ${steps} steps, ${wrong.length} wrong\n`);
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(steps).toBeGreaterThan(300);
  });
});
