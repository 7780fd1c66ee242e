// The sentence encoder in every runtime the package supports; Chromium: browser/encoder.test.js.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encoder } from '../../dist/encoder.node.js';
import { encoderModel } from '../../wasm-build/encoder-model.js';
import { describeWithout } from '../optional.js';
import { installPackage } from '../packaging/installed.js';
import { runtimeBinary } from './binaries.js';
import { commands, resultOfCommand, resultOfWorker } from './run.js';

const texts = ['my internet is down again', '你好 😀', 'word '.repeat(130), ' '];
const script = `
import { encoder } from 'vectile/encoder';
const results = [];
for (const threads of [1, 0]) {
  const { embed, close } = await encoder({ model: './model.venc', threads });
  results.push((await embed(${JSON.stringify(texts)})).map((vector) => [...vector]));
  await close();
}
console.log('RESULT ' + JSON.stringify(results));
`;
const worker = `
import model from './model.venc';
import { encoder } from 'vectile/encoder';
export default {
  async test() {
    const { embed } = await encoder({ model });
    const refused = await encoder({ model, threads: 1 }).catch((error) => error.code);
    console.log('RESULT ' + JSON.stringify({ vectors: (await embed(${JSON.stringify(texts)})).map((vector) => [...vector]), refused }));
  },
};
`;

let installed, expected;
beforeAll(async () => {
  installed = await installPackage({ 'encode.js': script, 'worker.js': worker });
  const model = await encoderModel();
  writeFileSync(join(installed.folder, 'model.venc'), model);
  expected = await (await encoder({ model, threads: 0 })).embed(texts);
});
afterAll(() => installed?.remove());

/** The sines of places are each engine's own. */
const expectAlike = (vectors) => {
  expect(vectors).toHaveLength(texts.length);
  vectors.forEach((vector, i) => expect(Math.max(...vector.map((x, c) => Math.abs(x - expected[i][c])))).toBeLessThan(1e-3));
};

describe.each(Object.keys(commands))('%s', async (runtime) => {
  const { path, missing } = await runtimeBinary(runtime);
  describeWithout(missing, runtime, () => {
    it('makes what Node makes, in a worker and without', async () => {
      const results = await resultOfCommand(path, commands[runtime]('encode.js'), installed.folder);
      expect(results).toHaveLength(2);
      results.forEach(expectAlike);
    });
  });
});

const workerd = await runtimeBinary('workerd');
describeWithout(workerd.missing, 'workerd', () => {
  it('makes what Node makes', async () => {
    const { vectors, refused } = await resultOfWorker(workerd.path, 'worker.js', installed.folder);
    expectAlike(vectors);
    expect(refused).toBe('WORKER_UNAVAILABLE');
  });
});
