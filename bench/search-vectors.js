// Searches that mix meaning, words and conditions, on 126,805 real texts with a real model's vectors:
//   hybrid     beside the keyword search and the vector search that it is made of
//   filtered   nearVector with filters by account, as many of the accounts as make up a share of all objects: those whose texts
//              are nearest to the query, or farthest from it. A flat index of the same vectors in the same collection, with the
//              same filter, is the exact scan of the same list

import { loadavg } from 'node:os';
import { openDataset } from './data/dataset.js';
import { recallOf } from './data/ground-truth.js';
import { missingSupportTexts, supportTexts } from './data/support.js';
import { rowOf, uuidOf } from './data/uuid.js';
import { describeMachine, pinnedCore } from './machine.js';
import { median, spread } from './measure/clock.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { importInto, invertedBytes, newFolder, openDatabase } from './search-database.js';
import { timed, timeInTurns } from './search-turns.js';
import { fixed, printTable, spreadText, whole } from './table.js';

const recallWanted = 0.97;
const efs = [40, 64, 100, 140, 200, 280, 400, 560];
const shares = [0.5, 0.1, 0.01, 0.001];
const partCount = 1000;        // into which the objects of each account are divided, so that any share can be had
const filteredQueries = 60, repeats = 5;
const slack = 1e-5;            // of distances: ours are f32, the truth is in doubles

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const missing = missingSupportTexts({ limit: options.limit });
if (missing) {
  console.log(`SKIPPED search vectors: ${missing}`);
  process.exit(0);
}
const { k, rounds } = options;
const load = { before: loadavg()[0] };
const data = await openDataset('support-512', { limit: options.limit ?? Infinity, progress });
const { dimensions } = data;
const texts = supportTexts({ limit: data.rows });
const partOf = (row) => (row * 7919) % partCount;
const vectorOf = (row) => data.base.subarray(row * dimensions, (row + 1) * dimensions);
const queryOf = (q) => data.queries.subarray(q * dimensions, (q + 1) * dimensions);

const db = await openDatabase(newFolder());
const collection = await db.collections.create({
  name: 'Request',
  properties: [{ name: 'text', dataType: 'text' }, { name: 'account', dataType: 'text', tokenization: 'field' }, { name: 'part', dataType: 'int' }],
  vectors: { default: { dimensions, metric: 'cosine' }, exact: { dimensions, metric: 'cosine', index: { type: 'flat' } } },
});
await importInto(db, collection, inputs());
progress.note(`imported ${whole(data.rows)}`);

const hybrid = await measureHybrid();
const { ef, recall } = await efOf();
const accounts = accountsByRow();
const filtered = [];
for (const kind of ['nearest accounts', 'farthest accounts']) for (const share of shares) filtered.push(await measureFiltered(kind, share));

const result = {
  dataset: { name: data.name, rows: data.rows, dimensions, metric: data.metric, source: data.source },
  parameters: { k, rounds, ef, unfilteredRecall: recall, filteredQueries, repeats },
  machine: { ...describeMachine(), pinnedCore: pinnedCore(), load: { ...load, after: loadavg()[0] } },
  method: 'hybrid: queries in turns of 20, ms, the lesser of wall and processor time, objects read; filtered: a filter is evaluated by every search; per query, graph and flat index in turns, best of the repeats; recall by exact distances in doubles',
  invertedBytes: await invertedBytes(db, collection), hybrid, filtered,
};
print(result);
console.log(`\nwritten to ${writeResult(`${data.name}-search-node${nodeMajor()}.json`, result)}`);
await db.close();

function* inputs() {
  const show = progress.count('import');
  for (const [row, { text, account }] of texts.objects.entries()) {
    yield { id: uuidOf(row), properties: { text, account, part: partOf(row) }, vector: { default: vectorOf(row), exact: vectorOf(row) } };
    if (row % 1000 === 0) show(row, data.rows);
  }
}

async function measureHybrid() {
  const { query } = collection;
  const times = await timeInTurns({
    bm25: (q) => query.bm25(texts.queryTexts[q], { limit: k, queryProperties: ['text'] }),
    nearVector: (q) => query.nearVector(queryOf(q), { limit: k, targetVector: 'default' }),
    hybrid: (q) => query.hybrid(texts.queryTexts[q], { vector: queryOf(q), targetVector: 'default', alpha: 0.5, limit: k, queryProperties: ['text'] }),
  }, { calls: data.queryCount, rounds, onProgress: progress.count('hybrid') });
  return { ...times, overSumMs: spread(times.hybrid.p50.map((ms, i) => ms - times.bm25.p50[i] - times.nearVector.p50[i])) };
}

/** The least ef that finds enough without a filter. */
async function efOf() {
  for (const candidate of efs) {
    let sum = 0;
    for (let q = 0; q < data.queryCount; q++) {
      const { objects } = await collection.query.nearVector(queryOf(q), { limit: k, ef: candidate, targetVector: 'default' });
      sum += recallOf(data, q, objects.map(({ id }) => rowOf(id)), k);
    }
    if (sum / data.queryCount >= recallWanted) return { ef: candidate, recall: sum / data.queryCount };
  }
  throw new Error(`no ef of ${efs} reaches recall ${recallWanted}`);
}

/** @returns {{ name: string, rows: number[], centre: Float64Array }[]} */
function accountsByRow() {
  const byName = new Map();
  for (const [row, { account }] of texts.objects.entries()) {
    if (!byName.has(account)) byName.set(account, { name: account, rows: [], centre: new Float64Array(dimensions) });
    const { rows, centre } = byName.get(account);
    rows.push(row);
    const vector = vectorOf(row);
    for (let d = 0; d < dimensions; d++) centre[d] += vector[d];
  }
  return [...byName.values()];
}

