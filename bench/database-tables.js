// The tables of README.md about the database: beside other databases, its searches beside inverted indexes, and its tenants.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { markdownTable, resultLink, rounded } from './markdown.js';
import { resultsDir } from './paths.js';
import { readResult } from './results.js';

const databaseFile = 'support-512-database-node20.json';
const textsFile = 'support-texts-search-node20.json';
const relevanceFile = 'support-512-relevance-node20.json';
const tenantsFile = 'tenants-node20.json';
const percent = (share) => `${Math.round(share * 100)} %`;
const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const read = (file) => (existsSync(join(resultsDir, file)) ? readResult(file) : undefined);

export const databaseTables = { databases: databasesTable, texts: textsTable, relevance: relevanceTable, tenants: tenantsTable };

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

function tenantsTable(results) {
  const result = read(tenantsFile);
  if (!result) return '';
  const { parameters, created, filled, opened, firstQuery, removed } = result;
  const { tenants, filled: full, objectsEach, dimensions } = parameters;
  const ms = ({ p50, p99 }) => `${rounded(p50)} ms, p99 ${rounded(p99)} ms`;
  return markdownTable([resultLink('tenants', tenantsFile, results), ''], [
    ['created, empty: many a call; one a call, in turn; the same, many calls at a time', `${[created.batch, created.oneByOne, created.concurrent].map(({ median }) => rounded(median)).join('; ')} a second`],
    [`${rounded(full)} filled, ${objectsEach} × ${dimensions} dimensions a call`, `${rounded(filled.perSecond.median)} objects a second`],
    [`a database of ${rounded(tenants)} opened`, `${rounded(opened.openMs.median)} ms`],
    ['first query on one that is `INACTIVE`', ms(firstQuery)],
    ['one removed', ms(removed.inactive)],
    [`memory that ${rounded(full)} open ones leave when they are deactivated`, `${rounded(Math.max(0, filled.memoryMB.left))} of ${rounded(filled.memoryMB.open - filled.memoryMB.started)} MB`],
  ]);
}
