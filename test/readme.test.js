// Every block of code in the README and in docs/codecs.md runs, in a folder where the packed package is installed, and
// prints what it says.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../browser-demo/serve.js';
import { documents, withTables } from '../bench/summary.js';
import { npm, root } from '../wasm-build/pack.js';
import { sizes } from '../wasm-build/size.js';
import { launchChromium, missingChromium } from './browser/chromium.js';
import { describeWithout } from './optional.js';
import { installPackage } from './packaging/installed.js';

const read = (document) => readFileSync(join(root, document), 'utf8');
const blocksOf = (document) => [...read(document).matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, text]) => ({ language, text }));
const inLanguage = (document, language) => blocksOf(document).filter((block) => block.language === language).map(({ text }, i) => [`${language} ${i + 1}`, text]);

/** What the comments `// → …` of a block say it prints. */
const promised = (text) => [...text.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line);

let installed;
beforeAll(async () => { installed = await installPackage(); });
afterAll(() => installed?.remove());

/** Writes a block as a file of the folder; its name there. */
function put(document, name, text) {
  const [extension] = name.split(' ');
  const file = `${`${document} ${name}`.replaceAll(/\W/g, '-')}.${extension}`;
  writeFileSync(join(installed.folder, file), text);
  return file;
}

describe.each(documents)('%s', (document) => {
  it('has blocks of kinds that are run here', () => {
    const blocks = blocksOf(document);
    expect(blocks.length).toBeGreaterThan(0);
    expect(blocks.filter(({ language }) => !['sh', 'js', 'html'].includes(language))).toEqual([]);
  });

  it.each(inLanguage(document, 'js'))('%s prints what it says', (name, text) => {
    const printed = execFileSync(process.execPath, [put(document, name, text)], { cwd: installed.folder, encoding: 'utf8' });
    expect(printed.trimEnd().split('\n')).toEqual(promised(text));
  });

  it('has the tables of the committed results', () => {
    expect(read(document)).toContain(': npm run bench -- summary -->');
    expect(read(document)).toBe(withTables(document));
  });

  it('links to files that are there', () => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path);
    expect(links.filter((path) => !existsSync(join(root, dirname(document), path)))).toEqual([]);
  });
});

describe('the README', () => {
  it.each(inLanguage('README.md', 'sh'))('%s: npm does it', (_, text) => {
    const commands = text.trim().split('\n');
    for (const command of commands) {
      expect(command).toMatch(/^npm install vectile$/);
      npm(['install', installed.tarball, '--offline', '--no-audit', '--no-fund'], { cwd: installed.folder, stdio: 'ignore' });
    }
  });

  it('states the size that is measured', () => {
    const [, stated] = /(\d+) kB gzipped/.exec(read('README.md'));
    const { gzip } = sizes().find(({ entry }) => entry === 'vectile/engine (browser)');
    expect(Math.abs(gzip / 1000 - Number(stated))).toBeLessThan(1);
  });
});

describeWithout(missingChromium, 'the README, in Chromium', () => {
  it.each(inLanguage('README.md', 'html'))('%s prints what it says', async (name, text) => {
    const file = put('README.md', name, text);
    const server = await serve({ root: installed.folder, answers: { '/favicon.ico': { body: '' } } });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const printed = [];
      page.on('console', (message) => printed.push(message.text()));
      page.on('pageerror', (error) => printed.push(String(error)));
      await page.goto(`${server.url}/${file}`);
      await expect.poll(() => printed, { timeout: 10_000 }).toEqual(promised(text));
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
