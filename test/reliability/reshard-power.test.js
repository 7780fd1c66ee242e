/** The power fails, or the process is killed, amid resharding, and maybe once more amid what opening does about it. */
import { expect, it } from 'vitest';
import { randomOf } from './support/random.js';
import { stepsOfResharding, stopResharding } from './support/reshard.js';

const SEEDS = Number(process.env.VECTILE_SEEDS ?? 40);
const FIRST = Number(process.env.VECTILE_SEED ?? 1);

it(`${SEEDS} seeds of a stop amid resharding: nothing acknowledged is lost, nothing is half there, nothing is left`, { timeout: 600_000 }, async () => {
  const steps = await stepsOfResharding();
  const wrong = [];
  let acknowledged = 0;
  let underWay = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const nth = 1 + Math.floor(randomOf(seed)() * steps);
    const stopped = await stopResharding(nth, seed).catch((error) => ({ wrong: [`${error.code} ${error.stack}`] }));
    wrong.push(...stopped.wrong.map((what) => `seed ${seed}, step ${nth}: ${what}`));
    acknowledged += stopped.acknowledged ?? 0;
    if (stopped.wasUnderWay) underWay++;
  }
  process.stdout.write(`stops amid resharding: ${SEEDS} seeds at ${steps} steps, ${acknowledged} acknowledged, ${underWay} while resharding, ${wrong.length} wrong\n`);
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(underWay).toBeGreaterThan(SEEDS / 3);
});
