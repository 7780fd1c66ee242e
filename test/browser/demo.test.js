// The demo page, on a server that sends no isolation headers.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VectorIndex } from 'vectile/engine';
import { serve } from '../../browser-demo/serve.js';
import { describeWithout } from '../optional.js';
import { launchChromium, missingChromium } from './chromium.js';

const missing = { status: 404, body: 'not found' };

describeWithout(missingChromium, 'the demo page', () => {
  let browser;
  beforeAll(async () => { browser = await launchChromium(); });
  afterAll(() => browser?.close());

  /** Opens the demo, waits until it answers, and hands the page to `body`. */
  async function withDemo({ answers, headers }, body) {
    const server = await serve({ answers, headers });
    const page = await browser.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    try {
      await page.goto(`${server.url}/browser-demo/`);
      await page.waitForSelector('#hits li');
      await body(page);
      expect(errors).toEqual([]);
    } finally {
      await page.close();
      await server.close();
    }
  }

  const hits = (page) => page.$$eval('#hits li', (items) => items.map((item) => item.firstChild.textContent));

  it('indexes names and searches at every key', async () => {
    await withDemo({ answers: { '/.cache/words/50000.json': missing } }, async (page) => {
      expect(await page.textContent('#about')).toMatch(/^5,000 names by their letters, indexed in [\d.]+ ms; [\d.]+ MB\.$/);
      expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(false);
      expect(await hits(page)).toHaveLength(10);
      await page.fill('#query', 'coririln');
      expect((await hits(page)).slice(0, 3)).toContain('corrilin');
      expect(await page.textContent('#timing')).toMatch(/^10 of 5,000 in [\d.]+ ms$/);
      await page.fill('#query', '');
      expect(await hits(page)).toEqual([]);
    });
  });

  it('opens an index that Node has written', async () => {
    const words = ['coffee', 'tea', 'guitar', 'a', 'b'];
    const index = await VectorIndex.create({ dimensions: 4 });
    [[1, 0, 0, 0], [0.9, 0.1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 1]].forEach((vector, id) => index.add(id, vector));
    const answers = { '/.cache/words/50000.json': { body: JSON.stringify({ words }) }, '/.cache/words/50000.vectile': { body: index.serialize() } };
    await withDemo({ answers }, async (page) => {
      expect(await page.textContent('#about')).toMatch(/^5 words by meaning, opened in /);
      expect((await hits(page)).slice(0, 2)).toEqual(['coffee', 'tea']);
      await page.fill('#query', 'cofee');
      expect(await page.textContent('#timing')).toBe('“cofee” is not known');
    });
  });

  it("runs under the policy script-src 'self' 'wasm-unsafe-eval'", async () => {
    const headers = { 'content-security-policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };
    await withDemo({ answers: { '/.cache/words/50000.json': missing }, headers }, async (page) => {
      expect(await hits(page)).toHaveLength(10);
    });
  });
});
