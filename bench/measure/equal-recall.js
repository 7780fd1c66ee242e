// Speed at a recall both engines reach. Two engines are never compared at equal ef, since ef means different work in
// each; the question is how fast each is when it finds the same share of true neighbours.

const gapMax = 0.05;

/** @typedef {{ ef: number, recall: number, qps: number }} Point */

/**
 * Queries per second at `recall`, log-linear between the two neighbouring points (by ef) that enclose it.
 * @param {Point[]} points
 * @returns {number | null} null outside the measured range, since nothing is extrapolated, and inside a gap wider than
 *   `gapMax`: there the engine may have changed its way of searching, and nothing lies between
 */
export function qpsAtRecall(points, recall) {
  const byEf = [...points].sort((a, b) => a.ef - b.ef);
  for (let i = 0; i < byEf.length; i++) {
    const here = byEf[i], next = byEf[i + 1];
    if (here.recall === recall) return here.qps;
    if (next && here.recall < recall && recall <= next.recall) {
      if (next.recall - here.recall > gapMax && recall < next.recall) return null;
      const part = (recall - here.recall) / (next.recall - here.recall);
      return Math.exp((1 - part) * Math.log(here.qps) + part * Math.log(next.qps));
    }
  }
  return null;
}
