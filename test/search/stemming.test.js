import { expect, it, vi } from 'vitest';
import { loadStemmer } from '../../ts/search/stemming.js';
import { integer, pick, random } from '../conformance/random.js';

it('takes languages of the package', async () => {
  const english = await loadStemmer('english');
  expect(['payments', 'running', 'cats', 'cat', 'generously'].map(english)).toEqual(['payment', 'run', 'cat', 'cat', 'gener']);
  const german = await loadStemmer('german');
  expect(german('häuser')).toBe(german('haus'));
  expect(await loadStemmer('english')).toBe(english);
});

it('takes functions that are given before those of the package', async () => {
  const stem = await loadStemmer('english', { english: (word) => word[0] });
  expect(stem('running')).toBe('r');
  expect((await loadStemmer('english', { other: (word) => word }))('running')).toBe('run');
  await expect(loadStemmer('mine', { mine: 'x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'stemmers.mine: expected a function of a word, got "x"' });
});

it.each(['klingon', '', 'en/../english', './english', 'English', 'toString', 'constructor'])('says that there is none for "%s"', async (language) => {
  await expect(loadStemmer(language)).rejects.toMatchObject({ code: 'STEMMER_MISSING', message: expect.stringContaining(`got ${JSON.stringify(language)}`) });
});

it('a word that the stemmer fails at is its own stem', async () => {
  const results = { thrown: () => { throw new TypeError('no'); }, empty: () => '', number: () => 5, nothing: () => undefined, long: (word) => word.repeat(1000) };
  for (const result of Object.values(results)) {
    expect((await loadStemmer('x', { x: result }))('word')).toBe('word');
  }
});

it('stems are in NFC and well-formed', async () => {
  expect((await loadStemmer('x', { x: () => 'cafe\u0301' }))('cafés')).toBe('café');
  expect((await loadStemmer('x', { x: (word) => word.slice(0, -1) }))('a😀')).toBe('a\ufffd');
});

it('does not ask for tokens of more than 64 characters', async () => {
  const ask = vi.fn((word) => word.slice(1));
  const stem = await loadStemmer('x', { x: ask });
  expect(stem('a'.repeat(64))).toBe('a'.repeat(63));
  expect(stem('a'.repeat(65))).toBe('a'.repeat(65));
  expect(ask).toHaveBeenCalledTimes(1);
});

it('remembers up to 10,000 words', async () => {
  const ask = vi.fn((word) => `${word}s`);
  const stem = await loadStemmer('x', { x: ask });
  const words = Array.from({ length: 10_000 }, (_, i) => `word number ${i}`);
  for (const word of [...words, ...words]) expect(stem(word)).toBe(`${word}s`);
  expect(ask).toHaveBeenCalledTimes(10_000);
  stem('another');
  expect(stem(words[0])).toBe(`${words[0]}s`);
  expect(ask).toHaveBeenCalledTimes(10_002);
});

it('takes any word in every language of the package', async () => {
  const seed = Number(process.env.SEED ?? integer(Math.random, 0, 2 ** 31));
  const next = random(seed);
  const scripts = ['aeiouyingsedtionlyness', 'абвгдежзиклмнопрстуъыьюя', 'αβγδεζηθικλμνξοπρςτυφχω', 'äöüßéèêçñåøı', 'कखगनमरसहािीुूे्ं', 'ابتمنهويةىآأًٌ', 'தமிழ்கறனாி', '019_$^.*[](){}\\|?+', '中한😀\u0301'];
  const languages = 'arabic armenian bulgarian danish dutch english finnish french german greek hungarian indian indonesian irish italian lithuanian nepali norwegian portuguese romanian russian sanskrit serbian spanish swedish tamil turkish ukrainian';
  for (const language of languages.split(' ')) {
    const stem = await loadStemmer(language);
    for (let i = 0; i < 400; i++) {
      const letters = [...pick(next, scripts)];
      const word = Array.from({ length: integer(next, 1, i % 20 ? 10 : 64) }, () => (next() < 0.9 ? pick(next, letters) : pick(next, [...pick(next, scripts)]))).join('').normalize('NFC');
      const found = stem(word);
      expect(typeof found === 'string' && found !== '' && found.isWellFormed() && found === found.normalize('NFC'), `seed ${seed}, ${language}: ${JSON.stringify(word)}`).toBe(true);
      expect(stem(word)).toBe(found);
    }
  }
});
