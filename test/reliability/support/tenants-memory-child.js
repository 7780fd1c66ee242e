/** Fills tenants, as many as it is told, deactivates them, and tells of memory and open files at each stage. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fs, open } from './vectile.js';

const db = await open({ store: fs(process.argv[2]), durability: 'flush' });
const notes = await db.collections.create({
  name: 'Note', properties: [{ name: 'text', dataType: 'text' }], vectors: { main: { dimensions: 32, metric: 'l2-squared' } }, multiTenancy: { enabled: true },
});
const names = Array.from({ length: Number(process.argv[3]) }, (_, i) => `tenant-${i}`);
await notes.tenants.create(['first', ...names]);
const fill = (name) => notes.withTenant(name).data.insertMany(Array.from({ length: 20 }, (_, i) => ({ id: `id-${i}`, properties: { text: `${name} ${i}` }, vector: Array.from({ length: 32 }, (_, j) => i * j + 1) })));
await fill('first'); // what is loaded once
await notes.tenants.deactivate('first');

const megabytes = async () => {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await sleep(20);
  }
  const { arrayBuffers, external } = process.memoryUsage();
  return Math.round((arrayBuffers + external) / 2 ** 17) / 8;
};
const files = () => readdirSync('/proc/self/fd').length;

const [started, filesStarted] = [await megabytes(), files()];
for (let from = 0; from < names.length; from += 8) await Promise.all(names.slice(from, from + 8).map(fill));
const [active, filesActive] = [await megabytes(), files()];
await db.snapshot();
for (const name of names) await notes.withTenant(name).query.fetchObjects({ limit: 1 }); // reads files of the snapshot
await notes.tenants.deactivate(names);
const [inactive, filesInactive] = [await megabytes(), files()];
console.log(JSON.stringify({ started, active, inactive, filesStarted, filesActive, filesInactive }));
await db.close();
