// Readers in other threads, in every runtime that has threads and shared memory, with the package as it would be published.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../../wasm-build/pack.js';
import { describeWithout } from '../optional.js';
import { installPackage } from '../packaging/installed.js';
import { runtimeBinary } from './binaries.js';
import { commands, resultOfCommand, versionOf } from './run.js';

const printed = `
import process from 'node:process';
import * as engine from 'vectile/engine';
import { hammer } from './conformance/hammer.js';
import { runScript } from './conformance/model.js';
import { comparing } from './conformance/shared.js';

const results = {};
for (const type of ['flat', 'hnsw']) {
  const VectorIndex = comparing(engine);
  await runScript({ VectorIndex, seed: 7, operations: 300, type, metric: 'cosine', dimensions: 5, maxConnections: 6, efConstruction: 40 });
  const codecs = [{ codec: 'rq8' }, { codec: 'f32' }];
  results[type] = { ...await hammer(engine, { entry: 'vectile/engine', seed: 8, type, changes: 600, codecs }), compared: VectorIndex.compared() };
}
console.log('RESULT ' + JSON.stringify(results));
process.exit(0);
`;

let installed;
beforeAll(async () => {
  installed = await installPackage({ 'threads.js': printed });
  cpSync(join(root, 'test/conformance'), join(installed.folder, 'conformance'), { recursive: true });
});
afterAll(() => installed?.remove());

function expectShared(runtime, results) {
  console.log(`${runtime}: ${JSON.stringify(results)}`);
  for (const { found, wanted, states, moves, compared } of Object.values(results)) {
    expect(states).toBeGreaterThan(5);
    expect(moves).toBeGreaterThan(0);
    expect(found / wanted).toBeGreaterThan(0.97);
    expect(compared).toBeGreaterThan(10);
  }
}

it(`Node ${process.versions.node}`, async () => {
  expectShared(`Node ${process.versions.node}`, await resultOfCommand(process.execPath, ['threads.js'], installed.folder));
});

for (const [name, argsFor] of Object.entries(commands)) {
  const { path, missing } = await runtimeBinary(name);
  describeWithout(missing, name, () => {
    it('has readers in other threads', async () => {
      expectShared(`${name} ${await versionOf(path)}`, await resultOfCommand(path, argsFor('threads.js'), installed.folder));
    });
  });
}
