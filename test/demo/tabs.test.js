// Several tabs of the demo, and tabs that die.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium, missingChromium } from '../browser/chromium.js';
import { describeWithout } from '../optional.js';
import { killedInImports } from './kills.js';
import { ask, csv, openDemo, request, serveDemo } from './pages.js';

describeWithout(missingChromium, 'tabs', () => {
  let server, browser;
  beforeAll(async () => {
    server = await serveDemo();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  const roles = (page) => page.evaluate(() => globalThis.events.filter(({ kind }) => kind === 'role').map(({ role }) => role));

  it('write beside each other, and the second takes over when the first is closed', async () => {
    const context = await browser.newContext();
    const { page: first } = await openDemo(context, server.url);
    const { page: second } = await openDemo(context, server.url);
    expect([(await roles(first)).at(-1), (await roles(second)).at(-1)]).toEqual(['holder', 'follower']);

    const reports = await Promise.all([first, second].map((page, i) => ask(page, 'importFile', `i${i}`, 'both', { name: `${i}.csv`, file: csv(1000, `tab${i}-`) })));
    expect(reports.map(({ imported, failed }) => [imported, failed])).toEqual([[1000, 0], [1000, 0]]);
    expect((await ask(second, 'search', request('both', ''))).total).toBe(2000);
    expect((await ask(second, 'search', request('nobody', 'x'))).failure).toMatchObject({ code: 'TENANT_MISSING', message: expect.stringMatching(/^tenant: /) });

    // What only reads is done again by the tab that takes over; an import goes on, too, as rows that are there are replaced.
    const importing = ask(second, 'importFile', 'again', 'both', { name: '2.csv', file: csv(200, 'tab2-') });
    await second.evaluate(() => new Promise((resolve) => { globalThis.tab.listen(({ kind, call }) => { if (kind === 'import' && call === 'again') resolve(); }); }));
    await first.close();
    expect(await importing).toMatchObject({ imported: 200, failed: 0 });
    expect((await ask(second, 'search', request('both', 'umbrella'))).total).toBe(2200);
    expect((await roles(second)).at(-1)).toBe('holder');
    await context.close();
  });

  it('lose nothing that was acknowledged when they are killed in the middle of an import', () => killedInImports({ browser, url: server.url, kills: 3 }));
});
