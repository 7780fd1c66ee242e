// Every block of code in the README and in docs/ runs, in a folder where the packed package is installed, and prints what it
// says. Blocks of one document share a folder, so that one may open what another has left. Blocks that need a model run in
// packaging/quickstart.test.js.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../browser-demo/serve.js';
import { documents as documentsWithTables, withTables } from '../bench/summary.js';
import { integrations } from '../wasm-build/integrations.js';
import { npm, root } from '../wasm-build/pack.js';
import { sizes } from '../wasm-build/size.js';
import { launchChromium, missingChromium } from './browser/chromium.js';
import { describeWithout } from './optional.js';
import { blocksOf, inLanguage, needsModel, promised, read } from './packaging/documents.js';
import { installPackage, linkPackages } from './packaging/installed.js';

const documents = ['README.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
/** `text` are drawings. */
const LANGUAGES = ['sh', 'js', 'ts', 'html', 'text'];

let installed;
beforeAll(async () => {
  installed = await installPackage();
  await linkPackages(installed.folder, [...Object.values(integrations).flat(), 'react-dom', '@ai-sdk/openai-compatible']);
});
afterAll(() => installed?.remove());

const withoutTypes = (text) => transformSync(text, { loader: 'ts', target: 'es2022' }).code;

const folderOf = (document) => document.replaceAll(/\W/g, '-');

/** Writes a block as a file of the document's folder; its name there. */
function put(document, name, text) {
  const [extension] = name.split(' ');
  const folder = join(installed.folder, folderOf(document));
  mkdirSync(folder, { recursive: true });
  const file = `${name.replaceAll(/\W/g, '-')}.${extension}`;
  writeFileSync(join(folder, file), text);
  return { file, folder };
}

describe.each(documents)('%s', (document) => {
  it('has blocks of kinds that are run here', () => {
    expect(blocksOf(document).filter(({ language }) => !LANGUAGES.includes(language))).toEqual([]);
  });

  const blocks = [...inLanguage(document, 'js'), ...inLanguage(document, 'ts')].filter(([, text]) => !needsModel(text));
  if (blocks.length) it.each(blocks)('%s prints what it says', (name, text) => {
    const { file, folder } = put(document, `js ${name}`, name.startsWith('ts') ? withoutTypes(text) : text);
    const printed = execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
    expect(printed.trimEnd().split('\n').filter(Boolean)).toEqual(promised(text));
  });

  it('links to files that are there', () => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path);
    expect(links.filter((path) => !existsSync(join(root, dirname(document), path)))).toEqual([]);
  });
});

describe.each(documentsWithTables)('%s', (document) => {
  it('has the tables of the committed results', () => {
    expect(read(document)).toContain(': npm run bench -- summary -->');
    expect(read(document)).toBe(withTables(document));
  });
});

describe('the README', () => {
  // packages of the model: packaging/quickstart.test.js
  it.each(inLanguage('README.md', 'sh').filter(([, text]) => !needsModel(text)))('%s: npm does it', (_, text) => {
    expect(text.trim()).toBe('npm install vectile');
    npm(['install', installed.tarball, '--offline', '--no-audit', '--no-fund'], { cwd: installed.folder, stdio: 'ignore' });
  });

  it('states the size that is measured', () => {
    const measured = sizes();
    const [, stated] = /(\d+) kB gzipped/.exec(read('README.md'));
    const [, more] = /(\d+) kB more/.exec(read('README.md'));
    const [{ gzip }, whole] = ['vectile/engine (browser)', 'vectile (browser)'].map((name) => measured.find(({ entry }) => entry === name));
    expect(Math.abs(gzip / 1000 - Number(stated))).toBeLessThan(1);
    expect(Math.abs((whole.gzip - gzip) / 1000 - Number(more))).toBeLessThan(3);
  });
});

describeWithout(missingChromium, 'in Chromium', () => {
  const pages = documents.flatMap((document) => inLanguage(document, 'html').map(([name, text]) => [document, name, text]));

  it.each(pages)('%s, %s prints what it says', async (document, name, text) => {
    const { file } = put(document, name, text);
    const server = await serve({ root: installed.folder, answers: { '/favicon.ico': { body: '' } } });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const printed = [];
      page.on('console', (message) => printed.push(message.text()));
      page.on('pageerror', (error) => printed.push(String(error)));
      await page.goto(`${server.url}/${folderOf(document)}/${file}`);
      await expect.poll(() => printed, { timeout: 10_000 }).toEqual(promised(text));
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
