// Random scripts against an oracle: `SEED=7 npx vitest run test/reliability/model` repeats one.
import { expect, it } from 'vitest';
import { SEED } from '../support/engine.js';
import { threads } from '../database/support.js';
import { runScript } from './model.js';

const SCRIPTS = Number(process.env.N ?? 120);

it.each(['memory', 'files'])('%s: many scripts of calls, with restarts and crashes in between', async (place) => {
  const tally = {};
  for (let i = 0; i < SCRIPTS; i++) await runScript(SEED ?? i, { place, steps: 30, tally });
  console.log(`model on ${place}: ${SCRIPTS} scripts from seed ${SEED ?? 0}; ${Object.entries(tally).map(([what, times]) => `${what} ${times}`).join(', ')}`);
  if (!threads) expect(tally['in flight, there']).toBeGreaterThan(0);
}, 3_600_000);
