// One visit to a page: a Chromium of its own over a folder that keeps what the page stores, so that peers share nothing, and
// a later visit finds what an earlier one has left.

import { readFileSync } from 'node:fs';
import { launchChromiumIn } from '../../test/browser/chromium.js';

/**
 * @param {string} url
 * @param {string} folder the profile
 * @param {{ onRows?: (rows: number) => void }} [options]
 */
export async function visit(url, folder, { onRows } = {}) {
  const context = await launchChromiumIn(folder);
  const page = context.pages()[0] ?? await context.newPage();
  let settle = () => {};
  const fail = (message) => settle({ error: message });
  page.on('crash', () => fail('the page crashed: out of memory?'));
  page.on('close', () => fail('the page was closed'));
  await page.exposeFunction('told', (message) => (message.rows === undefined ? settle(message) : onRows?.(message.rows)));
  await page.goto(url);
  await page.waitForFunction(() => globalThis.run);

  return {
    version: context.browser()?.version(),
    /** Runs a call of page.js; throws with its message, or after `limitMs`. */
    call: (name, input, limitMs) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail(`${name} took more than ${limitMs / 60_000} minutes`), limitMs);
      settle = ({ result, error }) => {
        clearTimeout(timer);
        settle = () => {};
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      };
      page.evaluate(([call, given]) => globalThis.run(call, given), [name, input]).catch((error) => fail(error.message));
    }),
    memory: () => residentBytes(context, page),
    close: () => context.close(),
  };
}

/** What the process of the page holds, its workers included, garbage collected; null where the system does not tell. */
async function residentBytes(context, page) {
  try {
    const ofPage = await context.newCDPSession(page);
    await ofPage.send('HeapProfiler.collectGarbage');
    await ofPage.detach();
    const ofBrowser = await context.browser().newBrowserCDPSession();
    const { processInfo } = await ofBrowser.send('SystemInfo.getProcessInfo');
    await ofBrowser.detach();
    const resident = processInfo.filter(({ type }) => type === 'renderer')
      .map(({ id }) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))[1]) * 1024);
    return Math.max(...resident);
  } catch { return null; }
}
