// Nodes, shards and thresholds, in the words of Weaviate; and the same as a text for Prometheus.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { nodeFiles } from '../../ts/storage/node-files.js';
import { SimulatedFiles } from '../storage/simulated-files.js';
import { fs, memory, open, temporaryFolder, threads } from './support.js';

const CONFIG = { properties: [{ name: 'text', dataType: 'text' }], vectors: { default: { dimensions: 4, metric: 'l2-squared' } } };
const object = (n) => ({ id: `id-${n}`, properties: { text: `text ${n}` }, vector: [n, 1, 2, 3] });
const objects = (count) => Array.from({ length: count }, (_, n) => object(n));
const errorOf = (promise) => promise.then(() => ({}), (error) => error);
const verbose = async (db, options) => (await db.cluster.nodes({ output: 'verbose', ...options }))[0];
const untilReady = async (db) => {
  while ((await verbose(db)).shards.some(({ vectorIndexingStatus }) => vectorIndexingStatus === 'INDEXING')) await sleep(2);
};

describe('cluster.nodes', () => {
  it('tells of the shards of collections, as stats does', async () => {
    const db = await open({ store: fs('/data', { files: new SimulatedFiles() }) });
    const notes = await db.collections.create({ name: 'Note', ...CONFIG });
    const coded = await db.collections.create({ name: 'Coded', ...CONFIG, vectors: { default: { dimensions: 4, quantizer: { type: 'sq8', trainingLimit: 10 } } } });
    expect((await verbose(db)).shards.map(({ compressed }) => compressed)).toEqual([false, false]);
    await coded.data.insertMany(objects(20));
    while (!(await verbose(db, { collection: 'Coded' })).shards[0].compressed) await sleep(2);
    const inserted = notes.data.insertMany(objects(2000));
    let sawQueue = false;
    let isDone = false;
    void inserted.then(() => { isDone = true; });
    while (!isDone) {
      const [shard] = (await verbose(db, { collection: 'Note' })).shards;
      expect(shard.vectorIndexingStatus).toBe(shard.vectorQueueLength ? 'INDEXING' : 'READY');
      sawQueue ||= shard.vectorQueueLength > 0;
      await sleep(1);
    }
    expect(sawQueue).toBe(true);
    await untilReady(db);
    const [minimal] = await db.cluster.nodes();
    expect(minimal).toEqual({ name: 'local', status: 'HEALTHY', stats: { objectCount: 2020, shardCount: 2 }, disk: undefined, memory: minimal.memory });
    const node = await verbose(db);
    const { collections } = await db.stats();
    expect(node).toMatchObject({ ...minimal, memory: expect.anything(), tenants: {} });
    const { memory: held, disk } = collections.Note;
    expect(node.shards.map(({ name, ...shard }) => ({ ...shard, isId: /^[0-9a-f]{32}$/.test(name) }))).toEqual([
      { class: 'Note', objectCount: 2000, vectorIndexingStatus: 'READY', vectorQueueLength: 0, compressed: false, recoding: false, loaded: true, memory: held, disk, failure: undefined, isId: true },
      { class: 'Coded', objectCount: 20, vectorIndexingStatus: 'READY', vectorQueueLength: 0, compressed: true, recoding: false, loaded: true, memory: collections.Coded.memory, disk: collections.Coded.disk, failure: undefined, isId: true },
    ]);
    expect(held.indexes).toBeGreaterThan(2000 * 16);
    expect((await verbose(db, { collection: 'Coded' })).shards.length).toBe(1);
    expect((await errorOf(db.cluster.nodes({ collection: 'Other' }))).code).toBe('COLLECTION_MISSING');
    expect((await errorOf(db.cluster.nodes({ output: 'all' }))).message).toBe('output: expected minimal or verbose, got "all"');
    await db.close();
    expect((await errorOf(db.cluster.nodes())).code).toBe('CLOSED');
    expect((await errorOf(db.metrics())).code).toBe('CLOSED');
  });

  it('tells what is there while collections go, as stats, metrics and snapshot do', async () => {
    const db = await open({ store: memory() });
    const notes = await db.collections.create({ name: 'Note', ...CONFIG });
    for (const what of ['nodes', 'stats', 'metrics', 'snapshot', 'compact']) {
      for (let n = 0; n < 5; n++) {
        for (const name of ['A', 'B']) await (await db.collections.create({ name, ...CONFIG })).data.insertMany(objects(5));
        await notes.data.insertMany([object(n)]);
        const asked = what === 'nodes' ? verbose(db) : db[what]();
        await Promise.all([asked, db.collections.delete('A'), db.collections.delete('B')]);
      }
    }
    await db.close();
  });

  it('tells of tenants, and opens none of them', async () => {
    const store = memory();
    let db = await open({ store, offload: memory() });
    let notes = await db.collections.create({ name: 'Note', ...CONFIG, multiTenancy: { enabled: true } });
    await notes.tenants.create(['a', 'b', 'c', 'd']);
    await notes.withTenant('a').data.insertMany(objects(5));
    await notes.withTenant('b').data.insertMany(objects(3));
    await notes.tenants.deactivate('c');
    await notes.tenants.offload('d');
    const brief = ({ shards }) => shards.map(({ name, vectorIndexingStatus, loaded, objectCount, memory: held }) => `${name} ${vectorIndexingStatus} ${loaded} ${objectCount} ${held !== undefined}`);
    let node = await verbose(db);
    expect(brief(node)).toEqual(['a READY true 5 true', 'b READY true 3 true']);
    expect(node.tenants).toEqual({ Note: { ACTIVE: 2, INACTIVE: 1, OFFLOADED: 1, OFFLOADING: 0, ONLOADING: 0 } });
    expect(node.stats).toEqual({ objectCount: 8, shardCount: 2 });
    await db.close();

    db = await open({ store, offload: memory() });
    notes = db.collections.use('Note');
    expect(brief(await verbose(db))).toEqual(['a LAZY_LOADING false 0 false', 'b LAZY_LOADING false 0 false']);
    const counted = notes.withTenant('b').length();
    const seen = new Set();
    for (let isDone = false; !isDone;) {
      for (const line of brief(await verbose(db))) seen.add(line);
      isDone = await Promise.race([counted.then(() => true), Promise.resolve().then(() => false)]);
    }
    expect(seen).toContain('b LOADING false 0 false');
    const deactivated = notes.tenants.deactivate('b');
    await deactivated;
    node = await verbose(db);
    expect(brief(node)).toEqual(['a LAZY_LOADING false 0 false']);
    await db.close();
  });

  it('tells what cannot be used, and what is only read', async () => {
    const files = new SimulatedFiles();
    let db = await open({ store: fs('/data', { files }), diskUseReadonlyPercentage: 90 });
    await db.collections.create({ name: 'Note', ...CONFIG });
    const other = await db.collections.create({ name: 'Other', ...CONFIG });
    await other.data.insert(object(1));
    await db.snapshot();
    const { shards: [{ name }] } = await verbose(db, { collection: 'Other' });
    const reader = await open({ store: fs('/data', { files }), readOnly: true });
    expect((await verbose(reader)).shards.map(({ vectorIndexingStatus }) => vectorIndexingStatus)).toEqual(['READONLY', 'READONLY']);
    await reader.close();
    await db.close();
    files.flip(`/data/shards/${name}/manifest`, 80);
    db = await open({ store: fs('/data', { files }), diskUseReadonlyPercentage: 90 });
    const node = await verbose(db);
    expect(node.status).toBe('UNHEALTHY');
    expect(node.shards.map(({ class: of, vectorIndexingStatus, loaded, failure }) => [of, vectorIndexingStatus, loaded, failure?.code])).toEqual([
      ['Note', 'READY', true, undefined], ['Other', 'SHUTDOWN', false, 'STORAGE_CORRUPT'],
    ]);
    await db.close();
  });
});

