// Speed at a recall both engines reach. Two engines are never compared at equal ef, since ef means different work in
// each; the question is how fast each is when it finds the same share of true neighbours.

import { spread } from './clock.js';

export const recallTargets = [0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
const gapMax = 0.05;

/**
 * @typedef {{ ef: number, recall: number, qps: number }} Point
 * @typedef {{ efs: number[], recalls: number[], times: { cpu: number[][], wall: number[][] } }} Side one engine as measured: times are those of `alternate`
 */

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

/** Both speeds and their ratio where both sides find this share of the neighbours. @param {Side} base @param {Side} peer */
export function compareAtRecall(recall, base, peer) {
  const speeds = (side, clock) => side.times[clock].map((round) => qpsAtRecall(side.efs.map((ef, at) => ({ ef, recall: side.recalls[at], qps: 1e6 / round[at] })), recall));
  const medianQps = (side) => spread(speeds(side, 'cpu').filter((value) => value !== null))?.median ?? null;
  return {
    ratio: ratioOf(speeds(base, 'cpu'), speeds(peer, 'cpu')), ratioByWall: ratioOf(speeds(base, 'wall'), speeds(peer, 'wall'))?.median ?? null,
    baseQps: medianQps(base), peerQps: medianQps(peer),
  };
}

/** Base over peer, round by round; null when either was not measured in one. */
export function ratioOf(baseSpeeds, peerSpeeds) {
  if ([...baseSpeeds, ...peerSpeeds].includes(null)) return null;
  return spread(baseSpeeds.map((speed, round) => speed / peerSpeeds[round]));
}
