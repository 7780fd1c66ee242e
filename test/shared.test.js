// Searches over shared memory by readers beside the owner of an index.
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { hammer } from './conformance/hammer.js';
import { runScript } from './conformance/model.js';
import { METRICS } from './conformance/oracle.js';
import { random, sequence, vector } from './conformance/random.js';
import { comparing } from './conformance/shared.js';
import { SharedReader, VectorIndex, init, loadSharedCore, releaseReader } from '../dist/engine.node.js';
import { seeds } from './support/engine.js';
import { expectSound } from './support/memory.js';

/** Repeat one with SEED=… npx vitest run test/shared.test.js */

describe('readers answer as the owner does, whatever happens to the index', () => {
  const trainingLimit = 40;
  const storages = [
    { codec: { type: 'sq8', trainingLimit } }, { codec: { type: 'sq4', trainingLimit }, fullVectors: 'sq8' }, { codec: 'rq1', fullVectors: 'external' },
    { codec: 'rq8' }, { codec: { type: 'pq', centroids: 16, trainingLimit } }, { codec: { type: 'pq', centroids: 20, trainingLimit } }, { codec: 'f32' },
  ];
  const kinds = ['flat', 'hnsw'].flatMap((type) => [[type, 'floats', []], [type, 'codecs', storages]]);
  let seed = 7000;

  test.each(kinds)('%s, %s', async (type, _, changes) => {
    for (const metric of METRICS) {
      if (changes.length && (metric === 'manhattan' || metric === 'hamming')) continue;
      for (const idTable of [true, false]) {
        for (const one of seeds((seed += 10), 2)) {
          const index = comparing({ VectorIndex, SharedReader });
          const data = ['spread', 'grid', 'same'][one % 3];
          await runScript({
            VectorIndex: index, seed: one, operations: 500, type, metric, data, idTable, dimensions: 3 + (one % 7), ids: 60 << (one % 4), maxConnections: 6, efConstruction: 40,
            inspect: expectSound, ...(changes.length && { storages: [...changes.slice(one % 7), ...changes.slice(0, one % 7)], reads: true }),
          });
          expect(index.compared()).toBeGreaterThan(10);
        }
      }
    }
  });
});

describe('while an index changes, every answer is of one moment', () => {
  const entry = new URL('../dist/engine.node.js', import.meta.url).href;
  const codecs = [{ codec: 'rq8' }, { codec: 'f32' }, { codec: { type: 'sq4', trainingLimit: 40 } }, { codec: 'f32' }];
  const scripts = [
    { type: 'flat' }, { type: 'hnsw' }, { type: 'flat', metric: 'cosine', codecs }, { type: 'hnsw', codecs }, { type: 'hnsw', metric: 'manhattan', threads: 5 },
  ];

  test.each(scripts.map((script, i) => [JSON.stringify(script), 8000 + i, script]))('%s', async (_, first, script) => {
    for (const seed of seeds(first, 1)) {
      const { answers, unanswered, found, wanted, states, moves } = await hammer({ VectorIndex }, { entry, seed, changes: 1500, ...script });
      console.log(JSON.stringify({ answers, unanswered, recall: found / wanted, states, moves }));
      expect(states).toBeGreaterThan(20); // else they were not there at the same time
      expect(found / wanted).toBeGreaterThan(0.97);
      if (script.codecs) expect(moves).toBeGreaterThanOrEqual(3);
      else expect(unanswered).toBeLessThan(answers / 10);
    }
  });
});

