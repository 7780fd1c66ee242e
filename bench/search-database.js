// Our own database, as built in dist/, for the benchmarks of searching, and what they count of it.

import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryDir } from './paths.js';

const pollMs = 20;
const folders = [];
process.on('exit', () => { for (const folder of folders) rmSync(folder, { recursive: true, force: true }); });

export async function loadDatabase() {
  const entry = join(repositoryDir, 'dist', 'index.node.js');
  if (!existsSync(entry)) throw new Error('dist/index.node.js is missing: run `npm run build` first');
  return import(pathToFileURL(entry).href);
}

/** In the thread that asks, as those that it is compared with. @param {string | object} place a folder, or options */
export const openDatabase = async (place) => {
  const { open } = await loadDatabase();
  return typeof place === 'string' ? open(place, { threads: 0 }) : open({ threads: 0, ...place });
};

export const memoryStore = async () => (await loadDatabase()).memory();

/** A folder of its own, which goes when the process does. */
export function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-search-'));
  folders.push(folder);
  return folder;
}

/** Inserts all, durably, and waits until every vector is in its index. */
export async function importInto(db, collection, inputs) {
  const { inserted, errors } = await collection.data.insertMany(inputs);
  if (errors.length) throw new Error(`insertMany: ${errors.length} of ${inserted + errors.length} failed, the first with ${errors[0].error.message}`);
  const unlinked = async () => Object.values((await statsOf(db, collection)).vectors).some((vector) => vector.unlinked > 0);
  while (await unlinked()) await new Promise((resolve) => setTimeout(resolve, pollMs));
}

export const statsOf = async (db, { name }) => (await db.stats()).collections[name];

/** Bytes of the inverted index: `resident` and `tables` in memory, `files` on disk. */
export async function invertedBytes(db, collection) {
  const { inverted } = await statsOf(db, collection);
  return inverted.bytes;
}

export function folderBytes(folder) {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? folderBytes(path) : statSync(path).size);
  }, 0);
}

/** What this process holds in JavaScript and beside it, garbage collected. */
export function heldBytes() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
