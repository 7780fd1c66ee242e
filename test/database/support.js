/** The database from its sources, on the core as it was built. */
import { readFileSync } from 'node:fs';
import { init } from '../../ts/engine/core.js';

await init({ module: await WebAssembly.compile(readFileSync(new URL('../../dist/core.wasm', import.meta.url))) });

export * from '../../ts/index.js';
export { stores, temporaryFolder } from '../storage/stores.js';
export { errorOf } from '../support/engine.js';
