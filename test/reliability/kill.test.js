/** kill -9 in the middle of a random workload: nothing acknowledged is lost, nothing half done is found. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COLLECTIONS, killCycles, program } from './support/kill.js';

const CYCLES = Number(process.env.VECTILE_CYCLES ?? 40);
const SEED = Number(process.env.VECTILE_SEED ?? 1);

let made;
beforeAll(async () => { made = await program(); });
afterAll(() => made?.remove());

describe('kill -9', () => {
  it(`leaves what was acknowledged, ${CYCLES} times`, { timeout: 600_000 }, async () => {
    const names = Object.keys(COLLECTIONS);
    const runs = await Promise.all(names.map((name, i) => killCycles({ program: made, name, cycles: CYCLES / names.length, seed: SEED * 10 + i })));
    const sum = (figure) => runs.reduce((total, run) => total + run[figure], 0);
    const wrong = runs.flatMap((run) => run.wrong);
    process.stdout.write(`kill -9: ${sum('cycles')} cycles (${sum('killedOpening')} while opening), ${sum('acknowledged')} acknowledged writes, ${wrong.length} wrong, `
      + `under way when killed: ${sum('present')} there, ${sum('absent')} not; inverted index: ${sum('merges')} merges, ${sum('partsMost') / runs.length} parts opened at most\n`);
    expect(wrong).toEqual([]);
    expect(sum('cycles')).toBe(CYCLES);
    expect(sum('acknowledged')).toBeGreaterThan(CYCLES);
  });
});
