// No call, by no kind of name, tells or changes anything of another tenant.
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fs, memory, open } from '../reliability/support/vectile.js';
import { randomOf } from '../reliability/support/random.js';

const CONFIG = {
  properties: [{ name: 'owner', dataType: 'text' }, { name: 'n', dataType: 'int' }],
  vectors: { default: { dimensions: 8, metric: 'l2-squared' } }, multiTenancy: { enabled: true },
};
const object = (owner, n) => ({ id: `id-${n}`, properties: { owner, n }, vector: [n, 1, 1, 1, 1, 1, 1, 1] });
const VECTOR = [1, 1, 1, 1, 1, 1, 1, 1];
const FILTER = { operator: 'GreaterThanEqual', property: 'n', value: 0 };

/** Every call that names a tenant; given a collection and a name. */
const CALLS = {
  length: (c, name) => c.withTenant(name).length(),
  iterator: (c, name) => c.withTenant(name).iterator().next(),
  filteredIterator: (c, name) => c.withTenant(name).iterator({ filters: FILTER }).next(),
  iteratorAfter: (c, name) => c.withTenant(name).iterator({ after: 'id-1' }).next(),
  forAwait: async (c, name) => { for await (const one of c.withTenant(name)) return one; },
  subscribe: async (c, name) => { c.withTenant(name).subscribe(() => {})(); },
  insert: (c, name) => c.withTenant(name).data.insert(object('intruder', 99)),
  insertMany: (c, name) => c.withTenant(name).data.insertMany([object('intruder', 98)]),
  insertNone: (c, name) => c.withTenant(name).data.insertMany([]),
  update: (c, name) => c.withTenant(name).data.update({ id: 'id-1', properties: { owner: 'intruder' } }),
  replace: (c, name) => c.withTenant(name).data.replace(object('intruder', 1)),
  deleteById: (c, name) => c.withTenant(name).data.deleteById('id-1'),
  deleteMany: (c, name) => c.withTenant(name).data.deleteMany(FILTER),
  dryRun: (c, name) => c.withTenant(name).data.deleteMany(FILTER, { dryRun: true, verbose: true }),
  exists: (c, name) => c.withTenant(name).data.exists('id-1'),
  fetchObjectById: (c, name) => c.withTenant(name).query.fetchObjectById('id-1'),
  fetchObjectsByIds: (c, name) => c.withTenant(name).query.fetchObjectsByIds(['id-1', 'id-2']),
  fetchObjects: (c, name) => c.withTenant(name).query.fetchObjects(),
  fetchFiltered: (c, name) => c.withTenant(name).query.fetchObjects({ filters: FILTER }),
  fetchSorted: (c, name) => c.withTenant(name).query.fetchObjects({ sort: [{ property: 'n' }] }),
  fetchAfter: (c, name) => c.withTenant(name).query.fetchObjects({ after: 'id-1' }),
  nearVector: (c, name) => c.withTenant(name).query.nearVector(VECTOR),
  nearDiverse: (c, name) => c.withTenant(name).query.nearVector(VECTOR, { diversity: { balance: 0.5 } }),
  nearGrouped: (c, name) => c.withTenant(name).query.nearVector(VECTOR, { groupBy: { property: 'owner', numberOfGroups: 2, objectsPerGroup: 2 } }),
  nearObject: (c, name) => c.withTenant(name).query.nearObject('id-1'),
  nearText: (c, name) => c.withTenant(name).query.nearText('theirs'),
  bm25: (c, name) => c.withTenant(name).query.bm25('theirs'),
  hybrid: (c, name) => c.withTenant(name).query.hybrid('theirs', { vector: VECTOR }),
  overAll: (c, name) => c.withTenant(name).aggregate.overAll(),
  metrics: (c, name) => c.withTenant(name).aggregate.overAll({ metrics: { n: ['sum'] } }),
  groupBy: (c, name) => c.withTenant(name).aggregate.groupBy({ property: 'owner' }),
  aggregateNear: (c, name) => c.withTenant(name).aggregate.nearVector(VECTOR, { objectLimit: 10 }),
  aggregateNearObject: (c, name) => c.withTenant(name).aggregate.nearObject('id-1', { objectLimit: 10 }),
  aggregateNearText: (c, name) => c.withTenant(name).aggregate.nearText('theirs', { objectLimit: 10 }),
  aggregateHybrid: (c, name) => c.withTenant(name).aggregate.hybrid('theirs', { vector: VECTOR, objectLimit: 10 }),
  getByName: (c, name) => c.tenants.getByName(name),
  tenantExists: (c, name) => c.tenants.exists(name),
  listAfter: (c, name) => c.tenants.list({ after: name }),
  activate: (c, name) => c.tenants.activate(name),
  activateWithOwn: (c, name) => c.tenants.activate(['own', name]),
  deactivate: (c, name) => c.tenants.deactivate(name),
  offload: (c, name) => c.tenants.offload([name]),
  warm: (c, name) => c.tenants.warm(name),
  remove: (c, name) => c.tenants.remove(name),
};

