// A fresh process that opens a database with tenants; modules are loaded before. One line of JSON for its parent.

import { startClock } from './measure/clock.js';
import { heldBytes, loadDatabase, openDatabase } from './search-database.js';

const { folder, collection } = JSON.parse(process.argv[2]);
await loadDatabase();
const before = heldBytes();
const clock = startClock();
const db = await openDatabase(folder);
const { wall, cpu } = clock();
const held = heldBytes() - before;
const { ACTIVE, INACTIVE } = (await db.stats()).collections[collection].tenants;
await db.close();
process.stdout.write(`${JSON.stringify({ openMs: wall / 1000, openCpuMs: cpu / 1000, held, tenants: ACTIVE + INACTIVE })}\n`, () => process.exit(0));
