import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkGolden } from './conformance/check-golden.js';
import { GOLDEN } from './conformance/golden.js';
import { VectorIndex, binaries, useBinary } from './support/engine.js';
import { FORMAT_VERSION, Header, expectSound } from './support/memory.js';

/** Images that earlier builds wrote. They are made once per format (golden/make.js) and must open forever. */

const folder = new URL('golden/', import.meta.url);
const versions = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);

test('there are some of the present format', () => expect(versions).toContain(String(FORMAT_VERSION)));

test('there are images in the middle of a sweep, with tombstones, free slots and twins', () => {
  const headers = GOLDEN.map(({ image }) => new DataView(Uint8Array.from(atob(image), (c) => c.charCodeAt(0)).buffer));
  const some = (offset) => headers.filter((header) => header.getUint32(offset, true) > 0).length;
  for (const offset of [Header.SweepPhase, Header.Tombstones, Header.TwinCount, Header.FreeCount, Header.ArenaUsed]) expect(some(offset)).toBeGreaterThan(0);
});

describe.each(binaries)('%s', (binary) => {
  describe.each(versions)('format %s', (version) => {
    const answers = JSON.parse(readFileSync(new URL(`${version}/answers.json`, folder), 'utf8'));
    const names = readdirSync(new URL(`${version}/`, folder)).filter((name) => name.endsWith('.vectile')).map((name) => name.replace('.vectile', ''));

    test('every image has its answers', () => expect(names.sort()).toEqual(Object.keys(answers).sort()));

    test.each(names)('%s', async (name) => {
      await useBinary(binary);
      const image = new Uint8Array(readFileSync(new URL(`${version}/${name}.vectile`, folder)));
      const index = await VectorIndex.deserialize(image);
      expect(checkGolden(index, answers[name])).toEqual([]);
      if (Number(version) === FORMAT_VERSION) expect(Buffer.compare(index.serialize(), image)).toBe(0);
      // and it can be lived in
      const live = answers[name].vectors.map(([id]) => id);
      for (let i = 0; i < 20; i++) index.add(1000 + i, new Float32Array(6).fill(i + 1));
      for (const id of live.slice(0, 10)) expect(index.remove(id)).toBe(true);
      while (index.work(1));
      expect(index.size).toBe(live.length + 20 - Math.min(10, live.length));
      if (index.stats().type === 'hnsw') expectSound(index);
    });

    test('the copies in conformance/golden.js are the same', () => {
      for (const { image, name } of GOLDEN.filter((one) => String(one.version) === version)) {
        expect(readFileSync(new URL(`${version}/${name}.vectile`, folder)).toString('base64')).toBe(image);
      }
    });
  });
});

test('images from before there were codecs can be given one', async () => {
  const old = GOLDEN.filter(({ version, answers }) => version === 1 && ['cosine', 'dot', 'l2-squared'].includes(answers.stats.metric));
  expect(old.length).toBeGreaterThan(3);
  for (const { name, image, answers } of old) {
    const index = await VectorIndex.deserialize(Uint8Array.from(atob(image), (c) => c.charCodeAt(0)));
    index.setCodec({ codec: 'rq8' });
    while (index.work(5));
    expect(index.stats(), name).toMatchObject({ codec: { type: 'rq8' }, count: answers.stats.count });
    for (const { query, distances } of answers.searches) {
      const hits = index.search(query, { k: 12, oversampling: 100 });
      expect(hits.rescored).toBe(answers.stats.count);
      distances.forEach((distance, i) => expect(hits.distances[i]).toBeCloseTo(distance, 4));
    }
  }
});
