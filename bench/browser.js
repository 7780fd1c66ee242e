// Databases and indexes in a page of Chromium, each in one of its own: importing, opening on a later visit, searching one
// query after the other, bytes. Peers take turns, so that other load falls on all:
//   importing   one peer after the other, once; then it is saved and its browser is closed
//   opening     rounds of fresh browsers over the same folders
//   searching   all pages are open; in each round chunks of queries alternate between them; a first round is not counted
// Whoever needs more than ten minutes to import, or is known to, and who fails or cannot be opened again, is measured with fewer
// rows, too, and ours beside it.

import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingChromium } from '../test/browser/chromium.js';
import { browserPeerNamed, installBrowserPeer, versionsOf } from './browser/peers.js';
import { openSite } from './browser/site.js';
import { visit } from './browser/visit.js';
import { openDataset } from './data/dataset.js';
import { recallOf } from './data/ground-truth.js';
import { describeMachine } from './machine.js';
import { median, spread, turnOrder } from './measure/clock.js';
import { percentile } from './measure/latency.js';
import { folderBytes } from './search-database.js';
import { createProgress } from './progress.js';
import { writeResult } from './results.js';
import { fixed, printTable, whole } from './table.js';

const recallWanted = 0.95;
const rowsOfAll = 100_000, rowsOfSlow = 20_000;
const minute = 60_000;
const importLimitMs = 10 * minute, slowImportLimitMs = 30 * minute, callLimitMs = 5 * minute;
const chunkMs = 2000, chunkQueries = 100, chunkQueriesMin = 3, chunksPerRound = 10;
const probeMs = 5000, probeQueriesMin = 50;   // for each setting that is tried
const slowOpeningMs = 20_000, slowOpenings = 3;   // rounds of those that open so slowly

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { k, rounds, m, efConstruction, bases } = options;
const isOurs = (name) => bases.includes(name);
const firstLine = (error) => String(error.message ?? error).split('\n')[0];

if (missingChromium) {
  console.log(`SKIPPED browser: ${missingChromium}`);
  process.exit(0);
}
const all = [...bases, ...options.peers.filter((name) => !isOurs(name))].map(browserPeerNamed);
const rows = Math.min(options.limit ?? rowsOfAll, rowsOfAll);
const isLarge = rows > rowsOfSlow;
const unfinished = await measure(rows, all.filter(({ slow }) => !(slow && isLarge)), isLarge ? importLimitMs : slowImportLimitMs);
if (isLarge) {
  const late = all.filter(({ name, slow }) => slow || (unfinished.includes(name) && !isOurs(name)));
  if (late.length) await measure(rowsOfSlow, [...all.filter(({ name }) => isOurs(name)), ...late], slowImportLimitMs);
}

