/** A stop before every step of resharding, and of changes of tenants, by a power cut or the end of the process, ten times each. */
import { expect, it } from 'vitest';
import { stepsOfResharding, stopResharding } from '../reliability/support/reshard.js';
import { stepsOfTenants, stopTenants } from '../reliability/support/tenants-stops.js';

const TIMES = Number(process.env.VECTILE_TIMES ?? 10);

it.each([
  ['resharding', stepsOfResharding, stopResharding],
  ['changes of tenants', stepsOfTenants, stopTenants],
])(`%s leaves what was acknowledged, and nothing half there, at every step, ${TIMES} times`, { timeout: 3_600_000 * TIMES }, async (what, stepsOf, stop) => {
  const steps = await stepsOf();
  const wrong = [];
  for (let nth = 1; nth <= steps; nth++) {
    for (let time = 0; time < TIMES; time++) {
      const stopped = await stop(nth, nth * TIMES + time).catch((error) => ({ wrong: [`${error.code} ${error.stack}`] }));
      wrong.push(...stopped.wrong.map((each) => `step ${nth}, time ${time}: ${each}`));
    }
  }
  process.stdout.write(`stops amid ${what}: ${steps} steps, ${TIMES} times each, ${wrong.length} wrong\n`);
  expect(wrong.slice(0, 10)).toEqual([]);
});
