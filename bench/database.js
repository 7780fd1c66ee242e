// The database beside the bare index and beside other databases, on real texts:
//   importing     insertMany until every vector is linked, and building a bare index of the same vectors, in turns
//   latencies     of searches and fetches, idle and while the last sixth is imported
//   bytes         in memory, on disk, written
//   opening       in fresh processes, beside reading all files
//   other databases, each beside ours with the same objects

import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataset } from './data/dataset.js';
import { recallOf } from './data/ground-truth.js';
import { missingSupportTexts, supportTexts } from './data/support.js';
import { describeMachine, pinnedCore, runPinned } from './machine.js';
import { median, spread, startClock, turnOrder } from './measure/clock.js';
import { latencies, percentile } from './measure/latency.js';
import { databases } from './peers/databases.js';
import { installPeer, loadPeer, peerVersions } from './peers/install.js';
import { collectionName } from './peers/vectile-database.js';
import { vectile } from './peers/vectile.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable, spreadText, whole } from './table.js';

const recallWanted = 0.95;
const sliceRows = 2000;             // of the bare index, each time as many objects were taken by the import
const parts = 8;                    // of the import, for the spread of its rate
const idleCalls = 1500, warmCalls = 1000;
const openRounds = 5;
const probeQueries = 200, chunkQueries = 100;
const slowUs = 5000;                // a search; with slower ones only the queries of the probe are asked
const rowsOfVectra = 20_000;        // it holds all in one JSON string
const firstDay = Date.UTC(2026, 0, 1), stepMs = 60_000;

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, rounds } = options;
const missing = missingSupportTexts({ limit: options.limit });
if (missing) {
  console.log(`SKIPPED database: ${missing}`);
  process.exit(0);
}
const data = await openDataset('support-512', { limit: options.limit ?? Infinity, progress });
const { dimensions } = data;
const { objects: texts } = supportTexts({ limit: data.rows });
const folders = [];
process.on('exit', () => { for (const folder of folders) rmSync(folder, { recursive: true, force: true }); });

const rowOf = (id) => parseInt(id.slice(-8), 16);
const vectorOf = (row) => data.base.subarray(row * dimensions, (row + 1) * dimensions);
const queryOf = (q) => data.queries.subarray(q * dimensions, (q + 1) * dimensions);
const objectAt = (row) => ({ id: idAt(row), text: texts[row].text, account: texts[row].account, createdAt: new Date(firstDay + row * stepMs), vector: vectorOf(row) });
const statsOf = async ({ db }) => (await db.stats()).collections[collectionName];

const load = { before: loadavg()[0] };
const ours = await measureOurs();
const beside = [];
let written = write();   // what is measured is kept, should a peer crash
for (const name of options.peers) {
  const peer = databases[name];
  if (!peer) throw new Error(`peers: expected some of ${Object.keys(databases).join(', ')}; got ${name}`);
  try {
    await installPeer(peer, progress);
    beside.push(await measurePeer(peer));
  } catch (error) {
    const skipped = String(error.message).split('\n')[0];
    progress.note(`skipped ${name}: ${skipped}`);
    beside.push({ name, skipped });
  }
  written = write();
}
print(resultNow());
console.log(`\nwritten to ${written}`);
await ours.database.close();
process.exit(0);   // native peers may hold threads

function write() { return writeResult(`${data.name}-database-node${nodeMajor()}.json`, resultNow()); }

function resultNow() {
  const { folder, database, ...figures } = ours;
  return {
    dataset: { name: data.name, rows: data.rows, dimensions, metric: data.metric, source: data.source },
    parameters: { k, rounds, recallWanted, sliceRows }, machine: { ...describeMachine(), pinnedCore: pinnedCore(), load: { ...load, after: loadavg()[0] } },
    method: 'import: wall and processor time from the first insert until every vector is linked, less the slices of the bare index built in between in the same process; latencies: closed loop, timed from the call, by the wall and by the lesser of wall and processor time (own), idle back to back (closedOwn) and with 8 ms in between (pacedOwn), and open loop, timed from when the call was due; opening: fresh processes in turns, files in the page cache; search: median over rounds of the median chunk of 100 queries; ratios to peers above 1: ours is faster, import by processor time',
    vectile: figures, beside,
  };
}

