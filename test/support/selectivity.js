/** Recall of filtered searches: filters of several sizes, at random and correlated with the query both ways. */
import { hitsWithin, measure } from '../conformance/oracle.js';
import { clustered, integer, random, sequence, shuffled } from '../conformance/random.js';

export const SHARES = [0.5, 0.1, 0.01, 0.001];
export const KINDS = ['random', 'nearest', 'farthest', 'own cluster', 'other clusters'];

/** An index over clustered data with held-out queries. */
export async function filterBench({ VectorIndex, count, dimensions, metric, queries, seed, options }) {
  const next = random(seed);
  const data = clustered(next, count + queries, dimensions, 40);
  const index = await VectorIndex.create({ dimensions, metric, seed, ...options });
  index.addMany(sequence(count), data.rows.subarray(0, count * dimensions));
  const cases = Array.from({ length: queries }, (_, i) => {
    const query = data.row(count + i);
    const distances = Float64Array.from({ length: count }, (__, id) => measure(metric, query, data.row(id)).distance);
    const byDistance = Array.from(sequence(count)).sort((a, b) => distances[a] - distances[b]);
    return { query, distances, byDistance, label: data.labels[count + i] };
  });

  const idsOf = (kind, share, { byDistance, label }) => {
    const size = Math.max(1, Math.round(count * share));
    switch (kind) {
      case 'random': return [...shuffled(next, count).subarray(0, size)];
      case 'nearest': return byDistance.slice(0, size);
      case 'farthest': return byDistance.slice(count - size);
      case 'own cluster': return byDistance.filter((id) => data.labels[id] === label).slice(0, size);
      default: return byDistance.filter((id) => data.labels[id] !== label && next() < share);
    }
  };

  return {
    index,
    unfiltered(ef) {
      let found = 0;
      for (const { query, distances, byDistance } of cases) {
        found += hitsWithin(index.search(query, { k: 10, ef, filterStrategy: 'traverse' }).distances, byDistance.slice(0, 10).map((id) => distances[id]));
      }
      return found / (queries * 10);
    },
    /** Recall against the exact filtered answer; throws if a hit is not allowed or there are too few. */
    filtered({ kind, share, ef, filterStrategy, k = 10 }) {
      let found = 0, wanted = 0;
      for (const one of cases) {
        const ids = idsOf(kind, share, one);
        const allowed = new Set(ids);
        const hits = index.search(one.query, { k, ef, filter: index.filter(ids), filterStrategy });
        if (hits.ids.length !== Math.min(k, ids.length)) throw new Error(`expected ${Math.min(k, ids.length)} hits of ${ids.length}, got ${hits.ids.length}`);
        for (const id of hits.ids) if (!allowed.has(id)) throw new Error(`expected an allowed id, got ${id}`);
        const exact = ids.map((id) => one.distances[id]).sort((a, b) => a - b).slice(0, k);
        found += hitsWithin(hits.distances, exact);
        wanted += exact.length;
      }
      return found / wanted;
    },
    someQuery: () => cases[integer(next, 0, queries)].query,
  };
}
