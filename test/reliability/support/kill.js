/** kill -9 at random moments, again and again, of a process with a random workload in one folder; and what is found after each. */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle } from './bundle.js';
import { known } from './known.js';
import { Model } from './model.js';
import { randomOf } from './random.js';

const DEADLINE_MS = 20_000;

export const COLLECTIONS = {
  hnsw: { properties: properties(), vectors: { main: { dimensions: 16, metric: 'l2-squared', index: { type: 'hnsw', maxConnections: 8 } } } },
  external: {
    properties: properties(),
    vectors: { main: { dimensions: 16, metric: 'cosine', index: { type: 'dynamic', threshold: 50 }, quantizer: { type: 'sq8', trainingLimit: 30 }, fullVectors: 'external' } },
  },
};

function properties() {
  return [{ name: 'text', dataType: 'text' }, { name: 'count', dataType: 'int' }];
}

/** Makes the program of the processes; `remove` it in the end. */
export async function program({ entry = './workload.js', mutations } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vectile-kill-'));
  const path = await bundle({ entry, outfile: join(folder, 'program.mjs'), mutations });
  return { path, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Cycles in one folder. Returns figures; `wrong` is empty unless something was lost. */
export async function killCycles({ program, name, cycles, seed }) {
  const random = randomOf(seed);
  const folder = join(program.folder, name);
  const model = new Model();
  const figures = { cycles: 0, killedOpening: 0, partsMost: 0, merges: 0, wrong: [] };
  for (let cycle = 0; cycle <= cycles; cycle++) {
    const isLast = cycle === cycles;
    const journal = join(program.folder, `${name}.journal`);
    const options = {
      folder, seed: seed * 10_000 + cycle, durability: random() < 0.5 ? 'sync' : 'flush', collection: COLLECTIONS[name], ...isLast && { steps: 3, isEndless: false },
    };
    const whileOpening = !isLast && random() < 0.2 ? 40 + random() * 80 : undefined;
    const found = await life(program.path, options, journal, { whileOpening, forMs: isLast ? undefined : 50 + random() * 200 });
    if (!isLast) figures.cycles++;
    for (const line of found) {
      follow(line, model, figures, `${name}, cycle ${cycle}`);
      figures.partsMost = Math.max(figures.partsMost, line.parts ?? 0);
      if (line.merged) figures.merges++;
    }
    if (!found.length) figures.killedOpening++;
    if (figures.wrong.length) break;
  }
  return { ...figures, acknowledged: model.acknowledged, present: model.present, absent: model.absent, objects: model.objects.size };
}

/**
 * Kills before every `stride`-th of so many steps from `first` on, and all of that `times` times, in two lanes that go on at once. `kill(lane, nth, time)` says what is
 * wrong afterwards; `isEnough`: the first of it will do.
 */
export async function killAtSteps({ steps, stride = 1, first = 1, times = 1, isEnough = false }, kill) {
  const wrong = [];
  let [nth, time, kills] = [first, 0, 0];
  const lane = async (name) => {
    while (time < times && !(isEnough && wrong.length)) {
      const at = [nth, time];
      nth += stride;
      if (nth > steps) [nth, time] = [first, time + 1];
      kills++;
      const found = await kill(name, ...at).catch((error) => [`${error.code} ${error.stack}`]);
      wrong.push(...found.map((what) => `before step ${at[0]}: ${what}`));
    }
  };
  await Promise.all([lane('lane-0'), lane('lane-1')]);
  return { steps, kills, wrong };
}

/** Takes up a line of a journal. */
export function follow({ found, begin, done, write, failed }, model, figures, where) {
  if (failed !== undefined) figures.wrong.push(`${where}: ${failed}`);
  if (begin !== undefined) model.begin(begin, write);
  if (done !== undefined) model.acknowledge(done);
  if (!found) return;
  const wrong = [...found.wrong, ...model.check(known(found.objects, model))];
  figures.wrong.push(...wrong.slice(0, 10).map((what) => `${where}: ${what}`));
}

/** One life of a process, to its kill or its end; returns the whole lines of its journal. */
export async function life(path, options, journal, { whileOpening, forMs, deadlineMs = DEADLINE_MS } = {}) {
  const out = openSync(journal, 'w');
  const child = spawn(process.execPath, [path, JSON.stringify(options)], { stdio: ['ignore', out, 'inherit'] });
  closeSync(out);
  let hasEnded = false;
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => {
    hasEnded = true;
    resolve({ code, signal });
  }));
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, deadlineMs);
  if (whileOpening !== undefined) await Promise.race([sleep(whileOpening), ended]);
  else if (forMs !== undefined) {
    while (!hasEnded && !readFileSync(journal).includes(10)) await sleep(2);
    await Promise.race([sleep(forMs), ended]);
  }
  if (whileOpening !== undefined || forMs !== undefined) child.kill('SIGKILL');
  const { code } = await ended;
  clearTimeout(deadline);
  const text = readFileSync(journal, 'utf8');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => JSON.parse(line));
  if (isLate) lines.push({ failed: `expected to end within ${deadlineMs} ms` });
  else if (code && !lines.some(({ failed }) => failed)) lines.push({ failed: `ended by itself with ${code}` });
  return lines;
}
