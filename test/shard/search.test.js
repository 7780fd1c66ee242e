// The inverted index of a shard: in step with its objects whatever happens to them, and to its files.
import { describe, expect, it } from 'vitest';
import { random } from '../conformance/random.js';
import { stores } from '../storage/stores.js';
import { put, remove } from './support.js';
import { change, check, filled, manifestOf, openSearched, properties, propertiesOf, turn, watched } from './support-search.js';

describe.each(Object.entries(stores))('searches of a shard on %s', (_, { make, fork }) => {
  it('find what was written once it is acknowledged, and not what was before, in slots that are reused, too', async () => {
    const next = random(1);
    const { shard, close } = await openSearched(make());
    const objects = new Map();
    await change(shard, objects, next, { writes: 150, isEach: () => check(shard, objects, next, 1) });
    // all slots were another's
    await shard.write([...objects.keys()].map((id) => remove(id)));
    objects.clear();
    await check(shard, objects, next);
    for (let i = 0; i < 50; i++) objects.set(`another ${i}`, propertiesOf(next));
    await shard.write([...objects].map(([id, properties]) => put(id, properties)));
    expect(Math.max(...(await shard.columns({}, (slots) => slots)).toArray())).toBeLessThan(50);
    await check(shard, objects, next);
    await close();
  });

  it('open from a snapshot without reading objects, and with what the log has after it', async () => {
    const next = random(2);
    const place = make();
    const objects = await filled(place, next, [200, 50, 30]);
    const { store, of } = watched(place);
    let { shard, close } = await openSearched(store);
    expect(of('inverted')).toBeGreaterThan(0);
    await check(shard, objects, next);
    expect(of('objects')).toBe(0);
    await change(shard, objects, next, { writes: 20 });
    const crashed = fork(place);
    await check(shard, objects, next);
    await close();
    ({ shard, close } = await openSearched(crashed));
    await check(shard, objects, next);
    await change(shard, objects, next, { writes: 20 });
    await check(shard, objects, next);
    await close();
    const later = watched(crashed);
    ({ shard, close } = await openSearched(later.store));
    await check(shard, objects, next);
    expect(later.of('objects')).toBe(0);
    await close();
  });

  it('open from the log alone', async () => {
    const next = random(3);
    const store = make();
    const { shard, close } = await openSearched(store);
    const objects = new Map();
    await change(shard, objects, next, { writes: 60 });
    const crashed = fork(store);
    await close();
    const again = await openSearched(crashed);
    expect(await manifestOf(crashed).catch(() => undefined)).toBe(undefined);
    await check(again.shard, objects, next);
    await again.close();
  });

  it('go through many snapshots and merges, after which no file is left that is not named', async () => {
    const next = random(4);
    const store = make();
    let { shard, close } = await openSearched(store);
    const objects = new Map();
    const seen = new Set();
    let most = 0;
    const isEach = async () => {
      await check(shard, objects, next, 1);
      await turn(); // of what is merged in the background
    };
    for (let round = 0; round < 30; round++) {
      await change(shard, objects, next, { writes: 4, ids: 300, changes: 30, isEach });
      await (round % 7 ? shard.snapshot() : shard.compact());
      const { manifest, files } = await manifestOf(store);
      expect(files.sort()).toEqual(manifest.inverted.map(({ name }) => name).sort());
      for (const name of files) seen.add(name);
      most = Math.max(most, files.length);
      if (round % 5) continue;
      await close();
      ({ shard, close } = await openSearched(store));
      await check(shard, objects, next, 2);
    }
    await close();
    const { files } = await manifestOf(store);
    expect(most).toBeGreaterThan(3);
    expect(most).toBeLessThan(40);
    expect(seen.size).toBeGreaterThan(files.length + 30);
  });

  it('follow a writer, beside which they read', async () => {
    const next = random(5);
    const store = make();
    const { shard, close } = await openSearched(store);
    const objects = new Map();
    await change(shard, objects, next, { writes: 5 });
    const reader = await openSearched(store, { readOnly: true });
    for (let round = 0; round < 30; round++) {
      await change(shard, objects, next, { writes: 3, ids: 100 });
      if (round % 3 === 1) await shard.snapshot();
      if (round % 6 === 5) await shard.compact();
      await reader.shard.refresh();
      await check(reader.shard, objects, next, 2);
    }
    await reader.close();
    await close();
  });
});
