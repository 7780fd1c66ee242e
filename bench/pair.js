// Measures one engine against another. compare.js runs it through pair-process.js, in a process held to one core.

import { loadavg } from 'node:os';
import { openDataset } from './data/dataset.js';
import { describeMachine, pinnedCore } from './machine.js';
import { buildInTurns } from './measure/build.js';
import { compareAtRecall, ratioOf, recallTargets } from './measure/equal-recall.js';
import { saveAndOpen } from './measure/open.js';
import { alternate, driftOf, pointsOf, recallCurves, settle } from './measure/search.js';
import { loadPeer, peerVersions } from './peers/install.js';
import { peerNamed } from './peers/index.js';

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
  const { efs, recalls } = await recallCurves(data, engines, pair.map((one) => one.exact), k, wantedEfs, progress.count('recall by ef'));
  const warm = await settle(data, engines, k, warmEf, progress.count('warm up'));
  const times = await alternate(data, engines.map((engine, i) => ({ engine, efs: efs[i] })), k, rounds, progress.count('rounds'));
  const [baseSide, peerSide] = pair.map((_, i) => ({ efs: efs[i], recalls: recalls[i], times: times[i] }));

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
      atRecall: recallTargets.map((recall) => ({ recall, ...compareAtRecall(recall, baseSide, peerSide) })),
      exact: pair.every((one) => one.exact) ? ratioOf(...times.map(({ cpu }) => cpu.map(([us]) => 1 / us))) : null,
    },
  };
  for (const engine of engines) engine.dispose?.();
  return result;
}

function bytesOf(engine, build, rows) {
  const bytes = engine.bytes?.() ?? null;
  const perVector = (n) => (n === undefined ? null : n / rows);
  return { ...bytes, rssGrowth: build.rssGrowth, perVector: { index: perVector(bytes?.index), held: perVector(bytes?.held), rss: perVector(build.rssGrowth) } };
}
