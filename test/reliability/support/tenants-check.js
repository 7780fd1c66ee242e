/** Looks at tenants after a process or the power has failed: what was acknowledged is there, and nothing is half there. */
import { vectorOf } from './random.js';
import { compare, exportedOf, followed, NOW, play, readTenants } from './tenants.js';
import { memory, open } from './vectile.js';

/** What an undisturbed tenant with these writes is exported as; by tenant and writes. */
const undisturbed = new Map();
function exportOf(name, writes) {
  const key = JSON.stringify([name, writes]);
  if (!undisturbed.has(key)) undisturbed.set(key, makeExport(name, writes));
  return undisturbed.get(key);
}

async function makeExport(name, writes) {
  const db = await open({ store: memory(), now: () => NOW });
  await play(db, [['create', name], ...writes.map(([from, count]) => ['insert', name, from, count])], vectorOf, (_, work) => work());
  const exported = (await exportedOf(db)).get(name);
  await db.close();
  return exported;
}

/**
 * What is wrong of a place after `ops`, some of which may be half done. `place`: how it is opened, and which files it has here and in
 * the other store. All tenants are removed in the end.
 */
export async function checkTenants(place, ops) {
  const wrong = [];
  const { acknowledged, begun } = followed(ops);
  const db = await place.open();
  try {
    if (!(await db.collections.exists('Note'))) return acknowledged.size ? ['no collection'] : wrong;
    const notes = db.collections.use('Note');
    // once it is open, there are files of what is here only, and copies of what is away only
    const { ACTIVE, INACTIVE, OFFLOADED, OFFLOADING, ONLOADING } = (await db.stats()).collections.Note.tenants;
    if (OFFLOADING + ONLOADING) wrong.push(`${OFFLOADING + ONLOADING} on their way`);
    const shards = new Set(place.here().flatMap((path) => /shards\/([0-9a-f]{32})\//.exec(path)?.[1] ?? []));
    const copies = new Set(place.away().flatMap((path) => /away\/[0-9a-f]{32}\/([0-9a-f]{32})\//.exec(path)?.[1] ?? []));
    if (shards.size > ACTIVE + INACTIVE) wrong.push(`${shards.size} folders of ${ACTIVE + INACTIVE} tenants`);
    if (copies.size !== OFFLOADED) wrong.push(`${copies.size} copies of ${OFFLOADED} tenants`);
    if ([...shards].some((shard) => copies.has(shard))) wrong.push('files here and there');
    const { found, wrong: misplaced } = await readTenants(notes);
    wrong.push(...misplaced, ...compare(found, acknowledged, begun));
    // all are here now: each is exported as if nothing had happened
    const exported = await exportedOf(db);
    for (const [name, { objects }] of found) {
      const writes = writesOf(objects, acknowledged.get(name), begun);
      const expected = await exportOf(name, writes);
      if (JSON.stringify(exported.get(name)) !== JSON.stringify(expected)) wrong.push(`${name}: its export is another than after ${JSON.stringify(writes)}`);
    }
    await notes.tenants.remove([...found.keys()]);
    const left = [...place.here().filter((path) => path.includes('shards/')), ...place.away().filter((path) => /[0-9a-f]{32}/.test(path))];
    if (left.length) wrong.push(`left: ${left}`);
  } finally {
    await db.close();
  }
  return wrong;
}

/** With the write that was begun, or without it. */
function writesOf(objects, tenant, begun) {
  if (!objects.length) return [];
  const writes = tenant?.writes ?? [];
  return objects.length === (tenant?.objects.length ?? 0) ? writes : [...writes, [begun.from, begun.count]];
}
