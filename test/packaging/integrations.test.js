// Entries for optional packages, of the packed package: without these, and with them. What a user writes is in fixtures/integrations.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { integrations } from '../../wasm-build/integrations.js';
import { root } from '../../wasm-build/pack.js';
import { closure, later } from '../../wasm-build/size.js';
import { promised } from './documents.js';
import { installPackage, linkPackages } from './installed.js';

const names = Object.keys(integrations);
const peers = [...new Set(Object.values(integrations).flat())];
const programs = names.map((name) => [name, readFileSync(join(root, `test/fixtures/integrations/${name}.ts`), 'utf8')]);

let installed;
beforeAll(async () => { installed = await installPackage(Object.fromEntries(programs.map(([name, text]) => [`${name}.ts`, text]))); });
afterAll(() => installed?.remove());

const installedFile = (name) => readFileSync(join(installed.folder, 'node_modules/vectile', name), 'utf8');
const node = (args, options) => spawnSync(process.execPath, args, { cwd: installed.folder, encoding: 'utf8', ...options });

describe('package.json', () => {
  it('exports them, and has what they are for as optional peers', () => {
    const { exports, peerDependencies, peerDependenciesMeta } = JSON.parse(installedFile('package.json'));
    for (const name of names) expect(exports[`./${name}`]).toEqual({ types: `./dist/types/ts/integrations/${name}.d.ts`, default: `./dist/${name}.js` });
    expect(peers.filter((peer) => !peerDependencies[peer] || !peerDependenciesMeta[peer]?.optional)).toEqual([]);
  });
});

describe('without the packages', () => {
  it('vectile loads neither them nor what is for them', () => {
    const doors = ['index', 'engine'].flatMap((door) => ['node', 'browser', 'edge'].map((runtime) => `${door}.${runtime}.js`));
    const loaded = [...new Set(doors.flatMap((door) => [...closure(door), ...later(door)]))];
    expect(loaded.filter((file) => names.some((name) => file === `${name}.js`))).toEqual([]);
    const says = (file, peer) => installedFile(`dist/${file}`).includes(`"${peer}`);
    expect(peers.filter((peer) => loaded.some((file) => says(file, peer)))).toEqual([]);
    expect(peers.filter((peer) => !names.some((name) => says(`${name}.js`, peer)))).toEqual([]);
  });

  it.each(names.filter((name) => integrations[name].length > 0))('vectile/%s says which is missing', (name) => {
    const { stderr, status } = node(['--input-type=module', '--eval', `import 'vectile/${name}'`]);
    expect(integrations[name].some((peer) => stderr.includes(`Cannot find package '${peer}'`)), stderr).toBe(true);
    expect(status).toBe(1);
  });
});

describe('with the packages', () => {
  // what programs need beside: a renderer, and a provider of models
  beforeAll(() => linkPackages(installed.folder, [...peers, 'react-dom', '@ai-sdk/openai-compatible']));

  it.each(programs)('vectile/%s does what its users write', (name, text) => {
    writeFileSync(join(installed.folder, `${name}.js`), transformSync(text, { loader: 'ts', target: 'es2022' }).code);
    const printed = execFileSync(process.execPath, [`${name}.js`], { cwd: installed.folder, encoding: 'utf8' });
    expect(promised(text).length).toBeGreaterThan(0);
    expect(printed.trimEnd().split('\n')).toEqual(promised(text));
  });

  it.each([['nodenext', 'nodenext'], ['bundler', 'esnext']])('their types hold with moduleResolution %s', (moduleResolution, module) => {
    const compilerOptions = { moduleResolution, module, target: 'es2022', lib: ['es2022', 'dom'], types: [], strict: true, skipLibCheck: true, noEmit: true };
    writeFileSync(join(installed.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names.map((name) => `${name}.ts`) }));
    const { stdout, status } = node([join(root, 'node_modules/typescript/bin/tsc')]);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});
