// Time from a file on disk (in the page cache) to the first answer, alternating between the engines.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spread, startClock } from './clock.js';

const repeats = 5;

/** @returns {Promise<({ fileBytes: number, saveMs: object, openMs: object, openWallMs: object } | null)[]>} null where an engine cannot save or open */
export async function saveAndOpen(data, engines, k) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-open-'));
  const query = data.queries.subarray(0, data.dimensions);
  const times = engines.map(() => ({ save: [], open: [], openWall: [] }));
  const results = [];
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [i, engine] of engines.entries()) {
        if (!engine.save || !engine.reopen) continue;
        const path = join(folder, String(i));
        const saving = startClock();
        await engine.save(path);
        times[i].save.push(saving().cpu / 1000);

        const opening = startClock();
        const again = await engine.reopen(path);
        const found = again.search(query, k, 64);
        const time = opening();
        if (found.length !== k) throw new Error(`opened index: expected ${k} results, got ${found.length}`);
        times[i].open.push(time.cpu / 1000);
        times[i].openWall.push(time.wall / 1000);
        again.dispose?.();
        results[i] = { fileBytes: statSync(path).size };
        globalThis.gc?.();
      }
    }
  } finally { rmSync(folder, { recursive: true, force: true }); }
  return engines.map((_, i) => (results[i] ? { ...results[i], saveMs: spread(times[i].save), openMs: spread(times[i].open), openWallMs: spread(times[i].openWall) } : null));
}
