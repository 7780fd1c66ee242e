/** Who may write, among processes that are started, killed and race. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { fs } from '../../ts/storage/fs.js';
import { SimulatedFiles } from './simulated-files.js';
import { temporaryFolder } from './stores.js';

/** Opens the store at the path it was given when told to, says what came of it, and does as it is told: `close`, `append`. */
const CHILD = `
  import { fs, provideFiles } from './ts/storage/fs.ts';
  import { nodeFiles } from './ts/storage/node-files.ts';
  import { createInterface } from 'node:readline';
  provideFiles(nodeFiles);
  let store;
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      if (line === 'open') store = await fs(process.argv[2]).open({ readOnly: false });
      if (line === 'close') await store.close();
      if (line === 'append') {
        const log = await store.log('a');
        await log.append([new Uint8Array(10)], log.nextSeq, 'sync');
      }
      console.log('done ' + store.epoch);
    } catch (error) {
      console.log(error.code + ' ' + error.message);
    }
  }
`;

let script;
beforeAll(() => {
  script = join(temporaryFolder(), 'child.mjs');
  const resolveDir = fileURLToPath(new URL('../..', import.meta.url));
  buildSync({ stdin: { contents: CHILD, resolveDir, loader: 'ts' }, bundle: true, format: 'esm', platform: 'node', target: 'node20', outfile: script });
});

