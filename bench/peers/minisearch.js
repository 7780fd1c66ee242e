// MiniSearch: an inverted index of plain JavaScript, in memory, saved as one JSON text.

import { wordsOf } from '../data/words.js';

const options = {
  fields: ['text'],
  tokenize: wordsOf,
  processTerm: (word) => word,   // wordsOf has lower-cased it
  searchOptions: { combineWith: 'OR', bm25: { k: 1.2, b: 0.75, d: 0 } },
};

/** @type {import('../search-peers.js').TextPeer} */
export const minisearch = {
  name: 'minisearch',
  packages: ['minisearch@7.2.0'],
  kind: 'js',
  notes: ['the same words as ours, by its option `tokenize`', 'stores no text: hits are ids and scores', 'multiplies a score by the number of words that match, so its order is not that of BM25'],
  async load({ require }) {
    const MiniSearch = require('minisearch');
    const textIndex = (index) => ({
      add: (objects) => index.addAll(objects),
      search: (text, k) => index.search(text).slice(0, k).map(({ id }) => id),
      save: () => JSON.stringify(index),
    });
    return {
      create: () => textIndex(new MiniSearch(options)),
      parse: (saved) => textIndex(MiniSearch.loadJSON(saved, options)),
    };
  },
};
