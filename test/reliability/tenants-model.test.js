/** Random scripts of tenants against a Map: what each call gives, and what is there after each opening. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomOf } from './support/random.js';
import { fs, memory, open } from './support/vectile.js';

const SEEDS = Number(process.env.VECTILE_SEEDS ?? 1);
const FIRST = Number(process.env.VECTILE_SEED ?? 1);
const STEPS = 400;

const configOf = (multiTenancy) => ({
  name: 'Note', properties: [{ name: 'owner', dataType: 'text' }, { name: 'n', dataType: 'int' }],
  vectors: { main: { metric: 'l2-squared', index: { type: 'dynamic', threshold: 10 } } }, multiTenancy: { enabled: true, ...multiTenancy },
});
const objectOf = (owner, n) => ({ id: `id-${n}`, properties: { owner, n }, vector: [n, 1, 2] });
const codeOf = (promise) => promise.then(() => undefined, ({ code, message }) => code ?? message);

/** What a call on a tenant comes to: undefined, or the code of its error. Changes the state as the call does. */
function use(model, name, { autoTenantCreation, autoTenantActivation }, inserts) {
  const tenant = model.get(name);
  if (!tenant && inserts && autoTenantCreation) return void model.set(name, { status: 'ACTIVE', objects: new Map() });
  if (!tenant) return 'TENANT_MISSING';
  if (tenant.status === 'ACTIVE') return undefined;
  if (autoTenantActivation) return void (tenant.status = 'ACTIVE');
  return tenant.status === 'INACTIVE' ? 'TENANT_INACTIVE' : 'TENANT_OFFLOADED';
}

async function script(seed, places) {
  const random = randomOf(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const auto = { autoTenantCreation: random() < 0.5, autoTenantActivation: random() < 0.5 };
  const names = Array.from({ length: 8 }, (_, i) => `t${i}`);
  const model = new Map();
  const options = () => ({ ...places(), openShardsMax: 1 + Math.floor(random() * 4), ...random() < 0.3 && { openBytesMax: 1 } });
  let db = await open(options());
  let notes = await db.collections.create(configOf(auto));

  /** A random step; calls of different tenants may go on at once. */
  const step = async (name) => {
    const tenant = notes.withTenant(name);
    const present = model.get(name);
    const roll = random();
    if (roll < 0.15) {
      const status = random() < 0.7 ? 'ACTIVE' : 'INACTIVE';
      if (!present) model.set(name, { status, objects: new Map() });
      expect(await notes.tenants.create({ name, status })).toEqual([{ name, status: model.get(name).status }]);
    } else if (roll < 0.35) {
      const [call, status] = pick([['activate', 'ACTIVE'], ['deactivate', 'INACTIVE'], ['offload', 'OFFLOADED']]);
      if (present) present.status = status;
      expect(await codeOf(notes.tenants[call](name))).toBe(present ? undefined : 'TENANT_MISSING');
    } else if (roll < 0.42) {
      model.delete(name);
      await notes.tenants.remove(name);
    } else if (roll < 0.65) {
      const expected = use(model, name, auto, true);
      const first = Math.floor(random() * 20);
      const objects = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, i) => objectOf(name, first + i));
      if (!expected) for (const { id, properties: { n } } of objects) model.get(name).objects.set(id, n);
      expect(await codeOf(tenant.data.insertMany(objects))).toBe(expected);
    } else if (roll < 0.72) {
      const expected = use(model, name, auto, false);
      const id = `id-${Math.floor(random() * 25)}`;
      const was = model.get(name)?.objects.delete(id);
      if (expected) expect(await codeOf(tenant.data.deleteById(id))).toBe(expected);
      else expect(await tenant.data.deleteById(id)).toBe(was);
    } else {
      const expected = use(model, name, auto, false);
      if (expected) return expect(await codeOf(tenant.query.fetchObjects())).toBe(expected);
      const objects = [...model.get(name).objects];
      const ids = objects.map(([id]) => id).sort();
      if (roll < 0.8) {
        expect(await tenant.length()).toBe(ids.length);
      } else if (roll < 0.9 || !ids.length) {
        const seen = [];
        for await (const { id, properties } of tenant.iterator(random() < 0.5 ? {} : { filters: { operator: 'GreaterThanEqual', property: 'n', value: 0 } })) {
          expect(properties.owner).toBe(name);
          seen.push(id);
        }
        expect(seen.sort()).toEqual(ids);
      } else {
        const at = Math.floor(random() * 25);
        const nearest = Math.min(...objects.map(([, n]) => Math.abs(n - at)));
        const { objects: [hit] } = await tenant.query.nearVector([at, 1, 2], { limit: 1 });
        expect(Math.abs(hit.properties.n - at)).toBe(nearest);
      }
    }
    return undefined;
  };
  const check = async () => {
    expect((await notes.tenants.list({ limit: 100 })).map(({ name, status }) => `${name} ${status}`))
      .toEqual([...model].map(([name, { status }]) => `${name} ${status}`).sort());
  };

  for (let i = 0; i < STEPS; i++) {
    if (random() < 0.8) await step(pick(names));
    else await Promise.all(names.filter(() => random() < 0.5).map(step));
    if (random() < 0.05) {
      await check();
      await db.close();
      db = await open(options());
      notes = db.collections.use('Note');
      await check();
    }
    if (random() < 0.01) await db.snapshot();
  }
  for (const name of model.keys()) await notes.tenants.activate(name);
  const chunks = [];
  for await (const chunk of db.export()) chunks.push(chunk);
  const copy = await open({ store: memory(), from: chunks });
  for (const [name, { objects }] of model) {
    for (const each of [notes, copy.collections.use('Note')]) {
      const { objects: found } = await each.withTenant(name).query.fetchObjects({ limit: 1000 });
      expect(found.map(({ id }) => id).sort()).toEqual([...objects.keys()].sort());
    }
  }
  await copy.close();
  await notes.tenants.remove(names);
  await db.close();
}

describe.each(Array.from({ length: SEEDS }, (_, i) => FIRST + i))('tenants, seed %d', (seed) => {
  it('in memory', async () => {
    const [store, offload] = [memory(), memory()];
    await script(seed, () => ({ store, offload }));
    for (const place of [store, offload]) {
      const view = await place.open({ readOnly: false });
      expect([...await view.blobs.list(''), ...await view.logs('')].map((each) => each.name ?? each).filter((name) => !name.startsWith('catalog'))).toEqual([]);
      await view.close();
    }
  });

  it('in folders', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vectile-tenants-'));
    try {
      await script(seed + 1000, () => ({ store: fs(`${folder}/here`), offload: fs(`${folder}/away`) }));
      const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`);
      expect(left.filter((path) => !/catalog|vectile\.json|lock-/.test(path))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
