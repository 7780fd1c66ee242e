// Patterns cut into words.
import { describe, expect, it } from 'vitest';
import { hasWildcard, likeWords } from '../../ts/search/like-words.js';
import { tokenize } from '../../ts/search/tokenizer.js';

describe('likeWords', () => {
  it.each([
    ['word', ' Foo* b?r-Baz,  * ', ['foo*', 'b?r', 'baz', '*']],
    ['trigram', 'Foo* x', ['foo*', 'x']],
    ['segmenter', 'Foo* x', ['foo*', 'x']],
    ['lowercase', ' Foo*  b?r-Baz, ', ['foo*', 'b?r-baz,']],
    ['whitespace', ' Foo*  b?r-Baz, ', ['Foo*', 'b?r-Baz,']],
    ['field', '  Foo*  b?r ', ['Foo*  b?r']],
    ['field', '  ', []],
    ['word', ' ,. ', []],
    ['word', 'A\u0308*', ['ä*']],
    ['whitespace', '\ud800*', ['\ufffd*']],
  ])('%s: %s', (tokenization, pattern, expected) => expect(likeWords(pattern, tokenization)).toEqual(expected));

  it('without wildcards are the tokens', () => {
    for (const tokenization of ['word', 'lowercase', 'whitespace', 'field']) {
      for (const text of ['Where is my Parcel?', ' ÄRA\tstraße\u00a0𝒳y \ud800 ', '', 'don\'t x-y 5']) {
        if (hasWildcard(text)) continue;
        expect(likeWords(text, tokenization)).toEqual(tokenize(text, tokenization));
      }
    }
  });

  it('takes patterns of millions of letters', () => {
    for (const pattern of ['a'.repeat(4_000_000), 'a*'.repeat(2_000_000), ' '.repeat(4_000_000)]) {
      for (const tokenization of ['word', 'whitespace', 'field']) likeWords(pattern, tokenization);
    }
  });
});
