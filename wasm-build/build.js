/**
 * Builds dist/: the two binaries of the core, one bundle per kind of runtime, and the declarations.
 *
 *   dist/core.wasm, core-relaxed.wasm   baseline and relaxed SIMD, of one source
 *   dist/core-inline.js                 core.wasm as text, for where no file can be fetched
 *   dist/engine.{node,browser,edge}.js  the entries of ts/entry, self-contained
 *   dist/types/                         declarations
 */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = new URL('../', import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));
const bin = (name, ...args) => execFileSync(process.execPath, [path(`node_modules/${name}`), ...args], { cwd: path('.'), stdio: 'inherit' });

await rm(path('dist'), { recursive: true, force: true });
await mkdir(path('dist'), { recursive: true });

for (const [target, file] of [['simd', 'core.wasm'], ['relaxed', 'core-relaxed.wasm']]) {
  bin('assemblyscript/bin/asc.js', '--config', 'asconfig.json', '--target', target);
  await copyFile(path(`wasm-build/out/${file}`), path(`dist/${file}`));
}

const wasm = await readFile(path('dist/core.wasm'));
await writeFile(path('dist/core-inline.js'), `export default () => Uint8Array.from(atob('${wasm.toString('base64')}'), (c) => c.charCodeAt(0));\n`);

await build({
  absWorkingDir: path('.'),
  entryPoints: Object.fromEntries(['node', 'browser', 'edge'].map((entry) => [`engine.${entry}`, `ts/entry/${entry}.ts`])),
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  external: ['node:*', './core.wasm', './core-inline.js'],
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
});
bin('typescript/bin/tsc', '-p', 'wasm-build/tsconfig.types.json');

for (const file of ['core.wasm', 'core-relaxed.wasm', 'engine.node.js', 'engine.browser.js', 'engine.edge.js']) {
  const bytes = await readFile(path(`dist/${file}`));
  console.log(`dist/${file.padEnd(20)} ${String(bytes.length).padStart(7)} bytes, ${String(gzipSync(bytes).length).padStart(6)} gzip`);
}
