/** The machine's own Firefox, driven through puppeteer-core over WebDriver BiDi: Playwright speaks only to its own build. */
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const places = [
  process.env.FIREFOX_PATH,
  '/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox',
];
export const executablePath = places.find((place) => place && existsSync(place));

/** Why there is no Firefox; undefined if there is. */
export const missingFirefox = executablePath ? undefined : 'no Firefox found; install one (Debian: apt-get install firefox-esr) or set FIREFOX_PATH';

/** @returns {Promise<import('puppeteer-core').Browser>} */
export const launchFirefox = () => puppeteer.launch({ browser: 'firefox', executablePath, headless: true, protocol: 'webDriverBiDi' });
