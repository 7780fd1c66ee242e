// A dynamic vector that sleeps until it is searched.
import { describe, expect, it } from 'vitest';
import { VectorField } from '../../ts/shard/vector-field.js';
import './support.js';

const spec = { number: 1, dimensions: 4, metric: 'l2-squared', type: 'dynamic', threshold: 400, codec: 'f32', fullVectors: 'memory', maxConnections: 8, efConstruction: 32 };
const vectorOf = (n) => Float32Array.of(n, 1, 2, 3);

/** Vectors as an object store has them; every read takes a while. */
function stored() {
  const vectors = new Map();
  let reads = 0;
  return {
    vectors,
    get reads() { return reads; },
    readSync: undefined,
    async read(slots) {
      reads++;
      const found = slots.map((slot) => vectors.get(slot));
      await new Promise((resolve) => setTimeout(resolve, 2));
      return found;
    },
  };
}

async function opened(source) {
  const field = await VectorField.open(spec, source);
  return {
    field,
    put(slot, n) { source.vectors.set(slot, vectorOf(n)); field.put(slot, vectorOf(n)); },
    remove(slot) { source.vectors.delete(slot); field.remove(slot); },
  };
}

describe('a dynamic vector', () => {
  it('has no memory until it is searched, and then all that was written before', async () => {
    const source = stored();
    const { field, put, remove } = await opened(source);
    for (let slot = 0; slot < 300; slot++) put(slot, slot);
    put(7, 1000);
    remove(8);
    expect([field.bytes, field.count, source.reads]).toEqual([0, 299, 0]);
    expect((await field.near(vectorOf(8), { k: 3 })).slots).toEqual([9, 6, 10]);
    expect((await field.near(vectorOf(1000), { k: 1 })).slots).toEqual([7]);
    expect(field.bytes).toBeGreaterThan(0);
    expect(field.near(vectorOf(0), { k: 1 })).toMatchObject({ slots: [0] }); // at once, from now on
    field.dispose();
  });

  it('takes up what is written while it wakes', async () => {
    const source = stored();
    const { field, put, remove } = await opened(source);
    for (let slot = 0; slot < 300; slot++) put(slot, slot);
    const asked = [field.near(vectorOf(0), { k: 400 }), field.near(vectorOf(0), { k: 400 })];
    for (let i = 0; i < 200; i++) {
      if (i % 3) put(i, 1000 + i);
      else remove(i);
      if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const { slots } of await Promise.all(asked)) expect(slots.length).toBeGreaterThanOrEqual(300 - 67);
    const { slots, distances } = await field.near(vectorOf(0), { k: 400 });
    const expected = [...source.vectors].map(([slot, [n]]) => [slot, n * n]).sort((a, b) => a[1] - b[1]);
    expect(slots.map((slot, i) => [slot, distances[i]])).toEqual(expected);
    field.dispose();
  });

  it('wakes by itself to become hnsw', async () => {
    const source = stored();
    const { field, put } = await opened(source);
    for (let slot = 0; slot < 500; slot++) put(slot, slot);
    await expect.poll(() => (field.work(10), field.hasIndex && field.unlinked === 0), { timeout: 60_000, interval: 5 }).toBe(true);
    expect((await field.near(vectorOf(123), { k: 1 })).slots).toEqual([123]);
    field.dispose();
  });

  it('sleeps on if it cannot be read, and says so', async () => {
    const source = stored();
    const { field, put } = await opened(source);
    put(1, 1);
    const { read } = source;
    source.read = async () => { throw new Error('not now'); };
    await expect(field.near(vectorOf(1), { k: 1 })).rejects.toThrow('not now');
    source.read = read;
    expect((await field.near(vectorOf(1), { k: 1 })).slots).toEqual([1]);
    const waking = (await opened(stored())).field;
    const near = waking.near(vectorOf(1), { k: 1 });
    waking.dispose();
    await expect(near).rejects.toMatchObject({ code: 'CLOSED' });
    field.dispose();
  });
});
