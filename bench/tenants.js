// Tenants in a folder, all writes durable:
//   created     empty ones: many a call, one a call, and one a call of many calls at a time
//   filled      a thousand of them, a call each; memory with all of them open, and after they were deactivated
//   opened      the database with 100,000, in fresh processes
//   activated   the first query on a tenant that is INACTIVE, among the 100,000
//   removed     one of them, with its files

import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { gaussianSource } from './data/random.js';
import { describeMachine, pinnedCore, runPinned } from './machine.js';
import { median, spread, startClock } from './measure/clock.js';
import { percentile } from './measure/latency.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { folderBytes, newFolder, openDatabase } from './search-database.js';
import { fixed, printTable, spreadText, whole } from './table.js';

const collectionName = 'Note';
const dimensions = 512, objectsEach = 100, limit = 10;
const filledCount = 1000;
const inBatch = 1000, oneByOne = 200, atOnce = 64;   // tenants of a call, calls of a round, calls at a time
const fillsAtOnce = 8;
const probes = 200;                                  // tenants that are asked, and that are removed
const vectorsKept = 5000;                            // they are used in turn: making new ones would take longer than storing them
const wanted = { created: 1000, filled: 20_000, openMs: 2000, firstQueryMs: 10, removeMs: 50, leftMB: 5 };

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { rounds, core } = options;
const tenantCount = options.limit ?? 100_000;
if (tenantCount < 2 * filledCount) throw new Error(`--limit: expected at least ${2 * filledCount}, got ${tenantCount}`);
const load = { before: loadavg()[0] };
const gaussian = gaussianSource(1);
const vectors = Float32Array.from({ length: vectorsKept * dimensions }, gaussian);
const vectorAt = (n) => vectors.subarray((n % vectorsKept) * dimensions, (n % vectorsKept + 1) * dimensions);
const nameAt = (n) => `tenant-${String(n).padStart(6, '0')}`;

const created = await measureCreating();
progress.note(`created a second: ${spreadText(created.batch)} in batches, ${spreadText(created.oneByOne)} one by one, ${spreadText(created.concurrent)} of ${atOnce} calls at a time`);

const folder = newFolder();
let { db, notes } = await newDatabase(folder);
const filled = await measureFilling();
progress.note(`filled: ${whole(filled.perSecond.median)} objects a second; ${fixed(filled.memoryMB.left, 1)} MB left when they are inactive`);
const show = progress.count('created');
for (let n = filledCount; n < tenantCount; n += inBatch) {
  await notes.tenants.create(names(n, Math.min(tenantCount, n + inBatch)));
  show(n, tenantCount);
}
await db.close();

const opened = await measureOpening();
progress.note(`opened: ${fixed(opened.openMs.median, 0)} ms`);
db = await openDatabase(folder);
notes = db.collections.use(collectionName);
const firstQuery = await timesOf(probes, (n) => notes.withTenant(nameAt(n)).query.nearVector(vectorAt(n), { limit }), ({ objects }) => objects.length === limit);
const again = await timesOf(probes, (n) => notes.withTenant(nameAt(n)).query.nearVector(vectorAt(n), { limit }), ({ objects }) => objects.length === limit);
const removed = {
  open: await timesOf(probes, (n) => notes.tenants.remove(nameAt(n))),
  inactive: await timesOf(probes, (n) => notes.tenants.remove(nameAt(probes + n))),
};
await db.close();

const result = {
  parameters: { tenants: tenantCount, filled: filledCount, objectsEach, dimensions, inBatch, oneByOne, atOnce, fillsAtOnce, probes, rounds },
  machine: { ...describeMachine(), pinnedCore: pinnedCore(), load: { ...load, after: loadavg()[0] } },
  method: 'a folder, durability sync; times by the wall; created: tenants a second, by rounds in one database; filled: a call of 100 objects for each tenant, eight at a time, into a database of its own each round, until acknowledged; memory: arrayBuffers and external after forced garbage collection; opened: fresh processes, files in the page cache; first query: nearVector, ms, on tenants that become ACTIVE by it; removed: ms, until every file is gone',
  wanted, created, filled, opened, firstQuery, again, removed,
};
const written = writeResult(`tenants-node${nodeMajor()}.json`, result);
print();
console.log(`\nwritten to ${written}`);

async function newDatabase(place) {
  const database = await openDatabase(place);
  const collection = await database.collections.create({
    name: collectionName,
    properties: [{ name: 'text', dataType: 'text' }, { name: 'number', dataType: 'int' }],
    vectors: { default: { dimensions, metric: 'cosine' } },
    multiTenancy: { enabled: true, autoTenantActivation: true },
  });
  return { db: database, notes: collection };
}

function names(from, to) { return Array.from({ length: to - from }, (_, i) => nameAt(from + i)); }

async function measureCreating() {
  const { db: own, notes: collection } = await newDatabase(newFolder());
  const rates = { batch: [], oneByOne: [], concurrent: [] };
  let n = 0;
  for (let round = 0; round < rounds; round++) {
    rates.batch.push(await perSecond(inBatch, () => collection.tenants.create(names(n, n += inBatch))));
    rates.oneByOne.push(await perSecond(oneByOne, async () => {
      for (let i = 0; i < oneByOne; i++) await collection.tenants.create(nameAt(n++));
    }));
    rates.concurrent.push(await perSecond(inBatch, () => inLanes(atOnce, inBatch, () => collection.tenants.create(nameAt(n++)))));
  }
  await own.close();
  return Object.fromEntries(Object.entries(rates).map(([how, values]) => [how, spread(values)]));
}

