// Keyword search beside inverted indexes of plain JavaScript, on 126,805 real texts: building, bytes in memory, times of
// queries, and opening what was saved. All cut texts into the same words and look for any word of a query; ours is a database
// in a folder, durable, whose hits are objects with their properties.

import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { missingSupport, supportObjects, supportQueries } from './data/support.js';
import { uuidOf } from './data/uuid.js';
import { englishStopwords, wordsOf } from './data/words.js';
import { describeMachine, pinnedCore } from './machine.js';
import { median, spread, startClock, turnOrder } from './measure/clock.js';
import { loadPeer, installPeer, peerVersions } from './peers/install.js';
import { createProgress } from './progress.js';
import { keywordOracle } from './relevance-oracle.js';
import { nodeMajor, writeResult } from './results.js';
import { folderBytes, heldBytes, importInto, invertedBytes, memoryStore, newFolder, openDatabase } from './search-database.js';
import { openInTurns, overBy, spreads } from './search-opening.js';
import { textPeers } from './search-peers.js';
import { ratioOf, timeInTurns } from './search-turns.js';
import { fixed, printTable, spreadText, whole } from './table.js';

const buildRounds = 3, openRounds = 5;
const secondsInTurns = 20;            // of a round, for the slower side: a query of theirs may take more than a second
const leastQueries = 20, mostQueries = 200, probeQueries = 10;
const checked = 50;
const tie = 1e-9;              // of scores, which are sums in any order
const collectionName = 'Request';

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const missing = missingSupport();
if (missing) {
  console.log(`SKIPPED search texts: ${missing}`);
  process.exit(0);
}
const { k, rounds, core } = options;
const load = { before: loadavg()[0] };
const objects = supportObjects().slice(0, options.limit).map(({ text }, row) => ({ id: uuidOf(row), text }));
const queries = { 'all words': supportQueries().map(({ text }) => text) };
queries['content words'] = queries['all words'].map(contentOf);

const peers = {}, skipped = {};
for (const name of options.peers) {
  const peer = textPeers[name];
  if (!peer) throw new Error(`peers: expected some of ${Object.keys(textPeers).join(', ')}; got ${name}`);
  try {
    await installPeer(peer, progress);
    peers[name] = { peer, ...await loadPeer(peer) };
  } catch (error) {
    skipped[name] = String(error.message).split('\n')[0];
    progress.note(`skipped ${name}: ${skipped[name]}`);
  }
}
const names = ['vectile', ...Object.keys(peers)];

const { sides, build, held, storing, inMemory } = await buildAll();
const ours = { memory: await invertedBytes(sides.vectile.db, sides.vectile.collection), folder: folderBytes(sides.vectile.folder) };
const agreement = await agreementWithOracle();
const searching = {};
for (const [kind, texts] of Object.entries(queries)) searching[kind] = await measureSearching(kind, texts);
const opening = await measureOpening();

const result = {
  dataset: { name: 'support-texts', rows: objects.length, source: 'CLINC150 and Schema-Guided Dialogue user turns; queries: 1,000 held-out CLINC150 questions' },
  parameters: { k, rounds, buildRounds, openRounds, secondsInTurns },
  machine: { ...describeMachine(), pinnedCore: pinnedCore(), load: { ...load, after: loadavg()[0] } },
  method: 'one process; building in turns, ours until all is durable and a first query is answered, and again in memory as the peers are (inMemory), and without indexing (storingOnly); held: heap and external bytes after gc, beyond the objects; each peer and ours in turns of 20 queries, as many of the 1,000, evenly spread, as its speed allows; alone: ours with all of them; ms, the lesser of wall and processor time; all words: no stopwords on any side, content words: English stopwords taken out beforehand; opening: fresh processes in turns, files in the page cache, peers from the text in memory, modules loaded before; ratios above 1: ours is faster or smaller',
  versions: Object.fromEntries(Object.entries(peers).map(([name, { peer }]) => [name, peerVersions(peer)])),
  notes: Object.fromEntries(Object.entries(peers).map(([name, { peer }]) => [name, peer.notes])),
  skipped, build: Object.fromEntries(names.map((name) => [name, { cpuSeconds: spread(build[name].cpu), wallSeconds: spread(build[name].wall) }])),
  inMemory: { cpuSeconds: spread(inMemory.cpu), wallSeconds: spread(inMemory.wall) },
  storingOnly: { cpuSeconds: spread(storing.cpu), wallSeconds: spread(storing.wall) },
  memory: { held, vectile: ours.memory, folder: ours.folder }, agreement, searching, opening,
  ratios: Object.fromEntries(Object.keys(peers).map((name) => [name, {
    build: spread(build[name].cpu.map((seconds, i) => seconds / build.vectile.cpu[i])),
    buildInMemory: spread(build[name].cpu.map((seconds, i) => seconds / inMemory.cpu[i])),
    memory: held[name] / (ours.memory.resident + ours.memory.tables),
    queries: Object.fromEntries(Object.entries(searching).map(([kind, { beside }]) => [kind, beside[name].ratio])),
    opening: overBy(opening.reports[name], 'ms', opening.reports.vectile, 'ms'),
    openingByCpu: overBy(opening.reports[name], 'cpuMs', opening.reports.vectile, 'cpuMs'),
    firstAnswer: overBy(opening.reports[name], 'firstAnswerMs', opening.reports.vectile, 'firstAnswerMs'),
  }])),
};
result.opening = Object.fromEntries(Object.entries(opening.reports).map(([name, report]) => [name, spreads(report)]));
print(result);
console.log(`\nwritten to ${writeResult(`support-texts${options.limit ? `-first${objects.length}` : ''}-search-node${nodeMajor()}.json`, result)}`);
process.exit(0);

