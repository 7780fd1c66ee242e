// The sentence encoder: what it makes of texts, in threads and without, and what it refuses.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../../browser-demo/serve.js';
import { encoder as builtEncoder } from '../../dist/encoder.node.js';
import { encoderModel } from '../../wasm-build/encoder-model.js';
import { encoder } from '../../ts/encoder.js';
import { serveEncoder } from '../../ts/encoder/host.js';
import { LocalEncoder } from '../../ts/encoder/local.js';
import { provideEncoder } from '../../ts/encoder/runtime.js';
import { workersOf } from '../../ts/entry/node-workers.js';
import { VectileError } from '../../ts/errors.js';
import { componentsOf, readExpected } from './expected.js';
import { texts } from './texts.js';

const core = readFileSync(new URL('../../dist/encoder.wasm', import.meta.url));
const expected = readExpected();
const workers = [];
/** What threads run from now on. */
function provide(file = './mortal-worker.js') {
  const { spawn } = workersOf(() => new URL(file, import.meta.url), { stderr: true }, (worker) => {
    workers.push(worker);
    worker.on('exit', () => workers.splice(workers.indexOf(worker), 1));
  });
  provideEncoder({ core: async () => core, spawn, readFile: (place) => readFile(place) });
}

/** Ten batches and more. */
const many = Array(15).fill('word '.repeat(100));

