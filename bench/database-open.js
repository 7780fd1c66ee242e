// A fresh process that opens a database to its first answer, or reads all bytes of its folder. One line of JSON for its parent.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startClock } from './measure/clock.js';
import { loadPeer } from './peers/install.js';
import { databases } from './peers/databases.js';

const { name, folder, query, k, id } = JSON.parse(process.argv[2]);
const result = name === 'read' ? read() : await opened();
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

function read() {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const clock = startClock();
  let bytes = 0;
  const kept = files.map((file) => readFileSync(file));
  for (const { length } of kept) bytes += length;
  const { cpu, wall } = clock();
  return { openMs: wall / 1000, openCpuMs: cpu / 1000, bytes };
}

async function opened() {
  const { open } = await loadPeer(databases[name]);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const vector = Float32Array.from(query);
  const clock = startClock();
  const database = await open(folder, { threads: 0 });
  const { cpu, wall } = clock();
  const found = await database.search(vector, k, database.settings[0]);
  const firstAnswerMs = clock().wall / 1000;
  if (found.length !== k || !(await database.get(id))) throw new Error(`${name}: expected ${k} hits and an object`);
  globalThis.gc?.();
  const rss = process.memoryUsage().rss - before;
  await database.close();
  return { openMs: wall / 1000, openCpuMs: cpu / 1000, firstAnswerMs, rss };
}
