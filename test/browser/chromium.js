/** The machine's own Chromium, driven through playwright-core. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const places = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
export const executablePath = places.find((place) => place && existsSync(place));

/** Why there is no Chromium; undefined if there is. */
export const missingChromium = executablePath ? undefined : 'no Chromium found; install one (Debian: apt-get install chromium) or set CHROMIUM_PATH';

const args = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** @returns {Promise<import('playwright-core').Browser>} */
export const launchChromium = () => chromium.launch({ executablePath, args });

/**
 * With what it stores kept in a folder, as a user's browser does; quotas hold only there.
 * @returns {Promise<import('playwright-core').BrowserContext>}
 */
export const launchChromiumIn = (folder) => chromium.launchPersistentContext(folder, { executablePath, args });

/**
 * Opens a page and waits for its script to set `globalThis.result`.
 * @returns {Promise<{ result: unknown, requests: string[] }>} what it is, and the paths fetched meanwhile
 */
export async function resultOf(browser, url, timeoutMs = 50_000) {
  const page = await browser.newPage();
  const requests = [];
  const complaints = [];
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  try {
    await page.goto(url);
    await page.waitForFunction(() => 'result' in globalThis, undefined, { timeout: timeoutMs });
    return { result: await page.evaluate(() => globalThis.result), requests };
  } catch (error) {
    throw new Error(`${error.message}\n${complaints.join('\n')}`, { cause: error });
  } finally {
    await page.close();
  }
}