async function measureOurs() {
  const { create, open } = await loadPeer(databases.vectile);
  const folder = newFolder();
  let database = await create(folder, dimensions);
  const first = Math.round(data.rows * 5 / 6);
  const imported = await importBesideBare(database, first);
  progress.note(`imported ${first}: rate ${fixed(imported.ratio.wall, 3)} of the bare index by the wall, ${fixed(imported.ratio.cpu, 3)} by processor time`);

  const kinds = callsOf(database, first);
  await latencies('closed', kinds, countdown(warmCalls));
  const idle = {};
  for (const loop of ['closed', 'paced', 'open']) idle[loop] = await latencies(loop, kinds, countdown(idleCalls));
  const importing = {};
  const before = await statsOf(database);
  for (const [loop, from, to] of [['open', first, (first + data.rows) >> 1], ['closed', (first + data.rows) >> 1, data.rows]]) {
    let isOver = false;
    const rate = rateOf(() => database.import(objectsFrom(from, to)), to - from).finally(() => { isOver = true; });
    importing[loop] = await latencies(loop, kinds, () => isOver);
    importing[loop].perSecond = (await rate).perSecond;
  }
  const latency = latencyFigures(idle, importing);
  for (const kind of ['nearVector', 'fetchObjectById']) {
    progress.note(`${kind}: p99 importing over p50 idle ${fixed(latency[kind].closedOwn.ratio, 1)} closed, ${fixed(latency[kind].pacedOwn.ratio, 1)} paced`);
  }

  const bytes = await bytesOf(database, folder, before, first);
  const { opening } = await openings('vectile', folder, database);
  database = await open(folder, { threads: 0 });
  return { folder, database, rows: data.rows, versions: peerVersions(databases.vectile), import: imported, latency, bytes, opening };
}

/** Each time the import has taken another slice from its source, the bare index is built of the same rows; time is charged to one or the other. */
async function importBesideBare(database, rows) {
  const { VectorIndex } = await vectile.module();
  const bare = await VectorIndex.create({ dimensions, metric: 'cosine', maxConnections: 32, efConstruction: 128, idTable: false });
  const spent = { bare: { cpu: 0, wall: 0 }, all: { cpu: 0, wall: 0 } };
  const marks = [];
  const show = progress.count('import');
  const clock = startClock();
  const build = (from, to) => {
    const own = startClock();
    for (let row = from; row < to; row++) bare.add(row, vectorOf(row));
    add(spent.bare, own());
  };
  function* source() {
    let built = 0;
    for (let row = 0; row < rows; row++) {
      if (row - built === sliceRows) {
        build(built, row);
        built = row;
        const wall = clock().wall;
        marks.push({ bare: spent.bare.wall, import: wall - spent.bare.wall });
        show(row, rows);
      }
      yield objectAt(row);
    }
    build(built, rows);
  }
  await database.import(source());
  add(spent.all, clock());
  show(rows, rows);
  bare.dispose();
  const seconds = (unit) => ({ bare: spent.bare[unit] / 1e6, import: (spent.all[unit] - spent.bare[unit]) / 1e6 });
  const wall = seconds('wall'), cpu = seconds('cpu');
  return {
    rows, wallSeconds: wall, cpuSeconds: cpu, perSecond: { bare: rows / wall.bare, import: rows / wall.import }, perCpuSecond: { bare: rows / cpu.bare, import: rows / cpu.import },
    ratio: { wall: wall.bare / wall.import, cpu: cpu.bare / cpu.import, byParts: spread(partRatios(marks)) },
  };
}

/** Of parts of the import, one after the other. */
function partRatios(marks) {
  const step = Math.max(1, Math.floor(marks.length / parts));
  const ends = [{ bare: 0, import: 0 }, ...marks.filter((_, i) => (i + 1) % step === 0)];
  return ends.slice(1).map((end, i) => (end.bare - ends[i].bare) / (end.import - ends[i].import));
}

function latencyFigures(idle, importing) {
  const figure = (times) => ({ calls: times.length, p50: percentile(times, 0.5), p99: percentile(times, 0.99), most: Math.max(...times) });
  const pair = (loop, kind, time, idleLoop = loop) => {
    const quiet = figure(idle[idleLoop][kind][time]), busy = figure(importing[loop][kind][time]);
    return { idle: quiet, importing: busy, ratio: busy.p99 / quiet.p50 };
  };
  const kind = (name) => ({ closedOwn: pair('closed', name, 'own'), pacedOwn: pair('closed', name, 'own', 'paced'), closedWall: pair('closed', name, 'wall'), openWall: pair('open', name, 'wall') });
  return {
    nearVector: kind('nearVector'), fetchObjectById: kind('fetchObjectById'), turnOwn: figure(importing.closed.turn.own),
    importPerSecond: { closed: importing.closed.perSecond, open: importing.open.perSecond },
  };
}

