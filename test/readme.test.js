// Every block of code in the README runs, in a folder where the packed package is installed, and prints what it says.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../browser-demo/serve.js';
import { summary } from '../bench/summary.js';
import { npm, root } from '../wasm-build/pack.js';
import { sizes } from '../wasm-build/size.js';
import { launchChromium, missingChromium } from './browser/chromium.js';
import { describeWithout } from './optional.js';
import { installPackage } from './packaging/installed.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, text]) => ({ language, text }));
const inLanguage = (language) => blocks.filter((block) => block.language === language).map(({ text }, i) => [`${language} ${i + 1}`, text]);

/** What the comments `// → …` of a block say it prints. */
const promised = (text) => [...text.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line);

let installed;
beforeAll(async () => { installed = await installPackage(); });
afterAll(() => installed?.remove());

describe('the README', () => {
  it('has blocks of kinds that are run here', () => {
    expect(blocks.length).toBeGreaterThan(0);
    expect(blocks.filter(({ language }) => !['sh', 'js', 'html'].includes(language))).toEqual([]);
  });

  it.each(inLanguage('sh'))('%s: npm does it', (_, text) => {
    const commands = text.trim().split('\n');
    for (const command of commands) {
      expect(command).toMatch(/^npm install vectile$/);
      npm(['install', installed.tarball, '--offline', '--no-audit', '--no-fund'], { cwd: installed.folder, stdio: 'ignore' });
    }
  });

  it.each(inLanguage('js'))('%s prints what it says', (name, text) => {
    const file = `${name.replace(' ', '-')}.js`;
    writeFileSync(join(installed.folder, file), text);
    const printed = execFileSync(process.execPath, [file], { cwd: installed.folder, encoding: 'utf8' });
    expect(printed.trimEnd().split('\n')).toEqual(promised(text));
  });

  it('has the tables of the committed results', () => {
    expect(readme).toContain(`<!-- numbers: npm run bench -- summary -->\n${summary()}\n<!-- end -->`);
  });

  it('states the size that is measured', () => {
    const [, stated] = /(\d+) kB gzipped/.exec(readme);
    const { gzip } = sizes().find(({ entry }) => entry === 'vectile/engine (browser)');
    expect(Math.abs(gzip / 1000 - Number(stated))).toBeLessThan(1);
  });
});

describeWithout(missingChromium, 'the README, in Chromium', () => {
  it.each(inLanguage('html'))('%s prints what it says', async (name, text) => {
    const file = `${name.replace(' ', '-')}.html`;
    writeFileSync(join(installed.folder, file), text);
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
