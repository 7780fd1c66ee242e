// Databases made by former releases open, and hold what they held. They are copied first: opening writes.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { memory, open } from 'vectile';
import { contentOf, later } from './content.js';

const golden = fileURLToPath(new URL('.', import.meta.url));
const formats = readdirSync(golden).filter((name) => /^\d+$/.test(name));

it('there is one of each format', () => {
  expect(formats).toContain('1');
});

describe.each(formats)('a database of format %s', (format) => {
  const expected = JSON.parse(readFileSync(join(golden, format, 'expected.json'), 'utf8'));
  const folders = [];
  afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

  function copy() {
    const folder = mkdtempSync(join(tmpdir(), 'vectile-golden-'));
    folders.push(folder);
    cpSync(join(golden, format, 'database'), folder, { recursive: true });
    return folder;
  }

  it('opens read-only, and holds what it held', async () => {
    const db = await open(copy(), { readOnly: true });
    expect(await contentOf(db)).toEqual(expected);
    await db.close();
  });

  it('opens, is written to, compacted, and opened again', async () => {
    const folder = copy();
    const db = await open(folder);
    expect(await contentOf(db)).toEqual(expected);
    const things = db.collections.use('Thing');
    const added = { ...later[0], id: 'added' };
    await things.data.insert(added);
    await db.compact();
    await db.close();

    const again = await open(folder);
    expect((await again.collections.use('Thing').query.fetchObjectById('added', { includeVector: true })).vectors).toEqual(added.vector);
    await again.collections.use('Thing').data.deleteById('added');
    expect(await contentOf(again)).toEqual(expected);
    await again.close();
  });

  it('goes into a store of another kind', async () => {
    const from = await open(copy());
    const db = await open({ store: memory(), from: from.export() });
    const { collections } = await contentOf(db);
    for (const [name, { $object }] of Object.entries(expected.collections)) {
      const content = new Map(collections[name].$object);
      for (const [key, value] of $object) if (key !== 'objects') expect(content.get(key), `${name}, ${key}`).toEqual(value);
    }
    await db.close();
    await from.close();
  });
});