async function start(path) {
  const child = spawn(process.execPath, [script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  expect(await next()).toBe('ready');
  return {
    pid: child.pid,
    async tell(what) {
      child.stdin.write(`${what}\n`);
      return next();
    },
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const locks = (path) => readdirSync(path).filter((name) => name.startsWith('lock-'));

describe('the lock', () => {
  it('keeps a second process out, at once, and says which has it', async () => {
    const path = join(temporaryFolder(), 'data');
    const holder = await start(path);
    expect(await holder.tell('open')).toBe('done 1');
    const other = await start(path);
    const began = performance.now();
    const answer = await other.tell('open');
    expect(performance.now() - began).toBeLessThan(2000);
    expect(answer).toMatch(/^STORE_LOCKED /);
    expect(answer).toContain(`in process ${holder.pid} on `);
    await expect(fs(path).open({ readOnly: false })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    const reader = await fs(path).open({ readOnly: true });
    await reader.close();
    expect(await holder.tell('close')).toBe('done 1');
    expect(await other.tell('open')).toBe('done 2');
    expect(await other.tell('append')).toBe('done 2');
    await holder.kill();
    await other.kill();
  });

  it('goes to the next at once when its process was killed', async () => {
    const path = join(temporaryFolder(), 'data');
    for (let epoch = 1; epoch <= 3; epoch++) {
      const holder = await start(path);
      expect(await holder.tell('open')).toBe(`done ${epoch}`);
      expect(await holder.tell('append')).toBe(`done ${epoch}`);
      await holder.kill();
    }
    const store = await fs(path).open({ readOnly: false });
    expect(store.epoch).toBe(4);
    expect((await store.log('a')).nextSeq).toBe(4);
    await store.close();
    expect(locks(path)).toEqual(['lock-00000004']);
    expect(readdirSync(path).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
  });

  it('goes to exactly one of 20 that want it when its process was killed', async () => {
    const path = join(temporaryFolder(), 'data');
    const racers = await Promise.all(Array.from({ length: 20 }, () => start(path)));
    for (let round = 0; round < 3; round++) {
      const holder = await start(path);
      expect(await holder.tell('open')).toMatch(/^done /);
      await holder.kill();
      const answers = await Promise.all(racers.map((racer) => racer.tell('open')));
      expect(answers.filter((answer) => answer.startsWith('done '))).toHaveLength(1);
      expect(answers.filter((answer) => answer.startsWith('STORE_LOCKED '))).toHaveLength(racers.length - 1);
      const [winner] = racers.splice(answers.findIndex((answer) => answer.startsWith('done ')), 1);
      expect(locks(path)).toHaveLength(1);
      expect(await winner.tell('append')).toMatch(/^done /);
      await winner.kill();
    }
    for (const racer of racers) await racer.kill();
  });

  it('goes to exactly one of many that open and close as fast as they can', async () => {
    const path = join(temporaryFolder(), 'data');
    let open = 0;
    const epochs = [];
    await Promise.all(Array.from({ length: 6 }, async () => {
      const process = await start(path);
      while (epochs.length < 20) {
        const answer = await process.tell('open');
        if (!answer.startsWith('done ')) {
          expect(answer).toMatch(/^STORE_LOCKED /);
          continue;
        }
        expect(++open).toBe(1);
        epochs.push(Number(answer.slice(5)));
        expect(await process.tell('append')).toBe(answer);
        open--; // before it is told to close: another may have it before the answer is here
        await process.tell('close');
      }
      await process.kill();
    }));
    expect(new Set(epochs).size).toBe(epochs.length);
    const store = await fs(path).open({ readOnly: false });
    expect((await store.log('a')).nextSeq).toBe(epochs.length + 1);
    await store.close();
  });

  it('of a process on another machine is held as long as it is touched', async () => {
    const path = join(temporaryFolder(), 'data');
    await (await fs(path).open({ readOnly: false })).close();
    const [name] = locks(path);
    const content = JSON.parse(readFileSync(join(path, name), 'utf8'));
    writeFileSync(join(path, name), JSON.stringify({ ...content, host: 'elsewhere', space: 'another boot', pid: 1, isFree: false, isClean: false }));
    await expect(fs(path).open({ readOnly: false })).rejects.toMatchObject({ code: 'STORE_LOCKED', message: expect.stringContaining('elsewhere') });
    const before = new Date(Date.now() - 31_000);
    utimesSync(join(path, name), before, before);
    const store = await fs(path).open({ readOnly: false });
    expect(store.epoch).toBe(2);
    await store.close();
  });

  it('of a process whose number another one has now is free', async () => {
    const path = join(temporaryFolder(), 'data');
    await (await fs(path).open({ readOnly: false })).close();
    const [name] = locks(path);
    const content = JSON.parse(readFileSync(join(path, name), 'utf8'));
    writeFileSync(join(path, name), JSON.stringify({ ...content, pid: process.ppid, started: '1', isFree: false, isClean: false }));
    await (await fs(path).open({ readOnly: false })).close();
    writeFileSync(join(path, locks(path)[0]), JSON.stringify({ ...content, isFree: false, isClean: false }));
    await expect(fs(path).open({ readOnly: false })).rejects.toMatchObject({ code: 'STORE_LOCKED', message: expect.stringContaining('in this process') });
  });

  it('that was lost is noticed, and no more is written', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const files = new SimulatedFiles();
      const store = await fs('/data', { files }).open({ readOnly: false });
      const log = await store.log('a');
      await log.append([new Uint8Array(1)], 1, 'sync');
      await vi.advanceTimersByTimeAsync(6000);
      expect(files.calls.at(-1)).toBe('touch /data/lock-00000001');
      files.replace('/data/lock-00000002', new Uint8Array(1));
      await vi.advanceTimersByTimeAsync(6000);
      const lost = { code: 'STORAGE_FAILED', message: expect.stringContaining('the lock was lost') };
      await expect(log.append([new Uint8Array(1)], 2, 'sync')).rejects.toMatchObject(lost);
      await expect(store.blobs.put('b', [new Uint8Array(1)])).rejects.toMatchObject(lost);
      const calls = files.calls.length;
      await store.close().catch(() => {});
      expect(files.calls.slice(calls).filter((call) => /^(write|create|rename|link)/.test(call))).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('in pieces is that of a process that has just begun, and later of none', async () => {
    const path = join(temporaryFolder(), 'data');
    await (await fs(path).open({ readOnly: false })).close();
    const file = join(path, locks(path)[0]);
    writeFileSync(file, '{"pid":');
    await expect(fs(path).open({ readOnly: false })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    const before = new Date(Date.now() - 31_000);
    utimesSync(file, before, before);
    await (await fs(path).open({ readOnly: false })).close();
  });
});
