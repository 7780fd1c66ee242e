// Who may import whom, read from the import statements: arrows go down only.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { integrations } from '../wasm-build/integrations.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** By folder of ts/: what its files may import besides their own folder. Everyone may import types and errors. */
const allowed = {
  'ts/engine/': ['assembly/layout', '@assemblyscript/loader'],
  'ts/storage/': ['idb'],
  'ts/storage/node-files': ['ts/storage/', 'node:fs', 'node:os', 'node:path'],
  'ts/search/': [],
  'ts/shard/': ['ts/engine/vector-index', 'ts/engine/shared-reader', 'ts/search/', 'ts/storage/storage', 'ts/storage/crc32c', 'ts/storage/lane-checksum', 'ts/storage/checked-json'],
  'ts/worker/': ['ts/engine/shared-reader', 'ts/engine/core', 'ts/search/', 'ts/shard/', 'ts/storage/storage', 'ts/storage/sharing', 'ts/storage/attach', 'comlink'],
  'ts/rag/': ['ts/engine/checks', 'ts/shard/abort'],
  'ts/database/': ['ts/rag/', 'ts/worker/', 'ts/engine/core', 'ts/engine/checks', 'ts/engine/codecs', 'ts/engine/options', 'ts/search/', 'ts/shard/', 'ts/storage/'],
  'ts/index': ['ts/rag/', 'ts/engine/core', 'ts/database/', 'ts/storage/'],
  'ts/encoder/': ['assembly/encoder/layout', 'ts/worker/workers', 'ts/shard/abort', 'ts/shard/pause', 'ts/storage/crc32c'],
  'ts/encoder': ['ts/encoder/'],
  // leaves: nobody imports them
  'ts/integrations/': ['ts/index', 'ts/rag/', 'ts/engine/checks', 'ts/database/filters', 'ts/database/results', ...Object.values(integrations).flat()],
  'ts/entry/': [
    'ts/index', 'ts/engine', 'ts/engine/core', 'ts/encoder', 'ts/encoder/runtime', 'ts/encoder/host', 'ts/storage/fs', 'ts/storage/node-files', 'ts/worker/host', 'ts/worker/workers', 'comlink', 'node:fs', 'node:fs/promises', 'node:os', 'node:worker_threads', 'dist/',
  ],
  'ts/engine': ['ts/engine/'],
  'ts/types': [],
  'ts/errors': [],
};
const common = ['ts/types', 'ts/errors'];

const files = ['ts', 'assembly'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`));
const textOf = (file) => readFileSync(join(root, file), 'utf8');

/** What a file imports: paths from the root, without extension, or names of packages. */
function importsOf(file) {
  const specifiers = [...textOf(file).matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([\w@.:/-]+)['"]/g)].map(([, specifier]) => specifier);
  return specifiers.map((specifier) => {
    if (!specifier.startsWith('.')) return specifier;
    const path = normalize(join(dirname(file), specifier)).replaceAll('\\', '/').replace(/\.(js|ts)$/, '');
    // Entries name what the build puts beside them.
    return /^ts\/entry\/(core|encoder(\.wasm|-inline)$)/.test(path) ? 'dist/' : path;
  });
}

const layerOf = (file) => Object.keys(allowed).filter((layer) => file.startsWith(layer)).sort((a, b) => b.length - a.length)[0];
const peers = Object.values(integrations).flat();
const matches = (imported, rule) => (rule.endsWith('/') ? imported.startsWith(rule) : imported === rule || peers.includes(rule) && imported.startsWith(`${rule}/`));

describe('layers', () => {
  it.each(files.filter((file) => file.startsWith('ts/')))('%s imports downwards only', (file) => {
    const layer = layerOf(file);
    expect(layer, 'a folder without a rule').toBeDefined();
    const rules = [...allowed[layer], ...common, ...(layer.endsWith('/') ? [layer] : [])];
    expect(importsOf(file).filter((imported) => !rules.some((rule) => matches(imported, rule)))).toEqual([]);
  });

  it('the core imports nothing but itself', () => {
    const foreign = files.filter((file) => file.startsWith('assembly/'))
      .flatMap((file) => importsOf(file).filter((imported) => !imported.startsWith('assembly/')).map((imported) => `${file}: ${imported}`));
    expect(foreign).toEqual([]);
  });

  it('one file each of engine and encoder says WebAssembly', () => {
    const uses = (file) => /\bWebAssembly\.\w/.test(textOf(file).replace(/\/\*[^]*?\*\/|\/\/.*/g, ''));
    expect(files.filter((file) => file.startsWith('ts/') && uses(file))).toEqual(['ts/encoder/core.ts', 'ts/engine/core.ts']);
  });

  it('Node is named in its entries, and where its files are, only', () => {
    expect(files.filter((file) => file.startsWith('ts/') && importsOf(file).some((imported) => imported.startsWith('node:')))).toEqual([
      'ts/entry/encoder-node.ts', 'ts/entry/encoder-worker-node.ts', 'ts/entry/node-endpoint.ts', 'ts/entry/node-workers.ts', 'ts/entry/node.ts', 'ts/entry/worker-node.ts', 'ts/storage/node-files.ts',
    ]);
  });
});
