/** A process that uses more tenants than it may have files open. Tells how many it has written and read. */
import { fs, open } from './vectile.js';

const { folder, tenants } = JSON.parse(process.argv[2]);
const names = Array.from({ length: tenants }, (_, i) => `tenant-${i}`);
const db = await open({ store: fs(folder), threads: 0 });
const notes = await db.collections.create({ name: 'Note', multiTenancy: { enabled: true, autoTenantCreation: true } });
for (const [i, name] of names.entries()) await notes.withTenant(name).data.insert({ id: name, vector: [1, i] }, { durability: 'flush' });
let found = 0;
for (const name of names) found += Number(await notes.withTenant(name).data.exists(name));
await db.close();
console.log(JSON.stringify({ found }));
