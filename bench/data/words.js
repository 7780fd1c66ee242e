// Words of a text, as the tokenization `word` cuts them, and the words that queries do without. Written apart from the
// engine, for what it is compared with.

/** The words that Lucene's and Weaviate's English lists leave out of queries. */
export const englishStopwords = new Set((
  'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with'
).split(' '));

/** Runs of letters, numbers and marks, in lower case. @returns {string[]} */
export const wordsOf = (text) => text.normalize('NFC').toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
