// Where shards are, and what becomes of them when their threads end; by threads that are simulated.
import { describe, expect, it, vi } from 'vitest';
import { VectileError } from '../../ts/errors.js';
import { WorkerPool } from '../../ts/worker/pool.js';
import { fakeThreads } from './fake-threads.js';

const never = () => new Promise(() => {});
const description = (prefix) => ({ prefix, fields: [], properties: [] });
const lost = { code: 'WORKER_LOST' };
const turn = (ms = 100) => new Promise((resolve) => setTimeout(resolve, ms));
/** Until a thread was asked to open a shard. */
const asked = (started, index = 0) => vi.waitFor(() => expect(started[index]?.opened.length).toBeGreaterThan(0), { timeout: 60_000, interval: 5 });

function poolOf(given = {}, options = {}) {
  const threads = fakeThreads(given);
  let shares = 0;
  const sharing = { isClean: true, share: () => ({ kind: 'fake', tag: `w${++shares}` }) };
  const pool = new WorkerPool({ threads: 2, workers: threads.workers, sharing, core: async () => 'core', sharedCore: async () => 'shared core', sectionBytesMax: 100, ...options });
  return { pool, sharing, started: threads.started };
}
const openAll = async (pool, names) => {
  const shards = [];
  for (const name of names) shards.push(await pool.openShard(description(name)));
  return shards;
};
const placesOf = (started) => started.map(({ opened }) => opened.map((one) => one.description.prefix));

describe('a pool of threads', () => {
  it('starts threads as they are needed, and gives the next shard to the one with the fewest', async () => {
    const { pool, started } = poolOf();
    expect(started).toEqual([]);
    const [a] = await openAll(pool, ['a', 'b', 'c', 'd']);
    expect(placesOf(started)).toEqual([['a', 'c'], ['b', 'd']]);
    expect(started.map(({ setup }) => setup)).toEqual(['w1', 'w2'].map((tag) => ({ core: 'core', sharedCore: 'shared core', store: { kind: 'fake', tag }, sectionBytesMax: 50 })));
    await a.close();
    await openAll(pool, ['e']);
    expect(placesOf(started)[0]).toEqual(['a', 'c', 'e']);
    await pool.close();
    expect(started.every(({ isStopped, hasEnded }) => isStopped && hasEnded)).toBe(true);
  });

  it('spreads shards that are opened at once', async () => {
    const { pool, started } = poolOf();
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => pool.openShard(description(name))));
    expect(placesOf(started).map(({ length }) => length)).toEqual([2, 2]);
  });

  it('passes calls and answers on, with what they say of the shard', async () => {
    const failure = new VectileError('STORAGE_FAILED', 'no disk');
    const { pool, started } = poolOf({
      onOpen: () => ({ memoryBytes: 5 }),
      onCall: (_thread, { method }) => ({ value: { method }, memoryBytes: 7, ...method === 'snapshot' && { error: failure, failure } }),
    });
    const [shard] = await openAll(pool, ['a']);
    expect(shard.memoryBytes).toBe(5);
    expect(await shard.near(1, Float32Array.of(1, 2), { k: 3 })).toEqual({ method: 'near' });
    expect(started[0].calls).toEqual([{ shard: 1, method: 'near', args: [1, Float32Array.of(1, 2), { k: 3 }], signal: 0 }]);
    expect([shard.memoryBytes, shard.failure]).toEqual([7, undefined]);
    const error = await shard.snapshot().catch((cause) => cause);
    expect(error).toBeInstanceOf(VectileError);
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', message: 'no disk' });
    expect(shard.failure).toMatchObject({ code: 'STORAGE_FAILED' });
  });

  it('tells of what was written with the answer, or by itself', async () => {
    const event = (revision) => ({ kind: 'insert', id: `id ${revision}`, revision });
    const { pool, started } = poolOf({ onCall: () => ({ value: 'done', events: [event(1)] }) });
    const [shard] = await openAll(pool, ['a']);
    const heard = [];
    shard.onChange = (events) => heard.push(...events);
    expect(await shard.write([])).toBe('done');
    expect(heard).toEqual([event(1)]);
    started[0].tell(1, { memoryBytes: 9, events: [event(2)] });
    started[0].tell(77, { events: [event(3)] }); // a shard that is not there
    await turn();
    expect(heard).toEqual([event(1), event(2)]);
    expect(shard.memoryBytes).toBe(9);
  });

  it('keeps the process from ending while it is asked, and then only', async () => {
    const { pool, started } = poolOf({ onCall: async () => { await turn(); return {}; } });
    const [shard] = await openAll(pool, ['a']);
    expect(started[0].isHeld).toBe(false);
    const calls = [shard.stats(), shard.stats()];
    expect(started[0].isHeld).toBe(true);
    await Promise.all(calls);
    expect(started[0].isHeld).toBe(false);
  });

  it('aborts a call, by its number', async () => {
    const { pool, started } = poolOf({ onCall: async (thread, { signal }) => {
      while (signal && !thread.aborted.includes(signal)) await turn(1);
      return { error: new VectileError('ABORTED', 'aborted') };
    } });
    const [shard] = await openAll(pool, ['a']);
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [first, second].map(({ signal }) => shard.settle(0, signal).catch(({ code }) => code));
    await turn();
    second.abort();
    expect(await calls[1]).toBe('ABORTED');
    expect(started[0].aborted).toEqual([2]);
    first.abort();
    expect(await calls[0]).toBe('ABORTED');
    expect(await shard.aggregate({}, AbortSignal.abort()).catch(({ code }) => code)).toBe('ABORTED');
    expect(started[0].calls.map(({ args, signal }) => [args.length, signal])).toEqual([[1, 1], [1, 2], [1, 3]]);
  });

  it('says what is wrong with a shard that cannot be opened, and forgets it', async () => {
    const { pool, started } = poolOf({ onOpen: (_thread, _shard, { prefix }) => (prefix === 'bad' ? { error: new VectileError('STORAGE_CORRUPT', 'damaged') } : {}) });
    await expect(pool.openShard(description('bad'))).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    await openAll(pool, ['a', 'b']);
    expect(placesOf(started)).toEqual([['bad', 'a'], ['b']]);
  });

  it('tells the store what a thread has left', async () => {
    const { pool, sharing } = poolOf({ onCall: () => ({ isStoreClean: false }) });
    const [shard] = await openAll(pool, ['a']);
    expect(sharing.isClean).toBe(true);
    await shard.snapshot();
    expect(sharing.isClean).toBe(false);
  });
});

