// vectile/react, as it was built, with the real React in Chromium. What is rendered without a page: packaging/integrations.test.js.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../browser-demo/serve.js';
import { root } from '../../wasm-build/pack.js';
import { launchChromium, missingChromium, resultOf } from '../browser/chromium.js';
import { describeWithout } from '../optional.js';

describeWithout(missingChromium, 'useSearch, in a page,', () => {
  let folder, browser, server, results;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vectile-'));
    await esbuild.build({
      entryPoints: [join(root, 'test/integrations/react-page.jsx')], bundle: true, splitting: true, format: 'esm', outdir: folder, jsx: 'automatic', target: 'es2022',
      alias: { vectile: join(root, 'dist/index.browser.js'), 'vectile/react': join(root, 'dist/react.js') },
      define: { 'process.env.NODE_ENV': '"development"' }, logLevel: 'error',
    });
    const page = { headers: { 'content-type': 'text/html' }, body: '<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="/react-page.js"></script>' };
    server = await serve({ root: folder, answers: { '/page': page } });
    browser = await launchChromium();
    ({ result: results } = await resultOf(browser, `${server.url}/page`));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('tells what was found, nothing without a search, and waits for a collection', () => {
    expect(results.answers).toEqual({ log: [' …', ' …', 'x,y', ''], asked: ['a'], listeners: 0 });
  });

  it('waits for the last of changes of the search, and shows what it has meanwhile', () => {
    expect(results.debounce).toEqual({ log: ['x …', 1, 'x …', 'y'], asked: ['a', 'abcd'] });
  });

  it('aborts what is no longer wanted, and never shows what comes of it', () => {
    expect(results.stale).toEqual({ log: ['of b', 'of b', 'of b …'], asked: ['a, aborted', 'b', 'c, aborted'] });
  });

  it('asks once, however often the same is written anew', () => {
    expect(results.literals).toEqual({ asked: [['a'], [], [], [], []], options: ['operator', 'property', 'value'], more: 1 });
  });

  it('asks again for every difference', () => {
    const { asked, versions, ...rest } = results.differences;
    expect(asked).toBe(versions);
    expect(rest).toEqual({ other: ['a'], listeners: [0, 1], last: 'a, aborted' });
  });

  it('looks again after changes of the collection, once for many, and lets a search under way finish', () => {
    expect(results.changes).toEqual({
      log: [
        ' … | 1 asked, 0 waiting', 'x | 1 asked, 1 waiting', 'x | 2 asked, 0 waiting', 'y | 2 asked, 0 waiting', 'y | 2 asked, 1 waiting', 'y no more | 3 asked, 0 waiting',
        'y … | 4 asked, 0 waiting', 'z | 4 asked, 0 waiting',
      ],
      asked: ['a', 'a', 'a', 'a'],
    });
  });

  it('ends with its component', () => {
    expect(results.unmount).toEqual([
      ['searching', ['a, aborted'], 0, 0, 0], ['waiting', ['a, aborted'], 0, 0, 0], ['found', ['a'], 0, 0, 0],
    ]);
  });

  it('is at home in StrictMode', () => {
    expect(results.strict).toEqual([' …', ['a, aborted', 'a'], 1, ' …', 'x', 0]);
  });

  it('tells what is refused', () => {
    expect(results.refused).toEqual([
      ' INVALID_ARGUMENT', ' CLOSED', [], 0,
      'INVALID_ARGUMENT debounceMs: expected a number from 0 to 2147483647, got -1',
    ]);
  });

  it('follows the database', () => {
    expect(results.database).toEqual(['a,b', 'b,a', 'b,a', 'b,a', 'c,b,a', 'c,a', 'c,a, 0 waiting', 'c,a VECTORIZER_MISSING', 'ann', 'bob']);
  });
});
