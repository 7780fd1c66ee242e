// The store in IndexedDB, in Chromium with its profile on disk: what every store must do, then what goes wrong in browsers.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../browser-demo/serve.js';
import { root } from '../../wasm-build/pack.js';
import { executablePath, missingChromium } from '../browser/chromium.js';
import { describeWithout } from '../optional.js';
import { cases } from './conformance.js';

const RECORD_BYTES = 500;
/** Each with a page of its own, which takes a second. */
const KILLS = 6 * Number(process.env.VECTILE_TIMES ?? 1);

describeWithout(missingChromium, 'IndexedDB', () => {
  let server;
  let profile;
  let instance;
  let page;

  beforeAll(async () => {
    const entry = join(root, 'test/storage/indexeddb-page.js');
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', platform: 'browser', write: false });
    const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/tests.js"></script>';
    server = await serve({ answers: { '/page': { headers: { 'content-type': 'text/html' }, body: html }, '/tests.js': { body: outputFiles[0].text } } });
    profile = mkdtempSync(join(tmpdir(), 'vectile-'));
    instance = await launchOnDisk(profile);
    page = await newPage();
  });
  afterAll(async () => {
    await instance?.kill();
    await server?.close();
    if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  async function newPage(acknowledge, origin = server.url) {
    const opened = await instance.context.newPage();
    if (acknowledge) await opened.exposeFunction('acknowledge', acknowledge);
    await opened.goto(`${origin}/page`);
    await opened.waitForFunction(() => 'tests' in globalThis);
    return opened;
  }

  /** Runs the text of an async function of `store`, `help` and `given` in a page. */
  const run = (where, body, ...given) => where.evaluate(([text, values]) => globalThis.tests.run(text, ...values), [body, given]);
  const result = async (where, body, ...given) => {
    const got = await run(where, body, ...given);
    if (got.code) throw new Error(`${got.code}: ${got.message}\n${got.stack}`);
    return got.result;
  };
  const open = (where, name, readOnly = false) =>
    where.evaluate(([...given]) => globalThis.tests.open(...given).then((epoch) => ({ epoch }), ({ code, message }) => ({ code, message })), [name, readOnly]);
  const close = (where) => where.evaluate(() => globalThis.tests.close());

  for (const { name } of cases) {
    it(name, async () => expect(await page.evaluate((one) => globalThis.tests.conformance(one, false), name)).toBeUndefined());
    it(`attached: ${name}`, async () => expect(await page.evaluate((one) => globalThis.tests.conformance(one, true), name)).toBeUndefined());
  }

  it('attached, writes parts that no other thread of its epoch takes for its own, and frees what one has left', async () => {
    await open(page, 'shared');
    expect(await result(page, `
      const share = () => help.attachStore(help.sharingOf(store).share());
      const [first, second] = [await share(), await share()];
      await first.blobs.put('shards/a', [Uint8Array.of(1)]);
      await first.close();
      // by a thread that ended in the middle of it
      const cut = async function* () { yield new Uint8Array(65 << 20); await new Promise(() => {}); };
      void second.blobs.put('shards/a', cut());
      void second.blobs.put('shards/b', cut());
      const parts = async () => [...new Set((await help.raw('shared', 'parts', (rows) => rows.getAllKeys())).map(([name, generation]) => name + ' ' + generation))];
      while ((await parts()).length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
      const third = await share();
      const before = await parts();
      await help.sharingOf(third).recover('shards/a');
      const after = await parts();
      await third.blobs.put('shards/a', [Uint8Array.of(2)]);
      const { bytes } = await third.blobs.get('shards/a');
      await third.close();
      return { before, after, bytes: [...bytes] };`)).toEqual({
      before: ['shards/a 1w1-0', 'shards/a 1w2-0', 'shards/b 1w2-1'], after: ['shards/a 1w1-0', 'shards/b 1w2-1'], bytes: [2],
    });
    await close(page);
    await open(page, 'shared'); // what puts have left goes
    expect(await result(page, `return (await help.raw('shared', 'parts', (rows) => rows.getAllKeys())).map(([name]) => name)`)).toEqual(['shards/a']);
    await close(page);
  });

  it('keeps a blob of several parts, and reads across their ends', async () => {
    await open(page, 'parts');
    expect(await result(page, `
      const end = 64 << 20;
      const chunk = new Uint8Array(1 << 20);
      await store.blobs.put('a', (function* () { for (let i = 0; i < 130; i++) yield chunk.fill(i); })());
      const told = (await help.raw('parts', 'parts', (rows) => rows.getAllKeys())).map(([, , i]) => i);
      for (const [at, length] of [[end - 2, 4], [end - (1 << 20), 2 << 20], [2 * end, 1], [130 * (1 << 20) - 1, 1]]) {
        const bytes = await store.blobs.getRange('a', at, length);
        told.push(bytes[0], bytes.at(-1));
      }
      told.push((await store.blobs.list(''))[0].bytes >> 20);
      const failing = (function* () { yield new Uint8Array(65 << 20); throw new Error('cut'); })();
      told.push(await store.blobs.put('a', failing).catch(({ message }) => message), (await store.blobs.getRange('a', 0, 1))[0]);
      await store.blobs.delete('a');
      told.push((await help.raw('parts', 'parts', (rows) => rows.getAllKeys())).length);
      return told;`)).toEqual([0, 1, 2, 63, 64, 63, 64, 128, 128, 129, 129, 130, 'cut', 0, 0]);
    await close(page);
  });

  it('opened read-only, leaves no database behind where there is none', async () => {
    expect(await open(page, 'none', true)).toMatchObject({ code: 'STORE_MISSING' });
    expect(await page.evaluate(async () => (await indexedDB.databases()).filter(({ name }) => name === 'none'))).toEqual([]);
    expect(await open(page, 'none')).toEqual({ epoch: 1 });
    await close(page);
  });

  it('refuses databases of others, and of later formats', async () => {
    await page.evaluate(async () => {
      const make = (name, version) => new Promise((resolve) => {
        const request = indexedDB.open(name, version);
        request.onupgradeneeded = () => request.result.createObjectStore('theirs');
        request.onsuccess = () => resolve(request.result.close());
      });
      await make('foreign', 1);
      await make('later', 9);
    });
    expect(await open(page, 'foreign')).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await open(page, 'later')).toMatchObject({ code: 'STORAGE_VERSION' });
    await open(page, 'format');
    await close(page);
    await result(page, `await help.raw('format', 'state', (rows) => rows.put(7, 'format'))`);
    expect(await open(page, 'format')).toEqual({ code: 'STORAGE_VERSION', message: 'format: expected format 1, got 7' });
    expect(await open(page, 'format', true)).toMatchObject({ code: 'STORAGE_VERSION' });
  });

  it('finds a blob once to read ranges of it, and reads a block of it once, until they are given back', async () => {
    await open(page, 'kept');
    expect(await result(page, `
      await store.blobs.put('shards/a', [new Uint8Array(1 << 20).map((_, i) => i >> 12)]);
      let transactions = 0, slices = 0;
      const { transaction } = IDBDatabase.prototype, { slice } = Blob.prototype;
      IDBDatabase.prototype.transaction = function (...given) { transactions++; return transaction.apply(this, given); };
      Blob.prototype.slice = function (...given) { slices++; return slice.apply(this, given); };
      const read = async (...places) => {
        [transactions, slices] = [0, 0];
        const found = await Promise.allSettled(places.map((at) => store.blobs.getRange('shards/a', at, 4)));
        return [transactions, slices, found.map(({ value, reason }) => value?.[0] ?? reason.code)];
      };
      const told = [await read(0, 8, 1 << 17, 1 << 18, 1 << 21), await read(4096, 1 << 18, 1 << 19), await read((1 << 16) - 2)];
      store.blobs.release('shards/');
      told.push(await read(4096));
      await store.blobs.put('shards/a', [new Uint8Array(1 << 20).fill(9)]);
      told.push(await read(4096));
      Object.assign(IDBDatabase.prototype, { transaction });
      Object.assign(Blob.prototype, { slice });
      return told;`)).toEqual([
      [1, 3, [0, 0, 32, 64, 'STORAGE_CORRUPT']],
      [0, 1, [1, 64, 128]],
      [0, 1, [15]],
      [1, 1, [1]],
      [1, 1, [9]],
    ]);
    await close(page);
  });

  it('reads on in a blob that another thread has replaced, and finds the new one with the whole of it', async () => {
    await open(page, 'replaced');
    expect(await result(page, `
      const other = await help.attachStore(help.sharingOf(store).share());
      await store.blobs.put('a', [new Uint8Array(1 << 20).fill(1)]);
      const told = [(await store.blobs.getRange('a', 0, 1))[0]];
      await other.blobs.put('a', [new Uint8Array(1 << 20).fill(2)]);
      for (const at of [1, 1 << 19]) told.push((await store.blobs.getRange('a', at, 1))[0]);
      told.push((await store.blobs.get('a')).bytes[9], (await store.blobs.getRange('a', 9, 1))[0]);
      await other.blobs.delete('a');
      told.push((await store.blobs.getRange('a', 0, 1 << 20))[0], await store.blobs.get('a'));
      await other.close();
      return told;`)).toEqual([1, 1, 1, 2, 2, 2, undefined]);
    await close(page);
  });

  it('names the row that is damaged', async () => {
    await open(page, 'damaged');
    await result(page, `
      const log = await store.log('a');
      for (let seq = 1; seq < 40; seq += 2) await log.append([help.bytes(seq), help.bytes(seq + 1)], seq, 'flush');
      await store.blobs.put('b', [new Uint8Array(1 << 20).fill(1)]);
    `);
    const read = (from) => run(page, `return (await help.entries(await store.log('a'), given[0])).length`, from);
    const change = (store, key, change) => result(page, `
      const [store_, key, change] = given;
      const row = await help.raw('damaged', store_, (rows) => rows.get(key));
      await help.raw('damaged', store_, (rows) => (change === 'delete' ? rows.delete(key) : (row.bytes[1] ^= 1, rows.put(row, key))));
    `, store, key, change);

    await change('frames', ['a', 7], 'flip');
    expect(await read(9)).toEqual({ result: 16 });
    expect(await read(1)).toMatchObject({ code: 'STORAGE_CORRUPT', message: 'damaged, log a, record 7: expected a frame that fits its checksum, got another' });
    await change('frames', ['a', 7], 'delete');
    expect(await read(7)).toMatchObject({ code: 'STORAGE_CORRUPT', message: 'damaged, log a, record 7: expected the frame of record 7, got none, and one of records 5 to 6' });
    expect(await read(1)).toMatchObject({ code: 'STORAGE_CORRUPT', message: 'damaged, log a, record 7: expected the frame of record 7, got that of record 9' });
    await change('frames', ['a', 39], 'delete');
    expect(await read(9)).toMatchObject({ code: 'STORAGE_CORRUPT', message: 'damaged, log a, record 39: expected the frame of record 39, got none' });
    await result(page, `await help.raw('damaged', 'logs', (rows) => rows.delete('a'))`);
    expect(await read(9)).toMatchObject({ code: 'STORAGE_CORRUPT', message: 'damaged, log a, record 37: expected no record after 0, got one' });

    const damage = (change) => result(page, `
      const { generation } = await help.raw('damaged', 'files', (rows) => rows.get('b'));
      const key = ['b', generation, 0];
      const row = await help.raw('damaged', 'parts', (rows) => rows.get(key));
      const bytes = new Uint8Array(await row.content.arrayBuffer());
      (${change})(row, bytes);
      await help.raw('damaged', 'parts', (rows) => rows.put(row, key));
      store.blobs.release('');
    `);
    await damage('(row, bytes) => { bytes[3 << 16] ^= 1; row.content = new Blob([bytes]); }');
    expect(await run(page, `return (await store.blobs.getRange('b', 0, 3 << 16)).length`)).toEqual({ result: 3 << 16 });
    for (const length of [1, 8 << 16]) {
      expect(await run(page, `await store.blobs.getRange('b', (3 << 16) + 9, given[0])`, length)).toMatchObject({
        code: 'STORAGE_CORRUPT', message: `damaged, blob b, byte ${3 << 16}: expected a block that fits its checksum, got another`,
      });
    }
    expect(await run(page, `await store.blobs.get('b')`)).toMatchObject({ code: 'STORAGE_CORRUPT' });
    await damage('(row, bytes) => { row.content = new Blob([bytes.subarray(1 << 16)]); }');
    expect(await run(page, `await store.blobs.get('b')`)).toMatchObject({
      code: 'STORAGE_CORRUPT', message: `damaged, blob b, byte 0: expected ${1 << 20} bytes and a checksum of each block, got ${15 << 16} bytes and 16 checksums`,
    });
    await damage('(row) => { delete row.checksums; }');
    expect(await run(page, `await store.blobs.get('b')`)).toMatchObject({ code: 'STORAGE_CORRUPT' });
    await close(page);
  });

  it('tells a blob whose file is not there from one that was lost with the connection', async () => {
    await open(page, 'unreadable');
    expect(await result(page, `
      await store.blobs.put('a', [new Uint8Array(1 << 20).fill(1)]);
      const { arrayBuffer } = Blob.prototype;
      let failures;
      Blob.prototype.arrayBuffer = function () {
        return failures-- > 0 ? Promise.reject(new DOMException('gone', 'NotFoundError')) : arrayBuffer.call(this);
      };
      const told = [];
      for (failures of [1, 2]) told.push(await store.blobs.getRange('a', failures << 18, 1).then(([value]) => value, ({ code, message }) => code + ' ' + message));
      Object.assign(Blob.prototype, { arrayBuffer });
      return [...told, (await store.blobs.getRange('a', 0, 1))[0]];`)).toEqual([1, `STORAGE_CORRUPT unreadable, blob a, byte ${2 << 18}: expected a file that can be read, got NotFoundError: gone`, 1]);
    await close(page);
  });

  it('is as it was when the quota is exceeded', async () => {
    // an origin of its own, as the browser looks after a while only how much is left where something was written before
    const origin = server.url.replace('127.0.0.1', 'localhost');
    const full = await newPage(undefined, origin);
    const session = await instance.context.newCDPSession(full);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 3 << 20 });
    await open(full, 'quota');
    expect(await result(full, `
      const noise = Array.from({ length: 10 }, () => crypto.getRandomValues(new Uint8Array(60_000)));
      const large = globalThis.large = new Uint8Array(await new Blob(noise).arrayBuffer()); // and it cannot be compressed
      const untilFull = async (write) => {
        for (let i = 0; i < 10; i++) {
          const code = await write(i).then(() => undefined, ({ code }) => code);
          if (code) return [code, i];
        }
        return ['never'];
      };
      const log = await store.log('a');
      await log.append([help.bytes(1)], 1, 'sync');
      await store.blobs.put('b', [help.bytes(1)]);
      const outcomes = [];
      outcomes.push(await untilFull(() => log.append(noise, log.nextSeq, 'sync')));
      const { nextSeq, bytes } = log;
      for (const durability of ['sync', 'flush']) outcomes.push(await untilFull(() => log.append(noise, nextSeq, durability)));
      outcomes.push(await untilFull(() => store.blobs.put('b', [...noise, ...noise])));
      outcomes.push(await untilFull(() => store.blobs.put('new', Array(20).fill(noise).flat())));
      outcomes.push(await untilFull(() => store.blobs.putIfAbsent('new', large)));
      let next = 1;
      for await (const { seq, records } of log.read(1)) next = seq + records.length;
      const parts = (await help.raw('quota', 'parts', (rows) => rows.getAllKeys())).map(([name]) => name);
      const isAsBefore = log.nextSeq === nextSeq && log.bytes === bytes && next === nextSeq && (await store.bytes('')) === bytes + 1;
      return { outcomes, isAsBefore, b: [...(await store.blobs.get('b')).bytes], blobs: await store.blobs.list(''), parts };
    `)).toEqual({
      outcomes: [['STORAGE_FULL', expect.any(Number)], ...Array(5).fill(['STORAGE_FULL', 0])], isAsBefore: true, b: [1], blobs: [{ name: 'b', bytes: 1 }], parts: ['b'],
    });

    // acknowledged at once: it is told later, and nothing follows a hole
    const lost = expect.stringMatching(/^STORAGE_FAILED quota: expected room within the quota, got QuotaExceededError: .*; records from \d+ on are lost; the log must be opened anew$/);
    expect(await result(full, `
      const told = [];
      const tell = (promise) => promise.then(() => told.push('done'), ({ code, message }) => told.push(code + ' ' + message));
      const log = await store.log('a');
      const { nextSeq } = log;
      await tell(log.append([large], nextSeq, 'none'));
      await tell(log.append([help.bytes(1)], nextSeq + 1, 'none'));
      await tell(log.sync());
      await tell(log.append([help.bytes(2)], nextSeq + 2, 'sync'));
      await tell(log.close());
      const again = await store.log('a');
      told.push(again.nextSeq === nextSeq);
      await tell(again.append([large], nextSeq, 'none'));
      await tell(store.close());
      return told;
    `)).toEqual(['done', 'done', lost, lost, 'done', true, 'done', lost]);

    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await open(full, 'quota');
    expect(await result(full, `
      const log = await store.log('a');
      const { nextSeq } = log;
      await log.append([new Uint8Array(8 << 20)], nextSeq, 'sync');
      await store.blobs.put('b', [new Uint8Array(8 << 20)]);
      return log.nextSeq - nextSeq;
    `)).toBe(1);
    await close(full);
    await full.close();
  });

  it('opens a connection again that was lost, and finishes what was cut short', async () => {
    await open(page, 'lost');
    expect(await result(page, `
      const log = await store.log('a');
      const { transaction } = IDBDatabase.prototype;
      let lose; // how to lose the next transaction that writes
      let lost = 0;
      IDBDatabase.prototype.transaction = function (stores, mode, options) {
        if (!lose || (mode === 'readonly' && lose !== 'before')) return transaction.call(this, stores, mode, options);
        const how = lose;
        lose = undefined;
        lost++;
        if (how === 'before') this.close();
        const tx = transaction.call(this, stores, mode, options);
        // done, but it is not known
        if (how === 'after') {
          const { addEventListener } = tx;
          tx.addEventListener = (type, listener) => type !== 'complete' && addEventListener.call(tx, type === 'abort' ? 'complete' : type, listener);
        } else queueMicrotask(() => tx.abort());
        return tx;
      };
      try {
        let seq = 1;
        for (const how of ['before', 'within', 'after']) {
          for (const durability of ['sync', 'flush', 'none']) {
            lose = how;
            await log.append([help.bytes(seq)], seq, durability);
            await log.sync();
            seq++;
          }
          lose = how;
          await store.blobs.put('b', [help.bytes(seq)]);
          const { etag } = await store.blobs.get('b');
          lose = how;
          await store.blobs.putIfMatch('b', help.bytes(100 + seq), etag);
          lose = how;
          await store.blobs.putIfAbsent(how, help.bytes(seq));
        }
        lose = 'before';
        const entries = await help.entries(log);
        lose = 'after';
        await log.trim(5);
        return [lost, entries.map(([, [[value]]]) => value), [...(await store.blobs.get('b')).bytes], (await store.blobs.list('')).length, (await help.entries(log, 5)).length];
      } finally {
        IDBDatabase.prototype.transaction = transaction;
      }
    `)).toEqual([20, [1, 2, 3, 4, 5, 6, 7, 8, 9], [110], 4, 5]);
    await close(page);
    await open(page, 'lost');
    expect(await result(page, `
      const parts = await help.raw('lost', 'parts', (rows) => rows.getAllKeys());
      const log = await store.log('a');
      return [parts.length, log.nextSeq, (await help.entries(log, 5)).length];
    `)).toEqual([4, 10, 5]);
    await close(page);
  });

  it('takes no more where it cannot be known what is there', async () => {
    await open(page, 'unknown');
    expect(await result(page, `
      const log = await store.log('a');
      await log.append([help.bytes(1)], 1, 'sync');
      const { transaction } = IDBDatabase.prototype;
      IDBDatabase.prototype.transaction = function (...given) {
        const tx = transaction.apply(this, given);
        queueMicrotask(() => tx.abort());
        return tx;
      };
      const codes = [];
      const told = (promise) => promise.then(() => codes.push('none'), ({ code }) => codes.push(code));
      await told(log.append([help.bytes(2)], 2, 'sync'));
      IDBDatabase.prototype.transaction = transaction;
      await told(log.append([help.bytes(2)], 2, 'sync'));
      const again = await store.log('a');
      await told(again.append([help.bytes(2)], 2, 'sync'));
      return [codes, await help.entries(again)];
    `)).toEqual([['STORAGE_FAILED', 'STORAGE_FAILED', 'none'], [[1, [[1]]], [2, [[2]]]]]);
    await close(page);
  });

  it('lets others delete the database, and says so', async () => {
    await open(page, 'deleted');
    await result(page, `globalThis.log = await store.log('a'); await log.append([help.bytes(1)], 1, 'sync');`);
    const other = await newPage();
    await result(other, `await help.deleteDatabase('deleted')`);
    expect(await run(page, `await log.append([help.bytes(2)], 2, 'sync')`)).toMatchObject({
      code: 'STORAGE_FAILED', message: 'deleted: expected the database that was opened, got none: it was deleted',
    });
    expect(await run(page, `await store.blobs.get('a')`)).toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await page.evaluate(async () => (await indexedDB.databases()).some(({ name }) => name === 'deleted'))).toBe(false);
    await close(page);
    expect(await open(page, 'deleted')).toEqual({ epoch: 1 });
    // deleted and made anew, with the same epoch
    await result(other, `
      await help.deleteDatabase('deleted');
      Object.defineProperty(navigator, 'locks', { value: undefined });
      await (await help.storeIn('deleted').open({ readOnly: false })).close();
    `);
    expect(await run(page, `await store.blobs.put('a', [])`)).toMatchObject({
      code: 'STORAGE_FAILED', message: 'deleted: expected the database that was opened, got another one: it was deleted and made anew',
    });
    await close(page);
    await other.close();
  });

  it('refuses to write where another one writes, even without locks', async () => {
    await open(page, 'epochs');
    await result(page, `globalThis.log = await store.log('a'); await log.append([help.bytes(1)], 1, 'sync');`);
    const other = await newPage();
    await result(other, `Object.defineProperty(navigator, 'locks', { value: undefined })`);
    expect(await open(other, 'epochs')).toEqual({ epoch: 2 });
    expect(await run(other, `await help.storeIn('epochs').open({ readOnly: false })`)).toMatchObject({ code: 'STORE_LOCKED' });
    const refused = { code: 'STORAGE_FAILED', message: 'epochs: expected to be its only writer, got another one; it must be opened anew' };
    expect(await run(page, `await store.blobs.put('b', [help.bytes(1)])`)).toMatchObject(refused);
    expect(await run(page, `await log.append([help.bytes(2)], 2, 'flush')`)).toMatchObject(refused);
    expect(await result(other, `
      const log = await store.log('a');
      await log.append([help.bytes(3)], 2, 'sync');
      return [await help.entries(log), await store.blobs.list('')];
    `)).toEqual([[[1, [[1]]], [2, [[3]]]], []]);
    await close(other);
    await other.close();
    await close(page);
  });

  it('is locked for a second page, and free when the first is no more', async () => {
    for (const end of [crash, (other) => other.close({ runBeforeUnload: false }), close]) {
      const first = await newPage();
      const { epoch } = await open(first, 'pages');
      const start = performance.now();
      expect(await open(page, 'pages')).toEqual({ code: 'STORE_LOCKED', message: 'pages: expected a store that is not open for writing, got one that is, in another page or worker' });
      expect(performance.now() - start).toBeLessThan(5000);
      await end(first);
      expect(await result(page, `const opened = await help.openSoon('pages'); await opened.close(); return opened.epoch;`)).toBe(epoch + 1);
      if (end === close) await first.close();
    }
  });

  it(`loses nothing acknowledged when pages are killed, ${KILLS} times`, async () => {
    const told = { seq: 0, blob: 0 };
    for (let kill = 0; kill < KILLS; kill++) {
      await writeUntilKilled('killed', { durability: kill % 2 ? 'sync' : 'flush', writes: 1 + (kill * 5) % 13 }, told, kill % 3 ? crash : (one) => one.close({ runBeforeUnload: false }));
    }
    const found = await page.evaluate((bytes) => globalThis.tests.check('killed', bytes), RECORD_BYTES);
    expectAll(found, told);
    expect(told.seq).toBeGreaterThan(KILLS);
    expect(told.blob).toBeGreaterThan(0);
  });

  it('loses nothing acknowledged when the browser is killed', async () => {
    const told = { seq: 0, blob: 0 };
    for (const durability of ['sync', 'flush', 'flush']) {
      await writeUntilKilled('killed-browser', { durability, writes: 5 }, told, async () => {
        // Killed within some 50 ms of its first writes, Chromium once had nothing of the database any more.
        await new Promise((resolve) => setTimeout(resolve, 200));
        await instance.kill();
      });
      instance = await launchOnDisk(profile);
    }
    page = await newPage();
    expectAll(await page.evaluate((bytes) => globalThis.tests.check('killed-browser', bytes), RECORD_BYTES), told);
    expect(told.seq).toBeGreaterThan(3);
  });

  /** In a page of its own: looks whether all is there that was told before, and writes on until, some time after `writes` were told, `kill`. */
  async function writeUntilKilled(name, { durability, writes }, told, kill) {
    // By count: by time alone, a loaded machine might never come to a blob.
    let left = writes, enough = () => {};
    const writer = await newPage(({ seq, blob }) => {
      told.seq = Math.max(told.seq, seq);
      told.blob = Math.max(told.blob, blob);
      if (--left <= 0) enough();
    });
    expectAll(await writer.evaluate(([...given]) => globalThis.tests.check(...given), [name, RECORD_BYTES]), told);
    const written = new Promise((resolve) => { enough = resolve; });
    const writing = writer.evaluate(([...given]) => globalThis.tests.write(...given), [name, durability, RECORD_BYTES]).catch((error) => error);
    const ended = await Promise.race([written, writing]);
    if (ended) throw ended;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    await kill(writer);
    expect(String(await writing)).toMatch(/closed|crash/i);
  }

  function expectAll(found, told) {
    expect(found.seq).toBeGreaterThanOrEqual(told.seq);
    expect(found.blob).toBeGreaterThanOrEqual(told.blob);
  }

  async function crash(victim) {
    const session = await instance.context.newCDPSession(victim);
    const crashed = victim.waitForEvent('crash');
    session.send('Page.crash').catch(() => {});
    await crashed;
    await victim.close();
  }
});

/** A browser of our own that keeps its data in a folder, and that can be killed: other than playwright's, which are in memory or end in order. */
async function launchOnDisk(folder) {
  const child = spawn(executablePath, [
    '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank',
  ], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
      const found = /DevTools listening on (\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    void exited.then(() => reject(new Error(`Chromium has ended: ${said}`)));
  });
  const browser = await chromium.connectOverCDP(url);
  return {
    context: browser.contexts()[0],
    async kill() {
      process.kill(-child.pid, 'SIGKILL'); // with its helpers
      await exited;
      await browser.close().catch(() => {});
    },
  };
}