describe('a thread that is lost', () => {
  it('leaves no call waiting, and its shards are opened in another one when they are asked again, as they were configured', async () => {
    const hadEnded = [];
    const { pool, sharing, started } = poolOf({
      onOpen: ({ index }) => { if (index > 1) hadEnded.push(started[0].hasEnded); return {}; },
      onCall: (thread, { method }) => (thread.index || method === 'configure' ? { value: 'there' } : never()),
    });
    const [a, b, c] = await openAll(pool, ['a', 'b', 'c']);
    await a.configure([{ number: 1 }], [{ name: 'p' }]);
    const calls = [a.stats(), a.write([]), c.settle(0, new AbortController().signal)].map((call) => call.catch((cause) => cause));
    await turn();
    started[0].die('out of memory');
    for (const error of await Promise.all(calls)) {
      expect(error).toBeInstanceOf(VectileError);
      expect(error).toMatchObject({ code: 'WORKER_LOST', message: expect.stringContaining('out of memory') });
    }
    expect(started[0].isHeld).toBe(false);
    expect(sharing.isClean).toBe(false);
    expect(await b.stats()).toBe('there');
    expect(started.length).toBe(2);
    expect(await Promise.all([a.stats(), a.lastSeq()])).toEqual(['there', 'there']);
    expect(started.length).toBe(3);
    expect(started[2].opened).toEqual([{ shard: 4, description: { prefix: 'a', fields: [{ number: 1 }], properties: [{ name: 'p' }] }, isAfterLoss: true }]);
    expect(await c.stats()).toBe('there');
    expect(placesOf(started)).toEqual([['a', 'c'], ['b', 'c'], ['a']]);
    expect(hadEnded).toEqual([true]);
    await pool.close();
  });

  it('is no reason to make a shard anew that was made when it was opened first', async () => {
    const { pool, started } = poolOf();
    const a = await pool.openShard({ ...description('a'), firstSeq: 7 });
    started[0].die();
    await a.stats();
    expect(started.map(({ opened }) => opened[0].description)).toEqual([{ ...description('a'), firstSeq: 7 }, description('a')]);
  });

  it('while a shard is configured does not matter', async () => {
    const { pool, started } = poolOf({ onCall: (thread, { method }) => (!thread.index && method === 'configure' ? never() : {}) });
    const [a] = await openAll(pool, ['a']);
    const configuring = a.configure([{ number: 2 }], []);
    await turn();
    started[0].die();
    await configuring;
    expect(started[1].opened[0].description.fields).toEqual([{ number: 2 }]);
  });

  it('while a shard is opened has it opened in another, a few times', async () => {
    const { pool, started } = poolOf({ onOpen: ({ index }) => (index % 3 === 1 ? {} : never()) });
    const opening = pool.openShard(description('a'));
    await asked(started);
    started[0].die();
    await opening;
    expect(placesOf(started)).toEqual([['a'], ['a']]);
    const again = poolOf({ onOpen: () => never() });
    const failing = again.pool.openShard(description('a')).catch((cause) => cause);
    for (let i = 0; i < 3; i++) {
      await asked(again.started, i);
      again.started[i].die();
    }
    expect(await failing).toMatchObject(lost);
  });

  it('while a shard is made is told to who makes it', async () => {
    const { pool, started } = poolOf({ onOpen: () => never() });
    const opening = pool.openShard({ ...description('a'), firstSeq: 7 }).catch((cause) => cause);
    await asked(started);
    started[0].die();
    expect(await opening).toMatchObject(lost);
  });

  it('takes nothing along: what it still says is not heard', async () => {
    const { pool, started } = poolOf();
    const [a] = await openAll(pool, ['a']);
    const heard = [];
    a.onChange = (events) => heard.push(events);
    started[0].die();
    await a.stats();
    started[0].tell(1, { events: [{ kind: 'insert', id: 'x', revision: 1 }] });
    await turn();
    expect(heard).toEqual([]);
    expect(started.length).toBe(2);
  });

  it('is not made good for ever', async () => {
    let now = 1e6;
    const { pool, started } = poolOf({}, { now: () => now });
    const [a] = await openAll(pool, ['a']);
    for (let i = 0; i <= 10; i++) {
      expect(await a.stats()).toBe('stats');
      started.at(-1).die();
    }
    await expect(a.stats()).rejects.toMatchObject({ code: 'WORKER_LOST', message: expect.stringContaining('at most 10') });
    await expect(pool.openShard(description('b'))).rejects.toMatchObject(lost);
    now += 61_000;
    expect(await a.stats()).toBe('stats');
  });

  it('is not made good for a while, but new shards are opened where a thread is left', async () => {
    const { pool, started } = poolOf();
    const [a, b] = await openAll(pool, ['a', 'b']);
    started[0].die();
    for (let i = 0; i < 10; i++) {
      expect(await a.stats()).toBe('stats');
      started.at(-1).die();
    }
    await openAll(pool, ['c']);
    expect(placesOf(started)[1]).toEqual(['b', 'c']);
    expect(await b.stats()).toBe('stats');
  });

  it('has a shard closed with it', async () => {
    const { pool, started } = poolOf({ onCall: () => never() });
    const [a, b] = await openAll(pool, ['a', 'b']);
    started[0].die();
    await a.close();
    expect(started[0].hasEnded).toBe(true);
    const closing = b.close().catch((cause) => cause);
    await turn();
    started[1].die();
    expect(await closing).toMatchObject(lost);
    for (const shard of [a, b]) await expect(shard.stats()).rejects.toMatchObject({ code: 'CLOSED' });
    await pool.close();
  });
});

