// The sentence encoder in Chromium: in a worker, and in the page.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../browser-demo/serve.js';
import { encoder } from '../../dist/encoder.node.js';
import { encoderModel } from '../../wasm-build/encoder-model.js';
import { texts } from '../encoder/texts.js';
import { describeWithout } from '../optional.js';
import { launchChromium, missingChromium } from './chromium.js';

const some = texts.slice(0, 100).filter((text) => !/[\ud800-\udfff]/u.test(text)); // whether halves of pairs come through is not the encoder's to say

describeWithout(missingChromium, 'the encoder in Chromium', () => {
  let browser, server, model;
  beforeAll(async () => {
    model = await encoderModel('int8');
    const html = `<!doctype html><link rel="icon" href="data:,"><script type="module">
      import { encoder } from '/dist/encoder.browser.js';
      globalThis.made = async (options, texts) => {
        try {
          const { embed, close } = await encoder(options);
          const vectors = await embed(texts);
          await close();
          return vectors.map((vector) => [...vector]);
        } catch ({ code, message }) {
          return { code, message };
        }
      };
      globalThis.ready = true;
    </script>`;
    const page = { headers: { 'content-type': 'text/html' }, body: html };
    server = await serve({ answers: { '/page': page, '/model.venc': { body: Buffer.from(model) }, '/missing.venc': { status: 404, body: 'not found' }, '/app.venc': page } });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  async function made(options, given, onPage = () => {}) {
    const page = await browser.newPage();
    try {
      await onPage(page);
      await page.goto(`${server.url}/page`);
      await page.waitForFunction(() => globalThis.ready);
      return await page.evaluate(([options, given]) => globalThis.made(options, given), [options, given]);
    } finally {
      await page.close();
    }
  }

  it('makes of texts what it makes of them in Node', async () => {
    const { embed } = await encoder({ model, threads: 0 });
    const expected = await embed(some);
    for (const options of [{}, { threads: 2 }, { threads: 0 }]) {
      const vectors = await made({ model: '/model.venc', ...options }, some);
      expect(vectors).toHaveLength(some.length);
      // the sines of places are the engine's own
      vectors.forEach((vector, i) => expect(Math.max(...vector.map((x, c) => Math.abs(x - expected[i][c])))).toBeLessThan(1e-3));
    }
  });

  it('says what it cannot have', async () => {
    expect(await made({ model: '/missing.venc' }, ['a'])).toMatchObject({ code: 'MODEL_UNAVAILABLE', message: expect.stringContaining('404') });
    expect(await made({ model: '/app.venc' }, ['a'])).toMatchObject({ code: 'MODEL_FOREIGN' });
    const withoutWorker = (page) => page.route('**/encoder-worker.browser.js', (route) => route.fulfill({ status: 404, body: 'not found' }));
    expect(await made({ model: '/model.venc' }, ['a'], withoutWorker)).toMatchObject({ code: 'WORKER_UNAVAILABLE' });
    expect(await made({ model: '/model.venc', threads: 0 }, ['a'], withoutWorker)).toHaveLength(1);
  });
});
