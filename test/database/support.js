/**
 * The database from its sources, on the core as it was built. With VECTILE_TEST_THREADS=n, shards live in n threads of dist/worker.node.js
 * wherever a test does not say otherwise, and stores in memory lie in folders, because threads cannot share those.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { init } from '../../ts/engine/core.js';
import { workersOf } from '../../ts/entry/node-workers.js';
import { memory as inMemory } from '../../ts/index.js';
import { fs } from '../../ts/storage/fs.js';
import { provideWorkers } from '../../ts/worker/workers.js';
import { stores as everyStore } from '../storage/stores.js';

const dist = (name) => new URL(`../../dist/${name}`, import.meta.url);
await init({ module: await WebAssembly.compile(readFileSync(dist('core.wasm'))) });

export const threads = Number(process.env.VECTILE_TEST_THREADS ?? 0);
/** How many threads were started: that there are some is not taken for granted. */
export let started = 0;
if (threads) provideWorkers({ ...workersOf(() => dist('worker.node.js'), {}, () => { started++; }), threads });

const folder = threads && mkdtempSync(join(tmpdir(), 'vectile-'));
if (folder) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let folders = 0;

function inFolder(store = fs(join(folder, String(folders++)))) {
  return { ...store, fork: () => inFolder(everyStore.fs.fork(store, join(folder, String(folders++)))) };
}

export const memory = threads ? () => inFolder() : inMemory;
export const stores = threads ? { fs: { make: memory, fork: (store) => store.fork() } } : everyStore;

export * from '../../ts/index.js';
export { temporaryFolder } from '../storage/stores.js';
export { errorOf } from '../support/engine.js';
