/** Rounds of removing a share of an index and adding it again, looked at from every side on the way. */
import { expect } from 'vitest';
import { hitsWithin, nearestDistances } from '../conformance/oracle.js';
import { clustered, random, shuffled } from '../conformance/random.js';
import { VectorIndex } from './engine.js';
import { expectSound } from './memory.js';

/**
 * @param {{ count: number, dimensions: number, queries: number, seed: number, options: object }} size
 *   `options` of the index; `queries` are held out
 */
export async function churn({ count, dimensions, queries, seed, options }) {
  const next = random(seed);
  const data = clustered(next, 2 * count + queries, dimensions);
  const vectors = new Map(); // of what is in the index
  const row = (id) => vectors.get(id);
  const queryRows = Array.from({ length: queries }, (_, i) => data.row(2 * count + i));
  const open = async () => VectorIndex.create({ dimensions, metric: 'l2-squared', seed, ...options });
  const index = await open();
  const fill = (target) => {
    const ids = Uint32Array.from(vectors.keys());
    const rows = new Float32Array(ids.length * dimensions);
    ids.forEach((id, i) => rows.set(vectors.get(id), i * dimensions));
    target.addMany(ids, rows);
  };
  for (let id = 0; id < count; id++) vectors.set(id, data.row(id));
  fill(index);

  const recall = (target, ef) => {
    const ids = Uint32Array.from(vectors.keys());
    let found = 0;
    for (const query of queryRows) {
      const hits = target.search(query, { k: 10, ef, filterStrategy: 'traverse' });
      for (const id of hits.ids) expect(vectors.has(id), `ghost ${id}`).toBe(true);
      found += hitsWithin(hits.distances, exact(query, ids));
    }
    return found / (queries * 10);
  };
  let known = new Map(); // exact answers, until the vectors change
  const exact = (query, ids) => {
    if (!known.has(query)) known.set(query, nearestDistances('l2-squared', query, ids, row, 10));
    return known.get(query);
  };

  let spare = count; // rows not used yet
  return {
    index,
    /** Every answer on the way must be made of live vectors, correctly measured, k of them. */
    probe(target = index) {
      const query = queryRows[Math.floor(next() * queries)];
      for (const filterStrategy of ['auto', 'traverse']) {
        const { ids, distances } = target.search(query, { k: 10, filterStrategy });
        expect(ids.length).toBe(Math.min(10, vectors.size));
        ids.forEach((id, i) => {
          expect(vectors.has(id), `ghost ${id}`).toBe(true);
          expect(distances[i]).toBeCloseTo(nearestDistances('l2-squared', query, [id], row, 1)[0], 2);
        });
      }
    },
    /** Removes a share of all, at random. */
    removeSome(share) {
      const ids = [...vectors.keys()];
      const removed = [...shuffled(next, ids.length).subarray(0, Math.round(ids.length * share))].map((i) => ids[i]);
      for (const id of removed) {
        expect(index.remove(id)).toBe(true);
        vectors.delete(id);
      }
      known = new Map();
      return removed;
    },
    /** Adds other vectors under these ids. */
    add(ids) {
      for (const id of ids) {
        const vector = data.row(spare++ % (2 * count));
        index.add(id, vector);
        vectors.set(id, vector);
      }
      known = new Map();
    },
    ids: () => [...vectors.keys()],
    /** Work until there is no more; `each` is called after every slice. */
    workUp(each = () => {}) {
      let slices = 0;
      while (index.work(0)) {
        each(slices);
        if (++slices > 1e6) throw new Error('work never ends');
      }
      expectSound(index);
      expect(index.stats().tombstones).toBe(0);
      return slices;
    },
    /** Holds the index against one built from the same vectors. */
    async expectLikeFresh({ efs, slack = 0.01, bytes = 1.1 }) {
      const fresh = await open();
      fill(fresh);
      const result = { recall: efs.map((ef) => [ef, recall(index, ef), recall(fresh, ef)]) };
      for (const [ef, got, expected] of result.recall) expect(got, `recall at ef ${ef}; fresh ${expected}`).toBeGreaterThanOrEqual(expected - slack);
      const [now, then] = [index.stats().bytes, fresh.stats().bytes];
      result.memory = now.memory / then.memory;
      result.image = index.serialize().length / fresh.serialize().length;
      expect(now.total / then.total, 'stats().bytes.total').toBeLessThanOrEqual(bytes);
      expect(result.image, 'bytes of the image').toBeLessThanOrEqual(bytes);
      expect(result.memory, 'stats().bytes.memory').toBeLessThanOrEqual(bytes);
      fresh.dispose();
      return result;
    },
  };
}
