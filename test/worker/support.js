/** Real threads, of what was built; the rest is of the sources. */
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { init, loadCore, loadSharedCore } from '../../ts/engine/core.js';
import { workersOf } from '../../ts/entry/node-workers.js';
import { fs } from '../../ts/storage/fs.js';
import { sharingOf } from '../../ts/storage/sharing.js';
import { WorkerPool } from '../../ts/worker/pool.js';

const dist = (name) => new URL(`../../dist/${name}`, import.meta.url);
await init({ module: await WebAssembly.compile(readFileSync(fileURLToPath(dist('core.wasm')))) });

/** `onSpawn` is given each thread that is started, as Node has it. */
export function realWorkers(onSpawn, options) {
  return workersOf(() => dist('worker.node.js'), options, onSpawn);
}

export const identityOf = (n) => ({ database: '00'.repeat(16), shard: n.toString(16).padStart(32, '0') });
export const field = { number: 1, dimensions: 4, metric: 'l2-squared', type: 'hnsw', maxConnections: 8, efConstruction: 32, threshold: 0, codec: 'f32', fullVectors: 'memory' };
export const properties = [{ name: 'text', dataType: 'text', tokenization: 'word', filterable: true, searchable: true }, { name: 'n', dataType: 'int', filterable: true, searchable: false }];
export const descriptionOf = (n, more) => ({ prefix: `shards/${n}`, identity: identityOf(n), fields: [field], properties, ...more });

const utf8 = new TextEncoder();
export const insert = (id, values = {}, vector = [1, 0, 0, 0]) => ({
  id, effect: { properties: utf8.encode(JSON.stringify(values)), vectors: vector ? [{ number: 1, values: Float32Array.from(vector) }] : [] },
});

/** A store in a folder, opened, and a pool for it. */
export async function poolIn(path, { threads = 1, readOnly = false, ...options } = {}) {
  const store = await fs(path).open({ readOnly });
  const spawned = [];
  const pool = new WorkerPool({ threads, workers: realWorkers((worker) => spawned.push(worker)), sharing: sharingOf(store), core: loadCore, sharedCore: loadSharedCore, sectionBytesMax: 1 << 24, ...options });
  const close = async () => {
    await pool.close();
    await store.close();
  };
  return { pool, store, spawned, close };
}
