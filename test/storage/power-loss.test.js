/**
 * Power cuts at the level of stores: scripts of appends, puts and trims on a simulated disk, cut off at any call, some with faults
 * before. What must hold of what is found then:
 *
 *   - a log is a prefix of what was appended, in order, in whole appends, and holds all that was acknowledged with `sync`;
 *     of appends that failed, whole ones may be there, if they were the last before an end
 *   - a blob is what was put last, if that was acknowledged; else that or what was there before, never a part; one that was
 *     deleted may come back, unless `syncDeleted` was asked for
 *   - the store opens, the epoch has grown, and more can be appended
 */
import { describe, it } from 'vitest';
import { fs } from '../../ts/storage/fs.js';
import { randomOf, SimulatedFiles } from './simulated-files.js';

const SEEDS = Number(process.env.VECTILE_SEEDS ?? 2000);
const FIRST = Number(process.env.VECTILE_SEED ?? 1);
const text = new TextEncoder();
const names = ['meta/current', 'parts/a', 'parts/b', 'c'];

/** What a script may assert afterwards. */
class Model {
  /** Records as text, by number; those below `synced` must be there; the log may not reach `tried`. */
  records = [undefined];
  synced = 1;
  trimmed = 1;
  epoch = 0;
  /** Whether the last life came to a regular end. */
  wasClosed = false;
  /** First numbers of appends. */
  starts = new Set();
  /** What a name may stand for: undefined if nothing. */
  blobs = new Map(names.map((name) => [name, [undefined]]));
}

/** `expect` is too slow for this. */
function must(holds, expected, got) {
  if (!holds) throw new Error(`expected ${expected}, got ${got}`);
}

async function play(files, random, model, steps) {
  const store = await fs('/data', { files, logFileBytes: random() < 0.5 ? 4096 : undefined }).open({ readOnly: false });
  must(store.epoch > model.epoch, 'epoch', store.epoch);
  model.epoch = store.epoch;
  await check(store, model);
  model.wasClosed = false;
  let log = await store.log('logs/a');
  model.records.length = log.nextSeq;
  const bytesOf = (length) => Uint8Array.from({ length }, () => (random() < 0.3 ? 0 : Math.floor(random() * 256)));
  for (let i = 0; i < steps; i++) {
    const kind = random();
    if (kind < 0.6) {
      const durability = ['sync', 'sync', 'flush', 'none'][Math.floor(random() * 4)];
      const long = random() < 0.2;
      const records = Array.from({ length: 1 + Math.floor(random() * 4) }, () => (random() < 0.1 ? new Uint8Array(1500) : bytesOf(Math.floor(random() * (long ? 3000 : 60)))));
      const seq = log.nextSeq;
      model.starts.add(seq);
      model.records.length = seq;
      model.records.push(...records);
      try {
        await log.append(records, seq, durability);
        if (durability === 'sync') model.synced = log.nextSeq;
      } catch (error) {
        if (isStopped(error) || !isStorageError(error)) throw error;
        if (log.nextSeq === seq && (await isUsable(log))) model.records.length = seq;
        else {
          // it is to be opened anew, as the database does
          await log.close().catch(() => {});
          log = await store.log('logs/a');
          await check(store, model, log);
          model.records.length = log.nextSeq;
          model.synced = log.nextSeq;
        }
      }
    } else if (kind < 0.65) {
      await attempt(async () => { await log.sync(); model.synced = log.nextSeq; });
    } else if (kind < 0.7) {
      const to = 1 + Math.floor(random() * (log.nextSeq + 1));
      model.trimmed = Math.max(model.trimmed, Math.min(to, log.nextSeq));
      await attempt(() => log.trim(to));
    } else if (kind < 0.95) {
      const name = names[Math.floor(random() * names.length)];
      const bytes = bytesOf(Math.floor(random() * 2000));
      model.blobs.get(name).push(bytes);
      await attempt(async () => {
        await store.blobs.put(name, [bytes.subarray(0, 700), bytes.subarray(700)]);
        model.blobs.set(name, [bytes]);
      });
    } else {
      const name = names[Math.floor(random() * names.length)];
      model.blobs.get(name).push(undefined);
      await attempt(async () => {
        await store.blobs.delete(name);
        if (random() < 0.5) return;
        await store.syncDeleted(name);
        model.blobs.set(name, [undefined]);
      });
    }
  }
  if (random() < 0.2) {
    await log.close();
    model.synced = log.nextSeq;
    await store.close();
    model.wasClosed = true;
  }
}