/** Each side several times, in turns; the last of each is kept. */
async function buildAll() {
  const built = { sides: {}, held: {}, build: Object.fromEntries(names.map((name) => [name, { cpu: [], wall: [] }])), storing: { cpu: [], wall: [] }, inMemory: { cpu: [], wall: [] } };
  for (let round = 0; round < buildRounds; round++) {
    for (const at of turnOrder(names.length, round)) {
      const name = names[at];
      await built.sides[name]?.close();
      delete built.sides[name];
      const before = heldBytes();
      const clock = startClock();
      const side = name === 'vectile' ? await createOurs({}) : createPeer(name);
      await side.search(queries['all words'][0], k);
      addTo(built.build[name], clock());
      built.sides[name] = side;
      built.held[name] = heldBytes() - before;
      progress.note(`built ${name}: ${fixed(built.build[name].cpu.at(-1), 2)} processor seconds, holds ${fixed(built.held[name] / 1e6, 1)} MB`);
    }
    for (const [times, indexing, store] of [[built.storing, { indexFilterable: false, indexSearchable: false }], [built.inMemory, {}, await memoryStore()]]) {
      const clock = startClock();
      const side = await createOurs(indexing, store);
      if (store) await side.search(queries['all words'][0], k);
      addTo(times, clock());
      await side.close();
    }
  }
  return built;
}

/** With `store`, in it and not in a folder. */
async function createOurs(indexing, store) {
  const folder = store ? undefined : newFolder();
  const db = await openDatabase(store ? { store, durability: 'none' } : folder);
  const collection = await db.collections.create({
    name: collectionName,
    properties: [{ name: 'text', dataType: 'text', ...indexing }],
    invertedIndex: { stopwords: { preset: 'none' } },
  });
  function* inputs() { for (const { id, text } of objects) yield { id, properties: { text } }; }
  await importInto(db, collection, inputs());
  return {
    db, collection, folder,
    search: async (text, limit) => (await collection.query.bm25(text, { limit, queryProperties: ['text'] })).objects.map(({ id }) => id),
    close: () => db.close(),
  };
}

function createPeer(name) {
  const index = peers[name].create();
  index.add(objects);
  return { index, search: (text, limit) => index.search(text, limit), async close() {} };
}

/** Share of hits whose score, by the oracle, is as high as that of its k-th: whether the sides do the same work. */
async function agreementWithOracle() {
  const oracle = keywordOracle(objects.map(({ text }) => text), { stopwords: new Set() });
  const found = Object.fromEntries(names.map((name) => [name, 0]));
  for (const text of queries['all words'].slice(0, checked)) {
    const { ids, scores } = oracle(text, Infinity);
    const least = scores[Math.min(k, scores.length) - 1] * (1 - tie);
    const wanted = new Set(ids.filter((_, rank) => scores[rank] >= least).map((row) => objects[row].id));
    for (const name of names) found[name] += (await sides[name].search(text, k)).filter((id) => wanted.has(id)).length / Math.min(k, scores.length) / checked;
  }
  return found;
}

