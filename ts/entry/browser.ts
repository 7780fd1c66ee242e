/** Browsers, with or without a bundler: the binary is a file beside this one, or inlined where it cannot be fetched. */
import { provideCore, type CoreFile } from '../engine/core.js';

provideCore(async (file) => (await fetchCore(file)) ?? (await import('./core-inline.js')).default());
export * from '../engine.js';

/** Undefined where there is no such file: servers answer with pages, and a classic script has no address of its own. */
async function fetchCore(file: CoreFile): Promise<ArrayBuffer | undefined> {
  try {
    // Both addresses in full: bundlers look for exactly this expression.
    const url = file === 'core.wasm' ? new URL('./core.wasm', import.meta.url) : new URL('./core-relaxed.wasm', import.meta.url);
    const bytes = await (await fetch(url)).arrayBuffer();
    return String.fromCharCode(...new Uint8Array(bytes, 0, 4)) === '\0asm' ? bytes : undefined;
  } catch {
    return undefined;
  }
}
