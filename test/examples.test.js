// examples/tickets.js; and what examples/words.js and examples/codecs.js are made of, with fewer words: the cache, its recovery, recall,
// spellings, modes.
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { letters } from '../examples/tickets/letters.js';
import { texts } from '../examples/tickets/texts.js';
import { runSearch } from '../examples/search.js';
import { runTenants } from '../examples/tenants.js';
import { runTickets } from '../examples/tickets.js';
import { fetchGlove, openWords } from '../examples/words/cache.js';
import { measureModes } from '../examples/words/modes.js';
import { measureRecall } from '../examples/words/recall.js';
import { nearSpellings } from '../examples/words/spelling.js';
import { describeWithout } from './optional.js';

describe('tickets', () => {
  it('are stored, found, and found again when the folder is opened anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vectile-tickets-'));
    const printed = [];
    try {
      await runTickets(folder, (line) => printed.push(line));
    } finally {
      rmSync(folder, { recursive: true });
    }
    const [first, ...rest] = printed.join('\n').split('\n\n');
    expect(first).toMatch(new RegExp(`^stored ${texts.length} requests`));
    const answers = rest.filter((part) => part.startsWith('I forgot the password'));
    expect(answers).toHaveLength(2);
    expect(answers[0]).toContain('I forgot my password');
    expect(answers[1].trim()).toBe(answers[0].trim());
    expect(rest.join()).toContain(`opened again: ${texts.length} requests`);
  });

  it('have vectors of any text', () => {
    const [empty, accented] = letters(['', 'Çà et là']);
    expect([empty, accented].map((vector) => vector.length)).toEqual([256, 256]);
    expect(empty.every((value) => value === 1) && accented.some((value) => value > 0)).toBe(true);
  });
});

it('tickets are found by words, under conditions and by likeness, and counted', async () => {
  const printed = [];
  await runSearch((line) => printed.push(line));
  const answers = Object.fromEntries(printed.join('\n').split('\n\n').map((part) => [part.split('\n')[0], part.split('\n').slice(1)]));
  expect(answers['by words: parcel refund'][0]).toContain('Parcel arrived damaged, I would like a refund');
  expect(answers['by words, typos tolerated: pacel'].length).toBe(3);
  expect(answers['open, and urgent or of acme, the newest first'][0]).toContain('Refund still missing after two weeks');
  expect(answers['by account']).toHaveLength(3);
});

it('tenants are put away, come back, and are removed; a collection is resharded while it is searched', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vectile-tenants-'));
  const printed = [];
  try {
    await runTenants(folder, (line) => printed.push(line));
  } finally {
    rmSync(folder, { recursive: true });
  }
  const text = printed.join('\n');
  expect(text).toContain('customers: 60 active (10 of them open), 0 inactive, 0 offloaded');
  expect(text).toContain('put away: 15 active (10 of them open), 30 inactive, 15 offloaded');
  const [, customer] = /^(customer-\d+) comes back/m.exec(text);
  const own = printed.filter((line) => line.endsWith(`(${customer})`));
  expect(own).toHaveLength(3);
  expect(text).toContain('now 16 active (10 of them open), 30 inactive, 14 offloaded');
  expect(text).toContain('removed: TENANT_MISSING');
  const [, same, searches] = /in 3 shards; (\d+) of (\d+) searches/.exec(text);
  expect(Number(searches)).toBeGreaterThan(0);
  expect(same).toBe(searches);
});

const COUNT = 2000;
const image = new URL(`../.cache/words/${COUNT}.vectile`, import.meta.url);
const list = new URL(`../.cache/words/${COUNT}.json`, import.meta.url);

const missing = await fetchGlove().then(() => undefined, (error) => error.message);