async function bytesOf(database, folder, before, first) {
  const raw = rawBytes(0, data.rows);
  const after = await statsOf(database);
  const rss = process.memoryUsage().rss;
  const diskBefore = folderBytes(folder);
  await database.db.compact();
  const compacted = await statsOf(database);
  const diskAfter = folderBytes(folder);
  const per = (bytes) => bytes / data.rows;
  const steady = rawBytes(first, data.rows);
  return {
    raw: per(raw), memory: { table: per(after.memory.table), indexes: per(after.memory.indexes), unflushed: per(compacted.memory.unflushed) }, rss,
    disk: { beforeCompact: per(diskBefore), afterCompact: per(diskAfter), ratio: diskAfter / raw, parts: compacted.disk },
    written: {
      snapshotsOverRaw: after.written.snapshots / raw, logOverRaw: after.written.log / raw,
      snapshotsOverRawLastSixth: (after.written.snapshots - before.written.snapshots) / steady,
    },
  };
}

/** Fresh processes that open and that only read, in turns. Closes the database. */
async function openings(name, folder, database) {
  await database.close();
  const times = { openMs: [], openCpuMs: [], firstAnswerMs: [], readMs: [], readCpuMs: [], rss: [] };
  let bytes = 0;
  for (let round = 0; round <= openRounds; round++) {
    const read = await inChild({ name: 'read', folder });
    const opened = await inChild({ name, folder, query: [...queryOf(0)], k, id: idAt(0) });
    if (round === 0) continue;   // files are in the page cache from now on
    bytes = read.bytes;
    times.readMs.push(read.openMs);
    times.readCpuMs.push(read.openCpuMs);
    for (const figure of ['openMs', 'openCpuMs', 'firstAnswerMs', 'rss']) times[figure].push(opened[figure]);
  }
  const ratio = (figure, read = 'readMs') => spread(times[figure].map((ms, i) => ms / times[read][i]));
  return {
    opening: {
      bytes, readMs: spread(times.readMs), openMs: spread(times.openMs), firstAnswerMs: spread(times.firstAnswerMs),
      openCpuMs: spread(times.openCpuMs), readCpuMs: spread(times.readCpuMs),
      openOverRead: ratio('openMs'), openOverReadByCpu: ratio('openCpuMs', 'readCpuMs'), firstAnswerOverRead: ratio('firstAnswerMs'), rss: median(times.rss),
    },
  };
}

async function inChild(task) {
  const script = fileURLToPath(new URL('database-open.js', import.meta.url));
  const { code, signal, text } = await runPinned(script, [JSON.stringify(task)], { core: options.core, output: 'capture' });
  if (code !== 0) throw new Error(`${task.name}: opening ended with ${signal ?? `exit ${code}`}`);
  return JSON.parse(text.trim().split('\n').at(-1));
}

/** Another database beside ours: with all objects, or both with the first ones. */
async function measurePeer(peer) {
  const rows = Math.min(data.rows, peer.name === 'vectra' ? rowsOfVectra : Infinity);
  const all = rows === data.rows ? data : await openDataset('support-512', { limit: rows, progress });
  const { create, open } = await loadPeer(peer);
  const folder = newFolder();
  let database = await create(folder, dimensions);
  const own = rows === data.rows ? { database: ours.database, ...ours } : await oursOf(rows);
  const ownRate = { perSecond: own.import.perSecond.import, perCpuSecond: own.import.perCpuSecond.import };
  const theirs = await rateOf(() => database.import(objectsFrom(0, rows)), rows);
  progress.note(`${peer.name}: imported ${rows}, ${whole(theirs.perCpuSecond)} per processor second`);
  const diskBytes = folderBytes(folder);
  const { opening } = await openings(peer.name, folder, database);
  database = await open(folder, { threads: 0 });
  const sides = [own.database, database];
  const chosen = [];
  for (const side of sides) chosen.push(await settingOf(all, side));
  const queries = Math.max(...chosen.map(({ wall }) => wall / probeQueries)) > slowUs ? probeQueries : all.queryCount;
  const [searchOurs, searchTheirs] = await searchInTurns(all, sides, chosen.map(({ setting }) => setting), queries);
  await database.close();
  if (own.database !== ours.database) await own.database.close();
  return {
    name: peer.name, versions: peerVersions(peer), kind: peer.kind, notes: peer.notes, rows,
    vectile: { import: ownRate, search: searchOurs, opening: own.opening },
    peer: { import: theirs, search: searchTheirs, opening, diskPerObject: diskBytes / rows },
    ratios: {
      import: ownRate.perCpuSecond / theirs.perCpuSecond,
      search: spread(searchOurs.wallUs.map((us, i) => searchTheirs.wallUs[i] / us)), searchByCpu: spread(searchOurs.cpuUs.map((us, i) => searchTheirs.cpuUs[i] / us)),
      firstAnswer: opening.firstAnswerMs.median / own.opening.firstAnswerMs.median,
    },
  };
}

