// A fresh process that opens something searchable to its first answer, or reads all bytes of a folder; modules are loaded before.
// One line of JSON for its parent.
//   { kind: 'read', folder }                     every file of it
//   { kind: 'peer', name, file, text, k }        what an inverted index saved; reading the file is not counted
//   { kind: 'vectile', folder, collection, text?, filters?, k }

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startClock } from './measure/clock.js';
import { loadPeer } from './peers/install.js';
import { heldBytes, loadDatabase, openDatabase } from './search-database.js';
import { textPeers } from './search-peers.js';

const task = JSON.parse(process.argv[2]);
const result = await { read, peer: openPeer, vectile: openOurs }[task.kind]();
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

async function read() {
  const files = readdirSync(task.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const clock = startClock();
  const kept = files.map((file) => readFileSync(file));
  return { ...times(clock()), bytes: kept.reduce((sum, { length }) => sum + length, 0) };
}

async function openPeer() {
  const { parse } = await loadPeer(textPeers[task.name]);
  const saved = readFileSync(task.file, 'utf8');
  const clock = startClock();
  const index = parse(saved);
  const opened = clock();
  const found = index.search(task.text, task.k).length;
  return { ...times(opened, clock()), found };
}

async function openOurs() {
  await loadDatabase();
  const before = heldBytes();
  const clock = startClock();
  const db = await openDatabase(task.folder);
  const collection = db.collections.use(task.collection);
  await collection.query.fetchObjects({ limit: 1 });   // a shard opens when it is first used
  const opened = clock();
  const { query } = collection;
  const { objects } = task.text ? await query.bm25(task.text, { limit: task.k }) : await query.fetchObjects({ filters: task.filters, limit: task.k });
  const answered = clock();
  const heldAfter = heldBytes() - before;
  await db.close();
  return { ...times(opened, answered), found: objects.length, held: heldAfter };
}

function times(opened, answered) {
  return { ms: opened.wall / 1000, cpuMs: opened.cpu / 1000, ...answered && { firstAnswerMs: answered.wall / 1000, firstAnswerCpuMs: answered.cpu / 1000 } };
}
