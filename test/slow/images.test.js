import { expect, test } from 'vitest';
import { integer, random, vector } from '../conformance/random.js';
import { SEED, VectorIndex, VectileError, errorOf } from '../support/engine.js';

const seed = SEED ?? 61;

test('every single-bit flip of an image with twins and tombstones, and 200,000 double ones', async () => {
  const next = random(seed);
  const index = await VectorIndex.create({ dimensions: 5, metric: 'cosine', maxConnections: 4 });
  for (let id = 0; id < 80; id++) index.add(id, id % 4 ? vector(next, 5) : [1, 1, 1, 1, 1]);
  for (let id = 0; id < 80; id += 3) index.remove(id);
  for (let i = 0; i < 7; i++) index.work(0);
  const image = index.serialize();
  const expectRefusal = async (told) => {
    const error = await errorOf(() => VectorIndex.deserialize(image));
    if (!(error instanceof VectileError) || !error.code.startsWith('IMAGE_')) throw new Error(`${told}: expected a refusal, got ${error}`);
  };
  const flip = (bit) => { image[bit >> 3] ^= 1 << (bit & 7); };
  for (let bit = 0; bit < image.length * 8; bit++) {
    flip(bit);
    await expectRefusal(`bit ${bit}`);
    flip(bit);
  }
  for (let i = 0; i < 200_000; i++) {
    const [a, b] = [integer(next, 0, image.length * 8), integer(next, 0, image.length * 8)];
    if (a === b) continue;
    flip(a);
    flip(b);
    await expectRefusal(`seed ${seed}, bits ${a} and ${b}`);
    flip(a);
    flip(b);
  }
  expect(index.serialize()).toEqual(image);
});

test('a region of more than 2 GiB is written and read like any other', async () => {
  const dimensions = 65_535, count = 8_400;
  const index = await VectorIndex.create({ dimensions, type: 'flat', metric: 'l2-squared' });
  index.reserve(count);
  const row = new Float32Array(dimensions);
  for (let id = 0; id < count; id++) { row[0] = id; index.add(id, row); }
  const { rows, total } = index.stats().bytes;
  expect([rows > 2 ** 31, total > 2 ** 31]).toEqual([true, true]);
  const chunks = [];
  await index.writeImage((chunk) => { chunks.push(chunk); });
  index.dispose();
  expect(chunks.reduce((sum, { length }) => sum + length, 0)).toBe(total);
  const again = await VectorIndex.readImage(chunks);
  row[0] = count - 1;
  expect([...again.search(row, { k: 2 }).ids]).toEqual([count - 1, count - 2]);
  expect(again.get(count - 5)[0]).toBe(count - 5);
});
