// The tables of README.md and docs/codecs.md, from the committed results. In a document each stands between two comments,
//
//   <!-- search: npm run bench -- summary -->
//   <!-- end -->
//
// and `npm run bench -- summary` writes it anew there; with names it prints these. A test holds the documents to the results.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { browserTables } from './browser-tables.js';
import { codecTables } from './codec-tables.js';
import { databaseTables } from './database-tables.js';
import { dash, markdownTable, resultLink, rounded, times } from './markdown.js';
import { repositoryDir, resultsDir } from './paths.js';
import { readResult } from './results.js';

export const documents = ['README.md', 'docs/codecs.md'];

/** By name, a function of the way from the document to the results. @type {Record<string, (results: string) => string>} */
const tables = { pictures, search: searchTable, peers: peerTable, flat: flatTable, cold: coldTable, ...codecTables, ...databaseTables, ...browserTables };

/** Modes of ours that are measured beside peers: their name as a base, and in tables. */
const modeOfBase = { 'vectile-fast': 'fast', vectile: 'exact' };
const recallsOf = (dataset) => (dataset.startsWith('mnist') ? [0.95, 0.99, 0.999] : [0.9, 0.95, 0.99]);

/** What is compared: peer, data set, Nodes. Measured with `fast`, or else with `exact`. */
const comparisons = [
  ['hnswlib-node', 'glove-100-100k', [24, 20]],
  ['hnswlib-node', 'wordnet-512', [24, 20]],
  ['hnswlib-node', 'mnist-784', [24, 20]],
  ['hnswlib-native', 'glove-100-100k', [24, 20]],
  ['hnswlib-native', 'wordnet-512', [24, 20]],
  ['usearch', 'glove-100-100k', [24, 20]],
  ['usearch', 'wordnet-512', [24, 20]],
  ['usearch', 'mnist-784', [24, 20]],
  ['usearch-i8', 'glove-100-100k', [24, 20]],
  ['usearch-i8', 'wordnet-512', [24, 20]],
  ['zvec', 'glove-100-100k', [24, 20]],
  ['hnswlib-wasm', 'glove-100-100k', [24, 20]],
  ['edgevec', 'glove-100-100k-first20000', [24, 20]],
];

/** The same with floats only, a few. */
const exactComparisons = [
  ['hnswlib-node', 'glove-100-100k', [24, 20]],
  ['hnswlib-node', 'mnist-784', [24, 20]],
  ['hnswlib-node', 'glove-100', [20]],
  ['hnswlib-wasm', 'mnist-784', [24]],
];

export const summary = (name, results) => tables[name](results);

/** A document with its tables as the results are now. */
export function withTables(document) {
  const results = relative(dirname(document), 'bench/results');
  return readFileSync(join(repositoryDir, document), 'utf8')
    .replace(/(<!-- (\w+): npm run bench -- summary -->\n)[^]*?(?=<!-- end -->)/g, (_, mark, name) => `${mark}${summary(name, results)}\n`);
}

/** Prints some tables; without names, brings the documents up to date. @param {string[]} names */
export function summarize(names) {
  for (const name of names) {
    if (!tables[name]) throw new Error(`summary: expected one of ${Object.keys(tables).join(', ')}; got ${name}`);
    console.log(summary(name, 'bench/results'));
  }
  if (names.length) return;
  for (const document of documents) {
    const path = join(repositoryDir, document);
    const text = withTables(document);
    console.log(`${document}: ${text === readFileSync(path, 'utf8') ? 'up to date' : 'written'}`);
    writeFileSync(path, text);
  }
}

/** A finished comparison, or undefined. */
function comparison(base, peer, dataset, node) {
  const file = `${dataset}-${base}-vs-${peer}-node${node}.json`;
  if (!existsSync(join(resultsDir, file))) return undefined;
  const result = readResult(file);
  return result.skipped ? undefined : { file, ...result };
}

/** Every comparison of the table, once, by mode. */
function measured() {
  const each = (list, bases) => list.flatMap(([peer, dataset, nodes]) => nodes.flatMap((node) => {
    const found = bases.map((base) => comparison(base, peer, dataset, node)).find(Boolean);
    return found ?? [];
  }));
  const found = [...each(comparisons, Object.keys(modeOfBase)), ...each(exactComparisons, ['vectile'])];
  const once = [...new Map(found.map((result) => [result.file, result])).values()];
  return Object.keys(modeOfBase).flatMap((base) => once.filter((result) => result.base === base));
}

