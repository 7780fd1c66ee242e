/** Torn ends and damage: what is cut off, what is refused. Logs are damaged in every way of a kind, and opened for writing. */
import { describe, expect, it } from 'vitest';
import { decodeHeader, encodeFrame, isWhole, recordsOf } from '../../ts/storage/frame.js';
import { FsHost } from '../../ts/storage/fs-host.js';
import { FsLog } from '../../ts/storage/fs-log.js';
import { randomOf, SimulatedFiles } from './simulated-files.js';

const PATH = '/data/a/0000000000000001.log';
const SECTOR = 512;

const hostOf = (files) => new FsHost(files, '/data', { generation: 7, wasClean: true, lost: undefined }, 32 << 20);

/** A log of those appends, as bytes with the ends of its frames. */
async function logOf(appends, durability = 'sync') {
  const files = new SimulatedFiles();
  await files.mkdir('/data');
  const log = await FsLog.open(hostOf(files), '/data/a');
  const ends = [];
  for (const [i, records] of appends.entries()) {
    await log.append(records, log.nextSeq, Array.isArray(durability) ? durability[i] : durability);
    ends.push(log.bytes);
  }
  await log.close();
  const bytes = files.contentOf(PATH);
  expect(bytes.length).toBe(ends.at(-1));
  return { bytes, ends, appends };
}

/** The log of a file of these bytes, opened for writing. */
async function opened(bytes) {
  const files = new SimulatedFiles();
  await files.mkdir('/data/a');
  files.replace(PATH, bytes);
  return FsLog.open(hostOf(files), '/data/a');
}

/** How many appends are found in a file of these bytes; throws if they are not those that were made. */
async function found(bytes, { appends }) {
  const log = await opened(bytes);
  let count = 0;
  for await (const { records } of log.read(1)) {
    const expected = appends[count++];
    if (records.length !== expected.length || records.some((record, i) => Buffer.compare(record, expected[i]) !== 0)) throw new Error(`append ${count} is not what was made`);
  }
  await log.close();
  return count;
}

function randomAppends(count, seed, most) {
  const random = randomOf(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => Uint8Array.from({ length: Math.floor(random() * most) }, () => Math.floor(random() * 256))));
}

/** Records that leave sectors with next to nothing in them. */
const sparse = [
  [new Uint8Array(1500)],
  [Uint8Array.of(1)],
  [Uint8Array.from({ length: 2000 }, (_, i) => (i === 700 ? 64 : 0))],
  ...Array.from({ length: 8 }, (_, i) => [new Uint8Array(60 * i), Uint8Array.of(0, 0, 128)]),
  [new Uint8Array(0)],
  [new Uint8Array(420), Uint8Array.of(1)],
];

