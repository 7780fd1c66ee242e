// How relevant keyword, vector and hybrid search are on requests of customers with a real model's vectors, and whether the
// database finds what plain, exact computations of the same formulas find (relevance-oracle.js).
//
// Relevant to a query is every text of the same label: the intent that its author was asked to express. All queries are held
// out, and those whose very words are a text's are left out, so none finds itself. The labels are strict: over all texts, a
// request of a Schema-Guided dialogue counts as wrong for a CLINC150 query even if it means the same.

import { loadavg } from 'node:os';
import { openDataset } from './data/dataset.js';
import { takeRows } from './data/random.js';
import { missingSupportTexts, supportObjects, supportTexts } from './data/support.js';
import { rowOf, uuidOf } from './data/uuid.js';
import { wordsOf } from './data/words.js';
import { describeMachine, pinnedCore } from './machine.js';
import { halfInterval, meanOf, measuresOf } from './relevance-measures.js';
import { fuse, keywordOracle, legDepth, vectorOracle } from './relevance-oracle.js';
import { plotRelevance } from './relevance-plot.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { importInto, newFolder, openDatabase } from './search-database.js';
import { fixed, printTable, whole } from './table.js';

const depth = 10;
const alpha = 0.5;
const tolerance = 0.005;   // of the means, ours against the oracle's

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const missing = missingSupportTexts({ limit: options.limit });
if (missing) {
  console.log(`SKIPPED relevance: ${missing}`);
  process.exit(0);
}
const load = { before: loadavg()[0] };
const data = await openDataset('support-512', { limit: options.limit ?? Infinity, progress });
const { dimensions } = data;
const texts = supportTexts({ limit: data.rows });
const sources = supportObjects().map(({ source }) => source);
const taken = new Set(texts.objects.map(({ text }) => wordsOf(text).join(' ')));
const queries = texts.queryTexts.map((_, q) => q).filter((q) => !taken.has(wordsOf(texts.queryTexts[q]).join(' ')));

const corpora = {};
for (const [name, isIn] of [['all', () => true], ['clinc150', (row) => sources[row] === 'clinc150']]) {
  const rows = texts.objects.map((_, row) => row).filter(isIn);
  progress.note(`${name}: ${whole(rows.length)} texts, ${queries.length} queries`);
  corpora[name] = await measure({ rows, texts: rows.map((row) => texts.objects[row].text), labels: rows.map((row) => texts.objects[row].label) });
}
const result = {
  dataset: { name: data.name, dimensions, metric: data.metric, source: data.source },
  parameters: { queries: queries.length, alpha, legDepth, tolerance },
  machine: { ...describeMachine(), pinnedCore: pinnedCore(), load: { ...load, after: loadavg()[0] } },
  method: 'relevant: of the same label; queries held out, none of the same words as a text; nDCG@10 with gain 1, against all that are relevant; oracle: every text scored, in doubles; queries without the English stopwords, unless the name says otherwise; hybrid: relativeScore over 100 hits of each leg; ours: a collection with the defaults; overlap: share of what the oracle has among the first ten that ours has, too',
  relevance: corpora,
};
print(result);
const file = `${data.name}-relevance-node${nodeMajor()}.json`;
console.log(`\nwritten to ${writeResult(file, result)}`);
plotRelevance(file);

