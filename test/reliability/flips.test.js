/** One bit of one file turned over: it is found, and named, or it does no harm. A wrong answer is never given. */
import { describe, expect, it } from 'vitest';
import { flipBits } from './support/flips.js';

const FLIPS = Number(process.env.VECTILE_FLIPS ?? 2000);
const KINDS = ['catalog log', 'catalog snapshot', 'index', 'inverted', 'lock', 'log', 'manifest', 'objects', 'table', 'unlinked', 'vectile.json', 'vectors'];

async function checkFlips(flips, names) {
  const { kinds, wrong, slowestMs } = await flipBits(flips, 1, names);
  const figures = Object.entries(kinds).map(([kind, { bytes, found, harmless }]) => `  ${kind}, ${bytes} bytes: ${found} found, ${harmless} harmless\n`);
  process.stdout.write(`bit flips: ${flips} in a database of ${names.length}, ${wrong.length} wrong, slowest ${slowestMs.toFixed()} ms\n${figures.join('')}`);
  expect(wrong.slice(0, 20)).toEqual([]);
  expect(Object.keys(kinds).sort()).toEqual(KINDS);
  expect(slowestMs).toBeLessThan(20_000); // nothing waits for ever
}

describe(`a bit turned over, of ${FLIPS}`, () => {
  it('is found or harmless', { timeout: 600_000 }, () => checkFlips(FLIPS * 0.9, ['Graph']));
  it('leaves the other collection usable', { timeout: 600_000 }, () => checkFlips(FLIPS * 0.1, ['Graph', 'Flat']));
});
