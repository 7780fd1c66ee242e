// Suites in another way: with shards in threads what holds of them in this one, and more of what is drawn by lot.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it.each([
  ['test/database', { VECTILE_TEST_THREADS: '2' }],
  ['test/reliability/model.test.js', { VECTILE_TEST_THREADS: '2' }],
  ['test/worker/steps.test.js', { VECTILE_STRIDE: '1', VECTILE_TIMES: process.env.VECTILE_TIMES ?? '10' }],
  ['test/reliability/model.test.js', { N: '5000' }],
  ['test/reliability/power.test.js', { N: '20000' }],
  ['test/storage/power-loss.test.js', { VECTILE_SEEDS: '20000' }],
  ['test/reliability/tenants-model.test.js', { VECTILE_SEEDS: '40' }],
  ['test/reliability/planted.test.js', { VECTILE_STRIDE: '1' }],
  ['test/reliability/faults.test.js', { VECTILE_STRIDE: '1' }],
  ['test/database/tenants-memory.test.js', { VECTILE_TENANTS: '1000' }],
  ['test/runtimes/database.test.js', { VECTILE_TENANTS: '200' }],
  ['test/storage/indexeddb.test.js', { VECTILE_TIMES: '20' }],
  ['test/browser/database.test.js', { VECTILE_TIMES: '20' }],
])('%s with %o', { timeout: 36_000_000 }, (path, variables) => {
  const env = { ...process.env, ...variables };
  const text = execFileSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', path], { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  expect(text).toMatch(/passed/);
});
