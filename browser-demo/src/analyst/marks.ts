/** Where a text has the words of a query: cut as the tokenization `word` cuts, which the posts' texts are indexed by. */

const WORD = /[\p{Letter}\p{Number}\p{Mark}]+/gu;
/** The stopwords of the preset `en`, which searches by keywords leave out. */
const STOPWORDS = new Set('a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with'.split(' '));

const wordOf = (run: string): string => run.toLowerCase().normalize('NFC');

/** The words a search by keywords looks for: stopwords only if there is nothing else. */
export function wordsOf(query: string): Set<string> {
  const all = new Set((query.match(WORD) ?? []).map(wordOf));
  const telling = new Set([...all].filter((word) => !STOPWORDS.has(word)));
  return telling.size ? telling : all;
}

/** `[start, end)` in UTF-16 units, in order. */
export function marksOf(text: string, words: ReadonlySet<string>): [number, number][] {
  const marks: [number, number][] = [];
  for (const { 0: run, index } of text.matchAll(WORD)) if (words.has(wordOf(run))) marks.push([index, index + run.length]);
  return marks;
}
