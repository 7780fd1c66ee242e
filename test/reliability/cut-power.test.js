/** Power cuts and kills of a whole database on a simulated disk, at random calls of the file system. */
import { describe, expect, it } from 'vitest';
import { powerCuts } from './support/power.js';

const FIRST = Number(process.env.VECTILE_SEED ?? 1);
const SEEDS = Number(process.env.SEEDS ?? 500);

describe('a power cut', () => {
  it(`leaves a database with what was acknowledged, ${SEEDS} seeds`, { timeout: 300_000 }, async () => {
    const { lives, acknowledged, present, absent, wrong } = await powerCuts({ first: FIRST, seeds: SEEDS });
    process.stdout.write(`power cuts: ${SEEDS} seeds from ${FIRST}, ${lives} lives, ${acknowledged} acknowledged writes, ${wrong.length} wrong, under way: ${present} there, ${absent} not\n`);
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});
