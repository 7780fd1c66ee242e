// What keyword, vector and hybrid search should return, computed plainly: every text is scored, nothing is pruned or
// rounded, and no line of the engine is used. It is what the engine is held to, so it must not import anything of it.

import { exactNeighbors } from './data/ground-truth.js';
import { englishStopwords, wordsOf } from './data/words.js';

const k1 = 1.2, b = 0.75;
/** Hits that each leg of a hybrid search hands to the fusion: their least and greatest scores matter. */
export const legDepth = 100;
const rankOffset = 60;

/** @typedef {{ ids: number[], scores: number[] }} Ranked best first, ties by lower id */

/**
 * BM25 (Robertson and Zaragoza 2009, 3.2) with the idf of Lucene, over one property.
 * @param {string[]} texts
 * @param {{ stopwords?: Set<string> }} [options] left out of queries, unless nothing else is in them
 * @returns {(query: string, k: number) => Ranked} texts without any word of the query are not returned
 */
export function keywordOracle(texts, { stopwords = englishStopwords } = {}) {
  const lists = new Map();   // word → [text, frequency, text, frequency, …]
  const lengths = new Uint32Array(texts.length);
  texts.forEach((text, id) => {
    const words = wordsOf(text);
    lengths[id] = words.length;
    const counts = new Map();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    for (const [word, count] of counts) {
      if (!lists.has(word)) lists.set(word, []);
      lists.get(word).push(id, count);
    }
  });
  const average = lengths.reduce((sum, length) => sum + length, 0) / lengths.filter((length) => length > 0).length;

  return (query, k) => {
    const words = [...new Set(wordsOf(query))];
    const content = words.filter((word) => !stopwords.has(word));
    const scores = new Float64Array(texts.length);
    for (const word of content.length ? content : words) {
      const list = lists.get(word) ?? [];
      const n = list.length / 2;
      const idf = Math.log(1 + (texts.length - n + 0.5) / (n + 0.5));
      for (let i = 0; i < list.length; i += 2) {
        const t = list[i + 1] / (1 - b + (b * lengths[list[i]]) / average);
        scores[list[i]] += (idf * t) / (k1 + t);
      }
    }
    return best(scores, k);
  };
}

/** The k greatest scores above 0. */
function best(scores, k) {
  const ids = [];
  for (let id = 0; id < scores.length; id++) if (scores[id] > 0) ids.push(id);
  ids.sort((a, c) => scores[c] - scores[a] || a - c);
  return { ids: ids.slice(0, k), scores: ids.slice(0, k).map((id) => scores[id]) };
}

/**
 * The nearest by cosine, in doubles.
 * @param {{ base: Float32Array, queries: Float32Array, dimensions: number, truth?: { ids: Uint32Array, distances: Float64Array, k: number } }} data
 *   `truth`: what is known already
 * @returns {(q: number, k: number) => Ranked} by number of the query, k up to `legDepth`; scores are 1 − distance
 */
export function vectorOracle(data, onProgress) {
  const { ids, distances, k: depth } = data.truth ?? exactNeighbors({ ...data, metric: 'cosine' }, legDepth, onProgress);
  return (q, k) => ({
    ids: [...ids.subarray(q * depth, q * depth + k)],
    scores: Array.from(distances.subarray(q * depth, q * depth + k), (distance) => 1 - distance),
  });
}

/**
 * At equal weights the best hits of both legs often have one score: then the first leg has its way.
 * @param {{ weight: number, ranked: Ranked }[]} legs
 * @param {'relativeScore' | 'ranked'} fusion each leg gives weight × (score − least) / (greatest − least), or weight / (rank + 60)
 * @returns {Ranked}
 */
export function fuse(legs, fusion, k) {
  const sums = new Map();
  for (const { weight, ranked: { ids, scores } } of legs) {
    const least = scores.at(-1), range = scores[0] - least;
    ids.forEach((id, rank) => {
      const part = fusion === 'ranked' ? 1 / (rank + rankOffset) : range > 0 ? (scores[rank] - least) / range : 1;
      sums.set(id, (sums.get(id) ?? 0) + weight * part);
    });
  }
  const ranks = legs.map(({ ranked: { ids } }) => new Map(ids.map((id, rank) => [id, rank])));
  const rankIn = (leg, id) => ranks[leg].get(id) ?? legDepth;
  const byLegs = (idA, idB) => ranks.reduce((order, _, leg) => order || rankIn(leg, idA) - rankIn(leg, idB), 0);
  const fused = [...sums].sort(([idA, a], [idB, c]) => c - a || byLegs(idA, idB)).slice(0, k);
  return { ids: fused.map(([id]) => id), scores: fused.map(([, score]) => score) };
}
