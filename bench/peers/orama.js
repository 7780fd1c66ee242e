// Orama: radix trees and documents of plain JavaScript, in memory, saved as one JSON text.

import { wordsOf } from '../data/words.js';

// It finds every word that begins with a term; its option `exact` wants all terms of the query in their very spelling. A mark
// that ends each word makes its search by beginnings one for whole words, with any of them, as on the other sides.
const end = '\0';

/** @type {import('../search-peers.js').TextPeer} */
export const orama = {
  name: 'orama',
  packages: ['@orama/orama@3.1.18'],
  kind: 'js',
  notes: [
    'the same words as ours, by a tokenizer that ends each with a mark, so that words are found whole instead of by their beginning; that is less work',
    'a word that is repeated in a text counts once, as with its own tokenizer', 'holds the objects as they are given; no index for sorting',
  ],
  async load({ import: load }) {
    const { create, insert, load: restore, save, search } = await load('@orama/orama');
    const empty = () => create({
      schema: { text: 'string' },
      sort: { enabled: false },
      components: { tokenizer: { language: 'english', normalizationCache: new Map(), tokenize: (text) => [...new Set(wordsOf(text))].map((word) => word + end) } },
    });
    const textIndex = (index) => ({
      add(objects) { for (const object of objects) insert(index, object); },
      search: (term, k) => search(index, { term, properties: ['text'], limit: k, threshold: 1 }).hits.map(({ id }) => id),
      save: () => JSON.stringify(save(index)),
    });
    return {
      create: () => textIndex(empty()),
      parse(saved) {
        const index = empty();
        restore(index, JSON.parse(saved));
        return textIndex(index);
      },
    };
  },
};