/** Rounds in databases of their own, the last one into the folder that goes on; and what is in memory before, with all open, and after. */
async function measureFilling() {
  const perWall = [], perCpu = [];
  const fill = async (collection) => {
    await collection.tenants.create(names(0, filledCount));
    const clock = startClock();
    await inLanes(fillsAtOnce, filledCount, (n) => collection.withTenant(nameAt(n)).data.insertMany(objectsOf(n)));
    const { wall, cpu } = clock();
    perWall.push(filledCount * objectsEach / wall * 1e6);
    perCpu.push(filledCount * objectsEach / cpu * 1e6);
  };
  for (let round = 1; round < rounds; round++) {
    const { db: own, notes: collection } = await newDatabase(newFolder());
    await fill(collection);
    await own.close();
  }
  const started = await heldMB();
  await fill(notes);
  const open = await heldMB();
  const { open: openShards } = (await db.stats()).collections[collectionName].tenants;
  const clock = startClock();
  await notes.tenants.deactivate(names(0, filledCount));
  const deactivateMs = clock().wall / 1000;
  const inactive = await heldMB();
  return {
    perSecond: spread(perWall), perCpuSecond: spread(perCpu), openShards, deactivateMs, bytesOnDisk: folderBytes(folder),
    memoryMB: { started, open, inactive, left: inactive - started },
  };
}

function objectsOf(tenant) {
  return Array.from({ length: objectsEach }, (_, i) => ({ properties: { text: `note ${i} of ${tenant}`, number: i }, vector: vectorAt(tenant * objectsEach + i) }));
}

async function measureOpening() {
  const script = fileURLToPath(new URL('./tenants-open.js', import.meta.url));
  const reports = [];
  for (let round = 0; round <= rounds; round++) {
    const { code, signal, text } = await runPinned(script, [JSON.stringify({ folder, collection: collectionName })], { core, output: 'capture' });
    if (code !== 0) throw new Error(`opening ended with ${signal ?? `exit ${code}`}`);
    const report = JSON.parse(text.trim().split('\n').at(-1));
    if (report.tenants !== tenantCount) throw new Error(`opened: expected ${tenantCount} tenants, got ${report.tenants}`);
    if (round) reports.push(report);   // files are in the page cache from then on
  }
  const of = (figure) => spread(reports.map((report) => report[figure]));
  return { openMs: of('openMs'), openCpuMs: of('openCpuMs'), bytesInMemory: median(reports.map(({ held }) => held)) };
}

/** One after the other, ms. */
async function timesOf(count, call, isRight = () => true) {
  const times = [], cpuTimes = [];
  for (let n = 0; n < count; n++) {
    const clock = startClock();
    const answer = await call(n);
    const { wall, cpu } = clock();
    times.push(wall / 1000);
    cpuTimes.push(cpu / 1000);
    if (!isRight(answer)) throw new Error(`${call}: got another answer for ${nameAt(n)}`);
  }
  return { calls: count, p50: percentile(times, 0.5), p99: percentile(times, 0.99), most: Math.max(...times), cpuP50: percentile(cpuTimes, 0.5) };
}

async function perSecond(count, work) {
  const clock = startClock();
  await work();
  return count / clock().wall * 1e6;
}

/** Calls for 0 … count − 1, so many at a time. */
async function inLanes(lanes, count, call) {
  let next = 0;
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (next < count) await call(next++);
  }));
}

async function heldMB() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await sleep(20);
  }
  const { arrayBuffers, external } = process.memoryUsage();
  return (arrayBuffers + external) / 2 ** 20;
}

function print() {
  const row = (what, got, want) => [what, got, want];
  const ms = ({ p50, p99, cpuP50 }) => `${fixed(p50, 1)} ms (${fixed(cpuP50, 1)} of processor), p99 ${fixed(p99, 1)}`;
  printTable([
    ['', 'measured', 'wanted'],
    row('created a second, in batches', spreadText(created.batch), `≥ ${wanted.created}`),
    row('created a second, one by one', spreadText(created.oneByOne), `≥ ${wanted.created}`),
    row(`created a second, ${atOnce} calls at a time`, spreadText(created.concurrent), `≥ ${wanted.created}`),
    row('objects stored a second', spreadText(filled.perSecond), `≥ ${wanted.filled}`),
    row('objects stored a processor second', spreadText(filled.perCpuSecond), ''),
    row(`opened with ${whole(tenantCount)} tenants`, `${spreadText(opened.openMs)} ms`, `≤ ${wanted.openMs}`),
    row('first query, INACTIVE', ms(firstQuery), `≤ ${wanted.firstQueryMs}`),
    row('the same query again', ms(again), ''),
    row('removed, while open', ms(removed.open), `≤ ${wanted.removeMs}`),
    row('removed, INACTIVE', ms(removed.inactive), `≤ ${wanted.removeMs}`),
    row('MB left when all are inactive', fixed(filled.memoryMB.left, 1), `≤ ${wanted.leftMB}`),
    row('MB with all of them open', fixed(filled.memoryMB.open - filled.memoryMB.started, 1), ''),
  ]);
}
