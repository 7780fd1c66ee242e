/** A shard under test, of plain changes: properties are JSON, vectors are given by number. */
import { readFileSync } from 'node:fs';
import { init } from '../../ts/engine/core.js';
import { SectionCache } from '../../ts/search/section-cache.js';
import { Shard } from '../../ts/shard/shard.js';

await init({ module: await WebAssembly.compile(readFileSync(new URL('../../dist/core.wasm', import.meta.url))) });

export const identity = { database: '0'.repeat(31) + '1', shard: '0'.repeat(31) + '2' };
export const field = (number, options = {}) => ({
  number, dimensions: 4, metric: 'l2-squared', type: 'hnsw', maxConnections: 8, efConstruction: 32, threshold: 20, codec: 'f32', fullVectors: 'memory', ...options,
});

export async function openShard(store, fields = [field(0)], options = {}) {
  const opened = await store.open({ readOnly: options.readOnly ?? false });
  try {
    const shard = await Shard.open({ store: opened, prefix: 'shards/a', identity, fields, properties: [], sections: new SectionCache(64 << 20), ...options });
    return { shard, store: opened, close: async () => { await shard.close(); await opened.close(); } };
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}

const json = (value) => new TextEncoder().encode(JSON.stringify(value));
export const parse = (object) => object && JSON.parse(new TextDecoder().decode(object.properties));

/** vectors: { [number]: values }, or 'kept'. */
export const put = (id, properties, vectors = {}, options = {}) => ({
  id, ...options,
  effect: {
    properties: json(properties),
    vectors: vectors === 'kept' ? 'kept' : Object.entries(vectors).map(([number, values]) => ({ number: Number(number), values: Float32Array.from(values) })),
  },
});
export const remove = (id, options = {}) => ({ id, ...options, effect: 'delete' });

/** Ids of the k nearest. */
export async function nearest(shard, query, k = 1, number = 0) {
  const { slots } = await shard.near(number, Float32Array.from(query), { k });
  return (await shard.read(slots, Infinity)).map((object) => object.id);
}
