/** The suites of test/reliability with ten times the counts, and other seeds: VECTILE_SEED, or the day. */
import { afterAll, describe, expect, it } from 'vitest';
import { flipBits } from '../reliability/support/flips.js';
import { COLLECTIONS, killCycles, program } from '../reliability/support/kill.js';
import { powerCuts } from '../reliability/support/power.js';
import { killAtSteps } from '../reliability/support/steps.js';

const SEED = Number(process.env.VECTILE_SEED ?? Math.floor(Date.now() / 86_400_000));
const CYCLES = 2000;
const FLIPS = 200_000;
const POWER_SEEDS = 20_000;
const OCCURRENCES = 50;

const programs = [];
const make = async (options) => {
  programs.push(await program(options));
  return programs.at(-1);
};
afterAll(() => programs.forEach(({ remove }) => remove()));

describe(`reliability, seed ${SEED}`, () => {
  it(`kill -9, ${CYCLES} times`, async () => {
    const made = await make();
    const names = Object.keys(COLLECTIONS);
    const runs = await Promise.all(names.map((name, i) => killCycles({ program: made, name, cycles: CYCLES / names.length, seed: SEED * 10 + i })));
    process.stdout.write(`kill -9: ${CYCLES} cycles, ${runs.reduce((sum, run) => sum + run.acknowledged, 0)} acknowledged writes\n`);
    expect(runs.flatMap(({ wrong }) => wrong)).toEqual([]);
    // in a few lives only, where the machine is slow
    expect(runs.every(({ merges, partsMost }) => merges > 0 && partsMost > 2)).toBe(true);
  });

  it(`kill -9 at every step, ${OCCURRENCES} times`, async () => {
    const { steps, wrong } = await killAtSteps({ program: await make({ entry: './steps-child.js' }), occurrences: OCCURRENCES });
    process.stdout.write(`kill at steps: ${steps} kills\n`);
    expect(wrong).toEqual([]);
  });

  it(`power cuts, ${POWER_SEEDS} seeds`, async () => {
    const { acknowledged, wrong } = await powerCuts({ first: SEED * POWER_SEEDS, seeds: POWER_SEEDS });
    process.stdout.write(`power cuts: ${acknowledged} acknowledged writes\n`);
    expect(wrong).toEqual([]);
  });

  it(`${FLIPS} bit flips`, async () => {
    const { kinds, wrong } = await flipBits(FLIPS, SEED, ['Graph']);
    process.stdout.write(`bit flips: ${JSON.stringify(kinds)}\n`);
    expect(wrong).toEqual([]);
  });
});
