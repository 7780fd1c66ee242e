/** Words so common that queries leave them out. It knows no index: they are indexed as any others. */
import { invalid } from '../errors.js';
import { normalized } from './tokenizer.js';

export interface StopwordOptions {
  /** Default `en`. */
  preset?: 'en' | 'none';
  /** Stopwords besides those of the preset. */
  additions?: readonly string[];
  /** Words of the preset that are none here. */
  removals?: readonly string[];
}

/** Those of Lucene's EnglishAnalyzer. */
const presets = {
  en: 'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with'.split(' '),
  none: [],
};

/** As tokens are: in lower case, normalized, not stemmed. */
export function stopwordsOf({ preset = 'en', additions = [], removals = [] }: StopwordOptions): Set<string> {
  if (!Object.hasOwn(presets, preset)) throw invalid('stopwords.preset', '"en" or "none"', preset);
  const words = new Set<string>(presets[preset]);
  const removed = new Set(removals.map(asToken));
  for (const word of additions.map(asToken)) {
    if (removed.has(word)) throw invalid('stopwords.removals', 'no word that is among additions', word);
    words.add(word);
  }
  for (const word of removed) words.delete(word);
  return words;
}

const asToken = (word: string): string => normalized(word, 'word');
