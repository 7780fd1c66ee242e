// Threads that end at any moment: nothing acknowledged is lost, nothing is there by half, and no call waits for ever.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VectileError } from '../../ts/errors.js';
import { workersOf } from '../../ts/entry/node-workers.js';
import { integer, pick, random } from '../conformance/random.js';
import { temporaryFolder } from '../storage/stores.js';
import { within } from '../support/within.js';
import { descriptionOf, insert, poolIn } from './support.js';

const seed = Number(process.env.SEED ?? Date.now() % 1e6);
const rounds = Number(process.env.VECTILE_ROUNDS ?? 3);
const WAYS = ['terminate', 'exit', 'throw', 'memory'];
const resourceLimits = { maxOldGenerationSizeMb: 32 };

function mortalPool(path, threads) {
  const spawned = [];
  const workers = workersOf(() => new URL('mortal-worker.js', import.meta.url), { resourceLimits, stderr: true }, (worker) => {
    worker.on('exit', () => spawned.splice(spawned.indexOf(worker), 1));
    spawned.push(worker);
  });
  let now = 0;
  return poolIn(path, { threads, workers, now: () => (now += 60_000) }).then((opened) => ({ ...opened, spawned }));
}

async function kill(worker, way) {
  if (way === 'terminate') await worker.terminate();
  else worker.postMessage(way);
}

/** Objects by id, with their numbers. */
async function contentOf(shard) {
  const { objects } = await shard.page({ from: 0, limit: 10_000, want: { vectors: true } });
  return new Map(objects.map(({ id, properties, vectors }) => {
    const { n } = JSON.parse(new TextDecoder().decode(properties));
    expect(vectors[0].values[0], id).toBe(n);
    return [id, n];
  }));
}

const applied = (content, batch) => {
  const next = new Map(content);
  for (const { id, n } of batch) if (n === undefined) next.delete(id); else next.set(id, n);
  return next;
};
const textOf = (content) => JSON.stringify([...content].sort());

describe.each(WAYS)('threads that end by %s', (way) => {
  it(`keep what was acknowledged (seed ${seed})`, { timeout: 60_000 + rounds * 20_000 }, async () => {
    const next = random(seed);
    const { pool, spawned, close } = await mortalPool(join(temporaryFolder(), 'data'), 2);
    const shards = [];
    for (let n = 1; n <= 3; n++) shards.push(await pool.openShard(descriptionOf(n)));
    const known = shards.map(() => new Map());
    let lost = 0;
    for (let round = 0; round < rounds; round++) {
      /** By shard, in order: what was asked for, and whether it was acknowledged. */
      const asked = shards.map(() => []);
      const calls = [];
      const ask = (call) => {
        call.catch(() => {}); // it is looked at below
        calls.push(call);
      };
      const killing = new Promise((resolve) => { setTimeout(resolve, integer(next, 0, 40)); }).then(async () => {
        if (spawned.length) await kill(pick(next, spawned), way);
      });
      for (let i = 0; i < 40; i++) {
        const s = integer(next, 0, 2);
        const batch = [...new Set(Array.from({ length: integer(next, 1, 6) }, () => `id ${integer(next, 0, 30)}`))].map((id) => ({ id, n: next() < 0.2 ? undefined : integer(next, 0, 999) }));
        const write = { batch, isAcknowledged: false };
        asked[s].push(write);
        const changes = batch.map(({ id, n }) => (n === undefined ? { id, effect: 'delete' } : insert(id, { n, text: `text ${n}` }, [n, 0, 0, 0])));
        ask(shards[s].write(changes, pick(next, ['sync', 'flush'])).then(() => { write.isAcknowledged = true; }));
        if (next() < 0.1) ask(shards[s].snapshot());
        if (next() < 0.2) ask(shards[s].near(1, Float32Array.of(1, 2, 3, 4), { k: 3 }));
        if (next() < 0.3) await new Promise((resolve) => setTimeout(resolve, integer(next, 0, 3)));
      }
      for (const { reason } of await within(Promise.allSettled(calls), 'calls')) {
        if (!reason) continue;
        lost++;
        expect(reason).toBeInstanceOf(VectileError);
        expect(reason.code, reason.message).toBe('WORKER_LOST');
      }
      await within(killing, 'killing');
      for (const [s, shard] of shards.entries()) {
        // the end may come only now, where it was asked for late
        const content = await within(contentOf(shard).catch((cause) => {
          expect(cause.code).toBe('WORKER_LOST');
          return contentOf(shard);
        }), 'reading');
        // writes of one shard take place in their order: of those that were under way at the end some first ones have
        const open = asked[s].filter(({ isAcknowledged }) => !isAcknowledged);
        const possible = Array.from({ length: open.length + 1 }, (_, taken) => {
          const missing = new Set(open.slice(taken));
          return textOf(asked[s].reduce((state, write) => (missing.has(write) ? state : applied(state, write.batch)), known[s]));
        });
        expect(possible, `shard ${s + 1}, round ${round}, ${open.length} not acknowledged of ${asked[s].length}`).toContain(textOf(content));
        known[s] = content;
      }
    }
    expect(lost).toBeGreaterThan(0);
    for (const shard of shards) await within(shard.close().catch(({ code }) => expect(code).toBe('WORKER_LOST')), 'closing');
    await within(close(), 'closing the pool');
  });
});