describe('what is closed', () => {
  it('refuses calls, and closing it again is nothing', async () => {
    const { pool, started } = poolOf();
    const [a] = await openAll(pool, ['a']);
    await Promise.all([a.close({ discard: true }), a.close()]);
    expect(started[0].calls).toEqual([{ shard: 1, method: 'close', args: [{ discard: true }], signal: 0 }]);
    await expect(a.stats()).rejects.toMatchObject({ code: 'CLOSED' });
    await pool.close();
    await expect(pool.openShard(description('b'))).rejects.toMatchObject({ code: 'CLOSED' });
    expect(started.length).toBe(1);
  });
});

describe('a thread that does not start', () => {
  const unavailable = { code: 'WORKER_UNAVAILABLE', message: expect.stringContaining('threads: 0') };

  it('is given up after a time, with what to do about it', async () => {
    const { pool, sharing, started } = poolOf({ onStart: never }, { startMs: 30 });
    await expect(pool.openShard(description('a'))).rejects.toMatchObject(unavailable);
    await expect.poll(() => started[0].hasEnded).toBe(true);
    expect(sharing.isClean).toBe(true);
    await pool.close();
  });

  it('is told at once, why it could not, and is tried again', async () => {
    let isThere = false;
    const { pool, started } = poolOf({ onStart: (thread) => { if (!isThere) thread.die('no such file'); return {}; } });
    await expect(pool.openShard(description('a'))).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining('no such file') });
    isThere = true;
    await openAll(pool, ['a']);
    expect(started.length).toBe(2);
  });

  it('is not needed where others are there', async () => {
    const { pool, started } = poolOf({ onStart: (thread) => { if (thread.index) thread.die(); return {}; } });
    await openAll(pool, ['a', 'b', 'c']);
    expect(placesOf(started)).toEqual([['a', 'b', 'c'], []]);
  });

  it('may not even be made, or be given no core', async () => {
    const spawn = () => { throw new Error('not allowed'); };
    const { pool } = poolOf({}, { workers: { threads: 1, spawn } });
    await expect(pool.openShard(description('a'))).rejects.toMatchObject(unavailable);
    const failing = poolOf({}, { core: async () => { throw new VectileError('CORE_UNAVAILABLE', 'no core'); } });
    await expect(failing.pool.openShard(description('a'))).rejects.toMatchObject({ code: 'CORE_UNAVAILABLE' });
    await expect.poll(() => failing.started[0].hasEnded).toBe(true);
  });
});