async function oursOf(rows) {
  const { create, open } = await loadPeer(databases.vectile);
  const folder = newFolder();
  const database = await create(folder, dimensions);
  const rate = await rateOf(() => database.import(objectsFrom(0, rows)), rows);
  const { opening } = await openings('vectile', folder, database);
  return { database: await open(folder, { threads: 0 }), import: { perSecond: { import: rate.perSecond }, perCpuSecond: { import: rate.perCpuSecond } }, opening };
}

/** The fastest of those that find enough, or the one that finds most. @returns {Promise<{ setting: unknown, recall: number, wall: number }>} */
async function settingOf(all, database) {
  const tried = [];
  for (const setting of database.settings) {
    const clock = startClock();
    const recall = await recallWith(all, database, setting, probeQueries);
    tried.push({ setting, recall, wall: clock().wall });
    if (recall >= recallWanted && tried.filter((one) => one.recall >= recallWanted).length > 2) break;
  }
  const enough = tried.filter(({ recall }) => recall >= recallWanted).sort((a, b) => a.wall - b.wall);
  return enough[0] ?? tried.sort((a, b) => b.recall - a.recall)[0];
}

async function recallWith(all, database, setting, queries) {
  let sum = 0;
  for (let q = 0; q < queries; q++) sum += recallOf(all, q, (await database.search(queryOf(q), k, setting)).map(rowOf), k);
  return sum / queries;
}

async function searchInTurns(all, sides, settings, queries) {
  const recalls = [];
  for (const [s, side] of sides.entries()) recalls.push(await recallWith(all, side, settings[s], queries));   // and warms them
  const times = sides.map(() => ({ cpuUs: [], wallUs: [] }));
  for (let round = 0; round < rounds; round++) {
    const chunks = sides.map(() => ({ cpu: [], wall: [] }));
    for (let start = 0; start < queries; start += chunkQueries) {
      for (const s of turnOrder(sides.length, start / chunkQueries + round)) {
        const clock = startClock();
        for (let q = start; q < start + chunkQueries; q++) await sides[s].search(queryOf(q), k, settings[s]);
        const { cpu, wall } = clock();
        chunks[s].cpu.push(cpu / chunkQueries);
        chunks[s].wall.push(wall / chunkQueries);
      }
    }
    chunks.forEach(({ cpu, wall }, s) => { times[s].cpuUs.push(median(cpu)); times[s].wallUs.push(median(wall)); });
  }
  return sides.map((_, s) => ({ setting: settings[s], queries, recall: recalls[s], ...times[s] }));
}