describe('a reader', () => {
  const next = random(11);
  const dimensions = 8;
  const query = vector(next, dimensions);

  async function filled(options) {
    const index = await VectorIndex.create({ dimensions, metric: 'l2-squared', ...options });
    index.addMany(sequence(200), Float32Array.from({ length: 200 * dimensions }, () => next()));
    return index;
  }

  /** What owner and readers work in must not overlap: each finds its filter as it left it. */
  function expectApart(index, ...readers) {
    const own = sequence(40, 100);
    const filters = readers.map((reader, i) => reader.filter(sequence(30 + i, 10 * i)));
    const found = readers.map((reader, i) => reader.search(query, { filter: filters[i] }).ids);
    readers.forEach((reader, i) => {
      index.search(query, { filter: own });
      expect(reader.search(query, { filter: filters[i] }).ids, `reader ${i}`).toEqual(found[i]);
      expect(found[i]).toEqual(index.search(query, { filter: sequence(30 + i, 10 * i) }).ids);
    });
  }

  /** A thread that is in the index, and does not leave. */
  async function stuck(index) {
    const share = await index.share();
    const signal = new SharedArrayBuffer(4);
    const worker = new Worker(new URL('./fixtures/stuck-reader.js', import.meta.url), { workerData: { share, signal, query } });
    const words = new Int32Array(signal);
    while (Atomics.load(words, 0) !== 1) await new Promise((resolve) => { setTimeout(resolve, 5); });
    const letGo = () => { Atomics.store(words, 0, 2); Atomics.notify(words, 0); };
    return { worker, share, letGo };
  }

  test('that dies in a search does not hold up the owner once its place is given back', async () => {
    const index = await filled();
    const { worker, share } = await stuck(index);
    await worker.terminate();
    releaseReader(share);
    const start = performance.now();
    index.add(1000, query);
    expect(performance.now() - start).toBeLessThan(4000);
    const again = await index.share();
    expect(again.place).toBe(share.place);
    expect(new SharedReader(again).search(query, { k: 1 }).ids[0]).toBe(1000);
  });

  test('is released by another thread while the owner waits for it', async () => {
    const index = await filled();
    const { worker, share } = await stuck(index);
    await worker.terminate();
    new Worker("const { workerData } = require('node:worker_threads'); setTimeout(() => import(workerData.entry).then(({ releaseReader }) => releaseReader(workerData.share)), 300);", {
      eval: true, workerData: { share, entry: new URL('../dist/engine.node.js', import.meta.url).href },
    });
    let moves = 0;
    index.onMoved = () => { moves++; };
    index.remove(3);
    expect(moves).toBe(0);
    expect(index.has(3)).toBe(false);
  });

  test('that stands still keeps the memory it is in, and the owner goes on in a copy', { timeout: 30_000 }, async () => {
    const index = await filled({ codec: 'rq8' });
    const before = index.search(query, { k: 3 });
    const other = await index.share();
    const { worker, share, letGo } = await stuck(index);
    const theirs = new SharedReader(other);
    index.setCodec({ codec: 'f32' });
    index.work(0); // what is begun here begins anew
    let moves = 0;
    index.onMoved = () => { moves++; };
    const start = performance.now();
    index.write(() => {
      index.add(1000, query);
      index.add(1001, query);
    });
    expect(performance.now() - start).toBeGreaterThan(4500);
    expect(moves).toBe(1);
    index.add(1002, query);
    expect(moves).toBe(1); // nobody is waited for any more
    expect(performance.now() - start).toBeLessThan(15_000);
    letGo();
    const [said] = await once(worker, 'message');
    expect(String(said.found.ids)).toBe(String(before.ids));
    expect(String(said.found.distances)).toBe(String(before.distances));
    expect(said).toMatchObject({ after: undefined, isCurrent: false });
    expect(theirs.isCurrent).toBe(false);
    expect(theirs.search(query)).toBeUndefined();
    expect(() => theirs.follow(index.shareAgain(share.place))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    theirs.follow(index.shareAgain(other.place));
    const after = theirs.search(query, { k: 3 });
    expect([...after.ids].sort()).toEqual([1000, 1001, 1002]);
    // and the one that stood still is as welcome as any
    expect(new SharedReader(index.shareAgain(share.place)).search(query, { k: 3 }).ids).toEqual(after.ids);
    expectApart(index, theirs);
    while (index.work(5));
    expect([...index.search(query, { k: 3 }).ids].sort()).toEqual([1000, 1001, 1002]);
    expectSound(index);
  });

  test('is there when a change of codec ends that was begun before it was', async () => {
    const index = await filled();
    const begin = (codec) => {
      index.setCodec({ codec });
      index.work(0);
      expect(index.stats().recoding).toBeDefined();
    };
    begin('rq8');
    const first = new SharedReader(await index.share());
    while (index.work(5));
    first.follow(index.shareAgain(0));
    expectApart(index, first);
    begin('f32');
    const second = new SharedReader(await index.share());
    while (index.work(5));
    first.follow(index.shareAgain(0));
    second.follow(index.shareAgain(1));
    expectApart(index, first, second);
  });

  test('knows its filters again where compaction has moved their ids', async () => {
    const index = await filled();
    const reader = new SharedReader(await index.share());
    let moves = 0;
    index.onMoved = () => {
      moves++;
      reader.follow(index.shareAgain(0));
    };
    for (let id = 0; id < 150; id++) index.remove(id);
    const filter = reader.filter(sequence(30, 140));
    const expected = index.search(query, { filter: sequence(30, 140) }).ids;
    do {
      expect(reader.search(query, { filter }).ids).toEqual(expected);
    } while (index.work(0));
    expect(moves).toBe(1);
    expect(reader.search(query, { filter }).ids).toEqual(expected);
  });

  test('leaves to the owner what only the owner can answer', async () => {
    const index = await filled({ type: 'flat', codec: 'rq8', fullVectors: 'external' });
    const reader = new SharedReader(await index.share());
    expect(reader.search(query)).toBeUndefined();
    expect(reader.search(query, { rescore: false })).toEqual({ ...index.search(query), stamp: 0 });

    const many = await VectorIndex.create({ dimensions: 1, type: 'flat', metric: 'l2-squared' });
    many.addMany(sequence(5000), Float32Array.from({ length: 5000 }, (_, i) => i));
    const theirs = new SharedReader(await many.share());
    expect(theirs.search([3], { k: 4096 }).ids.length).toBe(4096);
    expect(theirs.search([3], { k: 4097 })).toBeUndefined();

    many.readersPaused = true;
    expect(theirs.search([3], { k: 1 })).toBeUndefined();
    many.readersPaused = false;
    expect(theirs.search([3], { k: 1 }).ids).toEqual(Uint32Array.of(3));
    expect(theirs.hold(() => [theirs.search([3], { k: 1 }).ids[0], theirs.search([7], { k: 1 }).ids[0]])).toEqual([3, 7]);
    many.dispose();
    expect(theirs.search([3], { k: 1 })).toBeUndefined();
    theirs.dispose();
    expect(() => theirs.search([3])).toThrow(expect.objectContaining({ code: 'DISPOSED' }));
  });

  test('waits in vain while the owner is at it, and is in as soon as it leaves', async () => {
    const index = await filled();
    const reader = new SharedReader(await index.share());
    index.write(() => {
      const start = performance.now();
      expect(reader.search(query)).toBeUndefined();
      expect(performance.now() - start).toBeGreaterThan(150);
    });
    expect(reader.search(query, { k: 2 }).ids).toEqual(index.search(query, { k: 2 }).ids);
  });

  test('checks what it is given as the owner does', async () => {
    const index = await filled({ idTable: false });
    const reader = new SharedReader(await index.share());
    const refused = [
      [[query, { k: 0 }], 'INVALID_ARGUMENT'], [[query, { what: 1 }], 'INVALID_ARGUMENT'], [[[1, 2]], 'DIMENSION_MISMATCH'], [[query.map(() => NaN)], 'NOT_FINITE'],
      [[query, { filter: index.filter([1]) }], 'INVALID_ARGUMENT'], [[query, { filter: 5 }], 'INVALID_ARGUMENT'],
    ];
    for (const [args, code] of refused) expect(() => reader.search(...args), code).toThrow(expect.objectContaining({ name: 'VectileError', code }));
    expect(() => reader.hold(() => { throw new Error('own'); })).toThrow('own');
    const bits = new Uint32Array(7).fill(0x0f0f0f0f);
    expect(reader.search(query, { filter: reader.filterOfBits(bits) }).ids).toEqual(index.search(query, { filter: index.filterOfBits(bits) }).ids);
    const filter = reader.filter([5, 900]);
    expect(filter.size).toBe(1);
    index.add(900, query);
    index.remove(5);
    expect(reader.search(query, { filter }).ids).toEqual(Uint32Array.of(900));
    index.dispose(); // which did not wait for it
    expect(() => new SharedReader({})).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('sharing', () => {
  const { grow } = WebAssembly.Memory.prototype;
  afterEach(async () => {
    WebAssembly.Memory.prototype.grow = grow;
    await init();
  });

  test('has a place for 32 readers', async () => {
    const index = await VectorIndex.create({ dimensions: 2 });
    index.add(1, [1, 2]);
    const shares = [];
    for (let i = 0; i < 32; i++) shares.push(await index.share());
    expect(shares.map(({ place }) => place)).toEqual(Array.from({ length: 32 }, (_, i) => i));
    await expect(index.share()).rejects.toMatchObject({ code: 'SHARING_UNSUPPORTED' });
    const last = new SharedReader(shares[31]);
    expect(last.search([1, 2]).ids).toEqual(Uint32Array.of(1));
    last.dispose();
    expect((await index.share()).place).toBe(31);
    expect(() => index.shareAgain(32)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('changes nothing where memory cannot be had', async () => {
    const index = await VectorIndex.create({ dimensions: 64, type: 'flat' });
    index.addMany(sequence(3000), Float32Array.from({ length: 3000 * 64 }, (_, i) => i % 7 + 1));
    const before = index.serialize();
    WebAssembly.Memory.prototype.grow = () => { throw new RangeError('no'); };
    await expect(index.share()).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    WebAssembly.Memory.prototype.grow = grow;
    expect(Buffer.compare(index.serialize(), before)).toBe(0);
    expect((await index.share()).place).toBe(0);
    // and where there is none for one more reader
    WebAssembly.Memory.prototype.grow = () => { throw new RangeError('no'); };
    await expect(index.share()).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    WebAssembly.Memory.prototype.grow = grow;
    const place = await index.share();
    expect(place.place).toBe(1);
    const reader = new SharedReader(place);
    const filter = reader.filter([7, 8]);
    const query = new Float32Array(64).fill(1);
    expect(reader.search(query, { filter }).ids.length).toBe(2);
    index.search(query, { filter: [1, 2] });
    expect([...reader.search(query, { filter }).ids].sort()).toEqual([7, 8]);
    expect(Buffer.compare(index.serialize(), before)).toBe(0);
  });

  test('does not change what is left of an index that could not grow', async () => {
    for (let growths = 1; growths <= 6; growths++) {
      const index = await VectorIndex.create({ dimensions: 16, type: 'flat', metric: 'l2-squared' });
      const readers = [new SharedReader(await index.share()), new SharedReader(await index.share())];
      let left = growths;
      WebAssembly.Memory.prototype.grow = function (pages) {
        if (pages && left-- <= 0) throw new RangeError('no');
        return grow.call(this, pages);
      };
      let count = 0;
      const add = () => { for (;; count++) index.add(count, new Float32Array(16).fill(count)); };
      expect(add).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }));
      WebAssembly.Memory.prototype.grow = grow;
      const check = () => {
        for (const who of [...readers, index]) {
          for (const id of [5, count - 1]) expect(who.search(new Float32Array(16).fill(id + 0.1), { k: 2 }).ids[0]).toBe(id);
        }
        expectSound(index);
      };
      check();
      for (let more = count + 300; count < more; count++) index.add(count, new Float32Array(16).fill(count));
      check();
    }
  });

  test('goes on while an image is written', async () => {
    const index = await VectorIndex.create({ dimensions: 4 });
    index.addMany(sequence(500), Float32Array.from({ length: 2000 }, (_, i) => i % 11 + 1));
    const before = index.serialize();
    const chunks = [];
    await index.writeImage(async (chunk) => {
      chunks.push(chunk);
      if (chunks.length === 2) await index.share();
    });
    expect(Buffer.compare(Buffer.concat(chunks), before)).toBe(0);
  });

  test('needs the bytes of the core, or a module for shared memory', async () => {
    const sharedModule = await loadSharedCore();
    const module = await WebAssembly.compile(readFileSync(new URL('../dist/core.wasm', import.meta.url)));
    await expect(init({ module, sharedModule: module })).rejects.toMatchObject({ code: 'CORE_UNAVAILABLE' });
    await expect(init({ module: sharedModule })).rejects.toMatchObject({ code: 'CORE_UNAVAILABLE' });
    await init({ module });
    const index = await VectorIndex.create({ dimensions: 2 });
    await expect(index.share()).rejects.toMatchObject({ code: 'SHARING_UNSUPPORTED' });
    await expect(VectorIndex.create({ dimensions: 2, shared: true })).rejects.toMatchObject({ code: 'SHARING_UNSUPPORTED' });
    await init({ module, sharedModule });
    index.add(5, [1, 2]);
    expect(new SharedReader(await index.share()).search([1, 2]).ids).toEqual(Uint32Array.of(5));
  });

  test.each(['core.wasm', 'core-relaxed.wasm'])('%s has nothing but code, so that a second instance over its memory writes nothing', (file) => {
    const bytes = readFileSync(new URL(`../dist/${file}`, import.meta.url));
    const sections = [];
    for (let at = 8; at < bytes.length;) {
      sections.push(bytes[at++]);
      let size = 0;
      for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) size |= ((byte = bytes[at++]) & 0x7f) << shift;
      at += size;
    }
    expect(sections).toEqual([1, 3, 5, 7, 10]); // types, functions, memory, exports, code: no globals, no data, no start
  });
});
