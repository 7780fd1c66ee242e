/**
 * Patterns cut into words as texts are cut into tokens, but that `*` and `?` are kept: what each word is to be like are the tokens
 * of a text. Stems are not known here.
 */
import type { Tokenization } from '../types.js';
import { normalized } from './tokenizer.js';

// One character each: V8 takes a step back for each character of a run, and throws where there are millions.
const SPACE = /\s/;
const NO_WORD = /[^\p{Letter}\p{Number}\p{Mark}*?]/u;

export const hasWildcard = (word: string): boolean => /[*?]/.test(word);

/** None if the pattern has no word in it. */
export function likeWords(pattern: string, tokenization: Tokenization): string[] {
  const text = normalized(pattern, tokenization);
  switch (tokenization) {
    case 'field': return [text.trim()].filter(isWord);
    case 'whitespace':
    case 'lowercase': return text.split(SPACE).filter(isWord);
    default: return text.split(NO_WORD).filter(isWord);
  }
}

const isWord = (word: string): boolean => word !== '';