describe('thresholds', () => {
  const full = (percentage) => ({ used: percentage * 10, total: 1000 });

  it('of the disk refuse writes, and reads and removals go on, until there is room again', async () => {
    const files = new SimulatedFiles();
    files.disk = full(79);
    const db = await open({ store: fs('/data', { files }), diskUseReadonlyPercentage: 90 });
    const notes = await db.collections.create({ name: 'Note', ...CONFIG, multiTenancy: { enabled: true, autoTenantCreation: true } });
    const plain = await db.collections.create({ name: 'Plain', ...CONFIG });
    await notes.withTenant('a').data.insertMany(objects(3));
    await plain.data.insertMany(objects(3));
    await untilReady(db);
    const statuses = async () => {
      const { disk, shards } = await verbose(db);
      return [disk.status, ...new Set(shards.map(({ vectorIndexingStatus }) => vectorIndexingStatus))].join();
    };
    expect(await statuses()).toBe('OK,READY');
    files.disk = full(81);
    expect(await statuses()).toBe('WARNING,READY');
    await plain.data.insert(object(10));
    await untilReady(db);

    files.disk = full(91);
    await sleep(1100);
    const refused = {
      code: 'SHARD_READ_ONLY', message: 'disk: expected at most 90 % in use (diskUseReadonlyPercentage), got 91.0 %',
    };
    const writes = [
      () => plain.data.insert(object(11)), () => plain.data.insertMany([object(11)]), () => plain.data.update({ id: 'id-1', properties: { text: 'x' } }), () => plain.data.replace(object(1)),
      () => plain.data.deleteById('id-1'), () => plain.data.deleteMany({ operator: 'Like', property: 'text', value: '*' }), () => notes.withTenant('a').data.insert(object(9)),
      () => notes.withTenant('new').data.insert(object(9)),
    ];
    for (const write of writes) await expect(write(), String(write)).rejects.toMatchObject(refused);
    expect(await statuses()).toBe('READONLY,READONLY');
    expect(await notes.tenants.exists('new')).toBe(false);
    expect(await plain.length()).toBe(4);
    expect((await plain.query.bm25('text')).objects.length).toBe(4);
    expect((await plain.data.deleteMany({ operator: 'Like', property: 'text', value: '*' }, { dryRun: true })).matches).toBe(4);
    await notes.tenants.remove('a');
    await db.snapshot();

    files.disk = full(89);
    await sleep(1100);
    await plain.data.insert(object(11));
    await notes.withTenant('new').data.insert(object(9));
    await untilReady(db);
    expect(await statuses()).toBe('WARNING,READY');
    await db.close();
  });

  it('keep tenants from being brought back, and databases from being put in, but not from being moved away', async () => {
    let used = 10;
    const options = { store: memory(), offload: memory(), memoryReadonlyPercentage: 50, memoryUse: () => ({ used, total: 100 }) };
    const db = await open(options);
    const notes = await db.collections.create({ name: 'Note', ...CONFIG, multiTenancy: { enabled: true, autoTenantActivation: true } });
    await notes.tenants.create(['a', 'b']);
    await notes.withTenant('a').data.insertMany(objects(3));
    await notes.tenants.offload('a');
    const chunks = [];
    for await (const chunk of db.export({ offloaded: 'skip' })) chunks.push(chunk);
    used = 60;
    await sleep(1100);
    const refused = { code: 'SHARD_READ_ONLY' };
    await expect(notes.tenants.activate('a')).rejects.toMatchObject(refused);
    await expect(notes.withTenant('a').length()).rejects.toMatchObject(refused);
    expect(await notes.tenants.getByName('a')).toEqual({ name: 'a', status: 'OFFLOADED' });
    await notes.tenants.offload('b');
    await expect(open({ ...options, store: memory(), offload: undefined, from: chunks })).rejects.toMatchObject(refused);
    used = 10;
    await sleep(1100);
    expect(await notes.withTenant('a').length()).toBe(3);
    await db.close();
  });

  it('of memory do the same, if they are set, and what cannot be told refuses nothing', async () => {
    let use = { used: 99, total: 100 };
    const settings = { store: memory(), memoryUse: () => {
      if (use instanceof Error) throw use;
      return use;
    } };
    const open90 = (options) => open({ ...settings, ...options });
    let db = await open90({});
    const notes = await db.collections.create({ name: 'Note', ...CONFIG });
    await notes.data.insert(object(1));
    expect((await db.cluster.nodes())[0].memory).toEqual({ used: 99, total: 100, percentage: 99, status: 'OK' });
    await db.close();
    db = await open90({ memoryReadonlyPercentage: 80, memoryWarningPercentage: 50 });
    const again = db.collections.use('Note');
    await expect(again.data.insert(object(2))).rejects.toMatchObject({ code: 'SHARD_READ_ONLY', message: 'memory: expected at most 80 % in use (memoryReadonlyPercentage), got 99.0 %' });
    let n = 1;
    for (const [used, status] of [[{ used: 60, total: 100 }, 'WARNING'], [{ used: 80, total: 100 }, 'WARNING'], [{ used: 50, total: 100 }, 'OK'], [{ used: 1, total: 0 }, undefined], [undefined, undefined], [new Error('unknown'), undefined]]) {
      use = used;
      expect((await db.cluster.nodes())[0].memory?.status).toBe(status);
      await again.data.insert(object(++n));
    }
    await db.close();
  });

  it('are percentages', async () => {
    for (const name of ['diskUseWarningPercentage', 'diskUseReadonlyPercentage', 'memoryWarningPercentage', 'memoryReadonlyPercentage']) {
      for (const value of [-1, 101, NaN, '90', null]) {
        expect((await errorOf(open({ store: memory(), [name]: value }))).message, `${name} ${value}`).toMatch(new RegExp(`^${name}: expected a percentage from 0, which is none, to 100, got `));
      }
    }
    expect((await errorOf(open({ store: memory(), memoryUse: 1 }))).message).toBe('memoryUse: expected a function, got 1');
  });

  it('measure the disk of a folder, and memory', async () => {
    const folder = temporaryFolder();
    const db = await open({ store: fs(folder, { files: nodeFiles }), memoryUse: nodeFiles.memory });
    const [{ disk, memory: used }] = await db.cluster.nodes();
    for (const use of [disk, used]) {
      expect(use.total).toBeGreaterThan(use.used);
      expect(use.used).toBeGreaterThan(1 << 20);
      expect(use.percentage).toBeCloseTo(use.used / use.total * 100);
    }
    await db.close();
  });
});