/** Measures peers with that many rows, and writes the result. @returns {Promise<string[]>} whose figures are not whole */
async function measure(limit, peers, importMsMax) {
  const data = await openDataset(options.dataset, { limit, progress });
  if (data.metric !== 'cosine') throw new Error(`data set: expected one of cosine, got ${data.name} of ${data.metric}`);
  const pageOptions = { dimensions: data.dimensions, rows: data.rows, m, efConstruction };
  const site = await openSite(data);
  const states = peers.map((peer) => ({ peer, folder: mkdtempSync(join(tmpdir(), 'bench-browser-')), figures: {}, failed: undefined, isSaved: false }));
  const load = { before: loadavg()[0] };
  let chromium;
  const file = `${options.dataset}-browser-${data.rows}.json`;
  try {
    for (const state of states) await attempt(state, () => importing(state));
    await openings();
    await searches();
  } finally {
    for (const { session, folder } of states) {
      await session?.close().catch(() => {});
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
    await site.close();
  }
  const result = {
    dataset: { name: data.name, rows: data.rows, dimensions: data.dimensions, metric: data.metric, source: data.source },
    parameters: { k, m, efConstruction, rounds, recallWanted },
    machine: { ...describeMachine(), chromium, load: { ...load, after: loadavg()[0] } },
    method: 'one Chromium and one page for each; by the wall, of clocks that count 5 µs; import: once, until all rows are found by their graph, without fetching the vectors; open and first answer: in fresh browsers, files in the page cache; search: one query at a time, chunks of up to 100 alternate between the pages, at the least setting that finds the wanted share, or the one that finds most; memory: resident bytes of the page\'s process after the measured searches, less those of the page before opening; ratios to peers above 1: ours is faster',
    peers: Object.fromEntries(states.map(({ peer, figures, failed }) => [peer.name, { versions: safely(() => versionsOf(peer)), kind: peer.kind, notes: peer.notes, ...(failed && { failed }), ...figures }])),
    ratios: ratiosOf(states),
  };
  print(result);
  console.log(`\nwritten to ${writeResult(file, result)}`);
  return states.filter(({ figures, failed }) => failed ?? figures.notSaved ?? figures.notOpened).map(({ peer }) => peer.name);

  /** What a peer throws is recorded, and it takes no further part. */
  async function attempt(state, work) {
    if (state.failed) return undefined;
    try { return await work(); } catch (error) {
      state.failed = firstLine(error);
      progress.note(`${state.peer.name}: ${state.failed}`);
      await state.session?.close().catch(() => {});
      state.session = undefined;
      return undefined;
    }
  }

  async function importing(state) {
    const { peer, figures } = state;
    await installBrowserPeer(peer, progress);
    state.url = await site.add(peer);
    await importInto(state);
    await attemptSaving(state);
    await state.session.close();
    state.session = undefined;
    figures.storedBytes = state.isSaved ? folderBytes(join(state.folder, 'Default', 'IndexedDB')) : null;
    progress.note(`${peer.name}: imported in ${fixed(figures.importMs / 1000, 1)} s`);
  }

  async function importInto(state) {
    const { peer, figures } = state;
    const count = progress.count(`${peer.name}: import`);
    state.session = await visit(state.url, state.folder, { onRows: (done) => count(done, data.rows) });
    chromium ??= state.session.version;
    const started = Date.now();
    const { importMs } = await state.session.call('import', { options: pageOptions, slices: site.slices }, importMsMax).catch((error) => {
      figures.isTooSlow = Date.now() - started >= importMsMax;
      throw error;
    });
    Object.assign(figures, { importMs, importPerSecond: data.rows / importMs * 1000 });
  }

  /** Who cannot save is searched all the same. */
  async function attemptSaving(state) {
    try {
      Object.assign(state.figures, await state.session.call('save', {}, callLimitMs));
      state.isSaved = true;
    } catch (error) {
      state.figures.notSaved = firstLine(error);
      progress.note(`${state.peer.name}: not saved: ${state.figures.notSaved}`);
    }
  }

  async function openings() {
    const opened = new Map(states.map((state) => [state, { openMs: [], firstAnswerMs: [] }]));
    const show = progress.count('open');
    for (let round = 0; round < rounds; round++) {
      for (const at of turnOrder(states.length, round)) {
        const state = states[at], times = opened.get(state);
        if (!state.isSaved || (round >= slowOpenings && median(times.openMs) > slowOpeningMs)) continue;
        try {
          const { openMs, firstAnswerMs } = await open(state);
          times.openMs.push(openMs);
          times.firstAnswerMs.push(firstAnswerMs);
        } catch (error) {
          state.isSaved = false;
          state.figures.notOpened = firstLine(error);
          progress.note(`${state.peer.name}: not opened: ${state.figures.notOpened}`);
        } finally {
          await state.session?.close().catch(() => {});
          state.session = undefined;
        }
      }
      show(round + 1, rounds);
    }
    for (const [{ figures }, times] of opened) {
      if (times.openMs.length) Object.assign(figures, { openMs: spread(times.openMs), firstAnswerMs: spread(times.firstAnswerMs), openRounds: times.firstAnswerMs });
    }
  }

  async function open(state) {
    state.session = await visit(state.url, state.folder);
    state.emptyBytes = await state.session.memory();
    return state.session.call('open', { options: pageOptions, k, setting: state.peer.settings(k).at(-1) }, callLimitMs);
  }

  async function searches() {
    for (const state of states) {
      await attempt(state, async () => {
        if (state.isSaved) await open(state);
        else {
          rmSync(state.folder, { recursive: true, force: true });
          await importInto(state);
        }
        await chooseSetting(state);
      });
    }
    const times = new Map(states.map((state) => [state, { rounds: [], hits: 0, asked: 0, next: 0 }]));
    const show = progress.count('search');
    for (let round = -1; round < rounds; round++) {
      const thisRound = new Map(states.map((state) => [state, []]));
      for (let chunk = 0; chunk < chunksPerRound; chunk++) {
        for (const at of turnOrder(states.length, chunk + round + 1)) {
          const state = states[at], own = times.get(state);
          await attempt(state, async () => {
            const count = Math.max(chunkQueriesMin, Math.min(chunkQueries, Math.floor(chunkMs / state.queryMs)));
            const { ms, ids } = await ask(state, own.next, count, state.setting);
            own.next = (own.next + count) % data.queryCount;
            if (round < 0) return;
            thisRound.get(state).push(...ms);
            own.hits += hitsOf(own.next - count, ids);
            own.asked += count;
          });
        }
      }
      if (round >= 0) for (const [state, ms] of thisRound) times.get(state).rounds.push(ms);
      show(round + 2, rounds + 1);
    }
    for (const [state, { rounds: ms, hits, asked }] of times) {
      await attempt(state, async () => {
        const memory = await state.session.memory();
        Object.assign(state.figures, {
          setting: state.setting, recall: hits / asked, queries: asked,
          p50Ms: percentile(ms.flat(), 0.5), p99Ms: percentile(ms.flat(), 0.99), perSecond: 1000 * asked / sum(ms.flat()),
          rounds: ms.map((round) => ({ p50Ms: percentile(round, 0.5), p99Ms: percentile(round, 0.99) })),
          memoryBytes: memory && state.isSaved ? memory - state.emptyBytes : null,
        });
      });
    }
  }

  function ask({ session }, first, count, setting) {
    return session.call('search', { options: pageOptions, first, count, k, setting }, callLimitMs);
  }

  /** Sum of the recalls of queries from number `first` on; `first` may be below 0, as what is asked wraps around. */
  function hitsOf(first, ids) {
    return ids.reduce((total, found, i) => total + recallOf(data, (first + i + data.queryCount) % data.queryCount, found, k), 0);
  }

  /** The first setting that finds the wanted share, of those that find more and more; and what a query takes with it. */
  async function chooseSetting(state) {
    const settings = state.peer.settings(k);
    await ask(state, 0, chunkQueriesMin, settings.at(-1));   // code that runs for the first time
    const { ms } = await ask(state, 0, chunkQueriesMin, settings.at(-1));
    const probes = Math.min(data.queryCount, Math.max(probeQueriesMin, Math.floor(probeMs / median(ms))));
    const recallAt = async (setting) => {
      const { ms: taken, ids } = await ask(state, 0, probes, setting);
      state.queryMs = median(taken);
      return hitsOf(0, ids) / probes;
    };
    let from = 0, to = settings.length - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (await recallAt(settings[middle]) >= recallWanted) to = middle;
      else from = middle + 1;
    }
    state.setting = settings[to];
    const recall = await recallAt(state.setting);
    progress.note(`${state.peer.name}: setting ${state.setting}, recall ${fixed(recall, 3)}, ${fixed(state.queryMs, 2)} ms`);
  }
}

