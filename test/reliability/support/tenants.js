/** What tenants should be after a script was killed, by its journal; and what they are. Imports nothing of the database: programs of other processes use it. */

export const configOf = () => ({
  name: 'Note', properties: [{ name: 'owner', dataType: 'text' }, { name: 'n', dataType: 'int' }],
  vectors: { main: { dimensions: 16, metric: 'l2-squared', index: { type: 'dynamic', threshold: 4 } } }, multiTenancy: { enabled: true },
});

export const objectOf = (owner, n, vectorOf) => ({ id: `id-${n}`, properties: { owner, n }, vector: { main: vectorOf(n) } });

/** Milliseconds since 1970 of every write: what is exported depends on nothing but the writes. */
export const NOW = 1_700_000_000_000;

/** What is done with tenants, in two sessions: kind of call, names, and of inserts the first number and how many. */
export const SESSIONS = [
  [
    ['create', 'abcd'], ['insert', 'a', 0, 4], ['insert', 'b', 0, 3], ['snapshot'], ['insert', 'b', 3, 2], ['insert', 'c', 0, 2], ['deactivate', 'a'], ['offload', 'abd'],
    ['activate', 'a'], ['insert', 'a', 4, 2], ['deactivate', 'bd'], ['offload', 'c'], ['remove', 'c'], ['create', 'c'], ['insert', 'c', 10, 1], ['offload', 'a'],
  ],
  [
    ['activate', 'ab'], ['insert', 'b', 5, 1], ['offload', 'ac'], ['remove', 'ab'], ['create', 'a'], ['insert', 'a', 20, 2], ['activate', 'c'],
  ],
];

/** Plays a session; `journaled(op, work)` notes what begins, does it, and notes that it was acknowledged. */
export async function play(db, session, vectorOf, journaled) {
  if (!(await db.collections.exists('Note'))) await db.collections.create(configOf());
  const notes = db.collections.use('Note');
  for (const [kind, letters, from, count] of session) {
    if (kind === 'snapshot') {
      await db.snapshot();
      continue;
    }
    const names = [...letters];
    const work = kind === 'insert' ? () => notes.withTenant(names[0]).data.insertMany(objectsOf(names[0], from, count, vectorOf)) : () => notes.tenants[kind](names);
    await journaled({ kind, names, ...kind === 'insert' && { from, count } }, work);
  }
}

const objectsOf = (owner, from, count, vectorOf) => Array.from({ length: count }, (_, i) => objectOf(owner, from + i, vectorOf));

/** What a journal comes to: what was acknowledged, and what was begun after it, if anything. */
export function followed(ops) {
  let acknowledged = new Map();
  let begun;
  for (const { op, done } of ops) {
    if (op) begun = op;
    if (done === undefined) continue;
    acknowledged = after(acknowledged, begun);
    begun = undefined;
  }
  return { acknowledged, begun };
}

/** Names to { status, objects, writes }: objects by number, and in which writes they came. */
export function after(tenants, { kind, names, from, count }) {
  const next = new Map([...tenants].map(([name, { status, objects, writes }]) => [name, { status, objects: [...objects], writes: [...writes] }]));
  for (const name of names) {
    const tenant = next.get(name);
    if (kind === 'create') { if (!tenant) next.set(name, { status: 'ACTIVE', objects: [], writes: [] }); }
    else if (kind === 'remove') next.delete(name);
    else if (kind === 'insert') {
      tenant.objects.push(...Array.from({ length: count }, (_, i) => from + i));
      tenant.writes.push([from, count]);
    }
    else tenant.status = { activate: 'ACTIVE', deactivate: 'INACTIVE', offload: 'OFFLOADED' }[kind];
  }
  return next;
}

/** What is wrong with tenants that were found, after all that was acknowledged and, maybe, what was begun. */
export function compare(found, acknowledged, begun) {
  const wrong = [];
  const next = begun && after(acknowledged, begun);
  for (const name of new Set([...found.keys(), ...acknowledged.keys(), ...(next?.keys() ?? [])])) {
    const known = [acknowledged.get(name), ...(begun?.names.includes(name) ? [next.get(name)] : [])];
    // what was to be moved, and was not, is here
    if (begun?.kind === 'offload' && begun.names.includes(name)) known.push({ ...acknowledged.get(name), status: 'INACTIVE' });
    const text = (tenant) => tenant && `${tenant.status} ${[...tenant.objects].sort((a, b) => a - b).join()}`;
    if (!known.some((tenant) => text(tenant) === text(found.get(name)))) {
      wrong.push(`${name}: expected ${known.map(text).join(' or ')}, got ${text(found.get(name))}`);
    }
  }
  return wrong;
}

/** Tenants with their objects, each checked to be its own; they are ACTIVE afterwards. */
export async function readTenants(notes) {
  const found = new Map();
  const wrong = [];
  for (const { name, status } of await notes.tenants.list({ limit: 10_000 })) {
    await notes.tenants.activate(name);
    const objects = [];
    const tenant = notes.withTenant(name);
    for await (const { properties: { owner, n } } of tenant.iterator()) {
      if (owner !== name) wrong.push(`${name} has an object of ${owner}`);
      objects.push(n);
    }
    const { objects: near } = await tenant.query.nearVector(new Float32Array(16), { limit: 1000 });
    if (near.length !== objects.length) wrong.push(`${name}: ${near.length} of ${objects.length} are found by nearness`);
    found.set(name, { status, objects });
  }
  return { found, wrong };
}

/** By tenant, what `export` gives of its objects, entry by entry. Tenants whose files are elsewhere are left out. */
export async function exportedOf(db) {
  const chunks = [];
  for await (const chunk of db.export({ offloaded: 'skip' })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const exported = new Map();
  let tenant;
  for (let at = 8; at < bytes.length;) {
    const [kind, length] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    const payload = bytes.subarray(at + 12, at + 12 + length);
    if (kind === 4) exported.set(tenant = JSON.parse(payload).name, []);
    if (kind === 2) exported.get(tenant).push(payload.toString('base64'));
    at += 12 + ((length + 3) & ~3);
  }
  return exported;
}