describeWithout(missing, 'words', () => {
  /** Opens the words; what it said meanwhile. */
  async function open() {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      const opened = await openWords(COUNT);
      return { ...opened, said: said.mock.calls.map(([text]) => text).join('') };
    } finally {
      said.mockRestore();
    }
  }

  const removeCache = () => [image, list].forEach((file) => rmSync(file, { force: true }));
  beforeAll(async () => {
    removeCache();
    await open();
  });
  afterAll(removeCache);

  const flip = (file, at) => {
    const bytes = readFileSync(file);
    bytes[at] ^= 1;
    writeFileSync(file, bytes);
  };

  it('are opened from the cache, and are neighbours of what they should be', async () => {
    const { words, index, said } = await open();
    expect(said).toMatch(/^opened 2,000 words from .* in \d+ ms\n$/);
    const { ids } = index.search(index.get(words.indexOf('river')), { k: 10 });
    expect([...ids].map((id) => words[id])).toEqual(expect.arrayContaining(['river', 'lake']));
  });

  it.each([
    ['a byte of the image is flipped', () => flip(image, 400_000), 'IMAGE_CORRUPT'],
    ['the header is damaged', () => flip(image, 20), 'IMAGE_CORRUPT'],
    ['the image is of another version', () => flip(image, 5), 'IMAGE_VERSION'],
    ['the image is cut short', () => truncateSync(image, 100_000), 'IMAGE_TRUNCATED'],
    ['the image is empty', () => truncateSync(image, 0), 'IMAGE_TRUNCATED'],
    ['the image goes on', () => appendFileSync(image, 'more'), 'IMAGE_TRUNCATED'],
    ['the image is another file', () => copyFileSync(new URL('../package.json', import.meta.url), image), 'IMAGE_FOREIGN'],
    ['a word is changed', () => writeFileSync(list, readFileSync(list, 'utf8').replace('"river"', '"rivet"')), 'list of words'],
    ['the words are cut short', () => truncateSync(list, 5000), 'JSON'],
    ['the words are something else', () => writeFileSync(list, 'null'), 'cache: '],
    ['the image is gone', () => rmSync(image), ''],
  ])('are indexed anew if %s', async (_, damage, expected) => {
    damage();
    const made = await open();
    expect(made.said).toContain(expected);
    expect(made.index.size).toBe(COUNT);
    expect((await open()).said).toMatch(/^opened/);
  });

  it('are found by the graph as by exact search', async () => {
    const { index } = await open();
    expect(measureRecall(index, { k: 10, queries: 100 }).recall).toBeGreaterThan(0.98);
  });
});

describeWithout(missing, 'modes', () => {
  const count = 10_000; // as many as codes are trained on
  afterAll(() => ['vectile', 'json'].forEach((kind) => rmSync(new URL(`../.cache/words/${count}.${kind}`, import.meta.url), { force: true })));

  it('find nearly all neighbours; what they take is as they are said to', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { words, index } = await openWords(count).finally(() => said.mockRestore());
    const modes = [...measureModes(index, { k: 10, queries: 100, example: words.indexOf('river') })];
    expect(modes.map(({ mode, codec }) => `${mode} ${codec}`)).toEqual(['exact f32', 'fast sq4', 'compact sq4', 'smallest rq1']);
    const [exact, fast, compact, smallest] = modes;
    expect(Math.min(exact.recall, fast.recall, compact.recall)).toBeGreaterThan(0.95);
    expect(smallest.recall).toBeGreaterThan(0.7);
    expect(exact.rescored).toBe(0);
    expect(Math.min(fast.rescored, compact.rescored, smallest.rescored)).toBeGreaterThanOrEqual(11);
    expect([fast, compact, smallest].map(({ bytes }) => Math.round(bytes - exact.bytes))).toEqual([64, 64 - 400 + 112, 24 - 400]);
    for (const { near } of modes) expect(near.map((id) => words[id])).toContain('lake');
  }, 120_000);
});

describe('near spellings', () => {
  const words = ['the', 'coffee', 'toffee', 'office', 'of', 'river', 'rivers'];

  it.each([
    ['cofee', ['coffee', 'toffee']],
    ['rivr', ['river', 'rivers']],
    ['zzzzzz', []],
    ['of', ['of']],
  ])('of %s', (word, near) => {
    expect(nearSpellings(word, words)).toEqual(near);
  });
});
