import { expect, it } from 'vitest';
import { stopwordsOf } from '../../ts/search/stopwords.js';

it('has 33 English words, or none', () => {
  expect(stopwordsOf({ preset: 'en' }).size).toBe(33);
  expect(stopwordsOf({})).toEqual(stopwordsOf({ preset: 'en' }));
  expect(stopwordsOf({ preset: 'none' }).size).toBe(0);
  expect(stopwordsOf({}).has('the')).toBe(true);
});

it('adds and removes words, spelt as tokens are', () => {
  const words = stopwordsOf({ preset: 'en', additions: ['Cafe\u0301', 'a'], removals: ['NOT', 'absent'] });
  expect(words.has('café')).toBe(true);
  expect(words.has('not')).toBe(false);
  expect(words.size).toBe(33);
  expect(stopwordsOf({ preset: 'en' }).has('not')).toBe(true);
  expect([...stopwordsOf({ preset: 'none', additions: ['x', 'x'] })]).toEqual(['x']);
});

it('refuses other presets, and a word that is added and removed', () => {
  expect(() => stopwordsOf({ preset: 'de' })).toThrow('stopwords.preset: expected "en" or "none", got "de"');
  expect(() => stopwordsOf({ preset: 'toString' })).toThrow('stopwords.preset');
  expect(() => stopwordsOf({ additions: ['Foo'], removals: ['foo'] })).toThrow('stopwords.removals: expected no word that is among additions, got "foo"');
});