/** Ours beside each peer, with the same queries, and alone with all. */
async function measureSearching(kind, texts) {
  const callsOf = (name, step) => (i) => sides[name].search(texts[i * step], k);
  const beside = {};
  for (const name of Object.keys(peers)) {
    const probe = startClock();
    for (let i = 0; i < probeQueries; i++) sides[name].search(texts[i * Math.floor(texts.length / probeQueries)], k);
    const calls = Math.round(Math.min(mostQueries, Math.max(leastQueries, (secondsInTurns * 1e6 * probeQueries) / probe().cpu)));
    const step = Math.floor(texts.length / calls);
    const times = await timeInTurns(
      { vectile: callsOf('vectile', step), [name]: callsOf(name, step) }, { calls, rounds, onProgress: progress.count(`${kind}, beside ${name}`) },
    );
    beside[name] = { queries: calls, vectile: times.vectile, peer: times[name], ratio: ratioOf(times[name], times.vectile) };
  }
  const alone = await timeInTurns({
    objects: callsOf('vectile', 1),
    'ids only': (i) => sides.vectile.collection.query.bm25(texts[i], { limit: k, queryProperties: ['text'], returnProperties: [] }),
  }, { calls: texts.length, rounds });
  return { beside, alone };
}

async function measureOpening() {
  const folder = newFolder();
  const text = queries['all words'][0];
  const tasks = { vectile: { kind: 'vectile', folder: sides.vectile.folder, collection: collectionName, text, k } };
  const savedBytes = {};
  for (const name of Object.keys(peers)) {
    const saved = sides[name].index.save();
    savedBytes[name] = saved.length;
    const file = join(folder, `${name}.json`);
    writeFileSync(file, saved);
    tasks[name] = { kind: 'peer', name, file, text, k };
  }
  await sides.vectile.close();
  return { savedBytes, reports: await openInTurns(tasks, { rounds: openRounds, core }) };
}

function contentOf(text) {
  const words = wordsOf(text).filter((word) => !englishStopwords.has(word));
  return words.length ? words.join(' ') : text;
}

function addTo({ cpu, wall }, spent) {
  cpu.push(spent.cpu / 1e6);
  wall.push(spent.wall / 1e6);
}

function print({ build: builds, storingOnly, inMemory, memory, searching: searches, opening: opened, ratios, machine }) {
  console.log(`\nkeyword search on ${whole(objects.length)} texts; ${machine.cpu}, Node ${machine.node}, load ${fixed(machine.load.before, 1)} to ${fixed(machine.load.after, 1)}\n`);
  const kinds = Object.keys(searches);
  printTable([
    ['', 'build CPU s', 'held MB', 'open ms', 'first answer', 'agreement'],
    ...names.map((name) => [
      name, fixed(builds[name].cpuSeconds.median, 2), fixed(memory.held[name] / 1e6, 1), fixed(opened[name].ms.median, 1), fixed(opened[name].firstAnswerMs.median, 1), fixed(agreement[name], 3),
    ]),
  ]);
  console.log();
  printTable([
    ['ms', 'queries', 'p50', 'p99', 'p50 of ours', 'p99'],
    ...kinds.flatMap((kind) => Object.entries(searches[kind].beside).map(([name, { queries: count, vectile, peer }]) => [
      `${name}, ${kind}`, count, fixed(median(peer.p50), 2), fixed(median(peer.p99), 2), fixed(median(vectile.p50), 3), fixed(median(vectile.p99), 3),
    ])),
    ...kinds.flatMap((kind) => Object.entries(searches[kind].alone).map(([what, { p50, p99 }]) => [`ours, ${kind}, ${what}`, queries[kind].length, '', '', fixed(median(p50), 3), fixed(median(p99), 3)])),
  ]);
  console.log(`\nours: in memory built in ${fixed(inMemory.cpuSeconds.median, 2)} processor seconds, stored without indexing in ${fixed(storingOnly.cpuSeconds.median, 2)}; index ${fixed(memory.vectile.resident / 1e6, 1)} MB in memory, tables ${fixed(memory.vectile.tables / 1e6, 1)} MB, files ${fixed(memory.vectile.files / 1e6, 1)} MB, folder ${fixed(memory.folder / 1e6, 1)} MB`);
  for (const [name, ratio] of Object.entries(ratios)) {
    console.log(`over ${name}: build ${spreadText(ratio.build)}, in memory ${spreadText(ratio.buildInMemory)}, memory ${fixed(ratio.memory, 2)}, queries ${kinds.map((kind) => `${spreadText(ratio.queries[kind])} (${kind})`).join(', ')}, opening ${spreadText(ratio.opening)}, by processor time ${spreadText(ratio.openingByCpu)}, to the first answer ${spreadText(ratio.firstAnswer)}`);
  }
}
