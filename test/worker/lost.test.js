// Threads that are lost while nobody waits for them, or that cannot be started for a while.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { workersOf } from '../../ts/entry/node-workers.js';
import { provideWorkers } from '../../ts/worker/workers.js';
import { fs, open } from '../reliability/support/vectile.js';
import { temporaryFolder } from '../storage/stores.js';

const COUNT = 1500;

const real = (onSpawn) => workersOf(() => new URL('../../dist/worker.node.js', import.meta.url), undefined, onSpawn);

it('resharding is given up, and all is as it was: shards open by themselves again, without what was not durable', { timeout: 60_000 }, async () => {
  const workers = [];
  provideWorkers(real((worker) => workers.push(worker)));
  const db = await open({ store: fs(join(temporaryFolder(), 'data')), threads: 3 });
  const items = await db.collections.create({ name: 'Item', properties: [{ name: 'n', dataType: 'int' }] });
  await items.data.insertMany(Array.from({ length: COUNT }, (_, n) => ({ id: `id-${n}`, properties: { n } })));
  let pages = 0;
  const onProgress = () => {
    if (++pages !== 4) return;
    expect(workers).toHaveLength(3);
    void workers.at(-1).terminate(); // of a new shard
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300); // nothing is asked of it until it is known
  };
  await expect(items.config.reshard(3, { onProgress })).rejects.toMatchObject({ code: 'WORKER_LOST' });
  expect((await items.config.get()).sharding.count).toBe(1);
  expect(await items.length()).toBe(COUNT);
  await items.config.reshard(3);
  expect(await items.length()).toBe(COUNT);
  for (let n = 0; n < COUNT; n += 50) expect(await items.data.exists(`id-${n}`)).toBe(true);
  await db.close();
});

it('an import is given up, and nothing of it is there', { timeout: 60_000 }, async () => {
  const workers = [];
  provideWorkers(real((worker) => workers.push(worker)));
  const chunks = [];
  const filled = await open({ store: fs(join(temporaryFolder(), 'filled')), threads: 1 });
  const items = await filled.collections.create({ name: 'Item', properties: [{ name: 'n', dataType: 'int' }] });
  await items.data.insertMany(Array.from({ length: COUNT }, (_, n) => ({ id: `id-${n}`, properties: { n } })));
  for await (const chunk of filled.export()) chunks.push(chunk);
  await filled.close();
  const from = async function* () {
    for (const [i, chunk] of chunks.entries()) {
      if (i === COUNT - 100) {
        void workers.at(-1).terminate();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
      yield chunk;
    }
  };
  const store = fs(join(temporaryFolder(), 'data'));
  await expect(open({ store, from: from(), threads: 1 })).rejects.toMatchObject({ code: 'WORKER_LOST' });
  const db = await open({ store, from: chunks, threads: 1 });
  expect(await db.collections.use('Item').length()).toBe(COUNT);
  await db.close();
});

/** Threads that cannot be started while `isBroken`. */
function unreliable() {
  const spawned = [];
  const workers = real((worker) => spawned.push(worker));
  const given = { spawned, isBroken: false };
  provideWorkers({ ...workers, spawn: () => {
    if (given.isBroken) throw new Error('no more threads');
    return workers.spawn();
  } });
  return given;
}

it('a collection that no thread could be started for is there when one can', async () => {
  const workers = unreliable();
  workers.isBroken = true;
  const db = await open({ store: fs(join(temporaryFolder(), 'data')), threads: 1 });
  await expect(db.collections.create({ name: 'Item' })).rejects.toMatchObject({ code: 'WORKER_UNAVAILABLE' });
  const items = db.collections.use('Item');
  await expect(items.length()).rejects.toMatchObject({ code: 'WORKER_UNAVAILABLE' });
  workers.isBroken = false;
  await items.data.insert({});
  expect(await items.length()).toBe(1);
  await db.close();
});

it('statistics say which shard is not there, and why, until it is there again', async () => {
  const workers = unreliable();
  const db = await open({ store: fs(join(temporaryFolder(), 'data')), threads: 1 });
  const items = await db.collections.create({ name: 'Item' });
  await items.data.insert({});
  workers.isBroken = true;
  await workers.spawned[0].terminate();
  const [node] = await db.cluster.nodes({ output: 'verbose' });
  expect(node).toMatchObject({ status: 'UNHEALTHY', shards: [{ class: 'Item', vectorIndexingStatus: 'SHUTDOWN', loaded: false, failure: { code: 'WORKER_UNAVAILABLE' } }] });
  expect((await db.stats()).collections.Item.failure).toMatchObject({ code: 'WORKER_UNAVAILABLE' });
  workers.isBroken = false;
  expect(await items.length()).toBe(1);
  const [again] = await db.cluster.nodes({ output: 'verbose' });
  expect(again).toMatchObject({ status: 'HEALTHY', shards: [{ vectorIndexingStatus: 'READY', objectCount: 1 }] });
  await db.close();
});
