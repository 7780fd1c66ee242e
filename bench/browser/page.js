// What runs in the page of a peer. Times are of performance.now(), which counts 5 µs in a page that is cross-origin isolated,
// as ours are. Fetching the vectors is not timed.

/** @param {import('./peers.js').PagePeer} peer */
export function serve(peer) {
  let queries, queryCount;

  const calls = {
    /** @returns {Promise<{ importMs: number, saveMs: number }>} */
    async import({ options, slices }) {
      let importMs = await timed(() => peer.create(options));
      let rows = 0;
      for (const url of slices) {
        const vectors = await floats(url);
        importMs += await timed(() => peer.add(vectors, rows));
        rows += vectors.length / options.dimensions;
        globalThis.told({ rows });
      }
      if (peer.finish) importMs += await timed(() => peer.finish());
      return { importMs };
    },

    async save() { return { saveMs: await timed(() => peer.save()) }; },

    /** `firstAnswerMs` counts from before opening. */
    async open({ options, k, setting }) {
      await fetchQueries(options);
      const start = performance.now();
      await peer.open(options);
      const openMs = performance.now() - start;
      const found = await peer.search(queryAt(0), k, setting);
      const firstAnswerMs = performance.now() - start;
      if (found.length !== k) throw new Error(`opened: expected ${k} results, got ${found.length}`);
      return { openMs, firstAnswerMs };
    },

    /** The queries from number `first` on, one at a time. */
    async search({ options, first, count, k, setting }) {
      await fetchQueries(options);
      const ms = [], ids = [];
      for (let i = 0; i < count; i++) {
        const query = queryAt((first + i) % queryCount);
        const start = performance.now();
        const found = await peer.search(query, k, setting);
        ms.push(performance.now() - start);
        ids.push(Array.from(found, Number));
      }
      return { ms, ids };
    },
  };

  async function fetchQueries({ dimensions }) {
    queries ??= await floats('/queries');
    queryCount = queries.length / dimensions;
  }
  const queryAt = (q) => queries.subarray(q * (queries.length / queryCount), (q + 1) * (queries.length / queryCount));

  /** By calls in both directions: Chromium sometimes forgets the promise of an evaluation. */
  globalThis.run = (name, input) => void calls[name](input).then((result) => globalThis.told({ result }), (error) => globalThis.told({ error: error?.message ?? String(error) }));
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const floats = async (url) => new Float32Array(await (await fetch(url)).arrayBuffer());
