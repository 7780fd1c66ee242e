/** What is peculiar to stores in folders; what all stores must do is in conformance.js. */
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fs } from '../../ts/storage/fs.js';
import { cases } from './conformance.js';
import { SimulatedFiles } from './simulated-files.js';
import { temporaryFolder, stores } from './stores.js';

const record = (...values) => Uint8Array.from(values);
const all = async (log, from = 1) => {
  const found = [];
  for await (const { records } of log.read(from)) found.push(...records.map((bytes) => [...bytes]));
  return found;
};
const open = (files, options) => fs('/data', { files, ...options }).open({ readOnly: false });

describe('fs', () => {
  for (const { name, run } of cases) it(name, () => run(stores.fs.make));
});

describe('fs, simulated, with log files of 1 KB', () => {
  for (const { name, run } of cases) it(name, () => run(() => fs('/data', { files: new SimulatedFiles(), logFileBytes: 1024 })));
});

describe('the folder of a store', () => {
  it('is made with those above it, and may be given relatively, and by a link', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a/b/c');
    const store = await fs(relative(process.cwd(), path)).open({ readOnly: false });
    await store.blobs.put('x', [record(1)]);
    expect(existsSync(join(path, 'vectile.json'))).toBe(true);
    symlinkSync(path, join(folder, 'link'));
    await expect(fs(join(folder, 'link')).open({ readOnly: false })).rejects.toMatchObject({ code: 'STORE_LOCKED', message: expect.stringContaining('in this process') });
    await store.close();
  });

  it('is refused if it holds something else', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'thesis.txt'), 'mine');
    await expect(fs(folder).open({ readOnly: false })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('thesis.txt') });
    await expect(fs(folder).open({ readOnly: true })).rejects.toMatchObject({ code: 'STORE_MISSING' });
    expect(readdirSync(folder)).toEqual(['thesis.txt']);
  });

  it('is refused where a file is, or below one', async () => {
    const path = join(temporaryFolder(), 'thesis.txt');
    writeFileSync(path, 'mine');
    for (const at of [path, `${path}/database`]) {
      await expect(fs(at).open({ readOnly: false }), at).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`got ${at}, where a file is`) });
    }
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('is refused if another release has written it, and the lock is given back', async () => {
    const folder = temporaryFolder();
    await (await fs(folder).open({ readOnly: false })).close();
    const marker = readFileSync(join(folder, 'vectile.json'));
    for (const [content, code] of [['{"format":2}', 'STORAGE_VERSION'], ['{"form', 'STORAGE_CORRUPT'], ['', 'STORAGE_CORRUPT']]) {
      writeFileSync(join(folder, 'vectile.json'), content);
      for (const readOnly of [false, true]) await expect(fs(folder).open({ readOnly })).rejects.toMatchObject({ code, message: expect.stringContaining('vectile.json') });
    }
    writeFileSync(join(folder, 'vectile.json'), marker);
    await (await fs(folder).open({ readOnly: false })).close();
  });

  it('is not left by names', async () => {
    const store = await stores.fs.make().open({ readOnly: false });
    for (const name of ['../a', 'a/../b', '/a', 'a//b', '', '.tmp-a', 'A', 'a/', 'a\\b', 'a\0b']) {
      await expect((async () => store.blobs.put(name, [record(1)]))(), name).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect((async () => store.log(name))(), name).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    await store.close();
  });

  it('loses folders with their last file, but for the first', async () => {
    const folder = temporaryFolder();
    const store = await fs(folder).open({ readOnly: false });
    const log = await store.log('shards/a/log');
    await log.append([Uint8Array.of(1)], 1, 'sync');
    await log.close();
    for (const name of ['shards/a/one', 'shards/b/one']) await store.blobs.put(name, [Uint8Array.of(1)]);
    await store.blobs.delete('shards/a/one');
    expect(readdirSync(join(folder, 'shards')).sort()).toEqual(['a', 'b']);
    await store.deleteLog('shards/a/log');
    expect(readdirSync(join(folder, 'shards'))).toEqual(['b']);
    await store.blobs.delete('shards/b/one');
    expect(readdirSync(join(folder, 'shards'))).toEqual([]);
    await store.close();
  });

  it('does not keep what a killed process was putting', async () => {
    const files = new SimulatedFiles();
    const store = await open(files);
    await store.blobs.put('a/x', [record(1)]);
    files.failAt(1, 'stop', { only: /a\/x$/ });
    files.failAt(3, 'stop', { only: /\.tmp-/ });
    await store.blobs.put('a/x', [record(2)]).catch(() => {});
    const left = files.kill();
    expect(left.paths().some((path) => path.includes('.tmp-'))).toBe(true);
    const again = await open(left);
    expect(left.paths().some((path) => path.includes('.tmp-'))).toBe(false);
    expect([...(await again.blobs.get('a/x')).bytes]).toEqual([1]);
    await again.close();
  });

  it('sees to very many folders after a crash when they are used, and not before', async () => {
    const files = new SimulatedFiles();
    const store = await open(files);
    const folders = Array.from({ length: 1100 }, (_, i) => `shards/${String(i).padStart(4, '0')}`);
    for (const folder of folders) await store.blobs.put(`${folder}/x`, [record(1)]);
    const last = folders.at(-1);
    files.failAt(3, 'stop', { only: /\.tmp-/ });
    await store.blobs.put(`${last}/x`, [record(2)]).catch(() => {});
    let left = files.kill();
    const temporaries = () => left.paths().filter((path) => path.includes('.tmp-'));
    expect(temporaries()).toHaveLength(1);
    for (let round = 0; round < 2; round++) { // nor is it forgotten where it was not used before the store was closed
      const again = await open(left);
      expect([...(await again.blobs.get(`${folders[0]}/x`)).bytes]).toEqual([1]);
      expect(temporaries()).toHaveLength(1);
      await again.close();
    }
    for (const use of ['get', 'list', 'delete', 'log', 'put']) {
      left = files.kill();
      const again = await open(left);
      if (use === 'log') await (await again.log(`${last}/log`)).close();
      else if (use === 'put') await again.blobs.put(`${last}/y`, [record(3)]);
      else await again.blobs[use](use === 'list' ? `${last}/` : `${last}/x`);
      expect({ use, temporaries: temporaries() }).toEqual({ use, temporaries: [] });
      await again.close();
    }
  });

  it('keeps no more than 64 files open for reading, and reads on', async () => {
    const store = await stores.fs.make().open({ readOnly: false });
    for (let i = 0; i < 100; i++) await store.blobs.put(`a/${i}`, [record(i)]);
    for (let round = 0; round < 2; round++) for (let i = 0; i < 100; i++) expect([...store.blobs.getRangeSync(`a/${i}`, 0, 1)]).toEqual([i]);
    const links = readdirSync('/proc/self/fd').length;
    expect(links).toBeLessThan(64 + 60);
    await store.close();
  });

  it('gives a reader a blob that it has begun to read, though it is deleted', async () => {
    const place = stores.fs.make();
    const store = await place.open({ readOnly: false });
    await store.blobs.put('a', [record(1, 2, 3)]);
    const reader = await place.open({ readOnly: true });
    expect([...reader.blobs.getRangeSync('a', 0, 1)]).toEqual([1]);
    await store.blobs.delete('a');
    expect([...reader.blobs.getRangeSync('a', 1, 2)]).toEqual([2, 3]);
    await reader.close();
    await store.close();
  });
});