function print({ dataset, machine, vectile: { import: imported, latency, bytes, opening }, beside }) {
  console.log(`\ndatabase on ${dataset.name}: ${whole(dataset.rows)} × ${dimensions}; ${machine.cpu}, Node ${machine.node}, load ${fixed(machine.load.before, 1)} to ${fixed(machine.load.after, 1)}\n`);
  console.log(`import: ${whole(imported.perSecond.import)} objects a second, bare index ${whole(imported.perSecond.bare)}: ratio ${fixed(imported.ratio.wall, 3)} by the wall, ${fixed(imported.ratio.cpu, 3)} by processor time; parts ${spreadText(imported.ratio.byParts)}\n`);
  printTable([
    ['ms', 'loop', 'idle p50', 'idle p99', 'importing p50', 'importing p99', 'most', 'p99 importing / p50 idle'],
    ...['nearVector', 'fetchObjectById'].flatMap((kind) => Object.entries(latency[kind]).map(([loop, { idle, importing, ratio }]) => [
      kind, loop, fixed(idle.p50, 3), fixed(idle.p99, 3), fixed(importing.p50, 3), fixed(importing.p99, 3), fixed(importing.most, 1), fixed(ratio, 1),
    ])),
  ]);
  console.log(`turns of the import, processor ms: p50 ${fixed(latency.turnOwn.p50, 2)}, p99 ${fixed(latency.turnOwn.p99, 2)}, most ${fixed(latency.turnOwn.most, 1)}`);
  console.log(`\nbytes an object: raw ${whole(bytes.raw)}; in memory table ${fixed(bytes.memory.table, 1)}, indexes ${whole(bytes.memory.indexes)}; on disk ${whole(bytes.disk.beforeCompact)}, compacted ${whole(bytes.disk.afterCompact)}: ${fixed(bytes.disk.ratio, 2)} × raw`);
  console.log(`written: snapshots ${fixed(bytes.written.snapshotsOverRaw, 2)} × raw (${fixed(bytes.written.snapshotsOverRawLastSixth, 2)} in the last sixth), log ${fixed(bytes.written.logOverRaw, 2)} × raw`);
  console.log(`open: ${fixed(opening.openMs.median, 0)} ms, to the first answer ${fixed(opening.firstAnswerMs.median, 0)} ms, reading ${fixed(opening.bytes / 1e6, 0)} MB ${fixed(opening.readMs.median, 0)} ms: ratio ${spreadText(opening.openOverRead)}, by processor time ${spreadText(opening.openOverReadByCpu)}; rss ${whole(opening.rss / data.rows)} bytes an object`);
  if (!beside.length) return;
  console.log();
  printTable([
    ['beside', 'rows', 'import per CPU s ours', 'theirs', 'ratio', 'recall ours', 'theirs', 'search us ours', 'theirs', 'ratio', 'by cpu', 'first answer ms ours', 'theirs'],
    ...beside.filter((one) => !one.skipped).map(({ name, rows, vectile: own, peer, ratios }) => [
      name, whole(rows), whole(own.import.perCpuSecond), whole(peer.import.perCpuSecond), fixed(ratios.import, 2), fixed(own.search.recall, 3), fixed(peer.search.recall, 3),
      whole(median(own.search.wallUs)), whole(median(peer.search.wallUs)), fixed(ratios.search.median, 2), fixed(ratios.searchByCpu.median, 2), whole(own.opening.firstAnswerMs.median), whole(peer.opening.firstAnswerMs.median),
    ]),
  ]);
  for (const { name, peer, vectile: own } of beside.filter((one) => !one.skipped)) {
    console.log(`${name}: ours ${JSON.stringify(own.search.setting)}, theirs ${JSON.stringify(peer.search.setting)}, on disk ${whole(peer.diskPerObject)} bytes an object`);
  }
}

/** A UUID that looks like any and ends with the row. */
function idAt(row) {
  const hex = createHash('md5').update(String(row)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 24)}${row.toString(16).padStart(8, '0')}`;
}

function* objectsFrom(from, to) {
  for (let row = from; row < to; row++) yield objectAt(row);
}

/** UTF-8 JSON of the properties, and four bytes per component. */
function rawBytes(from, to) {
  let bytes = 0;
  for (const { text, account, createdAt } of objectsFrom(from, to)) bytes += Buffer.byteLength(JSON.stringify({ text, account, createdAt })) + 4 * dimensions;
  return bytes;
}

function callsOf({ collection }, rows) {
  let n = 0;
  return {
    nearVector: () => collection.query.nearVector(queryOf(n++ % data.queryCount), { limit: k }),
    fetchObjectById: () => collection.query.fetchObjectById(idAt((n * 7919) % rows)),
  };
}

/** False that many times. */
function countdown(calls) {
  let left = calls;
  return () => left-- <= 0;
}

async function rateOf(work, count) {
  const clock = startClock();
  await work();
  const { cpu, wall } = clock();
  return { perSecond: count / (wall / 1e6), perCpuSecond: count / (cpu / 1e6) };
}

function add(sum, { cpu, wall }) {
  sum.cpu += cpu;
  sum.wall += wall;
}

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-database-'));
  folders.push(folder);
  return folder;
}

function folderBytes(folder) {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => sum + (entry.isDirectory() ? folderBytes(join(folder, entry.name)) : statSync(join(folder, entry.name)).size), 0);
}
