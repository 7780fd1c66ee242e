// The database in Chromium, in IndexedDB: the quick start with vectors of a real model, pages that crash amid commits, and
// a quota that is exhausted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadEncoder } from '../../bench/data/encoder.js';
import { missingSupport, supportObjects } from '../../bench/data/support.js';
import { serve } from '../../browser-demo/serve.js';
import { describeWithout } from '../optional.js';
import { installPackage } from '../packaging/installed.js';
import { launchChromiumIn, missingChromium } from './chromium.js';

const KILLS = 6 * Number(process.env.VECTILE_TIMES ?? 1);
const own = [
  'Where is my parcel?', 'My order has not arrived yet', 'I want my money back', 'How do I get a refund?', 'The app crashes when I open it',
  'It stops as soon as it starts', 'I forgot my password', 'I cannot log in', 'What time do you open?', 'Are you open on Sundays?',
];
const encoder = await loadEncoder().catch((error) => error);
const missing = missingChromium ?? (encoder instanceof Error ? `the sentence encoder: ${encoder.message}` : undefined);

describeWithout(missing, 'Chromium', () => {
  let installed, server, profile, context;
  beforeAll(async () => {
    installed = await installPackage();
    const page = `<!doctype html><link rel="icon" href="data:,"><script type="module">
      import * as vectile from '/node_modules/vectile/dist/index.browser.js';
      globalThis.vectile = vectile;
      globalThis.ready = true;
    </script>`;
    server = await serve({ root: installed.folder, answers: { '/page': { headers: { 'content-type': 'text/html' }, body: page } } });
    profile = mkdtempSync(join(tmpdir(), 'vectile-'));
    context = await launchChromiumIn(profile);
  });
  afterAll(async () => {
    await context?.close();
    await server?.close();
    if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    await installed?.remove();
  });

  async function newPage(origin = server.url) {
    const page = await context.newPage();
    await page.goto(`${origin}/page`);
    await page.waitForFunction(() => globalThis.ready);
    return page;
  }

  it('finds texts that mean the same, and finds them again when the page is opened anew', async () => {
    const texts = missingSupport() ? own : [...own, ...supportObjects().slice(0, 500).map(({ text }) => text)];
    const vectors = (await encoder(texts)).map((vector) => [...vector]);
    const [query] = (await encoder(['has my package been sent'])).map((vector) => [...vector]);
    const first = await newPage();
    const inserted = await first.evaluate(async ({ texts, vectors }) => {
      const db = await vectile.open({ store: vectile.indexedDB('tickets') });
      const tickets = await db.collections.create({ name: 'Ticket', properties: [{ name: 'text', dataType: 'text' }] });
      const result = await tickets.data.insertMany(texts.map((text, i) => ({ properties: { text }, vector: vectors[i] })));
      await db.close();
      return [result.inserted, result.errorCount];
    }, { texts, vectors });
    expect(inserted).toEqual([texts.length, 0]);
    await first.close();
    const second = await newPage();
    const found = await second.evaluate(async (query) => {
      const db = await vectile.open({ store: vectile.indexedDB('tickets') });
      const { objects } = await db.collections.use('Ticket').query.nearVector(query, { limit: 5 });
      await db.close();
      return objects.map(({ properties }) => properties.text);
    }, query);
    expect(found.some((text) => /parcel|order|package|deliver|ship/.test(text))).toBe(true);
    await second.close();
  }, KILLS * 60_000);

  it(`${KILLS} pages crash amid commits: nothing acknowledged is lost`, async () => {
    const acknowledged = new Set();
    let lost = 0;
    for (let cycle = 0; cycle < KILLS; cycle++) {
      const page = await newPage();
      await page.exposeFunction('acknowledge', (id) => { acknowledged.add(id); });
      // by a call: Chromium sometimes forgets the promise of an evaluation just when it is fulfilled
      let tell;
      const telling = new Promise((resolve) => { tell = resolve; });
      await page.exposeFunction('tell', (found) => { tell(found); });
      await page.evaluate((cycle) => void (async () => {
        // a page that has just crashed may hold its lock for a moment
        let db;
        for (let attempt = 0; !db; attempt++) {
          db = await vectile.open({ store: vectile.indexedDB('crashes') }).catch(async (error) => {
            if (error.code !== 'STORE_LOCKED' || attempt > 100) throw error;
            await new Promise((resolve) => setTimeout(resolve, 50));
          });
        }
        const c = await db.collections.exists('C') ? db.collections.use('C') : await db.collections.create({ name: 'C', properties: [{ name: 'n', dataType: 'int' }] });
        const ids = [];
        for await (const { id, properties, vectors } of c.iterator({ includeVector: true })) if (vectors.default[0] === properties.n + 1) ids.push(id);
        const write = async (worker) => {
          for (let i = 0; ; i++) {
            const id = `${cycle}-${worker}-${i}`;
            await c.data.insert({ id, properties: { n: i }, vector: [i + 1, 1, 2] });
            await acknowledge(id);
            if (i % 20 === 19 && worker === 0) await db.snapshot();
          }
        };
        for (const worker of [0, 1, 2]) void write(worker).catch(() => {});
        return ids;
      })().then(tell, (error) => tell(String(error))), cycle);
      const there = await telling;
      expect(Array.isArray(there), there).toBe(true);
      const found = new Set(there);
      for (const id of acknowledged) if (!found.has(id) && !id.startsWith(`${cycle}-`)) lost++;
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size - before, { timeout: 60_000, interval: 10 }).toBeGreaterThan(cycle % 8 * 5);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      if (cycle % 2) {
        const client = await context.newCDPSession(page);
        const crash = page.waitForEvent('crash');
        void client.send('Page.crash').catch(() => {}); // it never answers
        await crash;
      }
      await page.close({ runBeforeUnload: false }).catch(() => {});
    }
    const page = await newPage();
    const there = new Set(await page.evaluate(async () => {
      let db;
      for (let attempt = 0; !db; attempt++) {
        db = await vectile.open({ store: vectile.indexedDB('crashes') }).catch(async (error) => {
          if (error.code !== 'STORE_LOCKED' || attempt > 100) throw error;
          await new Promise((resolve) => setTimeout(resolve, 50));
        });
      }
      const ids = [];
      for await (const { id } of db.collections.use('C').iterator()) ids.push(id);
      await db.close();
      return ids;
    }));
    for (const id of acknowledged) if (!there.has(id)) lost++;
    console.log(`Chromium: ${KILLS} pages ended, ${acknowledged.size} writes acknowledged, ${lost} lost`);
    expect(acknowledged.size).toBeGreaterThan(KILLS);
    expect(lost).toBe(0);
    await page.close();
  }, KILLS * 60_000);

  it('a quota that is exhausted is told, and leaves all as it was', async () => {
    // an origin of its own: what the pages before have left is compacted whenever the browser likes, and would make room
    const origin = server.url.replace('127.0.0.1', 'localhost');
    const page = await newPage(origin);
    const client = await context.newCDPSession(page);
    // before anything is stored: for half a minute the browser remembers how much room there was
    await client.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 5_000_000 });
    await page.evaluate(async () => {
      globalThis.db = await vectile.open({ store: vectile.indexedDB('quota') });
      globalThis.c = await db.collections.create({ name: 'C', properties: [{ name: 'text', dataType: 'text' }] });
      await c.data.insert({ id: 'before', properties: { text: 'before' }, vector: [1, 2] });
    });
    const result = await page.evaluate(async () => {
      const text = Array.from({ length: 100_000 }, () => Math.random().toString(36)[2]).join('');
      let acknowledged = 0;
      let code;
      while (!code && acknowledged < 500) await c.data.insert({ id: `${acknowledged}`, properties: { text }, vector: [3, 4] }).then(() => acknowledged++, (error) => { code = error.code; });
      return { acknowledged, code, before: (await c.query.fetchObjectById('before'))?.properties.text, length: await c.length() };
    });
    expect(result).toMatchObject({ code: 'STORAGE_FULL', before: 'before', length: result.acknowledged + 1 });
    await client.send('Storage.overrideQuotaForOrigin', { origin });
    const after = await page.evaluate(async () => {
      await c.data.insert({ id: 'after', vector: [5, 6] }).catch(() => {});
      await db.close();
      const again = await vectile.open({ store: vectile.indexedDB('quota') });
      const found = again.collections.use('C');
      await found.data.insert({ id: 'later', vector: [5, 6] });
      const length = await found.length();
      const near = (await found.query.nearVector([1, 2], { limit: 1 })).objects[0].id;
      await again.close();
      return { length, near };
    });
    expect(after.near).toBe('before');
    expect(after.length).toBeGreaterThanOrEqual(result.acknowledged + 2);
    await page.close();
  }, 120_000);
});
