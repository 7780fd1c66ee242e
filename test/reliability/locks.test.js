/** One writer, and readers beside it, each a process of its own. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from './support/kill.js';
import { beside } from './support/locks.js';
import { vectorOf } from './support/random.js';
import { fs, open } from './support/vectile.js';

const ROUNDS = 20;
const CONFIG = {
  name: 'Item', properties: [{ name: 'count', dataType: 'int' }],
  vectors: { main: { dimensions: 16, metric: 'l2-squared', index: { type: 'hnsw' }, quantizer: { type: 'sq8', trainingLimit: 50 }, fullVectors: 'external' } },
};
const object = (id, count) => ({ id, properties: { count }, vector: vectorOf(count) });

let made;
const processes = [];
const start = (options) => {
  processes.push(beside(made, options));
  return processes.at(-1);
};
beforeAll(async () => { made = await program({ entry: './locks-child.js' }); });
afterAll(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  made?.remove();
});

async function refusalOf(folder) {
  const from = performance.now();
  const error = await open({ store: fs(folder) }).catch((error) => error);
  return { error, ms: performance.now() - from };
}

describe('a second writer', () => {
  it('is refused at once, in whatever process, and opens once the first was killed', async () => {
    const folder = join(made.folder, 'writers');
    const first = start({ role: 'hold', folder });
    await first.until(({ opened }) => opened);
    const refusals = [];
    for (let i = 0; i < 5; i++) refusals.push(await refusalOf(folder));
    expect(refusals.map(({ error }) => error.code)).toEqual(Array(5).fill('STORE_LOCKED'));
    expect(refusals[0].error.message).toMatch(/in process \d+ on /);
    expect(Math.min(...refusals.map(({ ms }) => ms))).toBeLessThan(1000);
    expect(await start({ role: 'try', folder }).until(() => true)).toMatchObject({ refused: 'STORE_LOCKED' });
    await first.kill();
    const db = await open({ store: fs(folder) });
    expect((await refusalOf(folder)).error.message).toContain('in this process');
    expect(await start({ role: 'try', folder }).until(() => true)).toMatchObject({ refused: 'STORE_LOCKED' });
    await db.close();
    expect(await start({ role: 'try', folder }).until(() => true)).toEqual({ opened: true });
  });

  it('is one of many that begin at the same time', async () => {
    const folder = join(made.folder, 'many');
    const all = Array.from({ length: 5 }, () => start({ role: 'hold', folder }));
    const lines = await Promise.all(all.map((process) => process.until(() => true)));
    expect(lines.filter(({ opened }) => opened)).toHaveLength(1);
    expect(lines.filter(({ refused }) => refused === 'STORE_LOCKED')).toHaveLength(4);
    await Promise.all(all.map((process) => process.kill()));
  });
});

describe('a reader in another process', () => {
  it(`sees what was acknowledged within a second, through ${ROUNDS} snapshots and compactions`, { timeout: 120_000 }, async () => {
    const folder = join(made.folder, 'read');
    const db = await open({ store: fs(folder) });
    const items = await db.collections.create(CONFIG);
    await items.data.insertMany(Array.from({ length: 100 }, (_, i) => object(`first-${i}`, i)));
    const reader = start({ role: 'follow', folder });
    await reader.until(({ seen }) => seen === 'first-99');
    const delays = [];
    for (let round = 0; round < ROUNDS; round++) {
      await items.data.insertMany(Array.from({ length: 20 }, (_, i) => object(`first-${(round * 7 + i) % 100}`, 1000 + round * 100 + i)));
      await items.data.deleteById(`round-${round - 1}`);
      await items.data.insert(object(`round-${round}`, round));
      const acknowledged = Date.now();
      await (round % 2 ? db.compact() : db.snapshot());
      const { at } = await reader.until(({ seen }) => seen === `round-${round}`);
      delays.push(at - acknowledged);
    }
    await db.close();
    await reader.kill();
    process.stdout.write(`reader: ${ROUNDS} rounds, seen after at most ${Math.max(...delays)} ms\n`);
    expect(reader.lines.filter(({ wrong, refused }) => wrong || refused)).toEqual([]);
    expect(delays.sort((a, b) => a - b)[ROUNDS >> 1]).toBeLessThan(1000);
    expect(Math.max(...delays)).toBeLessThan(5000); // the machine may have much else to do
  });
});
