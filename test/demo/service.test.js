// The analyst of the demo, as its pages ask it, in Chromium.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { memory, open } from 'vectile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pagesFolder } from '../../browser-demo/build.js';
import { launchChromium, missingChromium } from '../browser/chromium.js';
import { describeWithout } from '../optional.js';
import { ask, csv, openDemo, request, serveDemo } from './pages.js';

describeWithout(missingChromium, 'the analyst', () => {
  let server, browser;
  beforeAll(async () => {
    server = await serveDemo();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  describe('in one tab', () => {
    let context, page, errors;
    beforeAll(async () => {
      context = await browser.newContext();
      ({ page, errors } = await openDemo(context, server.url));
    });
    afterAll(async () => {
      expect(errors).toEqual([]);
      await context.close();
    });
    const search = (...args) => ask(page, 'search', request(...args));

    it('finds by words, by meaning and by both, and says which search found what', async () => {
      const keyword = await search('brightgrid', 'MTR-88', { kind: 'keyword' });
      expect(keyword.hits[0].post.text).toContain('MTR-88');
      expect(keyword.hits.map(({ legs }) => legs)).toEqual(keyword.hits.map((_, i) => ({ keyword: i + 1 })));
      const [mark] = keyword.hits[0].marks;
      expect(keyword.hits[0].post.text.slice(...mark)).toMatch(/^(MTR|88)$/);

      const vector = await search('brightgrid', 'there is no electricity', { kind: 'vector' });
      expect(vector.hits.slice(0, 5).some(({ post }) => post.topic === 'power cut')).toBe(true);
      expect(vector.hits.map(({ distance }) => distance)).toEqual(vector.hits.map(({ distance }) => distance).sort((a, b) => a - b));
      expect(vector.hits[0].legs).toEqual({ vector: 1 });

      const hybrid = await search('brightgrid', 'no electricity in the cellar');
      expect(hybrid.hits).toHaveLength(10);
      expect(hybrid.total).toBe(850);
      for (const { legs, score } of hybrid.hits) expect([(legs.keyword ?? legs.vector) >= 1, score > 0]).toEqual([true, true]);
      expect(hybrid.hits.some(({ legs }) => legs.keyword && legs.vector)).toBe(true);
      const charged = (await search('lantern', 'charged twice', { limit: 30 })).hits;
      expect(charged.some(({ legs }) => !legs.vector)).toBe(true);
      for (const leg of ['keyword', 'vector']) {
        const ranks = charged.map(({ legs }) => legs[leg]).filter((rank) => rank !== undefined);
        expect(ranks).toEqual([...new Set(ranks)]);
      }
      expect((await search('brightgrid', 'electricity', { alpha: 0 })).hits.every(({ legs }) => legs.vector === undefined)).toBe(true);
    });

    it('filters, lists the newest without a query, and refuses what is none', async () => {
      const filters = { sentiment: 'negative', channel: 'email', from: '2025-01-01', to: '2025-06-30' };
      for (const query of ['bill too high', '']) {
        const { hits } = await search('brightgrid', query, { filters });
        expect(hits.length).toBeGreaterThan(3);
        for (const { post } of hits) expect([post.sentiment, post.channel, post.createdAt >= '2025-01-01' && post.createdAt < '2025-07-01']).toEqual(['negative', 'email', true]);
      }
      const { hits } = await search('brightgrid', ' ');
      expect(hits.map(({ post }) => post.createdAt)).toEqual(hits.map(({ post }) => post.createdAt).sort().reverse());
      expect((await search('brightgrid', 'x', { limit: 0 })).failure.message).toMatch(/^limit: expected 1 … 100/);
      expect((await search('brightgrid', 'x', { filters: { from: 'soon' } })).failure.message).toMatch(/^from: expected a day/);
      expect((await search('brightgrid', 'x', { filters: { from: '2025-06-30', to: '2025-01-01' } })).failure.message).toMatch(/^to: expected a day not before 2025-06-30/);
      expect((await search('nobody', 'x')).failure.code).toBe('TENANT_MISSING');
    });

    it('writes a summary piece by piece, with numbers of its hits', async () => {
      const { text, hits } = await ask(page, 'generate', 'g1', request('brightgrid', 'power cut'), 'What are customers complaining about?');
      const cited = [...text.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));
      expect(cited.length).toBeGreaterThan(1);
      expect(cited.every((number) => number >= 1 && number <= hits.length)).toBe(true);
      const pieces = await page.evaluate(() => globalThis.events.filter(({ kind, call }) => kind === 'text' && call === 'g1').map((event) => event.text));
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces.join('')).toBe(text);
    });

    it('imports a file while it is searched, says which rows it could not take, and finds what came in', async () => {
      const file = { name: 'mine.csv', file: `${csv(300)}bad,,nobody,2025-01-01T00:00:00Z\nworse,text,nobody,yesterday\n` };
      const importing = ask(page, 'importFile', 'i1', 'mine', file);
      const during = await search('brightgrid', 'solar');
      expect(during.hits.length).toBe(10);
      const report = await importing;
      expect(report).toMatchObject({ account: 'mine', imported: 300, failed: 2, cancelled: false });
      expect(report.errors).toEqual(['row 301: has no text', 'row 302: expected a time, got yesterday']);
      const found = await search('mine', 'umbrella number 25');
      expect(found.total).toBe(300);
      expect(found.hits[0].post).toMatchObject({ id: 'row25', author: 'person 4', createdAt: '2025-03-08T10:00:00.000Z' });
      const done = await page.evaluate(() => globalThis.events.filter(({ kind, call }) => kind === 'import' && call === 'i1').map((event) => event.imported));
      expect(done.at(-1)).toBe(300);
      expect(done).toEqual([...done].sort((a, b) => a - b));
      await ask(page, 'deletePost', 'mine', 'row25');
      expect((await search('mine', 'umbrella number 25')).hits.map(({ post }) => post.id)).not.toContain('row25');
    });

    it('ends an import that is cancelled, and keeps what is in', async () => {
      await page.evaluate(() => globalThis.tab.listen(({ kind, call, imported }) => { if (kind === 'import' && call === 'i2' && imported >= 64) void globalThis.tab.analyst.cancel('i2'); }));
      const report = await ask(page, 'importFile', 'i2', 'half', { name: 'x.jsonl', file: Array.from({ length: 3000 }, (_, i) => JSON.stringify({ id: `j${i}`, text: `line ${i} of many` })).join('\n') });
      expect(report.cancelled).toBe(true);
      expect(report.imported).toBeLessThan(3000);
      expect((await search('half', '')).total).toBe(report.imported);
      await ask(page, 'setTenant', 'half', 'remove');
      expect((await search('half', '')).failure.code).toBe('TENANT_MISSING');
      expect((await ask(page, 'importFile', 'i3', 'odd', { name: 'x.csv', file: 'a,b\n1,2\n' })).failure.message).toMatch(/^file: expected a column of texts/);
      expect((await ask(page, 'accounts')).map(({ name }) => name)).not.toContain('odd');
    });

    it('closes, moves away and takes back accounts', async () => {
      const statusOf = async (name) => (await ask(page, 'accounts')).find((account) => account.name === name)?.status;
      await ask(page, 'setTenant', 'nestly', 'deactivate');
      expect(await statusOf('nestly')).toBe('INACTIVE');
      await ask(page, 'setTenant', 'nestly', 'offload');
      expect(await statusOf('nestly')).toBe('OFFLOADED');
      expect((await search('nestly', 'lock')).failure.code).toBe('TENANT_OFFLOADED');
      await ask(page, 'setTenant', 'nestly', 'activate');
      expect((await search('nestly', 'lock')).total).toBe(650);
      const { objects, shards, memory, disk, tenants, searches } = await ask(page, 'statistics');
      expect(shards.find(({ name }) => name === 'nestly')).toMatchObject({ objects: 650, index: 'hnsw', quantizer: 'f32' });
      expect(Math.min(objects, memory.total, disk.total, tenants.ACTIVE, searches.count, searches.p50)).toBeGreaterThan(0);
    });
  });

  it('takes no database of something else for its own, and keeps what there is', async () => {
    const context = await browser.newContext();
    const { page } = await openDemo(context, server.url);
    await ask(page, 'importFile', 'i', 'mine', { name: 'a.csv', file: csv(3) });
    for (const config of [
      { name: 'Post', properties: [{ name: 'text', dataType: 'text' }] },
      { name: 'Post', multiTenancy: { enabled: true }, vectors: { default: { dimensions: 8 } } },
      { name: 'Account', properties: [{ name: 'label', dataType: 'int' }] },
    ]) {
      const db = await open({ store: memory() });
      await db.collections.create(config);
      const chunks = [];
      for await (const chunk of db.export()) chunks.push(chunk);
      await db.close();
      const message = await page.evaluate(async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        return globalThis.tab.analyst.importDatabase(new File([bytes], 'other.vectile')).then(() => 'loaded', (error) => error.message);
      }, Buffer.concat(chunks).toString('base64'));
      expect(message).toMatch(/^file: expected /);
      expect((await ask(page, 'search', request('mine', 'violin'))).total).toBe(3);
    }
    await context.close();
  });

  it('starts over twice when two tabs ask for it, and when its database was deleted', async () => {
    const context = await browser.newContext();
    const { page } = await openDemo(context, server.url);
    const { page: other } = await openDemo(context, server.url);
    await ask(page, 'importFile', 'i', 'mine', { name: 'a.csv', file: csv(3) });
    expect(await Promise.all([page, other].map((tab) => ask(tab, 'reset')))).toEqual([undefined, undefined]);
    expect((await ask(other, 'search', request('mine', 'violin'))).failure).toMatchObject({ code: 'TENANT_MISSING' });
    await page.evaluate(() => new Promise((resolve) => { indexedDB.deleteDatabase('vectile-analyst').onsuccess = resolve; }));
    expect(await ask(page, 'reset')).toBeUndefined();
    expect((await ask(page, 'search', request('brightgrid', 'power', { kind: 'keyword' }))).total).toBeGreaterThan(0);
    await context.close();
  });

  it('opens with no network after the first visit, with all that was stored', async () => {
    const own = await serveDemo();
    const context = await browser.newContext();
    const { page } = await openDemo(context, own.url);
    await ask(page, 'importFile', 'i', 'mine', { name: 'a.csv', file: csv(3) });
    await page.evaluate(() => navigator.serviceWorker.ready);
    await own.close();
    await page.reload();
    await page.waitForFunction(() => globalThis.tab);
    expect((await ask(page, 'search', request('mine', 'violin'))).total).toBe(3);
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(false);
    await context.close();
  });

  it('asks for at most 250 kB of JavaScript to begin with, workers included', () => {
    // loaded on demand: cores as text, where they cannot be fetched, and stemmers
    const files = readdirSync(join(pagesFolder, 'assets')).filter((name) => name.endsWith('.js') && !/-inline-|^chunk-/.test(name));
    const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(pagesFolder, 'assets', name))).length, 0);
    expect(bytes).toBeLessThan(250_000);
  });
});
