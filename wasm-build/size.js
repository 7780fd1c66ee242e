/** Bytes of each entry as a server sends them. Fails if the engine has outgrown its budget. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** Of one engine.*.js and one core*.wasm, gzipped. */
export const budgetBytes = 60_000;

const bytesOf = (file) => readFileSync(new URL(`../dist/${file}`, import.meta.url));

/** What a user of each kind of runtime loads. */
const entries = {
  'vectile/engine (browser)': ['engine.browser.js', 'core-relaxed.wasm'],
  'vectile/engine (browser, baseline SIMD)': ['engine.browser.js', 'core.wasm'],
  'vectile/engine (browser, inlined core)': ['engine.browser.js', 'core-inline.js'],
  'vectile/engine (node)': ['engine.node.js', 'core-relaxed.wasm'],
  'vectile/engine (edge)': ['engine.edge.js', 'core.wasm'],
};

/** @returns {{ entry: string, raw: number, gzip: number, brotli: number, isOver: boolean }[]} */
export function sizes() {
  return Object.entries(entries).map(([entry, files]) => {
    const sum = (measure) => files.reduce((bytes, file) => bytes + measure(bytesOf(file)).length, 0);
    const gzip = sum((bytes) => gzipSync(bytes, { level: 9 }));
    return { entry, raw: sum((bytes) => bytes), gzip, brotli: sum((bytes) => brotliCompressSync(bytes)), isOver: files[1].endsWith('.wasm') && gzip > budgetBytes };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const columns = (...cells) => console.log(cells[0].padEnd(42) + cells.slice(1).map((cell) => String(cell).padStart(10)).join(''));
  columns('bytes', 'raw', 'gzip', 'brotli');
  for (const { entry, raw, gzip, brotli, isOver } of sizes()) {
    columns(entry, raw, gzip, brotli);
    if (isOver) {
      console.error(`${entry}: expected at most ${budgetBytes} bytes gzipped, got ${gzip}`);
      process.exitCode = 1;
    }
  }
}
