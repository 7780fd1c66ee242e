/** Ends a process at every named step of its work, by SIGKILL, and sees what is found after it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { follow, life } from './kill.js';
import { Model } from './model.js';
import { readAll } from './read.js';
import { fs, open } from './vectile.js';

/** `occurrences`: of each step, spread over all there are. */
export async function killAtSteps({ program, occurrences, lanes = 2 }) {
  const [{ counts }] = (await run(program, 'all', undefined)).filter((line) => line.counts);
  const steps = Object.entries(counts).flatMap(([key, count]) => {
    const [operation, ...kind] = key.split(' ');
    const nths = [...new Set(Array.from({ length: occurrences }, (_, i) => 1 + Math.floor((i * count) / occurrences)))];
    return nths.flatMap((nth) => ['before', 'after'].map((when) => ({ operation, kind: kind.join(' '), nth, when })));
  });
  const wrong = [];
  let next = 0;
  let acknowledged = 0;
  let missed = 0;
  const lane = async (name) => {
    while (next < steps.length) {
      const step = steps[next++];
      const where = `${step.when} ${step.operation} of ${step.kind}, number ${step.nth}`;
      const figures = { wrong: [] };
      const model = new Model();
      const lines = await run(program, name, step);
      for (const line of lines) follow(line, model, figures, where);
      if (lines.some((line) => line.counts)) missed++;
      const folder = join(program.folder, name);
      try {
        acknowledged += model.acknowledged;
        follow({ found: await readBack(folder) }, model, figures, where);
      } catch (error) {
        figures.wrong.push(`${where}: ${error.code} ${error.stack}`);
      }
      wrong.push(...figures.wrong);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(`lane-${i}`)));
  return { kinds: Object.keys(counts).length, steps: steps.length, missed, acknowledged, wrong };
}

async function run(program, name, step) {
  const folder = join(program.folder, name);
  rmSync(folder, { recursive: true, force: true });
  return life(program.path, { folder, step }, join(program.folder, `${name}.journal`));
}

async function readBack(folder) {
  const db = await open({ store: fs(folder) });
  try {
    const items = db.collections.use('Item');
    return (await db.collections.exists('Item')) ? await readAll(items, 1) : { wrong: [], objects: [] };
  } finally {
    await db.close();
  }
}