async function measureFiltered(kind, share) {
  const found = { matching: [], recall: [], graphMs: [], flatMs: [], flatRecall: [], ratio: [] };
  const step = Math.floor(data.queryCount / filteredQueries);
  for (let n = 0; n < filteredQueries; n++) {
    const q = n * step;
    const { filters, rows } = filterFor(queryOf(q), share, kind.startsWith('far'));
    if (!rows.length) continue;   // of few objects, the least share may be none
    const bound = kthDistance(queryOf(q), rows);
    const searches = {
      graph: () => collection.query.nearVector(queryOf(q), { limit: k, ef, filters, targetVector: 'default', returnMetadata: ['distance'] }),
      flat: () => collection.query.nearVector(queryOf(q), { limit: k, filters, targetVector: 'exact', returnMetadata: ['distance'] }),
    };
    const best = { graph: Infinity, flat: Infinity }, recalls = {};
    for (let repeat = -1; repeat < repeats; repeat++) {
      for (const [name, search] of Object.entries(searches)) {
        let answer;
        const { own } = await timed(async () => { answer = await search(); });
        if (repeat < 0) {
          const allowed = new Set(rows);
          const near = answer.objects.filter(({ id }) => distanceTo(queryOf(q), rowOf(id)) <= bound + slack);
          recalls[name] = near.length / Math.min(k, rows.length);
          if (answer.objects.some(({ id }) => !allowed.has(rowOf(id)))) throw new Error(`${kind}: expected hits that the filter allows, got another`);
        } else {
          best[name] = Math.min(best[name], own);
        }
      }
    }
    found.matching.push(rows.length);
    found.recall.push(recalls.graph);
    found.flatRecall.push(recalls.flat);
    found.graphMs.push(best.graph);
    found.flatMs.push(best.flat);
    found.ratio.push(best.graph / best.flat);
  }
  const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  progress.note(`${kind}, ${share * 100} %: recall ${fixed(mean(found.recall), 3)}, ${fixed(median(found.ratio), 2)} of the scan`);
  return {
    kind, share, matching: spread(found.matching), recall: mean(found.recall), scanRecall: mean(found.flatRecall), ms: spread(found.graphMs), scanMs: spread(found.flatMs),
    overScan: spread(found.ratio), meanOverScan: mean(found.graphMs) / mean(found.flatMs),
  };
}

/** Whole accounts in the order of their nearness, then the same parts of each, so that about `share` of all objects match. */
function filterFor(query, share, far) {
  const wanted = share * data.rows;
  const nearness = ({ rows, centre }) => centre.reduce((sum, x, d) => sum + x * query[d], 0) / rows.length;
  const order = accounts.map((account) => ({ account, near: nearness(account) })).sort((a, b) => (far ? a.near - b.near : b.near - a.near));
  const chosen = [];
  let count = 0;
  for (const { account } of order) {
    if (count >= wanted) break;
    chosen.push(account);
    count += account.rows.length;
  }
  const below = Math.round((partCount * wanted) / count);
  return {
    filters: { operator: 'And', filters: [
      { operator: 'ContainsAny', property: 'account', value: chosen.map(({ name }) => name) }, { operator: 'LessThan', property: 'part', value: below },
    ] },
    rows: chosen.flatMap(({ rows }) => rows.filter((row) => partOf(row) < below)),
  };
}

/** Of the k-th nearest of these rows. */
function kthDistance(query, rows) {
  const distances = Float64Array.from(rows, (row) => distanceTo(query, row)).sort();
  return distances[Math.min(k, distances.length) - 1];
}

/** The model's vectors are of length 1, but for rounding. */
function distanceTo(query, row) {
  let dot = 0;
  for (let d = 0, at = row * dimensions; d < dimensions; d++) dot += query[d] * data.base[at + d];
  return 1 - dot;
}

function print({ machine, hybrid: { bm25, nearVector, hybrid: both, overSumMs }, filtered: rows, invertedBytes: bytes }) {
  console.log(`\nsearches on ${data.name}: ${whole(data.rows)} × ${dimensions}; ${machine.cpu}, Node ${machine.node}, load ${fixed(machine.load.before, 1)} to ${fixed(machine.load.after, 1)}\n`);
  printTable([['ms', 'p50', 'p99', 'p50 by the wall'], ...Object.entries({ bm25, nearVector, hybrid: both }).map(([name, { p50, p99, wallP50 }]) => [name, fixed(median(p50), 3), fixed(median(p99), 3), fixed(median(wallP50), 3)])]);
  console.log(`hybrid − bm25 − nearVector: ${spreadText(overSumMs)} ms; inverted index ${fixed(bytes.files / data.rows, 1)} bytes an object\n`);
  console.log(`filtered nearVector, ef ${ef} (unfiltered recall ${fixed(recall, 3)}), k ${k}`);
  printTable([
    ['filter', 'share', 'matching', 'recall', 'scan recall', 'ms', 'scan ms', 'over scan', 'worst query', 'mean over mean'],
    ...rows.map((row) => [
      row.kind, `${row.share * 100} %`, whole(row.matching.median), fixed(row.recall, 3), fixed(row.scanRecall, 3), fixed(row.ms.median, 3), fixed(row.scanMs.median, 3),
      fixed(row.overScan.median, 2), fixed(row.overScan.max, 2), fixed(row.meanOverScan, 2),
    ]),
  ]);
}
