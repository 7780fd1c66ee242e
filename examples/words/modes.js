/** One index stored in every mode, one after the other: what each takes, finds and costs. */

const modes = ['exact', 'fast', 'compact', 'smallest'];

/**
 * @param {import('vectile/engine').VectorIndex} index with floats; of 10,000 vectors at least, or codes are not trained
 * @param {{ k: number, queries: number, example: number }} options `example`: an id whose neighbours are told
 */
export function* measureModes(index, { k, queries, example }) {
  const ids = index.ids();
  // stands for the store that full vectors are read from, where the index keeps none
  const vectors = new Map(Array.from(ids, (id) => [id, index.get(id)]));
  const reader = (wanted, out) => wanted.forEach((id, i) => out.set(vectors.get(id), i * index.dimensions));
  const chosen = Array.from({ length: queries }, (_, i) => ids[Math.floor((i * ids.length) / queries)]);
  const truth = chosen.map((id) => new Set(index.search(vectors.get(id), { k: k + 1, filterStrategy: 'scan' }).ids));

  for (const mode of modes) {
    index.setCodec({ mode, reader });
    while (index.work(100));
    const { codec, bytes, recoding } = index.stats();
    if (recoding) throw new Error(`mode ${mode}: expected ${recoding.trainingLimit} vectors to learn from, got ${index.size}`);
    const start = performance.now();
    const found = chosen.map((id) => index.search(vectors.get(id), { k: k + 1 }));
    const searchMs = (performance.now() - start) / queries;
    yield {
      mode, codec: codec.type, bytes: bytes.total / index.size, recall: recallOf(found, truth, chosen, k), rescored: found[0].rescored, searchMs,
      near: [...index.search(vectors.get(example), { k: 5 }).ids].filter((id) => id !== example),
    };
  }
}

/** A vector always finds itself, so that hit does not count. */
function recallOf(found, truth, chosen, k) {
  let right = 0;
  found.forEach(({ ids }, i) => { for (const id of ids) if (id !== chosen[i] && truth[i].has(id)) right++; });
  return right / (found.length * k);
}