/** Names that are sound and of nobody here; the second is a tenant elsewhere, as is one like each of the bad ones, as far as that can be. */
const STRANGE = ['nobody', 'theirs', 'OWN', 'Own', 'oWn', 'own-', '_own', 'own_', 'ow', 'ownn', '0wn', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'x'.repeat(64), '-', 'Note', 'default'];
const BAD = [
  '', '.', '..', '../own', '../theirs', 'own/../theirs', './own', 'own/', '/own', 'own\\', 'own\0', '\0', 'own\0theirs', 'theirs\0', 'own\n', '\nown', ' own', 'own ', 'theirs\t', '%6fwn', 'own%00', '%2e%2e',
  'own%2f..%2ftheirs', 'öwn', 'o\u0308wn', 'ｏｗｎ', 'ᴏwn', 'own\u200b', '\u202eown', 'оwn', 'own\ud800', 'x'.repeat(65), 'own,theirs', 'own;', '*', '?', 'own*', "own'", '"own"', '$own', '{own}', 'ＯＷＮ',
  null, 0, 1n, true, Symbol('own'), Object('own'), { toString: () => 'own' }, { name: 'own' }, () => 'own',
];

/** What came of a call, with the name taken out. */
async function outcome(run, name) {
  try {
    return { value: JSON.stringify(await run(), (_, value) => (value === undefined ? null : value)) };
  } catch (error) {
    return { code: error.code ?? error.stack, message: error.message.replaceAll(JSON.stringify(typeof name === 'string' ? name : 'nothing') ?? '', '<name>') };
  }
}

async function contentOf(db) {
  const all = [];
  for await (const chunk of db.export()) all.push(...chunk);
  return Buffer.from(all).toString('base64');
}

