// One small program through bundlers, into a browser or Node.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import * as vite from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../../browser-demo/serve.js';
import { root } from '../../wasm-build/pack.js';
import { launchChromium, missingChromium, resultOf } from '../browser/chromium.js';
import { visits } from '../fixtures/visit.js';
import { describeWithout } from '../optional.js';
import { installPackage } from './installed.js';

describe('bundled for Node', () => {
  let installed;
  beforeAll(async () => { installed = await installPackage(); });
  afterAll(() => installed?.remove());

  it.each(['esm', 'cjs'])('esbuild, as one file of format %s: the binary is in it', async (format) => {
    const text = `${readFileSync(join(root, 'test/fixtures/vite-app/main.js'), 'utf8')}console.log(globalThis.result.join());`;
    const contents = text.replace(/(import .*)\n([^]*)/, '$1\n(async () => {$2})();');
    const outfile = join(installed.folder, 'bundle', format === 'esm' ? 'main.js' : 'main.cjs');
    await esbuild.build({
      stdin: { contents, resolveDir: installed.folder },
      absWorkingDir: installed.folder, bundle: true, platform: 'node', format, outfile, logLevel: 'silent',
    });
    expect(execFileSync(process.execPath, [outfile], { encoding: 'utf8' })).toBe('7,8\n');
  });

  it.each(['esm', 'cjs'])('esbuild, a database in one file of format %s', async (format) => {
    const contents = `
import * as vectile from 'vectile';
import { visit } from '${join(root, 'test/fixtures/visit.js').replaceAll('\\', '/')}';
visit(vectile, process.argv[2]).then((result) => console.log(JSON.stringify(result)));`;
    const outfile = join(installed.folder, 'bundle', format === 'esm' ? 'database.js' : 'database.cjs');
    await esbuild.build({
      stdin: { contents, resolveDir: installed.folder },
      absWorkingDir: installed.folder, bundle: true, platform: 'node', format, outfile, logLevel: 'silent',
    });
    for (const expected of visits) {
      expect(JSON.parse(execFileSync(process.execPath, [outfile, join(installed.folder, `data-${format}`)], { encoding: 'utf8' }))).toEqual(expected);
    }
  });
});

describeWithout(missingChromium, 'bundled for Chromium', () => {
  let installed, browser, server;

  beforeAll(async () => {
    installed = await installPackage();
    cpSync(join(root, 'test/fixtures/vite-app'), installed.folder, { recursive: true });
    cpSync(join(root, 'test/fixtures/vite-database'), join(installed.folder, 'database'), { recursive: true });
    cpSync(join(root, 'test/fixtures/visit.js'), join(installed.folder, 'database/visit.js'));
    browser = await launchChromium();
    server = await serve({ root: installed.folder });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await installed?.remove();
  });

  /** Runs a page that loads `script`. */
  async function resultOfScript(script, type) {
    const page = await serve({
      root: installed.folder,
      answers: { '/page': { headers: { 'content-type': 'text/html' }, body: `<!doctype html><link rel="icon" href="data:,"><script ${type} src="/${script}"></script>` } },
    });
    try {
      return await resultOf(browser, `${page.url}/page`);
    } finally {
      await page.close();
    }
  }

  it('Vite: the binary becomes an asset of its own', async () => {
    await vite.build({ root: installed.folder, base: './', logLevel: 'warn', build: { outDir: 'vite', target: 'es2022' } });
    const { result, requests } = await resultOf(browser, `${server.url}/vite/`);
    expect(result).toEqual([7, 8]);
    expect(requests.filter((path) => /\/assets\/core-relaxed-[\w-]+\.wasm$/.test(path))).toHaveLength(1);
    expect(requests.filter((path) => /core-inline/.test(path))).toEqual([]);
  });

  it('Vite, while developing', async () => {
    const dev = await vite.createServer({ root: installed.folder, logLevel: 'warn', server: { host: '127.0.0.1', port: 0 } });
    try {
      await dev.listen();
      const { result, requests } = await resultOf(browser, dev.resolvedUrls.local[0]);
      expect(result).toEqual([7, 8]);
      expect(requests.filter((path) => /core-inline/.test(path))).toEqual([]);
    } finally {
      await dev.close();
    }
  });

  /** Visits a page as often as `visits` says, in a browser that keeps what is stored. */
  async function expectVisits(url) {
    const context = await browser.newContext();
    try {
      const requests = [];
      for (const expected of visits) {
        const visited = await resultOf(context, url);
        expect(visited.result).toEqual(expected);
        requests.push(...visited.requests);
      }
      expect((await resultOf(context, `${url}#leave`)).result).toBe('left open');
      expect((await resultOf(context, url)).result).toEqual({ ...visits[0], before: visits.at(-1).before + 2 });
      return requests;
    } finally {
      await context.close();
    }
  }

  it('Vite: a database in IndexedDB, with the binary as an asset', async () => {
    await vite.build({ root: join(installed.folder, 'database'), base: './', logLevel: 'warn', build: { outDir: 'vite', target: 'es2022' } });
    const requests = await expectVisits(`${server.url}/database/vite/`);
    expect(requests.some((path) => /\/assets\/worker\.browser-[\w-]+\.js$/.test(path)), 'a worker').toBe(true);
    expect(requests.filter((path) => /\/core/.test(path)).every((path) => /\/assets\/core-relaxed-[\w-]+\.wasm$/.test(path))).toBe(true);
  });

  it('Vite, while developing a page with a database', async () => {
    const dev = await vite.createServer({ root: join(installed.folder, 'database'), logLevel: 'warn', server: { host: '127.0.0.1', port: 0 } });
    try {
      await dev.listen();
      const requests = await expectVisits(dev.resolvedUrls.local[0]);
      expect(requests.some((path) => /worker\.browser\.js/.test(path)), 'a worker').toBe(true);
      expect(requests.filter((path) => /core-inline/.test(path))).toEqual([]);
    } finally {
      await dev.close();
    }
  });

  it('esbuild, as modules: a database in IndexedDB', async () => {
    const folder = join(installed.folder, 'database');
    await esbuild.build({ entryPoints: ['main.js'], absWorkingDir: folder, bundle: true, splitting: true, format: 'esm', outdir: 'esbuild', target: 'es2022' });
    const page = { headers: { 'content-type': 'text/html' }, body: '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/esbuild/main.js"></script>' };
    const database = await serve({ root: folder, answers: { '/page': page } });
    try {
      await expectVisits(`${database.url}/page`);
    } finally {
      await database.close();
    }
  });

  it('esbuild, as modules: the binary is inlined in a chunk, since esbuild leaves its address alone', async () => {
    await esbuild.build({ entryPoints: ['main.js'], absWorkingDir: installed.folder, bundle: true, splitting: true, format: 'esm', outdir: 'esbuild', target: 'es2022' });
    expect(existsSync(join(installed.folder, 'esbuild/core.wasm'))).toBe(false);
    expect((await resultOfScript('esbuild/main.js', 'type="module"')).result).toEqual([7, 8]);
  });

  it('esbuild, as one classic script', async () => {
    const text = readFileSync(join(installed.folder, 'main.js'), 'utf8').replace(/(import .*)\n([^]*)/, '$1\n(async () => {$2})();');
    await esbuild.build({
      stdin: { contents: text, resolveDir: installed.folder },
      absWorkingDir: installed.folder, bundle: true, format: 'iife', outfile: 'classic.js', target: 'es2022', logLevel: 'silent',
    });
    expect((await resultOfScript('classic.js', '')).result).toEqual([7, 8]);
  });
});
