// Files of the inverted index of a shard: damaged, missing, of another format, of none.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VectileError } from '../../ts/errors.js';
import { open } from '../../ts/index.js';
import { encodeManifest } from '../../ts/shard/manifest.js';
import { memory } from '../../ts/storage/memory.js';
import { integer, random } from '../conformance/random.js';
import { temporaryFolder } from '../storage/stores.js';
import { errorOf } from '../support/engine.js';
import { put } from './support.js';
import { alter, change, check, columnOf, filled, MANIFEST, manifestOf, openSearched, properties, request, watched } from './support-search.js';

describe('files of the inverted index', () => {
  it('are built anew if a byte of them is another, whichever', { timeout: 120_000 }, async () => {
    const next = random(6);
    const place = memory();
    const objects = await filled(place, next, [12, 5]);
    let rebuilt = 0;
    let bytesInAll = 0;
    const names = (await manifestOf(place)).files;
    expect(names).toHaveLength(2);
    for (const name of names) {
      let size;
      await alter(place, ({ change }) => change(name, (bytes) => { size = bytes.length; }));
      bytesInAll += size;
      for (let at = 0; at < size; at++) {
        const damaged = place.fork();
        await alter(damaged, ({ change }) => change(name, (bytes) => { bytes[at] ^= 1 << integer(next, 0, 8); }));
        const { store, of } = watched(damaged);
        const { shard, close } = await openSearched(store);
        try {
          await check(shard, objects, next, 1);
          for (const property of ['text', 'title', 'tags', 'n']) {
            const wanted = [...objects].filter(([, object]) => property in object).map(([id]) => shard.slotOf(id));
            expect([...(await shard.select({ kind: 'present', property })).toArray()]).toEqual(wanted.sort((a, b) => a - b));
          }
          for (const key of ['created', 'updated', 'length:tags', 'length:title']) await columnOf(shard, key);
        } catch (cause) {
          throw new Error(`${name}, byte ${at}: ${cause.message}`, { cause });
        }
        if (of('objects')) rebuilt++;
        await close();
      }
    }
    // padding, and sections that were not asked for, do no harm
    expect(rebuilt).toBeGreaterThan(bytesInAll / 2);
  });

  it('are built anew if they are short, long, missing, or of another format', async () => {
    const next = random(7);
    const place = memory();
    const objects = await filled(place, next, [30, 9]);
    const [first, second] = (await manifestOf(place)).files;
    const cases = {
      'half of it': ({ change }) => change(first, (bytes) => bytes.subarray(0, bytes.length >> 1)),
      'empty': ({ change }) => change(first, () => new Uint8Array(0)),
      'longer': ({ change }) => change(first, (bytes) => Uint8Array.from([...bytes, 0, 0, 0, 0])),
      'missing': ({ blobs }) => blobs.delete(second),
      'of another part': async ({ blobs, change }) => { const { bytes } = await blobs.get(first); await change(second, () => bytes); },
      'zeros': ({ change }) => change(second, (bytes) => { bytes.fill(0); }),
    };
    for (const [what, work] of Object.entries(cases)) {
      const copy = place.fork();
      await alter(copy, work);
      const damaged = await openSearched(copy.fork());
      await check(damaged.shard, objects, next, 1).catch((cause) => { throw new Error(`${what}: ${cause.message}`, { cause }); });
      await damaged.close();
      // the next snapshot has sound ones
      let { shard, close } = await openSearched(copy);
      await shard.snapshot();
      await close();
      const { store, of } = watched(copy);
      ({ shard, close } = await openSearched(store));
      await check(shard, objects, next);
      expect(of('objects'), what).toBe(0);
      await close();
    }
  });

  it('are made of objects where a snapshot was written without', async () => {
    const next = random(8);
    const place = memory();
    const objects = await filled(place, next, [30, 9]);
    await alter(place, async ({ blobs, names }) => {
      const { manifest: { inverted, ...manifest } } = await manifestOf(place);
      expect(inverted).toHaveLength(2);
      await blobs.put(MANIFEST, [encodeManifest(manifest)]);
      for (const name of await names('inverted-')) await blobs.delete(name);
    });
    const { store, of } = watched(place);
    let { shard, close } = await openSearched(store);
    expect(of('objects')).toBeGreaterThan(0);
    await check(shard, objects, next);
    await shard.write([put('one more', { text: 'one' })]);
    objects.set('one more', { text: 'one' });
    await check(shard, objects, next);
    await close();
    const later = watched(place);
    ({ shard, close } = await openSearched(later.store));
    await check(shard, objects, next);
    expect(later.of('objects')).toBe(0);
    await close();
  });

  it('are there, or made of the objects, in a database of format 1', async () => {
    const folder = join(temporaryFolder(), 'database');
    cpSync(fileURLToPath(new URL('../golden-database/1/database', import.meta.url)), folder, { recursive: true });
    for (const readOnly of [true, false, false]) {
      const db = await open(folder, { readOnly });
      const things = db.collections.use('Thing');
      const { properties: schema } = await things.config.get();
      let count = 0;
      for (const { name } of schema.filter(({ dataType }) => !/^(blob|object)/.test(dataType))) {
        const wanted = [];
        for await (const { id, properties } of things.iterator()) if (properties[name] !== undefined) wanted.push(id);
        const { objects } = await things.query.fetchObjects({ filters: { operator: 'IsNull', property: name, value: false }, limit: 10_000 });
        expect(objects.map(({ id }) => id).sort(), name).toEqual(wanted.sort());
        count += wanted.length;
      }
      expect(count).toBeGreaterThan(0);
      await db.close();
    }
  });

  it('that cannot be read for once are asked again', async () => {
    const next = random(9);
    const place = memory();
    const objects = await filled(place, next, [30, 9]);
    let isFailing = false;
    const { store, of } = watched(place, (name) => {
      if (isFailing && name.includes('/inverted-')) throw new VectileError('STORAGE_FAILED', `${name}: expected to be read, got EIO`);
    });
    const { shard, close } = await openSearched(store);
    isFailing = true;
    expect((await errorOf(async () => shard.select({ kind: 'present', property: 'n' })))?.code).toBe('STORAGE_FAILED');
    expect((await errorOf(async () => shard.keyword(request(['one']))))?.code).toBe('STORAGE_FAILED');
    expect((await errorOf(async () => columnOf(shard, 'value:n')))?.code).toBe('STORAGE_FAILED');
    isFailing = false;
    await check(shard, objects, next);
    expect(of('objects')).toBe(0);
    await close();
  });
});
