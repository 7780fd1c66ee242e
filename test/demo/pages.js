/** The built demo in Chromium, asked by its `tab`, without its pages. */
import { buildDemo, pagesFolder } from '../../browser-demo/build.js';
import { serve } from '../../browser-demo/serve.js';

/** What a page needs of a content security policy. */
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

export async function serveDemo() {
  await buildDemo(() => {});
  return serve({ root: pagesFolder, headers: { 'content-security-policy': policy } });
}

/**
 * Opens the demo and waits until it can be searched.
 * @param {import('playwright-core').BrowserContext} context
 */
export async function openDemo(context, url) {
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(url);
  await untilReady(page);
  return { page, errors };
}

export const untilReady = (page) => page.evaluate(() => new Promise((resolve, reject) => {
  globalThis.events = [];
  globalThis.tab.listen((event) => {
    globalThis.events.push(event);
    if (event.kind === 'ready') resolve();
    if (event.kind === 'failed') reject(new Error(event.message));
  });
}));

/** A call of the analyst; a file among the arguments is `{ file: text, name }`. What it throws is `{ failure: { code, message } }`. */
export const ask = (page, method, ...args) => page.evaluate(async ([name, given]) => {
  const values = given.map((arg) => (typeof arg?.file === 'string' ? new File([arg.file], arg.name) : arg));
  try {
    return await globalThis.tab.analyst[name](...values);
  } catch ({ code, message }) {
    return { failure: { code, message } };
  }
}, [method, args]);

export const request = (account, query, rest = {}) => ({ account, query, kind: 'hybrid', alpha: 0.5, limit: 10, filters: {}, ...rest });

/** Rows of CSV, with ids. */
export function csv(count, prefix = 'row') {
  const things = ['a green umbrella', 'the second violin', 'my old bicycle', 'a crate of oranges', 'the garden gate'];
  const lines = Array.from({ length: count }, (_, i) => `${prefix}${i},"They lost ${things[i % things.length]}, number ${i}, ""again""",person ${i % 7},2025-03-0${1 + (i % 9)}T10:00:00Z`);
  return ['id,text,author,created_at', ...lines, ''].join('\r\n');
}
