import { afterEach, describe, expect, it, vi } from 'vitest';
import { TOKEN_MAX, normalForm, normalized, tokenize } from '../../ts/search/tokenizer.js';
import { integer, pick, random } from '../conformance/random.js';

const tokenizations = ['word', 'lowercase', 'whitespace', 'field', 'trigram', 'segmenter'];

afterEach(() => vi.unstubAllGlobals());

describe('a text is cut by', () => {
  const text = '  The well-known Café\u00a0№7: 3.14 e\u0301tude, don’t!\n';
  it.each([
    ['word', ['the', 'well', 'known', 'café', '7', '3', '14', 'étude', 'don', 't']],
    ['lowercase', ['the', 'well-known', 'café', '№7:', '3.14', 'étude,', 'don’t!']],
    ['whitespace', ['The', 'well-known', 'Café', '№7:', '3.14', 'étude,', 'don’t!']],
    ['field', ['The well-known Café\u00a0№7: 3.14 étude, don’t!']],
    ['trigram', ['the', 'wel', 'ell', 'kno', 'now', 'own', 'caf', 'afé', '7', '3', '14', 'étu', 'tud', 'ude', 'don', 't']],
    ['segmenter', ['the', 'well', 'known', 'café', '7', '3.14', 'étude', 'don’t']],
  ])('%s', (tokenization, tokens) => {
    expect(tokenize(text, tokenization)).toEqual(tokens);
  });

  it('keeps repeated tokens, and marks in words of scripts that need them', () => {
    expect(tokenize('a b A', 'word')).toEqual(['a', 'b', 'a']);
    expect(tokenize('हिन्दी में', 'word')).toEqual(['हिन्दी', 'में']);
    expect(tokenize('हिन्दी', 'trigram')).toEqual(['हिन', 'िन्', 'न्द', '्दी']);
  });

  it('segments languages without spaces', () => {
    expect(tokenize('我们的数据库很快。', 'segmenter').length).toBeGreaterThan(2);
    expect(tokenize('ภาษาไทย', 'segmenter')).toEqual(['ภาษา', 'ไทย']);
  });

  it.each(tokenizations)('%s: nothing of nothing', (tokenization) => {
    expect(tokenize('', tokenization)).toEqual([]);
    expect(tokenize(' \t\n\u3000\ufeff', tokenization)).toEqual([]);
  });
});

it('says so where the runtime has no segmenter', async () => {
  vi.stubGlobal('Intl', {});
  vi.resetModules();
  const { tokenize: fresh } = await import('../../ts/search/tokenizer.js');
  expect(() => fresh('a', 'segmenter')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^tokenization: expected .*, got "segmenter"/) }));
  expect(fresh('a', 'word')).toEqual(['a']);
});

