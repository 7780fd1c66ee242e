// How the built package finds its binary in a browser without a bundler, on servers as they are.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../browser-demo/serve.js';
import { describeWithout } from '../optional.js';
import { launchChromium, missingChromium, resultOf } from './chromium.js';

const usage = readFileSync(new URL('../fixtures/vite-app/main.js', import.meta.url), 'utf8');
const html = { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>This page is an app</title>' };
const missing = { status: 404, body: 'not found' };

describeWithout(missingChromium, 'the package in Chromium', () => {
  let browser;
  beforeAll(async () => { browser = await launchChromium(); });
  afterAll(() => browser?.close());

  /** Serves the repository with a page that runs `script`. */
  async function run({ script = usage.replace('vectile/engine', '/dist/engine.browser.js'), answers = {}, headers }) {
    const page = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/usage.js"></script>`;
    const server = await serve({
      headers,
      answers: {
        '/page': { headers: { 'content-type': 'text/html' }, body: page },
        '/usage.js': { body: script },
        ...answers,
      },
    });
    try {
      const { result, requests } = await resultOf(browser, `${server.url}/page`);
      return { result, fetched: requests.filter((path) => path.startsWith('/dist/core')) };
    } finally {
      await server.close();
    }
  }

  it('fetches the relaxed binary', async () => {
    expect(await run({})).toEqual({ result: [7, 8], fetched: ['/dist/core-relaxed.wasm'] });
  });

  it('does not mind the content type', async () => {
    const answers = { '/dist/core-relaxed.wasm': { headers: { 'content-type': 'text/plain' } } };
    expect(await run({ answers })).toEqual({ result: [7, 8], fetched: ['/dist/core-relaxed.wasm'] });
  });

  it.each([
    ['is missing', missing],
    ['is answered with a page', html],
    ['is answered with a page that says it is WebAssembly', { ...html, headers: { 'content-type': 'application/wasm' } }],
    ['is empty', { body: '' }],
  ])('takes the inlined binary where the file %s', async (_, answer) => {
    const answers = { '/dist/core-relaxed.wasm': answer, '/dist/core.wasm': answer };
    expect(await run({ answers })).toEqual({ result: [7, 8], fetched: ['/dist/core-relaxed.wasm', '/dist/core-inline.js'] });
  });

  it('says so where there is neither', async () => {
    const { result } = await run({ answers: { '/dist/core-relaxed.wasm': missing, '/dist/core-inline.js': missing } });
    expect(result).toMatch(/^CORE_UNAVAILABLE: core-relaxed\.wasm: expected the WebAssembly core, got /);
  });

  it.each([
    ['a URL', "await init({ url: '/dist/core.wasm' });", ['/dist/core.wasm']],
    ['a compiled module', "await init({ module: await WebAssembly.compileStreaming(fetch('/dist/core.wasm')) });", ['/dist/core.wasm']],
  ])('takes %s by init', async (_, call, fetched) => {
    const script = `import { init } from '/dist/engine.browser.js';\n${call}\n${usage.replace('vectile/engine', '/dist/engine.browser.js')}`;
    expect(await run({ script })).toEqual({ result: [7, 8], fetched });
  });

  it('init says what came when the URL is a page', async () => {
    const script = `import { init } from '/dist/engine.browser.js';\nglobalThis.result = await init({ url: '/nowhere.wasm' }).catch((error) => error.code + ': ' + error.message);`;
    const { result } = await run({ script, answers: { '/nowhere.wasm': html } });
    expect(result).toMatch(/^CORE_UNAVAILABLE: http.*\/nowhere\.wasm: expected WebAssembly, got status 200, text\/html/);
  });

  it("runs under the policy script-src 'self' 'wasm-unsafe-eval'", async () => {
    const headers = { 'content-security-policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:" };
    expect(await run({ headers })).toEqual({ result: [7, 8], fetched: ['/dist/core-relaxed.wasm'] });
  });

  it('says so under a policy without wasm-unsafe-eval', async () => {
    const { result } = await run({ headers: { 'content-security-policy': "default-src 'self'; img-src data:" } });
    expect(result).toMatch(/^CORE_UNAVAILABLE: .*Content Security Policy/);
  });
});
