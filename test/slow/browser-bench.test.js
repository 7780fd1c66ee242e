// The browser benchmark works: ours and a peer in pages of Chromium, with few rows.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resultsDir } from '../../bench/paths.js';
import { root } from '../../wasm-build/pack.js';
import { missingChromium } from '../browser/chromium.js';
import { describeWithout } from '../optional.js';

const ROWS = 300;

describeWithout(missingChromium, 'npm run bench -- browser', () => {
  it('imports, opens and searches each peer and writes what it measured', { timeout: 900_000 }, () => {
    const file = join(resultsDir, `wordnet-512-browser-${ROWS}.json`);
    try {
      execFileSync(process.execPath, [
        'bench/run.js', 'browser', '--limit', String(ROWS), '--rounds', '2', '--base', 'vectile,vectile-database', '--peers', 'client-vector-search',
      ], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
      const { peers, ratios, dataset } = JSON.parse(readFileSync(file, 'utf8'));
      expect(dataset.rows).toBe(ROWS);
      expect(Object.keys(peers)).toEqual(['vectile', 'vectile-database', 'client-vector-search']);
      for (const [name, figures] of Object.entries(peers)) {
        expect(figures.failed ?? figures.notSaved ?? figures.notOpened, name).toBeUndefined();
        expect(figures.recall, name).toBeGreaterThanOrEqual(0.95);
        expect(figures.rounds, name).toHaveLength(2);
        for (const measured of [figures.importMs, figures.openMs.median, figures.p50Ms, figures.storedBytes]) expect(measured, name).toBeGreaterThan(0);
        expect(figures.p99Ms, name).toBeGreaterThanOrEqual(figures.p50Ms);
        expect(figures.firstAnswerMs.median, name).toBeGreaterThan(figures.openMs.min);
      }
      for (const base of ['vectile', 'vectile-database']) {
        const { search, open } = ratios[base]['client-vector-search'];
        expect(search.median).toBeGreaterThan(0);
        expect(open.median).toBeGreaterThan(0);
      }
    } finally { rmSync(file, { force: true }); }
  });
});
