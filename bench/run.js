// The command line of the benchmark suite: npm run bench -- <command>. Each command is a file of its own.

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cold } from './cold.js';
import { compare } from './compare.js';
import { datasets, openDataset, truthDepth } from './data/dataset.js';
import { nodeBinary, runPinned } from './machine.js';
import { peers } from './peers/index.js';
import { plot } from './plot.js';
import { createProgress } from './progress.js';
import { nodeMajor } from './results.js';
import { textPeers } from './search-peers.js';
import { summarize } from './summary.js';

const help = `npm run bench -- <command> [options]

  data <name>     make a data set: ${Object.keys(datasets).join(', ')}
  compare         graph search, building, memory and opening, vectile beside each peer
  flat            the same for exact search: vectile-flat beside js-flat and sqlite-vec
  filter          filtered search beside an exact scan of the same allow-list
  readers         one index searched by threads over shared memory: two beside one
  churn           recall and bytes after removing, adding and replacing
  codecs          bytes, recall and speed of every codec, by how much is rescored
  modes           bytes, recall and speed of the modes exact, fast, compact and smallest
  graph           recall at equal ef of graphs built by codes, by floats, and by hnswlib-node
  scale           building, opening and searching from 10,000 rows to a million
  open            opening an image beside a copy of its bytes
  database        importing, latencies, bytes and opening of the database, and lancedb, lancedb-hnsw and vectra beside it
  relevance       nDCG@10, P@1 and P@10 of keyword, vector and hybrid search on labelled texts, beside an exact oracle
  search [parts]  texts: keyword search beside minisearch and orama; vectors: hybrid and filtered vector search;
                  million: filters on a million small objects; default all
  threads         shards in two threads beside one: importing, searching, and one shard that both search
  tenants         creating, filling, opening and removing tenants; with --limit fewer than 100,000 of them
  browser         in pages of Chromium: importing, opening again and searching 100,000 × 512, ours beside orama, client-vector-search,
                  hnswlib-wasm and edgevec
  encoder         the sentence encoder beside the package its weights are from: speed, accuracy, sizes, and in Chromium
  cold            import, create and first search in fresh processes
  plot [files]    recall-QPS curves of the results as SVG
  summary [names] writes the tables of README.md and docs/codecs.md from the results; with names, prints these
  help

  --dataset <name>        default glove-100-100k
  --limit <rows>          only the first rows, with ground truth of their own
  --peers <a,b>           default hnswlib-node; known: ${Object.keys(peers).join(', ')}
  --base <peer>           whom the peers are compared with; default vectile
  --rounds <n>            default 5
  --k <n>                 default 10
  --m <n>                 links per vector, default 16
  --ef-construction <n>   default 200
  --efs <a,b>             search widths to measure
  --core <n>              core to run on, default the last
  --node <major>          run under that Node, fetched from npm
`;

const searchParts = ['texts', 'vectors', 'million'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(['dataset', 'limit', 'peers', 'base', 'rounds', 'k', 'm', 'ef-construction', 'efs', 'core', 'node'].map((name) => [name, { type: 'string' }])),
});
const [command = 'help', ...rest] = positionals;
const progress = createProgress();

const commands = {
  data: async () => {
    for (const name of rest.length ? rest : ['glove-100-100k']) {
      const data = await openDataset(name, { limit: limit() ?? Infinity, progress });
      console.log(`${data.name}: ${data.rows} × ${data.dimensions}, ${data.metric}, ${data.queryCount} queries, exact top ${data.truth.k}`);
    }
  },
  compare: () => compare(options('vectile', ['hnswlib-node']), progress),
  flat: () => compare(options('vectile-flat', ['js-flat', 'sqlite-vec']), progress),
  filter: () => alone('filter.js', { efs: [40, 64, 100, 140, 200, 280, 400, 560] }),
  readers: () => alone('readers.js', { efs: [100], core: null }),
  churn: () => alone('churn.js'),
  codecs: () => alone('codecs.js', { efs: [64, 128] }),
  modes: () => alone('modes.js'),
  graph: () => alone('graph.js', { efs: [10, 20, 40, 80, 160, 320] }),
  scale: () => alone('scale.js', { dataset: 'glove-100-1m' }),
  open: () => alone('open.js'),
  database: () => alone('database.js', { peers: values.peers === '' ? [] : (values.peers?.split(',') ?? ['lancedb', 'lancedb-hnsw', 'vectra']) }),
  relevance: () => alone('relevance.js'),
  tenants: () => alone('tenants.js', { core: null }),
  threads: () => alone('threads.js', { core: null, efs: [10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512] }),
  search: async () => {
    const unknown = rest.find((part) => !searchParts.includes(part));
    if (unknown) throw new Error(`search: expected some of ${searchParts.join(', ')}; got ${unknown}`);
    for (const part of rest.length ? rest : searchParts) await alone(`search-${part}.js`, { peers: values.peers?.split(',') ?? Object.keys(textPeers) });
  },
  encoder: () => alone('encoder.js', { core: null }),
  browser: () => alone('browser.js', {
    core: null, dataset: values.dataset ?? 'wordnet-512', bases: values.base?.split(',') ?? ['vectile-fast', 'vectile', 'vectile-database'],
    peers: values.peers?.split(',').filter(Boolean) ?? ['orama', 'client-vector-search', 'hnswlib-wasm', 'edgevec'],
  }),
  cold: () => cold(options('vectile', ['hnswlib-node', 'usearch', 'zvec', 'hnswlib-wasm', 'edgevec', 'sqlite-vec', 'js-flat']), progress),
  plot: () => plot(rest),
  summary: () => summarize(rest),
  help: () => console.log(help),
};

if (!commands[command]) {
  console.error(`command: expected one of ${Object.keys(commands).join(', ')}; got ${command}`);
  process.exitCode = 1;
} else if (values.node && number('node') !== nodeMajor()) {
  const binary = await nodeBinary(number('node'), progress);
  process.exitCode = spawnSync(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
} else {
  await commands[command]();
}

/** A command that measures the engine by itself, in a process of its own. */
async function alone(script, changes = {}) {
  const all = { ...options('vectile', []), ...changes };
  const { code } = await runPinned(fileURLToPath(new URL(`./${script}`, import.meta.url)), [JSON.stringify(all)], { core: all.core });
  process.exitCode ||= code ?? 1;
}

function options(base, defaultPeers) {
  return {
    dataset: values.dataset ?? 'glove-100-100k',
    limit: limit(),
    base: values.base ?? base,
    peers: values.peers?.split(',') ?? defaultPeers,
    rounds: number('rounds', 5),
    k: atMost(truthDepth, 'k', 10),
    m: number('m', 16),
    efConstruction: number('ef-construction', 200),
    efs: values.efs?.split(',').map(Number) ?? [10, 12, 14, 16, 20, 24, 32, 40, 56, 80, 112, 160, 224, 320, 448, 640, 900],
    core: number('core', availableParallelism() - 1),
  };
}

function atMost(most, name, fallback) {
  const value = number(name, fallback);
  if (value > most) throw new Error(`--${name}: expected at most ${most}, got ${value}`);
  return value;
}

function limit() {
  return values.limit === undefined ? undefined : number('limit');
}

function number(name, fallback) {
  const value = values[name] === undefined ? fallback : Number(values[name]);
  const least = name === 'core' ? 0 : 1;
  if (!Number.isInteger(value) || value < least) throw new Error(`--${name}: expected a whole number from ${least}, got ${values[name]}`);
  return value;
}
