// A store in a folder, of several threads: one has the lock, others attach.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attachStore } from '../../ts/storage/attach.js';
import { sharingOf } from '../../ts/storage/sharing.js';
import { fs } from '../../ts/storage/fs.js';
import { memory } from '../../ts/storage/memory.js';
import { nodeFiles } from '../../ts/storage/node-files.js';
import { attached } from './attached.js';
import { cases } from './conformance.js';
import { SimulatedFiles } from './simulated-files.js';
import { stores, temporaryFolder } from './stores.js';

const record = (...values) => Uint8Array.from(values);
const writable = { readOnly: false };

describe('an attached store does what every store must', () => {
  for (const { name, run } of cases) it(name, () => run(() => attached(stores.fs.make())));
});

describe('a store of several threads', () => {
  it('writes in the epoch of the one with the lock, each thread by names of its own', async () => {
    const path = join(temporaryFolder(), 'data');
    const owner = await fs(path).open(writable);
    const shares = [sharingOf(owner).share(), sharingOf(owner).share()];
    expect(shares.map(({ tag }) => tag)).toEqual(['w1', 'w2']);
    const threads = await Promise.all(shares.map(attachStore));
    expect(threads.map(({ epoch }) => epoch)).toEqual([owner.epoch, owner.epoch]);
    // all at once into one folder
    await Promise.all([owner, ...threads].flatMap((store, i) => Array.from({ length: 5 }, (_, j) => store.blobs.put(`a/${i}-${j}`, [record(i, j)]))));
    expect((await owner.blobs.list('a/')).length).toBe(15);
    for (const store of [...threads, owner]) await store.close();
    const again = await fs(path).open(writable);
    expect(again.epoch).toBe(owner.epoch + 1);
    await again.close();
  });

  it('is not shared where it lies in memory, or in files that other threads do not have', async () => {
    expect(sharingOf((await memory().open(writable)))).toBeUndefined();
    expect(sharingOf((await fs('/data', { files: new SimulatedFiles() }).open(writable)))).toBeUndefined();
  });

  it('gives no lock back that another thread has', async () => {
    const path = join(temporaryFolder(), 'data');
    const owner = await fs(path).open(writable);
    await (await attachStore(sharingOf(owner).share())).close();
    await expect(fs(path).open(writable)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await owner.close();
  });

  it('is not written any more by an attached thread when the lock was lost', { timeout: 20_000 }, async () => {
    const path = join(temporaryFolder(), 'data');
    const owner = await fs(path).open(writable);
    const store = await attachStore(sharingOf(owner).share());
    await store.blobs.put('a', [record(1)]);
    writeFileSync(join(path, 'lock-00000009'), '{}');
    await expect.poll(() => store.blobs.put('a', [record(2)]).then(() => 'written', ({ code }) => code), { timeout: 15_000, interval: 100 }).toBe('STORAGE_FAILED');
    await store.close();
    await owner.close();
  });

  it('is freed of what a thread has left that ended', async () => {
    const path = join(temporaryFolder(), 'data');
    const owner = await fs(path).open(writable);
    const first = await attachStore(sharingOf(owner).share());
    const log = await first.log('shards/a/log');
    await log.append([record(1)], 1, 'flush');
    await first.blobs.put('shards/a/blob', [record(1)]);
    const left = join(path, 'shards/a', `.tmp-${owner.epoch}w1-7`);
    const others = join(path, 'shards', `.tmp-${owner.epoch}-7`); // of the one with the lock, under way
    for (const file of [left, others]) writeFileSync(file, 'left');
    sharingOf(owner).isClean = false;
    const share = sharingOf(owner).share();
    expect(share.wasClean).toBe(false);
    const second = await attachStore(share);
    await sharingOf(second).recover('shards/a');
    expect([existsSync(left), existsSync(others)]).toEqual([false, true]);
    expect((await second.blobs.list('shards/a')).map(({ name }) => name)).toEqual(['shards/a/blob']);
    await second.close();
    await owner.close();
    // and it is looked after by who opens it next
    await (await fs(path).open(writable)).close();
    expect(readdirSync(join(path, 'shards'))).toEqual(['a']);
  });

  it('makes durable again what a log had when its thread ended', async () => {
    const path = join(temporaryFolder(), 'data');
    const owner = await fs(path).open(writable);
    const first = await attachStore(sharingOf(owner).share());
    await (await first.log('shards/a/log')).append([record(1), record(2)], 1, 'flush');
    const writes = [];
    const open = nodeFiles.open;
    nodeFiles.open = async (name, mode) => {
      const handle = await open(name, mode);
      if (!name.includes('.log')) return handle;
      return { ...handle, write: (bytes, position) => { writes.push(position); return handle.write(bytes, position); } };
    };
    try {
      const second = await attachStore(sharingOf(owner).share());
      await sharingOf(second).recover('shards/a');
      const log = await second.log('shards/a/log');
      expect(log.nextSeq).toBe(3);
      expect(writes).toEqual([0]);
      await second.close();
      expect(sharingOf(second).isClean).toBe(true); // all of it is in order
    } finally {
      nodeFiles.open = open;
    }
    await owner.close();
  });
});
