/** How a collection's texts are searched by their words: a configuration checked, completed and changed. */
import { checkOptions } from '../engine/checks.js';
import { VectileError } from '../errors.js';
import { stopwordsOf } from '../search/stopwords.js';
import { refusal } from './refusal.js';
import type { InvertedIndexConfig } from './typed.js';

/** Plain JSON. */
export interface InvertedIndexSchema {
  readonly bm25: { readonly k1: number; readonly b: number };
  readonly stopwords: { readonly preset: 'en' | 'none'; readonly additions: readonly string[]; readonly removals: readonly string[] };
}

/** Additions, and removals, of stopwords; UTF-16 code units of each. */
const WORDS_MAX = 10_000;
const WORD_MAX = 1024;

const DEFAULT: InvertedIndexSchema = { bm25: { k1: 1.2, b: 0.75 }, stopwords: { preset: 'en', additions: [], removals: [] } };

export function invertedIndexSchema(config: InvertedIndexConfig): InvertedIndexSchema {
  return changedInvertedIndex(DEFAULT, config);
}

/** What `config` leaves out stays as it is. */
export function changedInvertedIndex(present: InvertedIndexSchema, config: InvertedIndexConfig): InvertedIndexSchema {
  const { bm25, stopwords } = optionsOf('invertedIndex', config, ['bm25', 'stopwords']);
  const { k1 = present.bm25.k1, b = present.bm25.b } = optionsOf('invertedIndex.bm25', bm25 ?? {}, ['k1', 'b']);
  if (typeof k1 !== 'number' || !(k1 >= 0 && k1 < Infinity)) throw refusal('INVALID_ARGUMENT', 'invertedIndex.bm25.k1', 'a finite number from 0', k1);
  if (typeof b !== 'number' || !(b >= 0 && b <= 1)) throw refusal('INVALID_ARGUMENT', 'invertedIndex.bm25.b', 'a number from 0 to 1', b);
  const words = optionsOf('invertedIndex.stopwords', stopwords ?? {}, ['preset', 'additions', 'removals']);
  const changed = {
    preset: words.preset ?? present.stopwords.preset,
    additions: wordsOf('invertedIndex.stopwords.additions', words.additions ?? present.stopwords.additions),
    removals: wordsOf('invertedIndex.stopwords.removals', words.removals ?? present.stopwords.removals),
  };
  checkStopwords(changed);
  return { bm25: { k1, b }, stopwords: changed };
}

function optionsOf<T extends object>(argument: string, options: T, keys: readonly string[]): T {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw refusal('INVALID_ARGUMENT', argument, 'an object', options);
  checkOptions(options, keys, argument);
  return options;
}

/** A copy. */
function wordsOf(argument: string, words: readonly string[]): string[] {
  if (!Array.isArray(words) || words.length > WORDS_MAX) throw refusal('INVALID_ARGUMENT', argument, `an array of at most ${WORDS_MAX} words`, words);
  return Array.from(words, (word: unknown, i) => {
    if (typeof word !== 'string' || word === '' || word.length > WORD_MAX) {
      throw refusal('INVALID_ARGUMENT', `${argument}[${i}]`, `a word of at most ${WORD_MAX} characters`, word);
    }
    return word;
  });
}

/** Whether they are one list is for the search to judge; its argument has another place here. */
function checkStopwords(stopwords: InvertedIndexSchema['stopwords']): void {
  if (typeof stopwords.preset !== 'string') throw refusal('INVALID_ARGUMENT', 'invertedIndex.stopwords.preset', '"en" or "none"', stopwords.preset);
  try {
    stopwordsOf(stopwords);
  } catch (error) {
    if (!(error instanceof VectileError)) throw error;
    throw new VectileError(error.code, `invertedIndex.${error.message}`);
  }
}
