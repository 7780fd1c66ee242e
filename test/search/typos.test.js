import { expect, it } from 'vitest';
import { typosAllowed, withinDistance } from '../../ts/search/typos.js';
import { integer, pick, random } from '../conformance/random.js';

it.each([
  ['payment', 'payment', 0], ['payment', 'paymnet', 1], ['payment', 'paymen', 1], ['payment', 'paiment', 1], ['payment', 'ppayment', 1], ['payment', 'apyemnt', 2],
  ['ca', 'abc', 3], // not 2: what was transposed is not edited again
  ['', 'ab', 2], ['ab', '', 2], ['', '', 0], ['a', 'b', 1], ['naïve', 'naive', 1], ['😀😃', '😃😀', 1], ['a😀', 'a😃', 1], ['\ud83d', '😀', 1],
])('from %s to %s: %i', (term, candidate, distance) => {
  for (let max = 0; max < 4; max++) expect(withinDistance(term, max).distance(candidate), `max ${max}`).toBe(distance > max ? -1 : distance);
});

it('allows as many typos as are asked for, or by length in code points', () => {
  expect(['', 'ab', 'abc', 'abcde', 'abcdef', '😀😀', '😀😀😀'].map((term) => typosAllowed(term, 'auto'))).toEqual([0, 0, 1, 1, 2, 0, 1]);
  expect([0, 1, 2].map((tolerance) => typosAllowed('a', tolerance))).toEqual([0, 1, 2]);
});

/** The whole table, by the recurrence. */
function plain(a, b) {
  const x = [...a];
  const y = [...b];
  const d = x.concat(0).map((_, i) => y.concat(0).map((_, j) => (i === 0 ? j : j === 0 ? i : 0)));
  for (let i = 1; i <= x.length; i++) {
    for (let j = 1; j <= y.length; j++) {
      d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (x[i - 1] === y[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && x[i - 1] === y[j - 2] && x[i - 2] === y[j - 1]) d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[x.length][y.length];
}

function edited(next, word, letters) {
  const points = [...word];
  const i = integer(next, 0, points.length + 1);
  switch (integer(next, 0, 4)) {
    case 0: points.splice(i, 0, pick(next, letters)); break;
    case 1: points.splice(i, 1); break;
    case 2: points.splice(i, 1, pick(next, letters)); break;
    default: points.splice(i, 2, ...points.slice(i, i + 2).reverse());
  }
  return points.join('');
}

it('equals the whole table', () => {
  const seed = Number(process.env.SEED ?? integer(Math.random, 0, 2 ** 31));
  const next = random(seed);
  const alphabets = ['ab', 'abc', 'abcdefghijklmnopqrstuvwxyz', 'aé😀😃й', 'a\ud83d😀'].map((letters) => (letters.includes('\ud83d') && letters.length === 4 ? ['a', '\ud83d', '😀'] : [...letters]));
  for (let i = 0; i < 1500; i++) {
    const letters = pick(next, alphabets);
    const wordOf = () => Array.from({ length: integer(next, 0, next() < 0.05 ? 60 : 10) }, () => pick(next, letters)).join('');
    const term = wordOf();
    const max = integer(next, 0, 5);
    const matcher = withinDistance(term, max);
    for (let j = 0; j < 12; j++) {
      let candidate = next() < 0.2 ? wordOf() : term;
      for (let edits = integer(next, 0, 5); edits > 0; edits--) candidate = edited(next, candidate, letters);
      const distance = plain(term, candidate);
      expect(matcher.distance(candidate), `seed ${seed}: ${JSON.stringify([term, candidate, max])}`).toBe(distance > max ? -1 : distance);
    }
  }
});
