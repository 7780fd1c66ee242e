// The tables of README.md about the database: beside other databases, and its searches beside inverted indexes.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { markdownTable, resultLink, rounded } from './markdown.js';
import { resultsDir } from './paths.js';
import { readResult } from './results.js';

const databaseFile = 'support-512-database-node20.json';
const textsFile = 'support-texts-search-node20.json';
const relevanceFile = 'support-512-relevance-node20.json';
const percent = (share) => `${Math.round(share * 100)} %`;
const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const read = (file) => (existsSync(join(resultsDir, file)) ? readResult(file) : undefined);

export const databaseTables = { databases: databasesTable, texts: textsTable, relevance: relevanceTable };

function databasesTable(results) {
  const result = read(databaseFile);
  if (!result) return '';
  const rows = result.beside.filter(({ skipped }) => !skipped).map(({ name, rows: count, vectile, peer, ratios }) => [
    resultLink(name, databaseFile, results), rounded(count), `${ratios.import.toFixed(2)}×`,
    `${ratios.search.median.toFixed(1)}×`, `${percent(vectile.search.recall)} : ${percent(peer.search.recall)}`,
    `${rounded(vectile.opening.firstAnswerMs.median)} : ${rounded(peer.opening.firstAnswerMs.median)} ms`,
  ]);
  return markdownTable(['beside', 'objects', 'import until linked', 'searches a second', 'recall of 10', 'opened, first answer'], rows);
}

function textsTable(results) {
  const result = read(textsFile);
  if (!result) return '';
  const { ratios, memory, opening, searching } = result;
  const p50 = (times) => middle(times.p50).toPrecision(2);
  const rows = Object.keys(ratios).map((name) => {
    const beside = searching['all words'].beside[name];
    return [
      resultLink(name, textsFile, results), `${p50(beside.vectile)} : ${rounded(middle(beside.peer.p50))} ms`,
      `${rounded((memory.vectile.resident + memory.vectile.tables) / 1e6)} : ${rounded(memory.held[name] / 1e6)} MB`,
      `${ratios[name].build.median.toFixed(2)}×`,
      `${rounded(opening.vectile.ms.median)} : ${rounded(opening[name].ms.median)} ms`,
    ];
  });
  return markdownTable(['beside', 'a query of some ten words', 'index in memory', 'build, ours into a folder', 'opened'], rows);
}

function relevanceTable(results) {
  const result = read(relevanceFile);
  if (!result) return '';
  const rows = Object.entries(result.relevance).map(([set, { texts, methods }]) => [
    resultLink(`${set}, ${rounded(texts)} texts`, relevanceFile, results),
    ...['keyword', 'vector', 'hybrid'].map((method) => methods[method].vectile.ndcg10.toFixed(3)),
  ]);
  return markdownTable(['nDCG@10', 'keyword', 'vector', 'hybrid (alpha 0.5)'], rows);
}