let models, folder, open;
beforeAll(async () => {
  provide();
  models = { int8: await encoderModel('int8'), f32: await encoderModel('f32') };
  folder = mkdtempSync(join(tmpdir(), 'vectile-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await open?.close();
  open = undefined;
  await expect.poll(() => workers.length).toBe(0); // closing ends the threads
});
const opened = async (options) => (open = await encoder({ model: models.int8, ...options }));

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const errorOf = async (work) => {
  try {
    await work;
  } catch (error) {
    expect(error).toBeInstanceOf(VectileError);
    return error;
  }
  throw new Error('expected an error, got none');
};

describe('what it makes of texts', () => {
  let f32, int8;
  beforeAll(async () => {
    f32 = await (await LocalEncoder.create(core, models.f32)).embed(texts);
    int8 = await (await LocalEncoder.create(core, models.int8)).embed(texts);
  });

  it('with weights of f32: what the package makes of them', () => {
    expect(texts.length).toBeGreaterThan(200);
    for (const [i, text] of texts.entries()) {
      componentsOf(f32[i]).forEach((x, c) => expect(Math.abs(x - expected[i].components[c]), JSON.stringify(text)).toBeLessThan(1e-4));
    }
  });

  it('with weights of int8: nearly the same', () => {
    const cosines = texts.map((_, i) => dot(int8[i], f32[i]));
    for (const [i, cosine] of cosines.entries()) expect(cosine, JSON.stringify(texts[i])).toBeGreaterThan(0.998);
    expect(cosines.reduce((sum, x) => sum + x) / cosines.length).toBeGreaterThan(0.9995);
  });

  it('vectors of unit length', () => {
    for (const vector of [...f32, ...int8]) expect(Math.abs(dot(vector, vector) - 1)).toBeLessThan(1e-5);
  });

  it('the same, to the bit, whatever is embedded with it', async () => {
    for (const model of [models.int8, models.f32]) {
      const alone = await LocalEncoder.create(core, model);
      for (let i = 0; i < texts.length; i += 17) expect((await alone.embed([texts[i]]))[0]).toEqual((model === models.f32 ? f32 : int8)[i]);
    }
  });

  it('near ones of texts that mean the same', async () => {
    const { embed } = await opened({ threads: 0 });
    const [a, b, c] = await embed(['my internet is down again', 'the wifi connection keeps dropping', 'how do I get a refund for my flight']);
    expect(dot(a, b)).toBeCloseTo(0.673, 2);
    expect(dot(a, c)).toBeCloseTo(0.135, 2);
  });

  it('of the first 128 tokens', async () => {
    const { embed } = await opened({ threads: 0 });
    const [a, b, c] = await embed(['word '.repeat(128) + 'apple', 'word '.repeat(128) + 'something else', 'word '.repeat(126) + 'apple']);
    expect(a).toEqual(b);
    expect(c).not.toEqual(b);
  });
});

describe('the encoder', () => {
  it('says what it is', async () => {
    expect(await opened({ threads: 0 })).toMatchObject({ name: 'universal-sentence-encoder-lite-en', dimensions: 512 });
  });

  it('makes the same in one thread, in several, and in the caller’s', async () => {
    const vectors = [];
    for (const options of [{}, { threads: 2 }, { threads: 0 }]) {
      const { embed, close } = await opened(options);
      expect(workers.length).toBe(options.threads ?? 1);
      vectors.push(await embed(texts.slice(60, 140)));
      expect(await embed([])).toEqual([]);
      await close();
    }
    for (const others of vectors.slice(1)) expect(others).toEqual(vectors[0]);
  });

  it('as it is built', async () => {
    const built = await builtEncoder({ model: models.int8, threads: 2 });
    open = await encoder({ model: models.int8, threads: 0 });
    expect(await built.embed(texts.slice(60, 100))).toEqual(await open.embed(texts.slice(60, 100)));
    await built.close();
  });

  it('takes the model from wherever it is', async () => {
    const path = join(folder, 'model.venc');
    writeFileSync(path, models.int8);
    const server = await serve({ root: folder });
    try {
      const url = `${server.url}/model.venc`;
      const { buffer } = models.int8;
      const shifted = new Uint8Array(buffer.byteLength + 3).subarray(3);
      shifted.set(models.int8);
      for (const model of [buffer, shifted, path, new URL(url), await fetch(url)]) {
        const { embed, close } = await encoder({ model, threads: 0 });
        expect(await embed(['a'])).toHaveLength(1);
        await close();
      }
      for (const model of [`${url}x`, await fetch(`${url}x`), `${path}x`, 'http://127.0.0.1:1/']) expect(await errorOf(encoder({ model }))).toMatchObject({ code: 'MODEL_UNAVAILABLE' });
      const built = await builtEncoder({ model: pathToFileURL(path), threads: 0 });
      expect(await built.embed(['a'])).toHaveLength(1);
    } finally {
      await server.close();
    }
  });

  it.each([0, 1])('lets a small call in while a large one goes on (threads: %d)', async (threads) => {
    const { embed } = await opened({ threads });
    let isDone = false;
    const large = embed(many).then(() => { isDone = true; });
    await embed(['quick']);
    expect(isDone).toBe(false);
    await large;
  });

  it.each([0, 1])('ends a call whose signal is aborted, and no other (threads: %d)', async (threads) => {
    const { embed } = await opened({ threads });
    const controller = new AbortController();
    const calls = [embed(many, { signal: controller.signal }), embed(['goes on'], { signal: new AbortController().signal })];
    setImmediate(() => controller.abort('enough'));
    expect(await errorOf(calls[0])).toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect(await errorOf(embed(['a'], { signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' });
    expect(await calls[1]).toHaveLength(1);
    expect(await embed(['a'])).toHaveLength(1);
  });

  it('stops in its thread, too', async () => {
    const answers = [];
    let tell;
    serveEncoder({ postMessage: (answer) => answers.push(answer), addEventListener: (_, listener) => { tell = (data) => listener({ data }); }, removeEventListener() {} }, core);
    tell({ kind: 'open', model: models.int8 });
    await expect.poll(() => answers).toEqual([{ call: 0, vectors: undefined }]);
    tell({ kind: 'embed', call: 1, texts: [...many, ...many] });
    tell({ kind: 'embed', call: 2, texts: ['a'] });
    tell({ kind: 'abort', call: 1 });
    tell({ kind: 'abort', call: 7 });
    await expect.poll(() => answers.length).toBe(3);
    expect(answers.find(({ call }) => call === 1).error).toMatchObject({ code: 'ABORTED' });
    expect(answers.find(({ call }) => call === 2).vectors).toHaveLength(512);
  });

  it.each([0, 2])('refuses what comes after it was closed (threads: %d)', async (threads) => {
    const { embed, close } = await opened({ threads });
    const waiting = embed(many).catch((error) => error);
    await close();
    if (threads) expect(await waiting).toMatchObject({ code: 'CLOSED' });
    else await waiting;
    expect(await errorOf(embed(['a']))).toMatchObject({ code: 'CLOSED', message: 'encoder: expected one in use, got one closed' });
    await close();
  });

  it('lets the process end while it waits for nothing', async () => {
    const { execFileSync } = await import('node:child_process');
    const path = join(folder, 'ends.venc');
    writeFileSync(path, models.int8);
    const script = `const { encoder } = await import(${JSON.stringify(new URL('../../dist/encoder.node.js', import.meta.url).href)});
      const { embed } = await encoder({ model: ${JSON.stringify(path)} }); console.log((await embed(['a'])).length);`;
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 60_000 })).toBe('1\n');
  });
});

describe('a thread that ends', () => {
  it.each(['exit', 'throw'])('by %s: who waits is told, and the next call starts another', async (how) => {
    provide();
    const { embed } = await opened();
    const waiting = embed(many).catch((error) => error);
    workers[0].postMessage(how);
    expect(await waiting).toMatchObject({ code: 'WORKER_LOST' });
    const [a, b] = await Promise.all([embed(['a']), embed(['b'])]);
    expect([...a, ...b]).toHaveLength(2);
    expect(workers.length).toBe(1);
  });

  it('before it has begun: it cannot be had', async () => {
    provide('./nothing-here.js');
    const error = await errorOf(encoder({ model: models.int8 }));
    expect(error).toMatchObject({ code: 'WORKER_UNAVAILABLE' });
    expect(error.message).toMatch(/threads: 0/);
  });

  it('is not asked for where there are none', async () => {
    provideEncoder({ core: async () => core });
    expect(await (await opened()).embed(['a'])).toHaveLength(1);
    expect(await errorOf(encoder({ model: models.int8, threads: 1 }))).toMatchObject({ code: 'WORKER_UNAVAILABLE' });
  });
});

describe('refused', () => {
  let local;
  beforeAll(async () => {
    provide();
    local = await encoder({ model: models.int8, threads: 0 });
  });

  it.each([
    [undefined, /^options: expected an object/], [null, /^options/], [{}, /^model: expected bytes, a URL or a Response, got undefined/], [{ model: 7 }, /^model/], [{ model: [1] }, /^model/],
    [{ threads: -1 }, /^threads: expected an integer from 0 to 64, got -1/], [{ threads: 1.5 }, /^threads/], [{ threads: '1' }, /^threads/], [{ threads: 65 }, /^threads/],
  ])('options %j', async (options, message) => {
    const error = await errorOf(encoder(options && 'threads' in options ? { model: models.int8, ...options } : options));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error.message).toMatch(message);
  });

  it.each([
    [undefined, /^texts: expected an array of strings/], ['a', /^texts: /], [{ length: 1, 0: 'a' }, /^texts: /], [['a', ''], /^texts\[1\]: expected a string of at least one character, got ""/],
    [[7], /^texts\[0\]: /], [[null], /^texts\[0\]: /], [['a', undefined, 'b'], /^texts\[1\]: /], [[['a']], /^texts\[0\]: /],
  ])('texts %j', async (given, message) => {
    const error = await errorOf(local.embed(given));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error.message).toMatch(message);
  });
});
