// How good a ranking is, where a hit is either relevant or not.

/** @typedef {{ ndcg10: number, p1: number, p10: number }} Measures */

const depth = 10;

/**
 * nDCG@10 (Järvelin and Kekäläinen 2002): Σ relevant / log2(rank + 1) over the first ten, over the most it could be; P@1 and
 * P@10: the share of relevant ones among the first and the first ten. Hits that are missing count as not relevant.
 * @param {boolean[]} isRelevant of each hit, best first
 * @param {number} relevantCount how many there are to be found
 * @returns {Measures}
 */
export function measuresOf(isRelevant, relevantCount) {
  let gain = 0, ideal = 0, found = 0;
  for (let rank = 0; rank < depth; rank++) {
    const weight = 1 / Math.log2(rank + 2);
    if (rank < relevantCount) ideal += weight;
    if (isRelevant[rank]) { gain += weight; found++; }
  }
  return { ndcg10: ideal ? gain / ideal : 0, p1: isRelevant[0] ? 1 : 0, p10: found / depth };
}

/** @param {Measures[]} list @returns {Measures} */
export function meanOf(list) {
  const mean = (name) => list.reduce((sum, one) => sum + one[name], 0) / list.length;
  return { ndcg10: mean('ndcg10'), p1: mean('p1'), p10: mean('p10') };
}

/**
 * Half of the 95 % interval of the mean of the differences of two rankings of the same queries: what is within it may be chance.
 * @param {number[]} differences
 */
export function halfInterval(differences) {
  const mean = differences.reduce((sum, x) => sum + x, 0) / differences.length;
  const variance = differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (differences.length - 1);
  return 1.96 * Math.sqrt(variance / differences.length);
}
