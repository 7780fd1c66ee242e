// Engines searched side by side. For every ef, chunks of 100 queries alternate between them, so that whatever else the
// machine does falls on all; which goes first changes too. A round visits every ef once.
//
// Before that all are warmed. V8 compiles WebAssembly and JavaScript a second time, optimised, on a helper thread that
// shares our core: until that is done code runs two to three times slower. So (1) counting recall calls every engine
// with every query and ef, thousands of calls; (2) blocks of calls follow, with pauses that hand the core to the helper,
// until the last four blocks of every engine were no more than 3 % faster than the best block before. How that went is
// recorded, with the first and last round's speed, so that a reader can see whether an engine was still speeding up.
//
// An "ef" is whatever the engine's search() takes third: nothing here looks into it.

import { recallOf } from '../data/ground-truth.js';
import { median, sleep, spread, startClock, turnOrder } from './clock.js';

const saturated = 0.9995;   // beyond this recall, larger efs tell nothing
const chunkQueries = 100;
const settleBlockQueries = 500, settleBlockWallUs = 250_000;
const settleBlocksMin = 8, settleBlocksMax = 60, settleWithin = 0.97;

/** Mean recall of one engine at one ef, over all queries. */
export function recallAt(data, engine, k, ef) {
  let sum = 0;
  for (let q = 0; q < data.queryCount; q++) sum += recallOf(data, q, engine.search(queryOf(data, q), k, ef), k);
  return sum / data.queryCount;
}

/**
 * Recall by ef, up to the first at which all engines find nearly everything. Where `exact` says so, an engine scans: a
 * single point.
 */
export async function recallCurves(data, engines, exact, k, wantedEfs, onProgress) {
  const efs = engines.map(() => []), recalls = engines.map(() => []);
  for (const [step, ef] of wantedEfs.entries()) {
    for (const [i, engine] of engines.entries()) {
      if (exact[i] && step > 0) continue;
      const own = exact[i] ? null : ef;
      await engine.prepare?.([own]);
      efs[i].push(own);
      recalls[i].push(recallAt(data, engine, k, own));
    }
    const done = recalls.every((curve) => curve.at(-1) >= saturated);
    onProgress?.(done ? wantedEfs.length : step + 1, wantedEfs.length);
    if (done) break;
  }
  return { efs, recalls };
}

/** Calls all engines until none gets faster any more. */
export async function settle(data, engines, k, ef, onProgress) {
  const blocks = engines.map(() => []);   // µs of processor time per search
  const calls = engines.map(() => 0);
  for (let block = 0; block < settleBlocksMax; block++) {
    engines.forEach((engine, i) => {
      const clock = startClock();
      let done = 0;
      while (done < settleBlockQueries && (done % 10 || clock().wall < settleBlockWallUs)) engine.search(queryOf(data, (calls[i] + done++) % data.queryCount), k, ef);
      blocks[i].push(clock().cpu / done);
      calls[i] += done;
    });
    onProgress?.(block + 1, settleBlocksMax);
    await sleep(20);
    if (block + 1 >= settleBlocksMin && blocks.every(hasSettled)) break;
  }
  return blocks.map((us, i) => ({ ef, calls: calls[i], settled: hasSettled(us), firstBlockUs: us[0], lastBlockUs: us.at(-1), bestBlockUs: Math.min(...us) }));
}

const hasSettled = (us) => us.length > 4 && Math.min(...us.slice(-4)) >= settleWithin * Math.min(...us.slice(0, -4));

/**
 * @param {import('./../data/dataset.js').Dataset} data
 * @param {{ engine: import('../peers/index.js').Engine, efs: number[] }[]} sides with fewer efs on one side, its last ones are skipped
 * @returns {{ cpu: number[][], wall: number[][] }[]} per side: µs per search, [round][ef index], the median of the chunks
 */
export async function alternate(data, sides, k, rounds, onProgress) {
  const out = sides.map(() => ({ cpu: [], wall: [] }));
  const settings = Math.max(...sides.map((side) => side.efs.length));
  for (let round = 0; round < rounds; round++) {
    for (const side of out) { side.cpu.push([]); side.wall.push([]); }
    for (let setting = 0; setting < settings; setting++) {
      const chunks = sides.map(() => ({ cpu: [], wall: [] }));
      for (let start = 0; start < data.queryCount; start += chunkQueries) {
        for (const s of turnOrder(sides.length, start / chunkQueries + round)) {
          const { engine, efs } = sides[s];
          if (setting >= efs.length) continue;
          const time = timeChunk(data, engine, start, k, efs[setting]);
          chunks[s].cpu.push(time.cpu);
          chunks[s].wall.push(time.wall);
        }
      }
      sides.forEach((side, s) => {
        if (setting >= side.efs.length) return;
        out[s].cpu[round].push(median(chunks[s].cpu));
        out[s].wall[round].push(median(chunks[s].wall));
      });
      await null;
    }
    onProgress?.(round + 1, rounds);
  }
  return out;
}

function timeChunk(data, engine, start, k, ef) {
  const end = Math.min(start + chunkQueries, data.queryCount);
  const clock = startClock();
  let found = 0;
  for (let q = start; q < end; q++) found += engine.search(queryOf(data, q), k, ef).length;
  const time = clock();
  if (found === 0) throw new Error('search returned nothing');
  return { cpu: time.cpu / (end - start), wall: time.wall / (end - start) };
}

/** Per side, one point per ef: recall and the median over rounds, with the spread. */
export function pointsOf(efs, recalls, times) {
  return efs.map((ef, i) => {
    const cpu = spread(times.cpu.map((round) => round[i]));
    const wall = spread(times.wall.map((round) => round[i]));
    return { ef, recall: recalls[i], qps: 1e6 / cpu.median, qpsMin: 1e6 / cpu.max, qpsMax: 1e6 / cpu.min, qpsWall: 1e6 / wall.median };
  });
}

/** Median speed of a side's last round over its first: above 1, it was still getting faster. */
export function driftOf(times) {
  const first = times.cpu[0], last = times.cpu.at(-1);
  return median(first.map((us, i) => us / last[i]));
}

const queryOf = (data, q) => data.queries.subarray(q * data.dimensions, (q + 1) * data.dimensions);
