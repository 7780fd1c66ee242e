/**
 * What the package that the weights are from makes of our texts. The file is made by
 *
 *   node test/encoder/expected.js
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { loadModel } from '../../bench/data/encoder.js';
import { texts } from './texts.js';

const file = new URL('../fixtures/encoder.json', import.meta.url);
/** Of a vector, so many components are kept: every 64th. */
const STEP = 64;

/** @returns {{ tokens: number[], components: number[] }[]} for each of the texts */
export const readExpected = () => JSON.parse(readFileSync(file, 'utf8'));

export const componentsOf = (vector) => Array.from(vector).filter((_, i) => i % STEP === 0);

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const model = await loadModel();
  const expected = [];
  for (const text of texts) {
    const [vector] = await model.embed([text]);
    expected.push({ tokens: model.tokenizer.encode(text), components: componentsOf(vector).map((x) => Number(x.toFixed(5))) });
  }
  writeFileSync(file, `[\n${expected.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`);
}
