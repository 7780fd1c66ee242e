/** Node, Bun, Deno: the binary lies beside this file, or inlined where a bundler has carried this file away from it. */
import { readFileSync } from 'node:fs';
import { provideCore } from '../engine/core.js';

provideCore(async (file) => {
  try {
    return readFileSync(new URL(`./${file}`, import.meta.url));
  } catch {
    return (await import('./core-inline.js')).default();
  }
});
export * from '../engine.js';