const isStorageError = (error) => error.code === 'STORAGE_FAILED' || error.code === 'STORAGE_FULL';
const isStopped = (error) => error?.code === 'ESTOPPED' || (error?.cause !== undefined && isStopped(error.cause));

/** The same, unless it fails as files do. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (isStopped(error) || !isStorageError(error)) throw error;
  }
}

async function isUsable(log) {
  try {
    await log.append([], log.nextSeq, 'none');
    return true;
  } catch {
    return false;
  }
}

async function check(store, model, opened) {
  const log = opened ?? (await store.log('logs/a'));
  must(log.nextSeq >= model.synced, `a log to ${model.synced} at least`, log.nextSeq);
  must(log.nextSeq <= model.records.length, `a log to ${model.records.length} at most`, log.nextSeq);
  must(log.nextSeq === model.records.length || model.starts.has(log.nextSeq) || log.nextSeq === 1, 'whole appends', log.nextSeq);
  let next;
  try {
    for await (const { seq, records } of log.read(model.trimmed)) {
      must(next === undefined ? seq <= model.trimmed : seq === next, `record ${next ?? model.trimmed}`, seq);
      for (const [i, record] of records.entries()) {
        if (Buffer.compare(record, model.records[seq + i]) !== 0) throw new Error(`record ${seq + i} is not what was appended`);
      }
      next = seq + records.length;
    }
  } catch (error) {
    if (error.code !== 'LOG_CONFLICT') throw error;
    throw new Error(`trimmed too far: ${error.message}`, { cause: error });
  }
  must((next ?? log.nextSeq) === log.nextSeq, `reading to ${log.nextSeq}`, next);
  for (const [name, possible] of model.blobs) {
    const there = (await store.blobs.get(name))?.bytes;
    const found = possible.find((bytes) => (bytes ? there && Buffer.compare(bytes, there) === 0 : !there));
    if (!possible.includes(undefined) && !there) throw new Error(`${name} is missing`);
    if (there && !found) throw new Error(`${name} is not what was put`);
    // what is found when a store is opened after a crash is durable; a deletion before a regular end need not be
    if (!opened && (there || !model.wasClosed)) model.blobs.set(name, [there]);
  }
  for (const { name } of await store.blobs.list('')) must(names.includes(name), 'blobs that were put', name);
  if (!opened) await log.close();
}

/** One script: some lives of a process, each cut off at some call by the power or a kill. */
async function run(seed) {
  const random = randomOf(seed);
  const model = new Model();
  let files = new SimulatedFiles();
  for (let life = 0; life < 3; life++) {
    files.failAt(1 + Math.floor(random() * 120), 'stop');
    if (random() < 0.4) files.failAt(1 + Math.floor(random() * 30), ['EIO', 'ENOSPC', 'EMFILE', 'short', 'sync'][Math.floor(random() * 5)]);
    await play(files, random, model, 1 + Math.floor(random() * 25)).catch((error) => {
      if (!isStopped(error) && !(files.failed && isStorageError(error))) throw error;
    });
    files = random() < 0.75 ? files.crash(seed + life) : files.kill();
  }
  const store = await fs('/data', { files }).open({ readOnly: false });
  must(store.epoch > model.epoch, 'epoch', store.epoch);
  await check(store, model);
  const log = await store.log('logs/a');
  await log.append([text.encode('more')], log.nextSeq, 'sync');
  await log.close();
  await store.close();
}

describe('a power cut', () => {
  it(`leaves what was acknowledged, in ${SEEDS} scripts`, { timeout: 3_600_000 }, async () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      try {
        await run(seed);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
      }
    }
  });
});