/** By base and peer, where both were measured. */
function ratiosOf(states) {
  const measured = states.filter(({ figures }) => figures.p50Ms);
  const ratio = (of, to, get) => spread(get(of).slice(0, get(to).length).map((ms, round) => get(to)[round] / ms));
  return Object.fromEntries(measured.filter(({ peer }) => isOurs(peer.name)).map(({ peer, figures: ours }) => [
    peer.name,
    Object.fromEntries(measured.filter((other) => !isOurs(other.peer.name)).map(({ peer: { name }, figures: theirs }) => [name, {
      search: ratio(ours, theirs, (figures) => figures.rounds.map(({ p50Ms }) => p50Ms)),
      searchP99: ratio(ours, theirs, (figures) => figures.rounds.map(({ p99Ms }) => p99Ms)),
      import: theirs.importMs / ours.importMs,
      open: ours.openRounds && theirs.openRounds ? ratio(ours, theirs, (figures) => figures.openRounds) : null,
    }])),
  ]));
}

function print({ dataset, peers, ratios }) {
  console.log(`\n${dataset.name}, ${dataset.rows} × ${dataset.dimensions}, in Chromium\n`);
  const mb = (bytes) => (bytes ? whole(bytes / 1e6) : '–');
  printTable([['peer', 'import s', 'open ms', 'first answer ms', 'recall', 'setting', 'p50 ms', 'p99 ms', 'memory MB', 'stored MB', ...bases.map((base) => `${base} ×`)], ...Object.entries(peers).map(([name, figures]) => [
    name,
    ...(figures.p50Ms
      ? [fixed(figures.importMs / 1000, 1), figures.openMs ? fixed(figures.openMs.median, 0) : '–', figures.openMs ? fixed(figures.firstAnswerMs.median, 0) : '–', fixed(figures.recall, 3), String(figures.setting ?? '–'), fixed(figures.p50Ms, 3), fixed(figures.p99Ms, 3), mb(figures.memoryBytes), mb(figures.storedBytes)]
      : [figures.failed ?? '–', '', '', '', '', '', '', '', '']),
    ...bases.map((base) => (ratios[base]?.[name] ? fixed(ratios[base][name].search.median, 1) : '')),
  ])]);
}

function safely(get) { try { return get(); } catch { return null; } }
function sum(numbers) { return numbers.reduce((total, n) => total + n, 0); }