async function measure(corpus) {
  const expected = expectedOf(corpus);
  const { methods: ours, close } = await oursOf(corpus);
  const counts = new Map();
  for (const label of corpus.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const judged = (ids, q) => measuresOf(ids.map((id) => corpus.labels[id] === texts.queryLabels[q]), counts.get(texts.queryLabels[q]));

  const lists = Object.fromEntries(Object.keys(expected).map((name) => [name, { oracle: [], vectile: [], overlap: 0 }]));
  const show = progress.count('queries');
  for (const [i, q] of queries.entries()) {
    for (const [name, list] of Object.entries(lists)) {
      const wanted = expected[name](q);
      list.oracle.push(judged(wanted, q));
      if (!ours[name]) continue;
      const found = await ours[name](q);
      list.vectile.push(judged(found, q));
      list.overlap += (wanted.length ? found.filter((id) => wanted.includes(id)).length / wanted.length : 1) / queries.length;
    }
    show(i + 1, queries.length);
  }
  await close();

  const summary = Object.fromEntries(Object.entries(lists).map(([name, { oracle, vectile, overlap }]) => {
    const exact = meanOf(oracle);
    if (!vectile.length) return [name, { oracle: exact }];
    const own = meanOf(vectile);
    return [name, { oracle: exact, vectile: own, difference: own.ndcg10 - exact.ndcg10, isWithin: Math.abs(own.ndcg10 - exact.ndcg10) <= tolerance, overlap }];
  }));
  const gain = (better, than) => {
    const differences = lists[better].vectile.map(({ ndcg10 }, i) => ndcg10 - lists[than].vectile[i].ndcg10);
    return { better, than, ndcg10: summary[better].vectile.ndcg10 - summary[than].vectile.ndcg10, halfInterval: halfInterval(differences) };
  };
  return { texts: corpus.texts.length, methods: summary, gains: [gain('vector', 'keyword'), gain('hybrid', 'vector'), gain('hybrid', 'keyword')] };
}

/** By name of the method, rows of the corpus for a query. The first four are measured of the database, too. */
function expectedOf({ rows, texts: all }) {
  const isWhole = rows.length === data.rows;
  const vectors = isWhole ? data : { base: takeRows(data.base, dimensions, rows), queries: data.queries, dimensions };
  const nearest = vectorOracle(vectors, progress.count('exact neighbours'));
  const ranked = keywordOracle(all), rankedByAll = keywordOracle(all, { stopwords: new Set() });
  const text = (q) => texts.queryTexts[q];
  const hybrid = (keyword, weight, fusion = 'relativeScore') => (q) => fuse([
    { weight, ranked: nearest(q, legDepth) }, { weight: 1 - weight, ranked: keyword(text(q), legDepth) },
  ], fusion, depth).ids;
  return {
    keyword: (q) => ranked(text(q), depth).ids,
    vector: (q) => nearest(q, depth).ids,
    hybrid: hybrid(ranked, alpha),
    'hybrid, ranked': hybrid(ranked, alpha, 'ranked'),
    'hybrid, alpha 0.25': hybrid(ranked, 0.25),
    'hybrid, alpha 0.75': hybrid(ranked, 0.75),
    'keyword, all words': (q) => rankedByAll(text(q), depth).ids,
    'hybrid, all words': hybrid(rankedByAll, alpha),
  };
}

/** The same of a collection that holds these texts. */
async function oursOf({ rows, texts: all }) {
  const db = await openDatabase(newFolder());
  const collection = await db.collections.create({
    name: 'Request',
    properties: [{ name: 'text', dataType: 'text' }],
    vectors: { default: { dimensions, metric: 'cosine' } },
  });
  await importInto(db, collection, inputs());
  progress.note(`imported ${whole(rows.length)}`);

  function* inputs() {
    const show = progress.count('import');
    for (const [i, text] of all.entries()) {
      yield { id: uuidOf(i), properties: { text }, vector: vectorOf(data.base, rows[i]) };
      if (i % 1000 === 0) show(i, all.length);
    }
  }
  const text = (q) => texts.queryTexts[q];
  const vector = (q) => vectorOf(data.queries, q);
  const ids = async (answer) => (await answer).objects.map(({ id }) => rowOf(id));
  const hybrid = (settings) => (q) => ids(collection.query.hybrid(text(q), { vector: vector(q), limit: depth, queryProperties: ['text'], ...settings }));
  return {
    methods: {
      keyword: (q) => ids(collection.query.bm25(text(q), { limit: depth, queryProperties: ['text'] })),
      vector: (q) => ids(collection.query.nearVector(vector(q), { limit: depth })),
      hybrid: hybrid({ alpha, fusionType: 'relativeScore' }),
      'hybrid, ranked': hybrid({ alpha, fusionType: 'ranked' }),
    },
    close: () => db.close(),
  };
}

function vectorOf(vectors, row) {
  return vectors.subarray(row * dimensions, (row + 1) * dimensions);
}

function print({ relevance }) {
  for (const [name, { texts: count, methods, gains }] of Object.entries(relevance)) {
    console.log(`\n${name}: ${whole(count)} texts, ${queries.length} queries\n`);
    printTable([
      ['', 'nDCG@10', 'P@1', 'P@10', 'oracle nDCG@10', 'P@1', 'P@10', 'difference', 'within', 'overlap'],
      ...Object.entries(methods).map(([method, { vectile, oracle, difference, isWithin, overlap }]) => [
        method, ...['ndcg10', 'p1', 'p10'].map((figure) => fixed(vectile?.[figure], 3)), ...['ndcg10', 'p1', 'p10'].map((figure) => fixed(oracle[figure], 3)),
        fixed(difference, 4), vectile ? (isWithin ? 'yes' : 'NO') : '–', fixed(overlap, 3),
      ]),
    ]);
    for (const { better, than, ndcg10, halfInterval: half } of gains) console.log(`${better} over ${than}: ${fixed(ndcg10, 3)} ± ${fixed(half, 3)}${ndcg10 > 0 ? '' : ': the order differs'}`);
  }
}