describe('tenants are apart', () => {
  it.each([[{ enabled: true }], [{ enabled: true, autoTenantActivation: true }]])('by every call and every kind of name: %j', async (multiTenancy) => {
    const db = await open({ store: memory(), offload: memory() });
    const vectorizer = (texts) => texts.map(() => VECTOR);
    const notes = await db.collections.create({ name: 'Note', ...CONFIG, multiTenancy, vectorizer });
    const others = await db.collections.create({ name: 'Other', ...CONFIG });
    await notes.tenants.create(['own']);
    await others.tenants.create(['theirs', 'own-theirs']);
    await notes.withTenant('own').data.insertMany([1, 2, 3].map((n) => object('own', n)));
    for (const name of ['theirs', 'own-theirs']) await others.withTenant(name).data.insertMany([1, 2, 3, 4].map((n) => object(name, n)));
    const before = await contentOf(db);
    let calls = 0;
    for (const [call, run] of Object.entries(CALLS)) {
      const missing = await outcome(() => run(notes, STRANGE[0]), STRANGE[0]);
      for (const name of STRANGE) {
        calls++;
        const got = await outcome(() => run(notes, name), name);
        if (call === 'listAfter') expect(got.value, name).toBe(name < 'own' ? '[{"name":"own","status":"ACTIVE"}]' : '[]');
        else expect({ call, name, ...got }).toEqual({ call, name, ...missing });
      }
      for (const name of BAD) {
        calls++;
        const [here, elsewhere] = [await outcome(() => run(notes, name), name), await outcome(() => run(others, name), name)];
        expect({ call, name: String(name), code: here.code }).toEqual({ call, name: String(name), code: 'INVALID_ARGUMENT' });
        expect(elsewhere).toEqual(here);
      }
    }
    expect(await contentOf(db)).toBe(before);
    expect(calls).toBeGreaterThan(2000);
    // and each call works for one's own
    for (const [call, run] of Object.entries(CALLS)) {
      if (call === 'remove') continue;
      await notes.tenants.activate('own');
      await notes.withTenant('own').data.insertMany([1, 2, 3].map((n) => object('own', n)));
      const got = await outcome(() => run(notes, 'own'), 'own');
      if (call === 'insert') await notes.withTenant('own').data.deleteById('id-99');
      expect({ call, code: got.code, message: got.message }).toEqual({ call, code: undefined, message: undefined });
      expect(got.value ?? '').not.toContain('theirs');
    }
    await db.close();
  });

  it('though they are closed and opened all the time: canaries are found by their owners only', { timeout: 120_000 }, async () => {
    const random = randomOf(7);
    const store = memory();
    const db = await open({ store, openShardsMax: 4 });
    const notes = await db.collections.create({ name: 'Note', ...CONFIG, multiTenancy: { enabled: true, autoTenantActivation: true } });
    const names = Array.from({ length: 24 }, (_, i) => `tenant-${i}`);
    await notes.tenants.create(names);
    // all alike: the same ids, and vectors that are nearest to every query
    const sizes = new Map(names.map((name) => [name, 0]));
    const wrong = [];
    const see = (name, owners) => owners.forEach((owner) => { if (owner !== name) wrong.push(`${name} sees ${owner}`); });
    const ownersOf = ({ objects }) => objects.map(({ properties }) => properties.owner);
    let operations = 0;
    const one = async () => {
      const name = names[Math.floor(random() * names.length)];
      const tenant = notes.withTenant(name);
      const n = Math.floor(random() * 30);
      const roll = random();
      operations++;
      if (roll < 0.35) await tenant.data.insertMany([object(name, n), object(name, n + 1)]);
      else if (roll < 0.4) await tenant.data.deleteById(`id-${n}`);
      else if (roll < 0.42) await notes.tenants.deactivate(name);
      else if (roll < 0.6) see(name, ownersOf(await tenant.query.nearVector([n, ...VECTOR.slice(1)], { limit: 5 })));
      else if (roll < 0.7) see(name, ownersOf(await tenant.query.bm25('tenant', { limit: 5 })));
      else if (roll < 0.8) see(name, ownersOf(await tenant.query.fetchObjects({ filters: FILTER, limit: 5 })));
      else if (roll < 0.9) see(name, [(await tenant.query.fetchObjectById(`id-${n}`))?.properties.owner ?? name]);
      else if (roll < 0.95) see(name, (await tenant.aggregate.groupBy({ property: 'owner' })).map(({ groupedBy }) => groupedBy.value));
      else for await (const { properties } of tenant.iterator()) see(name, [properties.owner]);
    };
    while (operations < 10_000) await Promise.all(Array.from({ length: 8 }, one));
    expect(wrong).toEqual([]);
    expect(sizes.size).toBe(24);
    await db.close();
  });

  it('and files that were swapped between two of them are refused', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vectile-swap-'));
    try {
      const [made, place] = [join(folder, 'made'), join(folder, 'swapped')];
      await makeAlike(made);
      const look = async (swapped) => {
        rmSync(place, { recursive: true, force: true });
        cpSync(made, place, { recursive: true });
        const [a, b] = readdirSync(join(place, 'shards')).map((shard) => join(place, 'shards', shard));
        swapped(a, b);
        return outcomesIn(place);
      };
      const own = await look(() => {});
      const kinds = new Map();
      for (const [call, { code }] of own) if (code) throw new Error(`${call}: ${code}`);
      for (const shard of readdirSync(join(made, 'shards'))) {
        for (const file of readdirSync(join(made, 'shards', shard), { recursive: true }).filter((name) => name !== 'log')) {
          kinds.set(kindOf(file), [...kinds.get(kindOf(file)) ?? [], { path: join('shards', shard, file), bytes: statSync(join(made, 'shards', shard, file)).size }]);
        }
      }
      expect([...kinds.keys()].sort()).toEqual([...DERIVED, ...OWN].sort());
      for (const [kind, files] of kinds) {
        // two tenants have each the same files, of the same sizes: nothing but what is in them tells them apart
        expect(new Set(files.map(({ bytes }) => bytes)).size, kind).toBe(1);
        const seen = await look(() => {
          for (let i = 0; i < files.length / 2; i++) swap(join(place, files[i].path), join(place, files[i + files.length / 2].path));
        });
        const refused = new Map();
        for (const [call, { value, code, message }] of seen) {
          if (value !== undefined) expect({ kind, call, value }).toEqual({ kind, call, value: own.get(call).value });
          else {
            expect({ kind, call, code, message }).toEqual({ kind, call, code: 'STORAGE_CORRUPT', message: expect.stringMatching(NAMED[kind] ?? new RegExp(`/${kind}`)) });
            refused.set(call[0], (refused.get(call[0]) ?? 0) + 1);
          }
        }
        // what follows from objects and vectors is made anew of them
        expect({ kind, refused: [...refused.keys()] }).toEqual({ kind, refused: DERIVED.includes(kind) ? [] : ['a', 'b'] });
      }
      const whole = await look((a, b) => swap(a, b));
      expect(new Set([...whole.values()].map(({ code }) => code))).toEqual(new Set(['STORAGE_CORRUPT']));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const OWN = ['log', 'manifest', 'objects', 'table', 'vectors'];
const DERIVED = ['index', 'inverted'];
/** What an error says of a file that has no name of its own. */
const NAMED = { log: /^log of shard [0-9a-f]{32}, record \d+: expected shard/ };
const kindOf = (file) => (file.startsWith('log') ? 'log' : file.split('-')[0]);
const vectorFrom = (owner, n) => Array.from({ length: 8 }, (_, i) => (owner === 'a' ? 0 : 1000) + n + (i * i * n) % 7);

/** Two tenants with the same ids in the same slots, and files of all kinds of the same sizes. */
async function makeAlike(folder) {
  const db = await open({ store: fs(folder), now: () => 1_700_000_000_000 });
  // rows in the index itself, so that distances come from there
  const index = { dimensions: 8, metric: 'l2-squared', index: { type: 'hnsw', maxConnections: 4 }, quantizer: { type: 'sq8', trainingLimit: 30 }, fullVectors: 'sq8' };
  const notes = await db.collections.create({ name: 'Note', ...CONFIG, vectors: { default: index } });
  await notes.tenants.create(['a', 'b']);
  for (const owner of ['a', 'b']) {
    await notes.withTenant(owner).data.insertMany(Array.from({ length: 30 }, (_, n) => ({ ...object(owner, n), vector: vectorFrom(owner, n) })));
  }
  while ((await db.stats()).collections.Note.vectors.default.unlinked) await new Promise((resolve) => setTimeout(resolve, 2));
  await db.snapshot();
  for (const owner of ['a', 'b']) await notes.withTenant(owner).data.deleteById('id-3'); // stays in the log
  await db.close();
}

/** By tenant and call that reads. */
async function outcomesIn(folder) {
  const db = await open({ store: fs(folder) });
  const notes = db.collections.use('Note');
  const outcomes = new Map();
  for (const owner of ['a', 'b']) {
    for (const [call, run] of Object.entries({ ...Object.fromEntries(READING.map((name) => [name, CALLS[name]])), ...MEASURING })) {
      outcomes.set(`${owner} ${call}`, await outcome(() => run(notes, owner), owner));
    }
  }
  await db.close();
  return outcomes;
}

const READING = [
  'length', 'iterator', 'filteredIterator', 'iteratorAfter', 'forAwait', 'dryRun', 'exists', 'fetchObjectById', 'fetchObjectsByIds', 'fetchObjects', 'fetchFiltered', 'fetchSorted', 'fetchAfter',
  'nearVector', 'nearObject', 'hybrid', 'overAll', 'metrics', 'groupBy', 'aggregateNear', 'aggregateNearObject', 'aggregateHybrid',
];
const MEASURING = {
  bm25: (c, name) => c.withTenant(name).query.bm25('a b', { returnMetadata: ['score'] }),
  distances: async (c, name) => {
    const { objects } = await c.withTenant(name).query.nearVector(vectorFrom(name, 5), { limit: 40, returnMetadata: ['distance'] });
    for (const { id, metadata } of objects) {
      const [from, to] = [vectorFrom(name, 5), vectorFrom(name, Number(id.slice(3)))];
      const exact = from.reduce((sum, x, i) => sum + (x - to[i]) ** 2, 0);
      if (Math.abs(metadata.distance - exact) > 20 + exact / 10) throw new Error(`${id}: expected a distance of ${exact}, got ${metadata.distance}`);
    }
    return objects.length;
  },
};

function swap(a, b) {
  renameSync(a, `${a}.swapped`);
  renameSync(b, a);
  renameSync(`${a}.swapped`, b);
}
