/** Bytes of each entry, with all it imports, as a server sends them. Fails if one has outgrown its budget. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { integrations } from './integrations.js';

/** Gzipped: of an engine entry and its core; and of what the database adds to that. */
export const budgetBytes = { engine: 60_000, database: 120_000 };

const bytesOf = (file) => readFileSync(new URL(`../dist/${file}`, import.meta.url));

/** What a user of each kind of runtime loads. */
const entries = {
  'vectile/engine (browser)': ['engine.browser.js', 'core-relaxed.wasm'],
  'vectile/engine (browser, baseline SIMD)': ['engine.browser.js', 'core.wasm'],
  'vectile/engine (browser, inlined core)': ['engine.browser.js', 'core-inline.js'],
  'vectile/engine (node)': ['engine.node.js', 'core-relaxed.wasm'],
  'vectile/engine (edge)': ['engine.edge.js', 'core.wasm'],
  'vectile (browser)': ['index.browser.js', 'core-relaxed.wasm'],
  'vectile (node)': ['index.node.js', 'core-relaxed.wasm'],
  'vectile (edge)': ['index.edge.js', 'core.wasm'],
};

/** A file of dist/ and all that it imports, but not what it may import later. */
export function closure(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, name] of bytesOf(file).toString().matchAll(/\b(?:import|from)\s*"\.\/(chunk-\w+\.js)"/g)) closure(name, found);
  return found;
}

/** What of dist/ a file, with all that it imports, may import later. */
export function later(file) {
  const loaded = closure(file);
  const named = [...loaded].flatMap((one) => [...bytesOf(one).toString().matchAll(/\bimport\("\.\/(chunk-\w+\.js)"\)/g)]);
  return [...new Set(named.flatMap(([, name]) => [...closure(name)]))].filter((name) => !loaded.has(name));
}

/** @returns {{ entry: string, raw: number, gzip: number, brotli: number, isOver: boolean }[]} */
export function sizes() {
  const measured = Object.entries(entries).map(([entry, [script, core]]) => {
    const files = [...closure(script), core].map(bytesOf);
    const sum = (measure) => files.reduce((bytes, file) => bytes + measure(file).length, 0);
    const gzip = sum((bytes) => gzipSync(bytes, { level: 9 }));
    return { entry, core, raw: sum((bytes) => bytes), gzip, brotli: sum((bytes) => brotliCompressSync(bytes)) };
  });
  return measured.map(({ core, ...size }) => {
    const engine = measured.find(({ entry }) => entry === size.entry.replace('vectile (', 'vectile/engine ('));
    const isOver = engine.entry === size.entry ? core.endsWith('.wasm') && size.gzip > budgetBytes.engine : size.gzip - engine.gzip > budgetBytes.database;
    return { ...size, isOver };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const columns = (...cells) => console.log(cells[0].padEnd(42) + cells.slice(1).map((cell) => String(cell).padStart(10)).join(''));
  columns('bytes', 'raw', 'gzip', 'brotli');
  for (const { entry, raw, gzip, brotli, isOver } of sizes()) {
    columns(entry, raw, gzip, brotli);
    if (isOver) {
      console.error(`${entry}: expected at most ${budgetBytes.engine} bytes gzipped, and the database at most ${budgetBytes.database} more, got ${gzip}`);
      process.exitCode = 1;
    }
  }
  const others = {
    'loaded by workers (browser)': ['worker.browser.js'],
    'loaded by workers (node)': ['worker.node.js'],
    'vectile/encoder (browser), with its worker': [...closure('encoder.browser.js'), 'encoder-worker.browser.js'],
    'loaded later, where threads is 0': later('index.browser.js'),
    ...Object.fromEntries(Object.keys(integrations).map((name) => [`vectile/${name}`, [...closure(`${name}.js`)]])),
  };
  for (const [what, files] of Object.entries(others)) {
    const sum = (measure) => files.reduce((bytes, file) => bytes + measure(bytesOf(file)).length, 0);
    columns(what, sum((bytes) => bytes), sum((bytes) => gzipSync(bytes, { level: 9 })), sum((bytes) => brotliCompressSync(bytes)));
  }
}
