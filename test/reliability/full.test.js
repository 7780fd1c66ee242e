// A disk that is really full: a small file system in memory, where the machine lets us mount one.
import { spawnSync } from 'node:child_process';
import { afterAll, expect, it } from 'vitest';
import { fs, open, temporaryFolder } from '../database/support.js';

const folder = temporaryFolder();
const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'vectile', folder], { encoding: 'utf8' });
const refused = mount.error?.message ?? (mount.status === 0 ? undefined : mount.stderr.trim());
if (refused) console.warn(`SKIPPED a disk that is full: ${refused}`);
afterAll(() => { if (!refused) spawnSync('umount', ['-l', folder]); });

const openFull = () => open({ store: fs(`${folder}/data`) });
const object = (i) => ({ id: `id ${i}`, properties: { text: `${i} ${'x'.repeat(4000)}` }, vector: [i, 1, 2, 3] });

it.skipIf(refused)('tells that it is full, keeps what was acknowledged, and goes on when there is room again', async () => {
  let db = await openFull();
  let c = await db.collections.create({ name: 'C', properties: [{ name: 'text', dataType: 'text' }], vectors: { default: { index: { type: 'flat' }, metric: 'l2-squared' } } });
  let acknowledged = 0;
  let error;
  while (!error && acknowledged < 2000) {
    await c.data.insert(object(acknowledged)).then(() => acknowledged++, (cause) => { error = cause; });
    if (acknowledged % 100 === 50) await db.snapshot().catch((cause) => expect(cause.code).toBe('STORAGE_FULL'));
  }
  expect(error?.code).toBe('STORAGE_FULL');
  expect(acknowledged).toBeGreaterThan(100);
  const check = async () => {
    for (let i = 0; i < acknowledged; i += 17) {
      expect((await c.query.fetchObjectById(`id ${i}`)).properties.text.startsWith(`${i} `)).toBe(true);
      expect((await c.query.nearVector([i, 1, 2, 3], { limit: 1 })).objects[0].id).toBe(`id ${i}`);
    }
    expect(await c.length()).toBe(acknowledged);
  };
  await check();
  await db.close().catch((cause) => expect(cause.code).toMatch(/^STORAGE_F/));
  expect(spawnSync('mount', ['-o', 'remount,size=30m', folder]).status).toBe(0);
  db = await openFull();
  c = db.collections.use('C');
  await check();
  await c.data.insert(object(acknowledged++));
  await db.compact();
  await check();
  await db.close();
  console.log(`full disk: ${acknowledged - 1} writes acknowledged before, all there after`);
});