/** Recall and speed beside the peers, of the mode that was measured with them. */
function pictures(results) {
  return ['glove-100-100k', 'wordnet-512', 'mnist-784'].flatMap((dataset) => {
    const file = Object.keys(modeOfBase).map((base) => `${dataset}-${base}-node24.svg`).find((name) => existsSync(join(resultsDir, name)));
    return file ? `![Recall and queries per second on ${dataset}, Node 24](${results}/${file})` : [];
  }).join('\n');
}

function searchTable(results) {
  const rows = measured().map(({ file, base, peer, dataset, machine, engines, ratios }) => {
    const cells = ratios.atRecall.filter((cell) => cell.ratio);
    const usual = cells.filter((cell) => recallsOf(dataset.name).includes(cell.recall));
    const shown = usual.length > 1 ? usual : cells.slice(-3); // codes without rescoring end below
    const middle = shown[shown.length >> 1];
    const bytes = (engine) => rounded(engines[engine].bytes.perVector.held ?? engines[engine].bytes.perVector.index);
    return [
      modeOfBase[base], peer, resultLink(dataset.name, file, results), majorOf(machine),
      shown.map((cell) => `${times(cell.ratio)} at ${cell.recall}`).join(', ') || dash,
      middle ? `${rounded(middle.baseQps)}/s at ${middle.recall}` : dash, `${ratios.build.toFixed(2)}×`, `${bytes(base)} : ${bytes(peer)}`,
    ];
  });
  return markdownTable(['mode', 'beside', 'data', 'Node', 'searches a second at equal recall', 'ours', 'build', 'bytes per vector'], rows);
}

/** What the peers are, as their results say; later ones say more. */
function peerTable() {
  const kinds = { native: 'native addon', wasm: 'WebAssembly', js: 'JavaScript' };
  const peers = new Map();
  for (const { peer, engines, machine } of measured().sort((a, b) => a.machine.date.localeCompare(b.machine.date))) {
    const { versions, kind, notes } = engines[peer];
    peers.set(peer, [peer, Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', '), kinds[kind] ?? kind, notes.join('; ') || dash, machine.date]);
  }
  const order = [...new Set(comparisons.map(([peer]) => peer))];
  return markdownTable(['peer', 'version', 'kind', 'as measured'], order.flatMap((peer) => (peers.has(peer) ? [peers.get(peer).slice(0, 4)] : [])));
}

function flatTable(results) {
  const engines = [['vectile-flat-fast', 'fast', 'sqlite-vec'], ['vectile-flat', 'exact', 'sqlite-vec'], ['vectile-flat', 'exact', 'js-flat']];
  const rows = engines.flatMap(([base, mode, peer]) => [24, 20].flatMap((node) => {
    const result = comparison(base, peer, 'glove-100-100k', node);
    if (!result) return [];
    const [point] = result.engines[base].points;
    return [[
      mode, peer === 'js-flat' ? 'plain JavaScript' : peer, resultLink(result.dataset.name, result.file, results), node,
      times(result.ratios.exact), `${rounded(point.qps)}/s`, point.recall,
    ]];
  }));
  return markdownTable(['mode', 'scan beside', 'data', 'Node', 'searches a second', 'ours', 'our recall'], rows);
}

function coldTable(results) {
  const nodes = [20, 24].filter((node) => existsSync(join(resultsDir, `cold-start-node${node}.json`)));
  const found = nodes.map((node) => readResult(`cold-start-node${node}.json`));
  const engines = [...new Set(found.flatMap((result) => Object.keys(result.engines)))];
  const cell = (result, engine) => (result.engines[engine]?.cpuMs ? `${result.engines[engine].cpuMs.median.toFixed(1)} ms` : dash);
  return markdownTable(
    ['cold start, processor time', ...nodes.map((node) => resultLink(`Node ${node}`, `cold-start-node${node}.json`, results))],
    engines.map((engine) => [engine, ...found.map((result) => cell(result, engine))]),
  );
}

const majorOf = ({ node }) => Number(/^v(\d+)/.exec(node)[1]);