describe('a log of several files', () => {
  const grow = async (files, until) => {
    const store = await open(files, { logFileBytes: 400 });
    const log = await store.log('a');
    for (let seq = log.nextSeq; seq < until; seq += 2) await log.append([record(seq), record(seq + 1)], seq, 'flush');
    return { store, log };
  };
  const logFiles = (files) => files.paths().filter((path) => path.endsWith('.log'));

  it('is read through, from any record', async () => {
    const files = new SimulatedFiles();
    const { store, log } = await grow(files, 61);
    expect(logFiles(files).length).toBeGreaterThan(3);
    for (let from = 1; from <= 61; from++) {
      const found = await all(log, from);
      expect(found[0]?.[0]).toBe(from > 60 ? undefined : from - ((from - 1) % 2));
      expect(found.at(-1)?.[0]).toBe(from > 60 ? undefined : 60);
    }
    await store.close();
  });

  it('is trimmed by whole files, and says what is gone', async () => {
    const files = new SimulatedFiles();
    const { store, log } = await grow(files, 61);
    const before = logFiles(files);
    const bytes = log.bytes;
    await log.trim(30);
    const after = logFiles(files);
    expect(after.length).toBeLessThan(before.length);
    expect(log.bytes).toBeLessThan(bytes);
    expect((await all(log, 30)).at(-1)).toEqual([60]);
    await expect(all(log, 1)).rejects.toMatchObject({ code: 'LOG_CONFLICT' });
    await log.trim(61);
    expect(logFiles(files)).toEqual(['/data/a/0000000000000061.log']);
    await store.close();
    const again = await open(files);
    expect((await again.log('a')).nextSeq).toBe(61);
    await again.close();
  });

  it('is refused when a file in the middle is missing or damaged', async () => {
    const files = new SimulatedFiles();
    const { store } = await grow(files, 61);
    await store.close();
    const [, second, third] = logFiles(files);
    for (const [path, damage] of [
      [third, (copy) => copy.unlink(second)], [second, (copy) => copy.flip(second, 8 * 100)], [second, (copy) => copy.replace(second, copy.contentOf(second).subarray(0, -8))],
    ]) {
      const copy = files.kill();
      await damage(copy);
      const opened = await open(copy);
      await expect((async () => all(await opened.log('a')))()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringContaining(path) });
      await opened.close();
    }
  });

  it('is deleted with all its files', async () => {
    const files = new SimulatedFiles();
    const { store, log } = await grow(files, 61);
    await log.close();
    await store.deleteLog('a');
    expect(logFiles(files)).toEqual([]);
    expect(await store.logs('')).toEqual([]);
    await store.close();
  });
});