describe('a frame', () => {
  it('holds its records, of any lengths, wherever it lies', () => {
    for (let position = 0; position < 1024; position += 8) {
      for (const records of [[], [new Uint8Array()], [Uint8Array.of(1), Uint8Array.of(2, 3)], [new Uint8Array(1200)], [Uint8Array.from({ length: 700 }, (_, i) => i)]]) {
        const frame = encodeFrame(records, 2 ** 40, 2 ** 40 - 1, 9, position);
        expect(frame.length % 8).toBe(0);
        const header = decodeHeader(frame);
        expect(header).toMatchObject({ bytes: frame.length, count: records.length, seq: 2 ** 40, synced: 2 ** 40 - 1, epoch: 9 });
        expect(isWhole(frame, header)).toBe(true);
        expect(recordsOf(frame, header)).toEqual(records);
      }
    }
  });

  it('has two bits at least in whatever part of it lies in one sector', () => {
    for (let position = 0; position < 1024; position += 8) {
      for (const records of sparse) {
        const frame = encodeFrame(records, 1, 1, 1, position);
        for (let from = 0; from < frame.length;) {
          const to = Math.min(frame.length, from + SECTOR - ((position + from) % SECTOR));
          const bits = frame.subarray(from, to).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
          if (bits < 2) throw new Error(`${bits} bits from ${from} to ${to} at ${position}`);
          from = to;
        }
      }
    }
  });

  it('of more than 1 GiB is refused', () => {
    const record = new Uint8Array(1 << 20);
    expect(() => encodeFrame(Array.from({ length: 1024 }, () => record), 1, 1, 1, 0)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('a log', () => {
  it('of 64 KB, cut at every byte, holds what lies before the cut in whole', async () => {
    const log = await logOf([...randomAppends(90, 1, 900), ...sparse]);
    expect(log.bytes.length).toBeGreaterThan(65536);
    for (let cut = 0, whole = 0, nextSeq = 1; cut <= log.bytes.length; cut++) {
      const bytes = log.bytes.subarray(0, cut);
      if (log.ends[whole] === cut) {
        nextSeq += log.appends[whole++].length;
        expect(await found(bytes, log)).toBe(whole);
      }
      // what it holds was compared at the last end of a frame
      const cutOff = await opened(bytes);
      if (cutOff.nextSeq !== nextSeq || cutOff.bytes !== (log.ends[whole - 1] ?? 0)) throw new Error(`cut at ${cut}: expected to go on at record ${nextSeq}, got ${cutOff.nextSeq}`);
    }
  });

  it('with any one bit flipped holds all, or is refused by file and offset', async () => {
    for (const log of [await logOf([...randomAppends(8, 2, 200), ...sparse]), await logOf([[Uint8Array.of(1)]]), await logOf([[new Uint8Array(300)]]), await logOf([...randomAppends(3, 5, 300), [new Uint8Array(5)]])]) {
      let start = 0;
      for (let bit = 0; bit < log.bytes.length * 8; bit++) {
        const bytes = log.bytes.slice();
        bytes[bit >> 3] ^= 1 << (bit & 7);
        start = log.ends.findLast((end) => end <= bit >> 3) ?? 0;
        try {
          const count = await found(bytes, log);
          if (count !== log.ends.length) throw new Error(`${count} appends of ${log.ends.length}`);
        } catch (error) {
          if (error.code !== 'STORAGE_CORRUPT') throw new Error(`bit ${bit} of ${log.bytes.length} bytes: ${error.message}`, { cause: error });
          expect(error.message).toContain(`${PATH}, byte ${start}:`);
        }
      }
    }
  });

  it('whose last bytes were never written, from any sector on, holds what lies before', async () => {
    const log = await logOf([...randomAppends(20, 3, 900), ...sparse], 'flush');
    for (let from = 0; from < log.bytes.length; from += SECTOR) {
      const bytes = log.bytes.slice();
      bytes.fill(0, from);
      const whole = log.ends.filter((end) => end <= from).length;
      expect(await found(bytes, log), `zero from ${from}`).toBe(whole);
    }
  });

  it('of which any sectors since the last sync are missing, holds what lies before, and all that was durable', async () => {
    const before = randomAppends(5, 4, 700);
    const after = [...randomAppends(6, 5, 700), ...sparse];
    const log = await logOf([...before, ...after], [...before.map(() => 'sync'), ...after.map(() => 'flush')]);
    const durable = log.ends[before.length - 1];
    const random = randomOf(6);
    for (let i = 0; i < 3000; i++) {
      const bytes = log.bytes.slice(0, random() < 0.5 ? undefined : durable + Math.floor(random() * (log.bytes.length - durable + 1)));
      const chance = random();
      let first = bytes.length;
      for (let from = durable - (durable % SECTOR); from < bytes.length; from += SECTOR) {
        if (random() > chance) continue;
        first = Math.min(first, Math.max(from, durable));
        bytes.fill(0, Math.max(from, durable), from + SECTOR);
      }
      expect(await found(bytes, log)).toBe(log.ends.filter((end) => end <= first).length);
    }
  });

  it('is refused if a sector is missing of what was durable before the last append', async () => {
    const log = await logOf([...randomAppends(12, 7, 900), [Uint8Array.of(1, 2, 3)]]);
    const end = log.ends.at(-2);
    for (let from = 0; from < end; from += SECTOR) {
      const bytes = log.bytes.slice();
      bytes.fill(0, from, Math.min(from + SECTOR, end));
      await expect(found(bytes, log)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    }
  });

  it('is refused if frames are missing, doubled or out of order', async () => {
    const log = await logOf(randomAppends(6, 8, 100));
    const frames = log.ends.map((end, i) => log.bytes.subarray(log.ends[i - 1] ?? 0, end));
    for (const order of [[1, 2, 3, 4, 5], [0, 2, 3, 4, 5], [0, 1, 1, 2], [0, 2, 1], [0, 1, 2, 4], [0, 0]]) {
      await expect(found(Buffer.concat(order.map((i) => frames[i])), log)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    }
  });

  it('of another version is refused', async () => {
    const log = await logOf(randomAppends(2, 9, 50));
    const { crc32c } = await import('../../ts/storage/crc32c.js');
    const bytes = log.bytes.slice();
    const view = new DataView(bytes.buffer);
    view.setUint32(4, 2, true);
    view.setUint32(44, crc32c(bytes.subarray(0, 44)), true);
    await expect(found(bytes, log)).rejects.toMatchObject({ code: 'STORAGE_VERSION' });
  });

  it('that ends torn goes on where it was cut off', async () => {
    const log = await logOf(randomAppends(5, 10, 300));
    const files = new SimulatedFiles();
    await files.mkdir('/data/a');
    for (const folder of ['/', '/data']) await files.syncFolder(folder);
    files.replace(PATH, log.bytes.subarray(0, -5));
    const cutOff = await FsLog.open(hostOf(files), '/data/a');
    expect(files.contentOf(PATH).length).toBe(log.ends.at(-2));
    const seq = cutOff.nextSeq;
    await cutOff.append([Uint8Array.of(9)], seq, 'sync');
    await cutOff.close();
    const again = await FsLog.open(hostOf(files.crash(1)), '/data/a');
    expect(again.nextSeq).toBe(seq + 1);
    await again.close();
  });

  it('is not cut off by a reader', async () => {
    const log = await logOf(randomAppends(5, 11, 300));
    const files = new SimulatedFiles();
    await files.mkdir('/data/a');
    files.replace(PATH, log.bytes.subarray(0, -5));
    const reader = await FsLog.open(new FsHost(files, '/data', undefined, 32 << 20), '/data/a');
    const entries = [];
    for await (const entry of reader.read(1)) entries.push(entry);
    expect(entries.length).toBe(4);
    expect(files.contentOf(PATH).length).toBe(log.bytes.length - 5);
    files.replace(PATH, log.bytes);
    for await (const entry of reader.read(1)) entries.push(entry);
    expect(entries.length).toBe(4 + 5);
    expect(reader.nextSeq).toBe(1 + log.appends.flat().length);
    await reader.close();
  });
});
