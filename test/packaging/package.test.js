import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lint, root } from '../../wasm-build/pack.js';
import { closure, sizes } from '../../wasm-build/size.js';
import { installPackage } from './installed.js';

const usage = `
import { VectorIndex } from 'vectile/engine';
const index = await VectorIndex.create({ dimensions: 3 });
index.add(7, [0.1, 0.2, 0.3]);
index.add(8, [-0.1, 0.2, 0.3]);
console.log(JSON.stringify([...index.search([0.1, 0.2, 0.3], { k: 1 }).ids]));
`;

let installed;
beforeAll(async () => { installed = await installPackage({ 'usage.js': usage, 'consumer.ts': readFileSync(join(root, 'test/fixtures/consumer.ts'), 'utf8') }); });
afterAll(() => installed?.remove());

const installedFile = (name) => readFileSync(join(installed.folder, 'node_modules/vectile', name), 'utf8');

describe('the tarball', () => {
  it('satisfies publint and attw', async () => {
    expect(await lint(installed.tarball)).toEqual([]);
  });

  it('holds the built package and nothing else', () => {
    const expected = /^(dist\/(core(-relaxed)?\.wasm|core-inline\.js|(engine|index)\.(node|browser|edge)\.js|chunk-\w+\.js|types\/[\w/-]+\.d\.ts)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
    expect(installed.files.filter((file) => !expected.test(file))).toEqual([]);
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

  it.each([['nodenext', 'nodenext'], ['bundler', 'esnext']])('has types that hold with moduleResolution %s', (moduleResolution, module) => {
    const compilerOptions = { moduleResolution, module, target: 'es2022', lib: ['es2022', 'dom'], types: [], strict: true, skipLibCheck: false, noEmit: true };
    writeFileSync(join(installed.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], { cwd: installed.folder, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it('brings nothing of Node into a browser bundle', async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [join(installed.folder, 'usage.js')],
      bundle: true, write: false, metafile: true, format: 'esm', platform: 'browser', logLevel: 'silent', absWorkingDir: installed.folder,
    });
    expect(outputFiles.map(({ text }) => /node:/.test(text))).toEqual([false]);
    expect(Object.keys(metafile.inputs).sort()).toEqual(['core-inline.js', ...closure('engine.browser.js')].map((file) => `node_modules/vectile/dist/${file}`).concat('usage.js').sort());
  });
});