describe('what a log was told with `flush` and `none`', () => {
  it('is on its way within a second, without a sync', async () => {
    const files = new SimulatedFiles();
    const store = await open(files);
    const log = await store.log('a');
    await log.append([record(1)], 1, 'none');
    expect(files.contentOf('/data/a/0000000000000001.log').length).toBe(0);
    await expect.poll(() => files.contentOf('/data/a/0000000000000001.log').length, { timeout: 10_000 }).toBeGreaterThan(0);
    await expect.poll(() => files.calls.includes('sync /data/a/0000000000000001.log'), { timeout: 10_000 }).toBe(true);
    for (let seed = 0; seed < 20; seed++) {
      const after = await open(files.crash(seed));
      expect(await all(await after.log('a'))).toEqual([[1]]);
    }
    await store.close();
  });

  it('survives the end of the process, if it was `flush`', async () => {
    const files = new SimulatedFiles();
    const log = await (await open(files)).log('a');
    await log.append([record(1)], 1, 'none');
    await log.append([record(2)], 2, 'flush');
    await log.append([record(3)], 3, 'none');
    const after = await open(files.kill());
    expect(await all(await after.log('a'))).toEqual([[1], [2]]);
    await after.close();
  });
});

describe('faults', () => {
  /** A script of all that is done to a store; what was acknowledged is counted. */
  async function play(files) {
    const done = { appended: 0, blob: 0 };
    const errors = [];
    const attempt = async (work) => {
      try {
        await work();
        return true;
      } catch (error) {
        errors.push(error);
        return false;
      }
    };
    let store;
    if (!(await attempt(async () => { store = await open(files, { logFileBytes: 200 }); }))) return { done, errors };
    let log;
    await attempt(async () => { log = await store.log('l/a'); });
    for (let i = 1; i <= 6 && log; i++) {
      if (await attempt(() => log.append([record(done.appended + 1)], log.nextSeq, 'sync'))) done.appended++;
      if (await attempt(() => store.blobs.put('b/x', [record(i)]))) done.blob = i;
    }
    if (log) await attempt(() => log.trim(3));
    if (log) await attempt(() => log.close());
    await attempt(() => store.close());
    return { done, errors };
  }

  for (const kind of ['EIO', 'ENOSPC', 'EMFILE', 'short', 'sync']) {
    it(`${kind} at every call: an error with its code, nothing acknowledged is lost, and the next opening works`, async () => {
      for (let n = 1; ; n++) {
        const files = new SimulatedFiles();
        files.failAt(n, kind);
        const { done, errors } = await play(files);
        if (!files.failed) {
          expect(errors).toEqual([]);
          expect(n).toBeGreaterThan(5);
          return;
        }
        for (const error of errors) expect(['STORAGE_FULL', 'STORAGE_FAILED'], `${kind} ${n}: ${error.stack}`).toContain(error.code);
        if (kind === 'short') expect(errors).toEqual([]);
        for (const left of [files.kill(), files.crash(n), files.crash(-n)]) {
          const store = await open(left).catch((error) => { throw new Error(`${kind} ${n}: ${error.message}`, { cause: error }); });
          const log = await store.log('l/a');
          const first = log.nextSeq <= 3 ? 1 : 3;
          const found = await all(log, first);
          // an append that failed may be there all the same, as the last one
          expect(log.nextSeq - 1, `${kind} ${n}`).toBeGreaterThanOrEqual(done.appended);
          expect(log.nextSeq - 1).toBeLessThanOrEqual(done.appended + 1);
          expect(found.at(-1)?.[0] ?? 0).toBe(log.nextSeq - 1);
          const blob = (await store.blobs.get('b/x'))?.bytes[0] ?? 0;
          expect(blob, `${kind} ${n}`).toBeGreaterThanOrEqual(done.blob);
          await log.append([record(99)], log.nextSeq, 'sync');
          await store.close();
        }
      }
    });
  }

  it('a full disk: appends are refused with STORAGE_FULL, the log is as it was, and goes on when there is room', async () => {
    const files = new SimulatedFiles();
    const store = await open(files);
    const log = await store.log('a');
    await log.append([record(1)], 1, 'sync');
    files.failAt(1, 'ENOSPC', { lasting: true });
    for (const durability of ['sync', 'flush']) await expect(log.append([new Uint8Array(5000)], 2, durability)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    await expect(store.blobs.put('b', [record(1)])).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(log.nextSeq).toBe(2);
    expect(await all(log)).toEqual([[1]]);
    files.heal();
    await log.append([record(2)], 2, 'sync');
    expect(await all(log)).toEqual([[1], [2]]);
    expect(await store.blobs.get('b')).toBe(undefined);
    await store.close();
    const again = await open(files);
    expect(await all(await again.log('a'))).toEqual([[1], [2]]);
    await again.close();
  });

  it('what is left of an append that failed is not taken for damage of the one written over it', async () => {
    const files = new SimulatedFiles();
    const store = await open(files);
    const log = await store.log('a');
    await log.append([record(1)], 1, 'sync');
    files.failAt(1, 'ENOSPC', { only: /\.log$/ });
    await expect(log.append([new Uint8Array(9000).fill(7)], 2, 'flush')).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    await log.append([new Uint8Array(3000).fill(8)], 2, 'flush');
    for (let seed = 0; seed < 500; seed++) {
      const after = await open(files.crash(seed));
      expect((await all(await after.log('a')))[0]).toEqual([1]);
    }
    await store.close();
  });

  it('a failed sync is final for the log, never tried again, and what follows a new opening is durable', async () => {
    const files = new SimulatedFiles();
    const store = await open(files);
    const log = await store.log('a');
    await log.append([record(1)], 1, 'sync');
    files.failAt(1, 'sync', { only: /\.log$/ });
    await expect(log.append([record(2)], 2, 'sync')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    const calls = files.calls.length;
    for (const durability of ['sync', 'flush', 'none']) await expect(log.append([record(3)], log.nextSeq, durability)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(log.sync()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(files.calls.slice(calls).filter((call) => /^(sync|write)/.test(call))).toEqual([]);
    await log.close().catch(() => {});
    await store.close().catch(() => {});
    const again = await open(files);
    const next = await again.log('a');
    const there = next.nextSeq;
    await next.append([record(4)], there, 'sync');
    const expected = await all(next);
    for (let seed = 0; seed < 50; seed++) {
      const after = await open(files.crash(seed));
      expect(await all(await after.log('a'))).toEqual(expected);
    }
    await again.close();
  });

  it('the folder of a log that could not be opened to be synced fails that call alone', async () => {
    const files = new SimulatedFiles();
    const store = await open(files);
    const other = await store.log('other');
    await other.append([record(1)], 1, 'sync');
    const log = await store.log('a');
    for (const only of [/^\/data\/a$/, /^\/data$/]) {
      files.failAt(1, 'EMFILE', { only });
      await expect(log.append([record(1)], 1, 'sync')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      await other.append([record(2)], other.nextSeq, 'sync');
    }
    expect(files.failed).toBe(2);
    await log.append([record(3)], 1, 'sync');
    for (let seed = 0; seed < 50; seed++) {
      const after = await open(files.crash(seed));
      expect(await all(await after.log('a'))).toEqual([[3]]);
    }
    await store.close();
    const closed = await open(files);
    expect(await all(await closed.log('other'))).toEqual([[1], [2], [2]]);
    await closed.close();
  });

  it('an error in the background is told by the next call', async () => {
    const files = new SimulatedFiles();
    const store = await open(files);
    const log = await store.log('a');
    await log.append([record(1)], 1, 'sync');
    files.failAt(1, 'EIO', { only: /\.log$/ });
    await log.append([record(2)], 2, 'none');
    await expect(log.sync()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(log.append([record(3)], 3, 'none')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await store.close().catch(() => {});
    const again = await open(files);
    expect(await all(await again.log('a'))).toEqual([[1]]);
    await again.close();
  });

  it('an unreadable file is not taken for a missing or an empty one', async () => {
    const files = new SimulatedFiles();
    const store = await open(files);
    const log = await store.log('a');
    await log.append([record(1)], 1, 'sync');
    await store.blobs.put('b', [record(1)]);
    await store.close();
    for (let n = 1; ; n++) {
      const copy = files.kill();
      copy.failAt(n, 'EIO', { only: /\/(a|b)(\/|$)/ });
      let count;
      try {
        const again = await open(copy);
        count = [(await all(await again.log('a'))).length, (await again.blobs.get('b')).bytes.length];
      } catch (error) {
        expect(error.code).toBe('STORAGE_FAILED');
        continue;
      }
      expect(count).toEqual([1, 1]);
      if (!copy.failed) break;
    }
  });
});
