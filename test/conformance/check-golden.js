/** Whether an index opened from a golden image is the one that was written. */
import { length } from './oracle.js';

/** @returns {string[]} what is wrong, one line each */
export function checkGolden(index, { stats, vectors, allowed, searches }) {
  const wrong = [];
  const check = (ok, text) => { if (!ok) wrong.push(text); };
  const now = index.stats();
  for (const [name, value] of Object.entries(stats)) check(same(now[name], value), `stats().${name}: expected ${JSON.stringify(value)}, got ${JSON.stringify(now[name])}`);
  check(String(index.ids()) === String(vectors.map(([id]) => id)), 'ids');
  for (const [id, vector] of vectors) {
    const got = index.get(id);
    const slack = length(vector) * 1e-6;
    check(got?.length === vector.length && vector.every((value, i) => Math.abs(got[i] - value) <= slack), `get(${id}): expected ${vector}, got ${got}`);
  }
  const near = (got, expected, name) => {
    check(got.length === expected.length, `${name}: expected ${expected.length} hits, got ${got.length}`);
    expected.forEach((value, i) => check(Math.abs(got[i] - value) <= 1e-5 * (1 + Math.abs(value)), `${name}: expected distance ${value} at ${i}, got ${got[i]}`));
  };
  searches.forEach(({ query, distances, allowedDistances }, i) => {
    near(index.search(query, { k: 12, filterStrategy: 'scan' }).distances, distances, `scan ${i}`);
    near(index.search(query, { k: 12, filter: allowed, filterStrategy: 'scan' }).distances, allowedDistances, `filtered scan ${i}`);
    for (const filter of [undefined, allowed]) {
      // what a walk finds may change with the search; that it finds as many, of those, may not
      const { ids } = index.search(query, { k: 12, filter, filterStrategy: 'traverse' });
      const live = new Set(filter ?? vectors.map(([id]) => id));
      check(ids.length === Math.min(12, live.size), `walk ${i}: expected ${Math.min(12, live.size)} hits, got ${ids.length}`);
      check(ids.every((id) => live.has(id)), `walk ${i}: expected live ids that are allowed, got ${ids}`);
    }
  });
  return wrong;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
