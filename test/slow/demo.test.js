// The demo: how vectors are stored, all of it in a file, and tabs that are killed in the middle of an import, twenty times; and a new version.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pagesFolder } from '../../browser-demo/build.js';
import { serve } from '../../browser-demo/serve.js';
import { launchChromium, missingChromium } from '../browser/chromium.js';
import { killedInImports } from '../demo/kills.js';
import { ask, csv, openDemo, request, serveDemo } from '../demo/pages.js';
import { describeWithout } from '../optional.js';

describeWithout(missingChromium, 'the analyst', () => {
  let server, browser, page;
  beforeAll(async () => {
    server = await serveDemo();
    browser = await launchChromium();
    ({ page } = await openDemo(await browser.newContext(), server.url));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  const search = (...args) => ask(page, 'search', request(...args));

  it('stores vectors in another way, and measures what that does', async () => {
    for (const preset of ['smallest', 'pq', 'compact', 'bq', 'sq', 'fast', 'exact']) {
      const { before, after, failure } = await ask(page, 'setPreset', `p-${preset}`, preset, 'lantern');
      expect(failure).toBeUndefined();
      expect(after.preset).toBe(preset);
      expect(after.queries).toBeGreaterThanOrEqual(50);
      expect(after.recall).toBeGreaterThan(preset === 'exact' ? 0.95 : 0.8);
      expect(Math.min(before.bytes, after.bytes, after.diskBytes, after.p50)).toBeGreaterThan(0);
      if (preset === 'smallest') expect(after.bytes).toBeLessThan(before.bytes / 2);
    }
    expect((await ask(page, 'statistics')).preset).toBe('exact');
  });

  it('is downloaded, begun anew and loaded again', async () => {
    await ask(page, 'importFile', 'i', 'mine', { name: 'mine.csv', file: csv(299) });
    const size = await page.evaluate(async () => {
      globalThis.saved = await globalThis.tab.analyst.exportDatabase();
      return globalThis.saved.size;
    });
    expect(size).toBeGreaterThan(10_000_000);
    await ask(page, 'setTenant', 'mine', 'remove');
    expect(await page.evaluate(() => globalThis.tab.analyst.importDatabase(new Blob(['no database'])).then(() => 'done', ({ code }) => code))).toMatch(/^STORAGE_|^INVALID/);
    expect((await search('brightgrid', 'solar')).hits).toHaveLength(10);
    await page.evaluate(() => globalThis.tab.analyst.importDatabase(globalThis.saved));
    expect((await search('mine', 'umbrella')).total).toBe(299);
    const first = await search('brightgrid', 'solar');
    await ask(page, 'reset');
    expect((await ask(page, 'accounts')).map(({ name }) => name)).not.toContain('mine');
    expect((await search('brightgrid', 'solar')).hits.map(({ post }) => post.id)).toEqual(first.hits.map(({ post }) => post.id));
  });

  it('loses nothing that was acknowledged when its tab is killed, twenty times', () => killedInImports({ browser, url: server.url, kills: 20 }));

  it('keeps what there is when its tab ends while a file is loaded', async () => {
    const context = await browser.newContext();
    const { page } = await openDemo(context, server.url);
    await page.evaluate(async (text) => {
      const { analyst } = globalThis.tab;
      const file = await analyst.exportDatabase();
      await analyst.importFile('i', 'later', new File([text], 'a.csv'));
      void analyst.importDatabase(new File([file], 'all.vectile'));
      await new Promise((resolve) => setTimeout(resolve, 400));
    }, csv(3));
    await page.reload();
    await page.waitForFunction(() => globalThis.tab);
    expect((await ask(page, 'search', request('later', 'violin'))).total).toBe(3);
    expect((await ask(page, 'accounts')).map(({ name }) => name)).toContain('brightgrid');
    await context.close();
  });

  it('of a version before goes on, with no network, when there is a new one', async () => {
    const served = await serveDemo();
    const context = await browser.newContext();
    const { page } = await openDemo(context, served.url);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await served.close();
    const worker = readFileSync(join(pagesFolder, 'service-worker.js'), 'utf8');
    const [, list] = /const files = (\[.*?\]);/.exec(worker);
    const gone = JSON.parse(list).find((file) => /brightgrid/.test(file));
    const body = worker.replace(/const version = '/, `const version = 'next-`).replace(list, JSON.stringify(JSON.parse(list).filter((file) => file !== gone)));
    const next = await serve({ root: pagesFolder, port: Number(new URL(served.url).port), answers: { '/service-worker.js': { body } } });
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const changed = new Promise((resolve) => { navigator.serviceWorker.oncontrollerchange = resolve; });
      await registration.update();
      await changed;
    });
    await next.close();
    expect(await page.evaluate(async (file) => (await fetch(file)).ok, gone)).toBe(true);
    expect(await ask(page, 'reset')).toBeUndefined();
    expect((await ask(page, 'search', request('brightgrid', 'power', { kind: 'keyword' }))).total).toBe(850);
    await page.reload();
    await page.waitForFunction(() => globalThis.tab);
    expect((await ask(page, 'search', request('brightgrid', 'power', { kind: 'keyword' }))).total).toBe(850);
    const names = await page.evaluate(async () => Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).length)));
    expect(names.sort((a, b) => a - b)[0]).toBe(1); // of the version before what only that has
    await context.close();
  });
});
