// Calls of several sides in turns, so that other load falls on all, and the middle and the slow end of their times.

import { spread, turnOrder } from './measure/clock.js';
import { percentile } from './measure/latency.js';

const chunk = 20;
const warmMs = 2000;

/**
 * @typedef {object} Timed ms by rounds
 * @property {number[]} p50
 * @property {number[]} p99
 * @property {number[]} wallP50 by the wall; the others by the lesser of wall and processor time, so without what other programs take
 */

/**
 * @param {Record<string, (i: number) => unknown>} sides what is called for the i-th query; a promise is awaited
 * @param {{ calls: number, rounds: number, onProgress?: (done: number, total: number) => void }} options
 * @returns {Promise<Record<string, Timed>>}
 */
export async function timeInTurns(sides, { calls, rounds, onProgress }) {
  const names = Object.keys(sides);
  const result = Object.fromEntries(names.map((name) => [name, { p50: [], p99: [], wallP50: [] }]));
  for (const name of names) {
    const end = performance.now() + warmMs;
    for (let i = 0; performance.now() < end; i = (i + 1) % calls) await timed(sides[name], i);
  }
  for (let round = 0; round < rounds; round++) {
    const own = names.map(() => []), wall = names.map(() => []);
    for (let start = 0; start < calls; start += chunk) {
      for (const s of turnOrder(names.length, start / chunk + round)) {
        for (let i = start; i < Math.min(start + chunk, calls); i++) {
          const time = await timed(sides[names[s]], i);
          own[s].push(time.own);
          wall[s].push(time.wall);
        }
      }
      onProgress?.(round * calls + Math.min(start + chunk, calls), rounds * calls);
    }
    names.forEach((name, s) => {
      result[name].p50.push(percentile(own[s], 0.5));
      result[name].p99.push(percentile(own[s], 0.99));
      result[name].wallP50.push(percentile(wall[s], 0.5));
    });
  }
  return result;
}

/** @returns {Promise<{ own: number, wall: number }>} ms */
export async function timed(call, i) {
  const cpu = process.cpuUsage(), from = performance.now();
  const answer = call(i);
  if (answer instanceof Promise) await answer;
  const wall = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  return { own: Math.min(wall, (user + system) / 1000), wall };
}

/** How many times as long one takes as the other, by rounds. */
export const ratioOf = (slower, faster, figure = 'p50') => spread(slower[figure].map((ms, i) => ms / faster[figure][i]));
