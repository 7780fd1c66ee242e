/**
 * Cuts a text into tokens, when it is indexed and when it is asked for alike. It knows no index and no schema, and takes any
 * string there is.
 *
 * | tokenization | tokens |
 * | --- | --- |
 * | `word` | the longest runs of letters, numbers and marks, in lower case |
 * | `lowercase` | what stands between white space, in lower case |
 * | `whitespace` | what stands between white space |
 * | `field` | the whole text without white space around it |
 * | `trigram` | of each token of `word`, every three neighbouring code points; shorter ones whole |
 * | `segmenter` | what `Intl.Segmenter` takes for words, in lower case |
 *
 * Of a token longer than TOKEN_MAX the rest is cut off. Tokens are in Unicode's form NFC, a lone surrogate is U+FFFD, so that
 * they are the same when they come back from UTF-8. They may be views into the text: one that is kept for long keeps it, too.
 */
import { VectileError } from '../errors.js';
import type { Tokenization } from '../types.js';

/** Code points. In UTF-8 a token takes at most four times as many bytes, so that 16 bits count them. */
export const TOKEN_MAX = 1024;

/** In order; repeated ones are kept. */
export function tokenize(text: string, tokenization: Tokenization): string[] {
  const normal = normalized(text, tokenization);
  switch (tokenization) {
    case 'word': return runs(normal, WORD, TOKEN_MAX);
    case 'lowercase': return runs(normal, DARK, TOKEN_MAX);
    case 'whitespace': return runs(normal, DARK, TOKEN_MAX);
    case 'field': return field(normal.trim());
    case 'trigram': return trigrams(runs(normal, WORD, Infinity));
    case 'segmenter': return segments(normal);
  }
}

/** The text as its tokens are spelt, but whole: what patterns are to be like. */
export function normalized(text: string, tokenization: Tokenization): string {
  // Lower-cased first, as that may leave the form NFC.
  return normalForm(tokenization === 'whitespace' || tokenization === 'field' ? text : text.toLowerCase());
}

/**
 * NFC of a text in which lone surrogates are U+FFFD. The time to order combining marks grows with the square of how many
 * there are in a row, so a U+034F comes after every 30 of them, as in the Stream-Safe Text Format (Unicode Standard Annex
 * 15, section 13); no language has as many.
 */
export function normalForm(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  const wellFormed = /\p{Surrogate}/u.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text;
  const safe = /\p{Mark}{31}/u.test(wellFormed) ? wellFormed.replace(/\p{Mark}{30}(?=\p{Mark})/gu, '$&\u034f') : wellFormed;
  return safe.normalize('NFC');
}

/** What kinds of character a UTF-16 code unit is, found out when it is first met: 0, or KNOWN with others. */
const kinds = new Uint8Array(0x1_0000);
const KNOWN = 1;
/** A letter, number or mark. */
const WORD = 2;
/** Anything but white space. */
const DARK = 4;
/** The first half of a character. */
const HIGH = 8;

function kindOf(code: number): number {
  if (code >= 0xd800 && code < 0xdc00) return (kinds[code] = KNOWN | HIGH);
  return (kinds[code] = KNOWN | kindOfCharacter(String.fromCharCode(code)));
}

function kindOfCharacter(character: string): number {
  return (/[\p{Letter}\p{Number}\p{Mark}]/u.test(character) ? WORD : 0) | (/\s/.test(character) ? 0 : DARK);
}

/**
 * The longest runs of characters of a kind in well-formed text. A regular expression would do it, but throws where a run is
 * of millions, as V8 takes a step back for each character of \p{…}+.
 */
function runs(text: string, kind: number, longest: number): string[] {
  const found: string[] = [];
  const length = text.length;
  let start = -1;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    let is = kinds[code]! || kindOf(code);
    const isPair = (is & HIGH) !== 0;
    if (isPair) is = kindOfCharacter(text.slice(i, i + 2));
    if (is & kind) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      found.push(i - start > longest ? shortened(text.slice(start, i)) : text.slice(start, i));
      start = -1;
    }
    if (isPair) i++;
  }
  if (start >= 0) found.push(length - start > longest ? shortened(text.slice(start)) : text.slice(start));
  return found;
}

const field = (text: string): string[] => (text === '' ? [] : [shortened(text)]);

/** The first TOKEN_MAX code points. */
function shortened(token: string): string {
  if (token.length <= TOKEN_MAX) return token;
  let end = 0;
  for (let count = 0; count < TOKEN_MAX && end < token.length; count++) end += token.codePointAt(end)! > 0xffff ? 2 : 1;
  return token.slice(0, end);
}

function trigrams(words: readonly string[]): string[] {
  const found: string[] = [];
  for (const word of words) {
    const length = word.length;
    let second = after(word, 0);
    let third = after(word, second);
    if (third >= length) found.push(word);
    for (let first = 0; third < length;) {
      const end = after(word, third);
      found.push(word.slice(first, end));
      first = second;
      second = third;
      third = end;
    }
  }
  return found;
}

/** Where the character that begins at `i` ends. */
function after(text: string, i: number): number {
  return (kinds[text.charCodeAt(i)]! & HIGH) !== 0 ? i + 2 : i + 1;
}

/** UTF-16 code units. V8 takes time for a segment in proportion to the whole text, so it gets a window at a time. */
const WINDOW = 1024;

let segmenter: Intl.Segmenter | undefined;

/**
 * The next window begins with a word after something else than a word, where Unicode's rules (Standard Annex 29) and the
 * dictionaries of languages without spaces do not look back. Where a window has no such place, it begins with the last
 * segment, and a segment as long as the window is cut. Half a character at the end is a segment, and so comes again whole.
 */
function segments(text: string): string[] {
  segmenter ??= newSegmenter();
  const found: string[] = [];
  for (let start = 0; start < text.length;) {
    const window = text.slice(start, start + WINDOW);
    const isLast = start + window.length === text.length;
    let wasWord = true;
    // Where the next window may begin, and how many words are before that.
    let safe = 0;
    let safeWords = 0;
    let last = 0;
    let lastWords = 0;
    for (const { segment, index, isWordLike } of segmenter.segment(window)) {
      last = index;
      lastWords = found.length;
      if (isWordLike && !wasWord) {
        safe = index;
        safeWords = lastWords;
      }
      wasWord = isWordLike === true;
      if (isWordLike) found.push(shortened(segment));
    }
    if (isLast) break;
    if (safe === 0) {
      safe = last === 0 ? window.length : last;
      safeWords = last === 0 ? found.length : lastWords;
    }
    found.length = safeWords;
    start += safe;
  }
  return found;
}

function newSegmenter(): Intl.Segmenter {
  if (typeof Intl === 'undefined' || Intl.Segmenter === undefined) {
    throw new VectileError('INVALID_ARGUMENT', 'tokenization: expected one this runtime can do, got "segmenter", and there is no Intl.Segmenter');
  }
  return new Intl.Segmenter(undefined, { granularity: 'word' });
}
