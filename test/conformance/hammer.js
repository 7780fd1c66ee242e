/**
 * An index that is changed while other threads search it: every answer must be that of one moment between two changes,
 * namely of the one that its stamp says. For Node, Bun and Deno.
 */
import { Worker } from 'node:worker_threads';
import { integer, pick, random, vector } from './random.js';
import { measure, ranked } from './oracle.js';

/**
 * @param {{ VectorIndex: any }} engine
 * @param {{ entry: string, seed: number, type: string, metric?: string, changes: number, threads?: number, codecs?: object[] }} script
 *   `entry`: whence threads import the engine; `codecs`: what setCodec changes to on the way, so that the index moves
 * @returns {Promise<{ answers: number, unanswered: number, found: number, wanted: number, moves: number, states: number }>}
 *   `states`: moments that there are answers of
 */
export async function hammer({ VectorIndex }, { entry, seed, type, metric = 'l2-squared', changes, threads = 2, codecs = [] }) {
  const next = random(seed);
  const dimensions = 12, k = 10;
  const index = await VectorIndex.create({ dimensions, metric, type, maxConnections: 8, efConstruction: 40, seed, shared: seed % 2 === 0 });
  const ids = Array.from({ length: 300 }, () => integer(next, 0, 2 ** 32 - 1));
  const live = new Map();
  /** What changed, in order: the stamp it was given, and the ids whose vectors are other ones or gone. */
  const history = [];
  const answers = [];
  const readers = [];
  let unanswered = 0, moves = 0;

  const change = () => {
    const changed = new Map();
    index.write(() => {
      // several at once, which must be seen together or not at all
      for (let i = integer(next, 1, 5); i > 0; i--) {
        const id = pick(next, ids);
        const isRemoved = live.has(id) && next() < 0.4;
        const values = isRemoved ? undefined : vector(next, dimensions);
        if (isRemoved) index.remove(id);
        else index.add(id, values);
        if (isRemoved) live.delete(id);
        else live.set(id, values);
        changed.set(id, values);
      }
      index.stamp++;
    });
    history.push({ stamp: index.stamp, changed });
  };
  for (let i = 0; i < 60; i++) change();

  for (let i = 0; i < threads; i++) {
    const share = await index.share();
    const worker = new Worker(new URL('./reader-thread.js', import.meta.url), { workerData: { entry, share, seed: seed + i, dimensions, k } });
    const reader = { place: share.place, worker };
    reader.ended = new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', ({ answer, failure, ended }) => {
        if (failure) reject(new Error(failure));
        else if (ended) resolve();
        else if (answer) answers.push(answer);
        else unanswered++;
      });
    });
    readers.push(reader);
  }
  index.onMoved = () => {
    moves++;
    for (const { place, worker } of readers) worker.postMessage({ share: index.shareAgain(place) });
  };
  try {
    while (!answers.length) await pause(); // threads take a while to start
    for (let i = 0; i < changes; i++) {
      change();
      if (next() < 0.3) index.work(0);
      if (codecs.length && i % Math.ceil(changes / codecs.length) === 0) index.setCodec(codecs[Math.floor((i * codecs.length) / changes)]);
      if (i % 10 === 0) await pause();
    }
    while (index.work(5)) await pause();
    const before = answers.length;
    while (answers.length < before + threads * 40) await pause(); // of what it has become, too
    for (const { worker } of readers) worker.postMessage({ end: true });
    await Promise.all(readers.map(({ ended }) => ended));
  } finally {
    for (const { worker } of readers) await worker.terminate();
    index.dispose();
  }
  return { ...check(answers, history, { metric, k, isExact: type === 'flat' && !codecs.length }), unanswered, moves };
}

const pause = () => new Promise((resolve) => { setTimeout(resolve, 1); });

/** Holds answers against what there was at their moments. */
function check(answers, history, { metric, k, isExact }) {
  const live = new Map();
  let at = 0, found = 0, wanted = 0;
  answers.sort((a, b) => a.stamp - b.stamp);
  for (const { query, ids, distances, stamp } of answers) {
    for (; at < history.length && history[at].stamp <= stamp; at++) {
      for (const [id, values] of history[at].changed) {
        if (values) live.set(id, values);
        else live.delete(id);
      }
    }
    const expected = ranked(metric, query, [...live]).slice(0, k);
    const last = expected.at(-1);
    if (ids.length !== expected.length) throw new Error(`stamp ${stamp}: expected ${expected.length} hits, got ${ids.length}`);
    ids.forEach((id, i) => {
      const values = live.get(id);
      if (!values) throw new Error(`stamp ${stamp}, hit ${i}: expected an id of that moment, got ${id}`);
      const own = measure(metric, query, values);
      if (!(Math.abs(distances[i] - own.distance) <= own.tolerance)) {
        throw new Error(`stamp ${stamp}, hit ${i}: expected the distance ${own.distance} of that moment, got ${distances[i]}`);
      }
      if (isExact && !(Math.abs(distances[i] - expected[i].distance) <= expected[i].tolerance)) {
        throw new Error(`stamp ${stamp}, hit ${i}: expected ${expected[i].distance}, got ${distances[i]}`);
      }
      if (own.distance <= last.distance + 2 * last.tolerance) found++;
    });
    wanted += expected.length;
  }
  return { answers: answers.length, found, wanted, states: new Set(answers.map(({ stamp }) => stamp)).size };
}
