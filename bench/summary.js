// The README's tables, from the committed results: npm run bench -- summary. A test holds the README to what this prints.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { resultsDir } from './paths.js';
import { readResult } from './results.js';

const dash = '–';
const times = (ratio) => (ratio ? `${ratio.median.toFixed(2)}×` : dash);
const rounded = (n) => (n === null || n === undefined ? dash : Number(n.toPrecision(3)).toLocaleString('en'));
const row = (cells) => `| ${cells.join(' | ')} |`;

/** Speed at equal recall: what, result file, and the recalls the data set is read at. */
const searches = [
  ['hnswlib-node', 'glove-100-100k', 24, [0.9, 0.95, 0.99]],
  ['hnswlib-node', 'mnist-784', 24, [0.95, 0.99, 0.999]],
  ['hnswlib-node', 'glove-100-100k', 20, [0.9, 0.95, 0.99]],
  ['hnswlib-node', 'mnist-784', 20, [0.95, 0.99, 0.999]],
  ['hnswlib-node', 'glove-100', 20, [0.9, 0.95, 0.98]],
  ['usearch', 'glove-100-100k', 20, [0.9, 0.95, 0.99]],
  ['usearch-i8', 'glove-100-100k', 20, [0.8, 0.85, 0.9]],
  ['zvec', 'glove-100-100k', 20, [0.9, 0.95, 0.99]],
  ['hnswlib-wasm', 'glove-100-100k', 24, [0.9, 0.95, 0.99]],
  ['hnswlib-wasm', 'mnist-784', 24, [0.95, 0.99, 0.999]],
  ['edgevec', 'glove-100-100k-first20000', 24, [0.9, 0.95, 0.99]],
];

export function summary() {
  return [searchTable(), exactTable(), coldTable()].join('\n\n');
}

function searchTable() {
  const lines = [
    row(['beside', 'data', 'Node', 'searches a second at equal recall', 'ours, the middle one', 'build', 'bytes per vector']),
    row(['---', '---', '---', '---', '---', '---', '---']),
  ];
  for (const [peer, dataset, node, recalls] of searches) {
    const file = `${dataset}-vectile-vs-${peer}-node${node}.json`;
    if (!existsSync(join(resultsDir, file))) continue;
    const result = readResult(file);
    const at = (recall) => result.ratios?.atRecall.find((cell) => cell.recall === recall);
    if (result.skipped) continue;
    const bytes = (engine) => rounded(result.engines[engine].bytes.perVector.held ?? result.engines[engine].bytes.perVector.index);
    lines.push(row([
      peer, `[${dataset}](bench/results/${file})`, node,
      recalls.map((recall) => `${times(at(recall)?.ratio)} at ${recall}`).join(', '),
      `${rounded(at(recalls[1])?.baseQps)}/s`, `${result.ratios.build.toFixed(2)}×`, `${bytes('vectile')} : ${bytes(peer)}`,
    ]));
  }
  return lines.join('\n');
}

function exactTable() {
  const lines = [row(['exact search beside', 'data', 'Node', 'searches a second', 'ours']), row(['---', '---', '---', '---', '---'])];
  for (const node of [24, 20]) {
    for (const peer of ['sqlite-vec', 'js-flat']) {
      const file = `glove-100-100k-vectile-flat-vs-${peer}-node${node}.json`;
      if (!existsSync(join(resultsDir, file))) continue;
      const result = readResult(file);
      const name = peer === 'js-flat' ? 'plain JavaScript' : peer;
      const [point] = result.engines['vectile-flat'].points;
      lines.push(row([name, `[${result.dataset.name}](bench/results/${file})`, node, times(result.ratios.exact), `${rounded(point.qps)}/s`]));
    }
  }
  return lines.join('\n');
}

function coldTable() {
  const nodes = [20, 24].filter((node) => existsSync(join(resultsDir, `cold-start-node${node}.json`)));
  const results = nodes.map((node) => readResult(`cold-start-node${node}.json`));
  const engines = [...new Set(results.flatMap((result) => Object.keys(result.engines)))];
  const cell = (result, engine) => (result.engines[engine]?.cpuMs ? `${result.engines[engine].cpuMs.median.toFixed(1)} ms` : dash);
  return [
    row(['cold start, processor time', ...nodes.map((node) => `[Node ${node}](bench/results/cold-start-node${node}.json)`)]),
    row(['---', ...nodes.map(() => '---')]),
    ...engines.map((engine) => row([engine, ...results.map((result) => cell(result, engine))])),
  ].join('\n');
}
