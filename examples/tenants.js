/**
 * `node examples/tenants.js`: a service for many customers. Each has notes of its own, nobody else finds them, and who is idle costs a line
 * in the catalog. Then a collection of all accounts is spread over shards while it is searched. In folders, in worker threads. On a fresh
 * clone `npm run build` comes first.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fs, open } from 'vectile';
import { letters as vectorizer } from './tickets/letters.js';

const CUSTOMERS = 60;
const OPEN_AT_A_TIME = 10;

const subjects = ['the printer', 'an invoice', 'the delivery', 'a password', 'the meeting room', 'our contract'];
const verbs = ['call about', 'pay for', 'ask for', 'change', 'forget'];
const note = (customer, n) => ({ id: `note-${n}`, properties: { text: `${verbs[(customer + n) % verbs.length]} ${subjects[(customer * 7 + n) % subjects.length]}`, by: `customer-${customer}` } });

/** `folder` is made. What is printed goes to `print`. */
export async function runTenants(folder, print) {
  const db = await open({ store: fs(join(folder, 'data')), offload: fs(join(folder, 'archive')), openShardsMax: OPEN_AT_A_TIME, threads: 2 });
  const properties = [{ name: 'text', dataType: 'text' }, { name: 'by', dataType: 'text', tokenization: 'field' }];
  const notes = await db.collections.create({
    name: 'Note', properties, vectorizer, multiTenancy: { enabled: true, autoTenantCreation: true, autoTenantActivation: true },
  });

  for (let customer = 0; customer < CUSTOMERS; customer++) {
    await notes.withTenant(`customer-${customer}`).data.insertMany(Array.from({ length: 8 }, (_, n) => note(customer, n)));
  }
  const states = async () => {
    const { ACTIVE, INACTIVE, OFFLOADED, open: isOpen } = (await db.stats()).collections.Note.tenants;
    return `${ACTIVE} active (${isOpen} of them open), ${INACTIVE} inactive, ${OFFLOADED} offloaded`;
  };
  print(`customers: ${await states()}`);

  const names = (await notes.tenants.list({ limit: CUSTOMERS })).map(({ name }) => name);
  await notes.tenants.deactivate(names.slice(0, 30));
  await notes.tenants.offload(names.slice(30, 45));
  print(`the idle ones are put away: ${await states()}`);

  const back = names[40];
  const own = notes.withTenant(back);
  const { objects } = await own.query.hybrid('invoices to pay', { limit: 3 });
  print(`${back} comes back, and finds`);
  for (const { properties: { text, by } } of objects) print(`  ${text} (${by})`);
  print(`now ${await states()}`);

  await notes.tenants.remove(back);
  await own.length().catch(({ code }) => print(`removed: ${code}`));

  const accounts = await db.collections.create({ name: 'Account', properties, vectorizer });
  await accounts.data.insertMany(Array.from({ length: 2000 }, (_, n) => ({ ...note(n, 0), id: `account-${n}` })));
  const found = async () => (await accounts.query.bm25('printer', { filters: (f) => f.byProperty('by').equal('customer-30'), limit: 5 })).objects.map(({ id }) => id).join();
  const before = await found();
  let isDone = false, searches = 0, same = 0;
  const resharding = accounts.config.reshard(3).finally(() => { isDone = true; });
  while (!isDone) {
    if (await found() === before) same++;
    searches++;
  }
  await resharding;
  print(`accounts are in ${(await accounts.config.get()).sharding.count} shards; ${same} of ${searches} searches meanwhile had the same answer`);
  const [{ shards }] = await db.cluster.nodes({ output: 'verbose' });
  for (const { class: collection, objectCount } of shards.filter((shard) => shard.class === 'Account')) print(`  ${collection}: ${objectCount} objects`);
  await db.close();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = mkdtempSync(join(tmpdir(), 'vectile-tenants-'));
  await runTenants(folder, console.log).finally(() => rmSync(folder, { recursive: true }));
}
