// 10,000 texts embedded and imported by the demo: no task of the page's main thread takes more than 50 ms.
import { expect, it } from 'vitest';
import { serveDemo } from '../browser/analyst.js';
import { launchChromium, missingChromium } from '../browser/chromium.js';
import { longTasksOfImport } from '../browser/frames.js';
import { describeWithout } from '../optional.js';

describeWithout(missingChromium, 'an import of 10,000 texts', () => {
  it('holds the main thread for no more than 50 ms at a time, by the time it has of the processor', async () => {
    const server = await serveDemo();
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.getByRole('searchbox', { name: 'Query' }).waitFor({ timeout: 120_000 });
      await page.waitForFunction(() => !/Loading accounts/.test(document.querySelector('header').textContent), undefined, { timeout: 120_000 });
      const { observed, own } = await longTasksOfImport(page, 10_000, 'many');
      console.log(`tasks of more than 50 ms that were observed: ${observed.join(', ') || 'none'}`);
      expect(own).toEqual([]); // what is observed beyond that, other processes did
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
