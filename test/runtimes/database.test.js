// A database in every runtime the package supports: written by one process or page, opened and searched by the next.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../../browser-demo/serve.js';
import { root } from '../../wasm-build/pack.js';
import { launchChromium, missingChromium, resultOf } from '../browser/chromium.js';
import { visits } from '../fixtures/visit.js';
import { describeWithout } from '../optional.js';
import { installPackage } from '../packaging/installed.js';
import { runtimeBinary } from './binaries.js';
import { answersOfWorker, commands, optionsIn, resultOfCommand, resultOfWorker, versionOf } from './run.js';

/** Tenants, and how many of them are open at a time: where there are folders, and, by default, where there are none. */
const COUNT = 8;
const OPEN_MAX = 3;
const OPEN_IN_PAGES = 24;
const COUNT_IN_WORKER = 30;
const COUNT_IN_PAGE = Number(process.env.VECTILE_TENANTS ?? 40);

const inFolder = `
import process from 'node:process';
import * as vectile from 'vectile';
import { visit } from './visit.js';
const inThread = { ...vectile, open: (path) => vectile.open(path, { threads: 1 }) };
console.log('RESULT ' + JSON.stringify(await visit(inThread, process.argv[2])));
`;
const tenantsInFolder = `
import process from 'node:process';
import * as vectile from 'vectile';
import { visitTenants } from './visit-tenants.js';
const path = process.argv[2];
const place = (name) => () => vectile.fs(path + '/' + name);
const given = { place: place('here'), offload: place('away'), count: ${COUNT}, openMax: ${OPEN_MAX}, isGiven: true };
console.log('RESULT ' + JSON.stringify(await visitTenants(vectile, given)));
`;
/** Has it open until it is killed. */
const holder = `
import process from 'node:process';
import { open } from 'vectile';
const db = await open(process.argv[2]);
console.log('open');
setInterval(() => db, 1000);
`;
const inWorker = `
import * as vectile from 'vectile';
import { visit } from './visit.js';
import { visitTenants } from './visit-tenants.js';
export default {
  async test() {
    const store = vectile.memory();
    const results = [await visit(vectile, { store }), await visit(vectile, { store })];
    const refused = await vectile.open('./data').catch((error) => error.code);
    const [here, away] = [vectile.memory(), vectile.memory()];
    const given = { place: () => here, offload: () => away, count: ${COUNT_IN_WORKER}, openMax: ${OPEN_IN_PAGES} };
    const tenants = [await visitTenants(vectile, given), await visitTenants(vectile, given)];
    console.log('RESULT ' + JSON.stringify({ results, refused, tenants }));
  },
};
`;
/** One database for all requests, which another request may have opened, and ended since. */
const inRequests = `
import { memory, open } from 'vectile';
let opening;
async function opened() {
  const db = await open({ store: memory() });
  const words = await db.collections.create({ name: 'Word', vectors: { default: { dimensions: 2 } } });
  return words;
}
const rows = (from) => Array.from({ length: 300 }, (_, i) => ({ id: String(from + i), vector: [from + i, 1] }));
const work = {
  async import(words) { await words.data.insertMany(rows(await words.length())); },
  async search(words) { for (let i = 0; i < 500; i++) await words.query.nearVector([i, 1]); },
  async iterate(words) { for await (const word of words.iterator()) word.id; },
  // it goes on when the request has ended
  async leave(words) { void work.iterate(words); void work.search(words); },
};
export default {
  async fetch(request) {
    try {
      const words = await (opening ??= opened());
      await work[new URL(request.url).pathname.slice(1)](words);
      return new Response(String(await words.length()));
    } catch (error) {
      return new Response(error.stack);
    }
  },
};
`;
const inPage = `
import * as vectile from '/node_modules/vectile/dist/index.browser.js';
import { visit } from './visit.js';
globalThis.result = await visit(vectile, { store: vectile.indexedDB('words'), threads: 1 });
`;
const tenantsInPage = `
import * as vectile from '/node_modules/vectile/dist/index.browser.js';
import { visitTenants } from './visit-tenants.js';
const given = { place: () => vectile.indexedDB('tenants'), offload: () => vectile.indexedDB('tenants-away'), count: ${COUNT_IN_PAGE}, openMax: ${OPEN_IN_PAGES} };
globalThis.result = await visitTenants(vectile, given);
`;

let installed;
beforeAll(async () => {
  installed = await installPackage({
    'folder.js': inFolder, 'tenants.js': tenantsInFolder, 'holder.js': holder, 'worker.js': inWorker, 'requests.js': inRequests, 'page.js': inPage, 'tenants-page.js': tenantsInPage,
  });
  for (const file of ['visit.js', 'visit-tenants.js']) cpSync(join(root, 'test/fixtures', file), join(installed.folder, file));
});
afterAll(() => installed?.remove());

/** What a process may need to be allowed: all it takes, or whatever it likes, to see other processes too. */
const narrow = ['--allow-read', '--allow-write', '--allow-sys=hostname'];
const wide = ['--allow-all'];

/** What a visit to tenants gives. */
const visitedTenants = (tenants, before) => ({ before, tenants, wrong: [] });

