/** What tenants should be after a script was killed, by its journal; and what they are. Imports nothing of the database: programs of other processes use it. */

export const configOf = () => ({
  name: 'Note', properties: [{ name: 'owner', dataType: 'text' }, { name: 'n', dataType: 'int' }],
  vectors: { main: { dimensions: 16, metric: 'l2-squared', index: { type: 'dynamic', threshold: 4 } } }, multiTenancy: { enabled: true },
});

export const objectOf = (owner, n, vectorOf) => ({ id: `id-${n}`, properties: { owner, n }, vector: { main: vectorOf(n) } });

/** Names to { status, objects }. */
export function after(tenants, { kind, names, from, count }) {
  const next = new Map([...tenants].map(([name, { status, objects }]) => [name, { status, objects: [...objects] }]));
  for (const name of names) {
    const tenant = next.get(name);
    if (kind === 'create') { if (!tenant) next.set(name, { status: 'ACTIVE', objects: [] }); }
    else if (kind === 'remove') next.delete(name);
    else if (kind === 'insert') tenant.objects.push(...Array.from({ length: count }, (_, i) => from + i));
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
