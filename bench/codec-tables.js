// The tables of docs/codecs.md: modes and codecs on three data sets, as far as they have been measured.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dash, markdownTable, resultLink, rounded, times } from './markdown.js';
import { resultsDir } from './paths.js';
import { readResult } from './results.js';
import { fixed } from './table.js';

const datasets = ['glove-100-100k', 'wordnet-512', 'mnist-784'];
const node = 24;
/** Tables of single codecs: the rows each has. */
const rowsOf = { sq8: ['sq8'], sq4: ['sq4'], pq: ['pq'], bq: ['bq', 'bq centred'], rq8: ['rq8'], rq1: ['rq1'] };
/** Where modes are read: one ef for all, and three recalls. */
const modeEf = 80;
const modeRecalls = (dataset) => (dataset.name === 'glove-100-100k' ? [0.9, 0.95, 0.99] : [0.95, 0.99, 0.999]);
/** Where codecs are compared with one another. */
const codecEf = 128;
const codecRescored = ['none', 4, 'all'];

export const codecTables = {
  modes: modeTables,
  codecs: codecOverview,
  ...Object.fromEntries(Object.entries(rowsOf).map(([codec, rows]) => [codec, (results) => codecTable(rows, results)])),
};

/** Results of a command on the data sets there are results for. */
function measured(command) {
  return datasets.map((dataset) => `${dataset}-${command}-node${node}.json`)
    .filter((file) => existsSync(join(resultsDir, file)))
    .map((file) => ({ file, ...readResult(file) }));
}

const orNothing = (parts) => parts.join('\n\n') || 'Not measured yet.';
const rescoringName = (rescored) => (typeof rescored === 'number' ? `${rescored} × k` : rescored);

function headline({ dataset, parameters, file }, results) {
  const { rows, dimensions, metric, name } = dataset;
  return `${resultLink(name, file, results)}: ${rows.toLocaleString('en')} × ${dimensions}, ${metric}; M ${parameters.m}, efConstruction ${parameters.efConstruction}, k ${parameters.k}`;
}

function modeTables(results) {
  return orNothing(measured('modes').map((result) => {
    const recalls = modeRecalls(result.dataset);
    const at = (mode, recall) => mode.atRecall.find((cell) => cell.recall === recall);
    const speed = (name, cell) => (cell?.ratio ? `${rounded(cell.qps)}${name === 'exact' ? '' : ` (${times(cell.ratio)})`}` : dash);
    const rows = Object.entries(result.modes).map(([name, mode]) => {
      const point = mode.points.find(({ ef }) => ef === modeEf);
      const { total, memory, estimate } = mode.bytesPerVector;
      return [
        name, mode.codec.type, rounded(total), rounded(memory), rounded(estimate), `${fixed(mode.build.cpuSeconds, 1)} s`,
        fixed(point?.recall, 3), rounded(point?.qps), ...recalls.map((recall) => speed(name, at(mode, recall))),
      ];
    });
    if (result.hnswlibBytesPerVector) rows.push(['(hnswlib)', 'f32', rounded(result.hnswlibBytesPerVector), ...Array.from({ length: 5 + recalls.length }, () => '')]);
    const picture = result.file.replace('.json', '.svg');
    return [
      headline(result, results),
      markdownTable(['mode', 'codec', 'bytes a vector', 'memory', 'estimate', 'build', `recall at ef ${modeEf}`, 'QPS there', ...recalls.map((recall) => `QPS at ${recall}`)], rows),
      ...(existsSync(join(resultsDir, picture)) ? [`![Recall and queries per second of the modes on ${result.dataset.name}](${results}/${picture})`] : []),
    ].join('\n\n');
  }));
}

function codecOverview(results) {
  return orNothing(measured('codecs').map((result) => {
    const { f32, codecs, parameters } = result;
    const point = (codec, rescored) => codec.points.find((one) => one.ef === codecEf && one.rescored === rescored);
    const exact = f32.points.find(({ ef }) => ef === codecEf);
    const rows = Object.entries(codecs).map(([name, codec]) => [name, ...bytesOf(codec), ...codecRescored.map((rescored) => cellOf(point(codec, rescored)))]);
    return `${headline(result, results)}, ef ${codecEf}\n\n${markdownTable(
      ['codec', 'code', 'bytes a vector', ...codecRescored.map((rescored) => `rescored: ${rescoringName(rescored)}`)],
      [['f32', ...bytesOf(f32), `${fixed(exact.recall, 3)}, ${rounded(exact.qps)}/s`, ...codecRescored.slice(1).map(() => '')], ...rows],
    )}`;
  }));
}

/** Rows of one section: every data set and ef, by how much is rescored. */
function codecTable(names, results) {
  const found = measured('codecs');
  if (!found.length) return orNothing([]);
  const { rescorings } = found[0].parameters;
  const rows = found.flatMap(({ file, dataset, f32, codecs, parameters }) => names.flatMap((name) => parameters.efs.map((ef) => [
    ...(names.length > 1 ? [name] : []), resultLink(dataset.name, file, results), ef, ...bytesOf(codecs[name]), fixed(f32.points.find((one) => one.ef === ef).recall, 3),
    ...rescorings.map((rescored) => cellOf(codecs[name].points.find((one) => one.ef === ef && one.rescored === rescored))),
  ])));
  return markdownTable([...(names.length > 1 ? ['codec'] : []), 'data', 'ef', 'code', 'bytes a vector', 'f32', ...rescorings.map((rescored) => rescoringName(rescored))], rows);
}

const bytesOf = ({ bytesPerVector }) => [rounded(bytesPerVector.code), rounded(bytesPerVector.total)];
/** Recall, and speed over that of f32. */
const cellOf = (point) => (point ? `${fixed(point.recall, 3)}, ${times(point.ratio)}` : dash);
