// Vectors of a shard searched by readers over shared memory. Readers here are in the same thread: what two threads do to each
// other is the engine's matter (test/shared*.test.js).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { init } from '../../ts/engine/core.js';
import { withSharedMemory } from '../../ts/engine/shared-core.js';
import { SharedReader } from '../../ts/engine/shared-reader.js';
import { pause } from '../../ts/shard/pause.js';
import { memory } from '../../ts/storage/memory.js';
import { random as randomOf } from '../conformance/random.js';
import { field, openShard, put, remove } from './support.js';

const binary = readFileSync(new URL('../../dist/core.wasm', import.meta.url));
await init({ module: await WebAssembly.compile(binary), sharedModule: await WebAssembly.compile(withSharedMemory(binary, 65535)) });

const specs = {
  hnsw: field(0), flat: field(0, { type: 'flat' }), 'hnsw sq8': field(0, { codec: 'sq8' }), dynamic: field(0, { type: 'dynamic', threshold: 50 }),
};

describe('readers of a shard', () => {
  it.each(Object.entries(specs))('%s: find what the shard finds, as of the write they say, or leave it to the shard', async (_, spec) => {
    const random = randomOf(11);
    const vector = () => Array.from({ length: 4 }, () => random() - 0.5);
    const { shard, close } = await openShard(memory(), [spec]);
    await shard.write(Array.from({ length: 300 }, (_, i) => put(`id ${i}`, { i }, { 0: vector() })));
    await shard.settle(0);
    let share;
    while (!(share = await shard.share(0))) await pause(); // it becomes hnsw some time later
    const reader = new SharedReader(share);
    let answered = 0;
    for (let round = 0; round < 60; round++) {
      const query = Float32Array.from(vector());
      const found = reader.isCurrent ? reader.search(query, { k: 10 }) : undefined;
      const expected = await shard.near(0, query, { k: 10 });
      if (found) {
        answered++;
        expect([...found.ids]).toEqual(expected.slots);
        expect([...found.distances]).toEqual(expected.distances);
        expect(found.stamp).toBe(expected.seq);
      }
      const id = `id ${Math.floor(random() * 320)}`;
      await shard.write([round % 3 ? put(id, { round }, { 0: vector() }) : remove(id)]);
      if (round === 30) await shard.snapshot();
      if (round % 2) await shard.settle(0);
    }
    expect(answered).toBeGreaterThan(20);
    await close();
  });

  it('there are none of vectors that lie outside, or that there is no index of', async () => {
    const { shard, close } = await openShard(memory(), [field(0, { codec: 'rq8', fullVectors: 'external' }), field(1, { type: 'dynamic' })]);
    await shard.write([put('a', {}, { 0: [1, 0, 0, 0], 1: [1, 0, 0, 0] })]);
    await shard.settle(0);
    expect(await shard.share(0)).toBeUndefined();
    expect(await shard.share(1)).toBeUndefined();
    expect(await shard.share(2)).toBeUndefined();
    await close();
  });
});
