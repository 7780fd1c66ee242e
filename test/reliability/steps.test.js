/** SIGKILL before and after every step that writes: what was acknowledged is there, and opens. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from './support/kill.js';
import { killAtSteps } from './support/steps.js';

const OCCURRENCES = Number(process.env.VECTILE_TIMES ?? 1);

let made;
beforeAll(async () => { made = await program({ entry: './steps-child.js' }); });
afterAll(() => made?.remove());

describe('kill -9 at a step', () => {
  it(`leaves what was acknowledged, before and after every one, ${OCCURRENCES} times`, { timeout: 600_000 }, async () => {
    const { kinds, steps, missed, acknowledged, wrong } = await killAtSteps({ program: made, occurrences: OCCURRENCES });
    process.stdout.write(`kill at steps: ${steps} kills at ${kinds} kinds of steps (${missed} not reached), ${acknowledged} acknowledged writes, ${wrong.length} wrong\n`);
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(kinds).toBeGreaterThan(30);
    expect(missed).toBeLessThan(steps / 10);
  });
});
