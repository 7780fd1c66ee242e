// Where the core comes from, in Node; browser/loading.test.js does the same in a page.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, expect, test, vi } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'vectile-'));
let copies = 0;
/** The engine as a process that has loaded nothing yet sees it. */
function freshEngine() {
  const copy = join(folder, String(copies++));
  cpSync(new URL('../dist', import.meta.url), copy, { recursive: true });
  return import(/* @vite-ignore */ pathToFileURL(join(copy, 'engine.node.js')).href);
}
const bytesOf = (file) => readFile(new URL(`../dist/${file}`, import.meta.url));
const options = { dimensions: 2 };

afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true }));

test('a runtime without SIMD is told so', async () => {
  vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
  const { VectorIndex } = await freshEngine();
  await expect(VectorIndex.create(options)).rejects.toMatchObject({
    name: 'VectileError', code: 'SIMD_UNSUPPORTED', message: expect.stringMatching(/expected WebAssembly SIMD .*, got none/),
  });
});

test('the relaxed binary is chosen exactly where its instructions are known', async () => {
  const relaxed = await bytesOf('core-relaxed.wasm');
  const compile = vi.spyOn(WebAssembly, 'compile');
  const { VectorIndex } = await freshEngine();
  await VectorIndex.create(options);
  const [bytes] = compile.mock.calls[0];
  expect(Buffer.from(bytes).equals(relaxed)).toBe(WebAssembly.validate(relaxed));
});

test('the core is compiled once for all indexes', async () => {
  const compile = vi.spyOn(WebAssembly, 'compile');
  const { VectorIndex } = await freshEngine();
  await Promise.all([VectorIndex.create(options), VectorIndex.create(options)]);
  await VectorIndex.create(options);
  expect(compile).toHaveBeenCalledTimes(1);
});

test('an injected module comes before all else', async () => {
  const module = new WebAssembly.Module(await bytesOf('core.wasm'));
  const compile = vi.spyOn(WebAssembly, 'compile');
  const { VectorIndex, init } = await freshEngine();
  await init({ module, url: 'http://127.0.0.1:1/nothing' });
  const index = await VectorIndex.create(options);
  index.add(1, [1, 0]);
  expect([...index.search([1, 0], { k: 1 }).ids]).toEqual([1]);
  expect(compile).not.toHaveBeenCalled();
});

test.each([[null], [5], [{ module: {} }], [{ module: new Uint8Array(8) }], [{ url: 5 }]])('init(%j) is refused', async (source) => {
  const { init } = await freshEngine();
  await expect(init(source)).rejects.toMatchObject({ name: 'VectileError', code: 'INVALID_ARGUMENT' });
});

test('another module than the core is refused, and the entry serves as before', async () => {
  const { VectorIndex, init } = await freshEngine();
  const other = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  await expect(init({ module: other })).rejects.toMatchObject({ code: 'CORE_UNAVAILABLE' });
  expect((await VectorIndex.create(options)).size).toBe(0);
});

test('a url comes before the entry; what is no core there is refused, and the next attempt starts anew', async () => {
  const core = await bytesOf('core.wasm');
  const server = createServer((request, response) => {
    const found = request.url === '/core.wasm';
    response.writeHead(found ? 200 : 404, { 'content-type': found ? 'application/wasm' : 'text/html' });
    response.end(found ? core : '<!doctype html>');
  });
  await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
  try {
    const at = `http://127.0.0.1:${server.address().port}`;
    const { VectorIndex, init } = await freshEngine();
    await expect(init({ url: `${at}/missing.wasm` })).rejects.toMatchObject({ code: 'CORE_UNAVAILABLE', message: expect.stringContaining('status 404') });
    await expect(VectorIndex.create(options)).rejects.toMatchObject({ code: 'CORE_UNAVAILABLE' });
    await init({ url: `${at}/core.wasm` });
    expect((await VectorIndex.create(options)).size).toBe(0);
  } finally {
    server.close();
  }
});
