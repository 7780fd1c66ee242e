// The sentence encoder beside the package that its weights are from, text by text, on many more texts.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadModel } from '../../bench/data/encoder.js';
import { missingSupport, supportObjects } from '../../bench/data/support.js';
import { encoder } from '../../dist/encoder.node.js';
import { encoderModel } from '../../wasm-build/encoder-model.js';
import { random } from '../conformance/random.js';
import { readModelFile } from '../../ts/encoder/model-file.js';
import { Tokenizer } from '../../ts/encoder/tokenizer.js';
import { texts as own } from '../encoder/texts.js';
import { describeWithout } from '../optional.js';

const original = await loadModel().catch((error) => error);

describeWithout(original instanceof Error ? original.message : undefined, 'beside the package', () => {
  const next = random(11);
  /** Any characters there are. */
  const wild = Array.from({ length: 300 }, () => String.fromCodePoint(...Array.from({ length: 1 + Math.floor(next() * 40) }, () => 1 + Math.floor(next() ** 3 * 0x10fffe))));
  const lines = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8').split(/\n+/).filter(Boolean);
  const support = missingSupport() ? [] : supportObjects().filter((_, i) => i % 200 === 0).map(({ text }) => text);
  const texts = [...own, ...wild, ...lines, ...support];
  let expected, opened;
  beforeAll(async () => {
    expected = [];
    for (const text of texts) expected.push((await original.embed([text]))[0]);
    opened = { f32: await encoder({ model: await encoderModel('f32') }), int8: await encoder({ model: await encoderModel('int8') }) };
  });
  afterAll(() => Promise.all(Object.values(opened ?? {}).map(({ close }) => close())));

  it('cuts all texts into the same tokens', async () => {
    const { pieces, scores } = readModelFile(await encoderModel('int8'));
    const tokenizer = new Tokenizer(pieces, scores);
    for (const text of texts) expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(original.tokenizer.encode(text));
  });

  it('makes the same vectors with weights of f32, and nearly so with int8', async () => {
    const [f32, int8] = [await opened.f32.embed(texts), await opened.int8.embed(texts)];
    let worst = 0, least = 1, sum = 0;
    for (const [i, vector] of expected.entries()) {
      worst = Math.max(worst, ...vector.map((x, c) => Math.abs(x - f32[i][c])));
      const cosine = vector.reduce((dot, x, c) => dot + x * int8[i][c], 0);
      least = Math.min(least, cosine);
      sum += cosine;
    }
    console.log(`${texts.length} texts: components within ${worst.toExponential(1)}; int8: cosine at least ${least.toFixed(4)}, ${(sum / texts.length).toFixed(4)} on average`);
    expect(worst).toBeLessThan(1e-3);
    expect(least).toBeGreaterThan(0.998);
  });
});
