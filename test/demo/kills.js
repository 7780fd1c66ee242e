/** Tabs that are killed while they import. */
import { expect } from 'vitest';
import { ask, csv, openDemo, request } from './pages.js';

const ROWS = 400;

/** Kills the tab so many times, each after another share of an import, and looks whether every row that was told as imported is there. */
export async function killedInImports({ browser, url, kills }) {
  const context = await browser.newContext();
  for (let kill = 0; kill < kills; kill++) {
    const { page } = await openDemo(context, url);
    const least = Math.floor((kill / kills) * (ROWS - 64)) + 1;
    const acknowledged = await page.evaluate(({ text, name, least }) => new Promise((resolve) => {
      globalThis.tab.listen(({ kind, imported }) => { if (kind === 'import' && imported >= least) resolve(imported); });
      void globalThis.tab.analyst.importFile(name, 'mine', new File([text], `${name}.csv`));
    }), { text: csv(ROWS, `kill${kill}-`), name: `k${kill}`, least });
    await crash(context, page);
    const { page: next } = await openDemo(context, url);
    const { total } = await ask(next, 'search', request('mine', ''));
    const found = await next.evaluate(async ({ kill, count }) => {
      const rest = { account: 'mine', kind: 'keyword', alpha: 0, limit: 100, filters: {} };
      const ids = new Set();
      for (let i = 0; i < count; i += 7) {
        const { hits } = await globalThis.tab.analyst.search({ ...rest, query: `number ${i}` });
        for (const { post } of hits) ids.add(post.id);
      }
      return Array.from({ length: Math.ceil(count / 7) }, (_, i) => `kill${kill}-${i * 7}`).filter((id) => !ids.has(id));
    }, { kill, count: acknowledged });
    expect(acknowledged).toBeGreaterThanOrEqual(least);
    expect(total).toBeGreaterThanOrEqual(acknowledged);
    expect(found).toEqual([]);
    await next.close();
  }
  await context.close();
}

/** As the system ends a tab: no handler of the page runs. */
async function crash(context, page) {
  const session = await context.newCDPSession(page);
  await Promise.race([session.send('Page.crash').catch(() => {}), new Promise((resolve) => page.once('crash', resolve))]);
  await page.close().catch(() => {});
}