function suite(path, argsFor, allowed) {
  const visitFolder = (data) => resultOfCommand(path, [...argsFor('folder.js', allowed), data], installed.folder);
  const visitByNode = (data) => resultOfCommand(process.execPath, ['folder.js', data], installed.folder);
  const nameOf = (what) => `./data/${what} ${path.replaceAll(/\W/g, '-')} ${allowed.length}`;

  it('keeps it in a folder', async () => {
    for (const expected of visits) expect(await visitFolder(nameOf('own'))).toEqual(expected);
  });

  it('opens what Node has written, and Node what it has', async () => {
    const data = nameOf('shared');
    expect(await visitByNode(data)).toEqual(visits[0]);
    expect(await visitFolder(data)).toEqual(visits[1]);
    expect(await visitByNode(data)).toEqual(visits[2]);
  });

  it('keeps tenants, more than are open at a time, there and in another folder', async () => {
    const data = nameOf('tenants');
    const visitThem = (command, args) => resultOfCommand(command, [...args, data], installed.folder);
    for (const before of [0, 2]) expect(await visitThem(path, argsFor('tenants.js', allowed))).toEqual(visitedTenants(COUNT, before));
    expect(await visitThem(process.execPath, ['tenants.js'])).toEqual(visitedTenants(COUNT, 4));
  });

  it('is the only writer, until it is killed', async () => {
    const data = nameOf('held');
    const held = spawn(path, [...argsFor('holder.js', allowed), data], { ...optionsIn(installed.folder), stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      expect(String((await once(held.stdout, 'data'))[0])).toBe('open\n');
      expect(await visitFolder(data)).toMatch(/^STORE_LOCKED: /);
      expect(await visitByNode(data)).toMatch(/^STORE_LOCKED: /);
    } finally {
      held.kill('SIGKILL');
      await once(held, 'exit');
    }
    // who may not see other processes waits half a minute before it takes one for gone
    if (allowed !== narrow) expect(await visitFolder(data)).toEqual(visits[0]);
  });
}

describe(`Node ${process.versions.node}`, () => suite(process.execPath, commands.node24, wide));

for (const [name, argsFor] of Object.entries(commands)) {
  const { path, missing } = await runtimeBinary(name);
  const version = missing ? '' : await versionOf(path);
  describeWithout(missing, `${name} ${version}`, () => suite(path, argsFor, wide));
  if (name === 'deno') describeWithout(missing, `${name} ${version}, with ${narrow.join(' ')}`, () => suite(path, argsFor, narrow));
}

const workerd = await runtimeBinary('workerd');
describeWithout(workerd.missing, 'workerd', () => {
  it('keeps it in memory, and is told that there are no folders', async () => {
    expect(await resultOfWorker(workerd.path, 'worker.js', installed.folder)).toEqual({
      results: visits.slice(0, 2), refused: 'INVALID_ARGUMENT', tenants: [0, 2].map((before) => visitedTenants(COUNT_IN_WORKER, before)),
    });
  });
});

describeWithout(workerd.missing, 'workerd, one database for all requests', () => {
  it.each([['2026-01-01', []], ['2026-01-01', ['nodejs_compat']], ['2024-01-01', []], ['2024-01-01', ['nodejs_compat']]])('compatible with %s %j', async (date, flags) => {
    const requests = ['search', 'import', 'leave', 'iterate', 'import', 'search', ['search', 'leave', 'iterate', 'search', 'iterate'], 'import', 'leave', 'iterate'];
    const answers = await answersOfWorker(workerd.path, 'requests.js', installed.folder, requests, { date, flags });
    expect(answers).toEqual(['0', '300', '300', '300', '600', '600', Array(5).fill('600'), '900', '900', '900']);
  });
});

describeWithout(missingChromium, 'Chromium, without a bundler', () => {
  const pageOf = (script) => ({ headers: { 'content-type': 'text/html' }, body: `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/${script}"></script>` });

  it('keeps it in IndexedDB', async () => {
    const browser = await launchChromium();
    const server = await serve({ root: installed.folder, answers: { '/page': pageOf('page.js') } });
    try {
      const context = await browser.newContext(); // whose pages share what is stored
      for (const expected of visits) {
        const { result, requests } = await resultOf(context, `${server.url}/page`);
        expect(result).toEqual(expected);
        expect(requests.filter((path) => /core/.test(path))).toEqual(['/node_modules/vectile/dist/core-relaxed.wasm']);
      }
    } finally {
      await browser.close();
      await server.close();
    }
  });

  it(`keeps ${COUNT_IN_PAGE} tenants there, visited in turn, of which at most ${OPEN_IN_PAGES} are open`, { timeout: 240_000 }, async () => {
    const browser = await launchChromium();
    const server = await serve({ root: installed.folder, answers: { '/page': pageOf('tenants-page.js') } });
    try {
      const context = await browser.newContext();
      for (const before of [0, 2]) {
        const { result } = await resultOf(context, `${server.url}/page`, 110_000);
        expect(result).toEqual(visitedTenants(COUNT_IN_PAGE, before));
      }
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
