// Opening in fresh processes, in turns.

import { fileURLToPath } from 'node:url';
import { runPinned } from './machine.js';
import { spread } from './measure/clock.js';

const script = fileURLToPath(new URL('./search-open.js', import.meta.url));

/**
 * @param {Record<string, object>} tasks by name; see search-open.js
 * @param {{ rounds: number, core: number }} options
 * @returns {Promise<Record<string, Record<string, number[]>>>} what the tasks report, by rounds, files in the page cache
 */
export async function openInTurns(tasks, { rounds, core }) {
  const reports = Object.fromEntries(Object.keys(tasks).map((name) => [name, {}]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      const { code, signal, text } = await runPinned(script, [JSON.stringify(task)], { core, output: 'capture' });
      if (code !== 0) throw new Error(`${name}: opening ended with ${signal ?? `exit ${code}`}`);
      if (round < 0) continue;
      for (const [figure, value] of Object.entries(JSON.parse(text.trim().split('\n').at(-1)))) (reports[name][figure] ??= []).push(value);
    }
  }
  return reports;
}

/** @param {Record<string, number[]>} report */
export const spreads = (report) => Object.fromEntries(Object.entries(report).map(([figure, values]) => [figure, spread(values)]));

/** One figure over another, by rounds. */
export const overBy = (upper, upperFigure, lower, lowerFigure) => spread(upper[upperFigure].map((value, i) => value / lower[lowerFigure][i]));
