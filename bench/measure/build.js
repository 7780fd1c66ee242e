// Building indexes side by side: 5,000 rows into one, the same 5,000 into the next, and so on, so that all see the same
// machine. Growth of the process is summed over each engine's own turns, with the garbage collector run between them where
// it is exposed.

import { startClock, turnOrder } from './clock.js';

const sliceRows = 5000;

/**
 * @param {import('../data/dataset.js').Dataset} data
 * @param {import('../peers/index.js').Engine[]} engines
 * @param {number} [from] the first row to add
 * @returns {Promise<{ cpuSeconds: number, wallSeconds: number, rssGrowth: number }[]>}
 */
export async function buildInTurns(data, engines, onProgress, from = 0) {
  const costs = engines.map(() => ({ cpuSeconds: 0, wallSeconds: 0, rssGrowth: 0 }));
  for (let start = from; start < data.rows; start += sliceRows) {
    const end = Math.min(start + sliceRows, data.rows);
    const vectors = data.base.subarray(start * data.dimensions, end * data.dimensions);
    const ids = Uint32Array.from({ length: end - start }, (_, i) => start + i);
    for (const i of turnOrder(engines.length, Math.floor(start / sliceRows))) await charge(costs[i], () => engines[i].add(vectors, ids));
    onProgress?.(end, data.rows);
    await null;
  }
  for (const [i, engine] of engines.entries()) if (engine.finish) await charge(costs[i], () => engine.finish());
  return costs;
}

/** Runs `work` at the expense of `cost`. */
export async function charge(cost, work) {
  globalThis.gc?.();
  const rss = process.memoryUsage.rss();
  const clock = startClock();
  const result = await work();
  const time = clock();
  globalThis.gc?.();
  cost.cpuSeconds += time.cpu / 1e6;
  cost.wallSeconds += time.wall / 1e6;
  cost.rssGrowth += process.memoryUsage.rss() - rss;
  return result;
}
