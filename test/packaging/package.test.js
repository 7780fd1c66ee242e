import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { integrations } from '../../wasm-build/integrations.js';
import { lint, root } from '../../wasm-build/pack.js';
import { closure, later, sizes } from '../../wasm-build/size.js';
import { installPackage } from './installed.js';

const usage = `
import { VectorIndex } from 'vectile/engine';
const index = await VectorIndex.create({ dimensions: 3 });
index.add(7, [0.1, 0.2, 0.3]);
index.add(8, [-0.1, 0.2, 0.3]);
console.log(JSON.stringify([...index.search([0.1, 0.2, 0.3], { k: 1 }).ids]));
`;

const databaseUsage = `
import { fs, indexedDB, memory, open, VectileError } from 'vectile';
import * as engine from 'vectile/engine';
const compile = WebAssembly.compile;
let compiled = 0;
WebAssembly.compile = (...args) => { compiled++; return compile(...args); };
const db = await open({ store: memory() });
const notes = await db.collections.create({ name: 'Note', properties: [{ name: 'text', dataType: 'text' }] });
await notes.data.insertMany([{ properties: { text: 'a' }, vector: [1, 0] }, { properties: { text: 'b' }, vector: [0, 1] }]);
await engine.VectorIndex.create({ dimensions: 3 });
const { objects } = await notes.query.nearVector([0, 1], { limit: 1 });
await db.close();
console.log(JSON.stringify({ hits: objects.map(({ properties }) => properties.text), compiled, sameError: engine.VectileError === VectileError }));
`;

const fixture = (name) => readFileSync(join(root, 'test/fixtures', name), 'utf8');
const consumers = ['consumer.ts', 'consumer-database.ts'];

let installed;
beforeAll(async () => {
  const files = Object.fromEntries(consumers.map((name) => [name, fixture(name)]));
  installed = await installPackage({ 'usage.js': usage, 'database-usage.js': databaseUsage, ...files });
});
afterAll(() => installed?.remove());

const installedFile = (name) => readFileSync(join(installed.folder, 'node_modules/vectile', name), 'utf8');

describe('the tarball', () => {
  it('satisfies publint and attw', async () => {
    expect(await lint(installed.tarball)).toEqual([]);
  });

  it('holds the built package and nothing else', () => {
    const expected = /^(dist\/(core(-relaxed)?\.wasm|encoder\.wasm|(core|encoder)-inline\.js|(engine|index|encoder)\.(node|browser|edge)\.js|(encoder-)?worker\.(node|browser)\.js|chunk-\w+\.js|types\/[\w/-]+\.d\.ts)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
    const entries = Object.keys(integrations).map((name) => `dist/${name}.js`);
    expect(installed.files.filter((file) => !expected.test(file) && !entries.includes(file))).toEqual([]);
    expect(installed.files).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'LICENSE', 'dist/core.wasm', 'dist/core-relaxed.wasm']));
  });

  it('has every file that exports names', () => {
    const targets = (value) => (typeof value === 'string' ? [value] : Object.values(value).flatMap(targets));
    const { exports } = JSON.parse(installedFile('package.json'));
    expect(targets(exports).map((target) => target.slice(2)).filter((file) => !installed.files.includes(file))).toEqual([]);
  });

  it('keeps the size budget', () => {
    expect(sizes().filter(({ isOver }) => isOver)).toEqual([]);
  });
});

describe('an installed package', () => {
  it('runs in Node', () => {
    expect(execFileSync(process.execPath, ['usage.js'], { cwd: installed.folder, encoding: 'utf8' })).toBe('[7]\n');
  });

  it('has one core and one class of errors behind both doors', () => {
    const printed = execFileSync(process.execPath, ['database-usage.js'], { cwd: installed.folder, encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual({ hits: ['b'], compiled: 1, sameError: true });
  });

  it.each([['nodenext', 'nodenext'], ['bundler', 'esnext']])('has types that hold with moduleResolution %s', (moduleResolution, module) => {
    const compilerOptions = { moduleResolution, module, target: 'es2022', lib: ['es2022', 'dom'], types: [], strict: true, skipLibCheck: false, noEmit: true };
    writeFileSync(join(installed.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: consumers }));
    const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], { cwd: installed.folder, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it.each([
    ['usage.js', 'browser', ['engine.browser.js']],
    ['database-usage.js', 'browser', ['index.browser.js', 'engine.browser.js']],
    ['database-usage.js', 'edge', ['index.edge.js', 'engine.edge.js']],
  ])('brings nothing of Node, nor more than it says, into a bundle of %s for %s', async (file, kind, entries) => {
    const { outputFiles, metafile } = await build({
      entryPoints: [file], bundle: true, write: false, outdir: 'out', metafile: true, format: 'esm', platform: 'browser', logLevel: 'silent', absWorkingDir: installed.folder,
      ...kind === 'edge' && { conditions: ['workerd'], loader: { '.wasm': 'copy' } },
    });
    expect(outputFiles.filter(({ path }) => path.endsWith('.js')).map(({ text }) => /["']node:/.test(text))).toEqual([false]);
    const core = kind === 'edge' ? 'core.wasm' : 'core-inline.js';
    const loaded = new Set([core, ...entries.flatMap((entry) => [...closure(entry), ...later(entry)])]);
    expect(Object.keys(metafile.inputs).sort()).toEqual([...[...loaded].map((name) => `node_modules/vectile/dist/${name}`), file].sort());
  });
});
