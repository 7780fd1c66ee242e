/** How long the main thread of the demo is held while posts are embedded and imported. */
import { csvOf } from './analyst.js';

const LONG_MS = 50;

/**
 * Imports `count` posts into an account of their own, with the import's progress shown.
 * @param {import('playwright-core').Page} page of the demo, ready
 * @returns {Promise<{ observed: number[], own: number[] }>} milliseconds of tasks of the main thread that took more than 50: as its
 *   PerformanceObserver tells, which counts how long other processes kept it from going on; and of the processor's time alone
 */
export async function longTasksOfImport(page, count, account) {
  await page.getByRole('navigation', { name: 'Panels' }).getByRole('button', { name: 'Data' }).click();
  await page.getByRole('combobox', { name: 'Into account' }).fill(account);
  await page.evaluate(() => {
    globalThis.longTasks = [];
    globalThis.observer = new PerformanceObserver((list) => globalThis.longTasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration }))));
    globalThis.observer.observe({ type: 'longtask' });
  });
  // The file is handed over before the clock starts: that is the test's work, not the page's.
  await page.getByLabel('File of posts').setInputFiles({ name: `${account}.csv`, mimeType: 'text/csv', buffer: csvOf(count) });
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ['toplevel'] });
  const begun = await page.evaluate(() => performance.now());
  await page.getByText(`${count.toLocaleString('en')} posts into ${account}`).waitFor({ timeout: 900_000 });
  const observed = await page.evaluate((since) => {
    globalThis.observer.disconnect();
    return globalThis.longTasks.filter(({ startTime }) => startTime >= since).map(({ duration }) => Math.round(duration));
  }, begun);
  return { observed, own: ownTasks(JSON.parse(await browser.stopTracing())) };
}

/** Of all pages' main threads; times of a trace are microseconds, `tdur` is time of the thread. */
function ownTasks({ traceEvents }) {
  const mains = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(({ ph, pid, tid, tdur }) => ph === 'X' && tdur !== undefined && mains.has(`${pid} ${tid}`));
  if (tasks.length === 0) throw new Error('the trace has no tasks of a page');
  return tasks.map(({ tdur }) => Math.round(tdur / 1000)).filter((ms) => ms > LONG_MS);
}
