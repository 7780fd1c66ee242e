/**
 * The built package in a page, with no bundler: opens an index, searches at every key, shows what it took.
 *
 * If `npm start` has left its index of words in .cache/, the page opens that file: images are the same everywhere.
 * Otherwise it makes names and finds those that are spelt alike.
 */
import { VectorIndex } from '../dist/engine.browser.js';
import { makeNames, trigramDimensions, trigrams } from './names.js';

const element = (id) => document.getElementById(id);
const milliseconds = (since) => `${(performance.now() - since).toFixed(1)} ms`;

try {
  const { index, names, toVector, about, example } = (await openWords()) ?? (await buildNames());
  const { bytes } = index.stats();
  element('about').textContent = `${about} ${(bytes.total / 1e6).toFixed(1)} MB.`;
  element('progress').hidden = true;
  element('query').disabled = false;
  element('query').addEventListener('input', (event) => search(event.target.value.trim().toLowerCase()));
  element('query').value = example;
  search(example);

  function search(text) {
    const vector = text ? toVector(text) : undefined;
    if (!vector?.some((value) => value !== 0)) return show([], text ? `“${text}” is not known` : '');
    const start = performance.now();
    const { ids, distances } = index.search(vector, { k: 10 });
    show([...ids].map((id, i) => [names[id], (1 - distances[i]).toFixed(3)]), `${ids.length} of ${index.size.toLocaleString('en')} in ${milliseconds(start)}`);
  }
} catch (error) {
  element('about').textContent = `${error.code ?? error.name}: ${error.message}`;
  element('progress').hidden = true;
}

/** Words as `npm start` indexed them; undefined if it was not run here. */
async function openWords() {
  const list = await fetch('../.cache/words/50000.json');
  const image = list.ok && (await fetch('../.cache/words/50000.vectile'));
  if (!image?.ok) return undefined;
  const { words } = await list.json();
  const bytes = new Uint8Array(await image.arrayBuffer());
  const start = performance.now();
  const index = await VectorIndex.deserialize(bytes);
  const idOf = new Map(words.map((word, id) => [word, id]));
  element('prompt').textContent = 'A word';
  return {
    index,
    names: words,
    toVector: (text) => (idOf.has(text) ? index.get(idOf.get(text)) : undefined),
    about: `${index.size.toLocaleString('en')} words by meaning, opened in ${milliseconds(start)};`,
    example: words.includes('coffee') ? 'coffee' : words[0],
  };
}

/** 5,000 names by their letters, indexed in slices between which the page stays alive. */
async function buildNames() {
  const names = makeNames(5000);
  const start = performance.now();
  const index = await VectorIndex.create({ dimensions: trigramDimensions });
  for (let id = 0; id < names.length; id++) {
    index.add(id, trigrams(names[id]));
    if (id % 250 === 0) {
      element('progress').value = id / names.length;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  element('prompt').textContent = 'A name, spelt as you like';
  return {
    index,
    names,
    toVector: (text) => trigrams(text),
    about: `${index.size.toLocaleString('en')} names by their letters, indexed in ${milliseconds(start)};`,
    example: names[1234],
  };
}

function show(hits, timing) {
  element('timing').textContent = timing;
  element('hits').replaceChildren(...hits.map(([name, score]) => {
    const item = document.createElement('li');
    item.append(name, ' ', Object.assign(document.createElement('span'), { textContent: score }));
    return item;
  }));
}
