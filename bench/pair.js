// Measures one engine against another. compare.js runs it through pair-process.js, in a process held to one core.

import { loadavg } from 'node:os';
import { openDataset } from './data/dataset.js';
import { describeMachine, pinnedCore } from './machine.js';
import { buildInTurns } from './measure/build.js';
import { spread } from './measure/clock.js';
import { qpsAtRecall } from './measure/equal-recall.js';
import { saveAndOpen } from './measure/open.js';
import { alternate, driftOf, pointsOf, recallAt, settle } from './measure/search.js';
import { loadPeer, peerVersions } from './peers/install.js';
import { peerNamed } from './peers/index.js';

const recallTargets = [0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
const saturated = 0.9995;   // beyond this recall, larger efs tell nothing
const warmEf = 40;
const method = {
  search: 'chunks of 100 queries alternate between the engines; per ef the median chunk of a round; processor time of the process (qpsWall: by the wall)',
  recall: 'share of results at most as far as the true k-th neighbour; ratios are read at equal recall, log-linear between neighbouring points, never outside the measured range nor across a gap wider than 0.05',
  warm: 'every query at every ef once, then blocks of 500 searches with pauses until the last four blocks are within 3 % of the best',
  build: 'slices of 5,000 rows alternate between the engines; rssGrowth is the process growth during an engine\'s own turns',
};

/** @param {object} options see run.js, with `base` and `peer` names @returns the result file's content */
export async function measurePair({ dataset, limit, base, peer, k, m, efConstruction, rounds, efs: wantedEfs }, progress) {
  const pair = [peerNamed(base), peerNamed(peer)];
  const data = await openDataset(dataset, { limit: limit ?? Infinity, progress });
  const loadBefore = loadavg();
  const engines = [];
  for (const one of pair) {
    const create = await loadPeer(one);
    engines.push(await create({ dimensions: data.dimensions, metric: data.metric, rows: data.rows, m, efConstruction }));
  }

  const builds = await buildInTurns(data, engines, progress.count(`build ${base} and ${peer}`));
  const opens = await saveAndOpen(data, engines, k);
  const { efs, recalls } = await recallCurves(data, pair, engines, k, wantedEfs, progress);
  const warm = await settle(data, engines, k, warmEf, progress.count('warm up'));
  const times = await alternate(data, engines.map((engine, i) => ({ engine, efs: efs[i] })), k, rounds, progress.count('rounds'));

  const result = {
    dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric, queries: data.queryCount, source: data.source },
    parameters: { k, m, efConstruction, rounds },
    base,
    peer,
    machine: { ...describeMachine(), pinnedCore: pinnedCore(), loadBefore, loadAfter: loadavg() },
    method,
    engines: Object.fromEntries(pair.map((one, i) => [one.name, {
      versions: peerVersions(one),
      kind: one.kind,
      notes: one.notes ?? [],
      build: { ...builds[i], rowsPerCpuSecond: data.rows / builds[i].cpuSeconds },
      bytes: bytesOf(engines[i], builds[i], data.rows),
      open: opens[i],
      warm: { ...warm[i], lastRoundOverFirst: driftOf(times[i]) },
      points: pointsOf(efs[i], recalls[i], times[i]),
    }])),
    ratios: {
      meaning: 'above 1 the base is better: its QPS over the peer\'s; the peer\'s build seconds over its own',
      build: builds[1].cpuSeconds / builds[0].cpuSeconds,
      atRecall: recallTargets.map((recall) => ({ recall, ...atRecall(recall, efs, recalls, times) })),
      exact: pair.every((one) => one.exact) ? ratioOf((i, round) => 1 / times[i].cpu[round][0], rounds) : null,
    },
  };
  for (const engine of engines) engine.dispose?.();
  return result;
}

/** Recall by ef, up to the first at which both engines find nearly everything. An exact engine has a single point. */
async function recallCurves(data, pair, engines, k, wantedEfs, progress) {
  const efs = [[], []], recalls = [[], []];
  const report = progress.count('recall by ef');
  for (const [step, ef] of wantedEfs.entries()) {
    for (const i of [0, 1]) {
      if (pair[i].exact && step > 0) continue;
      const own = pair[i].exact ? null : ef;
      await engines[i].prepare?.([own]);
      efs[i].push(own);
      recalls[i].push(recallAt(data, engines[i], k, own));
    }
    const done = recalls.every((curve) => curve.at(-1) >= saturated);
    report(done ? wantedEfs.length : step + 1, wantedEfs.length);
    if (done) break;
  }
  return { efs, recalls };
}

/** Both speeds and their ratio where both engines find this share of the neighbours. */
function atRecall(recall, efs, recalls, times) {
  const rounds = times[0].cpu.length;
  const qps = (clock) => (i, round) => qpsAtRecall(efs[i].map((ef, at) => ({ ef, recall: recalls[i][at], qps: 1e6 / times[i][clock][round][at] })), recall);
  const medianQps = (i) => spread(Array.from({ length: rounds }, (_, round) => qps('cpu')(i, round)).filter((value) => value !== null))?.median ?? null;
  return { ratio: ratioOf(qps('cpu'), rounds), ratioByWall: ratioOf(qps('wall'), rounds)?.median ?? null, baseQps: medianQps(0), peerQps: medianQps(1) };
}

/** Base over peer in every round; null when either is not measured there. */
function ratioOf(speed, rounds) {
  const ratios = [];
  for (let round = 0; round < rounds; round++) {
    const base = speed(0, round), peer = speed(1, round);
    if (base === null || peer === null) return null;
    ratios.push(base / peer);
  }
  return spread(ratios);
}

function bytesOf(engine, build, rows) {
  const bytes = engine.bytes?.() ?? null;
  const perVector = (n) => (n === undefined ? null : n / rows);
  return { ...bytes, rssGrowth: build.rssGrowth, perVector: { index: perVector(bytes?.index), held: perVector(bytes?.held), rss: perVector(build.rssGrowth) } };
}
