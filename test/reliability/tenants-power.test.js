/** The power fails, or the process is killed, amid changes of tenants. All steps of them: test/slow. */
import { expect, it } from 'vitest';
import { randomOf } from './support/random.js';
import { stepsOfTenants, stopTenants } from './support/tenants-stops.js';

const SEEDS = Number(process.env.VECTILE_SEEDS ?? 50);
const FIRST = Number(process.env.VECTILE_SEED ?? 1);

it(`${SEEDS} seeds of power loss amid changes of tenants: nothing acknowledged is lost, nothing is half there`, { timeout: 600_000 }, async () => {
  const steps = await stepsOfTenants();
  const wrong = [];
  let acknowledged = 0;
  let offloading = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const stopped = await stopTenants(1 + Math.floor(randomOf(1_000_000 + seed)() * steps), seed).catch((error) => ({ wrong: [`${error.code} ${error.stack}`] }));
    wrong.push(...stopped.wrong.map((what) => `seed ${seed}: ${what}`));
    acknowledged += stopped.acknowledged ?? 0;
    if (stopped.wasOffloading) offloading++;
  }
  process.stdout.write(`power loss amid tenants: ${SEEDS} seeds, ${acknowledged} acknowledged, ${offloading} while offloading, ${wrong.length} wrong\n`);
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(offloading).toBeGreaterThan(SEEDS / 10);
});
