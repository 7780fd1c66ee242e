/** A stop before every step of resharding, by a power cut or the end of the process, ten times each. */
import { expect, it } from 'vitest';
import { stepsOfResharding, stopResharding } from '../reliability/support/reshard.js';

const TIMES = Number(process.env.VECTILE_TIMES ?? 10);

it(`leaves what was acknowledged, and nothing half there, at every step, ${TIMES} times`, { timeout: 3_600_000 * TIMES }, async () => {
  const steps = await stepsOfResharding();
  const wrong = [];
  for (let nth = 1; nth <= steps; nth++) {
    for (let time = 0; time < TIMES; time++) {
      const stopped = await stopResharding(nth, nth * TIMES + time).catch((error) => ({ wrong: [`${error.code} ${error.stack}`] }));
      wrong.push(...stopped.wrong.map((what) => `step ${nth}, time ${time}: ${what}`));
    }
  }
  process.stdout.write(`stops amid resharding: ${steps} steps, ${TIMES} times each, ${wrong.length} wrong\n`);
  expect(wrong.slice(0, 10)).toEqual([]);
});
