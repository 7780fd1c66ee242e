/** Blocks of code in the README and in docs/, and what they say of themselves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../wasm-build/pack.js';

export const read = (document) => readFileSync(join(root, document), 'utf8');

export const blocksOf = (document) =>
  [...read(document).matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, text]) => ({ language, text }));

/** Those of one language, with a name each. @returns {[name: string, text: string][]} */
export const inLanguage = (document, language) =>
  blocksOf(document).filter((block) => block.language === language).map(({ text }, i) => [`${language} ${i + 1}`, text]);

/** What the comments `// → …` of a block say it prints. */
export const promised = (text) => [...text.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line);

/** Whether a block needs the packages of a model beside ours. */
export const needsModel = (text) => text.includes('@energetic-ai/');
