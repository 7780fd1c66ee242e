/** One bit of one file turned over: it is found, and named, or it does no harm. A wrong answer is never given. */
import { describe, expect, it } from 'vitest';
import { flipBits } from './support/flips.js';

const FLIPS = Number(process.env.FLIPS ?? 20_000);

describe('a bit turned over', () => {
  it(`is found or harmless, ${FLIPS} times`, { timeout: 300_000 }, async () => {
    const { kinds, wrong, slowestMs } = await flipBits(FLIPS, 1);
    for (const [kind, { bytes, found, harmless }] of Object.entries(kinds)) process.stdout.write(`flips: ${kind}, ${bytes} bytes: ${found} found, ${harmless} harmless\n`);
    process.stdout.write(`flips: slowest ${slowestMs.toFixed()} ms, ${wrong.length} wrong\n`);
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(Object.keys(kinds).sort()).toEqual(['catalog log', 'catalog snapshot', 'index', 'lock', 'log', 'manifest', 'objects', 'table', 'unlinked', 'vectile.json', 'vectors']);
    expect(slowestMs).toBeLessThan(2000);
  });
});
