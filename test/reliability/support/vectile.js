/** The database from its sources, for tests, and for programs of other processes, where CORE_WASM is put in by bundle.js. */
/* global CORE_WASM */
import { readFileSync } from 'node:fs';
import { init } from '../../../ts/engine/core.js';
import { provideFiles } from '../../../ts/storage/fs.js';
import { nodeFiles } from '../../../ts/storage/node-files.js';

provideFiles(nodeFiles);
const wasm = typeof CORE_WASM === 'undefined' ? new URL('../../../dist/core.wasm', import.meta.url) : CORE_WASM;
await init({ module: await WebAssembly.compile(readFileSync(wasm)) });

export { nodeFiles };
export * from '../../../ts/index.js';
