/** Patterns with wildcards. It knows no index and folds no case: give it patterns that are spelt as the terms are. */
import { TOKEN_MAX, normalForm } from './tokenizer.js';

export interface LikePattern {
  /** What every match begins with: all before the first wildcard. */
  readonly prefix: string;
  matches(term: string): boolean;
}

/**
 * `*`: any characters or none; `?`: one code point; all else stands for itself. A pattern that asks for more code points
 * than TOKEN_MAX matches nothing, as no term has as many.
 */
export function likePattern(pattern: string): LikePattern {
  const normal = normalForm(pattern);
  const wildcard = normal.search(/[*?]/);
  if (wildcard < 0) return { prefix: normal, matches: (term) => term === normal };
  const prefix = normal.slice(0, wildcard);
  const rest = normal.slice(wildcard);
  if (/^\*+$/.test(rest)) return { prefix, matches: (term) => term.startsWith(prefix) };
  const isMatch = automaton(rest);
  return { prefix, matches: (term) => term.startsWith(prefix) && isMatch(term, prefix.length) };
}

const BITS = 32;

/**
 * A nondeterministic automaton whose states are bits (Navarro and Raffinot 2002, Flexible Pattern Matching in Strings,
 * section 4.2): state i, bit i, is reached when the first i letters of the pattern are read; stars are loops. Each code point
 * takes one step over all states, so that the time is in proportion to the term, whatever the pattern.
 *
 *     a ? * b     letters a, ?, b; loop at state 2; the end is state 3
 */
function automaton(pattern: string): (term: string, from: number) => boolean {
  const letters: string[] = [];
  const loopsAt = new Set<number>();
  for (const character of pattern) {
    if (character === '*') loopsAt.add(letters.length);
    else if (letters.push(character) > TOKEN_MAX) return () => false;
  }
  const end = letters.length;
  const words = Math.floor(end / BITS) + 1;
  const setBit = (masks: Int32Array, mask: number, state: number) => {
    masks[mask * words + Math.floor(state / BITS)]! |= 1 << (state % BITS);
  };

  const loops = new Int32Array(words);
  for (const state of loopsAt) setBit(loops, 0, state);
  /** Number of the mask of each code point that the pattern names; 0 is that of all others. */
  const maskOf = new Map<number, number>();
  for (const letter of letters) {
    const point = letter.codePointAt(0)!;
    if (letter !== '?' && !maskOf.has(point)) maskOf.set(point, maskOf.size + 1);
  }
  /** i32[masks][words]: the states that a code point leads to. */
  const masks = new Int32Array((maskOf.size + 1) * words);
  letters.forEach((letter, i) => {
    if (letter !== '?') return setBit(masks, maskOf.get(letter.codePointAt(0)!)!, i + 1);
    for (let mask = 0; mask <= maskOf.size; mask++) setBit(masks, mask, i + 1);
  });

  const states = new Int32Array(words);
  const endWord = Math.floor(end / BITS);
  const endBit = 1 << (end % BITS);
  const endsOpen = loopsAt.has(end);
  return (term, from) => {
    states.fill(0);
    states[0] = 1;
    for (let i = from; i < term.length; i++) {
      const point = term.codePointAt(i)!;
      if (point > 0xffff) i++;
      const mask = (maskOf.get(point) ?? 0) * words;
      let carry = 0;
      let any = 0;
      for (let word = 0; word < words; word++) {
        const old = states[word]!;
        const now = (((old << 1) | carry) & masks[mask + word]!) | (old & loops[word]!);
        carry = old >>> (BITS - 1);
        states[word] = now;
        any |= now;
      }
      if (any === 0) return false;
      if (endsOpen && (states[endWord]! & endBit) !== 0) return true;
    }
    return (states[endWord]! & endBit) !== 0;
  };
}
