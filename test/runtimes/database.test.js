// A database in every runtime the package supports: written by one process or page, opened and searched by the next.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../browser-demo/serve.js';
import { root } from '../../wasm-build/pack.js';
import { launchChromium, missingChromium, resultOf } from '../browser/chromium.js';
import { visits } from '../fixtures/visit.js';
import { describeWithout } from '../optional.js';
import { installPackage } from '../packaging/installed.js';
import { runtimeBinary } from './binaries.js';
import { commands, resultOfCommand, resultOfWorker, versionOf } from './run.js';

const inFolder = `
import * as vectile from 'vectile';
import { visit } from './visit.js';
console.log('RESULT ' + JSON.stringify(await visit(vectile, process.argv[2])));
`;
const inWorker = `
import * as vectile from 'vectile';
import { visit } from './visit.js';
export default {
  async test() {
    const store = vectile.memory();
    const results = [await visit(vectile, { store }), await visit(vectile, { store })];
    const refused = await vectile.open('./data').catch((error) => error.code);
    console.log('RESULT ' + JSON.stringify({ results, refused }));
  },
};
`;
const inPage = `
import * as vectile from '/node_modules/vectile/dist/index.browser.js';
import { visit } from './visit.js';
globalThis.result = await visit(vectile, { store: vectile.indexedDB('words') });
`;

let installed;
beforeAll(async () => {
  installed = await installPackage({ 'folder.js': `import process from 'node:process';${inFolder}`, 'worker.js': inWorker, 'page.js': inPage });
  cpSync(join(root, 'test/fixtures/visit.js'), join(installed.folder, 'visit.js'));
});
afterAll(() => installed?.remove());

const visitFolder = (path, argsFor, data) => resultOfCommand(path, [...argsFor('folder.js'), data], installed.folder);

it(`Node ${process.versions.node} keeps it in a folder`, async () => {
  for (const expected of visits) expect(await visitFolder(process.execPath, commands.node24, './data/node')).toEqual(expected);
});

for (const [name, argsFor] of Object.entries(commands)) {
  const { path, missing } = await runtimeBinary(name);
  describeWithout(missing, name, () => {
    it('keeps it in a folder', async () => {
      console.log(`${name} ${await versionOf(path)}`);
      for (const expected of visits) expect(await visitFolder(path, argsFor, `./data/${name}`)).toEqual(expected);
    });

    it('opens what Node has written, and Node what it has', async () => {
      const data = `./data/shared-with-${name}`;
      expect(await visitFolder(process.execPath, commands.node24, data)).toEqual(visits[0]);
      expect(await visitFolder(path, argsFor, data)).toEqual(visits[1]);
      expect(await visitFolder(process.execPath, commands.node24, data)).toEqual(visits[2]);
    });
  });
}

const workerd = await runtimeBinary('workerd');
describeWithout(workerd.missing, 'workerd', () => {
  it('keeps it in memory, and is told that there are no folders', async () => {
    expect(await resultOfWorker(workerd.path, 'worker.js', installed.folder)).toEqual({ results: visits.slice(0, 2), refused: 'INVALID_ARGUMENT' });
  });
});

describeWithout(missingChromium, 'Chromium, without a bundler', () => {
  it('keeps it in IndexedDB', async () => {
    const browser = await launchChromium();
    const page = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
    const server = await serve({ root: installed.folder, answers: { '/page': { headers: { 'content-type': 'text/html' }, body: page } } });
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
});