describe('metrics', () => {
  it('are what stats and nodes say, in the text form of Prometheus', async () => {
    const db = await open({ store: memory(), offload: memory(), memoryUse: () => ({ used: 5, total: 10 }) });
    const notes = await db.collections.create({ name: 'Note', ...CONFIG });
    const shared = await db.collections.create({ name: 'Shared', ...CONFIG, multiTenancy: { enabled: true } });
    await db.collections.create({ name: 'Words', vectors: {} });
    await notes.data.insertMany(objects(7));
    await shared.tenants.create(['a', 'b', 'c']);
    await shared.withTenant('a').data.insertMany(objects(2));
    await shared.tenants.offload('c');
    await untilReady(db);
    const text = await db.metrics();
    const samples = new Map();
    let family;
    for (const line of text.trimEnd().split('\n')) {
      const type = /^# (?:HELP|TYPE) (vectile_[a-z_]+) (.+)$/.exec(line);
      if (type) {
        family = type[1];
        continue;
      }
      const [, name, labels = '', value] = /^(vectile_[a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (\S+)$/.exec(line) ?? [];
      expect(name, line).toBe(family);
      expect(Number(value), line).not.toBeNaN();
      expect(samples.has(name + labels), line).toBe(false);
      samples.set(name + labels, Number(value));
    }
    expect(text.match(/^# TYPE .*$/gm).length).toBe(new Set(text.match(/^# TYPE .*$/gm)).size);
    const { collections } = await db.stats();
    const expected = {
      'vectile_object_count{collection="Note"}': 7, 'vectile_object_count{collection="Shared"}': 2, 'vectile_vector_index_size{collection="Note",vector="default"}': 7,
      'vectile_queue_size{collection="Note",vector="default"}': 0, 'vectile_vector_index_tombstones{collection="Note",vector="default"}': 0,
      'vectile_memory_bytes{collection="Note",region="indexes"}': collections.Note.memory.indexes, 'vectile_disk_bytes{collection="Note",region="log"}': collections.Note.disk.log,
      'vectile_shards{collection="Shared",status="READY"}': 1, 'vectile_shards{collection="Shared",status="LAZY_LOADING"}': 1, 'vectile_shards{collection="Words",status="READY"}': 1,
      'vectile_tenants{collection="Shared",status="ACTIVE"}': 2, 'vectile_tenants{collection="Shared",status="OFFLOADED"}': 1, 'vectile_failed_shards{collection="Note"}': 0,
      vectile_memory_used_bytes: 5, vectile_memory_size_bytes: 10, vectile_memory_read_only: 0,
    };
    for (const [name, value] of Object.entries(expected)) expect(samples.get(name), name).toBe(value);
    expect([...samples.keys()].some((name) => name.includes('vectile_disk_used'))).toBe(threads > 0); // stores in memory lie in folders then
    await db.close();
  });
});
