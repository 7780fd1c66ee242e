// The tables of README.md about what is measured in a page. Without results there is nothing, not even their introduction.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dash, markdownTable, resultLink, rounded } from './markdown.js';
import { resultsDir } from './paths.js';
import { readResult } from './results.js';

/** All but the slow ones, and these with fewer rows and ours beside them. */
const files = ['wordnet-512-browser-100000.json', 'wordnet-512-browser-20000.json'];
const engines = { 'vectile-fast': 'engine, `fast`', vectile: 'engine, `exact`', 'vectile-database': 'database' };
/** Columns of ratios: how many times as fast the engine and the database are. */
const compared = ['vectile-fast', 'vectile-database'];

export const browserTables = { browser: browserTable };

function browserTable(results) {
  const found = files.filter((file) => existsSync(join(resultsDir, file))).map((file) => [file, readResult(file)]);
  if (!found.length) return '';
  const [, { parameters, machine, dataset }] = found[0];
  const rows = found.flatMap(([file, result]) => Object.entries(result.peers).filter(([, { isTooSlow }]) => !isTooSlow)
    .map(([name, figures]) => rowOf(name, figures, file, result, results)));
  return `**In the browser**, one page of Chromium ${majorOf(machine.chromium)} for each, vectors of ${dataset.dimensions} dimensions, one query at a time by the wall, at the
least work that finds ${parameters.recallWanted} of the neighbours. Ours: the engine in the thread of the page, and the database in IndexedDB and in its worker, which
answers with objects. Opened: on a later visit, from what the page has stored to the first answer.

${markdownTable(['', 'vectors', 'import', 'opened', 'search, p50', 'p99', 'recall', 'memory', 'stored', 'our engine', 'our database'], rows)}`;
}

function rowOf(name, figures, file, { dataset, ratios }, results) {
  const label = engines[name] ?? name;
  const cells = [resultLink(label, file, results), rounded(dataset.rows)];
  if (!figures.p50Ms) return [...cells, `failed: ${figures.failed}`, ...Array(8).fill(dash)];
  const ms = (value) => `${Number(value.toPrecision(2)).toLocaleString('en')} ms`;
  const megabytes = (bytes) => (bytes ? `${rounded(bytes / 1e6)} MB` : dash);
  const opened = figures.firstAnswerMs ? `${rounded(figures.firstAnswerMs.median)} ms` : `no: ${figures.notSaved ?? figures.notOpened}`;
  return [
    ...cells, `${rounded(figures.importMs / 1000)} s`, opened, ms(figures.p50Ms), ms(figures.p99Ms), figures.recall.toFixed(3), megabytes(figures.memoryBytes), megabytes(figures.storedBytes),
    ...compared.map((base) => ratioCell(ratios[base]?.[name])),
  ];
}

/** Searching, and opening. */
function ratioCell(ratio) {
  if (!ratio) return dash;
  return `${rounded(ratio.search.median)}×${ratio.open ? `, opens ${rounded(ratio.open.median)}×` : ''}`;
}

const majorOf = (version) => version.split('.')[0];
