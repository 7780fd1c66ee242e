// The same suite in every runtime the package supports, each running the package as it would be published.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../browser-demo/serve.js';
import { root } from '../../wasm-build/pack.js';
import { launchChromium, missingChromium, resultOf } from '../browser/chromium.js';
import { describeWithout } from '../optional.js';
import { installPackage } from '../packaging/installed.js';
import { runtimeBinary } from './binaries.js';
import { commands, resultOfCommand, resultOfWorker, versionOf } from './run.js';

/** Runs the suite with the binary that the entry chooses, then with those of `modules`. */
const runner = (engine) => `
import * as engine from '${engine}';
import { conformance } from './conformance/suite.js';
async function run(modules) {
  const results = {};
  for (const [binary, module] of Object.entries({ 'its own choice': undefined, ...modules })) {
    results[binary] = await conformance(engine, { module }).catch((error) => ({ passed: 0, failures: [String(error?.stack ?? error)] }));
  }
  return results;
}
`;
const printed = `${runner('vectile/engine')}
import { readFileSync } from 'node:fs';
const baseline = await WebAssembly.compile(readFileSync(new URL(import.meta.resolve('vectile/core.wasm'))));
console.log('RESULT ' + JSON.stringify(await run({ 'core.wasm': baseline })));
`;
const inPage = `${runner('/node_modules/vectile/dist/engine.browser.js')}
const baseline = await WebAssembly.compileStreaming(fetch('/node_modules/vectile/dist/core.wasm'));
globalThis.result = await run({ 'core.wasm': baseline });
`;
const inWorker = `${runner('vectile/engine')}
export default { async test() { console.log('RESULT ' + JSON.stringify(await run())); } };
`;

let installed;
beforeAll(async () => {
  installed = await installPackage({ 'print.js': printed, 'page.js': inPage, 'worker.js': inWorker });
  cpSync(join(root, 'test/conformance'), join(installed.folder, 'conformance'), { recursive: true });
});
afterAll(() => installed?.remove());

function expectConformance(runtime, results) {
  for (const [binary, { passed, failures }] of Object.entries(results)) console.log(`${runtime}, ${binary}: ${passed} passed, ${failures.length} failed`);
  for (const { passed, failures } of Object.values(results)) {
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThan(0);
  }
}

it(`Node ${process.versions.node}`, async () => {
  expectConformance(`Node ${process.versions.node}`, await resultOfCommand(process.execPath, ['print.js'], installed.folder));
});

for (const [name, argsFor] of Object.entries(commands)) {
  const { path, missing } = await runtimeBinary(name);
  describeWithout(missing, name, () => {
    it('conforms', async () => {
      expectConformance(`${name} ${await versionOf(path)}`, await resultOfCommand(path, argsFor('print.js'), installed.folder));
    });
  });
}

describeWithout(missingChromium, 'Chromium', () => {
  it('conforms', async () => {
    const browser = await launchChromium();
    const page = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
    const server = await serve({ root: installed.folder, answers: { '/page': { headers: { 'content-type': 'text/html' }, body: page } } });
    try {
      expectConformance(`Chromium ${browser.version()}`, (await resultOf(browser, `${server.url}/page`)).result);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});

const workerd = await runtimeBinary('workerd');
describeWithout(workerd.missing, 'workerd', () => {
  it('conforms, bundled as Cloudflare does', async () => {
    expectConformance('workerd', await resultOfWorker(workerd.path, 'worker.js', installed.folder));
  });
});
