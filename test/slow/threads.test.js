// What holds of a database in this thread holds of one whose shards are in threads.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it.each(['test/database', 'test/reliability/model.test.js'])('%s, with two threads', { timeout: 1_800_000 }, (path) => {
  const env = { ...process.env, VECTILE_TEST_THREADS: '2' };
  const text = execFileSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', path], { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  expect(text).toMatch(/passed/);
});
