/** Browsers, with or without a bundler: the binary is a file beside this one, or inlined where it cannot be fetched. */
import { provideCore } from '../engine/core.js';

provideCore(async (file) => {
  const url = file === 'core.wasm' ? new URL('./core.wasm', import.meta.url) : new URL('./core-relaxed.wasm', import.meta.url);
  const response = await fetch(url).catch(() => undefined);
  if (response?.ok && !response.headers.get('content-type')?.includes('html')) return response;
  return (await import('./core-inline.js')).default();
});
export * from '../engine.js';
