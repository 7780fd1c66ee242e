// The power fails in the middle of writes and snapshots, on a disk that forgets, reorders and tears what was not synced.
import { expect, it } from 'vitest';
import { SEED } from '../support/engine.js';
import { runScript } from './model.js';

const SEEDS = SEED === undefined ? Number(process.env.N ?? 500) : 1;

it('many seeds of power loss: nothing acknowledged is lost', async () => {
  const tally = {};
  for (let i = 0; i < SEEDS; i++) {
    await runScript(SEED ?? 1_000_000 + i, { place: 'files', steps: 6, kind: i % 4 ? 'flat' : 'hnsw', others: ['cutWrite', 'cutWrite', 'cutWrite', 'powerCut', 'snapshot', 'compact'], tally });
  }
  console.log(`power loss: ${SEEDS} seeds; ${Object.entries(tally).map(([what, times]) => `${what} ${times}`).join(', ')}`);
  expect(tally['in flight, there']).toBeGreaterThan(0);
  expect(tally['in flight, not there']).toBeGreaterThan(0);
}, 3_600_000);
