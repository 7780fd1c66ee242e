/**
 * Builds dist/: the two binaries of the core, one bundle per kind of runtime, and the declarations.
 *
 *   dist/core.wasm, core-relaxed.wasm   baseline and relaxed SIMD, of one source
 *   dist/core-inline.js                 core.wasm as text, for where no file can be fetched
 *   dist/{engine,index}.{node,browser,edge}.js   the entries of ts/entry: the engine alone, and the database
 *   dist/{langchain,…}.js               integrations.js: for packages that users may have
 *   dist/chunk-*.js                     what entries share: one copy of the engine for both doors, one class of errors for all
 *   dist/encoder.wasm, encoder-inline.js, encoder.{node,browser,edge}.js, encoder-worker.{node,browser}.js   the same of the encoder
 *   dist/worker.{node,browser}.js       what runs in threads, each in one file that imports nothing
 *   dist/types/                         declarations
 *
 * It is made in a folder of its own below wasm-build/out and put in its place when it is whole.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { integrations } from './integrations.js';

const root = new URL('../', import.meta.url);
const path = (name) => fileURLToPath(new URL(name, root));
const bin = (name, ...args) => execFileSync(process.execPath, [path(`node_modules/${name}`), ...args], { cwd: path('.'), stdio: 'inherit' });

const out = `wasm-build/out/${process.pid}`;
await mkdir(path(out), { recursive: true });
process.on('exit', () => rmSync(path(out), { recursive: true, force: true }));

for (const [target, file] of [['simd', 'core.wasm'], ['relaxed', 'core-relaxed.wasm']]) {
  bin('assemblyscript/bin/asc.js', '--config', 'asconfig.json', '--target', target, '--outFile', `${out}/${file}`);
}

bin('assemblyscript/bin/asc.js', '--config', 'assembly/encoder/asconfig.json', '--target', 'simd', '--outFile', path(`${out}/encoder.wasm`));

for (const name of ['core', 'encoder']) {
  const wasm = await readFile(path(`${out}/${name}.wasm`));
  await writeFile(path(`${out}/${name}-inline.js`), `export default () => Uint8Array.from(atob('${wasm.toString('base64')}'), (c) => c.charCodeAt(0));\n`);
}

const options = {
  absWorkingDir: path('.'),
  outdir: out,
  bundle: true,
  ignoreAnnotations: true, // package.json speaks of dist/
  format: 'esm',
  target: 'es2022',
  minifyWhitespace: true, // names stay, for stack traces
  minifySyntax: true,
  lineLimit: 500, // Node prints the line that throws
  external: ['node:*', './core.wasm', './core-inline.js', './encoder.wasm', './encoder-inline.js', ...Object.values(integrations).flat()],
  legalComments: 'none',
  logLevel: 'warning',
};
await build({
  ...options,
  entryPoints: Object.fromEntries([
    ...['node', 'browser', 'edge'].flatMap((runtime) => [
      [`engine.${runtime}`, `ts/entry/${runtime}.ts`], [`index.${runtime}`, `ts/entry/index-${runtime}.ts`], [`encoder.${runtime}`, `ts/entry/encoder-${runtime}.ts`],
    ]),
    ...Object.keys(integrations).map((name) => [name, `ts/integrations/${name}.ts`]),
  ]),
  splitting: true,
  chunkNames: 'chunk-[hash]',
});
await build({
  ...options,
  entryPoints: {
    'worker.node': 'ts/entry/worker-node.ts', 'worker.browser': 'ts/entry/worker-browser.ts',
    'encoder-worker.node': 'ts/entry/encoder-worker-node.ts', 'encoder-worker.browser': 'ts/entry/encoder-worker-browser.ts',
  },
  external: options.external.filter((name) => name !== './encoder-inline.js'),
  plugins: [{
    name: 'inlined core of the encoder',
    setup: ({ onResolve }) => void onResolve({ filter: /\/encoder-inline\.js$/ }, () => ({ path: path(`${out}/encoder-inline.js`) })),
  }],
});
bin('typescript/bin/tsc', '-p', 'wasm-build/tsconfig.types.json', '--outDir', `${out}/types`);

await rm(path('dist'), { recursive: true, force: true });
await rename(path(out), path('dist'));

for (const file of (await readdir(path('dist'))).filter((name) => /\.(js|wasm)$/.test(name))) {
  const bytes = await readFile(path(`dist/${file}`));
  console.log(`dist/${file.padEnd(20)} ${String(bytes.length).padStart(7)} bytes, ${String(gzipSync(bytes).length).padStart(6)} gzip`);
}
