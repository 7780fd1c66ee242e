// Shards in real threads: what they say is what one in this thread would say, whatever becomes of their threads.
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VectileError } from '../../ts/errors.js';
import { Deadline } from '../../ts/search/deadline.js';
import { SectionCache } from '../../ts/search/section-cache.js';
import { Shard } from '../../ts/shard/shard.js';
import { integer, normal, random } from '../conformance/random.js';
import { temporaryFolder } from '../storage/stores.js';
import { descriptionOf, field, insert, poolIn } from './support.js';

const newPath = () => join(temporaryFolder(), 'data');
const idOf = (object) => object?.id;
const openFiles = (path) => readdirSync('/proc/self/fd').flatMap((fd) => {
  try {
    return [readlinkSync(`/proc/self/fd/${fd}`)];
  } catch {
    return [];
  }
}).filter((name) => name.startsWith(path));

describe('a shard in a thread', () => {
  it('answers as one in this thread', async () => {
    const { pool, store, close } = await poolIn(newPath());
    const there = await pool.openShard(descriptionOf(1));
    const here = await Shard.open({ ...descriptionOf(2), store, sections: new SectionCache(1 << 24) });
    const both = async (ask) => {
      const [first, second] = await Promise.all([there, here].map(async (shard) => ask(shard)));
      expect(first).toStrictEqual(second);
      return first;
    };
    const next = random(5);
    const word = () => `word${integer(next, 0, 20)}`;
    const changes = Array.from({ length: 300 }, (_, i) => insert(`id ${i}`, { text: `${word()} ${word()}`, n: integer(next, 0, 9) }, i % 7 ? Array.from({ length: 4 }, () => normal(next)) : undefined));
    const written = await both((shard) => shard.write(changes, 'flush'));
    expect(written.every(({ revision }) => revision === 1)).toBe(true);
    const refused = await both((shard) => shard.write([{ ...insert('id 3'), expect: 'absent' }, { ...insert('id 4'), ifRevision: 7 }, { id: 'id 5', effect: 'delete' }]));
    expect(refused[0].error).toBeInstanceOf(VectileError);
    expect(refused.map(({ error }) => error?.code)).toEqual(['OBJECT_EXISTS', 'REVISION_MISMATCH', undefined]);
    await both((shard) => shard.settle(0));
    const times = (object) => object && { ...object, created: 0, updated: 0 };
    await both(async (shard) => (await shard.getMany(['id 3', 'id 5', 'none'], { vectors: true })).map(times));
    const filter = { kind: 'numberRange', key: 'value:n', from: 2, to: 5 };
    await both((shard) => shard.count());
    await both((shard) => shard.count(filter, new Deadline(60_000)));
    await both((shard) => shard.find('id 9'));
    for (const options of [{ k: 10 }, { k: 5, ef: 64, filter, keys: ['value:n'] }]) {
      const { slots, seq } = await both((shard) => shard.near(1, Float32Array.of(0.1, -0.5, 1, 0), options));
      expect(slots.length).toBe(options.k);
      await both(async (shard) => (await shard.read(slots, seq, { vectors: true })).map(times));
    }
    expect(await both((shard) => shard.near(9, Float32Array.of(1), { k: 2 }))).toMatchObject({ slots: [] });
    const request = {
      fields: [{ properties: [{ name: 'text', weight: 1 }], terms: ['word3', 'word5'] }], typoTolerance: 0, k: 10, operator: 'or', minimumMatch: 1, k1: 1.2, b: 0.75, explain: true, keys: ['value:n'],
    };
    await both((shard) => shard.keyword({ ...request, deadline: new Deadline() }));
    const statistics = await both((shard) => shard.statistics(request));
    const want = { vectors: true };
    for (const { slots, seq, objects } of [await there.near(1, Float32Array.of(0.1, -0.5, 1, 0), { k: 7, want }), await there.keyword({ ...request, want })]) {
      expect(slots.length).toBeGreaterThan(6);
      expect(objects).toStrictEqual(await there.read(slots, seq, want)); // they have come along
    }
    await both((shard) => shard.keyword({ ...request, statistics }));
    await both(async (shard) => { const page = await shard.page({ from: 10, limit: 5, offset: 3, filter }); return { ...page, objects: page.objects.map(times) }; });
    const keys = [{ order: 'desc', column: 'value:n', property: { name: 'n', dataType: 'int' } }];
    const { rows } = await both((shard) => shard.sorted({ keys, limit: 8 }));
    await both((shard) => shard.sorted({ keys, limit: 8, after: rows[4], filter }, new AbortController().signal));
    await both((shard) => shard.row('id 8', keys));
    const number = { properties: [{ name: 'n', dataType: 'int' }], keys: ['value:n'], specs: [{ type: 'int' }] };
    await both((shard) => shard.aggregate({ ...number, isGrouped: false }));
    await both((shard) => shard.aggregate({ properties: [{ name: 'text', dataType: 'text' }, { name: 'n', dataType: 'int' }], keys: undefined, specs: [{ type: 'text' }], isGrouped: true }));
    expect((await both((shard) => shard.deleteMany({ kind: 'anyNumber', key: 'value:n', numbers: [3] }, { dryRun: false, verbose: true }))).successful).toBeGreaterThan(10);
    await both((shard) => shard.snapshot());
    await both((shard) => shard.compact());
    await both((shard) => shard.lastSeq());
    const statsOf = async (shard) => { const { objects, vectors, seq } = await shard.stats(); return { objects, seq, counts: [...vectors].map(([name, { count, unlinked }]) => [name, count, unlinked]) }; };
    await both(statsOf);
    await both((shard) => shard.configure([field, { ...field, number: 2 }], descriptionOf(1).properties));
    await both((shard) => shard.near(2, Float32Array.of(1, 0, 0, 0), { k: 1 }));
    expect(there.memoryBytes).toBeGreaterThan(65_536);
    expect(there.failure).toBeUndefined();
    await there.close();
    await here.close();
    await close();
  });

  it('has errors of their class and code, with what was their cause', async () => {
    const path = newPath();
    const first = await poolIn(path);
    await (await first.pool.openShard(descriptionOf(1))).close();
    const reader = await poolIn(path, { readOnly: true });
    const shard = await reader.pool.openShard(descriptionOf(1, { readOnly: true }));
    const error = await shard.write([insert('a')]).catch((cause) => cause);
    expect(error).toBeInstanceOf(VectileError);
    expect(error).toMatchObject({ code: 'STORE_READ_ONLY', message: expect.stringContaining('read-only') });
    expect(error.stack).toContain('worker.node.js');
    await expect(shard.count({ kind: 'ids', ids: [] }, new Deadline(0))).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('within 0 ms') });
    await expect(reader.pool.openShard(descriptionOf(2, { readOnly: true, properties: [{ ...descriptionOf(2).properties[0], stemming: 'klingon' }] }))).rejects.toMatchObject({ code: 'STEMMER_MISSING', cause: expect.any(Error) });
    await shard.close();
    await reader.close();
    await first.close();
  });

  it('stems by the package, where that is installed', async () => {
    const { pool, close } = await poolIn(newPath());
    const shard = await pool.openShard(descriptionOf(1, { properties: [{ ...descriptionOf(1).properties[0], stemming: 'english' }] }));
    await shard.write([insert('a', { text: 'returned parcels' })]);
    expect(await shard.count({ kind: 'allTerms', property: 'text', terms: ['parcel', 'return'] })).toBe(1);
    await shard.close();
    await close();
  });

  it('is aborted, with the reason that the caller has given', async () => {
    const { pool, close } = await poolIn(newPath());
    const shard = await pool.openShard(descriptionOf(1, { fields: [{ ...field, dimensions: 256, efConstruction: 256 }] }));
    const next = random(1);
    const changes = Array.from({ length: 1000 }, (_, i) => insert(`id ${i}`, {}, Array.from({ length: 256 }, () => normal(next))));
    for (let i = 0; i < 4; i++) await shard.write(changes.map((change) => ({ ...change, id: `${change.id} ${i}` })), 'flush');
    const began = performance.now();
    const deleting = shard.deleteMany({ kind: 'constant', value: true }, { dryRun: false, verbose: false }, AbortSignal.abort(new TypeError('not wanted')));
    await expect(deleting).rejects.toMatchObject({ code: 'ABORTED', cause: new TypeError('not wanted') });
    const timeout = new VectileError('TIMEOUT', 'too long');
    await expect(shard.sorted({ keys: [{ order: 'asc', target: 'id' }], limit: 10 }, AbortSignal.abort(timeout))).rejects.toBe(timeout);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    await shard.settle(0, controller.signal);
    expect((await shard.stats()).vectors.get(1).unlinked).toBeGreaterThan(0);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(await shard.count()).toBeGreaterThan(0);
    await shard.close({ discard: true });
    await close();
  });

  it('tells of writes in their order, when they are acknowledged and not before', async () => {
    const { pool, close } = await poolIn(newPath());
    const shard = await pool.openShard(descriptionOf(1));
    const heard = [];
    shard.onChange = (events) => heard.push(...events);
    const acknowledged = new Map();
    const writes = Array.from({ length: 60 }, (_, i) => shard.write([insert(`id ${i}`), { id: `id ${i - 30}`, effect: 'delete' }], 'none').then(([{ revision }]) => {
      // all of this write was heard, and nothing of a later one
      const own = heard.filter((event) => event.revision === revision);
      acknowledged.set(revision, own.map(({ kind, id }) => `${kind} ${id}`));
      expect(heard.every((event) => event.revision <= revision)).toBe(true);
    }));
    await Promise.all(writes);
    for (let i = 0; i < 60; i++) expect(acknowledged.get(i + 1)).toEqual([`insert id ${i}`, ...i < 30 ? [] : [`delete id ${i - 30}`]]);
    expect(heard.map(({ revision }) => revision)).toEqual(heard.map(({ revision }) => revision).sort((a, b) => a - b));
    const count = heard.length;
    await shard.deleteMany({ kind: 'constant', value: true }, { dryRun: false, verbose: false });
    expect(heard.length).toBe(count + 30);
    await shard.close();
    await close();
  });

  it('is closed in the midst of writes and searches, and its thread stays', async () => {
    const { pool, spawned, close } = await poolIn(newPath());
    for (let round = 0; round < 5; round++) {
      const shard = await pool.openShard(descriptionOf(1));
      shard.onChange = () => {};
      const calls = Array.from({ length: 20 }, (_, i) => [shard.write([insert(`id ${i}`)], 'none'), shard.near(1, Float32Array.of(1, 0, 0, 0), { k: 3 })]).flat();
      const closing = shard.close();
      for (const { reason } of await Promise.allSettled(calls)) if (reason) expect(reason).toMatchObject({ code: 'CLOSED' });
      await closing;
    }
    expect(spawned.length).toBe(1);
    await close();
  });

  it('is followed by a reader in a thread, which tells of it', async () => {
    const path = newPath();
    const writer = await poolIn(path);
    const shard = await writer.pool.openShard(descriptionOf(1));
    await shard.write([insert('before')]);
    const reader = await poolIn(path, { readOnly: true });
    const read = await reader.pool.openShard(descriptionOf(1, { readOnly: true }));
    const heard = [];
    read.onChange = (events) => heard.push(...events);
    await shard.write([insert('after')]);
    await expect.poll(() => heard, { timeout: 5000 }).toEqual([{ kind: 'insert', id: 'after', revision: 2 }]);
    expect((await read.getMany(['before', 'after'])).map(idOf)).toEqual(['before', 'after']);
    for (const one of [read, shard]) await one.close();
    for (const one of [reader, writer]) await one.close();
  });

  // which are open is told by /proc alone
  it.skipIf(process.platform !== 'linux')('leaves no file open when it is closed', async () => {
    const path = newPath();
    const { pool, close } = await poolIn(path);
    const shards = [];
    for (let n = 1; n <= 3; n++) {
      const shard = await pool.openShard(descriptionOf(n));
      await shard.write([insert('a', { text: 'some text' })]);
      await shard.snapshot();
      await shard.getMany(['a'], { vectors: true });
      shards.push(shard);
    }
    expect(new Set(openFiles(join(path, 'shards')).map((name) => name.split('/').at(-2 - Number(name.endsWith('.log')))))).toEqual(new Set(['1', '2', '3']));
    await shards[1].close();
    expect(openFiles(join(path, 'shards/2'))).toEqual([]);
    await shards[0].close({ discard: true });
    await shards[2].close();
    expect(openFiles(join(path, 'shards'))).toEqual([]);
    await close();
  });
});
