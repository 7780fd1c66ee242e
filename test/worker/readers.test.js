// One shard, whose vectors several threads search: with the answers of its own thread, whatever is written or lost meanwhile.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { init } from '../../ts/engine/core.js';
import { withSharedMemory } from '../../ts/engine/shared-core.js';
import { provideFiles } from '../../ts/storage/fs.js';
import { nodeFiles } from '../../ts/storage/node-files.js';
import { random as randomOf } from '../conformance/random.js';
import { descriptionOf, field, insert, poolIn } from './support.js';

const binary = readFileSync(new URL('../../dist/core.wasm', import.meta.url));
await init({ module: await WebAssembly.compile(binary), sharedModule: await WebAssembly.compile(withSharedMemory(binary, 65535)) });

provideFiles(nodeFiles);
const folders = [];
afterEach(() => { for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true }); });

async function opened(random, spec) {
  const folder = mkdtempSync(join(tmpdir(), 'vectile-readers-'));
  folders.push(folder);
  const all = await poolIn(folder, { threads: 2 });
  const shard = await all.pool.openShard(descriptionOf(1, { fields: [{ ...field, ...spec }] }));
  const vector = () => Array.from({ length: 4 }, () => random() - 0.5);
  // a thread that is lost takes with it what was not written out yet
  for (let from = 0; from < 3000; from += 500) await shard.write(Array.from({ length: 500 }, (_, i) => insert(`id ${from + i}`, {}, vector())), 'flush');
  await shard.settle(0);
  return { ...all, shard, vector };
}

/** Keeps the shard busy until another thread answers, too; returns what counts its answers. */
async function read(spawned, busy) {
  const end = performance.now() + 20_000;
  while (spawned.length < 2) await busy();
  const answers = { count: 0 };
  spawned[1].on('message', () => { answers.count++; });
  while (answers.count < 50 && performance.now() < end) await busy();
  expect(answers.count).toBeGreaterThan(49);
  return answers;
}

describe('readers in threads', () => {
  it.each(['hnsw', 'flat'])('%s: answer as the shard does, while it is busy', async (type) => {
    const { shard, spawned, vector, close } = await opened(randomOf(3), { type });
    const queries = Array.from({ length: 64 }, () => Float32Array.from(vector()));
    const ask = (query) => shard.near(1, query.slice(), { k: 10 });
    const expected = [];
    for (const query of queries) expected.push(await ask(query)); // one at a time: in its own thread
    expect(spawned.length).toBe(1);
    const answers = await read(spawned, async () => expect(await Promise.all(queries.map(ask))).toEqual(expected));
    const before = answers.count;
    for (let round = 0; round < 10; round++) expect(await Promise.all(queries.map(ask))).toEqual(expected);
    expect(answers.count - before).toBeGreaterThan(100);
    await shard.close();
    await close();
  });

  it('find what was acknowledged, and nothing that was deleted', async () => {
    const { shard, spawned, vector, close } = await opened(randomOf(5), {});
    const ask = (query, k) => shard.near(1, query.slice(), { k });
    const busy = () => Promise.all(Array.from({ length: 16 }, () => ask(Float32Array.from(vector()), 10)));
    const answers = await read(spawned, busy);
    const before = answers.count;
    for (let round = 0; round < 150; round++) {
      const asked = busy();
      const at = Float32Array.from(vector(), (value) => value * 10);
      const id = `id ${round}`;
      await shard.write([insert(id, {}, at)], 'none');
      const [near] = await Promise.all([ask(at, 1), busy()]);
      expect(near.distances[0]).toBe(0);
      expect((await shard.read(near.slots, near.seq))[0].id).toBe(id);
      await shard.write([{ id, effect: 'delete' }], 'none');
      const [far] = await Promise.all([ask(at, 1), busy()]);
      expect(far.distances[0]).toBeGreaterThan(0);
      if (round % 10 === 0) await shard.settle(0);
      await asked;
    }
    expect(answers.count).toBeGreaterThan(before);
    await shard.close();
    await close();
  });

  it('either thread may be lost', async () => {
    const { shard, spawned, vector, close } = await opened(randomOf(7), {});
    const query = Float32Array.from(vector());
    const ask = () => shard.near(1, query.slice(), { k: 10 });
    const busy = () => Promise.all(Array.from({ length: 16 }, () => ask().catch((error) => error.code)));
    const expected = await ask();
    await read(spawned, busy);
    for (const lost of [1, 0]) {
      const during = Promise.all(Array.from({ length: 10 }, busy));
      await spawned[lost].terminate();
      for (const answers of await during) for (const answer of answers) if (answer !== 'WORKER_LOST') expect(answer.distances).toEqual(expected.distances);
      for (let round = 0; round < 5; round++) for (const answer of await busy()) expect(answer.distances).toEqual(expected.distances);
    }
    expect(spawned.length).toBeGreaterThan(2);
    await shard.close();
    await close();
  });
});
