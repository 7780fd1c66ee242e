import { describe, expect, it } from 'vitest';
import { likePattern } from '../../ts/search/like.js';
import { integer, pick, random } from '../conformance/random.js';

describe.each([
  ['pay', 'pay', ['pay'], ['payment', 'pa', '']],
  ['pay*', 'pay', ['pay', 'payment'], ['repay', 'pa']],
  ['*pay', '', ['pay', 'repay'], ['pays', 'p']],
  ['*pay*', '', ['pay', 'repays'], ['pa y']],
  ['p?y', 'p', ['pay', 'p😀y', 'p*y'], ['py', 'paay']],
  ['a?*b', 'a', ['axb', 'axxb', 'abb'], ['ab', 'axbc']],
  ['?', '', ['a', '😀'], ['', 'ab']],
  ['*?', '', ['a', 'ab'], ['']],
  ['*', '', ['', 'a'], []],
  ['**', '', ['', 'a'], []],
  ['', '', [''], ['a']],
  ['a.c', 'a.c', ['a.c'], ['abc']],
  ['😀?', '😀', ['😀😀', '😀a'], ['😀']],
  ['\ud83d*', '\ufffd', ['\ufffd', '\ufffda'], ['😀']],
  ['cafe\u0301*', 'café', ['cafés'], ['cafe']],
])('%s', (pattern, prefix, matching, others) => {
  it(`begins with "${prefix}" and matches`, () => {
    const like = likePattern(pattern);
    expect(like.prefix).toBe(prefix);
    expect(matching.map((term) => like.matches(term))).toEqual(matching.map(() => true));
    expect(others.map((term) => like.matches(term))).toEqual(others.map(() => false));
  });
});

it('takes patterns of more letters than a word of memory has bits', () => {
  const pattern = `*${'ab?'.repeat(50)}*z`;
  expect(likePattern(pattern).matches(`xx${'abc'.repeat(50)}yyz`)).toBe(true);
  expect(likePattern(pattern).matches(`xx${'abc'.repeat(49)}ab`)).toBe(false);
  for (let length = 28; length < 70; length++) {
    const like = likePattern(`?${'x'.repeat(length - 1)}`);
    expect([length - 1, length, length + 1].map((n) => like.matches('x'.repeat(n))), `length ${length}`).toEqual([false, true, false]);
  }
});

it('takes time in proportion to the term', () => {
  const start = performance.now();
  const term = 'a'.repeat(1024);
  for (const pattern of ['*a'.repeat(500) + '*b', '*' + 'a'.repeat(1000) + 'b', '*a?'.repeat(300) + 'b', '*'.repeat(5_000_000) + 'b', '?'.repeat(5_000_000)]) {
    const like = likePattern(pattern);
    for (let i = 0; i < 20; i++) expect(like.matches(term)).toBe(false);
  }
  expect(performance.now() - start).toBeLessThan(5000);
});

/** By its definition, choice by choice. */
function plain(pattern, term) {
  const [first, ...rest] = pattern;
  if (first === undefined) return term.length === 0;
  if (first === '*') return plain(rest, term) || (term.length > 0 && plain(pattern, term.slice(1)));
  return term.length > 0 && (first === '?' || first === term[0]) && plain(rest, term.slice(1));
}

it('equals the definition', () => {
  const seed = Number(process.env.SEED ?? integer(Math.random, 0, 2 ** 31));
  const next = random(seed);
  for (let i = 0; i < 20_000; i++) {
    const letters = pick(next, [['a'], ['a', 'b'], ['a', 'é', '😀', '😃']]);
    const pattern = Array.from({ length: integer(next, 0, 9) }, () => (next() < 0.4 ? pick(next, ['*', '?']) : pick(next, letters)));
    const term = Array.from({ length: integer(next, 0, 9) }, () => pick(next, letters));
    const like = likePattern(pattern.join(''));
    const expected = plain(pattern, term);
    const what = `seed ${seed}: ${pattern.join('')} on ${term.join('')}`;
    expect(like.matches(term.join('')), what).toBe(expected);
    if (expected) expect(term.join('').startsWith(like.prefix), what).toBe(true);
  }
});