describe('hostile texts', () => {
  it('lone surrogates are U+FFFD and survive UTF-8', () => {
    expect(tokenize('a\ud800b \udc00', 'whitespace')).toEqual(['a\ufffdb', '\ufffd']);
    expect(tokenize('a\ud800b 😀\ude00', 'word')).toEqual(['a', 'b']);
    expect(tokenize('\ud83d\ude00\ude00', 'field')).toEqual(['😀\ufffd']);
    expect(tokenize('𝒳\ud835', 'trigram')).toEqual(['𝒳']);
  });

  it.each(tokenizations)('%s: what is longer than TOKEN_MAX is cut between code points', (tokenization) => {
    for (const letter of ['x', 'й', '𐐨']) {
      const tokens = tokenize(letter.repeat(3000), tokenization);
      const longest = { trigram: 3, segmenter: TOKEN_MAX }[tokenization] ?? TOKEN_MAX;
      expect(tokens.every((token) => [...token].length <= longest && token.isWellFormed())).toBe(true);
      if (tokenization !== 'segmenter' && tokenization !== 'trigram') expect(tokens).toEqual([letter.repeat(TOKEN_MAX)]);
      if (tokenization === 'trigram') expect(tokens.length).toBe(2998);
    }
  });

  it('segmenter: a word longer than its window is cut between code points', () => {
    for (const text of ['x', 'xy'].map((start) => start + '𐐨'.repeat(3000))) {
      const tokens = tokenize(text, 'segmenter');
      expect(tokens.join('')).toBe(text);
      expect(tokens.every((token) => token.isWellFormed())).toBe(true);
    }
  });

  it.each([
    ['one letter', 'й', 8e6], ['a letter and a space', 'й ', 5e5], ['pairs', '𐐨', 5e5], ['surrogates', '\udc00\ud800', 2e5], ['white space', ' \u00a0', 5e5],
    ['marks out of order', '\u0301\u0323', 5e5],
  ])('megabytes of %s', (_, part, count) => {
    const text = part.repeat(count);
    for (const tokenization of ['word', 'lowercase', 'whitespace', 'field']) expect(() => tokenize(text, tokenization)).not.toThrow();
    for (const tokenization of ['trigram', 'segmenter']) expect(() => tokenize(text.slice(0, 100_000), tokenization)).not.toThrow();
  }, 60_000);

  it('takes time in proportion to the length, for marks and segments too', () => {
    const start = performance.now();
    tokenize(`a${'\u0301\u0323'.repeat(200_000)}`, 'word'); // a minute, if they were ordered as they are
    tokenize('ab cd '.repeat(50_000), 'segmenter'); // half a minute, if it were one window
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('normal form', () => {
  it('breaks runs of more than 30 marks', () => {
    expect(normalForm('e' + '\u0323'.repeat(30))).toBe('ẹ' + '\u0323'.repeat(29));
    expect(normalForm('e' + '\u0323'.repeat(31))).toBe('ẹ' + '\u0323'.repeat(29) + '\u034f\u0323');
  });

  it('is the same for equivalent spellings of every character, and lower-casing keeps it', () => {
    const wrong = [];
    for (let point = 0; point < 0x110000; point++) {
      const text = `a${String.fromCodePoint(point)}b`;
      const form = normalized(text, 'word');
      const isRight = form === normalized(text.normalize('NFD'), 'word') && form === normalized(text.normalize('NFC'), 'word') && form === normalized(form, 'word');
      if (!isRight) wrong.push(point.toString(16));
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});

/** Character by character, by the definitions. */
function plain(text, tokenization) {
  const isLower = tokenization !== 'whitespace' && tokenization !== 'field';
  const points = [...(isLower ? text.toLowerCase() : text).replace(/\p{Cs}/gu, '\ufffd').normalize('NFC')];
  if (tokenization === 'field') return [points.join('').trim()].filter((token) => token !== '');
  const isWord = /^[\p{L}\p{N}\p{M}]$/u;
  const isPart = tokenization === 'word' || tokenization === 'trigram' ? (point) => isWord.test(point) : (point) => point.trim() !== '';
  const runs = [];
  points.forEach((point, i) => {
    if (!isPart(point)) return;
    if (i > 0 && isPart(points[i - 1])) runs.at(-1).push(point);
    else runs.push([point]);
  });
  if (tokenization !== 'trigram') return runs.map((run) => run.join(''));
  return runs.flatMap((run) => (run.length < 3 ? [run.join('')] : run.slice(2).map((_, i) => run.slice(i, i + 3).join(''))));
}

const parts = [
  ...'abcXYZ019_ .,-\'"\t\n', 'é', 'e\u0301', 'ß', 'İ', 'Σ', 'ς', 'Å', '\u212b', 'й', 'и\u0306', 'Я', '漢', '字', 'か', 'カ', '한', '\u1112\u1161\u11ab', 'ไ', 'ท', 'ย', '्', 'न',
  '𝒳', '𐐀', '😀', '🇩', '🇪', '\u200d', '\u200b', '\u00a0', '\u3000', '\ufeff', '\u2028', '\u0085', '\0', '\ud800', '\udc00', '\ufffd', '²', 'Ⅷ', 'ⓐ', '€', 'ﬁ', 'ŉ',
];

function textOf(next) {
  const few = Array.from({ length: integer(next, 1, 8) }, () => pick(next, parts));
  return Array.from({ length: integer(next, 0, 60) }, () => pick(next, next() < 0.5 ? few : parts)).join('');
}

it('equals the plain definitions', () => {
  const seed = Number(process.env.SEED ?? integer(Math.random, 0, 2 ** 31));
  const next = random(seed);
  for (let i = 0; i < 3000; i++) {
    const text = textOf(next);
    for (const tokenization of tokenizations.slice(0, 5)) {
      expect(tokenize(text, tokenization), `seed ${seed}, ${tokenization} of ${JSON.stringify(text)}`).toEqual(plain(text, tokenization));
    }
  }
});

it('segments in windows as it would the whole text', () => {
  const seed = Number(process.env.SEED ?? integer(Math.random, 0, 2 ** 31));
  const next = random(seed);
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });
  const words = ['word', 'don’t', '3.14', 'a.b', 'x_y', '数据库很快', 'ภาษาไทย', 'カタカナ', 'ひらがな', '😀', '👨‍👩‍👧', '🇩🇪🇫🇷', 'שלום', '. ', '...', '\n\n', ': ', ' ', ' ', ' ', ' '];
  for (let i = 0; i < 6; i++) {
    const rate = pick(next, [0, 0.02, 0.9]);
    const han = () => Array.from({ length: integer(next, 1, 300) }, () => pick(next, [...'中文分词测试一下我们的数据库是很快大学生活动中心'])).join('');
    const text = Array.from({ length: rate === 0.9 ? 100 : 2000 }, () => (next() < rate ? `${han()}。` : pick(next, words))).join('');
    const whole = [...segmenter.segment(text)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment);
    expect(tokenize(text, 'segmenter'), `seed ${seed}, text ${i}`).toEqual(whole);
  }
}, 60_000);
