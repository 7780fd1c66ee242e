/**
 * `node examples/codecs.js`: one index of the 50,000 most frequent English words, stored in each mode in turn. What it takes,
 * what it finds of the exact neighbours, and how long a search lasts. The words come from the cache of
 * `node examples/words.js`, or are fetched. On a fresh clone `npm run build` comes first.
 */
import { openWords } from './words/cache.js';
import { measureModes } from './words/modes.js';

const { words, index } = await openWords(50_000).catch((error) => {
  console.error(`words: ${error.message}`);
  process.exit(1);
});

console.log('mode       codec  bytes a word  recall@10  rescored  one search  river is near');
for (const { mode, codec, bytes, recall, rescored, searchMs, near } of measureModes(index, { k: 10, queries: 200, example: words.indexOf('river') })) {
  console.log([
    mode.padEnd(9), codec.padEnd(5), bytes.toFixed(0).padStart(13), `${(100 * recall).toFixed(1)} %`.padStart(9), String(rescored).padStart(8),
    `${searchMs.toFixed(3)} ms`.padStart(10), near.map((id) => words[id]).join(', '),
  ].join('  '));
}
