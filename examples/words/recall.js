/** How much of the exact answer the graph finds, and what either costs. */

/**
 * @param {import('vectile/engine').VectorIndex} index
 * @returns recall@k over `queries` of the index's own vectors, evenly spread, and milliseconds per search. A vector
 *   always finds itself, so that hit does not count.
 */
export function measureRecall(index, { k, queries }) {
  const ids = index.ids();
  const everything = index.filter(ids);
  const chosen = Array.from({ length: queries }, (_, i) => ids[Math.floor((i * ids.length) / queries)]);
  const vectors = chosen.map((id) => index.get(id));

  const found = timed(() => vectors.map((vector) => index.search(vector, { k: k + 1 })));
  // Scanning a filter that lets everything pass is exact search.
  const exact = timed(() => vectors.map((vector) => index.search(vector, { k: k + 1, filter: everything, filterStrategy: 'scan' })));

  let right = 0;
  for (let i = 0; i < queries; i++) {
    const truth = new Set(exact.result[i].ids);
    truth.delete(chosen[i]);
    for (const id of found.result[i].ids) if (truth.has(id)) right++;
  }
  return { k, queries, recall: right / (queries * k), searchMs: found.ms / queries, exactMs: exact.ms / queries };
}

function timed(run) {
  const start = performance.now();
  const result = run();
  return { result, ms: performance.now() - start };
}
